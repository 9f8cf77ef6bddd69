"""Products of vectors and matrices: `matmul` for every rank that NumPy accepts, and its relatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import align, bilinear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.einsum import einsum, tensordot
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.node_names import entitle
from tinygrad_edu.ops.shape import expand_dims, listed, moveaxis, named, ravel, reshape

# -- matmul --------------------------------------------------------------------------------------------------------


def _left_transpose(y_bar: Any, a: Any, b: Any) -> Any:
    return unbroadcast_matrix(np.matmul(y_bar, b.mT), a.shape)  # (…, m, n) (…, n, k)


def _right_transpose(y_bar: Any, a: Any, b: Any) -> Any:
    if b.ndim == 2 and a.ndim > 2 and a.shape[:-2] == y_bar.shape[:-2]:
        # One product over all rows, rather than one per matrix and their sum.
        return np.matmul(np.reshape(a, (-1, a.shape[-1])).mT, np.reshape(y_bar, (-1, y_bar.shape[-1])))
    return unbroadcast_matrix(np.matmul(a.mT, y_bar), b.shape)  # (…, k, m) (…, m, n)


def unbroadcast_matrix(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the leading axes that a stack of matrices was broadcast along."""
    return g if g.shape == shape else unbroadcast(g, shape)


matmul_: Op = bilinear(
    "matmul",
    np.matmul,
    _left_transpose,
    _right_transpose,
    math="Y = A B",
    texts=["Ā += Ȳ Bᵀ", "B̄ += Aᵀ Ȳ"],
    cost=lambda y, a, b: 2 * y.size * a.shape[-1],
    batch=lambda size, args, flags: matmul_(*align(args, flags)),
    samples=lambda r: [
        Sample((r(2, 3), r(3, 4))),
        Sample((r(2, 3, 4), r(4, 2))),
        Sample((r(3, 4), r(2, 4, 2))),
        Sample((r(2, 1, 3, 2), r(3, 2, 2))),
    ],
)


@implements(np.linalg.matmul)
def matmul(a: Any, b: Any) -> Any:
    """The matrix product with NumPy's rules: a 1-D argument is a row on the left and a column on the right; stacks broadcast."""
    if a.ndim >= 2 and b.ndim >= 2:
        if a.shape[-1] != b.shape[-2]:
            raise _mismatch(a, b)
        return matmul_(a, b)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(
            f"matmul: a 0-d tensor has no axis to sum over (shapes {a.shape} and {b.shape}); use * to scale."
        )
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise _mismatch(a, b)
    row, column = a.ndim == 1, b.ndim == 1
    y = matmul_(np.reshape(a, (1, -1)) if row else a, np.reshape(b, (-1, 1)) if column else b)
    shape = y.shape[:-2] + (() if row else y.shape[-2:-1]) + (() if column else y.shape[-1:])
    title = "Dot" if row and column else "Mv" if column and a.ndim == 2 else "UnsafeView" if column else "Squeeze"
    return entitle(np.reshape(y, shape), f"{title}Backward{4 if title == 'Squeeze' else 0}")


def _mismatch(a: Any, b: Any) -> ShapeError:
    axis = -2 if b.ndim > 1 else 0
    return ShapeError(
        f"matmul: shapes {a.shape} and {b.shape} don't meet: axis -1 of the first has {a.shape[-1]}, axis {axis} of the second has "
        f"{b.shape[axis]}. They must be equal; transpose (x.mT) or reshape one of them."
    )


# -- NumPy's general ufuncs of vectors and matrices ----------------------------------------------------------------


def _general(name: str, product: Callable[[Any, Any], Any], cores: tuple[int, int, int]) -> Callable[..., Any]:
    """The ufunc that takes `cores[0]` and `cores[1]` axes of its arguments and makes `cores[2]`: `axes=` says which."""

    def general(x1: Any, x2: Any, *, axes: Any = None) -> Any:
        a, b = operand(x1, x2), operand(x2, x1)
        if axes is None:
            return product(a, b)
        places = [tuple(listed(p)) for p in axes]
        if len(places) == 2 and not cores[2]:
            places.append(())
        if [len(p) for p in places] != list(cores):
            raise ShapeError(f"{name}: axes={axes} must list {cores[0]}, {cores[1]} and {cores[2]} axes.")
        last = [tuple(range(-n, 0)) for n in cores]
        y = product(moveaxis(a, places[0], last[0]), moveaxis(b, places[1], last[1]))
        return moveaxis(y, last[2], places[2])

    return named(general, name, product.__doc__ or "")


implements(np.matmul)(_general("matmul", matmul, (2, 2, 2)))


def _matvec(a: Any, v: Any) -> Any:
    """Matrices times vectors, stacks of both."""
    return _without(matmul(_stack_of(a, 2, "matvec"), expand_dims(_stack_of(v, 1, "matvec"), -1)), -1)


def _vecmat(v: Any, a: Any) -> Any:
    """Vectors, conjugated, times matrices, stacks of both."""
    return _without(matmul(expand_dims(np.conj(_stack_of(v, 1, "vecmat")), -2), _stack_of(a, 2, "vecmat")), -2)


def _stack_of(x: Any, ndim: int, name: str) -> Any:
    if x.ndim < ndim:
        raise ShapeError(f"{name}: needs at least {ndim} axes there, got shape {x.shape}.")
    return x


def _without(y: Any, axis: int) -> Any:
    return reshape(y, shape=y.shape[:-2] + (y.shape[-2] if axis == -1 else y.shape[-1],))


matvec = implements(np.matvec)(_general("matvec", _matvec, (2, 1, 1)))
vecmat = implements(np.vecmat)(_general("vecmat", _vecmat, (1, 2, 1)))


def _vecdot(a: Any, b: Any) -> Any:
    """The sum over the last axis of conj(a)·b."""
    a, b = _stack_of(a, 1, "vecdot"), _stack_of(b, 1, "vecdot")
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            f"vecdot: vectors of lengths {a.shape[-1]} and {b.shape[-1]} (shapes {a.shape} and {b.shape})."
        )
    return einsum("...i,...i->...", np.conj(a), b)


_vecdot_along = _general("vecdot", _vecdot, (1, 1, 0))


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any, *, axis: int = -1, axes: Any = None, keepdims: bool = False) -> Any:
    """The sum of conj(x1)·x2 along `axis`, of stacks that broadcast."""
    y = _vecdot_along(x1, x2, axes=axes if axes is not None else [axis, axis])
    if not keepdims:
        return y
    return expand_dims(y, axis if axes is None else listed(axes[2])[0] if len(axes) > 2 else -1)


@implements(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """The sum of conj(x1)·x2 along `axis`."""
    return vecdot(x1, x2, axis=axis)


# -- relatives -----------------------------------------------------------------------------------------------------


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """NumPy's `dot`: the last axis of `a` with the second last of `b`; a product where either is 0-d."""
    a, b = operand(a, b), operand(b, a)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2 if b.ndim > 1 else -1]))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The last axis of `a` with the last axis of `b`."""
    a, b = operand(a, b), operand(b, a)
    return a * b if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, ([-1], [-1]))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The sum of conj(a)·b over all elements."""
    a, b = ravel(operand(a, b)), ravel(operand(b, a))
    if a.shape != b.shape:
        raise ShapeError(f"vdot: the arguments have {a.shape[0]} and {b.shape[0]} elements; they must be equal.")
    return matmul(np.conj(a), b)


@implements(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every element of `a` times every element of `b`, both flattened."""
    return expand_dims(ravel(operand(a, b)), 1) * ravel(operand(b, a))


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any) -> Any:
    """Every element of one vector times every element of another."""
    a, b = operand(x1, x2), operand(x2, x1)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"linalg.outer: needs two 1-D tensors, got shapes {a.shape} and {b.shape}; np.outer flattens.")
    return outer(a, b)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: `b` times each element of `a`, laid out as `a` is."""
    a, b = operand(a, b), operand(b, a)
    ndim = max(a.ndim, b.ndim)
    m, n = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    products = reshape(a, shape=tuple(k for p in m for k in (p, 1))) * reshape(
        b, shape=tuple(k for q in n for k in (1, q))
    )
    return reshape(products, shape=tuple(p * q for p, q in zip(m, n, strict=True)))


# -- the cross product ---------------------------------------------------------------------------------------------

cross_: Op = bilinear(
    "cross",
    np.cross,
    lambda y_bar, a, b: unbroadcast_matrix(cross_(b, y_bar), a.shape),
    lambda y_bar, a, b: unbroadcast_matrix(cross_(y_bar, a), b.shape),
    math="y = a × b, of vectors along the last axis",
    texts=["ā += b × ȳ", "b̄ += ȳ × a"],
    cost=lambda y, a, b: 3 * y.size,
    batch=lambda size, args, flags: cross_(*align(args, flags)),
    samples=lambda r: [Sample((r(3), r(3))), Sample((r(2, 3), r(3))), Sample((r(2, 1, 3), r(4, 3)))],
)


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of 3-D vectors along an axis; of 2-D ones the component across their plane."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = operand(a, b), operand(b, a)
    u, v = (moveaxis(x, one_axis(at, x.ndim, "cross"), -1) for x, at in ((a, axisa), (b, axisb)))
    if not (u.ndim and v.ndim and u.shape[-1] in (2, 3) and v.shape[-1] in (2, 3)):
        raise ShapeError(f"cross: needs vectors of length 3 (or 2), got shapes {a.shape} and {b.shape}.")
    if u.shape[-1] == v.shape[-1] == 2:
        return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    u, v = (x if x.shape[-1] == 3 else np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 1)]) for x in (u, v))
    y = cross_(u, v)
    return moveaxis(y, -1, one_axis(axisc, y.ndim, "cross"))


@implements(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """The cross product of 3-D vectors along `axis`."""
    a, b = operand(x1, x2), operand(x2, x1)
    if any(x.shape[one_axis(axis, x.ndim, "linalg.cross")] != 3 for x in (a, b)):
        raise ShapeError(
            f"linalg.cross: needs vectors of length 3 along axis {axis}, got shapes {a.shape} and {b.shape}."
        )
    return cross(a, b, axis=axis)


# -- PyTorch's -----------------------------------------------------------------------------------------------------


def _of_axes(name: str, a: Any, n: int, b: Any, m: int) -> None:
    if a.ndim != n or b.ndim != m:
        raise ShapeError(f"{name}: needs tensors with {n} and {m} axes, got shapes {a.shape} and {b.shape}.")


def mm(a: Any, b: Any) -> Any:
    """The product of two matrices."""
    _of_axes("mm", a, 2, b, 2)
    return matmul(a, b)


def bmm(a: Any, b: Any) -> Any:
    """The products of two stacks of matrices."""
    _of_axes("bmm", a, 3, b, 3)
    return matmul(a, b)


def mv(a: Any, v: Any) -> Any:
    """A matrix times a vector."""
    _of_axes("mv", a, 2, v, 1)
    return matmul(a, v)


def ger(a: Any, b: Any) -> Any:
    """PyTorch's name for the outer product of two vectors."""
    return linalg_outer(a, b)


def addmm(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * x + alpha * (a @ b)` of two matrices."""
    return _plus(x, mm(a, b), beta, alpha)


def addmv(x: Any, a: Any, v: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * x + alpha * (a @ v)` of a matrix and a vector."""
    return _plus(x, mv(a, v), beta, alpha)


def addr(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * x + alpha * outer(a, b)` of two vectors."""
    return _plus(x, ger(a, b), beta, alpha)


def baddbmm(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * x + alpha * (a @ b)` of two stacks of matrices."""
    return _plus(x, bmm(a, b), beta, alpha)


def addbmm(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * x + alpha * Σ (a @ b)`, summed over two stacks of matrices."""
    return _plus(x, np.sum(bmm(a, b), axis=0), beta, alpha)


def _plus(x: Any, product: Any, beta: Any, alpha: Any) -> Any:
    scaled = product if isinstance(alpha, int) and alpha == 1 else product * alpha
    if isinstance(beta, int | float) and beta == 0:  # as in PyTorch, what is in x then doesn't matter, be it NaN
        return scaled
    return scaled + (x if isinstance(beta, int) and beta == 1 else x * beta)


def chain_matmul(*matrices: Any) -> Any:
    """The product of several matrices, in the order of fewest multiplications."""
    return matrices[0] if len(matrices) == 1 else np.linalg.multi_dot(list(matrices))


def cdist(x1: Any, x2: Any, p: float = 2.0) -> Any:
    """The distance in the `p`-norm of every row of `x1` from every row of `x2`; its derivative at distance zero is zero."""
    y = np.linalg.norm(expand_dims(x1, -2) - expand_dims(x2, -3), ord=p, axis=-1)
    return entitle(y, "CdistBackward0")
