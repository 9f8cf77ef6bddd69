"""Singular values and vectors: svd and svdvals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.ops._matrices import adjoint, checked, diagonal_of, hermitian, matrices, real, skew, squares
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops._vectors import (
    check_phase,
    completing,
    must_vanish,
    over_gaps,
    repeated,
    with_complement,
    without_complement,
)
from tinygrad_edu.ops.eigen import eigh
from tinygrad_edu.ops.printing import results_text

_FINITE = "Is there a NaN or an infinity in it?"
_REPEATED = repeated("svd", "singular values", "singular vectors", "If only the singular values matter use svdvals.")
_ZERO = (
    "svd: a singular value is zero (to rounding), so its vectors in a rectangular matrix can be any of the null space, and have "
    "no derivative there. Use the vectors of the others only, or svdvals."
)


class SVDResult(NamedTuple):
    """Left vectors as columns, singular values in descending order, right vectors as rows."""

    U: Any
    S: Any
    Vh: Any

    def __repr__(self) -> str:
        return results_text(self, "linalg_svd")


def _over_sums(x: Any, s: Any) -> Any:
    """X[i, j] / (s[i] + s[j]), where both are zero the term dropped as in `over_gaps`."""
    total = s[..., None, :] + s[..., :, None]
    nothing = total <= _least(s)[..., None]
    return must_vanish(x, nothing, why=_ZERO) / np.where(nothing, 1, total)


def _over(x: Any, s: Any) -> Any:
    """Each column of X over its singular value."""
    nothing = (s <= _least(s))[..., None, :]
    return must_vanish(x, nothing, why=_ZERO) / np.where(nothing, 1, s[..., None, :])


def _least(s: Any) -> Any:
    return np.max(s, axis=-1, keepdims=True) * (s.shape[-1] * float(np.finfo(s.dtype).eps))


def _outside(x: Any, basis: Any) -> Any:
    """The part of X orthogonal to the columns of the basis."""
    return x - basis @ (adjoint(basis) @ x)


def _svd_push(x_dot: Any, y: Any, x: Any, *, full_matrices: bool) -> Any:
    u_full, s, v_full = y[0], y[1], adjoint(y[2])
    k = s.shape[-1]
    u, v = u_full[..., :k], v_full[..., :k]
    inner = adjoint(u) @ x_dot @ v
    common = over_gaps(hermitian(inner), s, None, _REPEATED)
    opposite = _over_sums(skew(inner), s)
    u_dot, v_dot = u @ (common + opposite), v @ (common - opposite)
    if x.shape[-2] > k:
        u_dot = u_dot + _outside(_over(x_dot @ v, s), u)
    if x.shape[-1] > k:
        v_dot = v_dot + _outside(_over(adjoint(x_dot) @ u, s), v)
    return with_complement(u_dot, u_full), real(diagonal_of(inner)), adjoint(with_complement(v_dot, v_full))


def _svd_pull(y_bar: Any, y: Any, x: Any, *, full_matrices: bool) -> Any:
    u_full, s, v_full = y[0], y[1], adjoint(y[2])
    k = s.shape[-1]
    u, v = u_full[..., :k], v_full[..., :k]
    s_bar = y_bar[1]
    if y_bar[0] is None and y_bar[2] is None:
        return (u * s_bar[..., None, :]) @ adjoint(v)
    why = completing("svd", "last vectors of full_matrices=True")
    u_bar = without_complement(u * 0 if y_bar[0] is None else y_bar[0], u_full, k, why)
    v_bar = without_complement(v * 0 if y_bar[2] is None else adjoint(y_bar[2]), v_full, k, why)
    of_u, of_v = adjoint(u) @ u_bar, adjoint(v) @ v_bar
    check_phase(diagonal_of(of_u + of_v), "svd", "singular vectors", u_bar, v_bar)
    common = hermitian(over_gaps(of_u + of_v, s, s * 0 if s_bar is None else s_bar, _REPEATED))
    x_bar = u @ (common + _over_sums(skew(of_u - of_v), s)) @ adjoint(v)
    if x.shape[-2] > k:
        x_bar = x_bar + _over(_outside(u_bar, u), s) @ adjoint(v)
    if x.shape[-1] > k:
        x_bar = x_bar + u @ adjoint(_over(_outside(v_bar, v), s))
    return x_bar


def _rectangular(r: Any, *shape: int) -> Any:
    return r(*shape) + np.eye(shape[-2], shape[-1]) * (1 + 2.0 * np.arange(shape[-1]))


svd_: Op = primitive(
    "svd",
    checked("svd", _FINITE, lambda x, *, full_matrices: tuple(np.linalg.svd(x, full_matrices=full_matrices))),
    # Townsend (2016), "Differentiating the singular value decomposition", with 1/(σⱼ² − σᵢ²) taken apart: of P = Uᴴ Ẋ V the
    # Hermitian part is divided by differences and turns both bases alike, the skew part by sums and turns them oppositely.
    # This also holds for complex matrices, where the diagonal of the skew part shares the phase between U and V.
    Given(
        "X̄ += U (herm((UᴴŪ + VᴴV̄)/(σⱼ − σᵢ)) + skew(UᴴŪ − VᴴV̄)/(σᵢ + σⱼ) + diag(σ̄)) Vᴴ + (I − UUᴴ) Ū Σ⁻¹ Vᴴ + U Σ⁻¹ V̄ᴴ (I − VVᴴ)",
        _svd_push,
        _svd_pull,
        reads="y",
    ),
    math="U diag(σ) Vᴴ = X, Uᴴ U = Vᴴ V = I, σ ≥ 0 descending",
    cost=lambda y, x, **_: 20 * x.size * min(x.shape[-2:]),
    floating=True,
    batch=lambda size, args, flags, *, full_matrices: svd_(*args, full_matrices=full_matrices),
    samples=lambda r: [
        Sample((_rectangular(r, 3, 3),), {"full_matrices": False}),
        Sample((_rectangular(r, 4, 2),), {"full_matrices": False}),
        Sample((_rectangular(r, 2, 2, 3),), {"full_matrices": False}),
    ],
    reference=lambda x, *, full_matrices: np.linalg.svd(x, full_matrices=full_matrices),
)


def _svdvals_push(x_dot: Any, y: Any, x: Any) -> Any:
    u, _, vh = svd_(x, full_matrices=False)
    return real(diagonal_of(adjoint(u) @ x_dot @ adjoint(vh)))


def _svdvals_pull(y_bar: Any, y: Any, x: Any) -> Any:
    u, _, vh = svd_(x, full_matrices=False)
    return (u * y_bar[..., None, :]) @ vh


svdvals_: Op = primitive(
    "svdvals",
    checked("svdvals", _FINITE, lambda x: np.linalg.svd(x, compute_uv=False)),
    Given("X̄ += U diag(σ̄) Vᴴ", _svdvals_push, _svdvals_pull, reads=[0]),
    math="σ = the singular values of X, descending",
    cost=lambda y, x: 4 * x.size * min(x.shape[-2:]),
    floating=True,
    batch=lambda size, args, flags: svdvals_(*args),
    samples=lambda r: [
        Sample((_rectangular(r, 3, 3),)),
        Sample((_rectangular(r, 2, 4, 2),)),
        Sample((r.complex(2, 3) + np.eye(2, 3) * [1, 6, 0],)),
    ],
    reference=lambda x: np.linalg.svd(x, compute_uv=False),
)


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The singular value decomposition as named fields U, S, Vh, or S alone without `compute_uv`.

    The vectors that `full_matrices` adds have a derivative only in what doesn't depend on the choice of their basis.
    """
    if hermitian:
        return _from_eigh(squares(a, "svd"), compute_uv)
    a = matrices(a, "svd")
    if not compute_uv:
        return svdvals_(a)
    return SVDResult(*svd_(a, full_matrices=bool(full_matrices) and a.shape[-2] != a.shape[-1]))


def _from_eigh(a: Any, vectors: bool) -> Any:
    w, v = eigh(a)
    order = np.flip(np.argsort(np.abs(w), axis=-1), axis=-1)
    w = np.take_along_axis(w, order, axis=-1)
    if not vectors:
        return np.abs(w)
    u = np.take_along_axis(v, np.broadcast_to(order[..., None, :], v.shape), axis=-1)
    return SVDResult(u, np.abs(w), adjoint(u * np.sign(w)[..., None, :]))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """The singular values, descending; repeated ones and zeros have a derivative too."""
    return svdvals_(matrices(x, "svdvals"))
