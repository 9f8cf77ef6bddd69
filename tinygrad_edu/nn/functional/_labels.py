"""Targets over classes: which kind they are, and whether they can be right."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import DataError, DTypeError, ShapeError
from tinygrad_edu.nn.functional._checks import concrete, position


def are_labels(input: Any, target: Any, name: str) -> bool:
    """Whether `target` holds a class for each row of `input`, (C,), (N, C) or (N, C, …); False for a probability for
    each class.

    Raises DTypeError, ShapeError or DataError (NaN among them) for anything else, saying what it looks like.
    """
    if input.dtype.kind != "f":
        raise DTypeError(f"{name}: the input must hold floating scores, not {input.dtype}.")
    if not input.ndim:
        raise ShapeError(
            f"{name}: the input is a single number; it needs an axis of classes: (C,), (N, C) or (N, C, …)."
        )
    lead, kind = rows_shape(input.shape), target.dtype.kind
    if kind in "biu" and target.shape == lead:
        return True
    if kind == "f" and target.shape == input.shape:
        _refuse_nan(target, name, "probability")
        return False
    met = f"{name}: the input has shape {input.shape}, so there are {classes(input.shape)} classes"
    if kind in "biu" and target.shape == input.shape:
        raise ShapeError(
            f"{met}; a target of {target.dtype} in the same shape looks like one-hot rows. Pass the classes, "
            "target.argmax(1), or the rows as floating probabilities."
        )
    if kind == "f" and target.shape == lead:
        _refuse_nan(target, name, "label")
        raise DTypeError(
            f"{met} and a label for each row is an integer; these are {target.dtype}. Convert them, e.g. labels.long() for a "
            "Tensor or labels.astype(int) for an array."
        )
    if kind not in "biuf":
        raise DTypeError(f"{met}; a target holds integers (labels) or floats (probabilities), not {target.dtype}.")
    hint = ""
    if target.shape == (*lead, 1):
        hint = f" The target has an axis too many: target.reshape({lead})."
    raise ShapeError(
        f"{met} and labels have shape {lead}, probabilities {input.shape}; the target has shape {target.shape}.{hint}"
    )


def rows_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without its axis of classes, which is the second, or the only one."""
    return (*shape[:1], *shape[2:]) if len(shape) > 1 else ()


def classes(shape: tuple[int, ...]) -> int:
    return shape[1] if len(shape) > 1 else shape[0]


def check_labels(labels: np.ndarray[Any, Any], classes: int, ignore_index: int, name: str) -> None:
    """Raise DataError for the first label that is neither a class nor to be ignored."""
    bad = ((labels < 0) | (labels >= classes)) & (labels != ignore_index)
    if not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    hint = ""
    if labels.min() == 1 and labels.max() == classes:
        hint = " They seem to count from 1: subtract 1."
    raise DataError(
        f"{name}: label {labels.flat[first]} in row {position(first, labels.shape)} is out of range: the input has {classes} "
        f"classes, so labels go from 0 to {classes - 1}, or are {ignore_index} to be ignored.{hint}"
    )


def _refuse_nan(target: Any, name: str, what: str) -> None:
    values = concrete(target)
    if values is not None and np.isnan(values.sum()) and (bad := np.flatnonzero(np.isnan(values))).size:
        raise DataError(
            f"{name}: a {what} is NaN, {len(bad)} of {values.size}, the first in row {position(bad[0], values.shape)}. Drop or "
            "repair those examples first; a loss over them would be NaN, and so would every weight after one step."
        )
