"""Diagonals and triangles of matrices: diagonal, diag, trace, tril, triu, and their indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.elementwise import where
from tinygrad_edu.ops.join import concatenate, operand
from tinygrad_edu.ops.shape import atleast_2d, copied, named, ravel


def _diagonal(x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    y = x.diagonal(offset, axis1, axis2)
    y.flags.writeable = x.flags.writeable  # a view like any other; NumPy hands it out for reading only
    return y


def _embed(y: Any, *, offset: int, axis1: int, axis2: int, shape: tuple[int, ...]) -> Any:
    x = np.zeros(shape, y.dtype)
    _diagonal(x, offset=offset, axis1=axis1, axis2=axis2)[...] = y
    return x


def _on_diagonal(shape: tuple[int, ...], *, offset: int, axis1: int, axis2: int) -> Any:
    """Where the diagonal is, as a mask that broadcasts to `shape`."""
    mask = np.zeros([n if i in (axis1, axis2) else 1 for i, n in enumerate(shape)], bool)
    _diagonal(mask, offset=offset, axis1=axis1, axis2=axis2)[...] = True
    return mask


def _samples(r: Any) -> Iterator[Sample]:
    yield Sample((r(3, 3),), {"offset": 0, "axis1": 0, "axis2": 1})
    yield Sample((r(2, 3, 4),), {"offset": -1, "axis1": 2, "axis2": 0})


def _embed_samples(r: Any) -> Iterator[Sample]:
    for sample in _samples(r):
        y = sample.args[0].diagonal(*sample.params.values())
        yield Sample((r(*y.shape),), {**sample.params, "shape": sample.args[0].shape})


diagonal_: Op = linear(
    "diagonal",
    _diagonal,
    lambda y_bar, x, *, offset, axis1, axis2: diagonal_embed_(
        y_bar, offset=offset, axis1=axis1, axis2=axis2, shape=x.shape
    ),
    view=True,
    write=lambda x, v, **at: where(_on_diagonal(x.shape, **at), diagonal_embed_(v, **at, shape=x.shape), x),
    math="y[…, i] = X[…, i, i + offset]",
    text="X̄ += Ȳ on the diagonal",
    batch=lambda size, args, flags, *, offset, axis1, axis2: diagonal_(
        *args, offset=offset, axis1=axis1 + 1, axis2=axis2 + 1
    ),
    samples=_samples,
)
diagonal_embed_: Op = linear(
    "diagonal_embed",
    _embed,
    lambda y_bar, x, *, offset, axis1, axis2, shape: diagonal_(y_bar, offset=offset, axis1=axis1, axis2=axis2),
    math="Y = zeros with x on a diagonal",
    text="x̄ += the diagonal of Ȳ",
    batch=lambda size, args, flags, *, offset, axis1, axis2, shape: diagonal_embed_(
        *args, offset=offset, axis1=axis1 + 1, axis2=axis2 + 1, shape=(size, *shape)
    ),
    samples=_embed_samples,
)


def _plane(x: Any, axis1: int, axis2: int, name: str) -> tuple[int, int]:
    first, second = one_axis(axis1, x.ndim, name), one_axis(axis2, x.ndim, name)
    if x.ndim < 2 or first == second:
        raise ShapeError(f"{name}: axes {axis1} and {axis2} of shape {x.shape} don't span a plane.")
    return first, second


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal in the plane of two axes, as the last axis: a view."""
    first, second = _plane(a, axis1, axis2, "diagonal")
    return diagonal_(a, offset=int(offset), axis1=first, axis2=second)


@implements(np.linalg.diagonal)
def matrix_diagonal(x: Any, *, offset: int = 0) -> Any:
    """The diagonal of the last two axes."""
    return diagonal(x, offset, -2, -1)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sum of the diagonal in the plane of two axes."""
    _plane(a, axis1, axis2, "trace")
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.linalg.trace)
def matrix_trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    """The trace of the last two axes."""
    return trace(x, offset, -2, -1, dtype)


def diag_embed(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices, in the plane of `dim1` and `dim2`, with the last axis of `x` on their diagonal and zeros elsewhere."""
    if not x.ndim:
        raise ShapeError("diag_embed: a 0-d tensor has no axis to lay on a diagonal.")
    first, second = one_axis(dim1, x.ndim + 1, "diag_embed"), one_axis(dim2, x.ndim + 1, "diag_embed")
    if first == second:
        raise ShapeError(f"diag_embed: dim1 {dim1} and dim2 {dim2} are the same axis.")
    side = x.shape[-1] + abs(offset)
    rest = iter(x.shape[:-1])
    shape = tuple(side if i in (first, second) else next(rest) for i in range(x.ndim + 1))
    return diagonal_embed_(x, offset=int(offset), axis1=first, axis2=second, shape=shape)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The matrix with `v` on its diagonal, or a copy of the diagonal of the matrix `v`."""
    if v.ndim == 1:
        return diag_embed(v, k)
    if v.ndim != 2:
        raise ShapeError(f"diag: needs one or two axes, got shape {v.shape}.")
    return copied(diagonal(v, k))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with all elements of `v` on its diagonal."""
    return diag_embed(ravel(v), k)


# -- triangles -----------------------------------------------------------------------------------------------------


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """`m` with zeros above the `k`-th diagonal."""
    return where(_lower(m, k, "tril"), m, np.zeros((), m.dtype))


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """`m` with zeros below the `k`-th diagonal."""
    return where(_lower(m, k - 1, "triu"), np.zeros((), m.dtype), m)


def _lower(m: Any, k: int, name: str) -> Any:
    if not m.ndim:
        raise ShapeError(f"{name}: a 0-d tensor has no diagonal.")
    rows, columns = (m.shape[-1:] * 2)[:2] if m.ndim == 1 else m.shape[-2:]  # NumPy repeats a 1-D one as rows
    return np.tri(rows, columns, k, dtype=bool)


def _indices_from(name: str, numpy: Any, indices: Any) -> Any:
    def indices_from(arr: Any, k: int = 0) -> Any:
        if arr.ndim != 2:
            raise ShapeError(f"{name}: needs a matrix, got shape {arr.shape}.")
        return tuple(as_value(i) for i in indices(arr.shape[0], k, arr.shape[1]))

    doc = f"The positions of the {name[:4]} part of a matrix of this shape."
    return implements(numpy, derivative="none")(named(indices_from, name, doc))


tril_indices_from = _indices_from("tril_indices_from", np.tril_indices_from, np.tril_indices)
triu_indices_from = _indices_from("triu_indices_from", np.triu_indices_from, np.triu_indices)


@implements(np.diag_indices_from, derivative="none")
def diag_indices_from(arr: Any) -> Any:
    """The positions of the main diagonal of a tensor whose axes are all of one length."""
    if arr.ndim < 2 or len(set(arr.shape)) != 1:
        raise ShapeError(f"diag_indices_from: needs at least two axes, all of one length, got shape {arr.shape}.")
    return tuple(as_value(i) for i in np.diag_indices(arr.shape[0], arr.ndim))


def tril_indices(row: int, col: int, offset: int = 0) -> Any:
    """PyTorch's `tril_indices`: the rows and columns of the lower triangle, as a tensor of two rows."""
    return as_value(np.stack(np.tril_indices(row, offset, col)))


def triu_indices(row: int, col: int, offset: int = 0) -> Any:
    """PyTorch's `triu_indices`: the rows and columns of the upper triangle, as a tensor of two rows."""
    return as_value(np.stack(np.triu_indices(row, offset, col)))


def block_diag(*tensors: Any) -> Any:
    """The matrices along one diagonal, with zeros around; fewer than two axes count as a row."""
    if not tensors:
        return as_value(np.zeros((1, 0), np.float32))
    blocks = [atleast_2d(operand(t)) for t in tensors]
    if any(b.ndim > 2 for b in blocks):
        raise ShapeError(f"block_diag: needs at most two axes each, got shapes {[b.shape for b in blocks]}.")
    width = sum(b.shape[1] for b in blocks)
    rows, start = [], 0
    for b in blocks:
        rows.append(np.pad(b, ((0, 0), (start, width - start - b.shape[1]))))
        start += b.shape[1]
    return concatenate(rows)
