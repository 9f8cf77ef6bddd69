"""Losses that compare numbers with numbers. Those over classes are in `_classification.py`, those with margins in
`_margin.py`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.nn.functional._checks import REDUCTIONS, concrete, reduce_with, reduction_of, same_shape
from tinygrad_edu.ops import activation, elementwise
from tinygrad_edu.ops.choice import clip
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.exponential import xlogy


def _weighted(losses: Any, weight: Any, reduction: str, name: str) -> Any:
    """Losses times weights of their shape, and the mean over the sum of the weights."""
    if weight is None:
        return reduce_with(losses, reduction)
    if tuple(weight.shape) != tuple(losses.shape):
        raise ShapeError(f"{name}: the weight has shape {weight.shape}, the input {losses.shape}. They must be equal.")
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduce_with(losses, reduction)


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """The mean of (x − t)², weighted if `weight` is given.

    Raises ShapeError unless the shapes are equal (PyTorch broadcasts them, with a warning).
    """
    reduction = reduction_of("mse_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "mse_loss")
    return _weighted(elementwise.square(elementwise.subtract(input, target)), weight, reduction, "mse_loss")


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """The mean of |x − t|, weighted if `weight` is given. Raises ShapeError unless the shapes are equal."""
    reduction = reduction_of("l1_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "l1_loss")
    return _weighted(elementwise.absolute(elementwise.subtract(input, target)), weight, reduction, "l1_loss")


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """The mean of d²/(2β) where d = |x − t| < β, of d − β/2 elsewhere (Girshick, 2015). Raises ShapeError unless the
    shapes are equal.
    """
    reduction = reduction_of("smooth_l1_loss", reduction, size_average, reduce)
    if not beta >= 0:
        raise ConfigError(f"smooth_l1_loss: beta must not be negative, got {beta}.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    input, target = same_shape(input, target, "smooth_l1_loss")
    distance = elementwise.absolute(elementwise.subtract(input, target))
    losses = elementwise.where(distance < beta, elementwise.square(distance) * (0.5 / beta), distance - 0.5 * beta)
    return reduce_with(losses, reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """The mean of d²/2 where d = |x − t| ≤ δ, of δ(d − δ/2) elsewhere (Huber, 1964). Raises ShapeError unless the shapes
    are equal.
    """
    reduction = reduction_of("huber_loss", reduction)
    if not delta > 0:
        raise ConfigError(f"huber_loss: delta must be positive, got {delta}.")
    input, target = same_shape(input, target, "huber_loss")
    distance = elementwise.absolute(elementwise.subtract(input, target))
    losses = elementwise.where(distance <= delta, elementwise.square(distance) * 0.5, (distance - 0.5 * delta) * delta)
    # As in PyTorch the mean is over the elements here, not over the weights as in the two above.
    return reduce_with(_weighted(losses, weight, "none", "huber_loss"), reduction)


def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """The mean of t(ln t − x): x is the logarithm of a distribution, t a distribution (or its logarithm).

    "batchmean" is the divergence itself, the sum divided by the number of examples; "mean" divides by all elements.
    """
    reduction = reduction_of("kl_div", reduction, size_average, reduce, (*REDUCTIONS, "batchmean"))
    input, target = same_shape(input, target, "kl_div")
    if reduction == "mean":
        warnings.warn(
            'kl_div: reduction="mean" divides by the number of elements, as PyTorch\'s; "batchmean" gives the divergence.',
            UserWarning,
            stacklevel=2,
        )
    if log_target:
        losses = np.exp(target) * (target - input)
    else:
        losses = xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / losses.shape[0] if losses.ndim else losses
    return reduce_with(losses, reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of eˣ − t·x (of x − t ln(x + ε) if not `log_input`), with Stirling's term for ln t! if `full`."""
    reduction = reduction_of("poisson_nll_loss", reduction, size_average, reduce)
    input, target = same_shape(input, target, "poisson_nll_loss")
    losses = np.exp(input) - target * input if log_input else input - target * np.log(input + eps)
    if full:
        t = elementwise.where(target > 1, target, 1.0)
        losses = losses + elementwise.where(target > 1, t * np.log(t) - t + 0.5 * np.log(2 * math.pi * t), 0.0)
    return reduce_with(losses, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """The mean of (ln σ² + (x − t)²/σ²)/2, σ² at least `eps`, with the constant ln(2π)/2 if `full`.

    `var` is one number, one for each element, or one for each row. Raises DataError where it is negative.
    """
    reduction = reduction_of("gaussian_nll_loss", reduction)
    input, target = same_shape(input, target, "gaussian_nll_loss")
    if not hasattr(var, "ndim"):
        var = as_tensor(np.asarray(var, input.dtype))
    if var.ndim and var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var[..., None]
        elif var.ndim != input.ndim or any(n not in (1, m) for n, m in zip(var.shape, input.shape, strict=True)):
            raise ShapeError(
                f"gaussian_nll_loss: var of shape {var.shape} is neither for each element nor for each row of {input.shape}."
            )
    values = concrete(var)
    if values is not None and (values < 0).any():
        raise DataError(f"gaussian_nll_loss: a variance is negative, {values.min()}.")
    var = var + (clip(var, eps, None) - var).detach()  # as in PyTorch the bound doesn't stop the gradient
    losses = 0.5 * (np.log(var) + elementwise.square(input - target) / var)
    return reduce_with(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean of −w(t ln x + (1 − t) ln(1 − x)), where x and t are probabilities and w is `weight`, if given.

    As in PyTorch a logarithm is never below −100; where it would be, its derivative is 0 here. Raises ShapeError unless
    the shapes are equal, DataError where x isn't in [0, 1].
    """
    reduction = reduction_of("binary_cross_entropy", reduction, size_average, reduce)
    input, target = same_shape(input, target, "binary_cross_entropy")
    values = concrete(input)
    if values is not None and values.size and not (values.min() >= 0 and values.max() <= 1):
        raise DataError(
            f"binary_cross_entropy: the input must hold probabilities, but its values go from {values.min()} to "
            f"{values.max()}. Apply a sigmoid first, or use binary_cross_entropy_with_logits, which takes scores as they are."
        )
    losses = -(target * _bounded_log(input) + (1 - target) * _bounded_log(1 - input))
    return reduce_with(losses if weight is None else losses * weight, reduction)


def _bounded_log(x: Any) -> Any:
    """max(ln x, −100), without an infinite derivative that would make 0 · ∞ = NaN."""
    inside = x > math.exp(-100)
    return elementwise.where(inside, elementwise.log(elementwise.where(inside, x, 1.0)), -100.0)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """`binary_cross_entropy` of sigmoid(x), computed without overflow from the scores x.

    `pos_weight` scales the loss of the positive part t, `weight` that of an element; both broadcast. Raises ShapeError
    unless the shapes of input and target are equal.
    """
    reduction = reduction_of("binary_cross_entropy_with_logits", reduction, size_average, reduce)
    input, target = same_shape(input, target, "binary_cross_entropy_with_logits")
    # (1 − t)x + (1 + (p − 1)t)·ln(1 + e⁻ˣ), since −ln sigmoid(x) = ln(1 + e⁻ˣ) and −ln(1 − sigmoid(x)) = x + ln(1 +
    # e⁻ˣ).
    softplus = activation.softplus(elementwise.negative(input), beta=1.0, threshold=math.inf)
    if pos_weight is not None:
        softplus = softplus * (1 + (pos_weight - 1) * target)
    losses = (1 - target) * input + softplus
    return reduce_with(losses if weight is None else losses * weight, reduction)
