"""What linear algebra and Fourier transforms refuse, and in which words; and derivatives at singular points."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import ConfigError, DTypeError, LinAlgError, ShapeError, UnsupportedError

L, F = np.linalg, np.fft


def t(*shape):
    return tg.tensor(np.random.default_rng(0).normal(size=shape))


ONES, EYE = tg.tensor(np.ones((2, 2))), tg.tensor(np.eye(3))

REFUSED = {
    "inv of a rectangle": (lambda: L.inv(t(2, 3)), LinAlgError, r"inv: needs square matrices, got shape \(2, 3\).*pinv"),
    "inv of a vector": (lambda: L.inv(t(3)), LinAlgError, r"inv: needs a matrix or a stack of them.*\(3,\)"),
    "inv of a singular matrix": (lambda: L.inv(ONES), LinAlgError, r"inv: singular matrix.*\(2, 2\).*pinv or lstsq"),
    "solve with a singular matrix": (lambda: L.solve(ONES, t(2)), LinAlgError, r"solve: singular.*\(2, 2\) and \(2, 1\)"),
    "solve with too few rows": (lambda: L.solve(t(3, 3), t(2)), ShapeError, r"solve: .*\(3, 3\) has 3 rows.*\(2, 1\) has 2"),
    "solve of other stacks": (lambda: L.solve(t(2, 3, 3), t(4, 3, 1)), ShapeError, r"stacks of shapes \(2,\) and \(4,\)"),
    "solve of a number": (lambda: L.solve(t(3, 3), t()), ShapeError, "must have an axis"),
    "det of a rectangle": (lambda: L.det(t(2, 3)), LinAlgError, "det: needs square"),
    "slogdet of a rectangle": (lambda: L.slogdet(t(2, 3)), LinAlgError, "slogdet: needs square"),
    "pinv of two limits": (lambda: L.pinv(t(2, 3), 0.1, rtol=0.1), ConfigError, "rtol= or rcond=, not both"),
    "pinv of many limits": (lambda: L.pinv(t(2, 2, 3), [0.1, 0.2]), UnsupportedError, "must be one number"),
    "lstsq of stacks": (lambda: L.lstsq(t(2, 3, 2), t(2, 3)), LinAlgError, r"\(2, 3, 2\).*For stacks use"),
    "lstsq with too few rows": (lambda: L.lstsq(t(3, 2), t(2)), ShapeError, "3 rows"),
    "tensorinv": (lambda: L.tensorinv(t(2, 3, 4), ind=1), LinAlgError, "first 1 axes of shape"),
    "tensorinv of no axes": (lambda: L.tensorinv(t(2, 2), ind=0), ConfigError, "positive"),
    "tensorsolve": (lambda: L.tensorsolve(t(2, 3, 4), t(2, 3)), LinAlgError, "tensorsolve: shapes"),
    "matrix_power": (lambda: L.matrix_power(t(2, 2), 0.5), ConfigError, "must be an integer, got 0.5"),
    "multi_dot of one": (lambda: L.multi_dot([t(2, 2)]), ShapeError, "at least two arrays"),
    "multi_dot of a stack": (lambda: L.multi_dot([t(2, 2), t(1, 2, 2)]), ShapeError, r"array 1 has shape \(1, 2, 2\)"),
    "multi_dot that doesn't meet": (lambda: L.multi_dot([t(2, 3), t(2, 3), t(3, 1)]), ShapeError, r"\(2, 3\)"),
    "cholesky": (lambda: L.cholesky(-EYE), LinAlgError, "cholesky: matrix is not positive definite.*Add a small multiple"),
    "qr raw": (lambda: L.qr(t(3, 2), "raw"), UnsupportedError, "mode must be 'reduced', 'complete' or 'r', not 'raw'"),
    "eigh's triangle": (lambda: L.eigh(EYE, "X"), ConfigError, "UPLO must be 'L' or 'U', not 'X'"),
    "eigh of NaN": (lambda: L.svd(EYE * np.nan), LinAlgError, "svd: .*NaN or an infinity"),
    "norm of three axes": (lambda: L.norm(t(2, 2, 2), 1), ShapeError, r"norm: ord=1.*shape \(2, 2, 2\).*vector_norm"),
    "norm of an unknown order": (lambda: L.norm(t(2, 2), 3), ConfigError, "matrix norm must be None, 'fro'.*not 3"),
    "vector norm by name": (lambda: L.norm(t(3), "fro"), ConfigError, "order of a vector norm is a number, not 'fro'"),
    "norm over one axis twice": (lambda: L.norm(t(2, 2), 1, axis=(0, 0)), ShapeError, "two different axes"),
    "norm over a missing axis": (lambda: L.norm(t(2, 2), axis=2), ShapeError, "axis 2 is out of range"),
    "matrix_rank of two limits": (lambda: L.matrix_rank(EYE, 0.1, rtol=0.1), ConfigError, "tol= or rtol=, not both"),
    "cond of nothing": (lambda: L.cond(t(0, 0)), LinAlgError, "empty"),
    "fft's norm": (lambda: F.fft(t(3), norm="half"), ConfigError, "norm must be 'backward', 'ortho' or 'forward', not 'half'"),
    "fft of no points": (lambda: F.fft(t(3), 0), ShapeError, "lengths must be at least 1"),
    "fft of a number": (lambda: F.fft(t()), ShapeError, "0-d"),
    "fft along a missing axis": (lambda: F.fft(t(3), axis=1), ShapeError, "axis 1 is out of range"),
    "fftn of other lengths": (lambda: F.fftn(t(2, 3), s=(2,), axes=(0, 1)), ShapeError, "1 lengths .* for 2 axes"),
    "fftn twice along an axis": (lambda: F.fftn(t(2, 3), axes=(0, 0)), ShapeError, "named twice"),
    "rfft of complex numbers": (lambda: F.rfft(t(3) * 1j), DTypeError, "rfft: takes real numbers"),
    "irfft of one frequency": (lambda: F.irfft(t(1)), ShapeError, "length 0"),
    "an unknown keyword": (lambda: L.inv(t(2, 2), overwrite=True), TypeError, "overwrite"),
    "linalg.pinv's atol": (lambda: tg.linalg.pinv(t(2, 3), atol=0.1), UnsupportedError, "atol= isn't supported"),
    "linalg.svd's driver": (lambda: tg.linalg.svd(t(2, 3), driver="gesvd"), UnsupportedError, "driver="),
    "linalg.lstsq's driver": (lambda: tg.linalg.lstsq(t(3, 2), t(3), driver="x"), ConfigError, "not 'x'"),
    "linalg.solve of vectors from the right": (
        lambda: tg.linalg.solve(t(3, 3), t(3), left=False), ShapeError, "for vectors transpose A",
    ),
    "linalg.vander": (lambda: tg.linalg.vander(t(3), N=0), ConfigError, "at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=f"(?s){words}"):
        call()


def test_its_error_is_numpys():
    with pytest.raises(np.linalg.LinAlgError):
        L.cholesky(-EYE)
    assert issubclass(LinAlgError, RuntimeError)  # as PyTorch's


# -- vectors that aren't determined --------------------------------------------------------------------------------

REPEATED = np.diag([2.0, 2.0, 5.0])


def apply(f):
    def of(a):
        w, v = L.eigh(a)
        return (v * f(w)) @ v.mT

    return of


@pytest.mark.parametrize(
    "f",
    [
        lambda a: apply(np.exp)(a).sum(),
        lambda a: apply(np.log)(a).sum(),  # f(1) = 0: no cotangent of the vectors, but one of the values
        lambda a: L.eigh(a).eigenvectors[0, 1],
        lambda a: L.svd(a).U[0, 1],
        lambda a: L.eig(a).eigenvectors[0, 1].real,
    ],
    ids=["exp", "log", "eigh", "svd", "eig"],
)
def test_vectors_of_repeated_values_raise_in_both_modes_and_under_vmap(f):
    a = tg.tensor(np.eye(3))
    direction = tg.tensor(np.arange(9.0).reshape(3, 3))
    for run in (
        lambda: func.grad(f)(a),
        lambda: func.jvp(f, (a,), (direction,)),
        lambda: func.vmap(func.grad(f))(np.stack([a, a])),
        lambda: func.jacfwd(f)(a),
        lambda: func.hessian(f)(a),
    ):
        with pytest.raises(LinAlgError, match="repeat"):
            run()


def test_values_that_repeat_have_a_derivative():
    a = tg.tensor(REPEATED)
    for f in (lambda a: (L.eigvalsh(a) ** 2).sum(), lambda a: (L.eigh(a).eigenvalues ** 2).sum()):
        assert np.allclose(func.grad(f)(a).numpy(), 2 * REPEATED)
    assert np.allclose(func.grad(lambda a: (L.svdvals(a) ** 3).sum())(a).numpy(), 3 * REPEATED**2)
    assert np.allclose(func.grad(lambda a: (L.eigvals(a) ** 2).real.sum())(a).numpy(), 2 * REPEATED)


def test_the_other_vectors_have_their_derivative():
    """The vector of the simple eigenvalue, against differences that keep the others apart."""
    rng = np.random.default_rng(1)
    q = L.qr(rng.normal(size=(3, 3)))[0]
    a, direction = q @ REPEATED @ q.T, rng.normal(size=(3, 3))
    direction = direction + direction.T
    f = lambda a: L.eigh(a).eigenvectors[:, 2] ** 2
    want = (f(a + 1e-6 * direction) - f(a - 1e-6 * direction)) / 2e-6
    jacobian = func.jacrev(f)(tg.tensor(a)).numpy()
    assert np.allclose((jacobian * direction).sum((1, 2)), want, atol=1e-8)


def test_a_nearly_repeated_value_counts_as_repeated():
    a = tg.tensor(np.ones((3, 3)) + np.eye(3))  # LAPACK's two smallest eigenvalues differ by rounding
    with pytest.raises(LinAlgError, match="repeat"):
        func.grad(lambda a: (L.eigh(a).eigenvectors * np.arange(9.0).reshape(3, 3)).sum())(a)


def complex_matrix(*shape):
    rng = np.random.default_rng(2)
    return tg.tensor(rng.normal(size=shape) + 1j * rng.normal(size=shape))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: L.eigh(a + a.mH).eigenvectors.real.sum(),
        lambda a: L.svd(a).U.real.sum(),
        lambda a: L.svd(a).Vh.imag.sum(),
    ],
    ids=["eigh", "U", "Vh"],
)
def test_a_loss_that_depends_on_the_phase_raises(f):
    with pytest.raises(LinAlgError, match="depends on the phase"):
        func.grad(f)(complex_matrix(3, 3))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: L.svd(a).U[0, 2],
        lambda a: L.svd(a.mT).Vh[2, 0],
        lambda a: L.qr(a, "complete").Q[0, 2],
    ],
    ids=["U", "Vh", "Q"],
)
def test_a_loss_that_depends_on_the_completion_of_a_basis_raises(f):
    with pytest.raises(LinAlgError, match="any basis of the space that the others leave"):
        func.grad(f)(t(4, 2))


def test_vectors_of_singular_value_zero_raise():
    a = tg.tensor(np.outer(np.arange(1.0, 5), [1.0, 2.0]))
    with pytest.raises(LinAlgError, match="singular value is zero"):
        func.grad(lambda a: L.svd(a, full_matrices=False).U[0, 1])(a)
    assert np.isfinite(func.grad(lambda a: L.svd(a, full_matrices=False).U[0, 0])(a).numpy()).all()


# -- singular matrices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_det_of_singular_matrices(rank):
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, rank)) @ rng.normal(size=(rank, 3))
    cofactors = [[(-1) ** (i + j) * L.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(3)] for i in range(3)]
    assert np.allclose(func.grad(L.det)(tg.tensor(a)).numpy(), cofactors)
    assert np.allclose(func.jacfwd(L.det)(tg.tensor(a)).numpy(), cofactors)


def test_second_derivatives_of_det_at_an_exactly_singular_matrix_raise():
    with pytest.raises(LinAlgError, match="singular"):
        func.hessian(L.det)(ONES)


def test_slogdet_of_a_singular_matrix_has_a_value_and_no_derivative():
    sign, logabs = L.slogdet(ONES)
    assert (sign.item(), logabs.item()) == (0, -np.inf)
    with pytest.raises(LinAlgError, match="singular"):
        func.grad(lambda a: L.slogdet(a).logabsdet)(ONES)


def test_pinv_of_rank_deficient_matrices_along_directions_that_keep_the_rank():
    rng = np.random.default_rng(5)
    b, c, db, dc = rng.normal(size=(4, 2)), rng.normal(size=(2, 3)), rng.normal(size=(4, 2)), rng.normal(size=(2, 3))
    f = lambda e: L.pinv((b + e * db) @ (c + e * dc), rcond=1e-8)
    want = (f(1e-5) - f(-1e-5)) / 2e-5
    got = func.jvp(lambda a: L.pinv(a, rcond=1e-8), (tg.tensor(b @ c),), (tg.tensor(db @ c + b @ dc),))[1]
    assert np.allclose(got.numpy(), want, atol=1e-7)


def test_lstsq_gives_residuals_as_numpy_does():
    rng = np.random.default_rng(6)
    for m, n, rank in ((4, 2, 2), (4, 2, 1), (2, 2, 2), (2, 3, 2)):
        a, b = rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n)), rng.normal(size=(m, 2))
        for got, want in zip(L.lstsq(tg.tensor(a), tg.tensor(b)), L.lstsq(a, b), strict=True):
            assert np.allclose(got.numpy(), want) and got.shape == np.shape(want)


def test_results_are_named():
    a = t(3, 3)
    assert L.eigh(a)._fields == ("eigenvalues", "eigenvectors") == L.eig(a)._fields
    assert L.svd(a)._fields == ("U", "S", "Vh") and L.qr(a)._fields == ("Q", "R")
    assert L.slogdet(a)._fields == ("sign", "logabsdet")
    assert tg.linalg.lstsq(a, t(3))._fields == ("solution", "residuals", "rank", "singular_values")


def test_eig_is_complex_whatever_the_values():
    assert L.eig(EYE.float()).eigenvalues.dtype == np.complex64
    assert L.eigvals(EYE).dtype == np.complex128


def test_integers_become_the_default_dtype():
    a = tg.tensor([[2, 0], [0, 4]])
    assert L.inv(a).tolist() == [[0.5, 0.0], [0.0, 0.25]] and L.inv(a).dtype == np.float32
    assert F.fft(tg.tensor([1, 2])).dtype == np.complex64
    assert L.norm(tg.tensor([3, 4])).item() == 5.0
