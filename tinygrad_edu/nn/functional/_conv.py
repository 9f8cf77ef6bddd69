"""Convolutions, and the windows that they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._checks import with_axes
from tinygrad_edu.nn.functional._sizes import Sizes, grid, per_axis
from tinygrad_edu.ops._grid_windows import check_windows, windows_over
from tinygrad_edu.ops.conv import conv_, conv_transpose_
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.shape import named

Pairs = tuple[tuple[int, int], ...]


def borders(padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, name: str) -> Pairs:
    """How many zeros before and after each axis: from numbers, "valid" (none) or "same" (as many outputs as inputs)."""
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ConfigError(f'{name}: padding="same" needs stride 1, got {stride}.')
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str) and padding != "valid":
        raise ConfigError(f'{name}: padding is "same", "valid", an integer or one for each axis, not {padding!r}.')
    given = per_axis(0 if padding == "valid" else padding, len(kernel), name, "padding", least=0)
    return tuple((n, n) for n in given)


def _conv(
    name: str,
    rank: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    x = grid(input, rank, name)
    _check_weight(name, weight, rank, groups, "(out, in / groups, *kernel)")
    if x.shape[-rank - 1] != weight.shape[1] * groups:
        raise ShapeError(
            f"{name}: the input of shape {x.shape} has {x.shape[-rank - 1]} channels, the weight of shape {weight.shape}"
            f"{f' in {groups} groups' if groups > 1 else ''} takes {weight.shape[1] * groups}."
        )
    _check_bias(name, bias, weight.shape[0])
    kernel = tuple(weight.shape[2:])
    stride, dilation = per_axis(stride, rank, name, "stride"), per_axis(dilation, rank, name, "dilation")
    pairs = borders(padding, kernel, stride, dilation, name)
    size = tuple(x.shape[-rank:])
    out = windows_over(size, kernel, stride, pairs, dilation)
    check_windows(name, "an input", size, out, kernel=kernel, padding=padding, dilation=dilation)
    single = x.ndim == rank + 1
    arguments = (x[None] if single else x, weight) if bias is None else (x[None] if single else x, weight, bias)
    lead = tuple(lo for lo, _ in pairs)
    y = conv_(*arguments, stride=stride, lead=lead, dilation=dilation, groups=groups, out=out)
    return y[0] if single else y


def _conv_transpose(
    name: str,
    rank: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    x = grid(input, rank, name)
    _check_weight(name, weight, rank, groups, "(in, out / groups, *kernel)")
    if x.shape[-rank - 1] != weight.shape[0]:
        raise ShapeError(
            f"{name}: the input of shape {x.shape} has {x.shape[-rank - 1]} channels, the weight of shape {weight.shape} takes "
            f"{weight.shape[0]}."
        )
    channels = weight.shape[1] * groups
    _check_bias(name, bias, channels)
    kernel = tuple(weight.shape[2:])
    stride, dilation = per_axis(stride, rank, name, "stride"), per_axis(dilation, rank, name, "dilation")
    lead = per_axis(padding, rank, name, "padding", least=0)
    extra = per_axis(output_padding, rank, name, "output_padding", least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ConfigError(
            f"{name}: output_padding {extra} must be smaller than the stride {stride} or the dilation {dilation}."
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(x.shape[-rank:], stride, lead, dilation, kernel, extra, strict=True)
    )
    check_windows(name, "an input", tuple(x.shape[-rank:]), size, kernel=kernel, padding=padding)
    single = x.ndim == rank + 1
    y = conv_transpose_(
        x[None] if single else x, weight, stride=stride, lead=lead, dilation=dilation, groups=groups, grid=size
    )
    if bias is not None:
        y = y + np.reshape(bias, (-1, *(1,) * rank))
    return y[0] if single else y


def _check_weight(name: str, weight: Any, rank: int, groups: int, form: str) -> None:
    if weight.ndim != rank + 2:
        raise ShapeError(f"{name}: the weight must have shape {form}, {rank + 2} axes; it has {weight.shape}.")
    if groups < 1 or weight.shape[0] % groups:
        raise ConfigError(f"{name}: the weight's {weight.shape[0]} channels can't be divided into {groups} groups.")


def _check_bias(name: str, bias: Any, channels: int) -> None:
    if bias is not None and tuple(bias.shape) != (channels,):
        raise ShapeError(f"{name}: the bias has shape {bias.shape}; there are {channels} channels, so ({channels},).")


def _of_rank(rank: int) -> Any:
    name = f"conv{rank}d"

    def conv(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Any:
        return _conv(name, rank, input, weight, bias, stride, padding, dilation, groups)

    return named(
        conv, name, f"The cross-correlation of (N, C, *grid) with (out, C / groups, *kernel) over {rank} axes."
    )


def _transpose_of_rank(rank: int) -> Any:
    name = f"conv_transpose{rank}d"

    def conv_transpose(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        return _conv_transpose(name, rank, input, weight, bias, stride, padding, output_padding, groups, dilation)

    return named(conv_transpose, name, f"The transpose of conv{rank}d: each input adds a scaled kernel to the output.")


conv1d, conv2d, conv3d = map(_of_rank, (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_transpose_of_rank, (1, 2, 3))


# -- windows as columns --------------------------------------------------------------------------------------------


def _each_place(kernel: Sizes, channels: int, dtype: Any) -> Any:
    """The weight by which a convolution gives every place of the window a channel of its own."""
    places = int(np.prod(kernel))
    return np.tile(np.eye(places, dtype=dtype).reshape(places, 1, *kernel), (channels, *(1,) * (len(kernel) + 1)))


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows as columns: (N, C, H, W) → (N, C · places in the window, windows)."""
    x = grid(input, 2, "unfold")
    kernel = per_axis(kernel_size, 2, "unfold", "kernel_size")
    weight = _each_place(kernel, x.shape[-3], x.dtype)
    y = conv2d(x, as_tensor(weight), None, stride, per_axis(padding, 2, "unfold", "padding", 0), dilation, x.shape[-3])
    return np.reshape(y, (*y.shape[:-2], -1))


def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The transpose of `unfold`: columns added up where their windows lie, (N, C · places, windows) → (N, C, H, W)."""
    x = with_axes(input)
    size, kernel = per_axis(output_size, 2, "fold", "output_size"), per_axis(kernel_size, 2, "fold", "kernel_size")
    stride, dilation = per_axis(stride, 2, "fold", "stride"), per_axis(dilation, 2, "fold", "dilation")
    lead = per_axis(padding, 2, "fold", "padding", 0)
    out = windows_over(size, kernel, stride, tuple((p, p) for p in lead), dilation)
    places, windows = int(np.prod(kernel)), int(np.prod(out))
    if x.ndim not in (2, 3) or x.shape[-2] % places or x.shape[-1] != windows:
        raise ShapeError(
            f"fold: the input must have shape (N, C · {places}, {windows}) for output_size {size}; it has {x.shape}."
        )
    channels = x.shape[-2] // places
    y = np.reshape(x, (-1, x.shape[-2], *out))
    weight = as_tensor(_each_place(kernel, channels, x.dtype))
    y = conv_transpose_(y, weight, stride=stride, lead=lead, dilation=dilation, groups=channels, grid=size)
    return y[0] if x.ndim == 2 else y
