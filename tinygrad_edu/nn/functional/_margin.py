"""Losses that ask for a margin: between scores, between classes, or between distances of pairs and triples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.nn.functional._activation import logsigmoid
from tinygrad_edu.nn.functional._checks import concrete, reduce_with, reduction_of, same_shape, with_axes
from tinygrad_edu.nn.functional._distance import pairwise_distance
from tinygrad_edu.nn.functional._labels import check_labels
from tinygrad_edu.ops import activation, elementwise
from tinygrad_edu.ops.choice import clip


def _hinge(x: Any) -> Any:
    """max(x, 0), with PyTorch's derivative 1 at 0."""
    return clip(x, 0, None)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of max(0, −t(x₁ − x₂) + margin): t = 1 where x₁ shall be the larger, −1 where x₂."""
    reduction = reduction_of("margin_ranking_loss", reduction, size_average, reduce)
    input1, input2 = same_shape(input1, input2, "margin_ranking_loss")
    input1, target = same_shape(input1, target, "margin_ranking_loss")
    return reduce_with(_hinge(-target * (input1 - input2) + margin), reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of x where t = 1, of max(0, margin − x) where t = −1: x is a distance."""
    reduction = reduction_of("hinge_embedding_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "hinge_embedding_loss")
    apart = elementwise.where(target != 1, _hinge(margin - input), 0.0)
    return reduce_with(apart + elementwise.where(target != -1, input, 0.0), reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of ln(1 + e^(−t·x)), t = ±1."""
    reduction = reduction_of("soft_margin_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "soft_margin_loss")
    return reduce_with(activation.softplus(-target * input, beta=1.0, threshold=math.inf), reduction)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of 1 − cos(x₁, x₂) where t = 1, of max(0, cos − margin) where t = −1: (N, D), (N, D), (N,), or (D,), (D,),
    ().
    """
    reduction = reduction_of("cosine_embedding_loss", reduction, size_average, reduce)
    input1, input2 = same_shape(input1, input2, "cosine_embedding_loss")
    target = with_axes(target)
    if input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ShapeError(
            f"cosine_embedding_loss: inputs (N, D) need a target (N,), inputs (D,) one number; got {input1.shape} and "
            f"{target.shape}."
        )
    squares = [(x * x).sum(-1) + 1e-12 for x in (input1, input2)]
    cosine = (input1 * input2).sum(-1) / np.sqrt(squares[0] * squares[1])
    losses = elementwise.where(target == 1, 1 - cosine, 0.0)
    return reduce_with(losses + elementwise.where(target == -1, _hinge(cosine - margin), 0.0), reduction)


# -- triples -------------------------------------------------------------------------------------------------------


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of max(0, d(a, p) − d(a, n) + margin), d the p-norm of the difference (Balntas et al., 2016).

    With `swap` the nearer of anchor and positive stands against the negative.
    """
    reduction = reduction_of("triplet_margin_loss", reduction, size_average, reduce)
    return _triplet(anchor, positive, negative, lambda a, b: pairwise_distance(a, b, p, eps), margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_loss` with a distance of your own."""
    reduction = reduction_of("triplet_margin_with_distance_loss", reduction)
    if margin <= 0:
        raise ConfigError(f"triplet_margin_with_distance_loss: margin must be positive, got {margin}.")
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


def _triplet(
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = np.minimum(far, distance(positive, negative))
    return reduce_with(_hinge(near - far + margin), reduction)


# -- classes -------------------------------------------------------------------------------------------------------


def _rows(input: Any, name: str) -> tuple[Any, bool]:
    """The input as (N, C), and whether it was one row."""
    x = with_axes(input)
    if x.ndim not in (1, 2) or not x.shape[-1]:
        raise ShapeError(f"{name}: the input must have shape (N, C) or (C,), it has {x.shape}.")
    return (x[None], True) if x.ndim == 1 else (x, False)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean over rows of Σ max(0, margin − x[label] + x[j])ᵖ / C over the other classes j, times the label's weight."""
    reduction = reduction_of("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ConfigError(f"multi_margin_loss: p is 1 or 2, not {p}.")
    x, single = _rows(input, "multi_margin_loss")
    labels = with_axes(target).reshape(-1) if single else with_axes(target)
    if labels.shape != x.shape[:1]:
        raise ShapeError(
            f"multi_margin_loss: the input has shape {input.shape}, so labels have {x.shape[:1]}, not {labels.shape}."
        )
    values = concrete(labels)
    if values is not None:
        check_labels(values, x.shape[1], -100, "multi_margin_loss")
    own = (labels[:, None] == np.arange(x.shape[1])) * np.ones((), x.dtype)
    scores = (x * own).sum(1, keepdims=True)
    losses = _hinge(margin - scores + x)
    losses = (losses if p == 1 else losses * losses) * (1 - own)
    if weight is not None:
        losses = losses * (own * weight).sum(1, keepdims=True)
    losses = losses.sum(1) / x.shape[1]
    return reduce_with(losses[0] if single else losses, reduction)


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean over rows of Σ max(0, 1 − x[j] + x[i]) / C over the row's classes j and all others i.

    A row of the target lists its classes; the first −1 ends the list.
    """
    reduction = reduction_of("multilabel_margin_loss", reduction, size_average, reduce)
    x, single = _rows(input, "multilabel_margin_loss")
    listed = _rows(target, "multilabel_margin_loss")[0]
    if listed.shape != x.shape:
        raise ShapeError(
            f"multilabel_margin_loss: input and target have shapes {x.shape} and {listed.shape}; they must be equal."
        )
    values = concrete(listed)
    if values is None or values.dtype.kind not in "iu":
        raise DataError(
            "multilabel_margin_loss: the target holds the classes of each row, as integers known beforehand."
        )
    ended = np.logical_or.accumulate(values < 0, axis=1)
    check_labels(np.where(ended, 0, values), x.shape[1], -100, "multilabel_margin_loss")
    times = np.zeros(values.shape, x.dtype)  # a class that is listed twice counts twice
    np.add.at(times, (np.nonzero(~ended)[0], values[~ended]), 1)
    own = times > 0
    gaps = _hinge(1 - x[:, :, None] + x[:, None, :])  # (N, class, other)
    losses = (gaps * (times[:, :, None] * ~own[:, None, :])).sum((1, 2)) / x.shape[1]
    return reduce_with(losses[0] if single else losses, reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean over rows and classes of −(t ln σ(x) + (1 − t) ln σ(−x)), times the class's weight."""
    reduction = reduction_of("multilabel_soft_margin_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "multilabel_soft_margin_loss")
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduce_with(losses.mean(-1), reduction)
