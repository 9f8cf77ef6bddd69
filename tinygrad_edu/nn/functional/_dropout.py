"""Dropout: elements or whole channels set to zero while training (Srivastava et al., 2014).

The masks are drawn from the default generator, PyTorch's from the same seed. Inside `vmap` its `randomness` says whether each
example has a mask of its own. With `inplace` the result is written into the input, which is returned.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.inplace import overwrite
from tinygrad_edu.random import keep_mask


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability `p` and scale the rest by 1/(1 − p); `input` unless `training`.

    Raises ConfigError unless 0 ≤ p ≤ 1.
    """
    return _dropped(input, p, training, inplace, None, "dropout")


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, L) or (C, L)."""
    return _of_channels(input, p, training, inplace, 1)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, H, W)."""
    if input.ndim in (2, 3):
        # As in PyTorch, which takes the first axis for that of the examples.
        taken, name = ("(N, C)", "dropout") if input.ndim == 2 else ("(N, C, L)", "dropout1d")
        warnings.warn(
            f"dropout2d: an input of {input.ndim} axes, {input.shape}, is taken as {taken}; {name} says so.",
            stacklevel=2,
        )
        return _dropped(input, p, training, inplace, (*input.shape[:2], *(1,) * (input.ndim - 2)), "dropout2d")
    return _of_channels(input, p, training, inplace, 2)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, D, H, W) or (C, D, H, W)."""
    return _of_channels(input, p, training, inplace, 3)


def _of_channels(x: Any, p: float, training: bool, inplace: bool, rank: int) -> Any:
    name = f"dropout{rank}d"
    if x.ndim not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{name}: the input must have shape (N, C, *grid) with {rank} axes of a grid, it has {x.shape}."
        )
    return _dropped(x, p, training, inplace, (*x.shape[: x.ndim - rank], *(1,) * rank), name)


def _probability(p: float, name: str) -> None:
    if not 0 <= p <= 1:
        raise ConfigError(f"{name}: p is the probability of dropping, between 0 and 1, not {p}.")


def _dropped(input: Any, p: float, training: bool, inplace: bool, shape: tuple[int, ...] | None, name: str) -> Any:
    _probability(p, name)
    if not training or p == 0 or 0 in input.shape:
        return input
    if p == 1:
        return _scaled(input, np.zeros((), input.dtype), inplace, name)
    mask = _mask_like(input, 1 - p) if shape is None else keep_mask(shape, 1 - p, input.dtype)
    return _scaled(input, mask / mask.dtype.type(1 - p), inplace, name)


def _scaled(input: Any, scale: Any, inplace: bool, name: str, shift: Any = None) -> Any:
    def scaled(x: Any) -> Any:
        return x * scale if shift is None else x * scale + shift

    return overwrite(as_value(input), f"{name} with inplace=True", scaled) if inplace else scaled(input)


def _mask_like(input: Any, keep: float) -> Any:
    """A mask in the shape of the input, drawn in the order in which the input lies in memory, as PyTorch draws it."""
    array = getattr(input, "array", None) if not getattr(input, "level", 0) else None
    if array is None or array.flags.c_contiguous:
        return keep_mask(tuple(input.shape), keep, input.dtype)
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    mask = keep_mask(tuple(array.shape[axis] for axis in order), keep, input.dtype)
    return np.transpose(mask, [order.index(axis) for axis in range(array.ndim)])


# What SELU tends to where its argument is very negative is −scale · alpha, and this its size (Klambauer et al., 2017).
_SATURATED = 1.7580993408473766


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout that keeps mean and variance after a SELU: dropped elements take its lowest value, and all are rescaled."""
    return _alpha(input, p, training, inplace, None, "alpha_dropout")


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """`alpha_dropout` of whole channels."""
    if input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: the input must have shape (N, C, …), it has {input.shape}.")
    return _alpha(input, p, training, inplace, (*input.shape[:2], *(1,) * (input.ndim - 2)), "feature_alpha_dropout")


def _alpha(input: Any, p: float, training: bool, inplace: bool, shape: tuple[int, ...] | None, name: str) -> Any:
    _probability(p, name)
    if not training or p == 0 or 0 in input.shape:
        return input
    if p == 1:
        return _scaled(input, np.zeros((), input.dtype), inplace, name)
    mask = keep_mask(tuple(input.shape) if shape is None else shape, 1 - p, input.dtype)
    a = 1 / math.sqrt((_SATURATED**2 * p + 1) * (1 - p))
    return _scaled(input, mask * a, inplace, name, (mask - 1) * (_SATURATED * a) + _SATURATED * a * p)
