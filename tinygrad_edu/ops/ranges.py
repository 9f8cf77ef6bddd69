"""Evenly spaced values between two ends that may be tensors, and then are differentiated: linspace, geomspace, logspace."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.elementwise import floor
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.shape import expand_dims, moveaxis, reshape


def _weights(num: Any, endpoint: bool, like: Any, name: str) -> Any:
    """From 0 to 1 along a new first axis, in the precision of `like`."""
    count = operator.index(num)
    if count < 0:
        raise ShapeError(f"{name}: num can't be negative, got {count}.")
    real = np.finfo(like.dtype).dtype
    weights = np.arange(count, dtype=real) / real.type(max(count - bool(endpoint), 1))
    return np.reshape(weights, (count,) + (1,) * like.ndim)


def _ends(start: Any, stop: Any) -> tuple[Any, Any]:
    ends = []
    for x in (operand(start, stop), operand(stop, start)):
        ends.append(x if x.dtype.kind in "fc" else as_value(x).to(get_default_dtype()))
    return ends[0], ends[1]


def _placed(y: Any, axis: int, dtype: Any, name: str) -> Any:
    y = moveaxis(y, 0, one_axis(axis, y.ndim, name))
    if dtype is None:
        return y
    return as_value(floor(y) if np.dtype(dtype).kind in "iu" else y).to(dtype)


@implements(np.linspace)
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0,
    *, device: Any = None,
) -> Any:  # fmt: skip
    """`num` values in equal steps from `start` to `stop`, which is left out without `endpoint`, along a new axis.

    With `retstep` also the step.
    """
    first, last = _ends(start, stop)
    span = last - first
    y = _placed(first + _weights(num, endpoint, span, "linspace") * span, axis, dtype, "linspace")
    steps = num - bool(endpoint)
    return (y, span / steps if steps > 0 else span * np.nan) if retstep else y


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` values from `start` to `stop`, each the same multiple of the one before, along a new axis."""
    first, last = _ends(start, stop)
    ratio = last / first
    return _placed(first * ratio ** _weights(num, endpoint, ratio, "geomspace"), axis, dtype, "geomspace")


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`base` to the power of `num` values in equal steps from `start` to `stop`, along a new axis."""
    if np.ndim(base):
        base = operand(base, start, stop)
        first, last = (operand(x, base) for x in (start, stop))
        ndim = max(base.ndim, first.ndim, last.ndim)
        start, stop, base = (reshape(x, shape=(1,) * (ndim - x.ndim) + x.shape) for x in (first, last, base))
        base = expand_dims(base, axis)
    elif isinstance(base, Tensor):
        start, stop = operand(start, stop, base), operand(stop, start, base)
    y = base ** linspace(start, stop, num, endpoint, axis=axis)
    return y if dtype is None else as_value(y).to(dtype)
