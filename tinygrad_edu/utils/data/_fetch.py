"""From the indices of a batch to the batch: what this process does without workers, and each worker for its share."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

from tinygrad_edu.utils.data._collate import default_collate
from tinygrad_edu.utils.data._dataset import IterableDataset, fetch


class Ended(Exception):
    """A stream of examples has no more of them."""


class Fetcher:
    """Calling it with indices, or with one index where `batched` is False, gives the batch; a stream takes the next ones.

    Raises Ended where a stream has ended.
    """

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.dataset = dataset
        self.batched = batched
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.stream = iter(dataset) if isinstance(dataset, IterableDataset) else None

    def __call__(self, index: Any) -> Any:
        if self.stream is not None:
            return self._next(len(index) if self.batched else 1)
        if not self.batched:
            return self.collate_fn(self.dataset[index])
        if self.collate_fn is default_collate:
            batch = fetch(self.dataset, np.asarray(index))
            if batch is not None:
                return batch
        several = getattr(self.dataset, "__getitems__", None)  # PyTorch's name for "many at once"
        return self.collate_fn(several(index) if several else [self.dataset[i] for i in index])

    def _next(self, wanted: int) -> Any:
        assert self.stream is not None
        examples = list(islice(self.stream, wanted))
        if not examples or (self.drop_last and len(examples) < wanted):
            raise Ended
        return self.collate_fn(examples if self.batched else examples[0])
