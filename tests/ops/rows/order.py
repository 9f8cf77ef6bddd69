"""Sorting, order statistics and searching."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(5)
x = r(3, 5, 2)
v, w = r(6), np.array([1.0, 2.0, 0.5, 1.5, 3.0, 1.0])
holes = np.array([[0.7, np.nan, 1.3, -0.2], [np.nan, 0.4, np.nan, -0.6]])
edges = np.array([-1.0, 0.0, 0.3, 1.2])
METHODS = (
    *("linear", "weibull", "hazen", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf", "midpoint"),
    *("averaged_inverted_cdf", "inverted_cdf", "closest_observation", "lower", "higher", "nearest"),
)


def _by_method(name: str, scale: float, values: np.ndarray) -> list:
    f = getattr(np, name)
    shares = [scale * q for q in (0.0, 0.1, 0.4, 0.5, 0.7, 0.93, 1.0)]
    return [row(lambda a, m=m: f(a, shares, axis=1, method=m), values) for m in METHODS]


def _quantiles(name: str, scale: float) -> list:
    f = getattr(np, name)
    return [
        *_by_method(name, scale, r(2, 5)),
        *_by_method(name, scale, r(2, 4)),
        row(lambda a: f(a, 0.3 * scale), x),
        row(lambda a: f(a, 0.3 * scale, axis=(0, 2), keepdims=True), x),
        row(lambda a: f(a, [0.25 * scale, 0.6 * scale], axis=(0, -1), keepdims=True), x),
        row(lambda a: f(a, [[0.25 * scale], [0.6 * scale]], axis=1), x),
        row(lambda a, q: f(a, scale * q, axis=1), x, np.array([0.3, 0.61])),
        row(lambda a: f(a, [0.1 * scale, 0.5 * scale], weights=w, method="inverted_cdf"), v),
        row(lambda a: f(a, 0.4 * scale, axis=1, weights=[1, 0, 2, 1, 3], method="inverted_cdf"), x),
    ]


ROWS = {
    "numpy.sort": [
        row(lambda a: np.sort(a), x),
        row(lambda a: np.sort(a, axis=1, kind="heapsort"), x),
        row(lambda a: np.sort(a, axis=None, stable=True), x),
        row(lambda a: np.sort(a), holes, order=0),
        row(lambda a: np.sort(a), np.zeros((2, 0))),
    ],
    "numpy.argsort": [row(lambda a: np.argsort(a, axis=0), x), row(lambda a: np.argsort(a, axis=None), x)],
    "numpy.sort_complex": [
        row(lambda a: np.sort_complex(a), r.complex(2, 4)),
        row(lambda a: np.sort_complex(a), np.array([1 + 2j, 1 - 1j, 0.5 + 0j]), order=0),
        row(lambda a: np.sort_complex(a), r(2, 3)),
    ],
    "numpy.partition": [
        row(lambda a: np.sort(np.partition(a, 2, axis=1)[:, :2], axis=1), x),
        row(lambda a: np.partition(a, (1, -2), axis=1)[:, [1, -2]], x),
        row(lambda a: np.partition(a, 3, axis=None)[3], x),
    ],
    "numpy.argpartition": [row(lambda a: np.argpartition(a, 2, axis=1)[:, 2], x)],
    "numpy.lexsort": [
        row(lambda a, b: np.lexsort((a, np.trunc(b))), r(8), r(8)),
        row(lambda a, b: np.lexsort((a, b), axis=0), r(4, 2), np.array([[1, 1], [0, 1], [1, 0], [0, 0]])),
    ],
    "numpy.searchsorted": [
        row(lambda a, b: np.searchsorted(a, b), edges, r(2, 3)),
        row(lambda a, b: np.searchsorted(a, b, side="right", sorter=np.argsort(a)), r(4), edges),
        row(lambda a, b: np.searchsorted(a, b), edges, np.array(0.3)),
    ],
    "numpy.digitize": [
        row(lambda a: np.digitize(a, edges), r(2, 3)),
        row(lambda a: np.digitize(a, edges[::-1], right=True), np.array([0.0, 0.3, 5.0, -2.0])),
        row(lambda a, b: np.digitize(a, b, right=True), np.array([0.0, 0.3, 5.0, -2.0]), edges),
    ],
    "numpy.median": [
        row(lambda a: np.median(a), x),
        row(lambda a: np.median(a, axis=0, keepdims=True), x),
        row(lambda a: np.median(a, axis=(0, 1)), x),
        row(lambda a: np.median(a, axis=(1, 0), overwrite_input=False), r(2, 4, 2)),
        row(lambda a: np.median(a, axis=1), holes, order=0),
    ],
    "numpy.nanmedian": [
        row(lambda a: np.nanmedian(a), holes),
        row(lambda a: np.nanmedian(a, axis=1, keepdims=True), holes),
    ],
    "numpy.quantile": _quantiles("quantile", 1.0),
    "numpy.percentile": _quantiles("percentile", 100.0),
    "numpy.nanquantile": [
        *_by_method("nanquantile", 1.0, holes),
        *_by_method("nanquantile", 1.0, r(2, 4)),
        row(lambda a: np.nanquantile(a, [0.1, 0.8]), holes),
        row(
            lambda a: np.nanquantile(
                a, [0.1, 0.8], axis=1, weights=np.array([[1, 2, 3, 1], [1, 1, 1, 5]]), method="inverted_cdf"
            ),
            holes,
        ),
    ],
    "numpy.nanpercentile": [row(lambda a: np.nanpercentile(a, [10, 80], axis=1, keepdims=True), holes)],
    "numpy.nonzero": [row(lambda a: np.nonzero(a > 0), x, batch=False)],
    "numpy.flatnonzero": [row(lambda a: np.flatnonzero(a > 0), x, batch=False)],
    "numpy.argwhere": [row(lambda a: np.argwhere(a > 0), x, batch=False)],
    "numpy.trim_zeros": [
        row(lambda a: np.trim_zeros(a * np.array([0, 0, 1, 0, 2, 0])), v, batch=False),
        row(lambda a: np.trim_zeros(a * np.array([0, 0, 1, 0, 2, 0]), "b"), v, batch=False),
        row(lambda a: np.trim_zeros(a * np.array([[0, 0, 0], [0, 1, 0]]), axis=1), r(2, 3), batch=False),
        row(lambda a: np.trim_zeros(a * 0, "f"), v, batch=False),
    ],
}
