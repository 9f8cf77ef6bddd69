"""`ctc_loss`: what PyTorch takes for its arguments, checked and laid out for the op."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError
from tinygrad_edu.nn.functional._checks import concrete, reduce_with, reduction_of, with_axes
from tinygrad_edu.ops.ctc import ctc_
from tinygrad_edu.ops.elementwise import where

_NAME = "ctc_loss"


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """−ln of the probability that a sequence reads as the target, where and how long each label sounds left open.

    Args:
        log_probs: logarithms of probabilities, as `log_softmax` gives: (T, N, C), or (T, C) for one sequence.
        targets: integers, none of them `blank`: (N, S) with padding behind each, or those of all sequences in a row.
        input_lengths, target_lengths: N integers each, or a single one for one sequence: how much of each counts.
        reduction: "mean" is that of each loss divided by its target's length, as in PyTorch; "sum", or "none" for (N,).
        zero_infinity: losses of targets that are too long for their input count as zero, with their gradients.

    Raises ShapeError, DTypeError or DataError where lengths or labels don't fit (Graves et al., 2006).
    """
    reduction_of(_NAME, reduction)
    log_probs = with_axes(log_probs)
    if log_probs.ndim not in (2, 3) or log_probs.dtype.kind != "f":
        raise ShapeError(
            f"{_NAME}: log_probs are floating, (T, N, C) or (T, C) for one sequence, not {log_probs.dtype} of shape "
            f"{log_probs.shape}."
        )
    alone = log_probs.ndim == 2
    if alone:
        log_probs = np.expand_dims(log_probs, 1)
    times, n, classes = log_probs.shape
    try:
        blank = operator.index(blank)
    except TypeError:
        raise ConfigError(f"{_NAME}: blank is the number of a class, not {blank!r}.") from None
    if not 0 <= blank < classes:
        raise ConfigError(f"{_NAME}: blank={blank} is none of the {classes} classes; they go from 0 to {classes - 1}.")
    inputs = _lengths(input_lengths, n, "input_lengths", alone)
    lengths = _lengths(target_lengths, n, "target_lengths", alone)
    if not times or (concrete(inputs) is not None and (concrete(inputs) > times).any()):
        raise ShapeError(
            f"{_NAME}: input_lengths {_plain(inputs)} for log_probs of {times} times (shape {log_probs.shape})."
        )
    labels = _labels(targets, lengths, n, alone)
    _check(labels, lengths, classes, blank)
    labels = np.where(np.arange(labels.shape[1]) < lengths[:, None], labels, blank)  # padding may be anything
    losses = ctc_(log_probs, labels, inputs, lengths, blank=blank)
    if zero_infinity:
        losses = where(losses == np.inf, 0.0, losses)
    if reduction == "mean":
        losses = losses / np.maximum(lengths, 1).astype(log_probs.dtype)
    return losses[0] if alone and reduction == "none" else reduce_with(losses, reduction)


def _plain(lengths: Any) -> Any:
    values = concrete(lengths)
    return "" if values is None else values.tolist()


def _integers(values: Any, name: str) -> Any:
    """Integers as an array, or as they are inside `vmap`."""
    found = concrete(values) if isinstance(values, Tensor) else np.asarray(values)
    if found is None:
        return values
    if found.size and found.dtype.kind not in "iu":
        raise DTypeError(f"{_NAME}: {name} must hold integers, not {found.dtype}.")
    return found.astype(np.int64)


def _lengths(given: Any, n: int, name: str, alone: bool) -> Any:
    lengths = _integers(given, name)
    if alone and not lengths.ndim:
        lengths = np.reshape(lengths, (1,))
    if lengths.shape != (n,):
        raise ShapeError(f"{_NAME}: {name} needs a length for each of the {n} sequences, its shape is {lengths.shape}.")
    values = concrete(lengths)
    if values is not None and (values < 0).any():
        raise DataError(f"{_NAME}: {name} has a negative length, {values.min()}.")
    return lengths


def _labels(targets: Any, lengths: Any, n: int, alone: bool) -> Any:
    """The targets as (N, S): as they are, or cut out of the row they stand in."""
    labels = _integers(targets, "targets")
    if alone and labels.ndim == 1:
        labels = labels[None]
    known = concrete(lengths)
    if labels.ndim == 2:
        if labels.shape[0] != n or (known is not None and (known > labels.shape[1]).any()):
            raise ShapeError(
                f"{_NAME}: targets of shape {labels.shape} for {n} sequences with target_lengths {_plain(lengths)}."
            )
        return labels
    if labels.ndim != 1 or known is None:
        raise ShapeError(
            f"{_NAME}: targets are (N, S), or all in a row{' (not inside vmap)' if known is None else ''}; their shape is "
            f"{labels.shape}."
        )
    if labels.shape[0] != known.sum():
        raise ShapeError(f"{_NAME}: {labels.shape[0]} targets in a row, but target_lengths add up to {known.sum()}.")
    places = np.arange(known.max(initial=0))
    if not places.size:
        return np.zeros((n, 0), np.int64)
    starts = np.cumsum(known) - known
    return labels[np.minimum(starts[:, None] + places, max(labels.shape[0] - 1, 0))]


def _check(labels: Any, lengths: Any, classes: int, blank: int) -> None:
    """Raise DataError for a label that counts and is no class, or the blank."""
    values, known = concrete(labels), concrete(lengths)
    if values is None or known is None:
        return
    counted = np.arange(values.shape[1]) < known[:, None]
    bad = counted & ((values < 0) | (values >= classes) | (values == blank))
    if bad.any():
        row, place = map(int, np.argwhere(bad)[0])
        label = values[row, place]
        what = "is the blank" if label == blank else "is out of range"
        raise DataError(
            f"{_NAME}: label {label} at place {place} of target {row} {what}: there are {classes} classes, 0 to {classes - 1}, "
            f"of which {blank} is the blank."
        )
