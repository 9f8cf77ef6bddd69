"""Activations that write into their argument, and the second names of some functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn.functional import _activation, _pool
from tinygrad_edu.nn.functional._checks import with_axes
from tinygrad_edu.ops.shape import named


def _overwriting(function: Any) -> Any:
    name = f"{function.__name__}_"

    def write(input: Any, *args: Any, **kwargs: Any) -> Any:
        return _activation.into(input, function, *args, **kwargs)

    return named(write, name, f"`{function.__name__}` of a tensor, written into it; returns the tensor.")


relu_, elu_, selu_, celu_ = map(_overwriting, (_activation.relu, _activation.elu, _activation.selu, _activation.celu))
leaky_relu_, hardtanh_ = map(_overwriting, (_activation.leaky_relu, _activation.hardtanh))
rrelu_, threshold_ = map(_overwriting, (_activation.rrelu, _activation.threshold))


def _with_indices(pool: Any) -> Any:
    def with_indices(input: Any, *args: Any, **kwargs: Any) -> Any:
        return pool(input, *args, **{**kwargs, "return_indices": True})

    name = pool.__name__
    return named(with_indices, f"{name}_with_indices", f"What `{name}` gives with `return_indices=True`.")


max_pool1d_with_indices, max_pool2d_with_indices, max_pool3d_with_indices = map(
    _with_indices, (_pool.max_pool1d, _pool.max_pool2d, _pool.max_pool3d)
)
adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices, adaptive_max_pool3d_with_indices = map(
    _with_indices, (_pool.adaptive_max_pool1d, _pool.adaptive_max_pool2d, _pool.adaptive_max_pool3d)
)


def channel_shuffle(input: Any, groups: int) -> Any:
    """The channels of (N, C, …), which stand in groups, one of each group in turn (Zhang et al., 2018)."""
    x = with_axes(input)
    if x.ndim < 3 or groups < 1 or x.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: {groups} groups don't divide the channels of (N, C, …), got shape {x.shape}."
        )
    n, c, *rest = x.shape
    return np.reshape(np.swapaxes(np.reshape(x, (n, groups, c // groups, *rest)), 1, 2), x.shape)


def pdist(input: Any, p: float = 2.0) -> Any:
    """The distances of the rows of (N, D) in the p-norm, of each pair once: (N(N − 1)/2,)."""
    x = with_axes(input)
    if x.ndim != 2:
        raise ShapeError(f"pdist: the input must have shape (N, D), it has {x.shape}.")
    first, second = np.triu_indices(x.shape[0], 1)
    return (x[first] - x[second]).norm(p, -1)
