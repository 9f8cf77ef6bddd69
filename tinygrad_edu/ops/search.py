"""Finding places: where values belong in a sorted row, and where elements aren't zero. None of it has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import many_axes
from tinygrad_edu.ops._found import concrete, is_concrete
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.order import argsort_
from tinygrad_edu.ops.shape import broadcast_to


def _ranks(x: Any) -> Any:
    """The place of each element in its sorted row."""
    order = argsort_(x, axis=1, descending=False)
    return argsort_(order, axis=1, descending=False)


def _batched_search(size: int, args: list[Any], flags: list[bool], *, side: str) -> Any:
    a, v = args
    if not flags[0]:
        return searchsorted_(a, v, side=side)
    # A row of its own for each example: how many of `a` come before an element of `v` is its rank among both less its
    # rank in `v`; the order in which they are joined decides between equals.
    shape = v.shape[1:] if flags[1] else v.shape
    v = np.reshape(v if flags[1] else broadcast_to(v, shape=(size, *v.shape)), (size, -1))
    m, n = v.shape[1], a.shape[1]
    both = _ranks(np.concatenate([v, a] if side == "left" else [a, v], axis=1))
    return np.reshape((both[:, :m] if side == "left" else both[:, n:]) - _ranks(v), (size, *shape))


searchsorted_: Op = primitive(
    "searchsorted",
    lambda a, v, *, side: np.searchsorted(a, v, side=side),
    None,
    None,
    math="y = how many of the sorted a come before v",
    batch=_batched_search,
    samples=lambda r: [
        Sample(
            (np.ones(4), np.array([[1.0, 3.0], [-1.0, 1.5]])), {"side": side}
        )  # sorted in any order, as vmap's test mixes it
        for side in ("left", "right")
    ],
)


@implements(np.searchsorted, derivative="none")
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Where in the sorted vector `a` the elements of `v` belong: before their equals, or behind them for `side="right"`."""
    a, v = as_value(a), as_value(v)
    if a.ndim != 1:
        raise ShapeError(f"searchsorted: looks things up in a vector, not in shape {a.shape}.")
    if side not in ("left", "right"):
        raise ConfigError(f"searchsorted: side is 'left' or 'right', not {side!r}.")
    reduce.refuse_complex(a, "searchsorted")
    reduce.refuse_complex(v, "searchsorted")
    return searchsorted_(a if sorter is None else take_along_axis(a, as_value(sorter), 0), v, side=side)


@implements(np.digitize, derivative="none")
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The number of the bin that each element is in; `bins` are edges that rise or fall."""
    x, bins = as_value(x), as_value(bins)
    if bins.ndim != 1:
        raise ShapeError(f"digitize: the edges are a vector, not of shape {bins.shape}.")
    n = bins.shape[0]
    side = "left" if right else "right"
    rising = searchsorted(bins, x, side)
    if n < 2:
        return rising
    if is_concrete(bins):
        steps = np.diff(concrete(bins, "digitize"))
        if not ((steps >= 0).all() or (steps <= 0).all()):
            raise DataError("digitize: the edges must rise, or fall, from one to the next.")
    return e.where(bins[-1] >= bins[0], rising, n - searchsorted(bins[::-1], x, side))


def _places(x: Any, name: str) -> tuple[Any, ...]:
    values = concrete(x, name)
    if not values.ndim:
        raise ShapeError(f"{name}: a 0-d tensor has no places; use np.atleast_1d(x) first.")
    return np.nonzero(values)


@implements(np.nonzero, derivative="none")
def nonzero(x: Any) -> tuple[Any, ...]:
    """The places of the elements that aren't zero, an index array for each axis."""
    return tuple(map(as_value, _places(x, "nonzero")))


@implements(np.flatnonzero, derivative="none")
def flatnonzero(x: Any) -> Any:
    """The places in the flattened tensor of the elements that aren't zero."""
    return as_value(np.flatnonzero(concrete(x, "flatnonzero")))


@implements(np.argwhere, derivative="none")
def argwhere(x: Any) -> Any:
    """The places of the elements that aren't zero, a row of indices for each."""
    return as_value(np.argwhere(concrete(x, "argwhere")))


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """`filt` without the zeros at its front ("f") and back ("b"), along all axes or the given ones."""
    if not set(trim.lower()) <= {"f", "b"} or not trim:
        raise ConfigError(f"trim_zeros: trim is 'f', 'b' or 'fb', not {trim!r}.")
    filt = as_value(filt)
    places = _places(filt, "trim_zeros")
    index = [slice(None)] * filt.ndim
    for a in many_axes(axis, filt.ndim, "trim_zeros"):
        n = filt.shape[a]
        first, last = (int(places[a].min()), int(places[a].max())) if places[a].size else (n, n - 1)
        index[a] = slice(first if "f" in trim.lower() else 0, last + 1 if "b" in trim.lower() else n)
        if not places[a].size:
            index[a] = slice(0, 0)
    return filt[tuple(index)]
