"""Linear systems and what goes with them: inv, solve, det, slogdet, and tensorinv and tensorsolve.

The rules of inv, solve and det are those of Giles (2008), "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", section 2.2.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, align, primitive, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ConfigError, LinAlgError, ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._matrices import (
    adjoint,
    checked,
    diagonal_of,
    floating,
    right_sides,
    squares,
)
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.printing import results_text

SINGULAR = "Use pinv or lstsq, or add a small multiple of the identity."


class SlogdetResult(NamedTuple):
    """The sign of a determinant (a complex number of modulus 1), and the logarithm of its modulus."""

    sign: Any
    logabsdet: Any

    def __repr__(self) -> str:
        return results_text(self, "linalg_slogdet")


def near_identity(r: Any, *shape: int, complex: bool = False) -> Any:
    """A sample of well-conditioned matrices."""
    return (r.complex(*shape) if complex else r(*shape)) + 5 * np.eye(shape[-1])


def _stacks(r: Any) -> list[Sample]:
    return [
        Sample((near_identity(r, 3, 3),)),
        Sample((near_identity(r, 2, 2, 2),)),
        Sample((near_identity(r, 2, 2, complex=True),)),
    ]


# -- ops -----------------------------------------------------------------------------------------------------------

inv_: Op = primitive(
    "inv",
    checked("inv", SINGULAR, np.linalg.inv),
    Given(
        "X̄ −= Yᴴ Ȳ Yᴴ",
        lambda x_dot, y, x: -y @ x_dot @ y,
        lambda y_bar, y, x: -adjoint(y) @ y_bar @ adjoint(y),
        reads="y",
    ),
    math="Y = X⁻¹",
    cost=lambda y, x: 2 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: inv_(*args),
    samples=_stacks,
    reference=lambda x: np.linalg.inv(x),
)
solve_: Op = primitive(
    "solve",
    checked("solve", SINGULAR, np.linalg.solve),
    Given(
        "Ā −= A⁻ᴴ Ȳ Yᴴ",
        lambda a_dot, y, a, b: -solve_(a, a_dot @ y),
        lambda y_bar, y, a, b: unbroadcast(-solve_(adjoint(a), y_bar) @ adjoint(y), a.shape),
        reads=["y", 0],
    ),
    Given(
        "B̄ += A⁻ᴴ Ȳ",
        lambda b_dot, y, a, b: solve_(a, b_dot),
        lambda y_bar, y, a, b: unbroadcast(solve_(adjoint(a), y_bar), b.shape),
        reads=[0],
    ),
    math="Y = A⁻¹ B",
    cost=lambda y, a, b: a.size * a.shape[-1] + 2 * y.size * a.shape[-1],
    floating=True,
    batch=lambda size, args, flags: solve_(*align(args, flags)),
    samples=lambda r: [
        Sample((near_identity(r, 3, 3), r(3, 2))),
        Sample((near_identity(r, 2, 2, 2), r(2, 1))),
        Sample((near_identity(r, 2, 2), r(3, 2, 1))),
        Sample((near_identity(r, 2, 2, complex=True), r.complex(2, 2))),
    ],
    reference=lambda a, b: np.linalg.inv(a) @ b,
)


def _slogdet_push(x_dot: Any, y: Any, x: Any) -> Any:
    relative = np.sum(diagonal_of(solve_(x, x_dot)), axis=-1)  # tr(X⁻¹ Ẋ), the tangent of ln det X
    if x.dtype.kind != "c":
        return relative * 0, relative
    return y[0] * (np.imag(relative) * 1j), np.real(relative)


def _slogdet_pull(y_bar: Any, y: Any, x: Any) -> Any:
    sign_bar, log_bar = y_bar
    relative_bar: Any = 0 if log_bar is None else log_bar
    if sign_bar is not None and x.dtype.kind == "c":
        relative_bar = relative_bar + np.imag(sign_bar * np.conj(y[0])) * 1j
    if type(relative_bar) is int:
        return None  # only the sign of a real determinant is looked at
    return relative_bar[..., None, None] * adjoint(inv_(x))


slogdet_: Op = primitive(
    "slogdet",
    lambda x: tuple(np.linalg.slogdet(x)),
    Given("X̄ += ȳ X⁻ᴴ", _slogdet_push, _slogdet_pull, reads=["y0", 0]),
    math="sign and ln |det X|",
    cost=lambda y, x: x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: slogdet_(*args),
    samples=_stacks,
    reference=lambda x: (np.linalg.det(x) / abs(np.linalg.det(x)), np.log(abs(np.linalg.det(x)))),
)


def _cofactors(x: Any) -> Any:
    """From X = U Σ Vᴴ, adj X = det(U Vᴴ) · V adj(Σ) Uᴴ: no division, so singular matrices are no exception."""
    n = x.shape[-1]
    if not n:
        return x
    u, s, vh = np.linalg.svd(x)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(n)], -1)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    y = (u * others[..., None, :]) @ vh
    return phase[..., None, None] * (y.conj() if y.dtype.kind == "c" else y)


def _cofactors_pull(y_bar: Any, y: Any, x: Any) -> Any:
    inverse = adjoint(inv_(x))
    along = np.sum((np.conj(y) if y.dtype.kind == "c" else y) * y_bar, axis=(-2, -1), keepdims=True)
    return inverse * along - inverse @ y_bar.mT @ (np.conj(y) if y.dtype.kind == "c" else y)


cofactors: Op = primitive(
    "cofactors",
    _cofactors,
    Given(
        "X̄ += X⁻ᴴ ⟨Y, Ȳ⟩ − X⁻ᴴ Ȳᵀ Ȳ*",
        lambda x_dot, y, x: (
            y * np.sum(diagonal_of(solve_(x, x_dot)), axis=-1)[..., None, None] - y @ x_dot.mT @ inv_(x).mT
        ),
        _cofactors_pull,
        reads=["y", 0],
    ),
    math="Y = det(X) · X⁻ᵀ, the derivative of det",
    cost=lambda y, x: 20 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: cofactors(*args),
    samples=_stacks,
    reference=lambda x: np.linalg.det(x)[..., None, None] * np.linalg.inv(x).mT,
)


def _like(y: Any, x: Any) -> Any:
    return y if x.dtype.kind == "c" else y.real


det_: Op = primitive(
    "det",
    np.linalg.det,
    Given(
        "X̄ += ȳ · cofactors(X)*",
        lambda x_dot, y, x: np.sum(cofactors(x) * x_dot, axis=(-2, -1)),
        lambda y_bar, y, x: y_bar[..., None, None] * adjoint(cofactors(x).mT),
        reads=[0],
    ),
    math="y = det X",
    cost=lambda y, x: x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: det_(*args),
    samples=_stacks,
    reference=lambda x: _like(np.prod(np.linalg.eigvals(x), axis=-1), x),
)

# -- what users call -----------------------------------------------------------------------------------------------


@implements(np.linalg.inv)
def inv(a: Any) -> Any:
    """The inverse of each matrix."""
    return inv_(squares(a, "inv"))


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """The `x` with `a @ x = b`, for b of shape (n,) or (…, n, k)."""
    a, b = squares(a, "solve"), floating(b)
    if b.ndim == 0:
        raise ShapeError(f"solve: the right side of the matrix of shape {a.shape} must have an axis, got a 0-d tensor.")
    column = b[:, None] if b.ndim == 1 else b
    right_sides(a, column, "solve")
    y = solve_(a, column)
    return y[..., 0] if b.ndim == 1 else y


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant, differentiable also where it is zero."""
    return det_(squares(a, "det"))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """The sign of the determinant and the logarithm of its modulus, which neither overflows nor underflows."""
    return SlogdetResult(*slogdet_(squares(a, "slogdet")))


def triangular_solve(a: Any, b: Any, lower: bool, unit: bool = False) -> Any:
    """The `x` with `a @ x = b`, of which only one triangle of `a` is read; with `unit`, not even its diagonal."""
    if unit:
        a = (np.tril(a, -1) if lower else np.triu(a, 1)) + np.eye(a.shape[-1], dtype=a.dtype)
    return solve_(np.tril(a) if lower else np.triu(a), b)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of `a` as a linear map from its last axes to its first `ind`."""
    a = floating(a)
    if ind <= 0:
        raise ConfigError(f"tensorinv: ind must be a positive number of axes, got {ind}.")
    rows, columns = a.shape[:ind], a.shape[ind:]
    if math.prod(rows) != math.prod(columns):
        raise LinAlgError(
            f"tensorinv: the first {ind} axes of shape {a.shape} have {math.prod(rows)} elements, the others "
            f"{math.prod(columns)}; they must have as many."
        )
    return np.reshape(inv(np.reshape(a, (math.prod(columns), -1))), (*columns, *rows))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The `x` with `tensordot(a, x, x.ndim) = b`; `axes` of `a` are moved to its end first."""
    a, b = floating(a), floating(b)
    if axes is not None:
        last = [one_axis(k, a.ndim, "tensorsolve") for k in axes]
        a = np.transpose(a, [k for k in range(a.ndim) if k not in last] + last)
    columns = a.shape[b.ndim :]
    size = math.prod(columns)
    if math.prod(a.shape[: b.ndim]) != size or math.prod(b.shape) != size:
        raise LinAlgError(
            f"tensorsolve: shapes {a.shape} and {b.shape} don't meet: the first {b.ndim} axes of the first must have "
            f"as many elements as its others ({size}) and as the second ({math.prod(b.shape)})."
        )
    return np.reshape(solve(np.reshape(a, (size, size)), np.reshape(b, (-1,))), columns)
