"""Borders around a grid, and grids of another size."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._checks import with_axes
from tinygrad_edu.nn.functional._pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from tinygrad_edu.ops.layout import laid_beside
from tinygrad_edu.ops.pad import pad as numpy_pad

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """A border around the last axes: `pad` is (before, after) of the last axis, then of the one before it, and so on.

    A negative width cuts off. `mode` is "constant" (`value`, 0 by default), "reflect", "replicate" or "circular".
    """
    x = with_axes(input)
    given = [int(n) for n in pad]
    if mode not in _MODES:
        raise ConfigError(f"pad: mode is {', '.join(_MODES)}, not {mode!r}.")
    if len(given) % 2 or len(given) > 2 * x.ndim:
        raise ShapeError(f"pad: needs a pair of widths for each of at most {x.ndim} axes, got {tuple(given)}.")
    if mode != "constant" and value:
        raise ConfigError(f'pad: a value is for mode="constant", not {mode!r}.')
    pairs = [(0, 0)] * (x.ndim - len(given) // 2) + [(given[i], given[i + 1]) for i in range(len(given) - 2, -1, -2)]
    for axis, ((lo, hi), n) in enumerate(zip(pairs, x.shape, strict=True)):
        if n + min(lo, 0) + min(hi, 0) < 0 or (n == 0 and mode != "constant" and (lo > 0 or hi > 0)):
            raise ShapeError(f"pad: {(lo, hi)} cuts off more than axis {axis} of shape {x.shape} has.")
        if (mode == "reflect" and max(lo, hi) >= max(n, 1)) or (mode == "circular" and max(lo, hi) > n):
            limit = n - 1 if mode == "reflect" else n
            raise ShapeError(
                f"pad: mode={mode!r} of axis {axis} of shape {x.shape} can add at most {limit}, not {(lo, hi)}."
            )
    if any(lo < 0 or hi < 0 for lo, hi in pairs):
        x = x[tuple(slice(max(-lo, 0), n - max(-hi, 0)) for (lo, hi), n in zip(pairs, x.shape, strict=True))]
    widths = [(max(lo, 0), max(hi, 0)) for lo, hi in pairs]
    if mode == "constant":
        return numpy_pad(x, widths, "constant", constant_values=0 if value is None else value)
    return numpy_pad(x, widths, _MODES[mode])


# -- other sizes ---------------------------------------------------------------------------------------------------

_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """(N, C, *grid) with a grid of another `size`, or `scale_factor` times as large.

    `mode` is "nearest", "nearest-exact", "area" (means), "linear", "bilinear" or "trilinear" by the number of axes, or
    "bicubic". With `align_corners` the corners' elements keep their values; else elements are cells, and their edges meet.
    """
    x: Any = with_axes(input)
    rank = x.ndim - 2
    if rank not in (1, 2, 3):
        raise ShapeError(
            f"interpolate: the input must have shape (N, C, *grid) with one to three axes, it has {x.shape}."
        )
    smooth = mode in (_LINEAR[rank], "bicubic")
    if mode not in ("nearest", "nearest-exact", "area", _LINEAR[rank]) and not (mode == "bicubic" and rank == 2):
        raise ConfigError(f"interpolate: mode {mode!r} doesn't go with an input of shape {x.shape}.")
    if align_corners is not None and not smooth:
        raise ConfigError(f"interpolate: align_corners is for linear and cubic modes, not {mode!r}.")
    if antialias:
        raise ConfigError("interpolate: antialias=True isn't supported.")
    sizes, scales = _targets(x.shape[2:], size, scale_factor, recompute_scale_factor)
    if mode == "area":
        return _AREA[rank](x, sizes)
    for axis, (n, scale) in enumerate(zip(sizes, scales, strict=True), 2):
        if smooth:
            weights = _weights(x.shape[axis], n, scale, bool(align_corners), cubic=mode == "bicubic")
            x = np.moveaxis(np.matmul(np.moveaxis(x, axis, -1), weights.astype(x.dtype)), -1, axis)
        else:
            at = np.floor((np.arange(n) + (0.5 if mode == "nearest-exact" else 0)) * scale).astype(int)
            x = np.take(x, np.minimum(at, x.shape[axis] - 1), axis)
    return laid_beside(x, input)


def _targets(old: Any, size: Any, factor: Any, recompute: bool | None) -> tuple[list[int], list[float]]:
    """The new sizes, and how many old elements go into a new one."""
    if (size is None) == (factor is None):
        raise ConfigError("interpolate: give either size or scale_factor.")
    each = (
        list(size if factor is None else factor)
        if isinstance(size if factor is None else factor, list | tuple)
        else [size if factor is None else factor] * len(old)
    )
    if len(each) != len(old):
        raise ConfigError(f"interpolate: the grid {tuple(old)} has {len(old)} axes, got {len(each)} sizes or factors.")
    new = [int(n) for n in each] if factor is None else [math.floor(n * f) for n, f in zip(old, each, strict=True)]
    if min(new) < 1:
        raise ShapeError(f"interpolate: the new size {tuple(new)} of the grid {tuple(old)} must be positive.")
    if factor is None or recompute:
        return new, [n / m for n, m in zip(old, new, strict=True)]
    return new, [1 / f for f in each]


def _weights(n: int, m: int, scale: float, align: bool, cubic: bool) -> Any:
    """What each of `n` old elements gives to each of `m` new ones, (n, m)."""
    if align:
        at = np.arange(m) * ((n - 1) / (m - 1) if m > 1 else 0.0)
    else:
        at = (np.arange(m) + 0.5) * scale - 0.5
        if not cubic:
            at = np.maximum(at, 0)
    below = np.floor(at).astype(int)
    t = at - below
    weights = np.zeros((n, m))
    for offset, share in _cubic(t) if cubic else ((0, 1 - t), (1, t)):
        np.add.at(weights, (np.clip(below + offset, 0, n - 1), np.arange(m)), share)
    return weights


def _cubic(t: Any) -> Any:
    """The cubic convolution kernel (Keys, 1981) with a = −3/4, at the four neighbours."""
    return ((-1, _far(t + 1)), (0, _near(t)), (1, _near(1 - t)), (2, _far(2 - t)))


_A = -0.75


def _near(d: Any) -> Any:
    return ((_A + 2) * d - (_A + 3)) * d * d + 1


def _far(d: Any) -> Any:
    return ((_A * d - 5 * _A) * d + 8 * _A) * d - 4 * _A


def upsample(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Any:
    """`interpolate` under its old name."""
    warnings.warn("upsample: it is called interpolate now.", UserWarning, stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels as pixels: (…, C r², H, W) → (…, C, H r, W r) (Shi et al., 2016)."""
    r = int(upscale_factor)
    if input.ndim < 3 or r < 1 or input.shape[-3] % (r * r):
        raise ShapeError(
            f"pixel_shuffle: {upscale_factor}² must divide the channels of (…, C, H, W), got {input.shape}."
        )
    *lead, c, h, w = input.shape
    x = np.reshape(input, (*lead, c // (r * r), r, r, h, w))
    n = len(lead)
    x = np.transpose(x, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return np.reshape(x, (*lead, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """The inverse of `pixel_shuffle`: (…, C, H r, W r) → (…, C r², H, W)."""
    r = int(downscale_factor)
    if input.ndim < 3 or r < 1 or input.shape[-1] % r or input.shape[-2] % r:
        raise ShapeError(
            f"pixel_unshuffle: {downscale_factor} must divide height and width of (…, C, H, W), got {input.shape}."
        )
    *lead, c, h, w = input.shape
    x = np.reshape(input, (*lead, c, h // r, r, w // r, r))
    n = len(lead)
    x = np.transpose(x, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return np.reshape(x, (*lead, c * r * r, h // r, w // r))
