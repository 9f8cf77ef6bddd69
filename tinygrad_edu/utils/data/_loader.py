"""The loader: an iterable of batches, made in this process or in workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.random import Generator, default_generator
from tinygrad_edu.utils._checks import is_integer
from tinygrad_edu.utils.data import _pool
from tinygrad_edu.utils.data._collate import default_collate, default_convert
from tinygrad_edu.utils.data._dataset import IterableDataset
from tinygrad_edu.utils.data._fetch import Ended, Fetcher
from tinygrad_edu.utils.data._sampler import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a data set; each `for` over it is one pass, in a new order with `shuffle`.

    Args:
        dataset: anything with `len()` and `[i]`, such as a TensorDataset; or an IterableDataset.
        batch_size: examples in a batch; None gives single examples.
        shuffle: a new random order on every pass, PyTorch's from the same seed.
        sampler: the order as an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: processes that make the batches; 0 makes them in this one.
        collate_fn: makes a batch of a list of examples; `default_collate` if None (`default_convert` of single ones).
        pin_memory, pin_memory_device: of no effect: there is one kind of memory.
        drop_last: leave out a last batch that is smaller.
        timeout: seconds to wait for a worker's batch; 0 waits for ever.
        worker_init_fn: called in each worker with its number before its first batch.
        multiprocessing_context: how workers are started, "fork" or "spawn"; forked on Linux if None.
        generator: the stream that shuffling and the workers' seeds draw from; the default generator if None.
        prefetch_factor: batches on their way for each worker, 2 if None.
        persistent_workers: keep the workers from pass to pass.
        in_order: of no effect: batches come in the sampler's order.

    A TensorDataset (or a Subset of one) is cut into batches by one indexing each, not example by example. What a worker
    raises is raised here with its traceback; WorkerError says when a worker has died or takes longer than `timeout`.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[list[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if isinstance(dataset, IterableDataset):
            for name, value in (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if value:
                    raise ConfigError(f"DataLoader: an IterableDataset says its own order, so it takes no {name}.")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ConfigError(
                "DataLoader: batch_sampler already says what batch_size, shuffle, sampler and drop_last would."
            )
        if sampler is not None and shuffle:
            raise ConfigError("DataLoader: give a sampler or shuffle=True, not both; the sampler is the order.")
        if batch_size is None and drop_last:
            raise ConfigError("DataLoader: batch_size=None makes no batches, so drop_last=True has nothing to drop.")
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        self.dataset = dataset
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if prefetch_factor is None and num_workers else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        if sampler is None and isinstance(dataset, IterableDataset):
            sampler = repeat(0)  # endless: the stream says when it ends
        elif sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        self.sampler = sampler
        self.batch_size = None if batch_sampler is not None else batch_size
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._pool: _pool.Pool | None = None

    @property
    def _indices(self) -> Iterable[Any]:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        settings = {
            "dataset": self.dataset,
            "batched": self.batch_sampler is not None,
            "collate_fn": self.collate_fn,
            "drop_last": self.drop_last,
        }
        pool = self._pool if self._pool is not None and self._pool.close.alive else None
        if pool is None:
            # PyTorch draws a seed for its worker processes at the start of every pass, whether or not there are any;
            # shuffling comes after it in the stream.
            seed = (self.generator or default_generator).draw_seed()
            if not self.num_workers:
                return self._here(Fetcher(**settings))
            settings |= {"base_seed": seed, "init_fn": self.worker_init_fn}
            pool = _pool.start(self.num_workers, self.multiprocessing_context, **settings)
            self._pool = pool if self.persistent_workers else None
        assert self.prefetch_factor is not None
        return _pool.Pass(
            pool,
            iter(self._indices),
            prefetch=self.prefetch_factor,
            timeout=self.timeout,
            keep=self.persistent_workers,
        )

    def _here(self, make_batch: Fetcher) -> Iterator[Any]:
        for index in self._indices:
            try:
                batch = make_batch(index)
            except Ended:
                return
            yield batch

    def __len__(self) -> int:
        """The number of batches."""
        if isinstance(self.dataset, IterableDataset):
            n = len(self.dataset)  # type: ignore[arg-type]  # a TypeError if the stream doesn't say
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self._indices)  # type: ignore[arg-type]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None}  # processes stay where they are


def _check_workers(count: Any, timeout: float, prefetch: Any, persistent: bool, context: Any) -> None:
    if not is_integer(count) or count < 0:
        raise ConfigError(f"DataLoader: num_workers is a number of processes, 0 or more, not {count!r}.")
    if timeout < 0:
        raise ConfigError(f"DataLoader: timeout is in seconds, 0 or more, not {timeout}.")
    if prefetch is not None and (not is_integer(prefetch) or prefetch < 1):
        raise ConfigError(f"DataLoader: prefetch_factor is a number of batches, 1 or more, not {prefetch!r}.")
    methods = multiprocessing.get_all_start_methods()
    if isinstance(context, str) and context not in methods:
        raise ConfigError(f"DataLoader: multiprocessing_context is one of {', '.join(methods)}, not {context!r}.")
    for name, given in (
        ("prefetch_factor", prefetch is not None),
        ("persistent_workers", persistent),
        ("multiprocessing_context", context is not None),
    ):
        if given and not count:
            raise ConfigError(f"DataLoader: {name} is about worker processes, and num_workers=0 has none.")
