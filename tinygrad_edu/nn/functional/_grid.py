"""Values of a grid at places between its elements: `affine_grid` makes the places, `grid_sample` reads there."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._checks import with_axes
from tinygrad_edu.ops.create import as_tensor, linspace

_MODES = ("bilinear", "nearest")
_PADDINGS = ("zeros", "border", "reflection")


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """Where an affine map puts the elements of a grid: `theta` (N, r, r + 1) and `size` (N, C, *grid) → (N, *grid, r).

    For images r is 2, for volumes 3. Coordinates go from −1 to 1, those of the last axis first, as `grid_sample` takes
    them (Jaderberg et al., 2015, section 3.2).
    """
    t: Any = with_axes(theta)
    n, _, *grid = (int(length) for length in size)
    rank = len(grid)
    if rank not in (2, 3) or t.shape != (n, rank, rank + 1):
        raise ShapeError(
            f"affine_grid: theta has shape (N, 2, 3) for a size (N, C, H, W), or (N, 3, 4) for (N, C, D, H, W); got {t.shape} "
            f"and {tuple(size)}."
        )
    places = np.meshgrid(*(_centres(length, bool(align_corners), t.dtype) for length in grid), indexing="ij")[::-1]
    base = np.stack([*places, np.ones(grid, t.dtype)], axis=-1).reshape(-1, rank + 1)  # x, y (and z), 1
    return np.matmul(as_tensor(base), np.swapaxes(t, 1, 2)).reshape(n, *grid, rank)


def _centres(length: int, align: bool, dtype: Any) -> Any:
    """−1 … 1: with `align` the ends are the outer elements' centres, else their outer edges.

    Rounded as PyTorch rounds: the identity leads every place to an element's centre, where the derivative has a kink.
    """
    if length == 1:
        return np.zeros(1, dtype)
    ends_in = linspace(-1, 1, length, dtype=dtype).numpy()
    return ends_in if align else ends_in * (length - 1) / length


def grid_sample(
    input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """The values of `input` (N, C, *grid) at the places `grid` (N, *out, r): (N, C, *out), differentiable in both.

    A place is r numbers from −1 to 1, that of the last axis first. `mode` is "bilinear" (a mean of the 2ʳ neighbours) or
    "nearest"; beyond the ends are "zeros", the "border"'s values, or a "reflection" (`padding_mode`). With
    `align_corners` −1 and 1 are the centres of the outer elements, else their outer edges.

    Raises ShapeError where shapes don't meet, ConfigError for another mode.
    """
    x: Any = with_axes(input)
    places: Any = with_axes(grid)
    rank = x.ndim - 2
    if rank not in (2, 3) or places.ndim != x.ndim or places.shape[0] != x.shape[0] or places.shape[-1] != rank:
        raise ShapeError(
            "grid_sample: needs an input (N, C, H, W) and a grid (N, H', W', 2), or (N, C, D, H, W) and (N, D', H', W', 3); got "
            f"{x.shape} and {places.shape}."
        )
    if mode not in _MODES or padding_mode not in _PADDINGS:
        raise ConfigError(
            f"grid_sample: mode is one of {', '.join(_MODES)} and padding_mode one of {', '.join(_PADDINGS)}, not "
            f"{mode!r} and {padding_mode!r}."
        )
    sizes = x.shape[2:]
    at = [
        _inside(_place(places[..., rank - 1 - axis], n, bool(align_corners)), n, padding_mode, bool(align_corners))
        for axis, n in enumerate(sizes)
    ]
    if mode == "nearest":
        return _taken(x, [np.rint(a) for a in at])
    low = [np.floor(a) for a in at]
    y: Any = 0
    for corner in itertools.product((0, 1), repeat=rank):
        weight: Any = 1
        for side, a, floor in zip(corner, at, low, strict=True):
            weight = weight * ((a - floor) if side else (floor + 1 - a))
        y = y + _taken(x, [floor + side for side, floor in zip(corner, low, strict=True)]) * np.expand_dims(weight, 1)
    return y


def _place(g: Any, n: int, align: bool) -> Any:
    """From −1 … 1 to an element's number."""
    if align:
        return (g + 1) * ((n - 1) / 2)
    # Rounded once, as PyTorch's fused product and difference is: see `_centres`.
    return ((g + 1).astype(np.float64) * (n / 2) - 0.5).astype(g.dtype)


def _inside(at: Any, n: int, padding: str, align: bool) -> Any:
    if padding == "zeros":
        return at
    if padding == "reflection":
        first, span = (0.0, n - 1) if align else (-0.5, n)
        if span:
            away = np.abs(at - first)
            turns = np.floor(away / span)
            rest = away - turns * span
            at = first + np.where(turns % 2 == 0, rest, span - rest)
    return np.clip(at, 0, n - 1)


def _taken(x: Any, numbers: list[Any]) -> Any:
    """The elements of (N, C, *grid) with these numbers on its axes, (N, *out) each; zeros where there is none."""
    sizes = x.shape[2:]
    exists: Any = True
    flat: Any = 0
    for number, n in zip(numbers, sizes, strict=True):
        exists = exists & (number >= 0) & (number <= n - 1)
        flat = flat * n + np.clip(number, 0, n - 1).astype(np.int64)
    out = flat.shape[1:]
    index = np.broadcast_to(flat.reshape(x.shape[0], 1, -1), (*x.shape[:2], int(np.prod(out))))
    values = np.take_along_axis(x.reshape(*x.shape[:2], -1), index, 2).reshape(*x.shape[:2], *out)
    return np.where(np.expand_dims(exists, 1), values, 0)
