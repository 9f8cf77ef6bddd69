"""numpy.linalg: real and complex matrices and stacks of them, every keyword.

What NumPy reads one triangle of is given a symmetric matrix by `sym`, so that a difference in every direction stays
symmetric; complex vectors appear only in what doesn't depend on their phase.
"""

from __future__ import annotations

import numpy as np

from tests.ops import rows


def row(f, *arrays: np.ndarray, order: int = 2) -> rows.Row:
    """A row for one of NumPy's functions itself, which isn't a Python function."""
    return rows.row(lambda *xs: f(*xs), *arrays, order=order)


r = rows.sampler(11)


def near(*shape: int) -> np.ndarray:
    return r(*shape) + 4 * np.eye(*shape[-2:])


def near_c(*shape: int) -> np.ndarray:
    return r.complex(*shape) + 5 * np.eye(*shape[-2:])


def adjoint(x):
    return np.conj(np.swapaxes(x, -1, -2))


def sym(x):
    return (x + adjoint(x)) / 2


def definite(x):
    return x @ adjoint(x) + 2 * np.eye(x.shape[-1], dtype=x.dtype)


def projectors(v):
    """v vᴴ of each column: (…, k, m, m)."""
    columns = np.swapaxes(v, -1, -2)
    return columns[..., :, None] * np.conj(columns[..., None, :])


def spread(n: int) -> np.ndarray:
    return np.diag(3.0 * np.arange(n))


def tall(*shape: int) -> np.ndarray:
    return r(*shape) + np.eye(*shape[-2:]) * (2 + 2.0 * np.arange(shape[-1]))


def bases(u, s, vh):
    """What a complex svd determines: the values, each vector's projector, and the products u vᴴ."""
    k = s.shape[-1]
    return s, projectors(u[..., :k]), projectors(adjoint(vh)[..., :k]), u[..., :, :k] @ vh[..., :k, :]


ROTATING = np.array([[1.0, -2.0, 0.3], [2.0, 1.5, 0.2], [0.1, 0.4, -1.0]])
L = np.linalg

ROWS = {
    "numpy.linalg.inv": [row(L.inv, near(3, 3)), row(L.inv, near(2, 2, 2)), row(L.inv, near_c(2, 2))],
    "numpy.linalg.solve": [
        row(L.solve, near(3, 3), r(3)),
        row(L.solve, near(3, 3), r(3, 2)),
        row(L.solve, near(2, 3, 3), r(3, 1)),
        row(L.solve, near(2, 2), r(3, 2, 2)),
        row(L.solve, near_c(2, 2), r.complex(2)),
        row(L.solve, near(2, 2), r.complex(2, 1)),
    ],
    "numpy.linalg.det": [row(L.det, near(3, 3)), row(L.det, near(2, 2, 2)), row(L.det, near_c(3, 3))],
    "numpy.linalg.slogdet": [
        row(L.slogdet, near(3, 3)),
        row(lambda a: L.slogdet(-a).logabsdet, near(2, 3, 3)),
        row(L.slogdet, near_c(2, 2, 2)),
    ],
    "numpy.linalg.pinv": [
        row(L.pinv, near(3, 2)),
        row(L.pinv, near(2, 2, 3)),
        row(L.pinv, near_c(2, 3)),
        row(lambda a, b: L.pinv(a @ b, rcond=1e-5), near(3, 2), near(2, 3)),  # of rank 2
        row(lambda a: L.pinv(a, rtol=None), near(3, 3)),
        row(lambda a: L.pinv(sym(a), hermitian=True), near(3, 3)),
        row(lambda a: L.pinv(a, hermitian=True), sym(near(2, 2, 2))),
    ],
    "numpy.linalg.lstsq": [
        row(lambda a, b: L.lstsq(a, b)[:2], near(4, 2), r(4)),
        row(lambda a, b: L.lstsq(a, b, rcond=None), near(3, 2), r(3, 2)),
        row(lambda a, b: L.lstsq(a, b)[0], near(2, 3), r(2)),
        row(lambda a, c, b: L.lstsq(a @ c, b, rcond=1e-5)[0], near(4, 2), near(2, 3), r(4)),  # of rank 2
        row(lambda a, b: L.lstsq(a, b), near_c(3, 2), r.complex(3)),
    ],
    "numpy.linalg.tensorinv": [row(L.tensorinv, near(6, 6).reshape(2, 3, 3, 2)), row(lambda a: L.tensorinv(a, ind=1), r(6, 3, 2))],
    "numpy.linalg.tensorsolve": [
        row(L.tensorsolve, r(2, 3, 6), r(2, 3)),
        row(lambda a, b: L.tensorsolve(a, b, axes=(0,)), r(2, 6, 3), r(6)),
    ],
    "numpy.linalg.matrix_power": [
        row(lambda a: L.matrix_power(a, 3), r(2, 2)),
        row(lambda a: L.matrix_power(a, 0), r(2, 2), order=0),
        row(lambda a: L.matrix_power(a, -2), near(2, 2, 2)),
        row(lambda a: L.matrix_power(a, 6), r.complex(2, 2) * 0.5),
    ],
    "numpy.linalg.multi_dot": [
        row(lambda a, b, c: L.multi_dot([a, b, c]), r(2, 3), r(3, 4), r(4, 2)),
        row(lambda a, b, c, d: L.multi_dot([a, b, c, d]), r(2), r(2, 3), r(3, 1), r(1)),
        row(lambda a, b: L.multi_dot([a, b]), r.complex(2, 3), r.complex(3)),
    ],
    "numpy.linalg.cholesky": [
        row(lambda a: L.cholesky(definite(a)), r(3, 3)),
        row(lambda a: L.cholesky(definite(a), upper=True), r(2, 2, 2)),
        row(lambda a: L.cholesky(definite(a)), r.complex(3, 3)),
        row(L.cholesky, definite(r(3, 3))),  # in directions that aren't symmetric: only one triangle is read
        row(lambda a: L.cholesky(a, upper=True), definite(r.complex(2, 2))),
    ],
    "numpy.linalg.qr": [
        row(L.qr, near(3, 3)),
        row(L.qr, near(2, 4, 2)),
        row(L.qr, near(2, 4)),
        row(lambda a: L.qr(a, mode="r"), near(3, 2)),
        row(lambda a: L.qr(a, "complete"), near(2, 3)),
        row(L.qr, near_c(3, 2)),
        row(L.qr, near_c(2, 3)),
        row(lambda a: complete(*L.qr(a, "complete")), near(4, 2)),
        row(lambda a: complete(*L.qr(a, "complete")), near_c(3, 2)),
    ],
    "numpy.linalg.eigh": [
        row(lambda a: L.eigh(sym(a)), r(3, 3) + spread(3)),
        row(lambda a: L.eigh(a), sym(r(2, 2, 2)) + spread(2)),
        row(lambda a: L.eigh(a, UPLO="U"), r(3, 3) + spread(3)),  # not symmetric: only one triangle is read
        row(lambda a: phaseless(*L.eigh(a)), sym(r.complex(3, 3)) + spread(3)),
        row(lambda a: phaseless(*L.eigh(a, "U")), r.complex(2, 2) + spread(2)),
        row(lambda a: L.eigh(a).eigenvalues, sym(r(3, 3))),
        row(lambda a: L.eigh(a).eigenvectors, sym(r(3, 3))),
    ],
    "numpy.linalg.eigvalsh": [
        row(L.eigvalsh, sym(r(3, 3))),
        row(lambda a: L.eigvalsh(a, "U"), r(2, 2, 2) + spread(2)),
        row(L.eigvalsh, sym(r.complex(3, 3))),
    ],
    "numpy.linalg.eig": [
        row(L.eig, ROTATING),
        row(lambda a: [y + 0j for y in L.eig(a)], r(3, 3) * 0.3 + spread(3)),  # NumPy's is real here
        row(L.eig, r.complex(2, 2, 2) + spread(2)),
        row(lambda a: phaseless(*L.eig(a)), ROTATING.T),
    ],
    "numpy.linalg.eigvals": [
        row(L.eigvals, ROTATING),
        row(lambda a: L.eigvals(a) + 0j, r(2, 2, 2) + spread(2)),
        row(L.eigvals, r.complex(3, 3) + spread(3)),
    ],
    "numpy.linalg.svd": [
        row(lambda a: L.svd(a, full_matrices=False), tall(4, 2)),
        row(lambda a: L.svd(a, full_matrices=False), tall(2, 2, 3)),
        row(L.svd, tall(3, 3)),
        row(lambda a: L.svd(a, compute_uv=False), tall(2, 3)),
        row(lambda a: bases(*L.svd(a, full_matrices=False)), tall(3, 2) + 1j * r(3, 2)),
        row(lambda a: bases(*L.svd(a)), tall(3, 3) + 1j * r(3, 3)),
        row(lambda a: full(*L.svd(a)), tall(4, 2)),
        row(lambda a: full(*L.svd(a)), tall(2, 3) + 1j * r(2, 3)),
        row(lambda a: L.svd(a, hermitian=True), sym(r(3, 3)) + spread(3)),
        row(lambda a: L.svd(a, hermitian=True, compute_uv=False), sym(r(2, 3, 3)) + spread(3)),
    ],
    "numpy.linalg.svdvals": [row(L.svdvals, tall(3, 2)), row(L.svdvals, tall(2, 2, 3)), row(L.svdvals, r.complex(3, 2))],
    "numpy.linalg.norm": [
        row(L.norm, r(3)),
        row(L.norm, r(2, 3)),
        row(lambda x: L.norm(x, keepdims=True), r(2, 2, 2)),
        row(L.norm, r.complex(3)),
        *(row(lambda x, p=p: L.norm(x, p), r(4)) for p in (np.inf, -np.inf, 1, -1, 2, -2, 3, 2.5, 0.5)),
        *(row(lambda x, p=p: L.norm(x, p, axis=1, keepdims=True), r(2, 3)) for p in (None, np.inf, 1, 3)),
        *(row(lambda x, p=p: L.norm(x, p), r.complex(3)) for p in (np.inf, -np.inf, 1, 2, 3)),
        row(lambda x: L.norm(x, 0), r(4)),
        *(row(lambda x, p=p: L.norm(x, p), tall(3, 2)) for p in ("fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2)),
        *(row(lambda x, p=p: L.norm(x, p, axis=(2, 0), keepdims=True), r(2, 2, 3)) for p in (None, "nuc", 1, -np.inf, 2)),
        *(row(lambda x, p=p: L.norm(x, p, axis=(0, 1)), r.complex(2, 3, 2)) for p in ("fro", "nuc", np.inf, -1, -2)),
    ],
    "numpy.linalg.vector_norm": [
        row(L.vector_norm, r(2, 3)),
        row(lambda x: L.vector_norm(x, ord=3, axis=(0, 2), keepdims=True), r(2, 2, 3)),
        row(lambda x: L.vector_norm(x, ord=np.inf, axis=-1), r.complex(2, 3)),
        row(lambda x: L.vector_norm(x, ord=0, axis=0), r(2, 3)),
    ],
    "numpy.linalg.matrix_norm": [
        row(L.matrix_norm, r(2, 3)),
        *(row(lambda x, p=p: L.matrix_norm(x, ord=p, keepdims=True), r(2, 3, 2)) for p in ("nuc", 1, np.inf, 2, -2)),
    ],
    "numpy.linalg.cond": [
        row(L.cond, near(3, 2)),
        *(row(lambda x, p=p: L.cond(x, p), near(2, 2, 2)) for p in (None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2)),
        row(L.cond, near_c(2, 2)),
    ],
    "numpy.linalg.matrix_rank": [
        row(L.matrix_rank, near(3, 2)),
        row(L.matrix_rank, r(2, 3, 1) @ r(2, 1, 3)),
        row(lambda a: L.matrix_rank(a, tol=0.5, hermitian=True), np.diag([0.1, 2.0, -3.0])),
        row(lambda a: L.matrix_rank(a, rtol=0.1), near_c(2, 2)),
        row(L.matrix_rank, r(3)),
        row(L.matrix_rank, np.zeros(3)),
    ],
}  # fmt: skip


def phaseless(w, v):
    return w, projectors(v)


def complete(q, r_):
    """The last columns of a complete Q are any basis of what is left: their projector is determined."""
    n = r_.shape[-1]
    return q[..., :n], r_, q[..., n:] @ adjoint(q[..., n:])


def full(u, s, vh):
    k, v = s.shape[-1], adjoint(vh)
    u2, v2 = u[..., k:], v[..., k:]
    return *bases(u, s, vh), u2 @ adjoint(u2), v2 @ adjoint(v2)
