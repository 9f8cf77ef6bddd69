"""First values for parameters, in place and outside the graph; from the same seed they are PyTorch's, bit for bit where
uniform.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu import random
from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.random import Generator

T = TypeVar("T", bound=Tensor)

_GAINS: dict[str, Callable[[float | None], float]] = {
    **dict.fromkeys(
        ("linear", *(f"conv{kind}{rank}d" for kind in ("", "_transpose") for rank in (1, 2, 3))), lambda _: 1.0
    ),
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


def trunc_normal_(
    tensor: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> T:
    """Normal numbers, those outside of [a, b] drawn again."""
    random.check_fill("trunc_normal_")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            f"trunc_normal_: the mean {mean} is more than two standard deviations from [{a}, {b}].", stacklevel=2
        )
    values = tensor.array
    share = _below((b - mean) / std) - _below((a - mean) / std)
    if share > 0.3:
        low, high = values.dtype.type(a), values.dtype.type(b)
        random.normal_(values, mean, std, generator)
        while (outside := (values < low) | (values > high)).any():
            fresh = random.normal_(np.empty_like(values), mean, std, generator)
            np.copyto(values, fresh, where=outside)
    else:
        # So few would be inside that uniform ones are drawn, and kept as often as the density is high.
        peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
        pending = np.ones(values.shape, bool)
        while pending.any():
            fresh = random.uniform_(np.empty_like(values), a, b, generator)
            np.copyto(values, fresh, where=pending)
            logarithm = -0.5 * ((fresh - mean) / std) ** 2 - peak
            with np.errstate(divide="ignore"):
                pending &= np.log(random.uniform_(np.empty_like(values), 0.0, 1.0, generator)) > logarithm
    note_write(values)
    return tensor


def _below(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def eye_(tensor: T) -> T:
    """Ones on the diagonal of a matrix, zeros elsewhere: the identity of a linear layer."""
    if tensor.ndim != 2:
        raise ShapeError(f"eye_: needs a matrix, this tensor has shape {tensor.shape}.")
    tensor.array[...] = np.eye(tensor.shape[0], tensor.shape[1])
    note_write(tensor.array)
    return tensor


def dirac_(tensor: T, groups: int = 1) -> T:
    """A one in the middle of each channel's own kernel, zeros elsewhere: the identity of a convolution."""
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(
            f"dirac_: needs a convolution's weight of three to five axes, this tensor has shape {tensor.shape}."
        )
    if groups < 1 or tensor.shape[0] % groups:
        raise ConfigError(f"dirac_: {tensor.shape[0]} channels can't be divided into {groups} groups.")
    each = tensor.shape[0] // groups
    middle = tuple(n // 2 for n in tensor.shape[2:])
    tensor.array[...] = 0
    for g in range(groups):
        for d in range(min(each, tensor.shape[1])):
            tensor.array[(g * each + d, d, *middle)] = 1
    note_write(tensor.array)
    return tensor


def orthogonal_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """A matrix whose rows or columns are orthonormal, times `gain` (Saxe et al., 2013); axes behind the first count as one."""
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_: needs at least two axes, this tensor has shape {tensor.shape}.")
    random.check_fill("orthogonal_")
    if not tensor.array.size:
        return tensor
    rows = tensor.shape[0]
    draws = random.normal_(np.empty((rows, tensor.array.size // rows), tensor.dtype), 0.0, 1.0, generator)
    wide = draws.shape[0] < draws.shape[1]
    q, r = np.linalg.qr(draws.T if wide else draws)
    q *= np.sign(np.diagonal(r))  # unique, so spread evenly (Mezzadri, 2007)
    tensor.array[...] = (q.T if wide else q).reshape(tensor.shape) * gain
    note_write(tensor.array)
    return tensor


def sparse_(tensor: T, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> T:
    """Normal numbers, of which a share of `sparsity` in each column is zero (Martens, 2010)."""
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_: needs a matrix, this tensor has shape {tensor.shape}.")
    random.check_fill("sparse_")
    rows, columns = tensor.shape
    random.normal_(tensor.array, 0.0, std, generator)
    for column in range(columns):
        # As in PyTorch the places come from the default generator, whatever `generator` is.
        tensor.array[random.permutation(rows)[: math.ceil(sparsity * rows)], column] = 0
    note_write(tensor.array)
    return tensor


def _old(new: Callable[..., Any]) -> Callable[..., Any]:
    name = new.__name__.removesuffix("_")

    def old(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.", FutureWarning, stacklevel=2)
        return new(*args, **kwargs)

    old.__name__ = name
    old.__doc__ = f"`{name}_` under its old name."
    return old


uniform, normal, constant = _old(uniform_), _old(normal_), _old(constant_)
eye, dirac, orthogonal, sparse = _old(eye_), _old(dirac_), _old(orthogonal_), _old(sparse_)
xavier_uniform, xavier_normal = _old(xavier_uniform_), _old(xavier_normal_)
kaiming_uniform, kaiming_normal = _old(kaiming_uniform_), _old(kaiming_normal_)
