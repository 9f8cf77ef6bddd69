"""Running results along an axis: cumulative sums, products, extrema and log-sum-exps, and a linear recurrence."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, linear, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._found import FOUND, Found
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.rearrange import flip_
from tinygrad_edu.ops.reduce import in_dtype, refuse_complex
from tinygrad_edu.ops.shape import broadcast_to, reshape


def _samples(r: Any) -> list[Sample]:
    return [Sample((r(4),), {"axis": 0}), Sample((r(2, 3, 2),), {"axis": 1}), Sample((r.complex(2, 3),), {"axis": 1})]


def _real_samples(r: Any) -> list[Sample]:
    return _samples(r)[:2]


def _one_further(op: Any) -> Any:
    return lambda size, args, flags, *, axis: op()(*args, axis=axis + 1)


def _part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(*(slice(None),) * axis, slice(start, stop))]


def _edge(x: Any, axis: int, value: float) -> Any:
    """`value` in the place of one element of `axis`."""
    return np.full((*x.shape[:axis], min(1, x.shape[axis]), *x.shape[axis + 1 :]), value, x.dtype)


def _before(x: Any, axis: int, first: float) -> Any:
    """At each place the element before it, `first` at the first."""
    return np.concatenate([_edge(x, axis, first), _part(x, axis, None, -1)], axis=axis)


def _after(x: Any, axis: int) -> Any:
    return np.concatenate([_part(x, axis, 1, None), _edge(x, axis, 0)], axis=axis)


cumsum_: Op = linear(
    "cumsum",
    lambda x, *, axis: np.cumsum(x, axis=axis),
    lambda y_bar, x, *, axis: flip_(cumsum_(flip_(y_bar, axis=(axis,)), axis=axis), axis=(axis,)),
    math="yₖ = x₀ + … + xₖ",
    text="x̄ₖ += ȳₖ + … + ȳₙ",
    cost=lambda y, x, **_: x.size,
    batch=_one_further(lambda: cumsum_),
    samples=_samples,
)

# -- the recurrence in which products and log-sum-exps have their derivatives ----------------------------------------


def _recurrence(a: Any, b: Any, *, axis: int) -> Any:
    # One step after the other: products over windows, which a tree would take, can overflow where the result doesn't.
    a, h = np.moveaxis(a, axis, 0), np.moveaxis(np.array(b, np.result_type(a, b)), axis, 0)
    for k in range(1, len(h)):
        h[k] += a[k] * h[k - 1]
    return np.moveaxis(h, 0, axis)


def _adjoint(a: Any, y_bar: Any, axis: int) -> Any:
    """λ with λₖ = ȳₖ + conj(aₖ₊₁)·λₖ₊₁: the recurrence backwards."""
    a = _after(np.conjugate(a) if a.dtype.kind == "c" else a, axis)
    return flip_(recurrence(flip_(a, axis=(axis,)), flip_(y_bar, axis=(axis,)), axis=axis), axis=(axis,))


def _of_factor(x_bar: Any, x: Any) -> Any:
    """The part of a cotangent that a real factor takes."""
    return np.real(x_bar) if x_bar.dtype.kind == "c" and x.dtype.kind != "c" else x_bar


def _conjugate(x: Any) -> Any:
    return np.conjugate(x) if x.dtype.kind == "c" else x


def _batched_recurrence(size: int, args: list[Any], flags: list[bool], *, axis: int) -> Any:
    full = [x if flag else broadcast_to(x, shape=(size, *x.shape)) for x, flag in zip(args, flags, strict=True)]
    return recurrence(*full, axis=axis + 1)


recurrence: Op = primitive(
    "recurrence",
    _recurrence,
    Given(
        "āₖ += λₖ·hₖ₋₁",
        lambda a_dot, h, a, b, *, axis: recurrence(a, a_dot * _before(h, axis, 0), axis=axis),
        lambda h_bar, h, a, b, *, axis: _of_factor(_adjoint(a, h_bar, axis) * _conjugate(_before(h, axis, 0)), a),
        reads=["y", 0],
    ),
    Given(
        "b̄ₖ += λₖ with λₖ = h̄ₖ + aₖ₊₁·λₖ₊₁",
        lambda b_dot, h, a, b, *, axis: recurrence(a, b_dot, axis=axis),
        lambda h_bar, h, a, b, *, axis: _of_factor(_adjoint(a, h_bar, axis), b),
        reads=[0],
    ),
    math="hₖ = aₖ·hₖ₋₁ + bₖ with h₀ = b₀",
    cost=lambda y, a, b, **_: 2 * y.size,
    promotes=True,
    batch=_batched_recurrence,
    samples=lambda r: [
        Sample((r(4), r(4)), {"axis": 0}),
        Sample((r(2, 3, 2), r(2, 3, 2)), {"axis": 1}),
        Sample((r.complex(3), r.complex(3)), {"axis": 0}),
    ],
)
cumprod_: Op = primitive(
    "cumprod",
    lambda x, *, axis: np.cumprod(x, axis=axis),
    Given(
        "x̄ₖ += λₖ·yₖ₋₁ with λₖ = ȳₖ + xₖ₊₁·λₖ₊₁",  # no division, so right at zeros to every order
        lambda x_dot, y, x, *, axis: recurrence(x, x_dot * _before(y, axis, 1), axis=axis),
        lambda y_bar, y, x, *, axis: _adjoint(x, y_bar, axis) * _conjugate(_before(y, axis, 1)),
        reads=["y", 0],
    ),
    math="yₖ = x₀ · … · xₖ",
    cost=lambda y, x, **_: x.size,
    batch=_one_further(lambda: cumprod_),
    samples=lambda r: [*_samples(r), Sample((np.array([0.7, 0.0, 1.3, 0.0, 2.0]),), {"axis": 0})],
)


def _weight(y: Any, x: Any) -> Any:
    """e^(x − y): the share of the newest element in the sum so far, all of it where both are infinite."""
    same = x == y
    return np.exp(np.where(same, 0, x) - np.where(same, 0, y))


def _share_before(y: Any, axis: int) -> Any:
    """e^(yₖ₋₁ − yₖ): the share of all elements before the newest one."""
    last = _before(y, axis, -np.inf)
    same = last == y
    return np.where(same & (y == -np.inf), 0, np.exp(np.where(same, 0, last) - np.where(same, 0, y)))


logcumsumexp_: Op = primitive(
    "logcumsumexp",
    lambda x, *, axis: np.logaddexp.accumulate(x, axis=axis),
    Given(
        "x̄ₖ += e^(xₖ − yₖ)·λₖ with λₖ = ȳₖ + e^(yₖ − yₖ₊₁)·λₖ₊₁",
        lambda x_dot, y, x, *, axis: recurrence(_share_before(y, axis), _weight(y, x) * x_dot, axis=axis),
        lambda y_bar, y, x, *, axis: _weight(y, x) * _adjoint(_share_before(y, axis), y_bar, axis),
        reads=["y", 0],
    ),
    math="yₖ = ln(e^x₀ + … + e^xₖ), computed without overflow",
    cost=lambda y, x, **_: 4 * x.size,
    floating=True,
    complex=False,
    batch=_one_further(lambda: logcumsumexp_),
    samples=_real_samples,
    reference=lambda x, *, axis: np.log(np.cumsum(np.exp(x), axis=axis)),
)

# -- running extrema -------------------------------------------------------------------------------------------------


def _running(function: np.ufunc, x: Any, axis: int) -> Any:
    best = function.accumulate(x, axis=axis)
    places = np.arange(x.shape[axis]).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return np.maximum.accumulate(np.where((x == best) | (x != x), places, 0), axis=axis)


def _running_index(name: str, function: np.ufunc) -> Op:
    op: Op = primitive(
        f"index_of_{name}",
        lambda x, *, axis: _running(function, x, axis),
        None,
        math=f"y = where the {name[3:]}imum so far was found last",
        batch=_one_further(lambda: op),
        samples=_real_samples,
    )
    return op


index_of_cummax = _running_index("cummax", np.maximum)
index_of_cummin = _running_index("cummin", np.minimum)

# -- what users call -------------------------------------------------------------------------------------------------


def along(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """`x` and the axis to go along, which for None is that of all elements in one row; ShapeError for a 0-d tensor."""
    if axis is None:
        return reshape(x, shape=(int(np.prod(x.shape, dtype=int)),)), 0
    if not x.ndim:
        raise ShapeError(f"{name}: a 0-d tensor has no axis to go along; use axis=None or reshape it.")
    return x, one_axis(axis, x.ndim, name)


@implements(np.cumsum)
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The sums of the first elements along `axis`, None for the flattened tensor. Integers and booleans sum as int64."""
    x, axis = along(in_dtype(x, dtype), axis, "cumsum")
    return cumsum_(x, axis=axis)


@implements(np.cumprod)
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """The products of the first elements along `axis`, None for the flattened tensor; derivatives are right at zeros."""
    x, axis = along(in_dtype(x, dtype), axis, "cumprod")
    return cumprod_(x, axis=axis)


def logcumsumexp(x: Any, axis: int | None = None) -> Any:
    """ln(e^x₀ + … + e^xₖ) for every k along `axis`, without overflow."""
    x, axis = along(x, axis, "logcumsumexp")
    return logcumsumexp_(x, axis=axis)


def cummax(x: Any, axis: int) -> Found:
    """The largest value so far along `axis`, and where it was found (the last of equals, as in PyTorch)."""
    return _extremum("cummax", x, axis)


def cummin(x: Any, axis: int) -> Found:
    """The smallest value so far along `axis`, and where it was found (the last of equals, as in PyTorch)."""
    return _extremum("cummin", x, axis)


def _extremum(name: str, x: Any, axis: int) -> Found:
    refuse_complex(x, name)
    x, axis = along(x, axis, name)
    found = (index_of_cummax if name == "cummax" else index_of_cummin)(x, axis=axis)
    return FOUND[name](take_along_axis(x, found, axis), found)


@implements((np.add, "accumulate"))
def _add_accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    return cumsum(x, axis, dtype)


@implements((np.multiply, "accumulate"))
def _multiply_accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    return cumprod(x, axis, dtype)


@implements((np.logaddexp, "accumulate"))
def _logaddexp_accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    return logcumsumexp(in_dtype(x, dtype), axis)


@implements((np.maximum, "accumulate"), note="at a tie the derivative goes to the last of equals, as PyTorch's cummax")
def _maximum_accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    return cummax(in_dtype(x, dtype), axis).values


@implements((np.minimum, "accumulate"), note="at a tie the derivative goes to the last of equals, as PyTorch's cummin")
def _minimum_accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
    return cummin(in_dtype(x, dtype), axis).values


@implements(np.cumulative_sum)
def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """As `cumsum` along an axis that has to be named if there are several; a zero stands first with `include_initial`."""
    return _cumulative("cumulative_sum", cumsum, 0, x, axis, dtype, include_initial)


@implements(np.cumulative_prod)
def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """As `cumprod` along an axis that has to be named if there are several; a one stands first with `include_initial`."""
    return _cumulative("cumulative_prod", cumprod, 1, x, axis, dtype, include_initial)


def _cumulative(name: str, scan: Any, initial: int, x: Any, axis: int | None, dtype: Any, include: bool) -> Any:
    x = as_value(x)
    if axis is None and x.ndim != 1:
        raise ShapeError(f"{name}: shape {x.shape} has {x.ndim} axes; say with axis= which one to go along.")
    axis = 0 if axis is None else one_axis(axis, x.ndim, name)
    y = scan(x, axis, dtype)
    if not include:
        return y
    first = np.full((*y.shape[:axis], 1, *y.shape[axis + 1 :]), initial, y.dtype)
    return np.concatenate([first, y], axis=axis)


@implements(np.nancumsum)
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumsum`, with zeros in the place of NaNs."""
    return cumsum(e.where(np.isnan(x), 0, x), axis, dtype)


@implements(np.nancumprod)
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """As `cumprod`, with ones in the place of NaNs."""
    return cumprod(e.where(np.isnan(x), 1, x), axis, dtype)
