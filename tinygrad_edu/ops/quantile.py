"""Quantiles, percentiles and medians as NumPy defines them: values of the sorted tensor, or points between two of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, DataError, ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import kept_shape, many_axes
from tinygrad_edu.ops._found import concrete, is_concrete
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.order import argsort_
from tinygrad_edu.ops.scan import cumsum
from tinygrad_edu.ops.shape import broadcast_to
from tinygrad_edu.ops.statistics import aligned_weights


class Between(NamedTuple):
    """A method that interpolates: at which place of the n sorted values a quantile lies, and how far it is then taken
    to be from the value below towards the one above.
    """

    place: Callable[[Any, Any], Any]
    fraction: Callable[[Any], Any] = lambda place: place - np.floor(place)


def _plotting(alpha: float, beta: float) -> Between:
    """Hyndman and Fan (1996), "Sample quantiles in statistical packages": the family of continuous definitions."""
    return Between(lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1)


def _step_at(place: Any, stays: Callable[[Any, Any], Any]) -> Any:
    """The place below, if it `stays` there, or else the one above."""
    below = np.floor(place)
    return np.where(stays(place - below, below), below, below + 1)


BETWEEN = {
    "linear": Between(lambda n, q: (n - 1) * q),
    "weibull": _plotting(0, 0),
    "hazen": _plotting(0.5, 0.5),
    "median_unbiased": _plotting(1 / 3, 1 / 3),
    "normal_unbiased": _plotting(3 / 8, 3 / 8),
    "interpolated_inverted_cdf": _plotting(0, 1),
    "averaged_inverted_cdf": Between(lambda n, q: n * q - 1, lambda p: np.where(p == np.floor(p), 0.5, 1.0)),
    "midpoint": Between(
        lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
        lambda p: np.where(p == np.floor(p), 0.0, 0.5),
    ),
}
AT: dict[str, Callable[[Any, Any], Any]] = {
    "inverted_cdf": lambda n, q: _step_at(n * q - 1, lambda fraction, below: fraction == 0),
    "closest_observation": lambda n, q: _step_at(
        n * q - 1.5, lambda fraction, below: (fraction == 0) & (below % 2 == 1)
    ),
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "nearest": lambda n, q: np.rint((n - 1) * q),
}
"""The methods that take one of the values: at which place of the n sorted ones."""


@implements(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Any:
    """The values below which the shares `q` of the elements over `axis` lie, by any of NumPy's methods."""
    return _quantile("quantile", a, q, axis, method, keepdims, weights, skip=False)


@implements(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Any:
    """As `quantile`, with `q` in percent."""
    return _quantile("percentile", a, _hundredth(a, q), axis, method, keepdims, weights, skip=False)


@implements(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Any:
    """As `quantile`, of the elements that aren't NaN."""
    return _quantile("nanquantile", a, q, axis, method, keepdims, weights, skip=True)


@implements(np.nanpercentile)
def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Any:
    """As `percentile`, of the elements that aren't NaN."""
    return _quantile("nanpercentile", a, _hundredth(a, q), axis, method, keepdims, weights, skip=True)


@implements(np.median)
def numpy_median(a: Any, axis: Any = None, *, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """The middle value over `axis`, or the mean of the two in the middle."""
    return _quantile("median", a, 0.5, axis, "linear", keepdims, None, skip=False)


@implements(np.nanmedian)
def numpy_nanmedian(a: Any, axis: Any = None, *, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    """As `np.median`, of the elements that aren't NaN."""
    return _quantile("nanmedian", a, 0.5, axis, "linear", keepdims, None, skip=True)


def _share(a: Any, q: Any) -> Any:
    """`q` as a Tensor of the precision in which places are computed, that of the values."""
    dtype = as_value(a).dtype
    wanted = dtype if dtype.kind == "f" else get_default_dtype()
    return reduce.in_dtype(as_value(q), wanted)


def _hundredth(a: Any, q: Any) -> Any:
    return _share(a, q) / 100


def _quantile(name: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any, *, skip: bool) -> Any:
    a, q = as_value(a), _share(a, q)
    reduce.refuse_complex(a, name)
    if a.dtype.kind == "b" and method in BETWEEN:
        a = reduce.in_dtype(a, q.dtype)
    if method not in BETWEEN and method not in AT:
        raise ConfigError(f"{name}: method={method!r} isn't known. Take one of {', '.join([*BETWEEN, *AT])}.")
    if q.ndim > 2:
        raise ShapeError(f"{name}: q has up to two axes, not shape {q.shape}.")
    if is_concrete(q) and not (((values := concrete(q, name)) >= 0) & (values <= 1)).all():
        raise DataError(f"{name}: shares lie between 0 and 1, percentages between 0 and 100; not {values.tolist()}.")
    axes = many_axes(axis, a.ndim, name)
    n = math.prod([a.shape[i] for i in axes])
    if not n:
        raise ShapeError(f"{name}: shape {a.shape} has no values along axis {axis}.")
    x = _last(a, axes)
    order = argsort_(x, axis=x.ndim - 1, descending=False)
    x = take_along_axis(x, order, -1)
    spread = np.reshape(q, (*q.shape, *(1,) * (x.ndim - 1)))  # q's axes go before those of the values
    missing = np.isnan(x) if x.dtype.kind == "f" else None
    numbers = n if missing is None or not skip else n - reduce.sum(missing, -1)
    if weights is None:
        y = _pick(x, spread, numbers, method)
    elif method != "inverted_cdf":
        raise UnsupportedError(f"{name}: weights are supported for method='inverted_cdf' alone, as in NumPy.")
    else:
        if is_concrete(weights) and (concrete(weights, name) < 0).any():
            raise DataError(f"{name}: weights can't be negative.")
        w = broadcast_to(aligned_weights(weights, a, axis, name), shape=a.shape)
        w = take_along_axis(_last(w, axes), order, -1)
        y = _weighted(x, w if missing is None else e.where(missing, 0, w) if skip else w, spread, numbers)
    if missing is not None and not skip:
        y = e.where(missing[..., -1], np.nan, y)  # NaNs are sorted to the end
    return np.reshape(y, (*q.shape, *kept_shape(a.shape, axes))) if keepdims else y


def _last(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` with the given axes as one, behind the others."""
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    n = math.prod([x.shape[i] for i in axes])
    return np.reshape(np.transpose(x, (*rest, *axes)), (*[x.shape[i] for i in rest], n))


def _pick(x: Any, q: Any, numbers: Any, method: str) -> Any:
    """The quantiles of sorted `x`, of which the first `numbers` along the last axis count."""
    if method in AT:
        return _at(x, AT[method](numbers, q), numbers)
    place = BETWEEN[method].place(numbers, q)
    below, above = _at(x, np.floor(place), numbers), _at(x, np.floor(place) + 1, numbers)
    fraction = reduce.in_dtype(BETWEEN[method].fraction(place), q.dtype)
    if x.dtype.kind != "f":
        return below + (above - below) * fraction
    # Beside an infinity it is that, and not ∞ − ∞, unless the place is exactly that of the other.
    infinite = np.isinf(below) | np.isinf(above)
    low, high = e.where(infinite, 0, below), e.where(infinite, 0, above)
    beyond = e.where(infinite, below, 0) + e.where(infinite & (fraction > 0), above, 0)
    return low + (high - low) * fraction + beyond


def _at(x: Any, place: Any, numbers: Any) -> Any:
    """The elements of `x` at the places, which are held within what is there, along its last axis."""
    place = np.minimum(e.to_integer(place, dtype=np.dtype(np.int64)), numbers - 1)
    place = np.maximum(place, 0)
    rest = np.ogrid[tuple(slice(k) for k in x.shape[:-1])] if x.ndim > 1 else ()
    return x[(*rest, place)]


def _weighted(x: Any, weights: Any, q: Any, numbers: Any) -> Any:
    """The first of the sorted values up to which the share `q` of the weights lies."""
    share = cumsum(weights, -1, np.float64)
    share = reduce.in_dtype(share / share[..., -1:], q.dtype)
    share = e.where(share == 0, -1, share)  # what weighs nothing isn't taken, for q = 0 neither
    return _at(x, reduce.sum(share < np.expand_dims(q, -1), -1), numbers)
