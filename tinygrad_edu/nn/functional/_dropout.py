"""Dropout: elements or whole channels set to zero while training (Srivastava et al., 2014).

The masks are drawn from the default generator, PyTorch's from the same seed. Inside `vmap` its `randomness` says whether each
example has a mask of its own.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.random import keep_mask


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability `p` and scale the rest by 1/(1 − p); `input` unless `training`.

    Raises ConfigError unless 0 ≤ p ≤ 1.
    """
    return _dropped(input, p, training, None, "dropout")


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, L) or (C, L)."""
    return _of_channels(input, p, training, 1)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, H, W)."""
    if input.ndim == 3:
        # As in PyTorch, which takes the first axis for that of the examples.
        warnings.warn(
            f"dropout2d: an input of three axes, {input.shape}, is taken as (N, C, L); dropout1d says so.", stacklevel=2
        )
        return _dropped(input, p, training, tuple(input.shape[:2]) + (1,), "dropout2d")
    return _of_channels(input, p, training, 2)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """`dropout` of whole channels: (N, C, D, H, W) or (C, D, H, W)."""
    return _of_channels(input, p, training, 3)


def _of_channels(x: Any, p: float, training: bool, rank: int) -> Any:
    name = f"dropout{rank}d"
    if x.ndim not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{name}: the input must have shape (N, C, *grid) with {rank} axes of a grid, it has {x.shape}."
        )
    return _dropped(x, p, training, (*x.shape[: x.ndim - rank], *(1,) * rank), name)


def _probability(p: float, name: str) -> None:
    if not 0 <= p <= 1:
        raise ConfigError(f"{name}: p is the probability of dropping, between 0 and 1, not {p}.")


def _dropped(input: Any, p: float, training: bool, shape: tuple[int, ...] | None, name: str) -> Any:
    _probability(p, name)
    if not training or p == 0 or 0 in input.shape:
        return input
    if p == 1:
        return input * np.zeros((), input.dtype)
    mask = _mask_like(input, 1 - p) if shape is None else keep_mask(shape, 1 - p, input.dtype)
    return input * (mask / mask.dtype.type(1 - p))


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
    return _alpha(input, p, training, None, "alpha_dropout")


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """`alpha_dropout` of whole channels."""
    if input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: the input must have shape (N, C, …), it has {input.shape}.")
    return _alpha(input, p, training, (*input.shape[:2], *(1,) * (input.ndim - 2)), "feature_alpha_dropout")


def _alpha(input: Any, p: float, training: bool, shape: tuple[int, ...] | None, name: str) -> Any:
    _probability(p, name)
    if not training or p == 0 or 0 in input.shape:
        return input
    if p == 1:
        return input * np.zeros((), input.dtype)
    mask = keep_mask(tuple(input.shape) if shape is None else shape, 1 - p, input.dtype)
    a = 1 / math.sqrt((_SATURATED**2 * p + 1) * (1 - p))
    return input * (mask * a) + ((mask - 1) * (_SATURATED * a) + _SATURATED * a * p)
