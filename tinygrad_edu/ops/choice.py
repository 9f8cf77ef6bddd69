"""Choosing between values, element by element: the larger, the one that a condition, an index or a piece selects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.engine.levels import Batched
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.ops._numpy import implements


def _above(a: Any, b: Any, *, tie: float) -> Any:
    dtype = np.result_type(a, b)
    return ((a > b) + (tie * (a == b)).astype(dtype) if tie else a > b).astype(dtype)


above: Op = elementwise(
    "above",
    _above,
    D("0", 0),
    D("0", 0),
    math="y = 1 where a > b, `tie` where a = b, 0 elsewhere",
    cost=2,
    samples=lambda r: [Sample((r(3), r(2, 3)), {"tie": 0.5}), Sample((r(3), 0.3), {"tie": 0.0})],
)
maximum = elementwise(
    "maximum",
    np.maximum,
    D("[a > b] + ½[a = b]", lambda y, a, b: above(a, b, tie=0.5), reads=[0, 1]),
    D("[b > a] + ½[a = b]", lambda y, a, b: above(b, a, tie=0.5), reads=[0, 1]),
    math="y = max(a, b)",
    numpy=np.maximum,
)
minimum = elementwise(
    "minimum",
    np.minimum,
    D("[a < b] + ½[a = b]", lambda y, a, b: above(b, a, tie=0.5), reads=[0, 1]),
    D("[b < a] + ½[a = b]", lambda y, a, b: above(a, b, tie=0.5), reads=[0, 1]),
    math="y = min(a, b)",
    numpy=np.minimum,
)
fmax = elementwise(
    "fmax",
    np.fmax,
    D("[a ≥ b]", reads=[0, 1], selects=lambda y, a, b: (a >= b) | np.isnan(b)),
    D("[a < b]", reads=[0, 1], selects=lambda y, a, b: np.logical_not((a >= b) | np.isnan(b))),
    math="y = max(a, b), or the one that isn't NaN",
    numpy=np.fmax,
)
fmin = elementwise(
    "fmin",
    np.fmin,
    D("[a ≤ b]", reads=[0, 1], selects=lambda y, a, b: (a <= b) | np.isnan(b)),
    D("[a > b]", reads=[0, 1], selects=lambda y, a, b: np.logical_not((a <= b) | np.isnan(b))),
    math="y = min(a, b), or the one that isn't NaN",
    numpy=np.fmin,
)
heaviside = elementwise(
    "heaviside",
    np.heaviside,
    D("0", 0),
    D("[x = 0]", reads=[0], selects=lambda y, x, h: x == 0),
    math="y = 0 for x < 0, h for x = 0, 1 for x > 0",
    samples=lambda r: [
        Sample((r(2, 3, low=0.2), r(3))),
        Sample((r(2, 1, low=-2.0, high=-0.2), r(3))),
        Sample((0.0, r(3))),
        Sample((r(low=0.2), r())),
    ],
    floating=True,
    numpy=np.heaviside,
)
clamp = elementwise(
    "clamp",
    lambda x, *, low, high: np.clip(x, low, high),
    D("[low ≤ x ≤ high]", reads=[0], selects=lambda y, x, *, low, high: _within(x, low, high)),
    math="y = min(max(x, low), high)",
    cost=2,
    samples=lambda r: [
        Sample((r(4, 3),), {"low": -0.5, "high": 0.7}),
        Sample((r(4),), {"low": None, "high": 0.1}),
        Sample((r(4),), {"low": 0.1, "high": None}),
    ],
)


def _within(x: Any, low: float | None, high: float | None) -> Any:
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


where = elementwise(
    "where",
    np.where,
    None,
    D("[c]", reads=[0], selects=lambda y, c, a, b: c),
    D("[not c]", reads=[0], selects=lambda y, c, a, b: np.logical_not(c)),
    math="y = a where c, b elsewhere",
    numpy=np.where,
    complex=True,
    samples=lambda r: [
        Sample((r.booleans(2, 3), r(2, 3), r(3))),
        Sample((r.booleans(3), r(), r(2, 1))),
        Sample((r.booleans(2, 3), r(2, 3), 0.0)),
        Sample((r.booleans(2, 3), r.complex(2, 3), r.complex(3))),
    ],
)


@implements(np.where)
def numpy_where(condition: Any, *branches: Any) -> Any:
    """`where`; of a condition alone, the indices of what is true, as `np.nonzero` gives them."""
    return where(condition, *branches) if branches else np.nonzero(condition)


def clip(x: Any, min: Any = None, max: Any = None) -> Any:  # PyTorch's names
    """`x` held between `min` and `max`, numbers or tensors, either of which may be None.

    At a bound the derivative is that of `x`; below and above, that of the bound. Where min > max, the result is `max`.
    """
    if min is None and max is None:
        raise ShapeError("clamp: needs min or max, got neither.")
    if all(bound is None or isinstance(bound, int | float) for bound in (min, max)):
        return clamp(x, low=min, high=max)
    if min is not None:
        x = where((x >= min) | np.isnan(x), x, min)
    return x if max is None else where((x <= max) | np.isnan(x), x, max)


@implements(np.clip)
def numpy_clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    dtype: Any = None,
) -> Any:
    """NumPy's `clip`: as `clip`; without any bounds `a` itself."""
    if not (min is None and max is None) and not (a_min is None and a_max is None):
        raise UnsupportedError("clip: give the bounds as a_min and a_max, or as min and max, not both.")
    a, low, high = as_value(a), a_min if min is None else min, a_max if max is None else max
    a = a if dtype is None else a.to(dtype)
    low, high = (v if v is None or isinstance(v, int | float) else as_value(v) for v in (low, high))
    return np.positive(a) if low is None and high is None else clip(a, low, high)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Of each place, the choice whose condition is the first to be true there, or else `default`."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ShapeError(
            f"select: needs as many conditions as choices, at least one; got {len(condlist)} and {len(choicelist)}."
        )
    conditions = [as_value(c) for c in condlist]
    for i, condition in enumerate(conditions):
        if condition.dtype.kind != "b":
            raise DTypeError(f"select: condition {i} is {condition.dtype}; conditions are booleans, e.g. x > 0.")
    choices = [c if isinstance(c, int | float | complex) else as_value(c) for c in (*choicelist, default)]
    dtype = np.result_type(*[getattr(c, "dtype", c) for c in choices])
    *rest, y = [c if isinstance(c, Tensor) else np.asarray(c, dtype) for c in choices]
    for condition, choice in zip(reversed(conditions), reversed(rest), strict=True):
        y = where(condition, choice, y)
    return y


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """A function in pieces: where a condition holds, the function (or number) at its place in `funclist`; 0 elsewhere.

    One function more than conditions is for what is left. Each gets the elements of its piece, in one axis; under
    `vmap`, where their number differs by example, all of `x`, with an element of the piece in place of those outside.
    """
    x = as_value(x)
    pieces = [as_value(c) for c in ([condlist] if _is_one_condition(condlist, x) else condlist)]
    if len(funclist) == len(pieces) + 1:
        rest = pieces[0]
        for piece in pieces[1:]:
            rest = rest | piece
        pieces.append(~rest)
    if len(funclist) != len(pieces):
        raise ShapeError(
            f"piecewise: with {len(pieces)} conditions there are {len(pieces)} or {len(pieces) + 1} functions, not {len(funclist)}."
        )
    y: Any = np.zeros(x.shape, x.dtype)
    for piece, function in zip(pieces, funclist, strict=True):
        value = _on_piece(x, piece, function, args, kw) if callable(function) else function
        y = where(piece, value, y)
    return y.to(x.dtype)


def _is_one_condition(condlist: Any, x: Any) -> bool:
    """Whether this is a condition instead of a list of them, as NumPy tells: a number, or a list or axis of numbers."""
    if isinstance(condlist, bool | np.bool_) or getattr(condlist, "ndim", 1) == 0:
        return True
    return bool(x.ndim) and not isinstance(condlist[0], list) and getattr(condlist[0], "ndim", 0) == 0


def _on_piece(x: Any, piece: Any, f: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> Any:
    """`f` of the elements where `piece` holds, in their places; whatever elsewhere."""
    if isinstance(piece, Batched):
        inside = np.reshape(x, (-1,))[np.argmax(np.reshape(piece, (-1,)))]
        return f(where(piece, x, inside), *args, **kw)
    chosen = np.flatnonzero(np.broadcast_to(piece.array, x.shape))
    if not chosen.size:
        return 0
    values = as_value(f(np.reshape(x, (-1,))[chosen], *args, **kw))
    places = np.zeros(x.shape, np.intp)
    places.reshape(-1)[chosen] = np.arange(chosen.size)
    return values[places] if values.ndim else values


@implements(np.choose)
def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """From each place i, the element there of `choices[a[i]]`.

    `mode` says what an index out of range does: "raise", "wrap" around or be "clip"ped.
    """
    options = [as_value(c) for c in choices]
    a, n = as_value(a), len(options)
    if mode not in ("raise", "wrap", "clip"):
        raise UnsupportedError(f"choose: mode is 'raise', 'wrap' or 'clip', not {mode!r}.")
    if a.dtype.kind not in "iub":
        raise DTypeError(f"choose: the indices are integers, not {a.dtype}.")
    if mode == "raise" and not a.level and a.array.size and not 0 <= a.array.min() <= a.array.max() < n:
        raise ShapeError(f"choose: an index lies outside of the {n} choices; see mode='wrap' and mode='clip'.")
    a = a % n if mode == "wrap" else np.clip(a, 0, n - 1) if mode == "clip" else a
    y = options[0]
    for k in range(1, n):
        y = where(a == k, options[k], y)
    return np.broadcast_to(y, np.broadcast_shapes(a.shape, y.shape))
