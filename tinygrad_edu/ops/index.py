"""Indexing: `getitem` takes elements out, its transpose `scatter_add` puts them back, summing where they meet, and
`setitem` replaces them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import linear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements

Spec = tuple[Any, ...]
"""An index with its arrays taken out: slices, integers, None, Ellipsis, and ARRAY where an index array goes."""

ARRAY = "array"


def key_of(spec: Spec, indices: Sequence[Any]) -> tuple[Any, ...]:
    """The index that NumPy takes: the spec with its arrays back in their places."""
    if not indices:
        return spec
    rest = iter(indices)
    return tuple(next(rest) if part is ARRAY else part for part in spec)


def _scatter_add(y_bar: Any, *indices: Any, spec: Spec, shape: tuple[int, ...]) -> Any:
    x_bar = np.zeros(shape, y_bar.dtype)
    if indices:
        np.add.at(x_bar, key_of(spec, indices), y_bar)
    else:
        x_bar[spec] = y_bar  # slices and integers meet no element twice
    return x_bar


def _samples(r: Any) -> list[Sample]:
    return [
        Sample((r(4, 3),), {"spec": (slice(1, None, 2), 0)}),
        Sample((r(3, 4),), {"spec": (Ellipsis, None, slice(None, None, -1))}),
        Sample((r(4, 3), np.array([0, 2, 0])), {"spec": (ARRAY,)}),
        Sample((r(4, 3), np.array([0, 2, 0]), np.array([[1], [2]])), {"spec": (ARRAY, ARRAY)}),
        Sample((r(2, 3, 4), np.array([0, 1, 1])), {"spec": (slice(None), slice(0, 2), ARRAY)}),
        Sample((r(2, 3, 4), np.array([0, 1]), np.array([2, 2])), {"spec": (ARRAY, slice(None), ARRAY)}),
        Sample((r(2, 3, 4), np.array([0, 1])), {"spec": (0, slice(None), ARRAY)}),
    ]


def _scatter_samples(r: Any) -> Iterator[Sample]:
    for sample in _samples(r):
        x, *indices = sample.args
        y = x[key_of(sample.params["spec"], tuple(indices))]
        yield Sample((r(*y.shape), *indices), {**sample.params, "shape": x.shape})


def _batch_getitem(size: int, args: list[Any], flags: list[bool], *, spec: Spec) -> Any:
    x, *indices = args
    if not indices:
        return getitem(x, spec=(slice(None), *spec))
    key, order = _with_batch_axis(size, x.ndim - flags[0], spec, indices, flags[1:], flags[0])
    return np.transpose(getitem(x, *key.indices, spec=key.spec), order)


def _batch_scatter(size: int, args: list[Any], flags: list[bool], *, spec: Spec, shape: tuple[int, ...]) -> Any:
    y_bar, *indices = args
    if not indices:
        return scatter_add(y_bar, spec=(slice(None), *spec), shape=(size, *shape))
    if not flags[0]:
        y_bar = np.broadcast_to(y_bar, (size, *y_bar.shape))
    key, order = _with_batch_axis(size, len(shape), spec, indices, flags[1:], True)
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return scatter_add(np.transpose(y_bar, back), *key.indices, spec=key.spec, shape=(size, *shape))


def _batch_setitem(size: int, args: list[Any], flags: list[bool], *, spec: Spec) -> Any:
    x, v, *indices = args
    if not flags[0]:
        x = np.broadcast_to(x, (size, *x.shape))
    full = _without_ellipsis(spec, x.ndim - 1)
    rank = sum(1 for part in full if part is None or isinstance(part, slice))
    key, back = _Key((slice(None), *spec), []), list(range(rank + 1))
    if indices:
        key, order = _with_batch_axis(size, x.ndim - 1, spec, indices, flags[2:], True)
        rank, back = len(order) - 1, sorted(range(len(order)), key=order.__getitem__)
    if np.ndim(v):  # to the rank of the region, then to the order of the key's axes
        inner = v.shape[1:] if flags[1] else v.shape
        v = np.reshape(v, (v.shape[0] if flags[1] else 1, *(1,) * (rank - len(inner)), *inner))
        v = np.transpose(v, back)
    return setitem(x, v, *key.indices, spec=key.spec)


class _Key(NamedTuple):
    spec: Spec
    indices: list[Any]


def _with_batch_axis(
    size: int, ndim: int, spec: Spec, indices: list[Any], flags: list[bool], batched: bool
) -> tuple[_Key, list[int]]:
    """The key that picks the same from every example of a batch, and the order that puts its result's axes in place.

    A batched tensor gets an index array for its batch axis, so NumPy moves all indexed axes to the front; otherwise
    they stay behind the slices before them if the key's arrays and integers stand side by side.
    """
    ranks = [index.ndim - flag for index, flag in zip(indices, flags, strict=True)]
    rank = max(ranks)
    spread = [
        np.reshape(index, (size if flag else 1, *(1,) * (rank - r), *index.shape[flag:]))
        for index, flag, r in zip(indices, flags, ranks, strict=True)
    ]
    full = _without_ellipsis(spec, ndim)
    advanced = [i for i, part in enumerate(full) if part is ARRAY or isinstance(part, int)]
    adjacent = advanced == list(range(advanced[0], advanced[-1] + 1))
    before = advanced[0] if adjacent else 0
    total = sum(1 for part in full if part is None or isinstance(part, slice)) + 1 + rank
    if batched:  # from (batch, *indexed, *before, *after)
        first = [0, *range(1 + rank, 1 + rank + before), *range(1, 1 + rank)]
        key = _Key((ARRAY, *full), [np.arange(size).reshape(size, *(1,) * rank), *spread])
    else:  # from (*before, batch, *indexed, *after)
        first = [before, *range(before), *range(before + 1, before + 1 + rank)]
        key = _Key(full, spread)
    return key, [*first, *range(len(first), total)]  # to (batch, *before, *indexed, *after)


def _without_ellipsis(spec: Spec, ndim: int) -> Spec:
    used = sum(1 for part in spec if part is not None and part is not Ellipsis)
    fill = (slice(None),) * (ndim - used)
    if Ellipsis not in [part for part in spec if not isinstance(part, np.ndarray)]:
        return (*spec, *fill)
    at = spec.index(Ellipsis)
    return (*spec[:at], *fill, *spec[at + 1 :])


def _only_axis(spec: Spec) -> int | None:
    """Which axis the one index array is for, where all else is taken whole."""
    at = spec.index(ARRAY)
    return at if all(part == slice(None) for part in (*spec[:at], *spec[at + 1 :])) else None


def _getitem(x: Any, *indices: Any, spec: Spec) -> Any:
    if indices and x.flags.c_contiguous:  # of such memory PyTorch's result is such again, NumPy's only sometimes
        if (axis := _only_axis(spec)) is not None:
            return x.take(indices[0], axis)  # twice as fast as the same index
        return np.ascontiguousarray(x[key_of(spec, indices)])
    y = x[key_of(spec, indices)]
    # NumPy's single element is a copy; with an ellipsis it is a view like all the others.
    return y if type(y) is np.ndarray else x[(*key_of(spec, indices), ...)]


getitem: Any = linear(
    "getitem",
    _getitem,
    lambda y_bar, x, *indices, spec: scatter_add(y_bar, *indices, spec=spec, shape=x.shape),
    math="y = x[index]",
    text="X̄[index] += Ȳ",
    reads=range(1, 33),
    view=True,
    batch=_batch_getitem,
    samples=_samples,
)
scatter_add: Op = linear(
    "scatter_add",
    _scatter_add,
    lambda y_bar, x, *indices, spec, shape: getitem(y_bar, *indices, spec=spec),
    math="y = zeros with the elements of x added at index",
    text="X̄ += Ȳ[index]",
    reads=range(1, 33),
    cost=lambda y, x, *_, **__: x.size,
    batch=_batch_scatter,
    samples=_scatter_samples,
)


def _setitem(x: Any, v: Any, *indices: Any, spec: Spec) -> Any:
    y = x.copy()
    y[key_of(spec, indices)] = v
    return y


def _pull_value(y_bar: Any, x: Any, v: Any, *indices: Any, spec: Spec) -> Any:
    v_bar = getitem(y_bar, *indices, spec=spec)
    if indices:
        # Of several values for one element the last stays, and only that one has a derivative.
        place = np.reshape(np.arange(math.prod(v_bar.shape)), v_bar.shape)
        found = setitem(np.zeros(x.shape, np.int64), place, *indices, spec=spec)
        v_bar = np.where(getitem(found, *indices, spec=spec) == place, v_bar, 0)
    return v_bar if v_bar.shape == v.shape else unbroadcast(v_bar, v.shape)


def _setitem_samples(r: Any) -> Iterator[Sample]:
    for sample in _samples(r):
        x, *indices = sample.args
        y = x[key_of(sample.params["spec"], tuple(indices))]
        yield Sample((x, r(*y.shape), *indices), sample.params)
    yield Sample((r(4, 3), r(1, 3)), {"spec": (slice(1, 3),)})
    yield Sample((r(4, 3), 0.5, np.array([0, 2, 0])), {"spec": (ARRAY,)})
    yield Sample((r(2, 3, 4), r(3), np.array([0, 1])), {"spec": (0, slice(None), ARRAY)})


setitem: Op = linear(
    "setitem",
    _setitem,
    lambda y_bar, x, v, *indices, spec: setitem(y_bar, 0, *indices, spec=spec),
    _pull_value,
    math="y = x with the elements at index replaced by v",
    text="X̄ += Ȳ with zeros at index; V̄ += Ȳ[index]",
    reads=range(2, 34),
    batch=_batch_setitem,
    samples=_setitem_samples,
)
getitem.write = setitem


_ENDS = frozenset({int, type(None)})
_PLAIN = frozenset({int, type(None), type(Ellipsis)})


def _is_plain(part: Any) -> bool:
    """Whether this part of an index needs no parsing."""
    cls = type(part)
    if cls is slice:
        return type(part.start) in _ENDS and type(part.stop) in _ENDS and type(part.step) in _ENDS
    return cls in _PLAIN


def index(x: Tensor, key: Any) -> Any:
    """`x[key]` with NumPy's basic and advanced indexing; index arrays may be Tensors. A basic index makes a view."""
    parts = key if type(key) is tuple else (key,)
    for part in parts:
        if not _is_plain(part):
            break
    else:
        try:
            return getitem(x, spec=parts)
        except IndexError:
            _check_rank(x, parts)
            raise
    spec, indices = parse(x, key)
    return getitem(x, *indices, spec=spec)


def parse(x: Any, key: Any) -> tuple[Spec, list[Any]]:
    """The static part of an index and its arrays. Boolean masks become the integer indices of what they select."""
    parts = key if isinstance(key, tuple) else (key,)
    spec: list[Any] = []
    indices: list[Any] = []
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, slice):
            spec.append(_concrete(part))
        elif isinstance(part, bool | np.bool_):
            raise DTypeError("indexing: a single True or False is no index here; use x[None] or x[:0].")
        elif isinstance(part, int | np.integer):
            spec.append(int(part))
        else:
            _add_array(part, spec, indices)
    if indices or len(parts) > 1 or Ellipsis in spec:
        _check_rank(x, spec)
    return tuple(spec), indices


def _add_array(part: Any, spec: list[Any], indices: list[Any]) -> None:
    array = part if isinstance(part, Tensor | np.ndarray) else np.asarray(part)
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.int64)  # an empty list has no integers to tell its dtype by
    if array.dtype.kind == "b":
        if isinstance(array, Tensor) and array.level:
            raise LevelError(
                "indexing: a boolean mask inside a transform selects a number of elements that differs by example. Use "
                "np.where(mask, a, b), which keeps the shape."
            )
        for positions in np.nonzero(np.asarray(array)):
            spec.append(ARRAY)
            indices.append(positions)
    elif array.dtype.kind in "iu":
        if isinstance(array, Tensor) and array.ndim == 0 and not array.level:
            spec.append(int(array))
        else:
            spec.append(ARRAY)
            indices.append(array)
    else:
        raise DTypeError(f"indexing: an index array must hold integers or booleans, not {array.dtype}.")


def _concrete(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(*(None if v is None else int(v) for v in (part.start, part.stop, part.step)))
    return part


def _check_rank(x: Any, spec: Sequence[Any]) -> None:
    used = sum(1 for part in spec if part is not None and part is not Ellipsis)
    if used > x.ndim:
        raise IndexError(f"indexing: {used} indices for a tensor with {x.ndim} axes (shape {x.shape}).")


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """`y[i, j, …] = arr[indices[i, j, …], j, …]` for axis 0, and so on; the other axes broadcast. None: of the flattened one."""
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    at = one_axis(axis, arr.ndim, "take_along_axis")
    indices = as_value(indices)
    if indices.ndim != arr.ndim:
        raise ShapeError(
            f"take_along_axis: indices of shape {indices.shape} need as many axes as the tensor, whose shape is {arr.shape}."
        )
    grid = np.ogrid[tuple(slice(n) for n in arr.shape)]
    return arr[tuple(indices if i == at else g for i, g in enumerate(grid))]
