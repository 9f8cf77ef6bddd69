"""The loader: an iterable of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.random import Generator, default_generator
from tinygrad_edu.utils.data._collate import default_collate
from tinygrad_edu.utils.data._dataset import fetch
from tinygrad_edu.utils.data._sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a data set; each `for` over it is one pass, in a new order with `shuffle`.

    Args:
        dataset: anything with `len()` and `[i]`, such as a TensorDataset.
        batch_size: examples in a batch; None gives single examples.
        shuffle: a new random order on every pass, PyTorch's from the same seed.
        sampler: the order as an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        drop_last: leave out a last batch that is smaller.
        collate_fn: makes a batch of a list of examples; `default_collate` if None.
        generator: the stream that shuffling draws from; the default generator if None.
        num_workers, pin_memory: accepted for scripts that pass them; everything is loaded in this process, and memory
            is memory.

    A TensorDataset (or a Subset of one) is cut into batches by one indexing each, not example by example.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[list[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        *,
        generator: Generator | None = None,
    ) -> None:
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ConfigError(
                "DataLoader: batch_sampler already says what batch_size, shuffle, sampler and drop_last would."
            )
        if sampler is not None and shuffle:
            raise ConfigError("DataLoader: give a sampler or shuffle=True, not both; the sampler is the order.")
        if batch_size is None and drop_last:
            raise ConfigError("DataLoader: batch_size=None makes no batches, so drop_last=True has nothing to drop.")
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.collate_fn = collate_fn
        self.generator = generator
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        self.sampler = sampler
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler

    def __iter__(self) -> Iterator[Any]:
        # PyTorch draws a seed for its worker processes at the start of every pass, whether or not there are any;
        # shuffling comes after it in the stream.
        (self.generator or default_generator).draw_seed()
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        if self.batch_sampler is None:
            convert = self.collate_fn or (lambda example: example)
            for i in self.sampler:
                yield convert(self.dataset[i])
            return
        collate = self.collate_fn or default_collate
        for indices in self.batch_sampler:
            batch = fetch(self.dataset, np.asarray(indices)) if collate is default_collate else None
            yield collate([self.dataset[i] for i in indices]) if batch is None else batch

    def __len__(self) -> int:
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
