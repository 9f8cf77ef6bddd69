"""Polynomials, ranges between tensors, and arrays made like a tensor."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler
from tests.ops.rows.product import kept

r = sampler(14)
c = r.complex
positive = lambda *shape: r(*shape, low=0.5, high=2.0)
X = np.linspace(-1, 1, 7)


def apart(n: int) -> np.ndarray:
    """Real numbers that are well apart, as roots have to be."""
    return np.arange(n) * 1.5 + r(n, low=0.1, high=0.5)


ROWS = {
    "numpy.polyadd": [
        row(lambda a, b: np.polyadd(a, b), r(2), r(4)),
        row(kept(lambda a: np.polyadd([0.1, 0.2, 0.3], a)), c(2)),
    ],
    "numpy.polysub": [row(lambda a, b: np.polysub(a, b), r(3), r(2))],
    "numpy.polymul": [row(lambda a, b: np.polymul(a, b), r(3), c(2))],
    "numpy.polydiv": [
        row(lambda u, v: np.polydiv(u, np.astype(v, np.float64)), r(5), positive(3)),
        row(lambda u, v: np.polydiv(u, v), r(2), positive(3)),
        row(lambda u, v: np.polydiv(u, np.astype(v, np.float64)), c(3), positive(1)),
    ],
    "numpy.polyval": [row(lambda p, x: np.polyval(p, x), r(4), r(2, 3)), row(kept(lambda p: np.polyval(p, 0.3)), c(3))],
    "numpy.polyder": [
        row(kept(np.polyder), r(4)),
        row(kept(lambda p: np.polyder(p, 2)), c(4)),
        row(kept(lambda p: np.polyder(p, m=0)), r(2)),
    ],
    "numpy.polyint": [
        row(kept(np.polyint), r(3)),
        row(kept(lambda p, k: np.polyint(p, 2, k)), c(3), r(2)),
        row(kept(lambda p: np.polyint(p, m=2, k=0.3)), r(3)),
    ],
    "numpy.poly": [
        row(lambda z: np.poly(z), r(4)),
        row(lambda z: np.poly(z), c(3)),
        row(lambda a: np.poly(a), np.diag([0.0, 1.5, 3.0]) + 0.1 * r(3, 3)),
    ],
    "numpy.roots": [row(lambda z: np.sort(np.real(np.roots(np.poly(z)))), apart(3))],
    "numpy.polyfit": [
        row(kept(lambda y: np.polyfit(X, y, 2)), r(7)),
        row(kept(lambda x, y: np.polyfit(x, y, 1)), apart(5), r(5, 2)),
        row(kept(lambda y, w: np.polyfit(X, y, 2, w=w)), r(7), positive(7)),
        row(lambda y: np.polyfit(np.astype(X, np.float64), y, 2, cov=True), r(7)),
        row(lambda y: np.polyfit(np.astype(X, np.float64), y, 1, cov="unscaled"), r(7, 2)),
    ],
    "numpy.vander": [
        row(kept(np.vander), r(3)),
        row(kept(lambda x: np.vander(x, 4, increasing=True)), c(2)),
        row(kept(lambda x: np.vander(x, N=2)), np.array([0.0, 1.0])),
    ],
    # -- ranges
    "numpy.linspace": [
        row(lambda a, b: np.linspace(a, b, 5), r(), r()),
        row(lambda a, b: np.linspace(a, b, 4, endpoint=False, axis=-1), r(2), r(3, 1)),
        row(lambda a: np.linspace(0.1, a, num=3, retstep=True), c()),
        row(lambda a: np.linspace(a, 2.0, 1), r(2)),
        row(lambda a: np.linspace(a, 2.0, 0), r(2)),
        row(lambda a: np.linspace(a, 9.3, 5, dtype=np.int64), positive()),
    ],
    "numpy.geomspace": [
        row(kept(lambda a, b: np.geomspace(a, b, 5)), positive(), positive(2)),
        row(kept(lambda a: np.geomspace(-a, -8.0, 4, endpoint=False, axis=1)), positive(2)),
        row(kept(lambda a: np.geomspace(1j, a, num=4)), c()),
    ],
    "numpy.logspace": [
        row(lambda a, b: np.logspace(a, b, 4), r(), r()),
        row(lambda a, b: np.logspace(a, 1.0, 4, base=b, endpoint=False), r(2), positive()),
        row(kept(lambda a, b: np.logspace(a, 1.0, num=3, base=b, axis=-1)), r(), positive(2)),
    ],
    # -- like a tensor
    "numpy.zeros_like": [
        row(lambda x: np.zeros_like(x), r(2)),
        row(lambda x: np.zeros_like(x, dtype=np.int64, shape=(3,)), r(2)),
    ],
    "numpy.ones_like": [row(lambda x: np.ones_like(x) * x, c(2))],
    "numpy.empty_like": [row(lambda x: np.empty_like(x, shape=(0, 2)), r(2))],
    "numpy.full_like": [
        row(lambda x: np.full_like(x, 0.3), r(2)),
        row(lambda x, v: np.full_like(x, v, shape=(2, 3)), r(2), r(3)),
    ],
    "numpy.full": [row(lambda v: np.full((2, 3), v, like=v), r(3)), row(lambda v: np.full(2, 7, like=v), r(), order=0)],
    "numpy.array": [
        row(lambda x, y: np.array([[x, y], [y, [np.float64(0.1), 1]]], like=x), r(2), r(2)),
        row(lambda x: np.array(x, ndmin=3, like=x), c(2)),
    ],
    "numpy.asarray": [row(lambda x: np.asarray([x, x], like=x), r(2)), row(lambda x: np.asarray(x, like=x), c(2))],
    "numpy.asanyarray": [row(lambda x: np.asanyarray(x, like=x), r(2))],
    "numpy.ascontiguousarray": [row(lambda x: np.ascontiguousarray(x, like=x), r(2))],
    "numpy.asfortranarray": [row(lambda x: np.asfortranarray(x, like=x), r(2, 3))],
    "numpy.zeros": [row(lambda x: np.zeros((2, 3), int, like=x), r())],
    "numpy.ones": [row(lambda x: np.ones(2, dtype=int, like=x), r())],
    "numpy.empty": [row(lambda x: np.empty((0, 2), int, like=x), r())],
    "numpy.eye": [row(lambda x: np.eye(2, 3, k=1, dtype=int, like=x), r())],
    "numpy.identity": [row(lambda x: np.identity(2, dtype=int, like=x), r())],
    "numpy.tri": [row(lambda x: np.tri(2, 3, dtype=int, like=x), r())],
    "numpy.arange": [row(lambda x: np.arange(1, 7, 2, like=x), r()), row(lambda x: np.arange(3, like=x), r())],
    "numpy.copy": [row(lambda x: np.copy(x), c(2))],
    "numpy.astype": [
        row(lambda x: np.astype(x, np.float64), r(2)),
        row(lambda x: np.astype(x, np.int64, copy=False), r(2)),
    ],
    "numpy.result_type": [row(lambda x: np.result_type(x, np.complex64) == np.result_type(x * 1j), r(2), order=0)],
    "numpy.common_type": [row(lambda x: np.common_type(x, np.ones(1, np.float16)) is x.dtype.type, r(2), order=0)],
    "numpy.min_scalar_type": [row(lambda x: np.min_scalar_type(x) == x.dtype, r(2), order=0)],
    "numpy.iscomplexobj": [row(lambda x: (np.iscomplexobj(x), np.isrealobj(x)), c(2), order=0)],
    "numpy.may_share_memory": [
        row(lambda x: (np.may_share_memory(x, x[1:]), np.shares_memory(x, x + 1)), r(3), order=0)
    ],
}
