"""What all distributions have in common: shapes, and what follows from `rsample` or `sample`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype, no_grad
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ConfigError, UnsupportedError
from tinygrad_edu.ops.shape import broadcast_to
from tinygrad_edu.ops.size import Size


class Distribution:
    """A batch of distributions of shape `batch_shape`, each over values of shape `event_shape`."""

    has_rsample = False
    batch_shape = Size()
    event_shape = Size()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Values of shape `sample_shape + batch_shape + event_shape`, outside the graph."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """As `sample`, but a gradient reaches the parameters."""
        raise UnsupportedError(
            f"{type(self).__name__}.rsample: its values don't depend smoothly on its parameters. Use sample(), and "
            "log_prob(value) for a score-function gradient."
        )

    def sample_n(self, n: int) -> Tensor:
        return self.sample((n,))

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, at `value`."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """−E[log p], in nats."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """e to the entropy."""
        return self.entropy().exp()

    @property
    def mean(self) -> Tensor:
        raise NotImplementedError

    @property
    def variance(self) -> Tensor:
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def _shape(self, sample_shape: Any) -> tuple[int, ...]:
        return (*sample_shape, *self.batch_shape, *self.event_shape)


def parameters(*given: Any) -> tuple[Tensor, ...]:
    """Numbers, arrays and tensors as tensors of one shape, in the precision of the tensors among them."""
    known = [as_value(x).dtype for x in given if isinstance(x, Tensor | np.ndarray)]
    dtype = np.result_type(*known) if known else get_default_dtype()
    if dtype.kind != "f":
        dtype = get_default_dtype()
    made = [x if isinstance(x, Tensor) else as_value(np.asarray(x, dtype)) for x in given]
    shape = np.broadcast_shapes(*(x.shape for x in made))
    return tuple(x if x.shape == shape else broadcast_to(x, shape=shape) for x in made)


def require(name: str, parameter: str, value: Tensor, holds: Any, what: str) -> None:
    """Raise ConfigError where a parameter isn't in its range; values inside a transform aren't looked at."""
    if not value.level and not np.all(holds(value.detach().numpy())):
        raise ConfigError(f"{name}: {parameter} must be {what}, got {value.detach()}.")
