"""Eigenvalues and eigenvectors: eigh and eigvalsh of Hermitian matrices, eig and eigvals of any."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops._matrices import adjoint, checked, diagonal_of, from_triangle, hermitian, real, squares
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops._vectors import check_phase, over_gaps, repeated
from tinygrad_edu.ops.decompose import definite
from tinygrad_edu.ops.printing import results_text
from tinygrad_edu.ops.solve import solve_


class EighResult(NamedTuple):
    """Real eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any

    def __repr__(self) -> str:
        return results_text(self, "linalg_eigh")


class EigResult(NamedTuple):
    """Complex eigenvalues in no particular order, and the eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any

    def __repr__(self) -> str:
        return results_text(self, "linalg_eig")


# -- eigh ----------------------------------------------------------------------------------------------------------

_EIGH = repeated(
    "eigh",
    "eigenvalues",
    "eigenvectors",
    "If only the eigenvalues matter use eigvalsh; matrix_exp, matrix_power and inv are fine.",
)


def _eigh_push(x_dot: Any, y: Any, x: Any, *, uplo: str) -> Any:
    w, v = y
    inner = adjoint(v) @ hermitian(x_dot) @ v
    return real(diagonal_of(inner)), v @ over_gaps(inner, w, None, _EIGH)


def _eigh_pull(y_bar: Any, y: Any, x: Any, *, uplo: str) -> Any:
    (w_bar, v_bar), (w, v) = y_bar, y
    if v_bar is None:
        return _spread(w_bar, v)
    inner = adjoint(v) @ v_bar
    check_phase(diagonal_of(inner), "eigh", "eigenvectors", v_bar)
    inner = over_gaps(inner, w, w * 0 if w_bar is None else w_bar, _EIGH)
    return hermitian(v @ inner @ adjoint(v))


def _symmetric(r: Any, *shape: int) -> Any:
    return hermitian(r(*shape)) + np.diag(3.0 * np.arange(shape[-1]))


eigh_: Op = primitive(
    "eigh",
    checked(
        "eigh", "Is there a NaN or an infinity in it?", lambda x, *, uplo: tuple(np.linalg.eigh(hermitian(x), uplo))
    ),
    # Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic differentiation", 3.1;
    # complex: Boeddeker et al. (2017), "On the computation of complex-valued gradients", 4.
    Given("X̄ += V (diag(λ̄) + Vᴴ V̄ / (λⱼ − λᵢ)) Vᴴ", _eigh_push, _eigh_pull, reads="y"),
    math="V diag(λ) Vᴴ = X, X Hermitian, Vᴴ V = I; uplo decides LAPACK's choice of signs",
    cost=lambda y, x, **_: 9 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags, *, uplo: eigh_(*args, uplo=uplo),
    samples=lambda r: [
        Sample((_symmetric(r, 3, 3),), {"uplo": "L"}),
        Sample((_symmetric(r, 2, 2, 2),), {"uplo": "U"}),
    ],
    reference=lambda x, *, uplo: np.linalg.eigh(x, uplo),
)
eigvalsh_: Op = primitive(
    "eigvalsh",
    checked("eigvalsh", "Is there a NaN or an infinity in it?", lambda x: np.linalg.eigvalsh(hermitian(x))),
    Given(
        "X̄ += V diag(λ̄) Vᴴ",
        lambda x_dot, y, x: _eigvalsh_push(hermitian(x_dot), eigh_(x, uplo="L")[1]),
        lambda y_bar, y, x: _spread(y_bar, eigh_(x, uplo="L")[1]),
        reads=[0],
    ),
    math="λ = the eigenvalues of X, X Hermitian",
    cost=lambda y, x: 4 * x.size * x.shape[-1] // 3,
    floating=True,
    batch=lambda size, args, flags: eigvalsh_(*args),
    samples=lambda r: [
        Sample((_symmetric(r, 3, 3),)),
        Sample((_symmetric(r, 2, 2, 2),)),
        Sample((definite(r, 2, 2, complex=True),)),
    ],
    reference=lambda x: np.linalg.eigvalsh(x),
)


def _eigvalsh_push(x_dot: Any, v: Any) -> Any:
    return real(diagonal_of(adjoint(v) @ x_dot @ v))


def _spread(w_bar: Any, v: Any) -> Any:
    return (v * w_bar[..., None, :]) @ adjoint(v)


def triangle(UPLO: str, name: str) -> str:
    """'L' or 'U'; ConfigError for anything else."""
    if UPLO not in ("L", "U", "l", "u"):
        raise ConfigError(f"{name}: UPLO must be 'L' or 'U', not {UPLO!r}.")
    return UPLO.upper()


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian matrices, of which only the lower (or upper) triangle is read."""
    uplo = triangle(UPLO, "eigh")
    return EighResult(*eigh_(from_triangle(squares(a, "eigh"), uplo == "L"), uplo=uplo))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of Hermitian matrices, ascending; repeated ones have a derivative too."""
    return eigvalsh_(from_triangle(squares(a, "eigvalsh"), triangle(UPLO, "eigvalsh") == "L"))


# -- eig -----------------------------------------------------------------------------------------------------------

_EIG = repeated("eig", "eigenvalues", "eigenvectors", "If only the eigenvalues matter use eigvals.")


def _eig(x: Any) -> Any:
    """Always complex, so that the dtype doesn't depend on the values."""
    wide = np.result_type(x.dtype, np.complex64)
    w, v = np.linalg.eig(x)
    return w.astype(wide, copy=False), v.astype(wide, copy=False)


def _largest(v: Any) -> Any:
    """The index of each column's largest component, which LAPACK makes real: (…, 1, n)."""
    return np.argmax(np.abs(v), axis=-2, keepdims=True)


def _eig_push(x_dot: Any, y: Any, x: Any) -> Any:
    w, v = y
    inner = solve_(v, x_dot @ v)
    turned = v @ over_gaps(inner, w, None, _EIG)
    at = _largest(v)
    phase = np.imag(np.take_along_axis(turned, at, axis=-2) / np.take_along_axis(v, at, axis=-2))
    length = np.real(diagonal_of(adjoint(v) @ turned))[..., None, :]
    return diagonal_of(inner), turned - v * (length + phase * 1j)


def _eig_pull(y_bar: Any, y: Any, x: Any) -> Any:
    (w_bar, v_bar), (w, v) = y_bar, y
    back = adjoint(v)
    if v_bar is None:
        return _like(solve_(back, w_bar[..., None] * back), x)
    at = _largest(v)
    along = diagonal_of(back @ v_bar)[..., None, :]
    phase = np.imag(along) * 1j / np.conj(np.take_along_axis(v, at, axis=-2))
    turned_bar = v_bar - v * np.real(along) - np.where(np.arange(v.shape[-1])[:, None] == at, phase, 0)
    inner = over_gaps(back @ turned_bar, np.conj(w), w * 0 if w_bar is None else w_bar, _EIG)
    return _like(solve_(back, inner @ back), x)


def _like(x_bar: Any, x: Any) -> Any:
    return x_bar if x.dtype.kind == "c" else np.real(x_bar)


def _eigvals_pull(w_bar: Any, y: Any, x: Any) -> Any:
    back = adjoint(eig_(x)[1])
    return _like(solve_(back, w_bar[..., None] * back), x)


def _eigvals_push(x_dot: Any, y: Any, x: Any) -> Any:
    v = eig_(x)[1]
    return diagonal_of(solve_(v, x_dot @ v))


def _general(r: Any) -> list[Sample]:
    rotating = np.array([[1.0, -2.0, 0.3], [2.0, 1.5, 0.2], [0.1, 0.4, -1.0]])  # a real matrix with complex eigenvalues
    return [
        Sample((rotating + 0.1 * r(3, 3),)),
        Sample((_symmetric(r, 2, 3, 3) + 0.2 * r(2, 3, 3),)),
        Sample((r.complex(2, 2) + np.diag([0, 5]),)),
    ]


eig_: Op = primitive(
    "eig",
    checked("eig", "Is there a NaN or an infinity in it?", _eig),
    # Giles (2008), 3.1, and Boeddeker et al. (2017), 4.7; then what keeps each vector of length 1 with its largest component
    # real, which is LAPACK's choice of a phase (geev), so that this is the derivative of what NumPy computes.
    Given(
        "X̄ += V⁻ᴴ (diag(λ̄) + Vᴴ V̄′ / (λⱼ − λᵢ)*) Vᴴ, V̄′ = V̄ without what would turn or stretch",
        _eig_push,
        _eig_pull,
        ["y", 0],
    ),
    math="X V = V diag(λ), columns of length 1",
    cost=lambda y, x: 25 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: eig_(*args),
    samples=_general,
    reference=lambda x: np.linalg.eig(x),
)
eigvals_: Op = primitive(
    "eigvals",
    checked("eigvals", "Is there a NaN or an infinity in it?", lambda x: _eig(x)[0]),  # in the order of eig
    Given("X̄ += V⁻ᴴ diag(λ̄) Vᴴ", _eigvals_push, _eigvals_pull, reads=[0]),
    math="λ = the eigenvalues of X",
    cost=lambda y, x: 25 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: eigvals_(*args),
    samples=_general,
    reference=lambda x: np.linalg.eig(x)[0],
)


@implements(np.linalg.eig)
def eig(a: Any) -> EigResult:
    """Eigenvalues and eigenvectors of square matrices; always complex, unlike NumPy's, whose dtype depends on the values."""
    return EigResult(*eig_(squares(a, "eig")))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """The eigenvalues of square matrices; always complex."""
    return eigvals_(squares(a, "eigvals"))
