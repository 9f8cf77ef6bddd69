"""Reductions: sum, max, min, logsumexp as ops; mean, var, std and prod composed of them."""

from __future__ import annotations

import builtins  # the functions here take the names of some
import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, linear, primitive, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops._axes import kept_shape, many_axes, one_axis, shifted
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.elementwise import absolute, cast, multiply, sqrt, where
from tinygrad_edu.ops.shape import broadcast_to, reshape


def _reduction_samples(r: Any) -> list[Sample]:
    return [
        Sample((r(3, 4),), {"axis": (0, 1), "keepdims": False}),
        Sample((r(2, 3, 4),), {"axis": (1,), "keepdims": False}),
        Sample((r(2, 3),), {"axis": (0,), "keepdims": True}),
        Sample((r(),), {"axis": (), "keepdims": False}),
    ]


def _shift_axes(op: Any) -> Any:
    def batch(size: int, args: list[Any], flags: list[bool], *, axis: tuple[int, ...], keepdims: bool) -> Any:
        return op()(*args, axis=shifted(axis), keepdims=keepdims)

    return batch


def _stretch(g: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """Spread a reduced value back over the axes that were reduced."""
    if not keepdims and g.ndim != x.ndim:
        g = np.reshape(g, kept_shape(x.shape, axis))
    return broadcast_to(g, shape=x.shape)


def _keep(v: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return v if keepdims or v.ndim == x.ndim else np.reshape(v, kept_shape(x.shape, axis))


sum_: Op = linear(
    "sum",
    lambda x, *, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda y_bar, x, *, axis, keepdims: _stretch(y_bar, x, axis, keepdims),
    math="y = Σᵢ xᵢ over the given axes",
    text="X̄ += Ȳ spread over the summed axes",
    cost=lambda y, x, **_: x.size,
    batch=_shift_axes(lambda: sum_),
    samples=_reduction_samples,
)


def _extremum(name: str, function: np.ufunc, math: str) -> Op:
    def share(x: Any, y: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
        """One over the number of ties at each place that holds the extremum, zero elsewhere."""
        hit = cast(x == _keep(y, x, axis, keepdims), dtype=x.dtype)
        return hit / np.sum(hit, axis=axis, keepdims=True)

    def push(x_dot: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        return np.sum(share(x, y, axis, keepdims) * x_dot, axis=axis, keepdims=keepdims)

    def pull(y_bar: Any, y: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
        return share(x, y, axis, keepdims) * _keep(y_bar, x, axis, keepdims)

    op: Op = primitive(
        name,
        lambda x, *, axis, keepdims: function.reduce(x, axis=axis, keepdims=keepdims),
        Given("X̄ += Ȳ where x = y, shared among ties", push, pull, reads=["y", 0]),
        math=math,
        cost=lambda y, x, **_: x.size,
        batch=_shift_axes(lambda: op),
        samples=_reduction_samples,
    )
    return op


max_ = _extremum("max", np.maximum, "y = maxᵢ xᵢ over the given axes")
min_ = _extremum("min", np.minimum, "y = minᵢ xᵢ over the given axes")


def _logsumexp(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # an infinite maximum would make ∞ − ∞
    with np.errstate(divide="ignore"):
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else y.reshape(np.add.reduce(x, axis=axis).shape)


def _softmax_of(y: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.exp(x - _keep(y, x, axis, keepdims))


logsumexp_: Op = primitive(
    "logsumexp",
    _logsumexp,
    Given(
        "X̄ += Ȳ · softmax(x)",
        lambda x_dot, y, x, *, axis, keepdims: np.sum(
            _softmax_of(y, x, axis, keepdims) * x_dot, axis=axis, keepdims=keepdims
        ),
        lambda y_bar, y, x, *, axis, keepdims: _softmax_of(y, x, axis, keepdims) * _keep(y_bar, x, axis, keepdims),
        reads=["y", 0],
    ),
    math="y = ln Σᵢ e^(xᵢ), computed without overflow",
    cost=lambda y, x, **_: 4 * x.size,
    batch=_shift_axes(lambda: logsumexp_),
    floating=True,
    samples=_reduction_samples,
    reference=lambda x, *, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
)

# -- what users call -----------------------------------------------------------------------------------------------


@implements(np.sum, (np.add, "reduce"))
def sum(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The sum over `axis` (an int, a tuple, None for all). Integers and booleans sum as int64."""
    axis = many_axes(axis, x.ndim, "sum")
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = cast(x, dtype=np.dtype(dtype))
    return sum_(x, axis=axis, keepdims=bool(keepdims))


@implements(np.mean)
def mean(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The mean over `axis`. Raises DTypeError for integers, as PyTorch does."""
    if dtype is None and x.dtype.kind not in "fc":
        raise DTypeError(f"mean: needs a floating or complex dtype, got {x.dtype}; convert it first, e.g. x.float().")
    axis = many_axes(axis, x.ndim, "mean")
    count = math.prod([x.shape[a] for a in axis])
    return sum(x, axis, dtype, keepdims=keepdims) / count


def var(x: Any, axis: Any = None, *, correction: float = 1, keepdims: bool = False) -> Any:
    """The variance over `axis`, divided by n − `correction`."""
    axis = many_axes(axis, x.ndim, "var")
    count = math.prod([x.shape[a] for a in axis])
    centred = x - mean(x, axis, keepdims=True)
    # As in PyTorch, a variance of too few values is NaN rather than an error.
    freedom = builtins.max(count - correction, 0)
    return sum(centred * centred, axis, keepdims=keepdims) * (1 / freedom if freedom else np.nan)


def std(x: Any, axis: Any = None, *, correction: float = 1, keepdims: bool = False) -> Any:
    """The standard deviation over `axis`: the root of `var`, whose derivative at zero spread is taken as zero."""
    spread = var(x, axis, correction=correction, keepdims=keepdims)
    positive = spread > 0
    return where(positive, sqrt(where(positive, spread, 1.0)), where(positive, 0.0, spread))


@implements(np.var)
def _numpy_var(x: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    return var(x, axis, correction=ddof, keepdims=keepdims)


@implements(np.std)
def _numpy_std(x: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    return std(x, axis, correction=ddof, keepdims=keepdims)


@implements(np.max, np.amax, (np.maximum, "reduce"))
def max(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The largest value over `axis`; its derivative is shared equally among ties."""
    return max_(x, axis=_nonempty(x, axis, "max"), keepdims=bool(keepdims))


@implements(np.min, np.amin, (np.minimum, "reduce"))
def min(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The smallest value over `axis`; its derivative is shared equally among ties."""
    return min_(x, axis=_nonempty(x, axis, "min"), keepdims=bool(keepdims))


def _nonempty(x: Any, axis: Any, name: str) -> tuple[int, ...]:
    axes = many_axes(axis, x.ndim, name)
    if builtins.any(x.shape[a] == 0 for a in axes):
        raise ShapeError(f"{name}: shape {x.shape} has no values along axis {axis}, so there is no {name} to take.")
    return axes


@implements(np.prod, (np.multiply, "reduce"))
def prod(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The product over `axis`.

    Pairs are multiplied until one is left: ⌈log₂ n⌉ elementwise products, whose derivatives are right at zeros to every
    order.
    """
    axes = many_axes(axis, x.ndim, "prod")
    shape = kept_shape(x.shape, axes)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    count = math.prod([x.shape[a] for a in axes])
    x = np.reshape(np.transpose(x, (*axes, *rest)), (count, *(x.shape[a] for a in rest)))
    if count == 0:
        x, count = x.sum(0, keepdims=True) + 1, 1
    while count > 1:
        half = count // 2
        pairs = multiply(x[:half], x[half : 2 * half])
        x = np.concatenate([pairs, x[2 * half :]]) if count % 2 else pairs
        count -= half
    y = reshape(x, shape=shape)
    return y if keepdims else reshape(y, shape=tuple(shape[a] for a in rest))


def logsumexp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """ln Σ eˣ over `axis`, without overflow."""
    return logsumexp_(x, axis=many_axes(axis, x.ndim, "logsumexp"), keepdims=bool(keepdims))


def norm(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The Euclidean norm over `axis`; its derivative at zero is zero."""
    square = sum(multiply(absolute(x), absolute(x)) if x.dtype.kind == "c" else multiply(x, x), axis, keepdims=keepdims)
    positive = square > 0
    return where(positive, sqrt(where(positive, square, 1.0)), square)


def _arg(name: str, function: Any) -> Any:
    def arg(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        where_ = None if axis is None else one_axis(axis, x.ndim, name)
        return op(x, axis=where_, keepdims=bool(keepdims))

    def batch(size: int, args: list[Any], flags: list[bool], *, axis: int | None, keepdims: bool) -> Any:
        (x,) = args
        if axis is None:
            y = op(np.reshape(x, (size, -1)), axis=1, keepdims=False)
            return np.reshape(y, (size, *(1 for _ in x.shape[1:]))) if keepdims else y
        return op(x, axis=axis + 1, keepdims=keepdims)

    op: Op = primitive(
        name,
        function,
        None,
        math=f"y = the index of the {name[3:]}imum",
        batch=batch,
        samples=lambda r: [
            Sample((r(3, 4),), {"axis": None, "keepdims": False}),
            Sample((r(3, 4),), {"axis": 1, "keepdims": True}),
        ],
    )
    arg.__name__, arg.__doc__ = name, f"The index of the first {name[3:]}imum over `axis`, or in the flattened tensor."
    return implements(function)(arg)


argmax = _arg("argmax", np.argmax)
argmin = _arg("argmin", np.argmin)


def sum_to_shape(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum `x` down to a shape from which it could have been broadcast."""
    return x if x.shape == tuple(shape) else unbroadcast(x, tuple(shape))


def _truth(name: str, function: np.ufunc, math: str) -> Any:
    op: Op = primitive(
        f"{name}_of",
        lambda x, *, axis, keepdims: function.reduce(x, axis=axis, keepdims=keepdims),
        None,
        math=math,
        batch=lambda size, args, flags, *, axis, keepdims: op(*args, axis=shifted(axis), keepdims=keepdims),
        samples=lambda r: [Sample((r.booleans(2, 3),), {"axis": (1,), "keepdims": False})],
    )

    def truth(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return op(x, axis=many_axes(axis, x.ndim, name), keepdims=bool(keepdims))

    truth.__name__, truth.__doc__ = name, f"Whether {name} of the elements over `axis` are true."
    return truth


all = implements(np.all)(_truth("all", np.logical_and, "y = x₁ ∧ x₂ ∧ …"))
any = implements(np.any)(_truth("any", np.logical_or, "y = x₁ ∨ x₂ ∨ …"))
