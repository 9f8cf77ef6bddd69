"""Distributions of real numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu import linalg
from tinygrad_edu.distributions._distribution import Distribution, parameters, require
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.shape import broadcast_to
from tinygrad_edu.ops.size import Size
from tinygrad_edu.random import normal, rand, randn

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Normal(Distribution):
    """Normal numbers of mean `loc` and standard deviation `scale`."""

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = parameters(loc, scale)
        self.batch_shape = Size(self.loc.shape)
        if validate_args is not False:
            require("Normal", "loc", self.loc, lambda x: x == x, "a number, not NaN")
            require("Normal", "scale", self.scale, lambda x: x > 0, "greater than 0")

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._shape(sample_shape)
        with no_grad():
            return normal(broadcast_to(self.loc, shape=shape), broadcast_to(self.scale, shape=shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.loc + randn(self._shape(sample_shape), dtype=self.loc.dtype) * self.scale

    def log_prob(self, value: Any) -> Tensor:
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - _HALF_LOG_2PI

    def entropy(self) -> Tensor:
        return 0.5 + _HALF_LOG_2PI + self.scale.log()

    def cdf(self, value: Any) -> Tensor:
        """The probability of a value up to this."""
        return 0.5 * (1 + ((value - self.loc) / (self.scale * math.sqrt(2))).erf())

    def icdf(self, value: Any) -> Tensor:
        """The value up to which there is this probability."""
        return self.loc + self.scale * (2 * as_value(value) - 1).erfinv() * math.sqrt(2)

    mean = mode = property(lambda self: self.loc)

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale**2

    def __repr__(self) -> str:
        return _described("Normal", loc=self.loc, scale=self.scale)


class Uniform(Distribution):
    """Numbers spread evenly from `low` to `high`."""

    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = parameters(low, high)
        self.batch_shape = Size(self.low.shape)
        if validate_args is not False:
            require("Uniform", "high − low", self.high - self.low, lambda x: x > 0, "greater than 0")

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.low + rand(self._shape(sample_shape), dtype=self.low.dtype) * (self.high - self.low)

    def log_prob(self, value: Any) -> Tensor:
        inside = (as_value(value) >= self.low) & (as_value(value) < self.high)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def entropy(self) -> Tensor:
        return (self.high - self.low).log()

    def cdf(self, value: Any) -> Tensor:
        """The probability of a value up to this."""
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) / 2

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low) ** 2 / 12

    @property
    def stddev(self) -> Tensor:
        return (self.high - self.low) / math.sqrt(12)

    def __repr__(self) -> str:
        return _described("Uniform", low=self.low, high=self.high)


class MultivariateNormal(Distribution):
    """Normal vectors of mean `loc` (…, n), given by one of: covariance (…, n, n), its inverse, or its Cholesky factor L."""

    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        ways = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix, "scale_tril": scale_tril}
        given = [name for name, matrix in ways.items() if matrix is not None]
        if len(given) != 1 or loc.ndim < 1 or ways[given[0]].ndim < 2:
            raise ShapeError(
                "MultivariateNormal: needs loc of shape (…, n), and exactly one of covariance_matrix, precision_matrix and "
                "scale_tril, of shape (…, n, n)."
            )
        if scale_tril is None:
            covariance = covariance_matrix if precision_matrix is None else linalg.inv(precision_matrix)
            scale_tril = linalg.cholesky(covariance)
        batch = np.broadcast_shapes(loc.shape[:-1], scale_tril.shape[:-2])
        self.loc: Any = broadcast_to(loc, shape=(*batch, loc.shape[-1]))
        self.scale_tril: Any = broadcast_to(scale_tril, shape=(*batch, *scale_tril.shape[-2:]))
        self.batch_shape, self.event_shape = Size(batch), Size(loc.shape[-1:])
        self._given = given[0]

    @property
    def covariance_matrix(self) -> Any:
        return self.scale_tril @ self.scale_tril.mT

    @property
    def precision_matrix(self) -> Any:
        return linalg.inv(self.covariance_matrix)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        drawn = randn(self._shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + (self.scale_tril @ drawn[..., None])[..., 0]

    def _half_log_det(self) -> Any:
        return self.scale_tril.diagonal(0, -2, -1).log().sum(-1)

    def log_prob(self, value: Any) -> Tensor:
        gap = (value - self.loc)[..., None]
        z = linalg.solve_triangular(self.scale_tril, gap, upper=False)[..., 0]
        return -0.5 * (z**2).sum(-1) - self._half_log_det() - self.event_shape[0] * _HALF_LOG_2PI

    def entropy(self) -> Tensor:
        return self.event_shape[0] * (0.5 + _HALF_LOG_2PI) + self._half_log_det()

    mean = mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        return (self.scale_tril**2).sum(-1)

    def __repr__(self) -> str:
        return _described("MultivariateNormal", **{"loc": self.loc, self._given: self.scale_tril})


def _described(name: str, **values: Any) -> str:
    small = all(value.numel() == 1 for value in values.values())
    said = [f"{key}: {value.detach() if small else Size(value.shape)}" for key, value in values.items()]
    return f"{name}({', '.join(said)})"
