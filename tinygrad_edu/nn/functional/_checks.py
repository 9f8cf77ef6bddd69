"""What losses and layers look at before they compute: values, shapes, the reduction."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_edu.engine.levels import Dual
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.create import as_tensor

REDUCTIONS = ("mean", "sum", "none")


def concrete(x: Any) -> np.ndarray[Any, Any] | None:
    """The values of a tensor or array, to be looked at; None inside `vmap`, where there are none."""
    while isinstance(x, Dual):
        x = x.primal
    if not isinstance(x, Tensor):
        return np.asarray(x)
    return None if x.level else x.array


def with_axes(x: Any) -> Any:
    """A tensor, an array or a transform's value as it is; a list or a number as a Tensor."""
    return x if hasattr(x, "ndim") else as_tensor(x)


def position(flat: int, shape: tuple[int, ...]) -> Any:
    """Where element number `flat` is in a tensor of this shape: its index, a plain number where there is one axis."""
    index = tuple(map(int, np.unravel_index(flat, shape)))
    return index[0] if len(index) == 1 else index


def reduction_of(
    name: str,
    reduction: str,
    size_average: bool | None = None,
    reduce: bool | None = None,
    known: tuple[str, ...] = REDUCTIONS,
) -> str:
    """The reduction, checked; PyTorch's first two ways to say it, `size_average` and `reduce`, are understood, with a warning."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"{name}: size_average and reduce are PyTorch's old names; say reduction={reduction!r}.",
            UserWarning,
            stacklevel=3,
        )
    if reduction not in known:
        raise ConfigError(f"{name}: reduction is {_either(known)}, not {reduction!r}.")
    return reduction


def _either(names: tuple[str, ...]) -> str:
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def reduce_with(losses: Any, reduction: str) -> Any:
    """The mean or the sum of the elements' losses, or all of them."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def same_shape(input: Any, target: Any, name: str) -> tuple[Any, Any]:
    """The input as a Tensor and the target as a Tensor or array, of one shape.

    Shapes that differ and would broadcast are refused too: (N, 1) against (N,) makes an (N, N) table of differences,
    whose mean trains towards the mean of the targets. PyTorch only warns.
    """
    input = as_tensor(input)
    if not isinstance(target, Tensor | np.ndarray):
        target = as_tensor(target)
    if input.shape != target.shape:
        few, many = sorted((input.shape, target.shape), key=len)
        hint = "They must be equal"
        if tuple(n for n in few if n != 1) == tuple(n for n in many if n != 1):
            hint += "; reshape one, e.g. target.reshape(input.shape)"
        raise ShapeError(
            f"{name}: the input has shape {input.shape}, the target {target.shape}. {hint}; nothing is broadcast here."
        )
    return input, target
