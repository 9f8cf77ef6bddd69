"""How a function here says which NumPy functions it stands for when they are called with Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

from tinygrad_edu.engine.tensor import NUMPY
from tinygrad_edu.errors import UnsupportedError

F = TypeVar("F", bound=Callable[..., Any])
Derivative = Literal["both", "zero", "none"]


class Composed(NamedTuple):
    """What the catalogue says of a function that is composed of ops (an op says it in its declaration)."""

    function: Callable[..., Any]
    derivative: Derivative
    loops: bool
    note: str


COMPOSED: dict[Any, Composed] = {}
"""By the same keys as `NUMPY`."""


def implements(
    *functions: Any, derivative: Derivative = "both", loops: bool = False, note: str = ""
) -> Callable[[F], F]:
    """Register a function for `np.f(tensor)`, or for `ufunc.reduce(tensor)` given as `(ufunc, "reduce")`.

    `derivative` is "zero" for a function that is constant almost everywhere, "none" for one whose result isn't
    differentiable (indices, truth values, sizes). `loops` admits that `vmap` runs it once per example. `note` goes
    into the catalogue.
    """

    def register(function: F) -> F:
        for key in functions:
            name = f"np.{key[0].__name__}.{key[1]}" if isinstance(key, tuple) else _spelled(key)
            NUMPY[key] = _stand_in(function, name)
            COMPOSED[key] = Composed(function, derivative, loops, note)
        return function

    return register


def _spelled(function: Any) -> str:
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}".replace("numpy", "np", 1)


def _stand_in(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        # NumPy passes its own placeholders for keywords that weren't given.
        given = {k: v for k, v in kwargs.items() if type(v).__name__ != "_NoValueType"}
        try:
            return function(*args, **given)
        except TypeError as error:
            if "argument" in str(error) and function.__name__ in str(error):
                raise UnsupportedError(f"{name} of a Tensor: {str(error).partition('() ')[2]}.") from None
            raise

    return stand_in
