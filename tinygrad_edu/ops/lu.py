"""Factors of a square matrix by elimination with row exchanges: A = P L U, in full and in LAPACK's compact form."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.ops._matrices import adjoint, squares
from tinygrad_edu.ops.solve import solve_


class LUResult(NamedTuple):
    """A permutation P, a lower triangular L with ones on its diagonal, and an upper triangular U."""

    P: Any
    L: Any
    U: Any


def _lu(a: Any) -> Any:
    n = a.shape[-1]
    u = a.reshape(math.prod(a.shape[:-2]), n, n).copy()
    p = np.broadcast_to(np.eye(n, dtype=a.dtype), u.shape).copy()  # rows are exchanged in it as in U
    lower = np.zeros_like(u)
    each = np.arange(len(u))
    for k in range(n):
        best = k + np.argmax(np.abs(u[:, k:, k]), axis=1)
        for m in (u, lower, p):
            m[each, k], m[each, best] = m[each, best], m[each, k]
        pivot = u[:, k, k, None]
        factors = np.divide(u[:, k + 1 :, k], pivot, out=np.zeros_like(u[:, k + 1 :, k]), where=pivot != 0)
        lower[:, k + 1 :, k] = factors
        u[:, k + 1 :] -= factors[:, :, None] * u[:, k, None]
    lower += np.eye(n, dtype=a.dtype)
    return p.mT.reshape(a.shape), lower.reshape(a.shape), np.triu(u).reshape(a.shape)


def _push(a_dot: Any, y: Any, a: Any) -> Any:
    p, lower, upper = y
    inner = solve_(lower, p.mT @ a_dot)  # L⁻¹ Pᵀ Ȧ, and then U⁻¹ from the right
    inner = solve_(upper.mT, inner.mT).mT
    return p * 0, lower @ np.tril(inner, -1), np.triu(inner) @ upper


def _pull(y_bar: Any, y: Any, a: Any) -> Any:
    p, lower, upper = y
    _, lower_bar, upper_bar = y_bar
    inner = p * 0
    if lower_bar is not None:
        inner = inner + np.tril(adjoint(lower) @ lower_bar, -1)
    if upper_bar is not None:
        inner = inner + np.triu(upper_bar @ adjoint(upper))
    inner = solve_(adjoint(lower), inner)
    return p @ solve_(np.conj(upper), inner.mT).mT


def _reference(a: Any) -> Any:
    """By hand: each row's pivot is sought by comparing with all that are left."""
    stack, n = a.reshape(-1, *a.shape[-2:]), a.shape[-1]
    found = []
    for matrix in stack:
        order, rest = list(range(n)), matrix.copy()
        lower = np.eye(n, dtype=a.dtype)
        for k in range(n):
            best = max(range(k, n), key=lambda i: abs(rest[i, k]))
            order[k], order[best] = order[best], order[k]
            rest[[k, best]] = rest[[best, k]]
            lower[[k, best], :k] = lower[[best, k], :k]
            for i in range(k + 1, n):
                lower[i, k] = rest[i, k] / rest[k, k]
                rest[i] = rest[i] - lower[i, k] * rest[k]
        found.append((np.eye(n, dtype=a.dtype)[:, order], lower, np.triu(rest)))
    return tuple(np.stack(part).reshape(a.shape) for part in zip(*found, strict=True))


lu_: Op = primitive(
    "lu",
    _lu,
    # A = P L U gives L⁻¹ Pᵀ dA U⁻¹ = L⁻¹ dL + dU U⁻¹, strictly lower and upper parts.
    Given("X̄ += P L⁻ᴴ (tril(Lᴴ L̄, −1) + triu(Ū Uᴴ)) U⁻ᴴ", _push, _pull, reads="y"),
    math="P L U = X, P a permutation, L lower triangular with ones on the diagonal, U upper triangular",
    cost=lambda y, x: 2 * x.size * x.shape[-1] // 3,
    floating=True,
    batch=lambda size, args, flags: lu_(*args),
    samples=lambda r: [Sample((r(3, 3) + 2 * np.eye(3)[[1, 2, 0]],)), Sample((r.complex(2, 2, 2) + 3 * np.eye(2),))],
    reference=_reference,
)


def lu(a: Any) -> LUResult:
    """The factors of square matrices A = P L U, with the largest element of each column as its pivot."""
    p, lower, upper = lu_(squares(a, "lu"))
    return LUResult(as_value(p).detach(), lower, upper)


def lu_factor(a: Any) -> tuple[Any, Any]:
    """L (without its diagonal) and U in one matrix, and which row (from 1 on) each row was exchanged with, (…, n) int32."""
    p, lower, upper = lu(squares(a, "lu_factor"))
    return lower + upper - np.eye(a.shape[-1], dtype=lower.dtype), _pivots(p)


def _pivots(p: Any) -> Any:
    orders = np.asarray(np.argmax(np.abs(p), axis=-2))  # of each row of L U the row of A
    found = np.empty(orders.shape, np.int32)
    for order, pivots in zip(orders.reshape(-1, orders.shape[-1]), found.reshape(-1, orders.shape[-1]), strict=True):
        rows = list(range(len(order)))
        for k, row in enumerate(order):
            at = rows.index(row)
            rows[k], rows[at] = rows[at], rows[k]
            pivots[k] = at + 1
    return as_value(found)


def rows_of(pivots: Any) -> np.ndarray[Any, Any]:
    """The order of rows (…, n) that a list of exchanges makes: row i of L U is row `rows[i]` of the matrix."""
    given = np.asarray(pivots)
    found = np.broadcast_to(np.arange(given.shape[-1]), given.shape).copy()
    for rows, exchanges in zip(found.reshape(-1, found.shape[-1]), given.reshape(-1, given.shape[-1]), strict=True):
        for k, other in enumerate(exchanges):
            rows[k], rows[other - 1] = rows[other - 1], rows[k]
    return found
