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

packed: Op = linear(
    "packed",
    lambda x: np.array(x, order="C", copy=True),
    lambda y_bar, x: y_bar,
    math="y = a copy of x with its elements side by side in memory",
    text="X̄ += Ȳ",
    batch=lambda size, args, flags: packed(*args),
    samples=lambda r: [Sample((r(2, 3).T,))],
)


def _array(x: Any) -> Any:
    """The memory of a tensor or array; None for a transform's value, which has none of its own."""
    return x.array if isinstance(x, Tensor) and not x.level else None if isinstance(x, Tensor) else x


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
