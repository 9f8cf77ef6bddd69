"""Running results along an axis, differences, and numerical derivatives and integrals."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(4)
x, z = r(2, 4, 3), r.complex(3, 3)
zeros = np.array([[0.7, 0.0, 1.3, 0.0], [0.0, 2.0, -1.0, 0.5]])
holes = np.array([[0.7, np.nan, 1.3], [np.nan, 0.4, -0.6]])
places = np.array([0.0, 0.5, 0.8, 1.7])


def _running(name: str, *more: object) -> list:
    f = getattr(np, name)
    return [
        row(lambda a: f(a), x),
        row(lambda a: f(a, axis=1), x),
        row(lambda a: f(a, -1), z),
        row(lambda a: f(a, axis=0, dtype=np.float64), x),
        row(lambda a: f(a), r()),
        row(lambda a: f(a[:0]), r(3)),
        *more,
    ]


def _cumulative(name: str) -> list:
    f = getattr(np, name)
    return [
        row(lambda a: f(a), r(4)),
        row(lambda a: f(a, axis=1, include_initial=True), x),
        row(lambda a: f(a, axis=-1, include_initial=True), z),
    ]


ROWS = {
    "numpy.cumsum": _running("cumsum"),
    "numpy.cumprod": _running("cumprod", row(lambda a: np.cumprod(a, axis=1), zeros)),
    "numpy.cumulative_sum": _cumulative("cumulative_sum"),
    "numpy.cumulative_prod": _cumulative("cumulative_prod"),
    "numpy.nancumsum": [row(lambda a: np.nancumsum(a), holes), row(lambda a: np.nancumsum(a, axis=1), holes)],
    "numpy.nancumprod": [row(lambda a: np.nancumprod(a, axis=0), holes)],
    "numpy.add.accumulate": [row(lambda a: np.add.accumulate(a), x), row(lambda a: np.add.accumulate(a, axis=2), x)],
    "numpy.multiply.accumulate": [
        row(lambda a: np.multiply.accumulate(a), x),
        row(lambda a: np.multiply.accumulate(a, 1), zeros),
    ],
    "numpy.maximum.accumulate": [
        row(lambda a: np.maximum.accumulate(a), x),
        row(lambda a: np.maximum.accumulate(a, axis=1), x),
    ],
    "numpy.minimum.accumulate": [row(lambda a: np.minimum.accumulate(a, axis=-1), x)],
    "numpy.logaddexp.accumulate": [
        row(lambda a: np.logaddexp.accumulate(a, axis=1), x),
        row(lambda a: np.logaddexp.accumulate(a), np.array([-800.0, 3.0, 800.0, 2.0])),
    ],
    "numpy.diff": [
        row(lambda a: np.diff(a), x),
        row(lambda a: np.diff(a, n=2, axis=1), x),
        row(lambda a: np.diff(a, n=0), x),
        row(lambda a: np.diff(a, n=5), x),
        row(lambda a, p, q: np.diff(a, axis=1, prepend=p, append=q), x, r(2, 1, 3), r(2, 2, 3)),
        row(lambda a, p: np.diff(a, axis=0, prepend=p, append=1.0), x, r()),
        row(lambda a: np.diff(a, axis=0), z),
        row(lambda a: np.diff(a > 0), x),
    ],
    "numpy.ediff1d": [
        row(lambda a: np.ediff1d(a), x),
        row(lambda a, b, e: np.ediff1d(a, to_end=e, to_begin=b), r(4), r(), r(2)),
        row(lambda a: np.ediff1d(a), r(1)),
    ],
    "numpy.gradient": [
        row(lambda a: np.gradient(a), r(5)),
        row(lambda a: np.gradient(a), r(3, 4)),
        row(lambda a: np.gradient(a, 0.3), r(3, 4)),
        row(lambda a: np.gradient(a, 0.3, axis=1, edge_order=2), r(2, 4)),
        row(lambda a, t: np.gradient(a, t), r(4), places),
        row(lambda a, t: np.gradient(a, t, edge_order=2), r(4), places),
        row(lambda a, t: np.gradient(a, 2.0, t, axis=(0, -1)), r(3, 2, 4), places),
        row(lambda a, h: np.gradient(a, h, 0.5), r(3, 4), np.array(0.4)),
        row(lambda a: np.gradient(a, axis=0), z),
        row(lambda a: np.gradient(a, axis=0), r(2, 3)),
        row(lambda a: np.gradient(a), np.array([1, 4, 9, 16]) * np.ones(4)),
    ],
    "numpy.trapezoid": [
        row(lambda a: np.trapezoid(a), x),
        row(lambda a: np.trapezoid(a, dx=0.3, axis=1), x),
        row(lambda a, t: np.trapezoid(a, t, axis=1), x, places),
        row(lambda a, t: np.trapezoid(a, x=t), r(2, 4), np.sort(r(2, 4))),
        row(lambda a: np.trapezoid(a, axis=0), z),
    ],
}
