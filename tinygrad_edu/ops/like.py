"""NumPy's makers of arrays when a Tensor is what they are to be like, and its questions about dtypes and memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, as_value, make, payload
from tinygrad_edu.errors import UnsupportedError
from tinygrad_edu.ops import create
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.shape import broadcast_to, copied, listed, named, reshape, row_major

# -- in the shape of another ---------------------------------------------------------------------------------------


def _shape_like(a: Any, shape: Any) -> tuple[int, ...]:
    return a.shape if shape is None else tuple(int(n) for n in listed(shape))


@implements(np.zeros_like, derivative="zero")
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Tensor:
    """Zeros of the shape and dtype of `a`."""
    row_major(order, "zeros_like")
    return create.zeros(_shape_like(a, shape), dtype=dtype or a.dtype)


@implements(np.empty_like, derivative="zero")
def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Tensor:
    """A tensor of the shape and dtype of another, to be written into."""
    return zeros_like(prototype, dtype, order, subok, shape)


@implements(np.ones_like, derivative="zero")
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Tensor:
    """Ones of the shape and dtype of `a`."""
    row_major(order, "ones_like")
    return create.ones(_shape_like(a, shape), dtype=dtype or a.dtype)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """`fill_value`, which may be a tensor to differentiate by, in the shape and dtype of `a`."""
    row_major(order, "full_like")
    return full(_shape_like(a, shape), fill_value, dtype or a.dtype)


# -- `like=tensor` -------------------------------------------------------------------------------------------------
# NumPy doesn't say which tensor `like` was, so where no dtype is given or found, it is the default one.


@implements(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    """`fill_value`, which may be a tensor to differentiate by, in the given shape."""
    row_major(order, "full")
    size = tuple(int(n) for n in listed(shape))
    if not isinstance(fill_value, Tensor):
        return create.full(size, fill_value, dtype=dtype)
    return copied(broadcast_to(fill_value if dtype is None else fill_value.to(dtype), shape=size))


@implements(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
) -> Any:
    """A Tensor of nested lists, in which Tensors keep their place in the graph."""
    row_major(order, "array")
    if ndmax:
        raise UnsupportedError("array: ndmax isn't supported for Tensors.")
    x = as_value(operand(object))
    made = x if dtype is None else x.to(dtype)
    made = copied(made) if copy and made is object else made
    return reshape(made, shape=(1,) * (ndmin - made.ndim) + made.shape) if made.ndim < ndmin else made


@implements(np.asarray, np.asanyarray)
def asarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None) -> Any:
    """A Tensor as it is, or of nested lists."""
    return array(a, dtype, copy=bool(copy), order=order)


@implements(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """A Tensor with at least one axis. How it lies in memory can't be told from outside."""
    return array(a, dtype, copy=False, ndmin=1)


def _maker(numpy: Any, make_it: Any, doc: str) -> None:
    implements(numpy, derivative="none")(named(make_it, numpy.__name__, doc))


def _laid_out(maker: Any) -> Any:
    def made(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Tensor:
        row_major(order, made.__name__)
        return maker(listed(shape), dtype=dtype)

    return made


def _eye(
    N: int, M: int | None = None, k: int = 0, dtype: Any = None, order: str = "C", *, device: Any = None
) -> Tensor:
    row_major(order, "eye")
    return make(np.eye(N, M, k, dtype or get_default_dtype()), None)


def _tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    return make(np.tri(N, M, k, dtype or get_default_dtype()), None)


def _arange(start: Any, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Tensor:
    return create.arange(start, stop, step, dtype=dtype)


_maker(np.zeros, _laid_out(create.zeros), "Zeros of the given shape.")
_maker(np.ones, _laid_out(create.ones), "Ones of the given shape.")
_maker(np.empty, _laid_out(create.zeros), "A tensor of the given shape, to be written into.")
_maker(np.eye, _eye, "Ones on the k-th diagonal.")
_maker(np.identity, lambda n, dtype=None: create.eye(n, dtype=dtype), "The identity matrix.")
_maker(np.tri, _tri, "Ones on the k-th diagonal and below.")
_maker(np.arange, _arange, "Values in equal steps.")

# -- copies and dtypes ---------------------------------------------------------------------------------------------


@implements(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """A copy of the values, in the graph."""
    row_major(order, "copy")
    return copied(a)


@implements(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """`x` in another dtype; differentiable between floating and complex ones."""
    y = x.to(dtype)
    return copied(x) if copy and y is x else y


def _without_value(x: Any) -> Any:
    return x.dtype if isinstance(x, Tensor) else x


_maker(np.result_type, lambda *given: np.result_type(*map(_without_value, given)), "The dtype that meets all of these.")
_maker(
    np.can_cast,
    lambda from_, to, casting="safe": np.can_cast(_without_value(from_), _without_value(to), casting),
    "Whether one dtype can be cast to another.",
)
_maker(
    np.common_type,
    lambda *arrays: np.common_type(*[np.empty(0, x.dtype) if isinstance(x, Tensor) else x for x in arrays]),
    "The floating dtype that meets all of these.",
)
_maker(
    np.min_scalar_type,
    lambda a: a.dtype if a.ndim else np.min_scalar_type(_memory(a)),
    "The smallest dtype that holds this number.",
)
_maker(np.iscomplexobj, lambda x: x.dtype.kind == "c", "Whether the dtype is complex.")
_maker(np.isrealobj, lambda x: x.dtype.kind != "c", "Whether the dtype isn't complex.")


def _memory(x: Any) -> Any:
    if isinstance(x, Tensor) and x.level:
        raise UnsupportedError(f"a value of {x.transform} has no memory of its own to look at.")
    return payload(x)


_maker(
    np.may_share_memory,
    lambda a, b, max_work=0: np.may_share_memory(_memory(a), _memory(b), max_work),
    "Whether two may overlap in memory.",
)
_maker(
    np.shares_memory,
    lambda a, b, max_work=-1: np.shares_memory(_memory(a), _memory(b), max_work),
    "Whether two overlap in memory.",
)
