"""Distributions of categories and of truth values, by probabilities or by logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_edu.distributions._distribution import Distribution, parameters, require
from tinygrad_edu.engine.modes import enable_grad, no_grad
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.ops.shape import broadcast_to
from tinygrad_edu.ops.size import Size
from tinygrad_edu.random import bernoulli, multinomial


def _one_of(name: str, probs: Any, logits: Any) -> None:
    if (probs is None) == (logits is None):
        raise ConfigError(f"{name}: give either probs or logits.")


def _lazy(compute: Callable[[Any], Tensor]) -> Any:
    """A property that is computed once, and stays in the graph though `sample` be the first to ask."""
    return cached_property(enable_grad()(compute))


def _described(self: Any) -> str:
    values = {name: vars(self)[name] for name in ("probs", "logits") if name in vars(self)}
    small = all(value.numel() == 1 for value in values.values())
    said = [f"{name}: {value.detach() if small else Size(value.shape)}" for name, value in values.items()]
    return f"{type(self).__name__}({', '.join(said)})"


class Categorical(Distribution):
    """The numbers 0 … n − 1 with the probabilities `probs` (…, n), which are normalised, or e to the `logits`."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        _one_of("Categorical", probs, logits)
        (given,) = parameters(probs if logits is None else logits)
        if given.ndim < 1:
            raise ShapeError("Categorical: needs probabilities of shape (…, n), one for each category; got a number.")
        if logits is None:
            if validate_args is not False:
                require(
                    "Categorical", "probs", given, lambda p: (p >= 0) & (p.sum(-1, keepdims=True) > 0), "probabilities"
                )
            self.probs = given / given.sum(-1, keepdim=True)
        else:
            self.logits = given - given.logsumexp(-1, keepdim=True)
        self.batch_shape = Size(given.shape[:-1])
        self._categories = given.shape[-1]

    @_lazy
    def probs(self) -> Tensor:
        return self.logits.softmax(-1)

    @_lazy
    def logits(self) -> Tensor:
        # Not quite 0, so that the logarithm is finite: PyTorch's way.
        eps = float(np.finfo(self.probs.dtype).eps)
        return self.probs.clamp(min=eps, max=1 - eps).log()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            rows = self.probs.detach().reshape(-1, self._categories)
            drawn = multinomial(rows, math.prod(sample_shape), True)
            return drawn.T.reshape(self._shape(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        value = as_value(value).long()
        if (
            not value.level
            and value.numel()
            and not (value.min().item() >= 0 and value.max().item() < self._categories)
        ):
            raise DataError(f"Categorical.log_prob: categories go from 0 to {self._categories - 1}, got {value}.")
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        logits: Any = broadcast_to(self.logits, shape=(*shape, self._categories))
        index: Any = broadcast_to(value, shape=shape)
        return logits.gather(-1, index[..., None])[..., 0]

    def entropy(self) -> Tensor:
        low = float(np.finfo(self.logits.dtype).min)
        return -(self.logits.clamp(min=low) * self.probs).sum(-1)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def param_shape(self) -> Size:
        return Size((*self.batch_shape, self._categories))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Every category along a new first axis."""
        values = np.arange(self._categories).reshape(-1, *(1,) * len(self.batch_shape))
        return as_value(np.broadcast_to(values, (self._categories, *self.batch_shape)).copy() if expand else values)

    __repr__ = _described


class Bernoulli(Distribution):
    """1 with the probability `probs`, or the sigmoid of `logits`, else 0."""

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        _one_of("Bernoulli", probs, logits)
        (given,) = parameters(probs if logits is None else logits)
        if logits is None:
            if validate_args is not False:
                require("Bernoulli", "probs", given, lambda p: (p >= 0) & (p <= 1), "from 0 to 1")
            self.probs = given
        else:
            self.logits = given
        self.batch_shape = Size(given.shape)

    @_lazy
    def probs(self) -> Tensor:
        return self.logits.sigmoid()

    @_lazy
    def logits(self) -> Tensor:
        eps = float(np.finfo(self.probs.dtype).eps)
        p = self.probs.clamp(min=eps, max=1 - eps)
        return p.log() - (-p).log1p()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        probs: Any = broadcast_to(self.probs.detach(), shape=self._shape(sample_shape))
        return bernoulli(probs)

    def log_prob(self, value: Any) -> Tensor:
        return value * self.logits - np.logaddexp(self.logits, 0)

    def entropy(self) -> Tensor:
        return -self.log_prob(self.probs)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    __repr__ = _described
