"""Tensor's methods of linear algebra: products of vectors and matrices, inverses, decompositions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tinygrad_edu.ops import decompose, matrix_functions, product
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops._matrices import adjoint, hermitian
from tinygrad_edu.ops.methods._spelling import np
from tinygrad_edu.ops.printing import results_text

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Products:
    """Matrices are the last two axes."""

    __slots__ = ()

    def matmul(self, other: Any) -> Tensor:
        return product.matmul(self, other)

    def mm(self, mat2: Any) -> Tensor:
        """The product of two matrices."""
        return product.mm(self, mat2)

    def bmm(self, mat2: Any) -> Tensor:
        """The products of two stacks of matrices."""
        return product.bmm(self, mat2)

    def mv(self, vec: Any) -> Tensor:
        """The product of a matrix and a vector."""
        return product.mv(self, vec)

    def dot(self, tensor: Any) -> Tensor:
        return product.dot(self, tensor)

    def vdot(self: Any, other: Any) -> Tensor:
        """The inner product, its first argument conjugated."""
        return np.vdot(self, other)

    def inner(self, other: Any) -> Tensor:
        return product.inner(self, other)

    def outer(self: Any, vec2: Any) -> Tensor:
        return product.outer(self, vec2)

    def ger(self, vec2: Any) -> Tensor:
        """The outer product of two vectors."""
        return product.ger(self, vec2)

    def kron(self: Any, other: Any) -> Tensor:
        """Every element of this times all of the other."""
        return np.kron(self, other)

    def cross(self: Any, other: Any, dim: int | None = None) -> Tensor:
        """The vector product along `dim`: by default the first axis of length 3."""
        if dim is None:
            dim = next((i for i, n in enumerate(self.shape) if n == 3), -1)
        return np.cross(self, other, axis=dim)

    # PyTorch's products added to what there is: β·self + α·product.

    def addmm(self, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        return product.addmm(self, mat1, mat2, beta=beta, alpha=alpha)

    def addmv(self, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        return product.addmv(self, mat, vec, beta=beta, alpha=alpha)

    def addr(self, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        return product.addr(self, vec1, vec2, beta=beta, alpha=alpha)

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        return product.baddbmm(self, batch1, batch2, beta=beta, alpha=alpha)

    def addbmm(self, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
        return product.addbmm(self, batch1, batch2, beta=beta, alpha=alpha)

    # -- of one matrix ---------------------------------------------------------------------------------------------

    def trace(self: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The sum of the diagonal; NumPy's offset and axes are accepted."""
        return np.trace(self, *args, **kwargs)

    def det(self: Any) -> Tensor:
        return np.linalg.det(self)

    def slogdet(self: Any) -> SignAndLog:
        """The sign and the logarithm of the absolute value of the determinant."""
        return SignAndLog(*np.linalg.slogdet(self))

    def logdet(self: Any) -> Tensor:
        """The logarithm of the determinant, NaN where that is negative."""
        sign, size = np.linalg.slogdet(self)
        return e.where(sign < 0, np.nan, size) if sign.dtype.kind != "c" else size + e.log(sign)

    def inverse(self: Any) -> Tensor:
        return np.linalg.inv(self)

    def pinverse(self: Any, rcond: float = 1e-15) -> Tensor:
        """The pseudo-inverse of Moore and Penrose."""
        return np.linalg.pinv(self, rcond)

    def matrix_power(self: Any, n: int) -> Tensor:
        return np.linalg.matrix_power(self, n)

    def matrix_exp(self: Any) -> Tensor:
        """Σ Aⁿ/n!."""
        return matrix_functions.matrix_exp(self)

    def cholesky(self: Any, upper: bool = False) -> Tensor:
        """The triangular L with L Lᴴ = self, or its conjugate transpose."""
        factor = decompose.cholesky_(hermitian(self))
        return adjoint(factor) if upper else factor

    def cholesky_inverse(self: Any, upper: bool = False) -> Tensor:
        """The inverse of the matrix that this is the Cholesky factor of."""
        return np.linalg.inv(self.mH @ self if upper else self @ self.mH)

    def cholesky_solve(self: Any, input2: Any, upper: bool = False) -> Tensor:
        """The X with A X = self, where `input2` is the Cholesky factor of A."""
        factor = input2.mH if upper else input2
        return np.linalg.solve(factor.mH, np.linalg.solve(factor, self))

    def qr(self: Any, some: bool = True) -> QR:
        """Q with orthonormal columns and the triangular R whose product this is."""
        return QR(*np.linalg.qr(self, "reduced" if some else "complete"))

    def svd(self: Any, some: bool = True, compute_uv: bool = True) -> SVD:
        """U, the singular values, and V (not Vᴴ, which `np.linalg.svd` returns)."""
        u, s, vh = np.linalg.svd(self, full_matrices=not some)
        if not compute_uv:
            u, vh = np.zeros_like(u), np.zeros_like(vh)
        return SVD(u, s, adjoint(vh))


class SignAndLog(NamedTuple):
    """What `slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return results_text(self, "slogdet")


class QR(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return results_text(self, "qr")


class SVD(NamedTuple):
    """What `svd` returns."""

    U: Tensor
    S: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return results_text(self, "svd")
