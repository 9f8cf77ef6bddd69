"""Polynomials by their coefficients, the highest power first, and differentiable in them: NumPy's `poly…` functions.

Leading coefficients that are zero are kept, where NumPy drops them: a shape that depends on values can't be batched.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import concatenate, operand, stack
from tinygrad_edu.ops.shape import atleast_1d, expand_dims
from tinygrad_edu.ops.window import convolve


def _coefficients(p: Any, name: str, *beside: Any) -> Any:
    p = atleast_1d(operand(p, *beside))
    if p.ndim != 1:
        raise ShapeError(f"{name}: coefficients must be 1-D, got shape {p.shape}.")
    return p


def _aligned(a1: Any, a2: Any, name: str) -> tuple[Any, Any]:
    a, b = _coefficients(a1, name, a2), _coefficients(a2, name, a1)
    n = max(a.shape[0], b.shape[0])
    return np.pad(a, (n - a.shape[0], 0)), np.pad(b, (n - b.shape[0], 0))


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The sum of two polynomials."""
    a, b = _aligned(a1, a2, "polyadd")
    return a + b


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The difference of two polynomials."""
    a, b = _aligned(a1, a2, "polysub")
    return a - b


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The product of two polynomials."""
    return convolve(_coefficients(a1, "polymul", a2), _coefficients(a2, "polymul", a1))


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Quotient and remainder of two polynomials, by long division."""
    rest, divisor = _coefficients(u, "polydiv", v), _coefficients(v, "polydiv", u)
    n = divisor.shape[0] - 1
    steps = rest.shape[0] - n
    if steps < 1:
        return np.zeros_like(rest, shape=1), rest
    quotient = []
    for _ in range(steps):
        quotient.append(rest[0] / divisor[0])
        taken = rest[1 : n + 1] - quotient[-1] * divisor[1:]
        rest = concatenate([taken, rest[n + 1 :]]) if rest.shape[0] > n + 1 else taken
    return stack(quotient), rest if n else np.zeros_like(quotient[0], shape=1)


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The value of a polynomial at every element of `x`, by Horner's scheme."""
    p, x = operand(p, x), operand(x, p)
    if not p.ndim:
        raise ShapeError("polyval: the coefficients need an axis to go along, got a 0-d tensor.")
    y = np.zeros_like(x, dtype=np.result_type(p.dtype, x.dtype))
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """The coefficients of the `m`-th derivative."""
    p = _coefficients(p, "polyder")
    _order(m, "polyder")
    for _ in range(m):
        p = p[:-1] * _powers(p.shape[0] - 1, p)
    return p if m else p + 0


def _order(m: int, name: str) -> None:
    if m < 0:
        raise ShapeError(f"{name}: the order must be positive, not {m}.")


def _powers(n: int, p: Any) -> Any:
    """n, …, 2, 1 in the precision of `p`."""
    return np.arange(n, 0, -1, dtype=np.finfo(p.dtype).dtype if p.dtype.kind in "fc" else p.dtype)


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The coefficients of the `m`-th antiderivative, with the constants `k` (a number or one each; zero by default)."""
    p = _coefficients(p, "polyint")
    _order(m, "polyint")
    constants = np.zeros((m,)) if k is None else atleast_1d(operand(k, p))
    if k is not None and constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ShapeError(f"polyint: {m} constants are needed, got {constants.shape[0]}.")
    for i in range(m):
        p = p / _powers(p.shape[0], p)
        p = concatenate([p, as_value(constants[i : i + 1]).to(p.dtype) if k is None else constants[i : i + 1]])
    return p if m else p + 0


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The coefficients of the polynomial with these roots, or of the characteristic polynomial of a matrix."""
    zeros = atleast_1d(operand(seq_of_zeros))
    real = zeros.dtype.kind != "c"
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1]:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim != 1:
        raise ShapeError(f"poly: needs 1-D roots or a square matrix, got shape {zeros.shape}.")
    one = np.ones_like(zeros, shape=1)
    p = one
    for i in range(zeros.shape[0]):
        p = convolve(p, concatenate([one, -zeros[i : i + 1]]))
    return np.real(p) if real and p.dtype.kind == "c" else p


@implements(np.roots)
def roots(p: Any) -> Any:
    """The roots of a polynomial: the eigenvalues of its companion matrix.

    Coefficients that are zero at either end are split off, except inside `vmap`, where they can't be looked at.
    """
    p = _coefficients(p, "roots")
    n, behind = p.shape[0], 0
    if not _batched(p):
        nonzero = np.flatnonzero(np.asarray(p.detach()))
        if not nonzero.size:
            return np.zeros_like(p, shape=0)
        behind = n - 1 - int(nonzero[-1])
        p = p[int(nonzero[0]) : n - behind]
    n = p.shape[0] - 1
    if not n:
        return np.zeros_like(p, shape=behind)
    top = expand_dims(-p[1:] / p[0], 0)
    below = np.eye(n - 1, n, dtype=np.finfo(top.dtype).dtype)
    found = np.linalg.eigvals(concatenate([top, below]))
    return concatenate([found, np.zeros_like(found, shape=behind)]) if behind else found


def _batched(p: Any) -> bool:
    return p.transform == "vmap" or any(map(_batched, p.parts()))


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The matrix whose columns are the powers of a 1-D `x`, the highest first unless `increasing`."""
    x = operand(x)
    if x.ndim != 1:
        raise ShapeError(f"vander: needs a 1-D tensor, got shape {x.shape}.")
    count = x.shape[0] if N is None else int(N)
    if not count:
        return np.zeros_like(x, shape=(x.shape[0], 0))
    columns = [np.ones_like(x)]
    for _ in range(count - 1):
        columns.append(columns[-1] * x)
    return stack(columns if increasing else columns[::-1], 1)


@implements(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """The polynomial of degree `deg` that comes closest to `y` (a column, or several) at `x`, by least squares.

    With `full` also what `np.linalg.lstsq` says of the scaled problem; with `cov` the covariance of the coefficients,
    scaled by the residuals unless it is "unscaled".
    """
    x, y = operand(x, y), operand(y, x)
    if x.ndim != 1 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0] or not x.shape[0]:
        raise ShapeError(f"polyfit: needs points x (n,) and values y (n,) or (n, k), got {x.shape} and {y.shape}.")
    order = int(deg) + 1
    if order < 1:
        raise ShapeError(f"polyfit: deg can't be negative, got {deg}.")
    matrix, right = vander(x, order), y
    rcond = x.shape[0] * np.finfo(matrix.dtype).eps if rcond is None else rcond
    if w is not None:
        weights = operand(w, y)
        if weights.shape != x.shape:
            raise ShapeError(f"polyfit: needs a weight per point, got {weights.shape} for {x.shape}.")
        matrix = matrix * expand_dims(weights, 1)
        right = right * (expand_dims(weights, 1) if y.ndim == 2 else weights)
    scale = np.sqrt(np.sum(matrix * matrix, axis=0))
    solution, residuals, rank, singular = np.linalg.lstsq(matrix / scale, right, rcond)
    fitted = (solution.T / scale).T
    if full:
        return fitted, residuals, rank, singular, rcond
    if not cov:
        return fitted
    scaled = matrix / scale
    base = np.linalg.inv(scaled.T @ scaled) / (expand_dims(scale, 1) * scale)
    factor = 1
    if cov != "unscaled":
        if x.shape[0] <= order:
            raise ShapeError(f"polyfit: the covariance needs more than {order} points, got {x.shape[0]}.")
        factor = np.sum((right - matrix @ fitted) ** 2, axis=0) / (x.shape[0] - order)
    base = (base if y.ndim == 1 else expand_dims(base, 2)) * factor
    return fitted, base
