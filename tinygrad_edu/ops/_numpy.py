"""How a function here says which NumPy functions it stands for when they are called with Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tinygrad_edu.engine.tensor import NUMPY
from tinygrad_edu.errors import UnsupportedError

F = TypeVar("F", bound=Callable[..., Any])


def implements(*names: Any) -> Callable[[F], F]:
    """Register a function for `np.f(tensor)`, or for `ufunc.reduce(tensor)` given as `(ufunc, "reduce")`."""

    def register(function: F) -> F:
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            # NumPy passes its own placeholders for keywords that weren't given.
            given = {
                k: v
                for k, v in kwargs.items()
                if not (type(v).__name__ == "_NoValueType" or (k == "out" and v is None))
            }
            try:
                return function(*args, **given)
            except TypeError as error:
                if "argument" in str(error) and function.__name__ in str(error):
                    raise UnsupportedError(f"np.{function.__name__} of a Tensor: {error}.") from None
                raise

        for name in names:
            NUMPY[name] = stand_in
        return function

    return register
