"""First values for parameters, in place and outside the graph; from the same seed they are PyTorch's, bit for bit where
uniform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from tinygrad_edu import random
from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.random import Generator

T = TypeVar("T", bound=Tensor)

_GAINS: dict[str, Callable[[float | None], float]] = {
    "linear": lambda _: 1.0,
    "conv1d": lambda _: 1.0,
    "conv2d": lambda _: 1.0,
    "sigmoid": lambda _: 1.0,
    "tanh": lambda _: 5 / 3,
    "relu": lambda _: math.sqrt(2),
    "leaky_relu": lambda slope: math.sqrt(2 / (1 + (0.01 if slope is None else slope) ** 2)),
    "selu": lambda _: 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor for weights before this activation by which the variance stays; `param` is leaky_relu's slope."""
    if nonlinearity not in _GAINS:
        raise ConfigError(f"init: unknown nonlinearity {nonlinearity!r}; known are {', '.join(_GAINS)}.")
    return _GAINS[nonlinearity](param)


def fans(tensor: Tensor, name: str) -> tuple[int, int]:
    """How many inputs and outputs one unit of a weight (out, in, *receptive field) has."""
    if tensor.ndim < 2:
        raise ShapeError(f"{name}: a weight has at least two axes (out, in), this tensor has shape {tensor.shape}.")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> T:
    """Numbers spread evenly over [a, b)."""
    random.check_fill("uniform_")
    random.uniform_(tensor.array, a, b, generator)
    return tensor


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> T:
    """Normal numbers."""
    random.check_fill("normal_")
    random.normal_(tensor.array, mean, std, generator)
    return tensor


def constant_(tensor: T, val: float) -> T:
    """One number everywhere."""
    tensor.array[...] = val
    note_write(tensor.array)
    return tensor


def zeros_(tensor: T) -> T:
    return constant_(tensor, 0)


def ones_(tensor: T) -> T:
    return constant_(tensor, 1)


def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Uniform with variance gain² · 2 / (fan_in + fan_out) (Glorot & Bengio, 2010, eq. 16)."""
    bound = math.sqrt(3.0) * _xavier(tensor, gain, "xavier_uniform_")
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Normal with variance gain² · 2 / (fan_in + fan_out) (Glorot & Bengio, 2010)."""
    return normal_(tensor, 0.0, _xavier(tensor, gain, "xavier_normal_"), generator)


def _xavier(tensor: Tensor, gain: float, name: str) -> float:
    return gain * math.sqrt(2.0 / float(sum(fans(tensor, name))))


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """Uniform with variance gain² / fan (He et al., 2015, eq. 10); `a` is the slope of a leaky_relu that follows."""
    bound = math.sqrt(3.0) * _kaiming(tensor, a, mode, nonlinearity, "kaiming_uniform_")
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """Normal with variance gain² / fan (He et al., 2015, eq. 10); `a` is the slope of a leaky_relu that follows."""
    return normal_(tensor, 0.0, _kaiming(tensor, a, mode, nonlinearity, "kaiming_normal_"), generator)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str, name: str) -> float:
    modes = dict(zip(("fan_in", "fan_out"), fans(tensor, name), strict=True))
    if mode not in modes:
        raise ConfigError(f'{name}: mode is "fan_in" or "fan_out", not {mode!r}.')
    if not modes[mode]:
        raise ShapeError(f"{name}: {mode} of a weight of shape {tensor.shape} is zero, so there is no scale for it.")
    return calculate_gain(nonlinearity, a) / math.sqrt(modes[mode])
