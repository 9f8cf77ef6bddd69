"""`Independent`: a batch of distributions taken for one of vectors, or of larger arrays, whose elements are independent."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.distributions._distribution import Distribution
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops.size import Size


class Independent(Distribution):
    """The last `reinterpreted_batch_ndims` axes of another distribution's batch belong to its event.

    `Normal(μ, σ)` with μ of shape (n, d) is a batch of n · d numbers; `Independent(Normal(μ, σ), 1)` is one of n vectors, so
    `log_prob` and `entropy` are sums over d. Raises ConfigError if the batch has fewer axes.
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch = tuple(base_distribution.batch_shape)
        if not 0 <= reinterpreted_batch_ndims <= len(batch):
            raise ConfigError(
                f"Independent: reinterpreted_batch_ndims must be between 0 and {len(batch)}, as many axes as the batch of shape "
                f"{batch} has, got {reinterpreted_batch_ndims}."
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        at = len(batch) - reinterpreted_batch_ndims
        self.batch_shape, self.event_shape = Size(batch[:at]), Size((*batch[at:], *base_distribution.event_shape))

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]  # here it depends on the base
        return self.base_dist.has_rsample

    def sample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Tensor:
        return self.summed(self.base_dist.log_prob(value))

    def entropy(self) -> Tensor:
        return self.summed(self.base_dist.entropy())

    def summed(self, each: Tensor) -> Tensor:
        """What there is for each of the base's batch, summed over the axes that belong to the event."""
        n = self.reinterpreted_batch_ndims
        return each.sum(tuple(range(-n, 0))) if n else each

    @property
    def mean(self) -> Tensor:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        """Where the density is largest."""
        return self.base_dist.mode  # type: ignore[attr-defined]  # every one with a mode has it under this name

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"
