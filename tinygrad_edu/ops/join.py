"""Tensors joined into one: concatenate, the stacks, block, append, insert, and `r_` and `c_`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value, tensor_of
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.layout import channels_last
from tinygrad_edu.ops.shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_to,
    copied,
    moveaxis,
    ravel,
    reshape,
    transposed,
)


def _own_slice(i: int, y_bar: Any, *xs: Any, axis: int, cuts: tuple[int, ...]) -> Any:
    index = [slice(None)] * y_bar.ndim
    index[axis] = slice(cuts[i], cuts[i + 1])
    return y_bar[tuple(index)]


def _concatenate(*xs: Any, axis: int, cuts: Any) -> Any:
    y = np.concatenate(xs, axis=axis)
    if y.flags.c_contiguous or channels_last(y):
        return y  # NumPy keeps any order of the axes in memory, PyTorch only that with the channels last
    return np.ascontiguousarray(y)


# `cuts` are where the arguments begin and end in the result: each would otherwise add up all the lengths before its own.
concatenate_: Op = linear(
    "concatenate",
    _concatenate,
    math="y = the arguments one after the other along an axis",
    text="X̄ += its part of Ȳ",
    each=_own_slice,
    promotes=True,
    batch=lambda size, args, flags, *, axis, cuts: concatenate_(
        *[a if flag else broadcast_to(a, shape=(size, *a.shape)) for a, flag in zip(args, flags, strict=True)],
        axis=axis + 1,
        cuts=cuts,
    ),
    samples=lambda r: [
        Sample((r(2, 3), r(1, 3), r(2, 3)), {"axis": 0, "cuts": (0, 2, 3, 5)}),
        Sample((r(2, 1), r(2, 2)), {"axis": 1, "cuts": (0, 1, 3)}),
    ],
)


def joined(parts: Sequence[Any], axis: int) -> Any:
    """Tensors or arrays one after the other along an axis that all have, given as a number below their `ndim`."""
    return concatenate_(*parts, axis=axis, cuts=tuple(itertools.accumulate([p.shape[axis] for p in parts], initial=0)))


def operand(value: Any, *beside: Any) -> Any:
    """A Tensor of anything that isn't one, or an array: Python's numbers, and nested lists that may hold Tensors.

    Numbers take the precision of what they stand `beside`, rather than widening it or being rounded first.
    """
    if isinstance(value, Tensor | np.ndarray):
        return value
    if isinstance(value, list | tuple) and _holds_tensors(value):
        return stack(value)
    precise = [x.dtype for x in beside if isinstance(x, Tensor | np.ndarray) and x.dtype.kind in "fc"]
    if isinstance(value, np.generic):
        if not precise:
            return as_value(value)
        value = value.item()
    if not precise:
        return tensor_of(value)
    try:
        found = np.asarray(value).dtype
    except ValueError as error:
        raise ShapeError(f"can't make a tensor of {str(value)[:60]!r}: {error}") from None
    if found.kind not in "fc":
        return tensor_of(value)
    real = np.finfo(np.result_type(*precise)).dtype
    return Tensor(value, dtype=np.result_type(real, np.complex64) if found.kind == "c" else real)


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, list | tuple) and any(map(_holds_tensors, value)))


def operands(values: Any, dtype: Any, casting: str, name: str) -> list[Any]:
    """The arguments of a join, at least one, in `dtype` if that is given and `casting` allows it."""
    given = [x if isinstance(x, Tensor | np.ndarray) else operand(x, *values) for x in values]
    if not given:
        raise ShapeError(f"{name}: needs at least one tensor, got none.")
    if dtype is None:
        return given
    for x in given:
        if not np.can_cast(x.dtype, dtype, casting):  # type: ignore[arg-type]  # a string, as NumPy's callers give it
            raise DTypeError(f"{name}: can't cast {x.dtype} to {np.dtype(dtype)} by the rule casting={casting!r}.")
    return [as_value(x).to(dtype) for x in given]


@implements(np.concatenate, np.concat)
def concatenate(arrays: Any, axis: Any = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """The tensors one after the other along `axis`, None to flatten them first."""
    parts = operands(arrays, dtype, casting, "concatenate")
    if axis is None:
        parts, axis = [ravel(p) for p in parts], 0
    if any(p.ndim == 0 for p in parts):
        raise ShapeError("concatenate: 0-d tensors have no axis to join along; use stack.")
    at = one_axis(axis, parts[0].ndim, "concatenate")
    if any(p.ndim != parts[0].ndim for p in parts):
        raise ShapeError(f"concatenate: needs tensors with the same axes, got shapes {[p.shape for p in parts]}.")
    return joined(parts, at)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Tensors of one shape, joined along a new axis."""
    parts = operands(arrays, dtype, casting, "stack")
    shapes = {p.shape for p in parts}
    if len(shapes) != 1:
        raise ShapeError(f"stack: needs tensors of one shape, got {sorted(shapes)}.")
    place = one_axis(axis, parts[0].ndim + 1, "stack")
    shape = (*parts[0].shape[:place], 1, *parts[0].shape[place:])
    return joined([reshape(p, shape=shape) for p in parts], place)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Joined along the first axis; 1-D tensors are rows."""
    return concatenate([atleast_2d(operand(x, *tup)) for x in tup], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Joined along the second axis, or the first of 1-D tensors."""
    parts = [atleast_1d(operand(x, *tup)) for x in tup]
    axis = 0 if parts and parts[0].ndim == 1 else 1
    return concatenate(parts, axis, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    """Joined along the third axis."""
    return concatenate([atleast_3d(operand(x, *tup)) for x in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Joined along the second axis; 1-D tensors are columns."""
    parts = [operand(x, *tup) for x in tup]
    return concatenate([transposed(atleast_2d(p)) if p.ndim < 2 else p for p in parts], 1)


@implements(np.block)
def block(arrays: Any) -> Any:
    """A tensor put together from nested lists of blocks: the innermost lists join along the last axis, and so on outwards."""
    depth = _depth(arrays, ())
    blocks = _blocks(arrays)
    ndim = max(depth, *(np.ndim(b) for b in blocks))

    def put_together(part: Any, level: int) -> Any:
        if level == depth:
            x = operand(part, *blocks)
            return reshape(x, shape=(1,) * (ndim - x.ndim) + x.shape)
        return concatenate([put_together(p, level + 1) for p in part], ndim - depth + level)

    return put_together(arrays, 0) if depth else copied(operand(arrays))


def _depth(part: Any, path: tuple[int, ...]) -> int:
    if isinstance(part, tuple):
        raise DTypeError(f"block: the nested lists hold a tuple at {list(path)}; only lists nest blocks.")
    if not isinstance(part, list):
        return 0
    depths = {_depth(p, (*path, i)) for i, p in enumerate(part)}
    if len(depths) != 1:
        what = f"lists of depths {sorted(depths)}" if depths else "nothing"
        raise ShapeError(f"block: the list at {list(path)} holds {what}; every block must be nested equally deep.")
    return 1 + depths.pop()


def _blocks(part: Any) -> list[Any]:
    return [block for p in part for block in _blocks(p)] if isinstance(part, list) else [part]


# -- into the middle -----------------------------------------------------------------------------------------------


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`values` behind `arr` along `axis`; both flattened if None."""
    return concatenate([arr, values], axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """`arr` with `values` before the positions `obj` along `axis` (of the flattened tensor if None), in the dtype of `arr`."""
    arr = as_value(operand(arr))
    if axis is None:
        arr, axis = ravel(arr), 0
    at = one_axis(axis, arr.ndim, "insert")
    n = arr.shape[at]
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    if places.dtype.kind == "b":
        places = np.flatnonzero(places)
    if places.ndim > 1:
        raise ShapeError(f"insert: the positions must be a number, a slice or 1-D, got shape {places.shape}.")
    if places.size and (places.min() < -n or places.max() > n):
        raise IndexError(f"insert: positions {places.tolist()} are out of range for axis {axis} of length {n}.")
    new = as_value(operand(values, arr)).to(arr.dtype)
    count = places.size
    if count == 1:  # any number of values before one position; a plain number lays them along the axis's front
        new = reshape(new, shape=(1,) * (arr.ndim - new.ndim) + new.shape)
        new = new if places.ndim else moveaxis(new, 0, at)
        count = new.shape[at]
    shape = (*arr.shape[:at], count, *arr.shape[at + 1 :])
    order = np.insert(
        np.arange(n), np.ravel(places)[0] if places.size == 1 else places.astype(int), n + np.arange(count)
    )
    both = joined([arr, broadcast_to(new, shape=shape)], at)
    return both[(*(slice(None),) * at, order)]


# -- r_ and c_ -----------------------------------------------------------------------------------------------------


class _Joiner:
    """NumPy's syntax of `np.r_[...]`, which can't reach a Tensor there: tensors, numbers, and slices as ranges."""

    def __init__(self, name: str, axis: int, ndim: int, place: int) -> None:
        self.name = name
        self.how = (axis, ndim, place)

    def __repr__(self) -> str:
        return f"<joins tensors by {self.name}[...]>"

    def __getitem__(self, key: Any) -> Any:
        parts = list(key) if isinstance(key, tuple) else [key]
        axis, ndim, place = self.how
        matrix = ""
        if parts and isinstance(parts[0], str):
            directive, *parts = parts
            if directive in ("r", "c"):
                matrix = directive
            else:
                axis, ndim, place = self._directive(directive)
        given = [self._part(p, parts, ndim, place) for p in parts]
        if matrix:
            return transposed(atleast_2d(concatenate(given))) if matrix == "c" else atleast_2d(concatenate(given))
        return concatenate(given, axis)

    def _directive(self, text: str) -> tuple[int, int, int]:
        try:
            numbers = [int(n) for n in text.split(",")]
        except ValueError:
            numbers = []
        if not 1 <= len(numbers) <= 3:
            raise ShapeError(f"{self.name}[{text!r}, ...]: expected 'r', 'c', or one to three integers as in '0,2,1'.")
        return (*numbers, *self.how[len(numbers) :])  # type: ignore[return-value]

    def _part(self, part: Any, beside: Any, ndim: int, place: int) -> Any:
        if isinstance(part, slice):
            start, stop, step = part.start or 0, part.stop, 1 if part.step is None else part.step
            spaced = isinstance(step, complex)  # a number of points, as in 0:1:5j
            points = np.linspace(start, stop, int(abs(step))) if spaced else np.arange(start, stop, step)
            part = points.tolist()  # Python's numbers, which don't widen the tensors beside them
        x = operand(part, *beside)
        return _raised(x if x.ndim else reshape(x, shape=(1,)), ndim, place)


def _raised(x: Any, ndim: int, place: int) -> Any:
    """`x` with ones around its axes until it has `ndim`; its own start at `place` among them, −1 for last."""
    missing = ndim - x.ndim
    if missing <= 0:
        return x
    before = min(place, missing) if place >= 0 else max(place + missing + 1, 0)
    return reshape(x, shape=(1,) * before + x.shape + (1,) * (missing - before))


r_ = _Joiner("r_", 0, 1, -1)
"""`r_[a, 0.0, 1:5]`: along the first axis; `r_['0,2', a, b]` names axis, least number of axes, and where theirs start."""
c_ = _Joiner("c_", -1, 2, 0)
"""`c_[a, b]`: as columns."""
