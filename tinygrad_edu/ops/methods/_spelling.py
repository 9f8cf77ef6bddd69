"""What the methods share: NumPy's names for PyTorch's keywords, and sizes given one by one or as a sequence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy

R = TypeVar("R")

np: Any = numpy
"""NumPy as the methods call it: its functions take Tensors, which its own type annotations don't know."""

_NUMPY_NAMES = (("axis", "dim"), ("keepdims", "keepdim"), ("ddof", "correction"))


def either_spelling(method: Callable[..., R]) -> Callable[..., R]:
    """The method with `axis`, `keepdims` and `ddof` accepted for `dim`, `keepdim` and `correction`."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> R:
        if kwargs:
            for name, ours in _NUMPY_NAMES:
                if name in kwargs:
                    if ours in kwargs:
                        raise TypeError(f"{method.__name__}() got {name} and {ours}, two names of one argument")
                    kwargs[ours] = kwargs.pop(name)
        return method(*args, **kwargs)

    return call


def sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes or axes of a call like `f(2, 3)`, `f((2, 3))` or `f(2)`."""
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], Sequence) else given
