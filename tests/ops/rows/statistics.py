"""Weighted averages, covariances, histograms and sets."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(6)
x, z = r(3, 5), r.complex(3, 5)
positive = r(5, low=0.5, high=2.0)
repeats = np.array([1, 3, 2, 1, 2])
bins = np.array([-2.5, -0.5, 0.1, 2.5])
few = np.array([0.75, -0.25, 1.125])  # exact in float32 as well
near = lambda a: few.astype(a.dtype)
doubled = lambda a: np.concatenate([a, near(a), a[:2]])

ROWS = {
    "numpy.average": [
        row(lambda a: np.average(a), x),
        row(lambda a, w: np.average(a, axis=1, weights=w), x, positive),
        row(lambda a, w: np.average(a, weights=w), x, r(3, 5, low=0.5, high=2.0)),
        row(lambda a, w: np.average(a, axis=(2, 0), weights=w, keepdims=True), r(2, 3, 4), r(4, 2, low=0.5, high=2.0)),
        row(lambda a, w: np.average(a, axis=1, weights=w, returned=True), x, positive),
        row(lambda a: np.average(a, axis=0, returned=True), x),
        row(lambda a, w: np.average(a, axis=1, weights=w), z, positive),
    ],
    "numpy.cov": [
        row(lambda a: np.cov(a), x),
        row(lambda a: np.cov(a), r(6)),
        row(lambda a, b: np.cov(a, b), x, r(2, 5)),
        row(lambda a, b: np.cov(a, b, rowvar=False, bias=True), x, r(3, 2)),
        row(lambda a: np.cov(a, ddof=2), x),
        row(lambda a, w: np.cov(a, aweights=w, fweights=repeats), x, positive),
        row(lambda a: np.cov(a, fweights=repeats), x),
        row(lambda a, w: np.cov(a, aweights=w, ddof=0), x, positive),
        row(lambda a: np.cov(a, dtype=np.float64), x),
        row(lambda a: np.cov(a), z),
    ],
    "numpy.corrcoef": [
        row(lambda a: np.corrcoef(a), x),
        row(lambda a, b: np.corrcoef(a, b), r(5), r(5)),
        row(lambda a: np.corrcoef(a, rowvar=False), r(4, 2)),
        row(lambda a: np.corrcoef(a), z),
        row(lambda a: np.corrcoef(a), r(4)),
    ],
    "numpy.bincount": [
        row(lambda w: np.bincount(repeats, w), positive),
        row(lambda w: np.bincount(repeats, weights=w, minlength=6), positive),
    ],
    "numpy.histogram": [
        row(lambda a, b, w: np.histogram(a, b, weights=w), r(12), bins, r(12)),
        row(lambda a: np.histogram(a), r(12)),
        row(lambda a: np.histogram(a, bins=4, density=True), r(12)),
        row(lambda a: np.histogram(a, bins=4, range=(-1, 1.5)), r(3, 4)),
        row(lambda a: np.histogram(a, bins="sturges"), r(12), batch=False),
        row(lambda a, b: np.histogram(a, b, density=True), r(12), bins),
        row(lambda a: np.histogram(a, bins=10, range=(0, 1)), np.arange(0, 1.01, 0.1)),
        row(lambda a: np.histogram(a, bins=3)[0], np.ones(4)),
        row(lambda w: np.histogram(np.arange(5) / 2, 3, weights=w)[0], r.complex(5)),
    ],
    "numpy.histogram2d": [
        row(lambda a, b: np.histogram2d(a, b, bins=3), r(12), r(12)),
        row(
            lambda a, b, e, w: np.histogram2d(a, b, [e, 2], weights=w, density=True),
            r(12),
            r(12),
            bins,
            r(12, low=0.5, high=2.0),
        ),
        row(lambda a, b, e: np.histogram2d(a, b, e, range=None), r(12), r(12), bins),
    ],
    "numpy.histogramdd": [
        row(lambda a, w: np.histogramdd(a, bins=(2, 3, 2), weights=w), r(12, 3), r(12)),
        row(lambda a: np.histogramdd(a, bins=2, range=[(-2, 2), None], density=True), r(12, 2)),
    ],
    "numpy.histogram_bin_edges": [
        row(lambda a: np.histogram_bin_edges(a, bins=5), r(12)),
        row(lambda a: np.histogram_bin_edges(a, bins=5, range=(-1, 1)) * a[0], r(12)),
        row(lambda a: np.histogram_bin_edges(a, bins="fd"), r(12), batch=False),
    ],
    "numpy.unique": [
        row(lambda a: np.unique(doubled(a)), r(4), batch=False),
        row(lambda a: np.unique(doubled(a), True, True, True), r(4), batch=False),
        row(lambda a: np.unique(a[np.array([0, 1, 0, 2])], axis=0, return_counts=True), r(3, 2), batch=False),
        row(lambda a: np.unique(a[:, np.array([0, 1, 0])], axis=-1), r(3, 2), batch=False),
        row(lambda a: np.unique(np.concatenate([a, a])), r.complex(3), batch=False),
    ],
    "numpy.unique_all": [row(lambda a: np.unique_all(doubled(a)), r(4), batch=False)],
    "numpy.unique_counts": [row(lambda a: np.unique_counts(doubled(a)), r(4), batch=False)],
    "numpy.unique_inverse": [row(lambda a: np.unique_inverse(doubled(a)), r(4), batch=False)],
    "numpy.unique_values": [row(lambda a: np.sort(np.unique_values(doubled(a))), r(4), batch=False)],
    "numpy.union1d": [row(lambda a, b: np.union1d(a, np.stack([b, a[0]])), r(2, 2), r(2), batch=False)],
    "numpy.intersect1d": [
        row(lambda a: np.intersect1d(doubled(a), a), r(4), batch=False),
        row(
            lambda a: np.intersect1d(a, few, return_indices=True), np.concatenate([few[1:], r(2)]), order=0, batch=False
        ),
    ],
    "numpy.setdiff1d": [
        row(lambda a: np.setdiff1d(doubled(a), few), r(4), batch=False),
        row(lambda a: np.setdiff1d(np.concatenate([a, near(a)]), few, assume_unique=True), r(4), batch=False),
    ],
    "numpy.setxor1d": [
        row(lambda a: np.setxor1d(doubled(a), np.concatenate([near(a), 3 * near(a)])), r(4), batch=False)
    ],
    "numpy.isin": [
        row(lambda a: np.isin(a, few), np.concatenate([few, r(2)])),
        row(lambda a: np.isin(a, [], invert=True), r(2, 2)),
        row(lambda a, b: np.isin(a, b, invert=True), np.stack([few, 2 * few]), few),
    ],
}
