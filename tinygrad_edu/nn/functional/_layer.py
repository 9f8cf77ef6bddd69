"""What layers compute with their parameters and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import make
from tinygrad_edu.errors import ConfigError, DataError, DTypeError
from tinygrad_edu.nn.functional._checks import concrete, position
from tinygrad_edu.ops import elementwise, fused
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import keep_mask


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b: x (…, in), W (out, in), b (out,) → (…, out). Raises ShapeError where they don't meet."""
    return fused.linear(input if hasattr(input, "ndim") else as_tensor(input), weight, bias)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability `p` and scale the rest by 1/(1 − p) (Srivastava et al., 2014); `input` unless
    `training`.

    The mask is drawn from the default generator, PyTorch's mask from the same seed. Inside `vmap` its `randomness` says
    whether each example has a mask of its own. Raises ConfigError unless 0 ≤ p ≤ 1.
    """
    if not 0 <= p <= 1:
        raise ConfigError(f"dropout: p is the probability of dropping, between 0 and 1, not {p}.")
    if not training or p == 0 or 0 in input.shape:
        return input
    if p == 1:
        return input * np.zeros((), input.dtype)
    mask = keep_mask(input.shape, 1 - p, input.dtype)
    return input * (mask / mask.dtype.type(1 - p))


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """The rows of `weight` (n, d) at the integers `input` (…) → (…, d). The row `padding_idx` gets no gradient.

    Raises DTypeError unless `input` holds integers, DataError where one isn't below n.
    """
    if input.dtype.kind not in "iu":
        raise DTypeError(f"embedding: the indices must be integers, not {input.dtype}; convert them, e.g. x.long().")
    rows = weight.shape[0]
    indices = concrete(input)
    if indices is not None and indices.size and not (indices.min() >= 0 and indices.max() < rows):
        bad = int(np.flatnonzero((indices < 0) | (indices >= rows))[0])
        raise DataError(
            f"embedding: index {indices.flat[bad]} (at position {position(bad, indices.shape)}) is out of range: the weight "
            f"has {rows} rows, 0 to {rows - 1}."
        )
    found = weight[input]
    if padding_idx is not None:
        padding = np.expand_dims(input == padding_idx % rows, -1)
        found = elementwise.where(padding, found.detach(), found)
    return found


def one_hot(input: Any, num_classes: int = -1) -> Any:
    """Integers (…) as rows of zeros with a one each: (…, num_classes) int64; with −1, as many classes as are needed.

    Raises DTypeError unless `input` holds integers, DataError where one isn't in range(num_classes).
    """
    labels = concrete(input)
    if labels is None:
        if num_classes < 0:
            raise ConfigError(
                "one_hot: inside vmap the number of classes can't be told from the labels; give num_classes."
            )
        return elementwise.cast(np.expand_dims(input, -1) == np.arange(num_classes), dtype=np.dtype(np.int64))
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: the labels must be integers, not {labels.dtype}; convert them, e.g. labels.long().")
    if num_classes < 0:
        if not labels.size:
            raise ConfigError("one_hot: there are no labels to tell the number of classes from; give num_classes.")
        num_classes = int(labels.max()) + 1
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        bad = labels[(labels < 0) | (labels >= num_classes)].flat[0]
        raise DataError(
            f"one_hot: label {bad} is out of range: with num_classes={num_classes} they go from 0 to {num_classes - 1}."
        )
    return make((labels[..., None] == np.arange(num_classes)).astype(np.int64), None)
