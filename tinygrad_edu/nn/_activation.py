"""Layers without parameters of their own: the functions of `functional` as modules, one entry each; and reshaping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._module import Module
from tinygrad_edu.ops.methods import flatten
from tinygrad_edu.ops.shape import reshaped


class Stateless(Module):
    """A function of the input and of options that are kept as attributes, in the order in which they may be given."""

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[dict[str, Any]] = {}  # name -> default

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__()
        given = dict(zip(self.options, values, strict=False)) | named
        if len(values) > len(self.options) or not given.keys() <= self.options.keys():
            raise ConfigError(
                f"{type(self).__name__}: takes {', '.join(self.options) or 'nothing'}; got "
                f"{', '.join([*map(repr, values), *(f'{k}={v!r}' for k, v in named.items())])}."
            )
        self.__dict__.update(self.options | given)

    def forward(self, x: Any) -> Any:
        own = self.__dict__
        return self.function(x, *[own[name] for name in self.options])

    def extra_repr(self) -> str:
        # As in PyTorch, `inplace` is worth a word only where it is set.
        shown = {name: getattr(self, name) for name in self.options}
        if not shown.get("inplace", True):
            del shown["inplace"]
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


class ReLU(Stateless):
    """max(x, 0)."""

    function = staticmethod(F.relu)
    options: ClassVar = {"inplace": False}


class ReLU6(Stateless):
    """min(max(x, 0), 6)."""

    function = staticmethod(F.relu6)
    options: ClassVar = {"inplace": False}


class LeakyReLU(Stateless):
    """x where x > 0, negative_slope · x elsewhere."""

    function = staticmethod(F.leaky_relu)
    options: ClassVar = {"negative_slope": 0.01, "inplace": False}


class ELU(Stateless):
    """x where x > 0, alpha · (eˣ − 1) elsewhere."""

    function = staticmethod(F.elu)
    options: ClassVar = {"alpha": 1.0, "inplace": False}


class Tanh(Stateless):
    """tanh(x)."""

    function = staticmethod(F.tanh)


class Sigmoid(Stateless):
    """1 / (1 + e⁻ˣ)."""

    function = staticmethod(F.sigmoid)


class Softplus(Stateless):
    """ln(1 + e^(beta·x)) / beta."""

    function = staticmethod(F.softplus)
    options: ClassVar = {"beta": 1.0, "threshold": 20.0}


class SiLU(Stateless):
    """x · sigmoid(x)."""

    function = staticmethod(F.silu)
    options: ClassVar = {"inplace": False}


class GELU(Stateless):
    """x · Φ(x), Φ the normal distribution function."""

    function = staticmethod(F.gelu)
    options: ClassVar = {"approximate": "none"}


class Softmax(Stateless):
    """e^x / Σ e^x along `dim`."""

    function = staticmethod(F.softmax)
    options: ClassVar = {"dim": None}


class LogSoftmax(Stateless):
    """ln softmax(x) along `dim`."""

    function = staticmethod(F.log_softmax)
    options: ClassVar = {"dim": None}


class Flatten(Stateless):
    """The axes from `start_dim` to `end_dim` as one: (N, 8, 8) → (N, 64)."""

    function = staticmethod(flatten)
    options: ClassVar = {"start_dim": 1, "end_dim": -1}


class Unflatten(Module):
    """One axis as several: `Unflatten(1, (8, 8))` makes (N, 64) into (N, 8, 8). One of the sizes may be −1."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, x: Any) -> Any:
        at = self.dim % x.ndim
        return reshaped(x, (*x.shape[:at], *self.unflattened_size, *x.shape[at + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Dropout(Module):
    """While training, zeroes each element with probability `p` and scales the rest by 1/(1 − p)."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ConfigError(f"Dropout: p is the probability of dropping, between 0 and 1, not {p}.")
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        return F.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
