"""Tensors made from nothing but a shape or a range, with PyTorch's names and defaults."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, make, to_array
from tinygrad_edu.errors import DTypeError


def _finish(array: Any, requires_grad: bool) -> Tensor:
    value = make(array, None)
    return value.requires_grad_() if requires_grad else value


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    given = size[0] if len(size) == 1 and isinstance(size[0], list | tuple) else size
    return tuple(int(n) for n in given)


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: Python floats become the default dtype, integers int64, arrays keep theirs."""
    return _finish(to_array(data, dtype, copy=True), requires_grad)


def as_tensor(data: Any, *, dtype: Any = None) -> Tensor:
    """`data` as a tensor, without copying where it is an array or a tensor already."""
    if isinstance(data, Tensor) and (dtype is None or data.dtype == np.dtype(dtype)):
        return data
    return make(to_array(data, dtype, copy=False), None)


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares memory with an ndarray."""
    if not isinstance(array, np.ndarray):
        raise DTypeError(f"from_numpy: expected an ndarray, got {type(array).__name__}; tensor(data) takes anything.")
    return make(to_array(array, None, copy=False), None)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros of the given size."""
    return _finish(np.zeros(_shape(size), dtype or get_default_dtype()), requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones of the given size."""
    return _finish(np.ones(_shape(size), dtype or get_default_dtype()), requires_grad)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the given size, each element `fill_value`."""
    return _finish(np.full(size, to_array(fill_value, dtype, copy=False)), requires_grad)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the given size, to be written into; what is in it before can't be relied on."""
    return _finish(np.empty(_shape(size), dtype or get_default_dtype()), requires_grad)


def zeros_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape and dtype of `x`."""
    return _finish(np.zeros(x.shape, dtype or x.dtype), requires_grad)


def ones_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape and dtype of `x`."""
    return _finish(np.ones(x.shape, dtype or x.dtype), requires_grad)


def full_like(x: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the shape and dtype of `x`, each element `fill_value`."""
    return _finish(np.full(x.shape, fill_value, dtype or x.dtype), requires_grad)


def empty_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the shape and dtype of `x`, to be written into."""
    return _finish(np.empty(x.shape, dtype or x.dtype), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, or an n × m matrix with ones on its diagonal."""
    return _finish(np.eye(n, m, dtype=dtype or get_default_dtype()), requires_grad)


def arange(
    start: float, end: float | None = None, step: float = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """`start`, `start + step`, … below `end`; with one argument, from 0 below it."""
    first, last = (0, start) if end is None else (start, end)
    array = np.arange(first, last, step)
    return _finish(array.astype(dtype or (get_default_dtype() if array.dtype.kind == "f" else np.int64)), requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`steps` equally spaced values from `start` to `end`, both included, rounded as PyTorch's."""
    wanted = np.dtype(dtype or get_default_dtype())
    if wanted.kind != "f" or steps < 2:
        return _finish(np.linspace(start, end, steps).astype(wanted), requires_grad)
    # A step in the wanted precision, and each half from its own end, product and sum rounded together.
    wide: Any = np.float64 if wanted.itemsize < 8 else np.longdouble
    first, last = wanted.type(start), wanted.type(end)
    along = np.arange(steps).astype(wide) * wide((last - first) / wanted.type(steps - 1))
    points = np.concatenate([wide(first) + along[: steps // 2], (wide(last) - along[: steps - steps // 2])[::-1]])
    return _finish(points.astype(wanted), requires_grad)


def logspace(
    start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """`base` to the power of `steps` equally spaced values from `start` to `end`, both included."""
    return _finish(np.logspace(start, end, steps, base=base).astype(dtype or get_default_dtype()), requires_grad)
