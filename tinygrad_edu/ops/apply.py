"""A function of the caller's, applied along one axis or over several."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand, stack
from tinygrad_edu.ops.shape import expand_dims, listed, moveaxis, reshape


@implements(np.apply_along_axis, note="calls the function once per slice, as NumPy does")
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`func1d(slice, *args, **kwargs)` for every 1-D slice along `axis`, whose place its results take."""
    arr = as_value(operand(arr))
    at = one_axis(axis, arr.ndim, "apply_along_axis")
    moved = moveaxis(arr, at, -1)
    rest = moved.shape[:-1]
    if not math.prod(rest):
        raise ShapeError(f"apply_along_axis: shape {arr.shape} has no slices along axis {axis}.")
    slices = reshape(moved, shape=(math.prod(rest), moved.shape[-1]))
    results = stack([operand(func1d(slices[i], *args, **kwargs)) for i in range(slices.shape[0])])
    back = reshape(results, shape=(*rest, *results.shape[1:]))
    new = results.ndim - 1
    return moveaxis(back, tuple(range(len(rest), back.ndim)), tuple(range(at, at + new))) if new else back


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """`func(x, axis)` for one axis after the other; an axis that it takes away is put back with length 1."""
    x = as_value(operand(a))
    ndim = x.ndim
    for axis in listed(axes):
        at = one_axis(axis, ndim, "apply_over_axes")
        y = func(x, at)
        x = y if y.ndim == ndim else expand_dims(y, at)
        if x.ndim != ndim:
            raise ShapeError(
                f"apply_over_axes: the function made shape {y.shape} of {x.shape}; it may take one axis away."
            )
    return x
