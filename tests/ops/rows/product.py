"""Products of vectors and matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(13)
c = r.complex


def kept(f: Callable) -> Callable:
    """`f` with its result in the dtype of the first argument, where NumPy widens float32 and Tensors don't."""
    return lambda *xs: np.astype(f(*xs), xs[0].dtype)


ROWS = {
    "numpy.matmul": [
        row(lambda a, b: np.matmul(a, b), r(2, 3), c(3, 2)),
        row(lambda a, b: np.matmul(a, b), r(3), r(2, 3, 2)),
        row(lambda a, b: np.matmul(a, b, axes=[(0, 1), (1, 0), (1, 0)]), r(2, 3, 4), r(2, 3)),
    ],
    "numpy.linalg.matmul": [row(lambda a, b: np.linalg.matmul(a, b), c(2, 3), c(3))],
    "numpy.dot": [
        row(lambda a, b: np.dot(a, b), r(2, 3), r(3)),
        row(lambda a, b: np.dot(a, b), c(2, 2, 3), c(2, 3, 2)),
        row(lambda a, b: np.dot(a, b), r(), r(2)),
        row(kept(lambda a: np.dot([0.1, 0.2], a)), r(2)),
    ],
    "numpy.inner": [row(lambda a, b: np.inner(a, b), c(2, 3), c(4, 3)), row(kept(lambda a: np.inner(a, 0.3)), r(2))],
    "numpy.vdot": [row(lambda a, b: np.vdot(a, b), c(2, 3), c(6)), row(lambda a, b: np.vdot(a, b), r(3), c(3))],
    "numpy.outer": [
        row(lambda a, b: np.outer(a, b), r(2, 2), c(3)),
        row(kept(lambda a: np.outer(a, [0.1, 0.2])), r(2)),
    ],
    "numpy.linalg.outer": [row(lambda a, b: np.linalg.outer(a, b), c(2), r(3))],
    "numpy.kron": [
        row(lambda a, b: np.kron(a, b), r(2, 2), r(2, 3)),
        row(lambda a, b: np.kron(a, b), c(2), r(2, 1, 2)),
        row(kept(lambda a: np.kron(a, 2.0)), r(2, 2)),
    ],
    "numpy.tensordot": [
        row(lambda a, b: np.tensordot(a, b), r(2, 3, 2), r(3, 2, 2)),
        row(lambda a, b: np.tensordot(a, b, axes=([0, -1], [1, 0])), c(2, 3, 2), c(2, 2)),
        row(lambda a, b: np.tensordot(a, b, (1, 0)), r(2, 3), r(3)),
        row(lambda a, b: np.tensordot(a, b, 0), r(2), r(3)),
    ],
    "numpy.linalg.tensordot": [row(lambda a, b: np.linalg.tensordot(a, b, axes=1), r(2, 3), r(3, 2))],
    "numpy.vecdot": [
        row(lambda a, b: np.vecdot(a, b), c(2, 3), c(3)),
        row(lambda a, b: np.vecdot(a, b, axis=0, keepdims=True), r(3, 2), r(3, 1)),
        row(lambda a, b: np.vecdot(a, b, axes=[0, 1, ()]), r(3, 2), r(2, 3)),
    ],
    "numpy.linalg.vecdot": [row(lambda a, b: np.linalg.vecdot(a, b, axis=0), c(3, 2), c(3, 2))],
    "numpy.matvec": [
        row(lambda a, v: np.matvec(a, v), r(2, 3), r(4, 3)),
        row(lambda a, v: np.matvec(a, v, axes=[(0, 1), 0, 0]), c(2, 3, 2), c(3, 2)),
    ],
    "numpy.vecmat": [
        row(lambda v, a: np.vecmat(v, a), c(2), c(2, 3)),
        row(lambda v, a: np.vecmat(v, a), r(4, 2), r(4, 2, 3)),
    ],
    "numpy.cross": [
        row(lambda a, b: np.cross(a, b), r(2, 3), r(3)),
        row(lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0), c(3, 2), c(2, 3)),
        row(lambda a, b: np.cross(a, b, axis=0), r(3, 2), r(3, 2)),
        row(kept(lambda a: np.cross(a, [0.1, 0.2, 0.3])), r(3)),
    ],
    "numpy.linalg.cross": [row(lambda a, b: np.linalg.cross(a, b, axis=0), r(3, 2), c(3, 2))],
    "numpy.einsum": [
        row(lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True), c(2, 3), c(3, 2)),
        row(lambda a: np.einsum("ij->ji", a), r(2, 3)),
        row(lambda a: np.einsum("ii", a), r(3, 3)),
        row(lambda a, b: np.einsum("i,i->i", a, b), r(1), r(3)),
        row(lambda a, b: np.einsum("...i,...i", a, b), r(1, 3), c(4, 3)),
        row(lambda a, b: np.einsum(a, [0, 1], b, [1], [0]), r(2, 3), r(3)),
        row(lambda a, b: np.einsum("i,j", a, b, order="C", casting="same_kind", dtype=np.float64), r(2), r(2)),
        row(kept(lambda a: np.einsum("i,i", a, [0.1, 0.2])), r(2)),
        row(
            lambda a, b, x: np.einsum("ij,jk,k->i", a, b, x, optimize=["einsum_path", (1, 2), (0, 1)]),
            r(2, 3),
            r(3, 2),
            r(2),
        ),
    ],
    "numpy.einsum_path": [row(lambda a, b: np.einsum_path("ij,jk->ik", a, b)[0][1], r(2, 3), r(3, 2), order=0)],
}
