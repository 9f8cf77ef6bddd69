"""Activation functions: the ops under PyTorch's names and with its parameters, or composed of ops. With `inplace` the
result is written into the input, which is returned.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn.functional._checks import concrete
from tinygrad_edu.ops import activation, elementwise, fused
from tinygrad_edu.ops import inplace as inplace_
from tinygrad_edu.random import default_generator
from tinygrad_edu.random._batch import drawn


def into(input: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """`function(input, …)` written into the input, which is returned: a Tensor, or an array, whose memory it is then."""
    name = f"{function.__name__}_"
    return inplace_.overwrite(as_value(input), name, lambda old: function(old, *args, **kwargs))


def relu(input: Any, inplace: bool = False) -> Any:
    """max(x, 0). Its derivative at 0 is taken as 0."""
    if inplace:
        return into(input, relu)
    return activation.relu(input)


def relu6(input: Any, inplace: bool = False) -> Any:
    """min(max(x, 0), 6)."""
    if inplace:
        return into(input, relu6)
    return activation.relu6(input)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x where x > 0, negative_slope · x elsewhere."""
    if inplace:
        return into(input, leaky_relu, negative_slope)
    return activation.leaky_relu(input, slope=negative_slope)


def prelu(input: Any, weight: Any) -> Any:
    """x where x > 0, w · x elsewhere; w is one number, or one for each channel of (N, C, …)."""
    count, channels = weight.shape[0] if weight.ndim else 1, input.shape[1] if input.ndim > 1 else 1
    if count not in (1, channels) or weight.ndim > 1:
        raise ShapeError(
            f"prelu: the weight of shape {weight.shape} is one number, or one for each of {channels} channels."
        )
    if weight.ndim and input.ndim > 1:
        weight = np.reshape(weight, (-1, *(1,) * (input.ndim - 2)))
    return elementwise.where(input > 0, input, weight * input)


def rrelu(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False) -> Any:
    """x where x > 0, r · x elsewhere; r is drawn from [lower, upper] for each element in training, else their mean."""
    if inplace:
        return into(input, rrelu, lower, upper, training)
    if not lower <= upper:
        raise ConfigError(f"rrelu: needs lower <= upper, got {lower} and {upper}.")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    values = concrete(input)
    if values is None:
        raise LevelError("rrelu: inside vmap it can't draw, for how many numbers depends on the values.")
    slopes = np.ones(values.shape, values.dtype)
    below = values <= 0
    slopes[below] = lower + (upper - lower) * default_generator.doubles(int(below.sum()))
    return input * slopes


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x where x > 0, α(eˣ − 1) elsewhere (Clevert et al., 2016)."""
    if inplace:
        return into(input, elu, alpha)
    return activation.elu(input, alpha=alpha)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x where x > 0, α(e^(x/α) − 1) elsewhere (Barron, 2017)."""
    if inplace:
        return into(input, celu, alpha)
    if alpha == 0:
        raise ConfigError("celu: alpha must not be zero.")
    return activation.elu(input / alpha, alpha=1.0) * alpha


def selu(input: Any, inplace: bool = False) -> Any:
    """scale · elu(x, α), with which means stay 0 and variances 1 (Klambauer et al., 2017)."""
    if inplace:
        return into(input, selu)
    return activation.elu(input, alpha=1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


def tanh(input: Any) -> Any:
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)."""
    return elementwise.tanh(input)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """x held between two values; the derivative at them is 0."""
    if inplace:
        return into(input, hardtanh, min_val, max_val)
    if not min_val <= max_val:
        raise ConfigError(f"hardtanh: min_val must not exceed max_val, got {min_val} and {max_val}.")
    return activation.hardtanh(input, low=float(min_val), high=float(max_val))


def tanhshrink(input: Any) -> Any:
    """x − tanh(x)."""
    return input - elementwise.tanh(input)


def softsign(input: Any) -> Any:
    """x / (1 + |x|)."""
    return input / (1 + np.abs(input))


def sigmoid(input: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return activation.sigmoid(input)


def logsigmoid(input: Any) -> Any:
    """ln sigmoid(x), computed without overflow."""
    return -activation.softplus(-input, beta=1.0, threshold=math.inf)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """min(max(x + 3, 0), 6) / 6."""
    if inplace:
        return into(input, hardsigmoid)
    return activation.relu6(input + 3) / 6


def hardswish(input: Any, inplace: bool = False) -> Any:
    """x · hardsigmoid(x) (Howard et al., 2019)."""
    if inplace:
        return into(input, hardswish)
    return input * (activation.relu6(input + 3) / 6)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """ln(1 + e^(βx)) / β; x itself where βx > threshold."""
    if not beta > 0:
        raise ConfigError(f"softplus: beta must be positive, got {beta}.")
    return activation.softplus(input, beta=float(beta), threshold=float(threshold))


def silu(input: Any, inplace: bool = False) -> Any:
    """x · sigmoid(x) (Elfwing et al., 2018), also called swish."""
    if inplace:
        return into(input, silu)
    return activation.silu(input)


def mish(input: Any, inplace: bool = False) -> Any:
    """x · tanh(softplus(x)) (Misra, 2019)."""
    if inplace:
        return into(input, mish)
    return input * elementwise.tanh(activation.softplus(input, beta=1.0, threshold=20.0))


def gelu(input: Any, approximate: str = "none") -> Any:
    """x · Φ(x), Φ the normal distribution function, or with approximate="tanh" its approximation (Hendrycks & Gimpel,
    2016).
    """
    if approximate not in ("none", "tanh"):
        raise ConfigError(f'gelu: approximate is "none" or "tanh", not {approximate!r}.')
    return activation.gelu(input, approximate=approximate)


def glu(input: Any, dim: int = -1) -> Any:
    """a · sigmoid(b), a and b the halves of x along `dim` (Dauphin et al., 2017)."""
    if not input.ndim or input.shape[dim] % 2:
        raise ShapeError(f"glu: axis {dim} of the input of shape {input.shape} can't be halved.")
    a, b = np.split(input, 2, dim)
    return a * activation.sigmoid(b)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """x where x > threshold, `value` elsewhere."""

    def held(x: Any) -> Any:
        return elementwise.where(x > threshold, x, value)

    return inplace_.overwrite(as_value(input), "threshold_", held) if inplace else held(input)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """x where |x| > λ, 0 elsewhere."""
    return elementwise.where((input > lambd) | (input < -lambd), input, 0.0)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x moved towards 0 by λ, and 0 where |x| ≤ λ."""
    if lambd < 0:
        raise ConfigError(f"softshrink: lambd must not be negative, got {lambd}.")
    return elementwise.where(input > lambd, input - lambd, elementwise.where(input < -lambd, input + lambd, 0.0))


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """e^x / Σ e^x along `dim`: positive, and summing to one."""
    return fused.softmax(_in(input, dtype), _axis(input, dim, "softmax"))


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """`softmax` of −x."""
    return fused.softmax(-_in(input, dtype), _axis(input, dim, "softmin"))


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of `softmax`, computed without leaving the logarithm."""
    return fused.log_softmax(_in(input, dtype), _axis(input, dim, "log_softmax"))


def gumbel_softmax(logits: Any, tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """A sample of a category as weights that can be differentiated (Jang et al., 2017); `hard`: as one of them, exactly."""
    noise = drawn("gumbel_softmax", tuple(logits.shape), lambda size: _gumbel(size, logits.dtype))
    y = fused.softmax((logits + noise) / tau, dim)
    if not hard:
        return y
    best = y.detach() == y.detach().max(dim, True)[0]
    return y + (best.to(y.dtype) - y).detach()


def _gumbel(size: tuple[int, ...], dtype: Any) -> Any:
    draws = default_generator.doubles(math.prod(size)).reshape(size)
    return -np.log(-np.log1p(-draws)).astype(dtype)


def _in(x: Any, dtype: Any) -> Any:
    return x if dtype is None else x.to(dtype)


def _axis(x: Any, dim: int | None, name: str) -> int:
    if dim is not None:
        return dim
    chosen = 0 if x.ndim in (0, 1, 3) else 1
    warnings.warn(
        f"{name}: no dim was given, so dim={chosen} is taken, as PyTorch does; say which axis sums to one.",
        stacklevel=3,
    )
    return chosen
