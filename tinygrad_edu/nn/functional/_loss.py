"""Losses that compare numbers with numbers. Those over classes are in `_classification.py`."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.errors import ConfigError, DataError
from tinygrad_edu.nn.functional._checks import check_reduction, concrete, reduce, same_shape
from tinygrad_edu.ops import activation, elementwise


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean of (x − t)². Raises ShapeError unless the shapes are equal (PyTorch broadcasts them, with a warning)."""
    check_reduction(reduction, "mse_loss")
    input, target = same_shape(input, target, "mse_loss")
    return reduce(elementwise.square(elementwise.subtract(input, target)), reduction)


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The mean of |x − t|. Raises ShapeError unless the shapes are equal."""
    check_reduction(reduction, "l1_loss")
    input, target = same_shape(input, target, "l1_loss")
    return reduce(elementwise.absolute(elementwise.subtract(input, target)), reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """The mean of d²/(2β) where d = |x − t| < β, of d − β/2 elsewhere (Girshick, 2015). Raises ShapeError unless the
    shapes are equal.
    """
    check_reduction(reduction, "smooth_l1_loss")
    if not beta >= 0:
        raise ConfigError(f"smooth_l1_loss: beta must not be negative, got {beta}.")
    if beta == 0:
        return l1_loss(input, target, reduction)
    input, target = same_shape(input, target, "smooth_l1_loss")
    distance = elementwise.absolute(elementwise.subtract(input, target))
    losses = elementwise.where(distance < beta, elementwise.square(distance) * (0.5 / beta), distance - 0.5 * beta)
    return reduce(losses, reduction)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """The mean of −w(t ln x + (1 − t) ln(1 − x)), where x and t are probabilities and w is `weight`, if given.

    As in PyTorch a logarithm is never below −100; where it would be, its derivative is 0 here. Raises ShapeError unless
    the shapes are equal, DataError where x isn't in [0, 1].
    """
    check_reduction(reduction, "binary_cross_entropy")
    input, target = same_shape(input, target, "binary_cross_entropy")
    values = concrete(input)
    if values is not None and values.size and not (values.min() >= 0 and values.max() <= 1):
        raise DataError(
            f"binary_cross_entropy: the input must hold probabilities, but its values go from {values.min()} to "
            f"{values.max()}. Apply a sigmoid first, or use binary_cross_entropy_with_logits, which takes scores as they are."
        )
    losses = -(target * _bounded_log(input) + (1 - target) * _bounded_log(1 - input))
    return reduce(losses if weight is None else losses * weight, reduction)


def _bounded_log(x: Any) -> Any:
    """max(ln x, −100), without an infinite derivative that would make 0 · ∞ = NaN."""
    inside = x > math.exp(-100)
    return elementwise.where(inside, elementwise.log(elementwise.where(inside, x, 1.0)), -100.0)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """`binary_cross_entropy` of sigmoid(x), computed without overflow from the scores x.

    `pos_weight` scales the loss of the positive part t, `weight` that of an element; both broadcast. Raises ShapeError
    unless the shapes of input and target are equal.
    """
    check_reduction(reduction, "binary_cross_entropy_with_logits")
    input, target = same_shape(input, target, "binary_cross_entropy_with_logits")
    # (1 − t)x + (1 + (p − 1)t)·ln(1 + e⁻ˣ), since −ln sigmoid(x) = ln(1 + e⁻ˣ) and −ln(1 − sigmoid(x)) = x + ln(1 +
    # e⁻ˣ).
    softplus = activation.softplus(elementwise.negative(input), beta=1.0, threshold=math.inf)
    if pos_weight is not None:
        softplus = softplus * (1 + (pos_weight - 1) * target)
    losses = (1 - target) * input + softplus
    return reduce(losses if weight is None else losses * weight, reduction)
