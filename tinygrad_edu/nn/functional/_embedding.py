"""Vectors for integers: `embedding`, and sums of them, `embedding_bag`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.nn.functional._checks import concrete, position
from tinygrad_edu.ops import elementwise
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.embedding import sum_rows, take_rows


def _indices(input: Any, rows: int, name: str) -> Any:
    """The indices as a Tensor or array, checked."""
    input = input if hasattr(input, "ndim") else as_tensor(input)
    if input.dtype.kind not in "iu":
        raise DTypeError(f"{name}: the indices must be integers, not {input.dtype}; convert them, e.g. x.long().")
    indices = concrete(input)
    if indices is not None and indices.size and not (indices.min() >= 0 and indices.max() < rows):
        bad = int(np.flatnonzero((indices < 0) | (indices >= rows))[0])
        raise DataError(
            f"{name}: index {indices.flat[bad]} (at position {position(bad, indices.shape)}) is out of range: the weight "
            f"has {rows} rows, 0 to {rows - 1}."
        )
    return input


def _refuse_by_frequency(scale_grad_by_freq: bool, name: str) -> None:
    if scale_grad_by_freq:
        raise UnsupportedError(
            f"{name}: scale_grad_by_freq=True isn't the gradient of anything; divide the rows of weight.grad by their counts "
            "instead."
        )


def _renormalize(weight: Any, indices: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are read and longer than `max_norm` down to it, in place, outside the graph."""
    array, read = weight.array, np.unique(np.asarray(concrete(indices)))
    norms = np.linalg.norm(array[read], norm_type, axis=1)
    long = norms > max_norm
    if long.any():
        array[read[long]] *= (max_norm / (norms[long] + 1e-7))[:, None].astype(array.dtype)
        note_write(array)


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of `weight` (n, d) at the integers `input` (…) → (…, d). The row `padding_idx` gets no gradient.

    Rows longer than `max_norm` are first scaled down to it, in place. `sparse` is accepted and changes nothing. Raises
    DTypeError unless `input` holds integers, DataError where one isn't below n.
    """
    _refuse_by_frequency(scale_grad_by_freq, "embedding")
    rows = weight.shape[0]
    input = _indices(input, rows, "embedding")
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    found = take_rows(weight, input)
    if padding_idx is not None:
        padding = np.expand_dims(input == padding_idx % rows, -1)
        found = elementwise.where(padding, found.detach(), found)
    return found


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """The sum, mean or max of the rows of each bag: `input` (bags, size), or all bags in one axis,
    each beginning at its place in `offsets` → (bags, d).

    Rows at `padding_idx` don't count. With `include_last_offset` the last offset is where the last bag ends.
    """
    _refuse_by_frequency(scale_grad_by_freq, "embedding_bag")
    if mode not in ("sum", "mean", "max"):
        raise ConfigError(f'embedding_bag: mode is "sum", "mean" or "max", not {mode!r}.')
    if per_sample_weights is not None and mode != "sum":
        raise ConfigError(f'embedding_bag: per_sample_weights go with mode="sum", not {mode!r}.')
    input = _indices(input, weight.shape[0], "embedding_bag")
    if (input.ndim == 2) == (offsets is not None):
        raise ShapeError(
            f"embedding_bag: an input of one axis needs offsets, one of two axes has none; this one has shape {input.shape}."
        )
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    flat, bag, bags = _bags(input, offsets, include_last_offset)
    found = take_rows(weight, flat)
    counted = np.ones(flat.shape, bool)
    if padding_idx is not None:
        counted = flat != padding_idx % weight.shape[0]
    if mode == "max":
        return _largest(found, bag, bags, counted)
    share = counted.astype(found.dtype)
    if mode == "mean":
        counts = np.bincount(bag, counted, bags)
        share = (share / np.maximum(counts, 1)[bag]).astype(found.dtype)
    if per_sample_weights is not None:
        share = per_sample_weights.reshape(-1) * share
    return sum_rows(found * share[:, None], bag, rows=bags)


def _largest(found: Any, bag: Any, bags: int, counted: Any) -> Any:
    """The largest of each bag's rows in every column, (bags, d); zeros for a bag without rows that count."""
    found, bag = found[counted], bag[counted]
    counts = np.bincount(bag, minlength=bags)
    places = np.full(
        (bags, max(counts.max(initial=0), 1)), len(bag)
    )  # behind the last row stand rows that are never largest
    within = np.arange(len(bag)) - np.repeat(np.cumsum(counts) - counts, counts)
    places[bag, within] = np.arange(len(bag))
    rows = np.concatenate([found, np.full((1, found.shape[1]), -np.inf, found.dtype)])
    largest = np.max(rows[places], axis=1)
    return elementwise.where((counts > 0)[:, None], largest, 0.0)


def _bags(input: Any, offsets: Any, include_last: bool) -> tuple[Any, Any, int]:
    """All indices in one axis, the bag of each, and how many bags there are."""
    flat = np.asarray(input.array if isinstance(input, Tensor) else input).reshape(-1)
    if offsets is None:
        return flat, np.repeat(np.arange(input.shape[0]), input.shape[1]), input.shape[0]
    starts = np.asarray(concrete(offsets))
    ends = starts[1:] if include_last else np.append(starts[1:], flat.size)
    starts = starts[: len(ends)]
    if starts.size and (starts[0] != 0 or (ends < starts).any() or ends[-1] > flat.size):
        raise DataError(f"embedding_bag: offsets begin at 0 and grow up to {flat.size}, got {starts.tolist()}.")
    return flat[: ends[-1] if ends.size else 0], np.repeat(np.arange(len(ends)), ends - starts), len(ends)
