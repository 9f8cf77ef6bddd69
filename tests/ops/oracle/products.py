"""Products of vectors and matrices, and linear algebra."""

from __future__ import annotations

import numpy as np

from tests.ops.oracle import A, Row, row


def _definite(x: np.ndarray) -> np.ndarray:
    return x @ x.mT + 2 * np.eye(x.shape[-1])


def _invertible(x: np.ndarray) -> np.ndarray:
    return x + 5 * np.eye(*x.shape[-2:])


def even(x):
    """The symmetric part: how a gradient is spread over both triangles is then no matter."""
    return (x + x.mT) / 2


M, N, SQUARE, SPD = A("ab"), A("bc"), A("aa", fix=_invertible), A("aa", fix=_definite)

ROWS: dict[str, Row] = {
    "matmul": row(lambda T, x, y: [T.matmul(x, y), x @ y, x.matmul(y)], M, N, complex=True),
    "matmul stacks": row(lambda T, x, y: T.matmul(x, y), A("dab"), A("bc")),
    "matmul broadcast": row(lambda T, x, y: x @ y, A("d1ab"), A("ebc")),
    "matmul vectors": row(lambda T, x, y, z: [x @ y, z @ x, z @ z], A("ab"), A("b"), A("a")),
    "mm": row(lambda T, x, y: [T.mm(x, y), x.mm(y)], M, N),
    "bmm": row(lambda T, x, y: [T.bmm(x, y), x.bmm(y)], A("dab"), A("dbc")),
    "mv": row(lambda T, x, y: [T.mv(x, y), x.mv(y)], M, A("b")),
    "dot": row(lambda T, x, y: [T.dot(x, y), x.dot(y), T.inner(x, y)], A("a"), A("a")),
    "vdot": row(lambda T, x, y: [T.vdot(x, y), x.vdot(y)], A("a"), A("a"), complex=True),
    "inner": row(lambda T, x, y: [T.inner(x, y), x.inner(y)], A("ac"), A("bc")),
    "outer": row(lambda T, x, y: [T.outer(x, y), x.outer(y), T.ger(x, y)], A("a"), A("b")),
    "kron": row(lambda T, x, y: [T.kron(x.contiguous(), y.contiguous())], M, A("cd")),
    "cross": row(lambda T, x, y: [T.cross(x, y, dim=1), x.cross(y, dim=-1)], A("a3"), A("a3")),
    "einsum": row(
        lambda T, x, y: [T.einsum("ij,jk->ik", x, y), T.einsum("ij,jk", [x, y]), T.einsum("...j->...", x)], M, N
    ),
    "tensordot": row(lambda T, x, y: [T.tensordot(x, y, dims=1), T.tensordot(x, y, dims=([2], [0]))], A("dab"), N),
    "addmm": row(lambda T, z, x, y: [T.addmm(z, x, y), z.addmm(x, y, beta=0.5, alpha=2)], A("ac"), M, N),
    "addmm beta 0": row(lambda T, z, x, y: T.addmm(z.log(), x, y, beta=0), A("ac"), M, N, gradient=False),
    "addmv": row(lambda T, z, x, y: [T.addmv(z, x, y), z.addmv(x, y, alpha=2)], A("a"), M, A("b")),
    "addr": row(lambda T, z, x, y: [T.addr(z, x, y), z.addr(x, y, beta=2)], M, A("a"), A("b")),
    "baddbmm": row(lambda T, z, x, y: [T.baddbmm(z, x, y), z.baddbmm(x, y, alpha=2)], A("dac"), A("dab"), A("dbc")),
    "addbmm": row(lambda T, z, x, y: [T.addbmm(z, x, y), z.addbmm(x, y, beta=2)], A("ac"), A("dab"), A("dbc")),
    "chain_matmul": row(lambda T, x, y, z: T.chain_matmul(x, y, z), M, N, A("cd")),
    "cdist": row(lambda T, x, y: T.cdist(x, y), A("ad"), A("bd"), tolerance=20),
    "matrix_power": row(lambda T, x: [T.matrix_power(x, 3), x.matrix_power(2)], A("aa")),
    "matrix_exp": row(lambda T, x: [T.matrix_exp(x), x.matrix_exp()], A("aa", -1, 1), tolerance=10),
    "det": row(lambda T, x: [T.det(x), x.det()], SQUARE, tolerance=10),
    "logdet": row(lambda T, x: [T.logdet(x), x.logdet()], SPD, tolerance=10),
    "slogdet": row(lambda T, x: [T.slogdet(x).logabsdet, x.slogdet()[1]], SQUARE, tolerance=10),
    "inverse": row(lambda T, x: [T.inverse(x), x.inverse()], SQUARE, tolerance=10),
    "pinverse": row(lambda T, x: T.pinverse(x), A("a4", fix=_invertible), tolerance=50),
    "cholesky": row(lambda T, x: [T.cholesky(even(x)), even(x).cholesky(upper=True)], SPD, tolerance=10),
    "cholesky_inverse": row(lambda T, x: T.cholesky_inverse(T.cholesky(even(x))), SPD, tolerance=50),
    "cholesky_solve": row(lambda T, x, y: T.cholesky_solve(y, T.cholesky(even(x))), SPD, A("ab"), tolerance=50),
    "qr": row(lambda T, x: T.qr(x)[1].abs(), SQUARE, tolerance=20),
    "svd": row(lambda T, x: [T.svd(x).S, x.svd().U.abs(), x.svd()[2].abs()], A("43"), tolerance=300),
    "svd rebuilt": row(lambda T, x: (lambda u, s, v: u @ T.diag(s) @ v.mT)(*x.svd()), A("34"), tolerance=300),
}
