"""Reductions: sum, prod, max, min, logsumexp; mean, var, std and norm composed of them; argmax, argmin, all, any.

Ignoring NaNs is in `nan.py`, medians and quantiles in `quantile.py`, weighted averages and covariances in
`statistics.py`, running sums in `scan.py`.
"""

from __future__ import annotations

import builtins  # the functions here take the names of some
import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, linear, primitive, unbroadcast
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops._axes import kept_shape, many_axes, one_axis, shifted
from tinygrad_edu.ops._numpy import implements
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
        hit = e.cast(x == _keep(y, x, axis, keepdims), dtype=x.dtype)
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
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
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
    complex=False,
    samples=_reduction_samples,
    reference=lambda x, *, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
)

# -- what the functions below share --------------------------------------------------------------------------------


def refuse_complex(x: Any, name: str) -> None:
    """DTypeError for complex numbers, which have no order."""
    if x.dtype.kind == "c":
        raise DTypeError(f"{name}: complex numbers have no order, got {x.dtype}. Use abs(x), x.real or x.imag of them.")


def in_dtype(x: Any, dtype: Any) -> Any:
    """`x` in the dtype asked for with `dtype=`; None leaves it."""
    if dtype is None or x.dtype == np.dtype(dtype):
        return x
    wanted = np.dtype(dtype)
    return e.cast(x, dtype=wanted) if wanted.kind in "fc" else e.to_integer(x, dtype=wanted)


def masked(x: Any, mask: Any, fill: Any, name: str) -> Any:
    """`x` with `fill` where `where=` excludes an element, which then has no derivative and hides no NaN."""
    return x if mask is True else e.where(as_mask(x, mask, name), x, fill)


def as_mask(x: Any, mask: Any, name: str) -> Any:
    """What was given as `where=`: truth values that broadcast to `x`."""
    mask = mask if isinstance(mask, Tensor) else np.asarray(mask)
    if mask.dtype.kind != "b":
        raise DTypeError(f"{name}: where= takes booleans, not {mask.dtype}. Compare first, e.g. where=w != 0.")
    try:
        fits = np.broadcast_shapes(mask.shape, x.shape) == tuple(x.shape)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}: where= of shape {mask.shape} doesn't broadcast to the shape {x.shape} of the values."
        )
    return mask


def count(x: Any, axes: tuple[int, ...], mask: Any, name: str, *, keepdims: bool = False) -> Any:
    """How many values a reduction over `axes` takes: a number, or with `where=` a count for each result."""
    if mask is True:
        return math.prod([x.shape[a] for a in axes])
    return sum_(broadcast_to(as_mask(x, mask, name), shape=tuple(x.shape)), axis=axes, keepdims=keepdims)


# -- what users call -----------------------------------------------------------------------------------------------


@implements(np.sum, (np.add, "reduce"))
def sum(
    x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The sum over `axis` (an int, a tuple, None for all) of the elements `where` true. Integers and booleans sum as int64."""
    axes = many_axes(axis, x.ndim, "sum")
    y = sum_(masked(in_dtype(x, dtype), where, 0, "sum"), axis=axes, keepdims=bool(keepdims))
    return y if initial is None else y + initial


@implements(np.mean)
def _numpy_mean(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    axes = many_axes(axis, x.ndim, "mean")
    total = sum(masked(x, where, 0, "mean"), axes, dtype, keepdims=keepdims)
    return total / count(x, axes, where, "mean", keepdims=keepdims)


def mean(x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The mean over `axis`. Raises DTypeError for integers, as PyTorch does (`np.mean` takes them)."""
    if dtype is None:
        _refuse_integers(x, "mean")
    return _numpy_mean(x, axis, dtype, keepdims=keepdims)


def _refuse_integers(x: Any, name: str) -> None:
    if x.dtype.kind not in "fc":
        raise DTypeError(f"{name}: needs a floating or complex dtype, got {x.dtype}; convert it first, e.g. x.float().")


@implements(np.var)
def _numpy_var(
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    if correction is not None and ddof:
        raise ConfigError("var: ddof and correction are two names of one thing; give one of them.")
    axes = many_axes(axis, x.ndim, "var")
    if dtype is None and x.dtype.kind not in "fc":
        dtype = get_default_dtype()
    x = masked(in_dtype(x, dtype), where, 0, "var")
    middle = _numpy_mean(x, axes, keepdims=True, where=where) if mean is None else mean
    centred = masked(x - middle, where, 0, "var")
    square = np.real(np.conjugate(centred) * centred) if x.dtype.kind == "c" else centred * centred
    freedom = count(x, axes, where, "var", keepdims=keepdims) - (ddof if correction is None else correction)
    freedom = builtins.max(freedom, 0) if where is True else np.maximum(freedom, 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # as in PyTorch, too few values are no error
        return sum(square, axes, keepdims=keepdims) / freedom


@implements(np.std)
def _numpy_std(x: Any, axis: Any = None, dtype: Any = None, **keywords: Any) -> Any:
    return _root(_numpy_var(x, axis, dtype, **keywords))


def var(x: Any, axis: Any = None, *, correction: float = 1, keepdims: bool = False) -> Any:
    """The variance over `axis`, divided by n − `correction`; of complex numbers that of |x − mean|, which is real."""
    _refuse_integers(x, "var")
    return _numpy_var(x, axis, correction=correction, keepdims=keepdims)


def std(x: Any, axis: Any = None, *, correction: float = 1, keepdims: bool = False) -> Any:
    """The standard deviation over `axis`: the root of `var`, whose derivative at zero spread is taken as zero."""
    _refuse_integers(x, "std")
    return _root(_numpy_var(x, axis, correction=correction, keepdims=keepdims))


def norm(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The Euclidean norm over `axis`; its derivative at zero is zero."""
    return _root(
        sum(e.multiply(e.absolute(x), e.absolute(x)) if x.dtype.kind == "c" else x * x, axis, keepdims=keepdims)
    )


def _root(square: Any) -> Any:
    """√square, with the derivative zero at zero."""
    positive = square > 0
    return e.where(positive, e.sqrt(e.where(positive, square, 1.0)), e.where(positive, 0.0, square))


@implements(np.max, np.amax)
def max(x: Any, axis: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """The largest value over `axis`; its derivative is shared equally among ties."""
    return _extreme("max", x, axis, keepdims, initial, where)


@implements(np.min, np.amin)
def min(x: Any, axis: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """The smallest value over `axis`; its derivative is shared equally among ties."""
    return _extreme("min", x, axis, keepdims, initial, where)


def _extreme(name: str, x: Any, axis: Any, keepdims: bool, initial: Any, mask: Any) -> Any:
    refuse_complex(x, name)
    axes = many_axes(axis, x.ndim, name)
    if initial is None and mask is not True:
        raise ShapeError(f"{name}: with where= there may be nothing to take the {name} of; give initial= as well.")
    op, pairwise = (max_, e.maximum) if name == "max" else (min_, e.minimum)
    if builtins.any(x.shape[a] == 0 for a in axes):
        if initial is None:
            raise ShapeError(f"{name}: shape {x.shape} has no values along axis {axis}, so there is no {name} to take.")
        y = sum_(x, axis=axes, keepdims=bool(keepdims))  # zeros, of the shape and dtype of the result
        return y + initial
    y = op(masked(x, mask, outermost(x.dtype, name), name), axis=axes, keepdims=bool(keepdims))
    return y if initial is None else pairwise(y, initial)


def outermost(dtype: Any, name: str) -> Any:
    """What can't be the max (or min) among others of this dtype."""
    if dtype.kind == "f":
        return -np.inf if name == "max" else np.inf
    if dtype.kind == "b":
        return name != "max"
    limits = np.iinfo(dtype)
    return limits.min if name == "max" else limits.max


@implements((np.maximum, "reduce"))
def _maximum_reduce(x: Any, axis: Any = 0, dtype: Any = None, **keywords: Any) -> Any:
    return max(in_dtype(x, dtype), axis, **keywords)


@implements((np.minimum, "reduce"))
def _minimum_reduce(x: Any, axis: Any = 0, dtype: Any = None, **keywords: Any) -> Any:
    return min(in_dtype(x, dtype), axis, **keywords)


@implements(np.ptp)
def ptp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The range of values over `axis`: the largest minus the smallest."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


@implements(np.prod, (np.multiply, "reduce"))
def prod(
    x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The product over `axis`.

    Pairs are multiplied until one is left: ⌈log₂ n⌉ elementwise products, whose derivatives are right at zeros to every
    order.
    """
    if dtype is None and x.dtype.kind in "biu" and x.dtype.itemsize < 8:
        dtype = np.uint64 if x.dtype.kind == "u" else np.int64  # as NumPy, whose sums are wide as well
    x = masked(in_dtype(x, dtype), where, 1, "prod")
    axes = many_axes(axis, x.ndim, "prod")
    shape = kept_shape(x.shape, axes)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    n = math.prod([x.shape[a] for a in axes])
    x = np.reshape(np.transpose(x, (*axes, *rest)), (n, *(x.shape[a] for a in rest)))
    if n == 0:
        x, n = sum_(x, axis=(0,), keepdims=True) + 1, 1
    while n > 1:
        half = n // 2
        pairs = e.multiply(x[:half], x[half : 2 * half])
        x = np.concatenate([pairs, x[2 * half :]]) if n % 2 else pairs
        n -= half
    y = reshape(x, shape=shape if keepdims else tuple(shape[a] for a in rest))
    return y if initial is None else y * initial


def logsumexp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """ln Σ eˣ over `axis`, without overflow."""
    return logsumexp_(x, axis=many_axes(axis, x.ndim, "logsumexp"), keepdims=bool(keepdims))


@implements((np.logaddexp, "reduce"))
def _logaddexp_reduce(
    x: Any, axis: Any = 0, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    y = logsumexp(masked(in_dtype(x, dtype), where, -np.inf, "logaddexp.reduce"), axis, keepdims=keepdims)
    return y if initial is None else np.logaddexp(initial, y)


@implements(np.count_nonzero, derivative="none")
def count_nonzero(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """How many elements over `axis` aren't zero."""
    return sum(x != 0, axis, keepdims=keepdims)


def _arg(name: str, function: Any) -> Any:
    def arg(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        refuse_complex(x, name)
        return op(x, axis=None if axis is None else one_axis(axis, x.ndim, name), keepdims=bool(keepdims))

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
    return implements(function, derivative="none")(arg)


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

    def truth(x: Any, axis: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
        kept = x if where is True else masked(x != 0, where, name == "all", name)
        return op(kept, axis=many_axes(axis, x.ndim, name), keepdims=bool(keepdims))

    truth.__name__, truth.__doc__ = name, f"Whether {name} of the elements over `axis` are true."
    return implements(getattr(np, name), (function, "reduce"), derivative="none")(truth)


all = _truth("all", np.logical_and, "y = x₁ ∧ x₂ ∧ …")
any = _truth("any", np.logical_or, "y = x₁ ∨ x₂ ∨ …")
