"""Tensor's operators and methods, with PyTorch's names; `dim`/`keepdim` may also be spelled `axis`/`keepdims`.

The class `Methods` is what type checkers see as Tensor's base; at run time its functions are attached to Tensor itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.backward import backward
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops import activation, fused, inplace, product, reduce, shape
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.operators import Operators


class Extremum(NamedTuple):
    """What `max(dim)` and `min(dim)` return: the values, and where along `dim` they were found."""

    values: Tensor
    indices: Tensor


def _pair(dim: Any, keepdim: bool, axis: Any, keepdims: bool) -> tuple[Any, bool]:
    return (axis if dim is None else dim), keepdim or keepdims


def _sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], Sequence) else given


class Methods(Operators):
    """What every Tensor can do. Each method is the op or function of the same name."""

    __slots__ = ()

    # -- elementwise -----------------------------------------------------------------------------------------------

    def exp(self) -> Tensor:
        return e.exp(self)

    def log(self) -> Tensor:
        return e.log(self)

    def log1p(self) -> Tensor:
        return e.log1p(self)

    def expm1(self) -> Tensor:
        return e.expm1(self)

    def sqrt(self) -> Tensor:
        return e.sqrt(self)

    def square(self) -> Tensor:
        return e.square(self)

    def reciprocal(self) -> Tensor:
        return e.reciprocal(self)

    def abs(self) -> Tensor:
        return e.absolute(self)

    def sign(self) -> Tensor:
        return e.sign(self)

    def neg(self) -> Tensor:
        return e.negative(self)

    def sin(self) -> Tensor:
        return e.sin(self)

    def cos(self) -> Tensor:
        return e.cos(self)

    def tan(self) -> Tensor:
        return e.tan(self)

    def tanh(self) -> Tensor:
        return e.tanh(self)

    def sigmoid(self) -> Tensor:
        return activation.sigmoid(self)

    def relu(self) -> Tensor:
        return activation.relu(self)

    def floor(self) -> Tensor:
        return e.floor(self)

    def round(self) -> Tensor:
        return e.round_(self)

    def pow(self, exponent: Any) -> Tensor:
        return e.power(self, exponent)

    def add(self, other: Any, *, alpha: float = 1) -> Tensor:
        return e.add(self, other if alpha == 1 else other * alpha)

    def sub(self, other: Any, *, alpha: float = 1) -> Tensor:
        return e.subtract(self, other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Tensor:
        return e.multiply(self, other)

    def div(self, other: Any) -> Tensor:
        return e.divide(self, other)

    def maximum(self, other: Any) -> Tensor:
        return e.maximum(self, other)

    def minimum(self, other: Any) -> Tensor:
        return e.minimum(self, other)

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        return clamp(self, min, max)

    clip = clamp

    def masked_fill(self, mask: Any, value: Any) -> Tensor:
        return e.where(mask, value, self)

    def eq(self, other: Any) -> Tensor:
        return e.equal(self, other)

    def isnan(self) -> Tensor:
        return e.isnan(self)

    # -- reductions ------------------------------------------------------------------------------------------------

    def sum(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, dtype: Any = None
    ) -> Tensor:
        dim, keepdim = _pair(dim, keepdim, axis, keepdims)
        return reduce.sum(self, dim, dtype, keepdims=keepdim)

    def mean(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, dtype: Any = None
    ) -> Tensor:
        dim, keepdim = _pair(dim, keepdim, axis, keepdims)
        return reduce.mean(self, dim, dtype, keepdims=keepdim)

    def prod(self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Tensor:
        dim, keepdim = _pair(dim, keepdim, axis, keepdims)
        return reduce.prod(self, dim, keepdims=keepdim)

    def var(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None, axis: Any = None,
        keepdims: bool = False,
    ) -> Tensor:  # fmt: skip
        dim, keepdim = _pair(dim, keepdim, axis, keepdims)
        return reduce.var(self, dim, correction=float(unbiased) if correction is None else correction, keepdims=keepdim)

    def std(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None, axis: Any = None,
        keepdims: bool = False,
    ) -> Tensor:  # fmt: skip
        dim, keepdim = _pair(dim, keepdim, axis, keepdims)
        return reduce.std(self, dim, correction=float(unbiased) if correction is None else correction, keepdims=keepdim)

    def max(self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest value; with `dim` also its index there, and an elementwise maximum if `dim` is a Tensor."""
        return _extremum(self, dim, keepdim, axis, keepdims, reduce.max, reduce.argmax, e.maximum)

    def min(self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
        """The smallest value; with `dim` also its index there, and an elementwise minimum if `dim` is a Tensor."""
        return _extremum(self, dim, keepdim, axis, keepdims, reduce.min, reduce.argmin, e.minimum)

    def argmax(self, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None) -> Tensor:
        return reduce.argmax(self, axis if dim is None else dim, keepdims=keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None) -> Tensor:
        return reduce.argmin(self, axis if dim is None else dim, keepdims=keepdim)

    def logsumexp(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.logsumexp(self, dim, keepdims=keepdim)

    def norm(self, p: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
        if p != 2:
            raise ShapeError(f"norm: only the Euclidean norm (p=2) is supported here, not p={p!r}.")
        return reduce.norm(self, dim, keepdims=keepdim)

    def all(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.all(self, dim, keepdims=keepdim)

    def any(self, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.any(self, dim, keepdims=keepdim)

    def softmax(self, dim: int) -> Tensor:
        return fused.softmax(self, dim)

    def log_softmax(self, dim: int) -> Tensor:
        return fused.log_softmax(self, dim)

    # -- products --------------------------------------------------------------------------------------------------

    def matmul(self, other: Any) -> Tensor:
        return product.matmul(self, other)

    mm = bmm = matmul

    def dot(self, other: Any) -> Tensor:
        return product.dot(self, other)

    # -- shapes ----------------------------------------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        return shape.transposed(self)

    @property
    def mT(self) -> Tensor:
        return shape.matrix_transpose(self)

    def t(self) -> Tensor:
        return shape.transposed(self)

    def reshape(self, *size: Any) -> Tensor:
        return shape.reshaped(self, _sizes(size))

    view = reshape

    def view_as(self, other: Any) -> Tensor:
        return shape.reshaped(self, other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        return flatten(self, start_dim, end_dim)

    def permute(self, *dims: Any) -> Tensor:
        return shape.transposed(self, _sizes(dims))

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        return shape.swapaxes(self, dim0, dim1)

    def unsqueeze(self, dim: int) -> Tensor:
        return shape.expand_dims(self, dim)

    def squeeze(self: Any, dim: int | None = None) -> Tensor:
        """Without axes of length 1; with `dim`, without that one if it is of length 1 (else unchanged, as in PyTorch)."""
        if dim is not None and self.shape[dim] != 1:
            return self
        return shape.squeeze(self, dim)

    def expand(self, *size: Any) -> Tensor:
        return shape.expand(self, _sizes(size))

    def expand_as(self: Any, other: Any) -> Tensor:
        return shape.expand(self, other.shape)

    def flip(self, *dims: Any) -> Tensor:
        return shape.flip(self, _sizes(dims))

    def split(self, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
        return shape.split(self, split_size, dim)

    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        return shape.split(self, -(-self.shape[dim] // chunks), dim)

    def unbind(self: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """The slices along `dim`."""
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor: it has no axis to go along.")
        moved = shape.moveaxis(self, dim, 0)
        return tuple(moved[i] for i in range(moved.shape[0]))

    def gather(self, dim: int, index: Any) -> Tensor:
        return take_along_axis(self, index, dim)

    # -- dtypes, copies, sizes -------------------------------------------------------------------------------------

    def to(self: Any, dtype: Any = None, *_: Any, **__: Any) -> Tensor:
        """In another dtype; a device name, and what goes with it, changes nothing, as there is only one here."""
        try:
            wanted = None if dtype is None or str(dtype).split(":")[0] in ("cpu", "cuda", "mps") else np.dtype(dtype)
        except TypeError:
            raise ShapeError(f"to: expected a dtype or a device name, got {dtype!r}.") from None
        if wanted is None or wanted == self.dtype:
            return self
        return e.cast(self, dtype=wanted) if wanted.kind in "fc" else e.to_integer(self, dtype=wanted)

    def type_as(self, other: Any) -> Tensor:
        return self.to(other.dtype)

    def float(self) -> Tensor:
        return self.to(np.float32)

    def double(self) -> Tensor:
        return self.to(np.float64)

    def long(self) -> Tensor:
        return self.to(np.int64)

    def int(self) -> Tensor:
        return self.to(np.int32)

    def bool(self) -> Tensor:
        return self.to(np.bool_)

    def cpu(self: Any) -> Tensor:
        return self

    contiguous = cpu

    def clone(self: Any) -> Tensor:
        """A copy of the values, in the graph."""
        return e.cast(self, dtype=self.dtype)

    def size(self: Any, dim: Any = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self: Any) -> Any:
        return len(self.shape)

    def numel(self: Any) -> Any:
        return math.prod(self.shape)

    # -- in place --------------------------------------------------------------------------------------------------

    def add_(self: Any, other: Any, *, alpha: Any = 1) -> Tensor:
        return inplace.apply_(self, "add_", np.add, other if alpha == 1 else other * alpha)

    def sub_(self: Any, other: Any, *, alpha: Any = 1) -> Tensor:
        return inplace.apply_(self, "sub_", np.subtract, other if alpha == 1 else other * alpha)

    def mul_(self: Any, other: Any) -> Tensor:
        return inplace.apply_(self, "mul_", np.multiply, other)

    def div_(self: Any, other: Any) -> Tensor:
        return inplace.apply_(self, "div_", np.true_divide, other)

    def copy_(self: Any, other: Any) -> Tensor:
        inplace.writable(self, "copy_", other)[...] = inplace.plain(other)
        return self

    def fill_(self: Any, value: Any) -> Tensor:
        inplace.writable(self, "fill_", value)[...] = inplace.plain(value)
        return self

    def zero_(self) -> Tensor:
        return self.fill_(0)

    # -- gradients -------------------------------------------------------------------------------------------------

    def backward(
        self: Any, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None
    ) -> None:
        """The reverse sweep from this tensor: adds the gradient of each leaf to its `.grad`.

        `gradient` is the cotangent of this tensor, of its shape; it may be left out for a single element. The graph is
        freed on the way unless `retain_graph`; with `create_graph` the gradients can be differentiated again. With
        `inputs` only those get a gradient. Raises GraphError where there is no graph, a freed graph, or no `gradient`
        for several elements.
        """
        backward([self], [gradient], retain_graph, create_graph, inputs)


def _extremum(x: Any, dim: Any, keepdim: Any, axis: Any, keepdims: Any, whole: Any, arg: Any, pairwise: Any) -> Any:
    dim, keepdim = _pair(dim, keepdim, axis, keepdims)
    if dim is None:
        return whole(x)
    if isinstance(dim, Tensor | np.ndarray):
        return pairwise(x, dim)
    found = arg(x, dim, keepdims=True)
    values = take_along_axis(x, found, dim)
    return Extremum(values, found) if keepdim else Extremum(shape.squeeze(values, dim), shape.squeeze(found, dim))


def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    """`x` held between `min` and `max`, numbers or tensors, either of which may be None."""
    if min is None and max is None:
        raise ShapeError("clamp: needs min or max, got neither.")
    if isinstance(min, Tensor | np.ndarray) or isinstance(max, Tensor | np.ndarray):
        x = x if min is None else e.maximum(x, min)
        return x if max is None else e.minimum(x, max)
    return e.clamp(x, low=min, high=max)


@implements(np.clip)
def _numpy_clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return clamp(a, a_min if min is None else min, a_max if max is None else max)


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """`x` with the axes from `start_dim` to `end_dim` made one."""
    if not x.ndim:
        return shape.reshape(x, shape=(1,))
    first, last = start_dim % x.ndim, end_dim % x.ndim
    if first > last:
        raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim} (shape {x.shape}).")
    middle = math.prod(x.shape[first : last + 1])
    return shape.reshape(x, shape=(*x.shape[:first], middle, *x.shape[last + 1 :]))


for _name, _method in [*vars(Operators).items(), *vars(Methods).items()]:
    if _name not in ("__dict__", "__weakref__", "__doc__", "__module__", "__slots__", "__hash__", "__annotations__"):
        setattr(Tensor, _name, _method)
