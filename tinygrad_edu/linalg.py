"""PyTorch's `torch.linalg`: its names, its keywords (`dim`, `keepdim`) and its named results, for matrices and stacks of them.

`np.linalg.<function>(tensor)` does the same with NumPy's keywords. One thing differs: of a Hermitian matrix NumPy reads
one triangle, and there the gradient of `np.linalg.cholesky`, `eigh` and `eigvalsh` stands; here it is Hermitian, as
PyTorch's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, LinAlgError, ShapeError, UnsupportedError
from tinygrad_edu.ops import decompose, eigen, least_squares, norms, product
from tinygrad_edu.ops import lu as elimination
from tinygrad_edu.ops import matrix_functions as functions
from tinygrad_edu.ops import solve as solving
from tinygrad_edu.ops import svd as singular
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._matrices import adjoint, floating, from_triangle, hermitian, matrices, right_sides, squares
from tinygrad_edu.ops.decompose import QRResult
from tinygrad_edu.ops.eigen import EighResult, EigResult
from tinygrad_edu.ops.lu import LUResult
from tinygrad_edu.ops.node_names import entitle
from tinygrad_edu.ops.svd import SVDResult

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cholesky_solve",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "inv_ex",
    "logdet",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]


class LstsqResult(NamedTuple):
    """PyTorch's four results of `lstsq`."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


# -- systems -------------------------------------------------------------------------------------------------------

inv, det, slogdet, tensorinv = solving.inv, solving.det, solving.slogdet, solving.tensorinv


def logdet(A: Any) -> Any:
    """The logarithm of the determinant: of a real matrix NaN where that is negative, −inf where it is zero."""
    sign, logabs = slogdet(A)
    if sign.dtype.kind == "c":
        return np.log(sign) + logabs
    return np.where(sign < 0, np.nan, logabs)


def _column(A: Any, B: Any, name: str) -> tuple[Any, bool]:
    """`B` as matrices, and whether it held vectors: (n,), or (…, n) for A of shape (…, n, n)."""
    B = floating(B)
    vectors = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if B.ndim == 0:
        raise ShapeError(
            f"{name}: the right side of the matrix of shape {A.shape} must have an axis, got a 0-d tensor."
        )
    return (B[..., None] if vectors else B), vectors


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X with A X = B, or X A = B if not `left`; B (…, n, k), or vectors (n,) or (…, n)."""
    A = squares(A, "solve")
    column, vectors = _column(A, B, "solve")
    if not left:
        if vectors:
            raise ShapeError("solve: left=False needs matrices B (…, k, n); for vectors transpose A.")
        return solve(A.mT, column.mT).mT
    right_sides(A, column, "solve")
    X = solving.solve_(A, column)
    return X[..., 0] if vectors else X


def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """As `solve` with a triangular A, whose other triangle (and diagonal, for `unitriangular`) isn't read."""
    A, B = squares(A, "solve_triangular"), matrices(B, "solve_triangular")
    if not left:
        return solve_triangular(A.mT, B.mT, upper=not upper, unitriangular=unitriangular).mT
    right_sides(A, B, "solve_triangular")
    return solving.triangular_solve(A, B, lower=not upper, unit=unitriangular)


def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """The X with L Lᴴ X = B, or Lᴴ L X = B for an `upper` factor."""
    L, B = squares(L, "cholesky_solve"), matrices(B, "cholesky_solve")
    right_sides(L, B, "cholesky_solve")
    lower = adjoint(L) if upper else L
    half = solving.triangular_solve(lower, B, lower=True)
    return solving.triangular_solve(adjoint(lower), half, lower=False)


class LUFactors(NamedTuple):
    """PyTorch's two results of `lu_factor`."""

    LU: Any
    pivots: Any


class Checked(NamedTuple):
    """What the functions ending in `_ex` return: a result, and for each matrix 0, or else where it failed."""

    result: Any
    info: Any


def lu(A: Any, *, pivot: bool = True) -> LUResult:
    """The factors of square matrices A = P L U, with exchanges of rows."""
    _pivoting(pivot, "lu")
    return elimination.lu(A)


def lu_factor(A: Any, *, pivot: bool = True) -> LUFactors:
    """As `lu` in LAPACK's form: L without its diagonal and U in one matrix, and the rows that were exchanged, from 1 on."""
    _pivoting(pivot, "lu_factor")
    return LUFactors(*elimination.lu_factor(A))


def _pivoting(pivot: bool, name: str) -> None:
    if not pivot:
        raise UnsupportedError(f"{name}: pivot=False isn't supported, as on PyTorch's CPU; leave it out.")


def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """The X with A X = B (X A = B if not `left`; Aᴴ for A if `adjoint`) of the factors that `lu_factor` gives."""
    LU, B = squares(LU, "lu_solve"), matrices(B, "lu_solve")
    P = np.eye(LU.shape[-1], dtype=LU.dtype)[elimination.rows_of(pivots)].mT
    A = P @ (np.tril(LU, -1) + np.eye(LU.shape[-1], dtype=LU.dtype)) @ np.triu(LU)
    return solve(A.mH if adjoint else A, B, left=left)


def inv_ex(A: Any, *, check_errors: bool = False) -> Checked:
    """The inverse, and 0 for each matrix; NaN and 1 for one that is singular, or with `check_errors` a LinAlgError."""
    return _ex(inv, squares(A, "inv_ex"), check_errors)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Checked:
    """`cholesky`, and 0 for each matrix; NaN and 1 for one that isn't positive definite, or with `check_errors` a LinAlgError."""
    return _ex(lambda A: cholesky(A, upper=upper), squares(A, "cholesky_ex"), check_errors)


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Checked:
    """`solve`, and 0 for each matrix; NaN and 1 for one that is singular, or with `check_errors` a LinAlgError."""
    return _ex(lambda A: solve(A, B, left=left), squares(A, "solve_ex"), check_errors, like=floating(B))


def _ex(function: Any, A: Any, check_errors: bool, like: Any = None) -> Checked:
    info = np.zeros(A.shape[:-2], np.int32)
    try:
        result = function(A)
    except LinAlgError:
        if check_errors:
            raise
        # Which of a stack failed isn't said; none of them is any use then.
        result, info = as_value(np.full((A if like is None else like).shape, np.nan, A.dtype)), info + np.int32(1)
    return Checked(result, as_value(info))


def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """The X with tensordot(A, X, X.ndim) = B; the `dims` of A are moved to its end first."""
    return solving.tensorsolve(A, B, dims)


def pinv(A: Any, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """The Moore–Penrose inverse; singular values below `rtol` (max(m, n)·eps) times the largest count as zero."""
    if atol is not None:
        raise UnsupportedError("pinv: atol= isn't supported; give rtol=, relative to the largest singular value.")
    return least_squares.pinv(A, hermitian=hermitian, rtol=rtol)


def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> LstsqResult:
    """The X of least norm among those that minimise ‖A X − B‖, with the residuals ‖A X − B‖², the rank and singular values.

    The residuals are empty unless m > n and every rank is n; inside `vmap` it is taken to be. `driver` names LAPACK's
    algorithms, between which there is nothing to choose here.
    """
    if driver not in (None, "gelsy", "gelsd", "gelss", "gels"):
        raise ConfigError(f"lstsq: driver must be 'gelsy', 'gelsd', 'gelss' or 'gels', not {driver!r}.")
    A = matrices(A, "lstsq")
    column, vectors = _column(A, B, "lstsq")
    right_sides(A, column, "lstsq")
    X, residuals, rank, s = least_squares.least_squares(A, column, rcond)
    return LstsqResult(X[..., 0] if vectors else X, residuals, rank, s)


# -- decompositions ------------------------------------------------------------------------------------------------


def _symmetric(A: Any, lower: bool, name: str) -> Any:
    """The Hermitian matrix of one triangle of A, with the derivative of the Hermitian part of A."""
    A = as_value(squares(A, name))
    part = hermitian(A)
    return part + (from_triangle(A, lower) - part).detach()


def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with A = L Lᴴ; the upper one Lᴴ if `upper`. The gradient is Hermitian."""
    L = decompose.cholesky_(_symmetric(A, not upper, "cholesky"))
    return adjoint(L) if upper else L


def qr(A: Any, mode: str = "reduced") -> QRResult:
    """The factors of A = Q R for mode 'reduced' and 'complete'; for 'r' Q is empty."""
    result = decompose.qr(A, mode)
    return QRResult(as_value(np.empty(0, result.dtype)), result) if mode == "r" else result


def eigh(A: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices. The gradient is Hermitian."""
    uplo = eigen.triangle(UPLO, "eigh")
    return EighResult(*eigen.eigh_(_symmetric(A, uplo == "L", "eigh"), uplo=uplo))


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of Hermitian matrices, ascending. The gradient is Hermitian."""
    return eigen.eigvalsh_(_symmetric(A, eigen.triangle(UPLO, "eigvalsh") == "L", "eigvalsh"))


def eig(A: Any) -> EigResult:
    """Complex eigenvalues, and eigenvectors as columns of length 1."""
    return eigen.eig(A)


def eigvals(A: Any) -> Any:
    """Complex eigenvalues."""
    return eigen.eigvals(A)


def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> SVDResult:
    """The singular value decomposition U, S, Vh."""
    _no_driver(driver, "svd")
    result: SVDResult = singular.svd(A, full_matrices)
    return result


def svdvals(A: Any, *, driver: str | None = None) -> Any:
    """The singular values, descending."""
    _no_driver(driver, "svdvals")
    return singular.svdvals(A)


def _no_driver(driver: str | None, name: str) -> None:
    if driver is not None:
        raise UnsupportedError(f"{name}: driver= chooses among the algorithms of a GPU; leave it out.")


# -- norms ---------------------------------------------------------------------------------------------------------


_NORM = "LinalgVectorNormBackward0"


def _in(x: Any, dtype: Any) -> Any:
    return x if dtype is None else as_value(x).to(dtype)


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """A vector norm over one dimension, a matrix norm over two; without `ord` the root of the sum of squares."""
    A = _in(A, dtype)
    if ord is None and dim is not None:
        return vector_norm(A, 2, dim, keepdim)
    return entitle(norms.norm(A, ord, dim, keepdim), _NORM)


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The norm of order `ord`, any number, of the vectors along `dim`: an int, a tuple, None for all elements."""
    return entitle(norms.vector_norm(_in(x, dtype), axis=dim, keepdims=keepdim, ord=ord), _NORM)


def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The norm of order `ord` of the matrices in two dimensions."""
    A = matrices(_in(A, dtype), "matrix_norm")
    return entitle(norms.norm(A, ord, tuple(one_axis(d, A.ndim, "matrix_norm") for d in dim), keepdim), _NORM)


cond = norms.cond


def matrix_rank(A: Any, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    """The number of singular values above max(atol, rtol · the largest); `rtol` is max(m, n)·eps, or 0 if `atol` is given."""
    if atol is None or rtol is None:
        return norms.matrix_rank(A, atol, hermitian, rtol=rtol)
    s = np.abs(eigvalsh(A)) if hermitian else svdvals(A)
    return np.sum(s > np.maximum(atol, rtol * np.max(s, axis=-1, keepdims=True)), axis=-1)


# -- products and functions ----------------------------------------------------------------------------------------


def matmul(input: Any, other: Any) -> Any:
    """The matrix product."""
    return np.matmul(input, other)


def multi_dot(tensors: Any) -> Any:
    """The product of matrices in the order of least cost."""
    return functions.multi_dot(tensors)


def matrix_power(A: Any, n: int) -> Any:
    """The product of `n` copies of each matrix, of its inverse for negative `n`."""
    return functions.matrix_power(A, n)


def matrix_exp(A: Any) -> Any:
    """The exponential of each matrix: I + A + A²/2 + …"""
    return functions.matrix_exp(A)


def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector product along a dimension of length 3."""
    return np.linalg.cross(input, other, axis=dim)


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The sum of conj(x) · y along `dim`."""
    return product.linalg_vecdot(x, y, axis=dim)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonal in the plane of two dimensions, the last two by default."""
    return np.diagonal(A, offset, dim1, dim2)


def vander(x: Any, *, N: int | None = None) -> Any:
    """The powers 0 … N − 1 of each element, along a new last dimension; N is by default the length of the last one."""
    x = floating(x)
    count = x.shape[-1] if N is None else int(N)
    if count < 1:
        raise ConfigError(f"vander: N must be at least 1, got {N} for shape {x.shape}.")
    columns = [np.ones(x.shape, x.dtype)]
    for _ in range(1, count):
        columns.append(columns[-1] * x)
    return np.stack([as_value(c) for c in columns], axis=-1)
