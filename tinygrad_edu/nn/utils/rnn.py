"""Sequences of different lengths in one batch: padded to the longest, or packed one step after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, as_value, make
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.embedding import take_rows

__all__ = [
    "PackedSequence",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpad_sequence",
]

Array = np.ndarray[Any, Any]


class PackedSequence(NamedTuple):
    """The first steps of all sequences, then the second steps of those that have one, and so on, longest sequence first.

    `batch_sizes` says how many there are of each step; `sorted_indices` which sequence of the batch comes where, None
    where they were in that order already.
    """

    data: Any
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def to(self, *args: Any, **options: Any) -> PackedSequence:
        return self._replace(data=self.data.to(*args, **options))

    def padded(self) -> tuple[Any, Array]:
        """(T, N, …), with anything where a sequence has ended, and the lengths; in the order of the pack."""
        there, sizes = self._there()
        starts = np.cumsum(sizes) - sizes
        places = np.where(there, starts[:, None] + np.arange(there.shape[1]), 0)
        return take_rows(self.data, places), there.sum(0)

    def like(self, x: Any) -> PackedSequence:
        """This pack with the values of `x` (T, N, …)."""
        there, _ = self._there()
        rows = np.reshape(x, (-1, *x.shape[2:]))
        return self._replace(data=take_rows(rows, np.flatnonzero(there)))

    def _there(self) -> tuple[Array, Array]:
        sizes = self.batch_sizes.numpy()
        return sizes[:, None] > np.arange(sizes[0]), sizes


def reversed_within(x: Any, lengths: Array) -> Any:
    """Each sequence of (T, N, …) backward within its length; what is behind it stays."""
    steps = np.arange(x.shape[0])[:, None]
    return x[np.where(steps < lengths, lengths - 1 - steps, steps), np.arange(len(lengths))]


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack (T, N, …), or (N, T, …) with `batch_first`, of which each sequence counts up to its length.

    The lengths must not increase, unless `enforce_sorted=False`, which sorts them.
    """
    x: Any = np.swapaxes(as_value(input), 0, 1) if batch_first else as_value(input)
    given = np.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths, np.int64)
    if given.shape != x.shape[1:2] or given.min(initial=1) < 1 or given.max(initial=1) > x.shape[0]:
        raise ShapeError(
            f"pack_padded_sequence: needs a length from 1 to {x.shape[0]} for each of {x.shape[1]} sequences, got {given.tolist()}."
        )
    order = back = None
    if enforce_sorted:
        if (np.diff(given) > 0).any():
            raise ConfigError(
                f"pack_padded_sequence: the lengths {given.tolist()} increase; sort the sequences, or give enforce_sorted=False."
            )
    else:
        places = np.argsort(-given, kind="stable")
        given = given[places]
        x = x[:, places]
        order, back = make(places, None), make(np.argsort(places), None)
    sizes = make((given > np.arange(given[0])[:, None]).sum(1), None)
    return PackedSequence(None, sizes, order, back).like(x[: int(given[0])])


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, Tensor]:
    """The padded batch again, and the lengths: the inverse of `pack_padded_sequence`."""
    x, lengths = sequence.padded()
    steps = x.shape[0]
    there = np.arange(steps)[:, None] < lengths
    x = np.where(np.reshape(there, (*there.shape, *(1,) * (x.ndim - 2))), x, np.full((), padding_value, x.dtype))
    if total_length is not None:
        if total_length < steps:
            raise ConfigError(f"pad_packed_sequence: total_length={total_length} is less than the longest, {steps}.")
        more = np.full((total_length - steps, *x.shape[1:]), padding_value, x.dtype)
        x = np.concatenate([x, more])
    if sequence.unsorted_indices is not None:
        x, lengths = x[:, sequence.unsorted_indices], lengths[sequence.unsorted_indices.numpy()]
    return np.swapaxes(x, 0, 1) if batch_first else x, make(np.asarray(lengths, np.int64), None)


def pad_sequence(
    sequences: Sequence[Any], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Sequences (Tᵢ, …) as one tensor (T, N, …), or (N, T, …) with `batch_first`, filled up on one side."""
    if padding_side not in ("left", "right"):
        raise ConfigError(f'pad_sequence: padding_side is "left" or "right", not {padding_side!r}.')
    steps = max(len(x) for x in sequences)
    full = []
    for x in map(as_value, sequences):
        fill = np.full((steps - len(x), *x.shape[1:]), padding_value, x.dtype)
        full.append(np.concatenate([fill, x] if padding_side == "left" else [x, fill]))
    return np.stack(full, axis=0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each up to its length."""
    x = padded_sequences if batch_first else np.swapaxes(padded_sequences, 0, 1)
    return [x[i, : int(n)] for i, n in enumerate(lengths)]


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (Tᵢ, …)."""
    return pack_padded_sequence(pad_sequence(sequences), [len(x) for x in sequences], enforce_sorted=enforce_sorted)
