"""Clipping the gradients of a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, DataError

Tensors = Tensor | Iterable[Tensor]


def _gradients(parameters: Tensors) -> list[np.ndarray[Any, Any]]:
    given = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad.array for p in given if p.grad is not None]


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, in place, so that their common norm is at most `max_norm`; returns the norm that it was.

    The norm is that of all gradients as one vector (Pascanu et al., 2013); `norm_type` may be `inf` for the largest
    magnitude. Raises DataError for a norm that is NaN or infinite, if `error_if_nonfinite`; otherwise the gradients
    become that too.
    """
    if not max_norm >= 0 or not norm_type > 0:
        raise ConfigError(f"clip_grad_norm_: needs max_norm >= 0 and norm_type > 0, got {max_norm} and {norm_type}.")
    gradients = _gradients(parameters)
    if not gradients:
        return make(np.zeros((), np.float32), None)
    norms = [np.linalg.norm(g.ravel(), norm_type) for g in gradients]
    total = np.linalg.norm(np.asarray(norms, gradients[0].dtype), norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        raise DataError(
            f"clip_grad_norm_: the norm of the gradients is {total}; a loss or an activation overflowed or was NaN."
        )
    scale = max_norm / (float(total) + 1e-6)  # PyTorch's guard against a zero norm
    if not scale >= 1:
        for g in gradients:
            np.multiply(g, scale, out=g)
            note_write(g)
    return make(np.asarray(total), None)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every element of the gradients between −`clip_value` and `clip_value`, in place."""
    if not clip_value >= 0:
        raise ConfigError(f"clip_grad_value_: needs clip_value >= 0, got {clip_value}.")
    for g in _gradients(parameters):
        np.clip(g, -clip_value, clip_value, out=g)
        note_write(g)
