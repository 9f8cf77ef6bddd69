"""What layers compute with their parameters and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import make
from tinygrad_edu.errors import ConfigError, DataError, DTypeError
from tinygrad_edu.nn.functional._checks import concrete
from tinygrad_edu.ops import elementwise, fused
from tinygrad_edu.ops.create import as_tensor


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b: x (…, in), W (out, in), b (out,) → (…, out). Raises ShapeError where they don't meet."""
    return fused.linear(input if hasattr(input, "ndim") else as_tensor(input), weight, bias)


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
