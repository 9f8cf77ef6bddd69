"""Pools: the largest, the mean or the norm of each window, or of each of a given number of parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._sizes import Sizes, grid, per_axis
from tinygrad_edu.ops._grid_windows import check_windows, windows_over
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.layout import laid_beside
from tinygrad_edu.ops.pool import max_pool_, place_of_, window_sum_
from tinygrad_edu.ops.shape import named


def _geometry(
    name: str, x: Any, rank: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> dict[str, Sizes]:
    kernel = per_axis(kernel_size, rank, name, "kernel_size")
    stride = kernel if stride is None or stride == [] else per_axis(stride, rank, name, "stride")
    lead, dilation = per_axis(padding, rank, name, "padding", 0), per_axis(dilation, rank, name, "dilation")
    if any(p > ((k - 1) * d + 1) // 2 for p, k, d in zip(lead, kernel, dilation, strict=True)):
        raise ConfigError(f"{name}: padding {lead} may be at most half of the kernel {kernel}.")
    size = tuple(x.shape[-rank:])
    out = windows_over(size, kernel, stride, [(p, p) for p in lead], dilation, ceil=ceil_mode)
    check_windows(name, "an input", size, out, kernel=kernel, padding=lead)
    return {"kernel": kernel, "stride": stride, "lead": lead, "dilation": dilation, "out": out}


# -- the largest ---------------------------------------------------------------------------------------------------


def _max_of_rank(rank: int) -> Any:
    name = f"max_pool{rank}d"

    def max_pool(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        x = grid(input, rank, name)
        geometry = _geometry(name, x, rank, kernel_size, stride, padding, dilation, ceil_mode)
        y = laid_beside(max_pool_(x, **geometry), x)
        if not return_indices:
            return y
        return y, _flat_index(place_of_(x.detach(), y.detach(), **geometry), tuple(x.shape[-rank:]), geometry)

    return named(max_pool, name, f"The largest element of each window over the last {rank} axes; ties go to the first.")


def _flat_index(places: Any, size: Sizes, geometry: dict[str, Sizes]) -> Any:
    """Where in the flattened grid the places of the windows lie."""
    steps = [int(np.prod(size[axis + 1 :])) for axis in range(len(size))]
    ks = np.indices(geometry["kernel"]).reshape(len(size), -1)
    inside = sum(k * d * step for k, d, step in zip(ks, geometry["dilation"], steps, strict=True))
    starts = [
        (np.arange(n) * s - lo) * step
        for n, s, lo, step in zip(geometry["out"], geometry["stride"], geometry["lead"], steps, strict=True)
    ]
    first = sum(np.ix_(*starts))
    return as_tensor(np.asarray(inside, np.int64))[places] + as_tensor(np.asarray(first, np.int64))


max_pool1d, max_pool2d, max_pool3d = map(_max_of_rank, (1, 2, 3))


def _unpool_of_rank(rank: int) -> Any:
    name = f"max_unpool{rank}d"

    def max_unpool(
        input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Any:
        x = grid(input, rank, name)
        kernel = per_axis(kernel_size, rank, name, "kernel_size")
        stride = kernel if stride is None else per_axis(stride, rank, name, "stride")
        lead = per_axis(padding, rank, name, "padding", 0)
        if output_size is None:
            size = tuple(
                (n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[-rank:], stride, lead, kernel, strict=True)
            )
        else:
            size = tuple(output_size)[-rank:]
        before, count = tuple(x.shape[:-rank]), int(np.prod(size))
        flat = np.zeros((*before, count), x.dtype)
        y = as_tensor(flat).scatter(-1, np.reshape(indices, (*before, -1)), np.reshape(x, (*before, -1)))
        return np.reshape(y, (*before, *size))

    return named(max_unpool, name, f"Zeros with each element where `max_pool{rank}d(return_indices=True)` found it.")


max_unpool1d, max_unpool2d, max_unpool3d = map(_unpool_of_rank, (1, 2, 3))


# -- the mean and the norm -----------------------------------------------------------------------------------------


def _counts(size: Sizes, geometry: dict[str, Sizes], with_border: bool) -> Any:
    """How many elements each window has, those of the border among them or not, as PyTorch counts."""
    counts = []
    for n, k, s, lo, out in zip(
        size, geometry["kernel"], geometry["stride"], geometry["lead"], geometry["out"], strict=True
    ):
        start = np.arange(out) * s - lo
        end = np.minimum(start + k, n + lo)
        counts.append(end - start if with_border else np.minimum(end, n) - np.maximum(start, 0))
    return math.prod(np.ix_(*counts), start=np.ones((), int))


def _avg(
    name: str,
    rank: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    x = grid(input, rank, name)
    if divisor == 0:
        raise ConfigError(f"{name}: divisor_override must not be zero.")
    geometry = _geometry(name, x, rank, kernel_size, stride, padding, 1, ceil_mode)
    total = laid_beside(window_sum_(x, **geometry), x)
    if divisor is not None:
        return total / divisor
    if not any(geometry["lead"]) and not ceil_mode:
        return total / int(np.prod(geometry["kernel"]))
    return total / _counts(tuple(x.shape[-rank:]), geometry, count_include_pad).astype(x.dtype)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window over the last axis."""
    return _avg("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def _avg_of_rank(rank: int) -> Any:
    name = f"avg_pool{rank}d"

    def avg_pool(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        return _avg(name, rank, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    return named(avg_pool, name, f"The mean of each window over the last {rank} axes.")


avg_pool2d, avg_pool3d = map(_avg_of_rank, (2, 3))


def _lp_of_rank(rank: int) -> Any:
    name = f"lp_pool{rank}d"

    def lp_pool(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
        x = grid(input, rank, name)
        # As in PyTorch a window that isn't whole counts as if it were: its mean, times the size of a whole one.
        mean = _avg(name, rank, x**norm_type, kernel_size, stride, 0, ceil_mode, True, None)
        total = mean * math.prod(per_axis(kernel_size, rank, name, "kernel_size"))
        return (np.sign(total) * np.abs(total)) ** (1.0 / norm_type)

    return named(lp_pool, name, f"(Σ xᵖ)^(1/p) of each window over the last {rank} axes.")


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp_of_rank, (1, 2, 3))


# -- a given number of parts ---------------------------------------------------------------------------------------


def _parts(x: Any, rank: int, output_size: Any, name: str) -> Sizes:
    given = tuple(output_size) if isinstance(output_size, list | tuple) else (output_size,) * rank
    if len(given) != rank:
        raise ConfigError(f"{name}: output_size is one number or {rank}, got {output_size!r}.")
    parts = tuple(n if part is None else part for part, n in zip(given, x.shape[-rank:], strict=True))
    if any(part < 0 for part in parts) or 0 in x.shape[-rank:]:
        raise ShapeError(f"{name}: an input of shape {x.shape} can't be cut into {parts} parts.")
    return parts


def _bounds(n: int, parts: int) -> tuple[Any, Any]:
    """Where each of the parts starts and ends; they overlap where n isn't a multiple."""
    i = np.arange(parts)
    return i * n // max(parts, 1), -((-(i + 1) * n) // max(parts, 1))


def _adaptive_avg_of_rank(rank: int) -> Any:
    name = f"adaptive_avg_pool{rank}d"

    def adaptive_avg_pool(input: Any, output_size: Any) -> Any:
        x = grid(input, rank, name)
        parts = _parts(x, rank, output_size, name)
        if all(part and n % part == 0 for part, n in zip(parts, x.shape[-rank:], strict=True)):
            kernel = tuple(n // part for part, n in zip(parts, x.shape[-rank:], strict=True))
            return _avg(name, rank, x, kernel, None, 0, False, True, None)
        for axis, part in zip(range(-rank, 0), parts, strict=True):
            start, end = _bounds(x.shape[axis], part)
            at = np.arange(x.shape[axis])[:, None]
            shares = ((at >= start) & (at < end)) / (end - start)  # (n, parts)
            x = np.moveaxis(np.matmul(np.moveaxis(x, axis, -1), shares.astype(x.dtype)), -1, axis)
        return x

    return named(adaptive_avg_pool, name, f"The mean of each of `output_size` parts of the last {rank} axes.")


def _adaptive_max_of_rank(rank: int) -> Any:
    name = f"adaptive_max_pool{rank}d"

    def adaptive_max_pool(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        x = grid(input, rank, name)
        parts = _parts(x, rank, output_size, name)
        members = []
        for part, n in zip(parts, x.shape[-rank:], strict=True):
            start, end = _bounds(n, part)
            # Parts of different lengths: the shorter ones name their last element again.
            members.append(np.minimum(start[:, None] + np.arange(max(end - start, default=1)), end[:, None] - 1))
        index = [
            m.reshape([m.shape[0] if a == axis else m.shape[1] if a == rank + axis else 1 for a in range(2 * rank)])
            for axis, m in enumerate(members)
        ]
        found = x[(..., *index)]  # (…, *parts, *members)
        y, which = found.reshape(*found.shape[: found.ndim - rank], -1).max(-1)
        if not return_indices:
            return y
        flat = np.ravel_multi_index(np.broadcast_arrays(*index), tuple(x.shape[-rank:])).reshape(*parts, -1)
        flat = np.broadcast_to(flat, (*which.shape, flat.shape[-1]))
        return y, as_tensor(flat).gather(-1, which[..., None])[..., 0]

    return named(adaptive_max_pool, name, f"The largest of each of `output_size` parts of the last {rank} axes.")


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = map(_adaptive_avg_of_rank, (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(_adaptive_max_of_rank, (1, 2, 3))
