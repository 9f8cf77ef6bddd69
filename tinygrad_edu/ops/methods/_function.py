"""How a method becomes a function of the same name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, tensor_of
from tinygrad_edu.ops.inplace import store

P = ParamSpec("P")
R = TypeVar("R")

_MISSING: Any = object()
_AS_THEY_ARE = (Tensor, np.ndarray)


def function(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """The function whose first argument is what the method is called on.

    It takes lists and numbers there too, returns an array if it is given one, and knows PyTorch's keywords `input=` and
    `out=`.
    """

    def call(input: Any = _MISSING, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        if not isinstance(input, _AS_THEY_ARE):
            if input is _MISSING:
                raise TypeError(f"{method.__name__}() missing 1 required argument: 'input'")
            input = operand(input)
        if out is None:
            return method(input, *args, **kwargs)
        return store(out, method(input, *args, **kwargs), method.__name__)

    return cast(Any, functools.wraps(method)(call))


def operand(value: Any) -> Any:
    """Lists as Tensors and numbers as arrays; Tensors, arrays and what else is like them as they are."""
    if isinstance(value, list | tuple):
        return tensor_of(value)
    return np.asarray(value) if isinstance(value, int | float | complex | np.generic) else value
