"""From a list of examples to one batch, and from one example to tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops.join import stack

_NUMBERS = {bool: np.bool_, int: np.int64, float: np.float64}  # floats as float64: PyTorch's choice


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of a list of examples: tensors, arrays and numbers get a leading axis, tuples and dicts keep their
    structure.

    A tuple of parts becomes a list of batches, one for each part; strings stay as they are. Python floats become float64,
    integers int64, as in PyTorch. Raises ShapeError where examples differ in shape or length, DTypeError for what can't
    be stacked.
    """
    first = batch[0]
    kind = type(first)
    if isinstance(first, Tensor):
        return _stacked(batch)
    if isinstance(first, np.ndarray | np.generic) and first.dtype.kind in "fciub":
        return _stacked([make(np.asarray(x), None) for x in batch])
    if kind in _NUMBERS:
        return make(np.array(batch, _NUMBERS[kind]), None)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([example[key] for example in batch]) for key in first}
    if isinstance(first, Sequence):
        lengths = sorted({len(example) for example in batch})
        if len(lengths) > 1:
            raise ShapeError(
                f"DataLoader: the examples of a batch have different numbers of parts, {lengths}; give a collate_fn."
            )
        parts = [default_collate(part) for part in zip(*batch, strict=True)]
        return kind(*parts) if hasattr(first, "_fields") else parts
    raise DTypeError(
        f"DataLoader: can't make a batch of {kind.__name__} values; examples are tensors, arrays, numbers, strings, or "
        "tuples and dicts of them. Give a collate_fn that takes a list of examples."
    )


def _stacked(examples: Sequence[Tensor]) -> Tensor:
    shapes = sorted({x.shape for x in examples})
    if len(shapes) > 1:
        raise ShapeError(
            f"DataLoader: the examples of a batch have different shapes, {', '.join(map(str, shapes[:4]))}; crop or pad them "
            "in the data set, or give a collate_fn."
        )
    batch: Tensor = stack(examples)
    return batch


def default_convert(example: Any) -> Any:
    """One example with its arrays and NumPy numbers as tensors, in the same structure; everything else as it is."""
    if isinstance(example, np.ndarray | np.generic) and example.dtype.kind in "fciub":
        return make(np.asarray(example), None)
    if isinstance(example, Mapping):
        return {key: default_convert(value) for key, value in example.items()}
    if isinstance(example, Sequence) and not isinstance(example, str | bytes):
        parts = [default_convert(part) for part in example]
        return type(example)(*parts) if hasattr(example, "_fields") else parts
    return example
