"""`np.pad` in all its modes: a border of constants, of the edge, of reflections, of statistics, or what a function writes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.einsum import tensordot
from tinygrad_edu.ops.join import joined, operand, stack
from tinygrad_edu.ops.shape import broadcast_to, copied, moveaxis, reshape
from tinygrad_edu.ops.split import along

Widths = tuple[tuple[int, int], ...]


def _inside(shape: tuple[int, ...], widths: Widths) -> tuple[slice, ...]:
    return tuple(slice(lo, lo + n) for (lo, _), n in zip(widths, shape, strict=True))


def _pad(x: Any, *, widths: Widths) -> Any:
    y = np.zeros([n + lo + hi for n, (lo, hi) in zip(x.shape, widths, strict=True)], x.dtype)
    y[_inside(x.shape, widths)] = x
    return y


pad_: Op = linear(
    "pad",
    _pad,
    lambda y_bar, x, *, widths: y_bar[_inside(x.shape, widths)],
    math="y = x with zeros around it",
    text="X̄ += Ȳ without the border",
    batch=lambda size, args, flags, *, widths: pad_(*args, widths=((0, 0), *widths)),
    samples=lambda r: [Sample((r(2, 3),), {"widths": ((1, 2), (0, 1))})],
)

_KEYWORDS: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": 0},
    "edge": {},
    "empty": {},
    "linear_ramp": {"end_values": 0},
    "maximum": {"stat_length": None},
    "mean": {"stat_length": None},
    "median": {"stat_length": None},
    "minimum": {"stat_length": None},
    "reflect": {"reflect_type": "even"},
    "symmetric": {"reflect_type": "even"},
    "wrap": {},
}
"""The keyword of each mode, with its default."""

_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max,
    "mean": np.mean,
    "median": np.median,
    "minimum": np.min,
}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """`array` with a border of `pad_width`, one axis after the other, filled as `mode` says: all of NumPy's modes.

    `constant_values` and `end_values` may be tensors to be differentiated. A callable `mode` writes each border in
    place, as in NumPy.
    """
    widths = _widths(pad_width, array.ndim)
    if callable(mode):
        return _by_function(array, widths, mode, kwargs)
    if mode not in _KEYWORDS:
        raise UnsupportedError(f"pad: unknown mode {mode!r}; use one of {', '.join(_KEYWORDS)}, or a function.")
    if unknown := sorted(set(kwargs) - set(_KEYWORDS[mode])):
        takes = ", ".join(_KEYWORDS[mode]) or "none"
        raise UnsupportedError(f"pad: mode={mode!r} doesn't take the keywords {unknown} (it takes {takes}).")
    setting = next(iter({**_KEYWORDS[mode], **kwargs}.values()), None)
    if mode == "empty" or (mode == "constant" and isinstance(setting, int | float) and setting == 0):
        return pad_(array, widths=widths)
    if mode in ("linear_ramp", "mean", "median") and array.dtype.kind not in "fc":
        raise UnsupportedError(
            f"pad: mode={mode!r} of {array.dtype} would round; convert the tensor first, e.g. x.float()."
        )
    if not any(map(any, widths)):
        return copied(array)
    for axis, (lo, hi) in enumerate(widths):
        if lo or hi:
            if not array.shape[axis] and mode != "constant":
                raise ShapeError(
                    f"pad: mode={mode!r} has nothing to go by along the empty axis {axis} of {array.shape}."
                )
            array = joined(_bordered(array, axis, lo, hi, mode, setting), axis)
    return array


def _widths(given: Any, ndim: int) -> Widths:
    if isinstance(given, dict):
        pairs: Any = [(0, 0)] * ndim
        for axis, width in given.items():
            pairs[axis] = (width, width) if np.ndim(width) == 0 else width
        given = pairs
    widths = np.asarray(given)
    if widths.dtype.kind not in "iu":
        raise ShapeError(f"pad: pad_width must be integers, got {given!r}.")
    if widths.min(initial=0) < 0:
        raise ShapeError(f"pad: pad_width can't be negative, got {given!r}.")
    return tuple((int(a), int(b)) for a, b in _pairs(widths, ndim, "pad_width"))


def _pairs(given: Any, ndim: int, name: str) -> Any:
    """A setting for both sides of each axis: given as one, as a pair for all, or in full."""
    try:
        return np.broadcast_to(given, (ndim, 2))
    except (ShapeError, ValueError):
        raise ShapeError(
            f"pad: {name} of shape {np.shape(given)} isn't one, a pair, or a pair for each of {ndim} axes."
        ) from None


def _bordered(x: Any, axis: int, lo: int, hi: int, mode: str, setting: Any) -> list[Any]:
    """`x` between its borders along one axis."""
    n = x.shape[axis]
    if mode in ("wrap", "reflect", "symmetric") and setting in ("even", None):
        index = np.pad(np.arange(n), (lo, hi), mode=mode)  # type: ignore[call-overload]  # a mode, as a plain str
        return [x[along(axis, index[:lo])], x, x[along(axis, index[lo + n :])]]
    if mode in ("reflect", "symmetric"):
        if setting != "odd":
            raise UnsupportedError(f"pad: reflect_type must be 'even' or 'odd', not {setting!r}.")
        weights = np.pad(np.eye(n, dtype=x.dtype), ((lo, hi), (0, 0)), mode=mode, reflect_type="odd")  # type: ignore[call-overload]
        sides = [moveaxis(tensordot(w, x, ([1], [axis])), 0, axis) for w in (weights[:lo], weights[lo + n :])]
        return [sides[0], x, sides[1]]
    if mode in _STATISTICS:
        lengths = np.broadcast_to(np.array(setting, object), (x.ndim, 2))[axis]
        sides = [
            _STATISTICS[mode](_end(x, axis, side, length), axis=axis, keepdims=True)
            for side, length in enumerate(lengths)
        ]
        return [_repeated(sides[0], x, axis, lo), x, _repeated(sides[1], x, axis, hi)]
    if mode == "edge":
        return [_repeated(_end(x, axis, 0, 1), x, axis, lo), x, _repeated(_end(x, axis, 1, 1), x, axis, hi)]
    values = _pairs(operand(setting, x), x.ndim, "constant_values" if mode == "constant" else "end_values")[axis]
    before, after = (as_value(values[side]).to(x.dtype) for side in (0, 1))
    if mode == "constant":
        return [_repeated(before, x, axis, lo), x, _repeated(after, x, axis, hi)]
    return [
        _ramp(before, _end(x, axis, 0, 1), axis, lo, outwards=False),
        x,
        _ramp(after, _end(x, axis, 1, 1), axis, hi, outwards=True),
    ]


def _end(x: Any, axis: int, side: int, length: int | None) -> Any:
    """The first (side 0) or last `length` slices along an axis, all of them if None."""
    n = x.shape[axis]
    if length is not None and length < 1:
        raise ShapeError(f"pad: stat_length must be at least 1, not {length}.")
    size = n if length is None else min(length, n)
    return x[along(axis, slice(n - size, n) if side else slice(0, size))]


def _repeated(value: Any, x: Any, axis: int, width: int) -> Any:
    return broadcast_to(value, shape=(*x.shape[:axis], width, *x.shape[axis + 1 :]))


def _ramp(value: Any, edge: Any, axis: int, width: int, outwards: bool) -> Any:
    """From `edge` to `value` in `width` equal steps, the last of which reaches it."""
    steps = np.arange(width, dtype=edge.dtype.char.lower()) / max(width, 1)
    steps = np.reshape(steps[::-1] if outwards else steps, (width,) + (1,) * (edge.ndim - 1 - axis))
    return value + steps * (edge - value)


def _by_function(x: Any, widths: Widths, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    x = pad_(x, widths=widths)
    for axis, pair in enumerate(widths):
        moved = moveaxis(x, axis, -1)
        rows = []
        for vector in reshape(moved, shape=(math.prod(moved.shape[:-1]), moved.shape[-1])):
            rows.append(copied(vector))
            function(rows[-1], pair, axis, kwargs)  # which writes in place
        x = moveaxis(reshape(stack(rows), shape=moved.shape), -1, axis)
    return x
