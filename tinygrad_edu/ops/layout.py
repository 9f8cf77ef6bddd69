"""How elements lie in memory: strides, contiguous copies, and views that must not copy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.views import origin_of
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.shape import reshape, resolve_shape


def _packed(x: Any, *, last: bool = False) -> Any:
    return np.moveaxis(np.array(np.moveaxis(x, 1, -1), order="C"), -1, 1) if last else np.array(x, order="C", copy=True)


packed: Op = linear(
    "packed",
    _packed,
    lambda y_bar, x, last=False: y_bar,
    math="y = a copy of x with its elements side by side in memory, in the order of its axes or with the second one last",
    text="X̄ += Ȳ",
    batch=lambda size, args, flags, **_: packed(*args),
    samples=lambda r: [Sample((r(2, 3).T,)), Sample((r(2, 3, 4, 2),), {"last": True})],
)


def _array(x: Any) -> Any:
    """The memory of a tensor or array; None for a transform's value, which has none of its own."""
    return x.array if isinstance(x, Tensor) and not x.level else None if isinstance(x, Tensor) else x


def channels_last(x: Any) -> bool:
    """Whether an array (N, C, *grid) of two or three axes of a grid has its channels innermost in memory, as PyTorch decides.

    Where the strides of axes of length 1 leave it open, it hasn't.
    """
    if x.ndim not in (4, 5) or x.flags.c_contiguous or 0 in x.shape:
        return False
    reach = 0
    for axis in (1, *range(x.ndim - 1, 1, -1), 0):
        step = x.strides[axis]
        if step < reach or step <= 0 or (axis == 0 and reach == x.strides[1]):
            return False
        reach = step * x.shape[axis]
    return True


def empty_beside(x: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Room for the result of a layer over the grid `x`: with the channels last where those of `x` are, as in PyTorch."""
    if not channels_last(x):
        return np.empty(shape, dtype)
    return np.moveaxis(np.empty((shape[0], *shape[2:], shape[1]), dtype), -1, 1)


def laid_beside(y: Any, x: Any) -> Any:
    """The result of a layer over the grid `x`: with its channels last in memory where those of `x` are, else in the order of
    its axes, as in PyTorch.
    """
    array, beside = _array(y), _array(x)
    if array is None or beside is None:
        return y
    last = channels_last(beside)
    if channels_last(array) if last else array.flags.c_contiguous:
        return y
    return packed(y, last=True) if last else packed(y)


def is_contiguous(x: Any) -> bool:
    """Whether the elements lie side by side in memory, in the order of the axes."""
    if isinstance(x, Tensor) and x.level:
        return all(map(is_contiguous, x.parts()))
    return bool((x.array if isinstance(x, Tensor) else x).flags.c_contiguous)


def contiguous(x: Any) -> Any:
    """`x`, or a copy with its elements side by side in memory."""
    return x if is_contiguous(x) else packed(x)


def strides(x: Any) -> tuple[int, ...]:
    """For each axis, how many elements further in memory its next element lies."""
    array = _array(x)
    if array is not None:
        return tuple(s // array.itemsize for s in array.strides)
    return tuple(itertools.accumulate(reversed((*x.shape[1:], 1)), lambda a, b: a * b))[: len(x.shape)][::-1]


def viewed(x: Any, size: tuple[Any, ...]) -> Any:
    """The same memory in another shape; ShapeError where only a copy could have it.

    A result of its own memory may be copied without anyone seeing it: NumPy lays some out otherwise than PyTorch does.
    """
    wanted = resolve_shape(math.prod(x.shape), size, "view")
    if isinstance(x, Tensor) and not x.level and origin_of(x) is not None and not x.array.flags.c_contiguous:
        y = x.array.reshape(wanted)
        if y.size and not np.may_share_memory(y, x.array):
            raise ShapeError(
                f"view: shape {x.shape} with strides {strides(x)} has no view of shape {wanted}: the elements don't lie in that "
                "order in memory. Use x.reshape(...), which copies where it must, or x.contiguous().view(...)."
            )
    return reshape(x, shape=wanted)
