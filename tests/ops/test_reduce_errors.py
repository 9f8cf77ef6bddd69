"""What reductions, scans, ordering, statistics and sets say when they can't: a table of calls."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, LevelError, ShapeError, UnsupportedError
from tinygrad_edu.ops import order, scan

x, v, z = np.arange(6.0).reshape(2, 3), np.array([3.0, 1.0, 2.0]), np.array([1j, 2.0])
scalar, empty, ints = np.array(1.0), np.zeros((0, 3)), np.array([0, 2, 1])

MISTAKES = [
    # axes and shapes
    (lambda a: np.sum(a, axis=2), x, ShapeError, "sum: axis 2"),
    (lambda a: np.mean(a, axis=(0, 0)), x, ShapeError, "mean: an axis is named twice"),
    (lambda a: np.prod(a, axis=-3), x, ShapeError, "prod: axis -3"),
    (lambda a: np.max(a, axis=0), empty, ShapeError, "max: shape .* no values"),
    (lambda a: np.min(a, axis=None), empty, ShapeError, "min: shape .* no values"),
    (lambda a: np.argmax(a, axis=0), empty, ShapeError, "argmax"),
    (lambda a: np.cumsum(a, axis=2), x, ShapeError, "cumsum: axis 2"),
    (lambda a: np.cumulative_sum(a), x, ShapeError, "cumulative_sum: .*axis="),
    (lambda a: np.cumprod(a, axis=0), scalar, ShapeError, "cumprod: a 0-d tensor"),
    (lambda a: np.sort(a), scalar, ShapeError, "sort: a 0-d tensor"),
    (lambda a: np.diff(a), scalar, ShapeError, "diff: a 0-d tensor"),
    (lambda a: np.median(a, axis=0), empty, ShapeError, "median: shape .* no values"),
    (lambda a: np.quantile(a, 0.5, axis=4), x, ShapeError, "quantile: axis 4"),
    (lambda a: np.quantile(a, np.zeros((1, 1, 1))), x, ShapeError, "quantile: q has"),
    (lambda a: np.partition(a, 7), v, ShapeError, "partition: kth=7"),
    (lambda a: np.searchsorted(a, 1.0), x, ShapeError, "searchsorted: .*vector"),
    (lambda a: np.digitize(1.0, a), x, ShapeError, "digitize: .*vector"),
    (lambda a: np.nonzero(a), scalar, ShapeError, "nonzero: a 0-d"),
    (lambda a: np.average(a, weights=[1, 2]), x, ShapeError, "average: weights of shape .*axis="),
    (lambda a: np.average(a, axis=1, weights=[1, 2]), x, ShapeError, "average: weights of shape"),
    (lambda a: np.cov(a[None]), x, ShapeError, "cov: takes a vector or a matrix"),
    (lambda a: np.cov(a, aweights=[1.0]), x, ShapeError, "cov: aweights of shape"),
    (lambda a: np.gradient(a, axis=0), x[:1], ShapeError, "gradient: axis 0 .* 1 samples"),
    (lambda a: np.gradient(a, 1.0, 2.0, 3.0), x, ShapeError, "gradient: 3 spacings for 2 axes"),
    (lambda a: np.gradient(a, v, axis=0), x, ShapeError, "gradient: places of shape"),
    (lambda a: np.trapezoid(a, [0.0, 1.0]), x, ShapeError, "trapezoid: places x"),
    (lambda a: np.bincount(ints, a), x, ShapeError, "bincount: takes a vector"),
    (lambda a: np.histogram(a, weights=v), x, ShapeError, "histogram: weights of shape"),
    (lambda a: np.histogram(a, x), v, ShapeError, "histogram: bins are a number or a vector"),
    (lambda a: np.histogramdd(a, bins=(2, 2)), x, ShapeError, "histogramdd: 2 sets of bins"),
    (lambda a: np.histogram2d(a, v), x, ShapeError, "histogram2d: x of shape"),
    (lambda a: order.topk(a, 4), v, ShapeError, "topk: k=4"),
    (lambda a: order.kthvalue(a, 0), v, ShapeError, "kthvalue: k=0"),
    (lambda a: order.mode(a, 0), empty, ShapeError, "mode: .*no values"),
    # masks
    (lambda a: np.sum(a, where=[1, 0, 1]), x, DTypeError, "sum: where= takes booleans"),
    (lambda a: np.mean(a, where=[True, False]), x, ShapeError, "mean: where= of shape"),
    (lambda a: np.max(a, where=x > 1), x, ShapeError, "max: .*initial="),
    # dtypes
    (lambda a: np.max(a), z, DTypeError, "max: complex numbers have no order"),
    (lambda a: np.argmin(a), z, DTypeError, "argmin: complex"),
    (lambda a: np.sort(a), z, DTypeError, "sort: complex"),
    (lambda a: np.partition(a, 0), z, DTypeError, "partition: complex"),
    (lambda a: np.median(a), z, DTypeError, "median: complex"),
    (lambda a: np.nanmax(a), z, DTypeError, "nanmax: complex"),
    (lambda a: np.searchsorted(a, 1.0), z, DTypeError, "searchsorted: complex"),
    (lambda a: scan.cummax(a, 0), z, DTypeError, "cummax: complex"),
    (lambda a: a.mean(), ints, DTypeError, "mean: needs a floating"),
    (lambda a: a.var(), ints, DTypeError, "var: needs a floating"),
    (lambda a: np.bincount(a), v, DTypeError, "bincount: .*integers"),
    (lambda a: np.cov(a, fweights=[0.5, 1.0, 1.0]), x, DTypeError, "cov: fweights"),
    # keywords
    (lambda a: np.sum(a, 0, None, None, True), x, UnsupportedError, "np.sum of a Tensor"),
    (lambda a: np.sort(a, order="f"), v, UnsupportedError, "sort: order="),
    (lambda a: np.quantile(a, 0.5, weights=v), v, UnsupportedError, "quantile: weights are supported for"),
    (lambda a: np.histogram(a, "auto", weights=v), v, UnsupportedError, "histogram: bins='auto'"),
    (lambda a: np.quantile(a, 0.5, method="best"), v, ConfigError, "quantile: method='best'"),
    (lambda a: np.var(a, ddof=1, correction=1), v, ConfigError, "var: ddof and correction"),
    (lambda a: np.diff(a, n=-1), v, ConfigError, "diff: n"),
    (lambda a: np.gradient(a, edge_order=3), v, ConfigError, "gradient: edge_order"),
    (lambda a: np.partition(a, 1, kind="quick"), v, ConfigError, "partition: kind="),
    (lambda a: np.searchsorted(a, 1.0, side="both"), v, ConfigError, "searchsorted: side"),
    (lambda a: np.trim_zeros(a, "x"), v, ConfigError, "trim_zeros: trim"),
    (lambda a: np.bincount(a, minlength=-1), ints, ConfigError, "bincount: minlength"),
    (lambda a: np.histogram(a, 0), v, ConfigError, "histogram: needs at least one bin"),
    (lambda a: np.cov(a, ddof=0.5), v, ConfigError, "cov: ddof"),
    # values
    (lambda a: np.quantile(a, 1.5), v, DataError, "quantile: shares lie between"),
    (lambda a: np.percentile(a, -1), v, DataError, "percentile: .*percentages"),
    (lambda a: np.digitize(1.0, a), v, DataError, "digitize: the edges must"),
    (lambda a: np.histogram(v, a), v, DataError, "histogram: the edges must rise"),
    (lambda a: np.histogram(a, range=(1, 0)), v, DataError, "histogram: the range"),
    (lambda a: np.bincount(a - 1), ints, DataError, "bincount: counts non-negative"),
    (lambda a: np.nanargmax(a), v * np.nan, DataError, "nanargmax: .*NaN"),
    (lambda a: np.cov(a, aweights=-v), x, DataError, "cov: aweights can't be negative"),
    (lambda a: np.average(a, weights=v * 0), v, ZeroDivisionError, "average: the weights sum to zero"),
]


@pytest.mark.parametrize(("f", "a", "error", "message"), MISTAKES, ids=[m[3] for m in MISTAKES])
def test_the_error_says_what_is_wrong(f, a, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        f(tg.tensor(a))


SHAPED_BY_VALUES = [
    np.unique, np.unique_values, np.nonzero, np.flatnonzero, np.argwhere, np.trim_zeros,
    lambda a: np.intersect1d(a, v), lambda a: np.setdiff1d(a, v), lambda a: np.union1d(a, v), lambda a: np.setxor1d(a, v),
    lambda a: np.histogram(a, bins="auto"), lambda a: np.bincount(a.long()),
]  # fmt: skip


@pytest.mark.parametrize("f", SHAPED_BY_VALUES)
def test_a_shape_that_depends_on_values_is_refused_inside_vmap_in_words(f):
    with pytest.raises(LevelError, match=r"depends on values.*outside of vmap"):
        func.vmap(f)(tg.tensor(x))
