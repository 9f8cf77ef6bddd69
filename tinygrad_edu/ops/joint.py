"""PyTorch's functions that aren't methods: of several tensors, of numbers, and questions about dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops import complex as complex_
from tinygrad_edu.ops import differences, grid, join, poly, reduce, shape
from tinygrad_edu.ops import einsum as einsum_
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.methods import Methods
from tinygrad_edu.ops.methods._function import operand
from tinygrad_edu.ops.methods._spelling import either_spelling
from tinygrad_edu.ops.node_names import entitle

# -- joining -------------------------------------------------------------------------------------------------------


@either_spelling
def cat(tensors: Any, dim: int = 0) -> Any:
    """The tensors one after the other along `dim`; empty rows are passed over."""
    parts = [t for t in tensors if t.shape != (0,)] or list(tensors)[:1]
    return join.concatenate(parts, dim)


concat = concatenate = cat


@either_spelling
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape, joined along a new axis."""
    return entitle(join.stack(tensors, dim), "StackBackward0")


def hstack(tensors: Any) -> Any:
    """Tensors joined along their second axis, rows along their first."""
    return join.hstack(tensors)


def vstack(tensors: Any) -> Any:
    """Tensors joined along their first axis, rows below each other."""
    return join.vstack(tensors)


def dstack(tensors: Any) -> Any:
    """Tensors joined along their third axis."""
    return join.dstack(tensors)


def column_stack(tensors: Any) -> Any:
    """Rows as the columns of a matrix."""
    return join.column_stack(tensors)


row_stack = vstack


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """The tensors in their common shape."""
    return tuple(grid.broadcast_arrays(*_given(tensors)))


def atleast_1d(*tensors: Any) -> Any:
    """The tensors with at least one axis."""
    return _each(shape.atleast_1d, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """The tensors with at least two axes."""
    return _each(shape.atleast_2d, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """The tensors with at least three axes."""
    return _each(shape.atleast_3d, tensors)


def _given(tensors: tuple[Any, ...]) -> Any:
    """What stands in a call like `f(a, b)` or `f([a, b])`."""
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors


def _each(function: Any, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], list | tuple):
        return function(tensors[0])
    return tuple(function(t) for t in _given(tensors))


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """The coordinates of every point of a grid; `indexing="xy"` exchanges the first two axes, as NumPy does by default."""
    return tuple(grid.meshgrid(*_given(tensors), indexing=indexing))


# -- of several tensors --------------------------------------------------------------------------------------------


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere; of the condition alone, where it holds."""
    if input is None and other is None:
        return Methods.nonzero(operand(condition), as_tuple=True)
    return e.where(condition, input, other)


def einsum(equation: Any, *operands: Any) -> Any:
    """Einstein summation; the operands may also come as one list."""
    return einsum_.einsum(equation, *_given(operands))


def tensordot(a: Any, b: Any, dims: Any = 2, *, axes: Any = None) -> Any:
    """The sum of products over pairs of axes: a number of them (last of `a`, first of `b`) or two lists."""
    return einsum_.tensordot(a, b, dims if axes is None else axes)


def rsub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`other − alpha · input`."""
    return e.subtract(other, input if alpha == 1 else input * alpha)


def trapezoid(y: Any, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The integral of sampled values by the trapezoidal rule."""
    return differences.trapezoid(y, x, dx, dim)


def trapz(y: Any, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """Another name for `trapezoid`."""
    return differences.trapezoid(y, x, dx, dim)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    """The integral up to each sample by the trapezoidal rule."""
    at = dim % y.ndim
    ahead = (slice(None),) * at
    means = (y[(*ahead, slice(1, None))] + y[(*ahead, slice(None, -1))]) / 2
    if x is None:
        return np.cumsum(means * dx, at)
    steps = np.diff(x, axis=at if x.ndim == y.ndim else 0)
    return np.cumsum(
        means * (steps if x.ndim == y.ndim else shape.reshape(steps, shape=(-1, *(1,) * (y.ndim - at - 1)))), at
    )


vander = poly.vander


def searchsorted(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Any:
    """Where each value would go into the sorted rows: before its equals, or after them with `right`."""
    after = right or side == "right"
    rows, values = as_value(operand(sorted_sequence)), as_value(operand(input))
    if rows.ndim == 1:
        places = np.searchsorted(rows, values, side="right" if after else "left")
    else:
        row, value = shape.expand_dims(rows, -2), shape.expand_dims(values, -1)
        places = reduce.sum(row <= value if after else row < value, -1)
    return as_value(places).to(np.int32 if out_int32 else np.int64)


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """Which of the intervals between the boundaries each value is in."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Which elements are among the others."""
    hit = reduce.any(
        shape.expand_dims(as_value(operand(elements)), -1) == shape.ravel(as_value(operand(test_elements))), -1
    )
    return e.logical_not(hit) if invert else hit


def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """The slopes along each axis of sampled values, by central differences."""
    axes = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    steps = spacing if isinstance(spacing, list | tuple) else [spacing] * len(axes)
    return tuple(
        differences.gradient(input, h, axis=a, edge_order=edge_order) for h, a in zip(steps, axes, strict=True)
    )


# -- complex numbers -----------------------------------------------------------------------------------------------


complex = complex_.complex_from
polar = complex_.polar
view_as_real = complex_.view_as_real
view_as_complex = complex_.view_as_complex


def real(input: Any) -> Any:
    """The real part."""
    return complex_.real(input)


def imag(input: Any) -> Any:
    """The imaginary part."""
    return complex_.imag(input)


# -- questions -----------------------------------------------------------------------------------------------------


def is_tensor(obj: Any) -> bool:
    """Whether this is a Tensor."""
    return isinstance(obj, Tensor)


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """The dtype that arithmetic of the two has."""
    return as_value(e.add(_blank(tensor1), _blank(tensor2))).dtype


def _blank(x: Any) -> Any:
    """One element that counts in promotion as `x` does."""
    return as_value(np.zeros((1,) * x.ndim, x.dtype)) if isinstance(x, Tensor | np.ndarray) else x


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The smallest dtype that both go into, by PyTorch's rules: int64 beside float32 gives float32."""
    return e.add(as_value(np.zeros(1, type1)), as_value(np.zeros(1, type2))).dtype


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a cast keeps the kind of number: not from floats to integers, nor from complex to real."""
    order = "biufc".replace("u", "")
    kinds = [order.index("i" if np.dtype(t).kind == "u" else np.dtype(t).kind) for t in (from_, to)]
    return kinds[0] <= kinds[1]


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that these broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"broadcast_shapes: {', '.join(map(str, shapes))} don't broadcast to one shape.") from None
