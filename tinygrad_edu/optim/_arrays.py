"""Arithmetic of update rules: in place, in memory that is kept from step to step.

With `differentiable=True` the same rules run on `Recorded` values, whose "in place" is a rebinding, so that every step stays
in the graph.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import make

Array = np.ndarray[Any, Any]


class Recorded:
    """Stands for an array in an update rule: NumPy's ufuncs on it are recorded, and `out=` rebinds it."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @property
    def array(self) -> Recorded:
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> Any:
        return self.tensor.dtype

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Recorded:
        plain = [x.tensor if isinstance(x, Recorded) else x for x in inputs]
        y = getattr(ufunc, method)(*plain, **options)
        if out is None:
            return Recorded(y)
        out[0].tensor = y
        target: Recorded = out[0]
        return target


@lru_cache(maxsize=256)
def scalar(value: float, dtype: np.dtype[Any]) -> Array:
    """A number as an array without axes, which NumPy multiplies by in half the time that a Python number takes."""
    return np.asarray(value, dtype)


def full(like: Any, value: float = 0.0) -> Any:
    """A tensor of one number to remember something of a parameter in, whose value is `like`."""
    filled = make(np.full(like.shape, value, like.dtype), None)
    return Recorded(filled) if isinstance(like, Recorded) else filled


def copied(grad: Any, dtype: Any) -> Any:
    """A tensor of its own with the values of `grad`."""
    return Recorded(grad.tensor) if isinstance(grad, Recorded) else make(np.array(grad, dtype), None)


def lerp_(average: Array, value: Array, share: Array, work: Array) -> None:
    """average += share · (value − average): a running mean. `work` may be `value`."""
    np.subtract(value, average, work)
    np.multiply(work, share, work)
    np.add(average, work, average)


def mean_square_(average: Array, value: Array, beta: float, work: Array) -> None:
    """average = β · average + (1 − β) · value²: a running mean of squares."""
    np.multiply(value, value, work)
    np.multiply(work, scalar(1 - beta, work.dtype), work)
    np.multiply(average, scalar(beta, work.dtype), average)
    np.add(average, work, average)
