"""Putting elements in order: sorting, partitions, order statistics. Medians and quantiles by NumPy are in `quantile.py`.

Orders have no derivative; values are then indexed by them, so the derivative of a sorted element goes to where it came
from, equal ones to the one that was found.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._found import FOUND, Found
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.scan import along, index_of_cummax
from tinygrad_edu.ops.shape import squeeze


def _argsort(x: Any, *, axis: int, descending: bool) -> Any:
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    # Of the reversed row, so that equal elements stay in their order.
    order = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(order, axis)


argsort_: Op = primitive(
    "argsort",
    _argsort,
    None,
    math="y = the order that sorts x, equal elements as they stand",
    batch=lambda size, args, flags, *, axis, descending: argsort_(*args, axis=axis + 1, descending=descending),
    samples=lambda r: [
        Sample((r(5),), {"axis": 0, "descending": False}),
        Sample((r(2, 4),), {"axis": 1, "descending": True}),
        Sample((r.complex(3),), {"axis": 0, "descending": False}),
    ],
)
argpartition_: Op = primitive(
    "argpartition",
    lambda x, *, kth, axis: np.argpartition(x, kth, axis=axis),
    None,
    math="y = an order that puts the k-th smallest in its place, smaller ones before and larger ones behind",
    batch=lambda size, args, flags, *, kth, axis: argpartition_(*args, kth=kth, axis=axis + 1),
    samples=lambda r: [Sample((r(5),), {"kth": (2,), "axis": 0}), Sample((r(2, 5),), {"kth": (1, 3), "axis": 1})],
)

# -- NumPy's ---------------------------------------------------------------------------------------------------------


def _refuse_fields(order: Any, name: str) -> None:
    if order is not None:
        raise UnsupportedError(
            f"{name}: order= names the fields of a structured array; a Tensor has none, leave it out."
        )


@implements(np.sort)
def _numpy_sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    # Whatever `kind` asks for: the order is always that of the stable sort, which is right for all of them.
    _refuse_fields(order, "sort")
    reduce.refuse_complex(a, "sort")
    a, axis = along(a, axis, "sort")
    return take_along_axis(a, argsort_(a, axis=axis, descending=False), axis)


@implements(np.argsort, derivative="none")
def _numpy_argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _refuse_fields(order, "argsort")
    reduce.refuse_complex(a, "argsort")
    a, axis = along(a, axis, "argsort")
    return argsort_(a, axis=axis, descending=False)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """The elements along the last axis sorted by their real parts and then by their imaginary parts, as complex numbers."""
    a, axis = along(a, -1, "sort_complex")
    dtype = np.complex64 if a.dtype in (np.float32, np.complex64) else np.complex128
    return reduce.in_dtype(take_along_axis(a, argsort_(a, axis=axis, descending=False), axis), dtype)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """`a` with its `kth` smallest elements in their places along `axis`, smaller ones before and larger ones behind."""
    a, axis = along(a, axis, "partition")
    return take_along_axis(a, argpartition(a, kth, axis, kind, order), axis)


@implements(np.argpartition, derivative="none")
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """The indices that make a `partition` of `a`."""
    _refuse_fields(order, "partition")
    reduce.refuse_complex(a, "partition")
    if kind != "introselect":
        raise ConfigError(f"partition: kind={kind!r} isn't known; NumPy's only one is 'introselect'.")
    a, axis = along(a, axis, "partition")
    n = a.shape[axis]
    places = tuple(int(k) for k in np.ravel(kth))
    if any(not -n <= k < n for k in places):
        raise ShapeError(f"partition: kth={kth} is out of range for {n} elements along axis {axis}.")
    return argpartition_(a, kth=tuple(k % n for k in places), axis=axis)


@implements(np.lexsort, derivative="none")
def lexsort(keys: Any, axis: int = -1) -> Any:
    """The order that sorts by the last of the keys, among its equals by the one before, and so on."""
    rows = [as_value(key) for key in keys]
    if not rows:
        raise ShapeError("lexsort: needs at least one key, got none.")
    first, axis = along(rows[0], axis, "lexsort")
    order = argsort_(first, axis=axis, descending=False)
    for key in rows[1:]:
        finer = argsort_(take_along_axis(key, order, axis), axis=axis, descending=False)
        order = take_along_axis(order, finer, axis)
    return order


# -- PyTorch's, with the indices beside the values -------------------------------------------------------------------


def sort(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Found:
    """The values in order along `dim`, and where each was. Always stable."""
    order = argsort(x, dim, descending)
    return FOUND["sort"](take_along_axis(x, order, dim) if x.ndim else x, order)


def argsort(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The order that sorts `x` along `dim`, equal elements as they stand; NaNs are the largest."""
    reduce.refuse_complex(x, "sort")
    if not x.ndim:
        return as_value(np.zeros((), np.int64))
    return argsort_(x, axis=one_axis(dim, x.ndim, "sort"), descending=bool(descending))


def msort(x: Any) -> Any:
    """`x` sorted along its first axis."""
    return sort(x, 0).values


def topk(x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Found:
    """The `k` largest (or smallest) values along `dim` in order, and where they were found."""
    x, dim = along(x, dim, "topk")
    if not 0 <= k <= x.shape[dim]:
        raise ShapeError(f"topk: k={k} is out of range for {x.shape[dim]} elements along dim {dim} (shape {x.shape}).")
    order = argsort(x, dim, bool(largest))[(*(slice(None),) * dim, slice(0, k))]
    return FOUND["topk"](take_along_axis(x, order, dim), order)


def kthvalue(x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Found:
    """The `k`-th smallest value along `dim`, counted from 1, and where it was found."""
    x, dim = along(x, dim, "kthvalue")
    if not 1 <= k <= x.shape[dim]:
        raise ShapeError(
            f"kthvalue: k={k} is out of range for {x.shape[dim]} elements along dim {dim} (shape {x.shape})."
        )
    return _at("kthvalue", x, argsort(x, dim)[(*(slice(None),) * dim, slice(k - 1, k))], dim, keepdim)


def median(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median along `dim` and where it was found; without `dim` only the value, shared equally among ties.

    `np.median` takes the mean of the two middle values instead.
    """
    if dim is None:
        return _shared(_lower_median(x.reshape(-1), 0, False, "median").values, x)
    return _lower_median(x, dim, keepdim, "median")


def nanmedian(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """As `median`, of the values that aren't NaN."""
    if dim is None:
        return _shared(_lower_median(x.reshape(-1), 0, False, "nanmedian").values, x)
    return _lower_median(x, dim, keepdim, "nanmedian")


def _lower_median(x: Any, dim: int, keepdim: bool, name: str) -> Found:
    x, dim = along(x, dim, name)
    n = x.shape[dim]
    if not n:
        raise ShapeError(f"{name}: shape {x.shape} has no values along dim {dim}.")
    order = argsort(x, dim)
    missing = reduce.sum(np.isnan(x), dim, keepdims=True)
    numbers = n - missing
    place = np.maximum(numbers - 1, 0) // 2
    if name == "median":
        place = e.where(missing > 0, numbers % n, place)  # a NaN is the median: the first of them
    return _at(name, x, take_along_axis(order, place, dim), dim, keepdim)


def _at(name: str, x: Any, found: Any, dim: int, keepdim: bool) -> Found:
    values = take_along_axis(x, found, dim)
    kind = FOUND[name]
    return kind(values, found) if keepdim else kind(squeeze(values, dim), squeeze(found, dim))


def _shared(value: Any, x: Any) -> Any:
    """`value`, which is that of some elements of `x`, with its derivative spread equally over them."""
    value = value.detach()
    hit = x == value
    off = e.where(hit & np.isfinite(x), x - value, 0)  # zero, but moving with x
    return value + reduce.sum(off) / np.maximum(reduce.sum(hit), 1)


def mode(x: Any, dim: int = -1, keepdim: bool = False) -> Found:
    """The most frequent value along `dim`, the smallest of those, and where it was found last."""
    x, dim = along(x, dim, "mode")
    if not x.shape[dim]:
        raise ShapeError(f"mode: shape {x.shape} has no values along dim {dim}.")
    values, order = sort(x, dim)
    ahead = (slice(None),) * dim
    places = np.arange(x.shape[dim]).reshape(-1, *(1,) * (x.ndim - dim - 1))
    first = np.ones((*x.shape[:dim], 1, *x.shape[dim + 1 :]), bool)
    starts = np.concatenate([first, values[(*ahead, slice(1, None))] != values[(*ahead, slice(None, -1))]], axis=dim)
    start = index_of_cummax(e.where(starts, places, -1), axis=dim)  # of the run that each place is in
    longest = reduce.argmax(places - start, dim, keepdims=True)
    return _at("mode", x, take_along_axis(order, longest, dim), dim, keepdim)
