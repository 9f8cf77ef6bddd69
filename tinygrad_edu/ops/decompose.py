"""Factors of a matrix: cholesky and qr. Eigenvectors are in `eigen.py`, singular vectors in `svd.py`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import UnsupportedError
from tinygrad_edu.ops._matrices import (
    adjoint,
    checked,
    diagonal_of,
    from_triangle,
    hermitian,
    matrices,
    on_diagonal,
    real,
    squares,
)
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops._vectors import completing, with_complement, without_complement
from tinygrad_edu.ops.printing import results_text
from tinygrad_edu.ops.solve import solve_


class QRResult(NamedTuple):
    """Orthonormal columns Q and an upper triangular R."""

    Q: Any
    R: Any

    def __repr__(self) -> str:
        return results_text(self, "linalg_qr")


# -- cholesky ------------------------------------------------------------------------------------------------------


def _halved(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    lower = np.tril(x)
    return lower - 0.5 * on_diagonal(diagonal_of(lower), x.shape[-1])


def _cholesky_push(x_dot: Any, y: Any, x: Any) -> Any:
    inner = solve_(y, adjoint(solve_(y, hermitian(x_dot))))
    return y @ _halved(inner)


def _cholesky_pull(y_bar: Any, y: Any, x: Any) -> Any:
    back = adjoint(y)
    inner = solve_(back, _halved(back @ np.tril(y_bar)))
    return hermitian(adjoint(solve_(back, adjoint(inner))))


def definite(r: Any, *shape: int, complex: bool = False) -> Any:
    """A sample of positive definite matrices."""
    x = r.complex(*shape) if complex else r(*shape)
    return x @ x.conj().mT + 2 * np.eye(shape[-1])


def _cholesky_samples(r: Any) -> list[Sample]:
    turn = 3 * np.array([[1, -1], [1, 1]])  # its Hermitian part is definite, also with its elements moved on by one
    return [Sample((turn + r(2, 2, 2, low=-0.5, high=0.5),)), Sample((turn + r.complex(2, 2, 2, low=-0.5, high=0.5),))]


cholesky_: Op = primitive(
    "cholesky",
    checked(
        "cholesky",
        "The matrix must be positive definite: symmetric with positive eigenvalues. Add a small multiple of the identity.",
        lambda x: np.linalg.cholesky(hermitian(x)),
    ),
    # Murray (2016), "Differentiation of the Cholesky decomposition", (8) and (10); Φ takes the lower triangle and halves
    # its diagonal.
    Given("X̄ += the Hermitian part of L⁻ᴴ Φ(Lᴴ L̄) L⁻¹", _cholesky_push, _cholesky_pull, reads="y"),
    math="L lower triangular with L Lᴴ = X, X Hermitian",
    cost=lambda y, x: x.size * x.shape[-1] // 3,
    floating=True,
    batch=lambda size, args, flags: cholesky_(*args),
    samples=_cholesky_samples,
    reference=lambda x: np.linalg.cholesky(hermitian(x)),
)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L with a = L Lᴴ; the upper one Lᴴ if `upper`. Only that triangle of `a` is read."""
    y = cholesky_(from_triangle(squares(a, "cholesky"), lower=not upper))
    return adjoint(y) if upper else y


# -- qr ------------------------------------------------------------------------------------------------------------


def _qr(x: Any, *, mode: Any) -> Any:
    q, r = np.linalg.qr(x, mode)
    return q, r[..., : x.shape[-1], :]


def _times_inverse(x: Any, r: Any) -> Any:
    """X R⁻¹."""
    return adjoint(solve_(adjoint(r), adjoint(x)))


def _qr_push(x_dot: Any, y: Any, x: Any, *, mode: str) -> Any:
    n = x.shape[-1]
    q, r = y[0][..., :n], y[1]
    along = _times_inverse(x_dot, r)
    inner = adjoint(q) @ along
    triangle = np.triu(inner, 1) + adjoint(np.tril(inner, -1)) + on_diagonal(real(diagonal_of(inner)), n)
    return with_complement(along - q @ triangle, y[0]), triangle @ r


def _qr_pull(y_bar: Any, y: Any, x: Any, *, mode: str) -> Any:
    n = x.shape[-1]
    q, r = y[0][..., :n], y[1]
    q_bar = without_complement(y_bar[0], y[0], n, completing("qr", "last columns of mode='complete'"))
    r_bar = y_bar[1]
    inner = 0 if r_bar is None else np.triu(r_bar) @ adjoint(r)
    if q_bar is not None:
        inner = inner - adjoint(q) @ q_bar
    upper = np.triu(inner, 1)
    x_bar = q @ (upper + adjoint(upper) + on_diagonal(real(diagonal_of(inner)), n))
    return _times_inverse_adjoint(x_bar if q_bar is None else x_bar + q_bar, r)


def _times_inverse_adjoint(x: Any, r: Any) -> Any:
    """X R⁻ᴴ."""
    return adjoint(solve_(r, adjoint(x)))


qr_: Op = primitive(
    "qr",
    _qr,
    # Walter & Lehmann (2012), "Algorithmic differentiation of linear algebra functions with application in optimum
    # experimental design", section 5; for complex matrices R has a real diagonal, as LAPACK makes it.
    Given("X̄ += (Q̄ + Q sym(R̄ Rᴴ − Qᴴ Q̄)) R⁻ᴴ, sym from the upper triangle", _qr_push, _qr_pull, reads="y"),
    math="Q R = X, Qᴴ Q = I, R upper triangular",
    cost=lambda y, x, **_: 4 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags, *, mode: qr_(*args, mode=mode),
    samples=lambda r: [
        Sample((r(3, 3),), {"mode": "reduced"}),
        Sample((r(2, 4, 2),), {"mode": "reduced"}),
        Sample((r.complex(3, 2),), {"mode": "reduced"}),
    ],
    reference=lambda x, *, mode: np.linalg.qr(x, mode),
)


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors of a = Q R, as named fields; R alone for mode 'r'. The first min(m, n) columns must be independent."""
    a = matrices(a, "qr")
    if mode not in ("reduced", "complete", "r"):
        raise UnsupportedError(f"qr: mode must be 'reduced', 'complete' or 'r', not {mode!r}.")
    m, n = a.shape[-2:]
    if m < n:  # Q is that of the first m columns
        q, left = qr_(a[..., :m], mode="reduced")
        r = np.concatenate([left, adjoint(q) @ a[..., m:]], axis=-1)
    else:
        q, r = qr_(a, mode="complete" if mode == "complete" else "reduced")
        if mode == "complete" and m > n:
            r = np.concatenate([r, np.zeros((*r.shape[:-2], m - n, n), r.dtype)], axis=-2)
    return r if mode == "r" else QRResult(q, r)
