"""Data sets: anything with `len()` and `[i]`, or a stream of examples. Their order is the samplers' concern."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import Generator, permutation
from tinygrad_edu.utils._checks import is_integer

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A collection of examples: a subclass says what `self[i]` is, and `len(self)`."""

    def __getitem__(self, index: int) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__} needs a method __getitem__(self, index) that returns one example"
        )

    def fetch(self, indices: np.ndarray[Any, Any]) -> list[Tensor] | None:
        """A whole batch at once, as `default_collate` would make it of the examples; None where only `self[i]` can
        tell.
        """
        return None

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """A stream of examples: a subclass yields them from `__iter__`, and there is neither `self[i]` nor a shuffle.

    With several workers each has a copy of the stream and yields all of it, unless `__iter__` asks `get_worker_info()`
    which part is its own.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} needs a method __iter__(self) that yields examples")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Examples from tensors of one length: example i is `(tensors[0][i], tensors[1][i], …)`.

    Takes Tensors or arrays, which are not copied. Raises ShapeError unless their first axes are of one length.
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(as_tensor(t) for t in tensors)
        lengths = {t.shape[:1] for t in self.tensors}
        if len(lengths) != 1 or lengths == {()}:
            shapes = ", ".join(str(t.shape) for t in self.tensors) or "none"
            raise ShapeError(
                f"TensorDataset: the tensors need first axes of one length (the examples); got shapes {shapes}."
            )

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def fetch(self, indices: np.ndarray[Any, Any]) -> list[Tensor] | None:
        if any(t.node is not None for t in self.tensors):
            return None  # a gradient is wanted, so the choice of examples must be recorded
        return [make(t.array.take(indices, axis=0), None) for t in self.tensors]


class Subset(Dataset[T_co]):
    """The examples of another data set at the given indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> T_co:
        example: T_co = self.dataset[self.indices[index]]
        return example

    def __len__(self) -> int:
        return len(self.indices)

    def fetch(self, indices: np.ndarray[Any, Any]) -> list[Tensor] | None:
        return fetch(self.dataset, np.asarray(self.indices)[indices])


class ConcatDataset(Dataset[Any]):
    """Several data sets as one, one after the other; `cumulative_sizes` says where each ends."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ConfigError("ConcatDataset: needs at least one data set.")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise DTypeError("ConcatDataset: a stream has no length and no [i]; ChainDataset joins streams.")
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} examples")
        which = bisect.bisect_right(self.cumulative_sizes, place)
        return self.datasets[which][place - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[Any]):
    """Several streams as one, one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise DTypeError(f"ChainDataset: joins IterableDatasets, not {type(dataset).__name__}.")
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


def fetch(dataset: Any, indices: np.ndarray[Any, Any]) -> list[Tensor] | None:
    """`dataset.fetch(indices)`, for data sets that aren't a Dataset of ours too; those can't."""
    return dataset.fetch(indices) if isinstance(dataset, Dataset) else None


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset[Any]]:
    """Cut a data set at random into subsets of the given lengths, or fractions that sum to 1.

    Fractions are rounded down, and what is left goes to the first subsets, one example each. Raises ConfigError unless
    the lengths sum to the length of the data set.
    """
    total = len(dataset)
    if not lengths or any(length < 0 for length in lengths):
        raise ConfigError(f"random_split: needs lengths that aren't negative, got {list(lengths)}.")
    if all(is_integer(length) for length in lengths):
        sizes = [int(length) for length in lengths]
    elif math.isclose(sum(lengths), 1):
        sizes = [math.floor(total * fraction) for fraction in lengths]
        for i in range(total - sum(sizes)):
            sizes[i % len(sizes)] += 1
    else:
        raise DTypeError(
            f"random_split: lengths are integers, or fractions that sum to 1; {list(lengths)} sum to {sum(lengths)}."
        )
    if sum(sizes) != total:
        raise ConfigError(f"random_split: lengths {sizes} sum to {sum(sizes)}, but the data set has {total} examples.")
    order = permutation(total, generator)
    ends = itertools.accumulate(sizes)
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
