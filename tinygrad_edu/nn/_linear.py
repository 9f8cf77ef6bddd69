"""Linear, the layer with a weight matrix; and Identity, which has none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import init
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional import linear
from tinygrad_edu.utils._checks import is_integer


def sizes(layer: str, **given: Any) -> None:
    """Raise ConfigError unless every size is an integer that isn't negative."""
    for name, value in given.items():
        if not is_integer(value) or value < 0:
            raise ConfigError(f"{layer}: {name} must be an integer that isn't negative, got {value!r}.")


class Linear(Module):
    """y = x Wᵀ + b: x (…, in_features) → (…, out_features).

    `weight` has shape (out_features, in_features), `bias` (out_features,). Both start uniform in ±1/√in_features,
    PyTorch's values from the same seed.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(np.empty((out_features, in_features), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_features, dtype)) if bias else None)
        self.reset_parameters()

    bias: Parameter | None

    def reset_parameters(self) -> None:
        """Draw the first values again."""
        if self.weight.shape[1]:
            init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # PyTorch's way to say ±1/√in
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Any) -> Any:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """What it is given: a placeholder. Any arguments are taken and ignored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, x: Any) -> Any:
        return x
