"""PyTorch's family of writes by index, as functions that return a new tensor; with an underscore they are methods that
write in place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import index as ix
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._found import concrete
from tinygrad_edu.ops.shape import broadcasted


def _put(x: Any, key: Any, value: Any) -> Any:
    spec, indices = ix.parse(x, key)
    return ix.setitem(x, value, *indices, spec=spec)


def _add(x: Any, key: Any, value: Any) -> Any:
    spec, indices = ix.parse(x, key)
    region = ix.getitem(np.broadcast_to(False, x.shape), *[as_value(i) for i in indices], spec=spec)
    value = broadcasted(as_value(value), region.shape)
    return x + ix.scatter_add(value, *indices, spec=spec, shape=x.shape)


def _along(x: Any, dim: int, index: Any, name: str) -> tuple[Any, ...]:
    """The key of the elements that `gather` takes: index along `dim`, and every other axis in step with it."""
    at = one_axis(dim, x.ndim, name)
    index = as_value(index)
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{name}: the index must hold integers, not {index.dtype}.")
    if index.ndim == 0 and x.ndim == 1:
        return (index,)  # one place, as PyTorch takes it
    if index.ndim != x.ndim or any(n > m for i, (n, m) in enumerate(zip(index.shape, x.shape, strict=True)) if i != at):
        raise ShapeError(
            f"{name}: an index of shape {index.shape} for a tensor of shape {x.shape}: it needs as many axes, and but for axis "
            f"{dim} none may be longer."
        )
    grid = np.ogrid[tuple(slice(n) for n in index.shape)]
    return tuple(index if i == at else g for i, g in enumerate(grid))


def _part(src: Any, sizes: tuple[int, ...]) -> Any:
    """The corner of `src` that an index of this shape uses."""
    if not isinstance(src, Tensor | np.ndarray) or not src.ndim:
        return src
    return src[(0,) * (src.ndim - len(sizes)) + tuple(slice(n) for n in sizes)]


def _along_dim(x: Any, dim: int, index: Any, name: str) -> tuple[Any, ...]:
    at = one_axis(dim, x.ndim, name)
    return (*(slice(None),) * at, as_value(index))


def gather(x: Any, dim: int, index: Any) -> Any:
    """`y[i, j, …] = x[index[i, j, …], j, …]` for `dim` 0, and so on; `index` may be smaller than `x`."""
    return x[_along(x, dim, index, "gather")]


def scatter(x: Any, dim: int, index: Any, src: Any, *, reduce: str | None = None) -> Any:
    """`x` with `src` (a tensor or a number) at the places that `gather` would take; with `reduce` added or multiplied.

    Of several values for one place the last stays, and has the derivative.
    """
    key = _along(x, dim, index, "scatter")
    part = _part(src, as_value(index).shape)
    if reduce == "add":
        return _add(x, key, part)
    if reduce is not None:
        raise UnsupportedError(f"scatter: reduce={reduce!r} isn't supported; use 'add', or scatter_reduce.")
    return _put(x, key, part)


def scatter_add(x: Any, dim: int, index: Any, src: Any) -> Any:
    """`x` with `src` added at the places that `gather` would take; all that meet in one place are summed."""
    return _add(x, _along(x, dim, index, "scatter_add"), _part(src, as_value(index).shape))


def scatter_reduce(x: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """`x` with `src` combined at the places that `gather` would take, by `reduce`: "sum", "mean", "prod", "amax" or "amin"."""
    key = _along(x, dim, index, "scatter_reduce")
    part = _part(src, as_value(index).shape)
    if reduce in _COMBINE:
        return _combined(x, key, part, reduce, include_self)
    start = x if include_self else _put(x, key, 0)
    if reduce == "sum":
        return _add(start, key, part)
    if reduce == "mean":
        ones = np.ones(as_value(index).shape, x.dtype)
        counts = _add(np.ones(x.shape, x.dtype) if include_self else np.zeros(x.shape, x.dtype), key, ones)
        return _add(start, key, part) / e.maximum(counts, 1)
    raise UnsupportedError(f"scatter_reduce: reduce is 'sum', 'mean', 'prod', 'amax' or 'amin', not {reduce!r}.")


# What is laid beside a row of values so that all rows have one length: it changes nothing.
_COMBINE: dict[str, tuple[Any, Any]] = {"prod": (np.prod, 1), "amax": (np.max, -np.inf), "amin": (np.min, np.inf)}


def _combined(x: Any, key: Any, part: Any, reduce: str, include_self: bool) -> Any:
    """Every element of `x` with those of `part` that meet there, in a row each of one table, whose rows are combined."""
    combine, neutral = _COMBINE[reduce]
    if x.dtype.kind in "iu" and neutral != 1:
        neutral = np.iinfo(x.dtype).min if reduce == "amax" else np.iinfo(x.dtype).max
    size = math.prod(x.shape)
    numbers = np.arange(size).reshape(x.shape)
    targets = numbers[tuple(concrete(k, "scatter_reduce") if isinstance(k, Tensor) else k for k in key)]
    part = np.broadcast_to(as_value(part).to(x.dtype), targets.shape)
    targets = targets.reshape(-1)
    order = np.argsort(targets, kind="stable")
    counts = np.bincount(targets, minlength=size)
    table = np.full((size, 1 + counts.max(initial=0)), size + targets.size)  # the neutral element, which comes last
    table[:, 0] = np.where(include_self | (counts == 0), np.arange(size), table[:, 0])
    within = np.arange(targets.size) - np.repeat(np.cumsum(counts) - counts, counts)
    table[targets[order], 1 + within] = size + order
    values = np.concatenate([np.reshape(x, (-1,)), np.reshape(part, (-1,)), np.full(1, neutral, x.dtype)])
    return np.reshape(combine(values[table], axis=1), x.shape)


def index_reduce(x: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    """`x` with the slices of `source` along `dim` combined at `index`, by `reduce`: "prod", "mean", "amax" or "amin"."""
    at = one_axis(dim, x.ndim, "index_reduce")
    index = as_value(index)
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise UnsupportedError(f"index_reduce: reduce is 'prod', 'mean', 'amax' or 'amin', not {reduce!r}.")
    if index.ndim != 1 or source.shape != (*x.shape[:at], index.shape[0], *x.shape[at + 1 :]):
        raise ShapeError(
            f"index_reduce: an index of shape {index.shape} for a source of shape {source.shape} along axis {dim} of a tensor of "
            f"shape {x.shape}: it needs one number for each slice of the source, whose other axes are the tensor's."
        )
    places = np.broadcast_to(np.reshape(index, (-1, *(1,) * (x.ndim - at - 1))), source.shape)
    return scatter_reduce(x, at, places, source, reduce, include_self=include_self)


def index_add(x: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """`x` with the slices of `source` along `dim` added at `index`."""
    return _add(x, _along_dim(x, dim, index, "index_add"), source if alpha == 1 else source * alpha)


def index_copy(x: Any, dim: int, index: Any, source: Any) -> Any:
    """`x` with its slices at `index` along `dim` replaced by those of `source`."""
    return _put(x, _along_dim(x, dim, index, "index_copy"), source)


def index_fill(x: Any, dim: int, index: Any, value: Any) -> Any:
    """`x` with one value in its slices at `index` along `dim`."""
    return _put(x, _along_dim(x, dim, index, "index_fill"), value)


def index_put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """`x` with `x[indices] = values`, or with the values added, those that meet summed."""
    return _add(x, tuple(indices), values) if accumulate else _put(x, tuple(indices), values)


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """`x` with `value` where the mask is true."""
    mask = as_value(mask)
    if mask.dtype.kind != "b":
        raise DTypeError(f"masked_fill: the mask must hold booleans, not {mask.dtype}; compare, e.g. mask != 0.")
    return e.where(mask, value, x)


def masked_scatter(x: Any, mask: Any, source: Any) -> Any:
    """`x` with the elements of `source`, in order, where the mask is true."""
    places = np.nonzero(np.broadcast_to(np.asarray(mask), x.shape))
    count = len(places[0])
    flat = np.reshape(as_value(source), (-1,))
    if flat.shape[0] < count:
        raise ShapeError(f"masked_scatter: {count} elements are to be filled, the source has only {flat.shape[0]}.")
    return _put(x, places, flat[:count])


def slice_scatter(
    x: Any, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Any:
    """`x` with the slice `start:end:step` along `dim` replaced by `src`."""
    at = one_axis(dim, x.ndim, "slice_scatter")
    return _put(x, (*(slice(None),) * at, slice(start, end, step)), src)


def select_scatter(x: Any, src: Any, dim: int, index: int) -> Any:
    """`x` with the slice at `index` along `dim` replaced by `src`."""
    return _put(x, (*(slice(None),) * one_axis(dim, x.ndim, "select_scatter"), index), src)
