"""Samplers: the order in which examples are visited, and its grouping into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import Generator, default_generator, multinomial, permutation, randint
from tinygrad_edu.utils._checks import is_integer

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """Says in which order to visit a data set: a subclass yields indices from `__iter__`."""

    def __init__(self, data_source: Any = None) -> None:
        """Of no effect: subclasses of old lessons call it."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} needs a method __iter__(self) that yields indices")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, …"""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order: each once, or drawn with replacement, `num_samples` of them (default: as many as there
    are).

    Draws from a generator seeded by the default one, or from `generator` itself. Indices are made while they are asked
    for, so a huge `num_samples` costs nothing.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples
        if not is_integer(self.num_samples) or self.num_samples <= 0:
            raise ConfigError(
                f"RandomSampler: needs at least one sample to draw, got num_samples={self.num_samples}"
                + (" from an empty data set." if num_samples is None else ".")
            )

    @property
    def num_samples(self) -> int:
        # A data set may have grown since.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        generator = self.generator or Generator().manual_seed(default_generator.draw_seed())
        if self.replacement:
            for start in range(0, wanted, 32):
                yield from randint(n, (min(32, wanted - start),), generator=generator).tolist()
            return
        for _ in range(wanted // n):
            yield from permutation(n, generator)
        # Drawn even where nothing of it is needed: PyTorch does, and a generator of the caller's own feels it.
        if self.generator is not None or wanted % n:
            yield from permutation(n, generator)[: wanted % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, each once."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return (self.indices[i] for i in permutation(len(self.indices), self.generator))

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices below `len(weights)`, drawn with probabilities proportional to the weights: to see a rare
    class as often as a common one, say.
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        if not is_integer(num_samples) or num_samples <= 0:
            raise ConfigError(
                f"WeightedRandomSampler: needs at least one sample to draw, got num_samples={num_samples}."
            )
        self.weights = as_tensor(weights, dtype=np.float64)
        if self.weights.ndim != 1:
            raise ShapeError(
                f"WeightedRandomSampler: weights are a row of numbers, these have shape {self.weights.shape}."
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices from another sampler; the last is shorter, or left out with `drop_last`."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool = False) -> None:
        if not is_integer(batch_size) or batch_size < 1:
            raise ConfigError(f"batch_size must be a positive integer, got {batch_size!r}.")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]  # only a sampler of known length has a number of batches
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
