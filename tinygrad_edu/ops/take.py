"""Elements taken by index or by mask under names of their own: take, compress, extract, and PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import align, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.shape import listed, ravel, row_major
from tinygrad_edu.ops.split import along


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    """The elements of `a` at integer `indices` along `axis` (of the flattened tensor if None).

    Indices out of range raise, count around again (`mode="wrap"`), or mean the nearest end (`mode="clip"`).
    """
    if axis is None:
        a, axis = ravel(as_value(a)), 0
    a = as_value(a)
    at = one_axis(axis, a.ndim, "take")
    where = indices if isinstance(indices, Tensor) else np.asarray(indices)
    if mode == "wrap":
        where = where % a.shape[at]
    elif mode == "clip":
        where = np.clip(where, 0, a.shape[at] - 1)
    elif mode != "raise":
        raise UnsupportedError(f"take: mode must be 'raise', 'wrap' or 'clip', not {mode!r}.")
    return a[along(at, where)]


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """The slices of `a` along `axis` (elements if None) where the 1-D `condition` holds."""
    chosen = np.asarray(condition)
    if chosen.ndim != 1:
        raise ShapeError(f"compress: condition must be 1-D, got shape {chosen.shape}.")
    return take(a, np.flatnonzero(chosen), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements of `arr` where `condition`, of as many elements, holds."""
    return take(arr, np.flatnonzero(np.asarray(condition)))


def index_select(x: Any, dim: int, index: Any) -> Any:
    """PyTorch's `index_select`: the slices at the 1-D `index` along `dim`."""
    if index.ndim > 1:
        raise ShapeError(f"index_select: index must be 1-D, got shape {index.shape}.")
    return take(x, np.reshape(index, (-1,)), dim)


def masked_select(x: Any, mask: Any) -> Any:
    """PyTorch's `masked_select`: the elements where `mask`, broadcast with `x`, holds, in one axis."""
    values, chosen = np.broadcast_arrays(x, as_value(mask))
    return values[chosen]


# -- positions in one axis and in several --------------------------------------------------------------------------

_SIDES = {"shape": (2, 3), "order": "C"}
unravel_index_: Op = primitive(
    "unravel_index",
    lambda i, *, shape, order: tuple(np.unravel_index(i, shape, order)),
    None,
    math="y₁, y₂, … = where the i-th element of a shape is",
    batch=lambda size, args, flags, **shape: unravel_index_(*args, **shape),
    samples=lambda r: [Sample((np.array([0, 5, 3]),), _SIDES)],
)
ravel_multi_index_: Op = primitive(
    "ravel_multi_index",
    lambda *i, shape, mode, order: np.ravel_multi_index(i, shape, mode, order),
    None,
    math="y = which element of a shape is at i₁, i₂, …",
    batch=lambda size, args, flags, **shape: ravel_multi_index_(*align(args, flags), **shape),
    samples=lambda r: [Sample((np.array([0, 1]), np.array([2, 1])), {**_SIDES, "mode": "raise"})],
)


@implements(np.unravel_index, derivative="none")
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """The position along each axis of the elements with these numbers, counted row by row."""
    row_major(order, "unravel_index", "CF")
    return tuple(unravel_index_(indices, shape=tuple(int(n) for n in listed(shape)), order=order))


@implements(np.ravel_multi_index, derivative="none")
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """The number, counted row by row, of the elements at these positions along each axis."""
    row_major(order, "ravel_multi_index", "CF")
    shape = tuple(int(n) for n in listed(dims))
    return ravel_multi_index_(*[operand(i) for i in multi_index], shape=shape, mode=mode, order=order)
