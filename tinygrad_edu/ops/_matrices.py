"""What the files on linear algebra share: stacks of matrices, their adjoints, and checks that name the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, as_value, tensor_of
from tinygrad_edu.errors import LinAlgError, ShapeError


def floating(x: Any) -> Any:
    """An argument as an array or Tensor of floating or complex numbers."""
    x = x if isinstance(x, Tensor | np.ndarray) else tensor_of(x)
    return x if x.dtype.kind in "fc" else as_value(x).to(get_default_dtype())


def matrices(x: Any, name: str) -> Any:
    """`x` as a stack of matrices (…, m, n)."""
    x = floating(x)
    if x.ndim < 2:
        raise LinAlgError(f"{name}: needs a matrix or a stack of them (…, m, n), got shape {x.shape}.")
    return x


def squares(x: Any, name: str) -> Any:
    """`x` as a stack of square matrices (…, n, n)."""
    x = matrices(x, name)
    if x.shape[-1] != x.shape[-2]:
        raise LinAlgError(
            f"{name}: needs square matrices, got shape {x.shape}, whose last two axes differ. For rectangular ones use pinv, "
            "lstsq, qr or svd."
        )
    return x


def right_sides(a: Any, b: Any, name: str) -> None:
    """Check that `b` (…, m, k) has as many rows as `a` (…, m, n), and that the stacks broadcast."""
    if a.shape[-2] != b.shape[-2]:
        raise ShapeError(
            f"{name}: the matrix of shape {a.shape} has {a.shape[-2]} rows, the right side of shape {b.shape} has "
            f"{b.shape[-2]}; they must be equal."
        )
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"{name}: stacks of shapes {a.shape[:-2]} and {b.shape[:-2]} (of {a.shape} and {b.shape}) don't broadcast."
        ) from None


def adjoint(x: Any) -> Any:
    """The conjugate transpose."""
    return np.conj(x.mT) if x.dtype.kind == "c" else x.mT


def hermitian(x: Any) -> Any:
    """The Hermitian part, (X + Xᴴ)/2."""
    return (x + adjoint(x)) * 0.5


def skew(x: Any) -> Any:
    """The skew-Hermitian part, (X − Xᴴ)/2."""
    return (x - adjoint(x)) * 0.5


def real(x: Any) -> Any:
    """The real part; a real array as it is."""
    return np.real(x) if x.dtype.kind == "c" else x


def diagonal_of(x: Any) -> Any:
    """The diagonal of the last two axes."""
    return np.linalg.diagonal(x)


def on_diagonal(d: Any, n: int) -> Any:
    """Matrices with `d` (…, n) on the diagonal."""
    return d[..., None] * np.eye(n, dtype=d.dtype)


def from_triangle(x: Any, lower: bool) -> Any:
    """The Hermitian matrix whose lower (or upper) triangle is that of `x`."""
    strict = np.tril(x, -1) if lower else np.triu(x, 1)
    return strict + adjoint(strict) + on_diagonal(real(diagonal_of(x)), x.shape[-1])


def checked(name: str, hint: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """The op's forward, whose LinAlgError names the op, the shapes and what to do."""

    def forward(*xs: Any, **params: Any) -> Any:
        try:
            return f(*xs, **params)
        except np.linalg.LinAlgError as error:
            shapes = " and ".join(str(x.shape) for x in xs)
            said = str(error).rstrip(".").lower()
            raise LinAlgError(f"{name}: {said}, in matrices of shape {shapes}. {hint}") from None

    return forward
