"""Activation functions: the ops under PyTorch's names and with its parameters. `inplace` is accepted and changes
nothing.
"""

from __future__ import annotations

import warnings
from typing import Any

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops import activation, elementwise, fused


def relu(input: Any, inplace: bool = False) -> Any:
    """max(x, 0). Its derivative at 0 is taken as 0."""
    return activation.relu(input)


def relu6(input: Any, inplace: bool = False) -> Any:
    """min(max(x, 0), 6)."""
    return activation.relu6(input)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x where x > 0, negative_slope · x elsewhere."""
    return activation.leaky_relu(input, slope=negative_slope)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x where x > 0, α(eˣ − 1) elsewhere (Clevert et al., 2016)."""
    return activation.elu(input, alpha=alpha)


def tanh(input: Any) -> Any:
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return elementwise.tanh(input)


def sigmoid(input: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return activation.sigmoid(input)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """ln(1 + e^(βx)) / β; x itself where βx > threshold."""
    if not beta > 0:
        raise ConfigError(f"softplus: beta must be positive, got {beta}.")
    return activation.softplus(input, beta=float(beta), threshold=float(threshold))


def silu(input: Any, inplace: bool = False) -> Any:
    """x · sigmoid(x) (Elfwing et al., 2018), also called swish."""
    return activation.silu(input)


def gelu(input: Any, approximate: str = "none") -> Any:
    """x · Φ(x), Φ the normal distribution function, or with approximate="tanh" its approximation (Hendrycks & Gimpel,
    2016).
    """
    if approximate not in ("none", "tanh"):
        raise ConfigError(f'gelu: approximate is "none" or "tanh", not {approximate!r}.')
    return activation.gelu(input, approximate=approximate)


def softmax(input: Any, dim: int | None = None) -> Any:
    """e^x / Σ e^x along `dim`: positive, and summing to one."""
    return fused.softmax(input, _axis(input, dim, "softmax"))


def log_softmax(input: Any, dim: int | None = None) -> Any:
    """The logarithm of `softmax`, computed without leaving the logarithm."""
    return fused.log_softmax(input, _axis(input, dim, "log_softmax"))


def _axis(x: Any, dim: int | None, name: str) -> int:
    if dim is not None:
        return dim
    chosen = 0 if x.ndim in (0, 1, 3) else 1
    warnings.warn(
        f"{name}: no dim was given, so dim={chosen} is taken, as PyTorch does; say which axis sums to one.",
        stacklevel=3,
    )
    return chosen
