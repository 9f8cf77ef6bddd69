"""Tensor's methods that fill it with random numbers: in-place writes, as any other, of what the functions draw."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops.inplace import overwrite, replaced
from tinygrad_edu.random._batch import check_fill, drawn
from tinygrad_edu.random._generator import Generator, default_generator
from tinygrad_edu.random._tensors import bernoulli, rand, randint, randn


def _fill(x: Tensor, name: str, values: Tensor) -> Tensor:
    filled: Tensor = overwrite(x, name, replaced, values)
    return filled


def uniform_(self: Tensor, low: float = 0, high: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers spread evenly over [low, high)."""
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ConfigError(f"uniform_: needs finite low <= high, got low={low} and high={high}.")
    check_fill("uniform_")
    return _fill(self, "uniform_", rand(self.shape, dtype=self.dtype, generator=generator) * (high - low) + low)


def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers."""
    if not std >= 0:
        raise ConfigError(f"normal_: the standard deviation must not be negative, got std={std}.")
    check_fill("normal_")
    return _fill(self, "normal_", randn(self.shape, dtype=self.dtype, generator=generator) * std + mean)


def random_(self: Tensor, low: Any = None, high: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Fill with integers from `low` (0) up to but without `high`; without limits, of all that the dtype counts exactly."""
    check_fill("random_")
    if low is None:
        integer = self.dtype.kind in "iu"
        span = int(np.iinfo(self.dtype).max) + 1 if integer else 2 ** (np.finfo(self.dtype).nmant + 1) + 1
        source = generator or default_generator
        draws = source.words64 if span >= 2**32 else source.words
        values = drawn("random_", self.shape, lambda size: (draws(math.prod(size)) % span).reshape(size))
        return _fill(self, "random_", values.to(self.dtype))
    first, last = (0, low) if high is None else (low, high)
    return _fill(self, "random_", randint(first, last, self.shape, generator=generator).to(self.dtype))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with ones, with the probabilities `p`, and zeros."""
    check_fill("bernoulli_")
    probabilities = p if isinstance(p, Tensor) else np.full(self.shape, p, np.float64)
    return _fill(self, "bernoulli_", bernoulli(probabilities, generator=generator).to(self.dtype))


for _method in (uniform_, normal_, random_, bernoulli_):
    setattr(Tensor, _method.__name__, _method)
