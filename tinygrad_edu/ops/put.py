"""NumPy's functions that write into their first argument, for Tensors: recorded, like `x[index] = value`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import GraphError, ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import index, inplace
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements


def _target(x: Any, name: str) -> Tensor:
    if not isinstance(x, Tensor):
        raise GraphError(
            f"{name}: writing a Tensor into a plain {type(x).__name__} would lose its gradient. Write into a Tensor "
            "(tg.as_tensor(array)), or write value.detach().numpy()."
        )
    return x


def _values(values: Any, count: int) -> Any:
    """The first `count` of the values, repeated where there are fewer."""
    flat = np.reshape(as_value(values), (-1,))
    return flat if flat.shape[0] == count else flat[np.arange(count) % max(flat.shape[0], 1)]


@implements(np.copyto, note="writes into its first argument")
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """`dst[...] = src`, where the mask is true."""
    if casting not in ("same_kind", "unsafe"):
        raise UnsupportedError(f"copyto: casting={casting!r} isn't supported; use 'same_kind' or 'unsafe'.")
    if where is True:
        inplace.overwrite(_target(dst, "copyto"), "copyto", inplace.replaced, src, casts=casting == "unsafe")
    else:
        inplace.overwrite(
            _target(dst, "copyto"), "copyto", lambda old, new: e.where(where, new, old), src, casts=casting == "unsafe"
        )


@implements(np.put, note="writes into its first argument")
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """`a.flat[ind] = v`, the values repeated as needed."""
    x = _target(a, "put")
    places, size = np.reshape(np.asarray(ind), (-1,)), math.prod(x.shape)
    if mode != "raise":
        places = np.mod(places, size) if mode == "wrap" else np.clip(places, 0, size - 1)
    elif places.size and (places.max() >= size or places.min() < -size):
        raise IndexError(f"put: an index is out of range for {size} elements (shape {x.shape}).")
    key = np.unravel_index(places % max(size, 1), x.shape)
    inplace.assign(x, key, _values(v, len(places)))


@implements(np.putmask, note="writes into its first argument")
def putmask(a: Any, mask: Any, values: Any) -> None:
    """`a[mask] = values[mask]`, the values repeated to the size of `a`."""
    x = _target(a, "putmask")
    spread = np.reshape(_values(values, math.prod(x.shape)), x.shape)
    inplace.overwrite(x, "putmask", lambda old, new: e.where(as_value(mask), new, old), spread, casts=True)


@implements(np.place, note="writes into its first argument")
def place(arr: Any, mask: Any, vals: Any) -> None:
    """The values in order where the mask is true, repeated as needed."""
    x = _target(arr, "place")
    places = np.nonzero(np.reshape(np.asarray(mask, bool), x.shape))
    inplace.assign(x, places, _values(vals, len(places[0])))


@implements(np.put_along_axis, note="writes into its first argument")
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """The places that `take_along_axis` would take are overwritten."""
    x = _target(arr, "put_along_axis")
    if axis is None:
        put(x, indices, values)
        return
    at = one_axis(axis, x.ndim, "put_along_axis")
    indices = as_value(indices)
    if indices.ndim != x.ndim:
        raise ShapeError(f"put_along_axis: indices of shape {indices.shape} for an array of shape {x.shape}.")
    sizes = [indices.shape[i] if i == at else n for i, n in enumerate(x.shape)]
    grid = np.ogrid[tuple(slice(n) for n in sizes)]
    inplace.assign(x, tuple(indices if i == at else g for i, g in enumerate(grid)), values)


@implements(np.fill_diagonal, note="writes into its first argument")
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """The elements a[i, i, …] are overwritten."""
    inplace.fill_diagonal(_target(a, "fill_diagonal"), val, wrap)


def at(ufunc: np.ufunc, a: Any, indices: Any, b: Any = None) -> None:
    """`ufunc.at`: `a[indices] = ufunc(a[indices], b)`, and again where an index is repeated."""
    name = f"np.{ufunc.__name__}.at"
    x = _target(a, name)
    spec, arrays = index.parse(x, indices)
    if ufunc in (np.add, np.subtract) and b is not None:
        change = as_value(b)
        region = index.getitem(np.broadcast_to(False, x.shape), *map(as_value, arrays), spec=spec)

        def added(old: Any, given: Any) -> Any:
            spread = np.broadcast_to(given, region.shape)
            return ufunc(old, index.scatter_add(spread, *arrays, spec=spec, shape=old.shape))

        inplace.overwrite(x, name, added, change)
        return
    places = index.getitem(np.arange(math.prod(x.shape)).reshape(x.shape), *map(np.asarray, arrays), spec=spec)
    if np.unique(places).size != places.size:
        raise UnsupportedError(
            f"{name}: repeated indices are supported for np.add and np.subtract only; loop over the others."
        )
    part = x[indices]
    inplace.assign(x, indices, ufunc(part) if b is None else ufunc(part, b))
