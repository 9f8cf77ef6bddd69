"""Reductions: sums, products, extrema, moments, and those that leave NaNs out."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(3)
x, z = r(2, 3, 4), r.complex(3, 4)
mask = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
holes = np.where(mask, r(3, 4), np.nan)
covered = np.where(mask, r(3, 4), np.nan)
ints = np.array([[3, 1, 2], [2, 2, 0]])


def _reductions(name: str) -> list:
    f = getattr(np, name)
    return [
        row(lambda a: f(a), x),
        row(lambda a: f(a, axis=1), x),
        row(lambda a: f(a, axis=(0, -1), keepdims=True), x),
        row(lambda a: f(a, axis=()), x),
        row(lambda a: f(a), r()),
    ]


def _masked(name: str, **keywords: object) -> list:
    f = getattr(np, name)
    return [
        row(lambda a: f(a, where=mask, **keywords), covered),
        row(lambda a: f(a, axis=0, keepdims=True, where=mask[:, :1] | True, **keywords), r(3, 4)),
        row(lambda a: f(a, axis=1, where=mask, **keywords), covered),
    ]


def _moments(name: str) -> list:
    f = getattr(np, name)
    return [
        *_reductions(name)[:3],
        *_masked(name),
        row(lambda a: f(a, axis=0, dtype=np.float64), x),
        row(lambda a: f(a, axis=1), z),
    ]


def _spreads(name: str) -> list:
    f = getattr(np, name)
    return [
        *_moments(name),
        row(lambda a: f(a, ddof=1), x),
        row(lambda a: f(a, axis=(1, 2), correction=1.5), x),
        row(lambda a, m: f(a, axis=1, mean=m), r(3, 4), r(3, 1)),
        row(lambda a: f(a, axis=1, ddof=1, where=mask), covered),
    ]


def _without_nans(name: str) -> list:
    f = getattr(np, name)
    return [
        row(lambda a: f(a), holes),
        row(lambda a: f(a, axis=1), holes),
        row(lambda a: f(a, axis=0, keepdims=True), holes),
        row(lambda a: f(a, axis=(0, 1)), r(3, 2)),
    ]


ROWS = {
    "numpy.sum": [
        *_reductions("sum"),
        *_masked("sum"),
        row(lambda a: np.sum(a, 0, initial=2.5), x),
        row(lambda a: np.sum(a, axis=1), z),
        row(lambda a: np.sum(a, axis=0, dtype=np.float64), x),
        row(lambda a: np.sum(a[:0], axis=0), x),
    ],
    "numpy.prod": [
        *_reductions("prod"),
        *_masked("prod"),
        row(lambda a: np.prod(a, 0, initial=2.5), x),
        row(lambda a: np.prod(a, axis=1), z),
        row(lambda a: np.prod(a, axis=0), np.array([[1.5, 0.0], [0.0, 2.0], [0.7, 3.0]])),
        row(lambda a: np.prod(a[:0], axis=0), x),
    ],
    "numpy.max": [
        *_reductions("max")[:4],
        *_masked("max", initial=-9.0),
        row(lambda a: np.max(a, axis=0, initial=0.1), x),
        row(lambda a: np.max(a[:0], axis=0, initial=-1.0) + a[0], x),
    ],
    "numpy.min": [
        *_reductions("min")[:4],
        *_masked("min", initial=9.0),
        row(lambda a: np.min(a, axis=0, initial=0.1), x),
    ],
    "numpy.amax": [row(lambda a: np.amax(a, 1), x)],
    "numpy.amin": [row(lambda a: np.amin(a, 1), x)],
    "numpy.ptp": [row(lambda a: np.ptp(a), x), row(lambda a: np.ptp(a, axis=(0, 1), keepdims=True), x)],
    "numpy.mean": _moments("mean"),
    "numpy.var": _spreads("var"),
    "numpy.std": _spreads("std"),
    "numpy.all": [row(lambda a: np.all(a > -1.5, axis=0), x), row(lambda a: np.all(a, where=mask), covered)],
    "numpy.any": [row(lambda a: np.any(a > 1.5, axis=0), x), row(lambda a: np.any(a > 1, axis=1, where=mask), covered)],
    "numpy.logical_and.reduce": [row(lambda a: np.logical_and.reduce(a > -1.5), x)],
    "numpy.logical_or.reduce": [row(lambda a: np.logical_or.reduce(a > 1.5, axis=(0, 1), keepdims=True), x)],
    "numpy.argmax": [
        row(lambda a: np.argmax(a), x),
        row(lambda a: np.argmax(a, axis=1, keepdims=True), x),
        row(lambda a: np.argmax(a, keepdims=True), x),
    ],
    "numpy.argmin": [row(lambda a: np.argmin(a), x), row(lambda a: np.argmin(a, axis=-1), x)],
    "numpy.count_nonzero": [
        row(lambda a: np.count_nonzero(a > 0), x),
        row(lambda a: np.count_nonzero(np.trunc(a), axis=(0, 2), keepdims=True), x),
    ],
    "numpy.add.reduce": [
        row(lambda a: np.add.reduce(a), x),
        row(lambda a: np.add.reduce(a, axis=(0, 1), initial=1.0, where=mask[:, :1, None][:2] | True), x),
    ],
    "numpy.multiply.reduce": [row(lambda a: np.multiply.reduce(a, axis=1, keepdims=True), x)],
    "numpy.maximum.reduce": [row(lambda a: np.maximum.reduce(a, axis=None, initial=-3.0), x)],
    "numpy.minimum.reduce": [row(lambda a: np.minimum.reduce(a, axis=(0, 2)), x)],
    "numpy.logaddexp.reduce": [
        row(lambda a: np.logaddexp.reduce(a), x),
        row(lambda a: np.logaddexp.reduce(a, axis=1, keepdims=True, initial=0.5), x),
        row(lambda a: np.logaddexp.reduce(a, axis=1, where=mask, initial=-np.inf), r(3, 4)),
    ],
    "numpy.fmax.reduce": [row(lambda a: np.fmax.reduce(a, axis=1), r(3, 4))],
    "numpy.nansum": [*_without_nans("nansum"), row(lambda a: np.nansum(a, 1, initial=1.0, where=~mask | True), holes)],
    "numpy.nanprod": _without_nans("nanprod"),
    "numpy.nanmax": [*_without_nans("nanmax"), row(lambda a: np.nanmax(a, axis=1, initial=0.2, where=mask), holes)],
    "numpy.nanmin": [*_without_nans("nanmin"), row(lambda a: np.nanmin(a, axis=1, initial=0.2, where=mask), holes)],
    "numpy.nanmean": [*_without_nans("nanmean"), row(lambda a: np.nanmean(a, axis=0, where=mask), r(3, 4))],
    "numpy.nanvar": [
        *_without_nans("nanvar"),
        row(lambda a: np.nanvar(a, axis=1, ddof=1), holes),
        row(lambda a, m: np.nanvar(a, axis=1, mean=m, correction=1), holes, r(3, 1)),
    ],
    "numpy.nanstd": [*_without_nans("nanstd"), row(lambda a: np.nanstd(a, axis=0, ddof=1, keepdims=True), holes)],
    "numpy.nanargmax": [row(lambda a: np.nanargmax(a), holes), row(lambda a: np.nanargmax(a, axis=1), holes)],
    "numpy.nanargmin": [row(lambda a: np.nanargmin(a, axis=0, keepdims=True), holes)],
}
