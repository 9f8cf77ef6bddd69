"""What stands in for an inverse where there is none: pinv and lstsq."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, LinAlgError, UnsupportedError
from tinygrad_edu.ops._matrices import adjoint, floating, from_triangle, matrices, real, right_sides, squares
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.svd import svdvals


class LstsqResult(NamedTuple):
    """NumPy's four results of `lstsq`."""

    x: Any
    residuals: Any
    rank: Any
    s: Any


def _pinv_push(x_dot: Any, y: Any, x: Any, *, rtol: float) -> Any:
    left = y @ adjoint(y) @ adjoint(x_dot)
    right = adjoint(x_dot) @ adjoint(y) @ y
    return left - left @ x @ y + right - y @ (x @ right) - y @ x_dot @ y


def _pinv_pull(y_bar: Any, y: Any, x: Any, *, rtol: float) -> Any:
    left = adjoint(y_bar) @ y @ adjoint(y)
    right = adjoint(y) @ y @ adjoint(y_bar)
    return left - x @ (y @ left) + right - right @ y @ x - adjoint(y) @ y_bar @ adjoint(y)


pinv_: Op = primitive(
    "pinv",
    lambda x, *, rtol: np.linalg.pinv(x, rcond=rtol),
    # Golub & Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares problems", (4.12): for
    # any rank that doesn't change nearby.
    Given("X̄ += (I − XY) Ȳᴴ Y Yᴴ + Yᴴ Y Ȳᴴ (I − YX) − Yᴴ Ȳ Yᴴ", _pinv_push, _pinv_pull, reads=["y", 0]),
    math="Y = X⁺, the Moore–Penrose inverse",
    cost=lambda y, x, **_: 20 * x.size * min(x.shape[-2:]),
    floating=True,
    batch=lambda size, args, flags, *, rtol: pinv_(*args, rtol=rtol),
    samples=lambda r: [
        Sample((r(3, 2) + np.eye(3, 2) * 3,), {"rtol": 1e-5}),
        Sample((r(2, 2, 3) + np.eye(2, 3) * 3,), {"rtol": 1e-5}),
        Sample((r.complex(3, 2) + np.eye(3, 2) * 5,), {"rtol": 1e-5}),
    ],
    reference=lambda x, *, rtol: (
        np.linalg.inv(x.conj().mT @ x) @ x.conj().mT
        if x.shape[-2] > x.shape[-1]
        else x.conj().mT @ np.linalg.inv(x @ x.conj().mT)
    ),
)

# -- what users call --------------------------------------------------------------------------------------------------

_UNSET = object()


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _UNSET) -> Any:
    """The Moore–Penrose inverse; singular values below `rtol` (or `rcond`) times the largest count as zero.

    Its derivative takes the rank for constant nearby, as it is almost everywhere.
    """
    a = matrices(a, "pinv")
    if rcond is not None and rtol is not _UNSET:
        raise ConfigError("pinv: give rtol= or rcond=, not both.")
    limit = rcond if rcond is not None else 1e-15 if rtol is _UNSET else rtol
    if limit is None:
        limit = max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
    if np.ndim(limit):
        raise UnsupportedError("pinv: rtol= and rcond= must be one number here; call pinv once for each of several.")
    return pinv_(from_triangle(squares(a, "pinv"), lower=True) if hermitian else a, rtol=float(limit))


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> LstsqResult:
    """The `x` of least norm among those that minimise ‖a x − b‖, for matrices (m, n) and b of shape (m,) or (m, k).

    The residuals ‖a x − b‖² are empty unless m > n and the rank is n; inside `vmap` the rank is taken to be n.
    """
    a, b = matrices(a, "lstsq"), floating(b)
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise LinAlgError(
            f"lstsq: needs one matrix and b of one or two axes, got shapes {a.shape} and {b.shape}. For stacks use "
            "tinygrad_edu.linalg.lstsq, or vmap."
        )
    column = b[:, None] if b.ndim == 1 else b
    right_sides(a, column, "lstsq")
    x, residuals, rank, s = least_squares(a, column, rcond)
    return LstsqResult(x[:, 0] if b.ndim == 1 else x, residuals, rank, s)


def least_squares(a: Any, b: Any, rcond: Any) -> tuple[Any, Any, Any, Any]:
    """The solutions, residuals, ranks and singular values for stacks of matrices (…, m, n) and (…, m, k)."""
    m, n = a.shape[-2:]
    limit = max(m, n) * float(np.finfo(a.dtype).eps) if rcond is None else max(float(rcond), 0.0)
    s = svdvals(a)
    rank = np.sum(s > limit * np.max(s, axis=-1, keepdims=True), axis=-1)
    x = pinv_(a, rtol=limit) @ b
    if m > n and (getattr(rank, "level", 0) or bool(np.all(rank == n))):
        return x, np.sum(_square(a @ x - b), axis=-2), rank, s
    return x, as_value(np.zeros(0, s.dtype)), rank, s


def _square(x: Any) -> Any:
    return real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x
