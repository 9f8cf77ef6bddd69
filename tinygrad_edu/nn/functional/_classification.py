"""Losses over classes: cross entropy from scores, and the negative log likelihood from log-probabilities."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import LEVEL0, Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._checks import concrete, reduction_of
from tinygrad_edu.nn.functional._labels import are_labels, check_labels, classes, rows_shape
from tinygrad_edu.ops import elementwise, fused
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.node_names import entitle

_INT64 = np.dtype(np.int64)
_SOFT = {
    "mean": "DivBackward1",
    "sum": "NegBackward0",
    "none": "NegBackward0",
}  # PyTorch's last nodes for probabilities


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The mean over rows of −ln softmax(x)[label], computed without overflow from the scores x.

    Args:
        input: scores of C classes: (C,), (N, C) or (N, C, d₁, …).
        target: the class of each row, integers of the input's shape without its axis of classes; or a probability for
            each class, floats of the input's shape.
        weight: one factor per class, (C,). The mean is then divided by the sum of the labels' weights.
        ignore_index: rows with this label count for nothing, not even in the mean's denominator.
        reduction: "mean", "sum" or "none" (a loss for each row). A mean over no rows is NaN.
        label_smoothing: ε in [0, 1]: the target is mixed with ε/C for each class (Szegedy et al., 2016).

    Raises ShapeError where shapes don't meet, DTypeError for labels that aren't integers, DataError for a label out of
    range or NaN.
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of("cross_entropy", reduction, size_average, reduce)
    if (
        weight is None
        and label_smoothing == 0.0
        and type(input) in LEVEL0
        and input.array.ndim == 2
        and ignore_index < 0
    ):
        labels = target.array if type(target) in LEVEL0 else target
        if (
            type(labels) is np.ndarray
            and labels.dtype is _INT64
            and labels.shape == input.array.shape[:1]
            and labels.size
        ):
            weights = _equal_weights(labels.size, input.array.dtype, reduction)
            # One pass finds labels out of range on either side: as an unsigned number a negative one is huge.
            if weights is not None and np.maximum.reduce(labels.view(np.uint64)) < input.array.shape[1]:
                return fused.cross_entropy_(input, labels, weights)[0]
    return _cross_entropy(as_tensor(input), _as_target(target), weight, ignore_index, reduction, label_smoothing)


@lru_cache(maxsize=64)
def _equal_weights(rows: int, dtype: np.dtype[Any], reduction: str) -> Any:
    """What each row's loss is multiplied by, one number repeated without memory; None where the rows aren't summed."""
    if dtype.kind != "f" or reduction not in ("mean", "sum"):
        return None
    return np.broadcast_to(np.asarray(1 / rows if reduction == "mean" else 1, dtype), (rows,))


def _cross_entropy(input: Tensor, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float) -> Any:
    name = "cross_entropy"
    reduction = reduction_of(name, reduction)
    if not 0 <= smoothing <= 1:
        raise ConfigError(f"{name}: label_smoothing must be between 0 and 1, got {smoothing}.")
    count, lead = classes(input.shape or (0,)), rows_shape(input.shape)
    if not are_labels(input, target, name):
        scores, target = _as_rows(input), _as_rows(target)
        losses = _soft(scores, target, _class_weights(weight, count, input.dtype, name), smoothing)
        return entitle(_reduced(losses, reduction, losses.shape[0] or math.nan, lead), _SOFT[reduction])
    scores = _as_rows(input)
    labels, counted, weights = _labels(target, count, weight, ignore_index, input.dtype, name)
    if smoothing:
        target = (np.expand_dims(labels, -1) == np.arange(count)) * np.ones((), input.dtype)
        losses = _soft(scores, target, _class_weights(weight, count, input.dtype, name), smoothing)
        return entitle(_reduced(_only(counted, losses), reduction, np.sum(weights), lead), "AddBackward0")
    title = "NllLossBackward0" if input.ndim < 3 else "NllLoss2DBackward0"
    if reduction == "none":
        return entitle(_picked(fused.log_softmax(scores, 1), labels, counted, weights).reshape(lead), title)
    total = np.sum(weights) if reduction == "mean" else 1
    return entitle(_over(fused.cross_entropy(scores, labels, weights / _divisor(total)), total), title)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean over rows of −x[label], x the logarithms of probabilities, as `log_softmax` gives; otherwise as
    `cross_entropy`.
    """
    reduction = reduction_of("nll_loss", reduction, size_average, reduce)
    input, target = as_tensor(input), _as_target(target)
    count, lead = classes(input.shape or (0,)), rows_shape(input.shape)
    if not are_labels(input, target, "nll_loss"):
        raise ShapeError(
            f"nll_loss: the target has the input's shape {input.shape}, but it is a label for each row, of shape {lead}. "
            "For probabilities as targets there is cross_entropy, which takes the scores before log_softmax."
        )
    labels, counted, weights = _labels(target, count, weight, ignore_index, input.dtype, "nll_loss")
    return _reduced(_picked(_as_rows(input), labels, counted, weights), reduction, np.sum(weights), lead)


# -- the parts -----------------------------------------------------------------------------------------------------


def _as_target(target: Any) -> Any:
    return target if isinstance(target, Tensor | np.ndarray) else as_tensor(target)


def _as_rows(x: Any) -> Any:
    """(C,), (N, C) or (N, C, …) as (rows, C)."""
    if x.ndim == 2:
        return x
    return np.reshape(np.moveaxis(x, 1, -1) if x.ndim > 1 else x, (-1, classes(x.shape)))


def _class_weights(weight: Any, classes: int, dtype: np.dtype[Any], name: str) -> np.ndarray[Any, Any] | None:
    """The factor of each class, checked; None for equal ones."""
    if weight is None:
        return None
    values = np.asarray(weight.detach().numpy() if isinstance(weight, Tensor) else weight, dtype)
    if values.shape != (classes,):
        raise ShapeError(f"{name}: weight needs a number for each class, so shape ({classes},), not {values.shape}.")
    return values


def _labels(
    target: Any, classes: int, weight: Any, ignore_index: int, dtype: np.dtype[Any], name: str
) -> tuple[Any, Any, Any]:
    """The labels in one axis, those to be ignored made 0; which of them count (None for all); and each row's weight."""
    values = concrete(target)
    labels: Any
    if values is None:
        labels = np.reshape(target, (-1,))  # inside vmap: nothing to look at
    else:
        check_labels(values, classes, ignore_index, name)
        labels = values.reshape(-1).astype(np.int64, copy=False)
    counted = labels != ignore_index
    if values is not None and counted.all():
        counted = None
    else:
        labels = np.where(counted, labels, 0)
    factors = _class_weights(weight, classes, dtype, name)
    weights: Any
    if factors is None:
        weights = np.ones(labels.shape, dtype)
    else:
        weights = factors[labels] if values is not None else as_tensor(factors)[labels]
    return labels, counted, weights if counted is None else weights * counted


def _picked(log_p: Any, labels: Any, counted: Any, weights: Any) -> Any:
    """Each row's −w · ln p[label], 0 where it doesn't count."""
    return _only(counted, -(log_p[np.arange(log_p.shape[0]), labels] * weights))


def _only(counted: Any, losses: Any) -> Any:
    return losses if counted is None else elementwise.where(counted, losses, 0.0)


def _soft(scores: Any, target: Any, factors: Any, smoothing: float) -> Any:
    """Each row's −Σ t ln softmax(x), t the target mixed with equal shares and scaled by the classes' factors."""
    if smoothing:
        target = target * (1 - smoothing) + smoothing / scores.shape[1]
    if factors is not None:
        target = target * factors
    return -np.sum(fused.log_softmax(scores, 1) * target, axis=1)


def _reduced(losses: Any, reduction: str, total: Any, lead: tuple[int, ...]) -> Any:
    if reduction == "none":
        return np.reshape(losses, lead)
    return losses.sum() if reduction == "sum" else _over(losses.sum() / _divisor(total), total)


def _divisor(total: Any) -> Any:
    return np.where(total > 0, total, 1) if isinstance(total, Tensor) or not total > 0 else total


def _over(mean: Any, total: Any) -> Any:
    """A mean over rows of this total weight, NaN where that is zero; its gradient is zero then, not NaN."""
    if isinstance(total, Tensor):
        return mean + np.where(total > 0, 0.0, math.nan)
    return mean if total > 0 else mean + math.nan
