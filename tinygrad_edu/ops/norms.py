"""Norms of vectors and matrices in every order, cond, and matrix_rank: compositions, so they carry no rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, LinAlgError, ShapeError
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import many_axes, one_axis
from tinygrad_edu.ops._matrices import floating, matrices, squares
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.eigen import eigvalsh
from tinygrad_edu.ops.solve import inv
from tinygrad_edu.ops.svd import svdvals

MATRIX_ORDERS = "None, 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2"

# -- vectors -------------------------------------------------------------------------------------------------------


def _vector(x: Any, p: Any, axis: tuple[int, ...], keepdims: bool, name: str) -> Any:
    """(Σ |x|ᵖ)^(1/p) over the axes; its derivative is zero where it would be zero over zero, as PyTorch's."""
    if isinstance(p, str) or (p is not None and not isinstance(p, int | float | np.number)):
        raise ConfigError(f"{name}: the order of a vector norm is a number, not {p!r}.")
    if p is None or p == 2:
        return reduce.norm(x, axis, keepdims=keepdims)
    size = np.abs(x)
    if p == math.inf:
        return np.max(size, axis=axis, keepdims=keepdims) if _some(x, axis) else np.sum(size, axis, keepdims=keepdims)
    if p == -math.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if p == 0:
        return np.sum(np.sign(size), axis=axis, keepdims=keepdims)  # a constant, but in the graph
    if p == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    p = float(p)
    nothing = size == 0
    powers = np.where(nothing, 0.0 if p > 0 else math.inf, np.where(nothing, 1, size) ** p)
    total = np.sum(powers, axis=axis, keepdims=keepdims)
    regular = np.logical_and(total > 0, np.isfinite(total))
    return np.where(regular, np.where(regular, total, 1) ** (1 / p), total if p > 0 else 1 / total)


def _some(x: Any, axis: tuple[int, ...]) -> bool:
    return all(x.shape[a] for a in axis)


# -- matrices ------------------------------------------------------------------------------------------------------


def _columns(choose: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: choose(np.sum(np.abs(x), axis=-2), axis=-1)


def _rows(choose: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: choose(np.sum(np.abs(x), axis=-1), axis=-1)


def _spectral(choose: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: choose(svdvals(x), axis=-1)


_OF_MATRICES: dict[Any, Callable[[Any], Any]] = {
    **dict.fromkeys((None, "fro", "f"), lambda x: reduce.norm(x, (-2, -1))),
    "nuc": _spectral(np.sum),
    1: _columns(np.max),
    -1: _columns(np.min),
    2: _spectral(np.max),
    -2: _spectral(np.min),
    math.inf: _rows(np.max),
    -math.inf: _rows(np.min),
}


def _matrix(x: Any, order: Any, axes: tuple[int, int], keepdims: bool, name: str) -> Any:
    try:
        of_matrices = _OF_MATRICES[order]
    except (KeyError, TypeError):
        raise ConfigError(f"{name}: the order of a matrix norm must be {MATRIX_ORDERS}, not {order!r}.") from None
    y = of_matrices(np.moveaxis(x, axes, (-2, -1)))
    return np.expand_dims(y, tuple(sorted(axes))) if keepdims else y


def _pair(axis: Any, ndim: int, name: str) -> tuple[int, int]:
    pair = tuple(one_axis(a, ndim, name) for a in axis)
    if ndim < 2 or len(pair) != 2 or pair[0] == pair[1]:
        raise ShapeError(f"{name}: a matrix norm takes two different axes, got {axis} for a tensor with {ndim} axes.")
    return pair


# -- what users call -----------------------------------------------------------------------------------------------


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A vector norm over one axis, a matrix norm over two; without `ord`, the root of the sum of squares.

    With `ord` but no `axis` the tensor itself must be a vector or a matrix.
    """
    x = floating(x)
    if axis is None and ord is None:
        return reduce.norm(x, None, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    if len(axes) == 1:
        return _vector(x, ord, many_axes(axes, x.ndim, "norm"), keepdims, "norm")
    if len(axes) == 2:
        return _matrix(x, ord, _pair(axes, x.ndim, "norm"), keepdims, "norm")
    raise ShapeError(
        f"norm: ord={ord!r} is defined for vectors and matrices, one or two axes, not for {len(axes)} (shape {x.shape}). "
        "Give axis=, or use vector_norm, which takes any number."
    )


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of order `ord`, any number, of the vectors along `axis`: an int, a tuple, None for all elements."""
    x = floating(x)
    return _vector(x, ord, many_axes(axis, x.ndim, "vector_norm"), keepdims, "vector_norm")


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of order `ord` of the matrices in the last two axes."""
    x = matrices(x, "matrix_norm")
    return _matrix(x, ord, (x.ndim - 2, x.ndim - 1), keepdims, "matrix_norm")


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number in a matrix norm: by singular values for None, 2 and −2, else ‖x‖·‖x⁻¹‖."""
    x = matrices(x, "cond")
    if not all(x.shape[-2:]):
        raise LinAlgError(f"cond: isn't defined for empty matrices, got shape {x.shape}.")
    if p is None or p in (2, -2):
        s = svdvals(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    x = squares(x, "cond")
    return matrix_norm(x, ord=p) * matrix_norm(inv(x), ord=p)


@implements(np.linalg.matrix_rank, derivative="none")
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The number of singular values above `tol`, by default `rtol` (max(m, n)·eps) times the largest."""
    if rtol is not None and tol is not None:
        raise ConfigError("matrix_rank: give tol= or rtol=, not both.")
    x = floating(A)
    if x.ndim < 2:
        return np.any(x != 0) * 1
    s = np.abs(eigvalsh(x)) if hermitian else svdvals(x)
    if tol is None:
        limit = max(x.shape[-2:]) * float(np.finfo(s.dtype).eps) if rtol is None else np.expand_dims(rtol, -1)
        tol = (np.max(s, axis=-1, keepdims=True) if s.shape[-1] else 0) * limit
    else:
        tol = np.expand_dims(tol, -1)
    return np.sum(s > tol, axis=-1)
