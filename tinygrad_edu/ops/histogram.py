"""Counting into bins. What is counted with weights has a derivative in them, and edges have one in the data's range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._found import concrete, is_concrete
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import ARRAY, scatter_add
from tinygrad_edu.ops.search import searchsorted_
from tinygrad_edu.ops.shape import broadcast_to


def _count(places: Any, weights: Any, size: int) -> Any:
    """For each of `size` bins the sum of the weights (or the number) of what is at that place."""
    weights = np.ones(places.shape, np.int64) if weights is None else broadcast_to(weights, shape=places.shape)
    return scatter_add(weights, places, spec=(ARRAY,), shape=(size,))


@implements(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, … occurs in `x`, or the sums of the weights where it does."""
    x = as_value(x)
    if x.ndim != 1 or (weights is not None and as_value(weights).shape != x.shape):
        met = "" if weights is None else f" and weights of shape {as_value(weights).shape}"
        raise ShapeError(f"bincount: takes a vector, and weights of its length; got shape {x.shape}{met}.")
    if x.dtype.kind not in "iub":
        raise DTypeError(f"bincount: counts non-negative integers, not {x.dtype}; np.histogram takes any numbers.")
    if minlength < 0:
        raise ConfigError(f"bincount: minlength can't be negative, got {minlength}.")
    values = concrete(x, "bincount")
    if values.size and values.min() < 0:
        raise DataError(f"bincount: counts non-negative integers, got {values.min()}.")
    size = max(int(values.max(initial=-1)) + 1, minlength)
    weights = None if weights is None else as_value(weights)
    if weights is not None and weights.dtype.kind not in "fc":
        weights = reduce.in_dtype(weights, get_default_dtype())
    return as_value(_count(reduce.in_dtype(x, np.int64), weights, size))


# -- edges -----------------------------------------------------------------------------------------------------------


def _edges(a: Any, bins: Any, span: Any, name: str) -> Any:
    """The edges of the bins: as given, or so many equal ones over the range given or met."""
    reduce.refuse_complex(a, name)
    if not isinstance(bins, int | np.integer | str):
        edges = as_value(bins)
        if edges.ndim != 1:
            raise ShapeError(f"{name}: bins are a number or a vector of edges, not of shape {edges.shape}.")
        if is_concrete(edges) and (np.diff(concrete(edges, name)) < 0).any():
            raise DataError(f"{name}: the edges must rise from one to the next.")
        return edges
    if span is None and math.prod(a.shape) and is_concrete(a) and not np.isfinite(concrete(a, name)).all():
        raise DataError(
            f"{name}: the values aren't finite, and neither would the bins be; give range=, or leave them out."
        )
    if isinstance(bins, str):
        bins = len(np.histogram_bin_edges(concrete(a, f"{name} with bins={bins!r}"), bins, span)) - 1
    if bins < 1:
        raise ConfigError(f"{name}: needs at least one bin, got bins={bins}.")
    dtype = a.dtype if a.dtype.kind == "f" else get_default_dtype()
    if span is not None or not math.prod(a.shape):
        first, last = (0.0, 1.0) if span is None else (float(v) for v in span)
        if not (first <= last and math.isfinite(last - first)):
            raise DataError(f"{name}: the range must be finite and rise, got {span}.")
        first, last = (first - 0.5, last + 0.5) if first == last else (first, last)
        return as_value(np.linspace(first, last, int(bins) + 1).astype(dtype))
    first, last = reduce.in_dtype(reduce.min(a), dtype), reduce.in_dtype(reduce.max(a), dtype)
    flat = e.cast(first == last, dtype=dtype) * 0.5
    first, last = first - flat, last + flat
    # As np.linspace, with the same rounding, so that a value on an edge is in the same bin.
    inner = first + np.arange(1, int(bins)).astype(dtype) * ((last - first) / int(bins))
    return np.concatenate([np.reshape(first, (1,)), inner, np.reshape(last, (1,))])


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges that `histogram` takes."""
    return _edges(np.reshape(as_value(a), (-1,)), bins, range, "histogram_bin_edges")


def _bin_of(a: Any, edges: Any) -> tuple[Any, Any]:
    """The bin of each value, the last of which has both edges, and whether there is one."""
    place = searchsorted_(edges, a, side="right") - 1
    last = edges.shape[0] - 1
    place = e.where(a == edges[-1], last - 1, place)
    return place, (place >= 0) & (place < last)


# -- histograms ------------------------------------------------------------------------------------------------------


@implements(np.histogram, note="counts are piecewise constant in the data; the derivative is in the weights and edges")
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Any, Any]:
    """How many values are in each bin, or the sums of their weights, and the edges; as a density the integral is one."""
    a = as_value(a)
    weights = None if weights is None else as_value(weights)
    if weights is not None and weights.shape != a.shape:
        raise ShapeError(f"histogram: weights of shape {weights.shape} for values of shape {a.shape}.")
    if isinstance(bins, str) and weights is not None:
        raise UnsupportedError(f"histogram: bins={bins!r} doesn't take weights into account; give a number of bins.")
    a = np.reshape(a, (-1,))
    edges = _edges(a, bins, range, "histogram")
    counts = _binned([a], [edges], None if weights is None else np.reshape(weights, (-1,)))
    if density:
        counts = counts / np.diff(edges) / reduce.sum(counts)
    return counts, edges


@implements(np.histogramdd, note="as histogram")
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, tuple[Any, ...]]:
    """As `histogram` of points, one in each row of `sample` (or a list of their coordinates), with bins along each axis."""
    points = sample if not isinstance(sample, list | tuple) else np.stack([as_value(c) for c in sample], axis=1)
    points = as_value(points)
    if points.ndim != 2:
        points = np.reshape(points, (-1, 1)) if points.ndim < 2 else points
    if points.ndim != 2:
        raise ShapeError(f"histogramdd: takes points in the rows of a matrix, not shape {points.shape}.")
    n, d = points.shape
    if isinstance(bins, int | np.integer | str):
        bins = [bins] * d
    if len(bins) != d:
        raise ShapeError(f"histogramdd: {len(bins)} sets of bins for points with {d} coordinates.")
    spans = [None] * d if range is None else range
    if len(spans) != d:
        raise ShapeError(f"histogramdd: {len(spans)} ranges for points with {d} coordinates.")
    weights = None if weights is None else as_value(weights)
    if weights is not None and weights.shape != (n,):
        raise ShapeError(f"histogramdd: weights of shape {weights.shape} for {n} points.")
    columns = [points[:, i] for i in np.arange(d)]
    edges = [_edges(c, b, s, "histogramdd") for c, b, s in zip(columns, bins, spans, strict=True)]
    counts = _binned(columns, edges, weights)
    if counts.dtype.kind not in "fc":
        counts = reduce.in_dtype(counts, points.dtype if points.dtype.kind == "f" else get_default_dtype())
    if density:
        for i, row in enumerate(edges):
            counts = counts / np.reshape(np.diff(row), (-1, *(1,) * (d - i - 1)))
        counts = counts / reduce.sum(_binned(columns, edges, weights))
    return counts, tuple(edges)


@implements(np.histogram2d, note="as histogram")
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    """As `histogram` of the points (x, y), with bins along both axes."""
    x, y = as_value(x), as_value(y)
    if x.shape != y.shape:
        raise ShapeError(f"histogram2d: x of shape {x.shape} and y of shape {y.shape} are no points.")
    if not isinstance(bins, int | np.integer | str) and not (isinstance(bins, Sequence) and len(bins) == 2):
        bins = [bins, bins]  # one row of edges for both
    counts, edges = histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]


def _binned(columns: list[Any], edges: list[Tensor], weights: Any) -> Any:
    """The counts in the grid of bins, of points given by their coordinates."""
    shape = tuple(row.shape[0] - 1 for row in edges)
    size = math.prod(shape)
    place: Any = 0
    inside: Any = True
    for column, row, n in zip(columns, edges, shape, strict=True):
        own, met = _bin_of(column, row)
        place, inside = place * n + own, np.logical_and(inside, met)
    if weights is not None and weights.dtype.kind not in "fc":
        weights = weights * 1
    counts = _count(e.where(inside, place, size), weights, size + 1)[:size]  # the last one is for what is outside
    return np.reshape(counts, shape)
