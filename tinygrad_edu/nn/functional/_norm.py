"""Normalization over the batch, the features, groups of channels or each image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn.functional._checks import concrete, with_axes
from tinygrad_edu.ops.layout import laid_beside
from tinygrad_edu.ops.normalize import Axes, batch_variance, normalized
from tinygrad_edu.ops.pool import window_sum_
from tinygrad_edu.ops.shape import listed


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(x − μ)/√(σ² + ε) over the last axes, those of `normalized_shape`; times `weight`, plus `bias` (Ba et al., 2016)."""
    x, axes = _last_axes(input, normalized_shape, "layer_norm", weight=weight, bias=bias)
    return normalized(x, weight, bias, axes=axes, eps=eps)[0]


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """x/√(mean(x²) + ε) over the last axes, times `weight` (Zhang & Sennrich, 2019); ε is the dtype's own by default."""
    x, axes = _last_axes(input, normalized_shape, "rms_norm", weight=weight)
    if eps is None:
        eps = float(np.finfo(x.dtype).eps)
    return normalized(x, weight, axes=axes, eps=eps, centered=False)[0]


def _last_axes(input: Any, shape: Any, name: str, **parameters: Any) -> tuple[Any, Axes]:
    x, wanted = with_axes(input), tuple(int(n) for n in listed(shape))
    if not wanted or tuple(x.shape[-len(wanted) :]) != wanted:
        raise ShapeError(f"{name}: normalized_shape {wanted} must be the end of the input's shape, which is {x.shape}.")
    for which, value in parameters.items():
        if value is not None and tuple(value.shape) != wanted:
            raise ShapeError(
                f"{name}: the {which} must have the shape {wanted} that is normalized; it has {value.shape}."
            )
    return x, tuple(range(-len(wanted), 0))


def _on_channels(value: Any, rank: int) -> Any:
    """A number for each channel, to go with (N, C, *grid)."""
    return None if value is None else np.reshape(value, (-1, *(1,) * rank))


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x − μ)/√(σ² + ε) for each channel of (N, C, …), times `weight`, plus `bias` (Ioffe & Szegedy, 2015).

    In training μ and σ² are those of the batch, and `running_mean` and `running_var` move towards them by `momentum`, in
    place; otherwise those two are used.
    """
    x = with_axes(input)
    _check_channels("batch_norm", x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    rank = x.ndim - 2
    if training:
        n = math.prod(x.shape) // max(x.shape[1], 1)
        if n <= 1:
            raise ShapeError(
                f"batch_norm: needs more than one value for each channel in training, the input has shape {x.shape}. Use a larger "
                "batch, or eval()."
            )
        axes = (-x.ndim, *range(-rank, 0))
        y, mean, scale = normalized(x, _on_channels(weight, rank), _on_channels(bias, rank), axes=axes, eps=eps)
        if running_mean is not None and running_var is not None:
            _move(running_mean, mean, momentum, lambda m: m.reshape(-1))
            _move(running_var, scale, momentum, lambda s: batch_variance(s, eps).reshape(-1) * (n / (n - 1)))
        return laid_beside(y, x)
    if running_mean is None or running_var is None:
        raise ConfigError("batch_norm: outside of training it needs running_mean and running_var.")
    scale = 1 / np.sqrt(running_var + eps)
    if weight is not None:
        scale = scale * weight
    shift = -(running_mean * scale) if bias is None else bias - running_mean * scale
    return laid_beside(x * _on_channels(scale, rank) + _on_channels(shift, rank), x)


def _move(running: Any, found: Any, momentum: float, values: Any) -> None:
    """Move a buffer towards what a batch has, outside of the graph."""
    new = concrete(found)
    if new is None:
        raise LevelError(
            "batch_norm: inside vmap each example would write its own running statistics into one buffer. Use eval(), or a layer "
            "with track_running_stats=False, or group_norm, which has none."
        )
    array = running.array
    array += momentum * (values(new).astype(array.dtype, copy=False) - array)
    note_write(array)


def _check_channels(name: str, x: Any, **values: Any) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{name}: the input must have shape (N, C, …), it has {x.shape}.")
    for which, value in values.items():
        if value is not None and tuple(value.shape) != (x.shape[1],):
            raise ShapeError(
                f"{name}: the input of shape {x.shape} has {x.shape[1]} channels, but {which} has shape {value.shape}."
            )


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(x − μ)/√(σ² + ε) over each of `num_groups` groups of channels of each example (Wu & He, 2018)."""
    x = with_axes(input)
    _check_channels("group_norm", x, weight=weight, bias=bias)
    if num_groups < 1 or x.shape[1] % num_groups:
        raise ConfigError(f"group_norm: {x.shape[1]} channels can't be divided into {num_groups} groups.")
    grouped = np.reshape(x, (x.shape[0], num_groups, x.shape[1] // num_groups, math.prod(x.shape[2:])))
    w, b = (None if p is None else np.reshape(p, (num_groups, -1, 1)) for p in (weight, bias))
    return laid_beside(np.reshape(normalized(grouped, w, b, axes=(-2, -1), eps=eps)[0], x.shape), x)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x − μ)/√(σ² + ε) over each channel of each example (Ulyanov et al., 2016); else with the running values."""
    x = with_axes(input)
    _check_channels("instance_norm", x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    rank = x.ndim - 2
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    n = math.prod(x.shape[2:])
    if n <= 1:
        raise ShapeError(f"instance_norm: needs more than one value in each channel, the input has shape {x.shape}.")
    y, mean, scale = normalized(
        x, _on_channels(weight, rank), _on_channels(bias, rank), axes=tuple(range(-rank, 0)), eps=eps
    )
    if running_mean is not None and running_var is not None:
        lead = (x.shape[0], x.shape[1])
        _move(running_mean, mean, momentum, lambda m: m.reshape(lead).mean(0))
        _move(running_var, scale, momentum, lambda s: batch_variance(s, eps).reshape(lead).mean(0) * (n / (n - 1)))
    return y


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """x / (k + α·mean of x² over `size` neighbouring channels)^β (Krizhevsky et al., 2012)."""
    x = with_axes(input)
    if x.ndim < 3:
        raise ShapeError(
            f"local_response_norm: the input must have shape (N, C, …), three axes or more; it has {x.shape}."
        )
    squares = np.moveaxis(x * x, 1, -1)
    around = window_sum_(
        squares, out=(x.shape[1],), kernel=(int(size),), stride=(1,), lead=(int(size) // 2,), dilation=(1,)
    )
    return x / (np.moveaxis(around, -1, 1) * (alpha / size) + k) ** beta


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """x / max(‖x‖ₚ, ε), the norm along `dim`."""
    return input / np.maximum(input.norm(p, dim, True), eps)
