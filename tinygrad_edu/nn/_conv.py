"""Convolutions as modules, and their transposes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init
from tinygrad_edu.nn._linear import sizes
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional._conv import borders
from tinygrad_edu.nn.functional._sizes import per_axis

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """What all convolutions have: a weight (out, in / groups, *kernel), a bias (out,), and how the kernel moves.

    Both start uniform in ±1/√fan_in, PyTorch's values from the same seed.
    """

    rank: ClassVar[int]
    transposed: ClassVar[bool] = False
    bias: Parameter | None

    def _set(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        dtype: Any,
    ) -> None:
        name, rank = type(self).__name__, self.rank
        sizes(name, in_channels=in_channels, out_channels=out_channels)
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ConfigError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}."
            )
        if padding_mode not in _PADDING_MODES:
            raise ConfigError(f"{name}: padding_mode is {', '.join(_PADDING_MODES)}, not {padding_mode!r}.")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_axis(kernel_size, rank, name, "kernel_size")
        self.stride = per_axis(stride, rank, name, "stride")
        self.dilation = per_axis(dilation, rank, name, "dilation")
        pairs = borders(padding, self.kernel_size, self.stride, self.dilation, name)
        self.padding: Any = padding if isinstance(padding, str) else tuple(lo for lo, _ in pairs)
        self.output_padding = per_axis(output_padding, rank, name, "output_padding", least=0)
        self.groups = groups
        self.padding_mode = padding_mode
        # As `functional.pad` takes them: the last axis first.
        self._borders = tuple(n for pair in reversed(pairs) for n in pair)
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(np.empty((first, second // groups, *self.kernel_size), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_channels, dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the first values again."""
        if not self.weight.array.size:
            return
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # PyTorch's way to say ±1/√fan_in
        if self.bias is not None:
            bound = 1 / math.sqrt(init.fans(self.weight, type(self).__name__)[0])
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        rest = {
            "padding": self.padding != (0,) * self.rank,
            "dilation": self.dilation != (1,) * self.rank,
            "output_padding": self.output_padding != (0,) * self.rank,
            "groups": self.groups != 1,
        }
        said = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        said += [f"{name}={getattr(self, name)}" for name, shown in rest.items() if shown]
        said += ["bias=False"] * (self.bias is None)
        said += [f"padding_mode={self.padding_mode}"] * (self.padding_mode != "zeros")
        return ", ".join(said)


class _Forward(_Conv):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._set(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, dtype
        )

    function: ClassVar[Any]

    def forward(self, x: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._borders, self.padding_mode), 0
        return self.function(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Forward):
    """Cross-correlation over one axis: (N, C, L) → (N, out, L′)."""

    rank = 1
    function = staticmethod(F.conv1d)


class Conv2d(_Forward):
    """Cross-correlation over two axes: (N, C, H, W) → (N, out, H′, W′)."""

    rank = 2
    function = staticmethod(F.conv2d)


class Conv3d(_Forward):
    """Cross-correlation over three axes: (N, C, D, H, W) → (N, out, D′, H′, W′)."""

    rank = 3
    function = staticmethod(F.conv3d)


class _Transpose(_Conv):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            raise ConfigError(f'{type(self).__name__}: padding_mode must be "zeros", not {padding_mode!r}.')
        self._set(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            dtype,
        )

    function: ClassVar[Any]

    def forward(self, x: Any, output_size: Any = None) -> Any:
        extra = self.output_padding if output_size is None else self._extra(x, tuple(output_size))
        return self.function(x, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, x: Any, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """The output padding with which the result has a given size."""
        wanted = wanted[-self.rank :]
        least = tuple(
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                x.shape[-self.rank :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        )
        if len(wanted) != self.rank or any(
            not m <= n < m + s for n, m, s in zip(wanted, least, self.stride, strict=True)
        ):
            most = tuple(m + s - 1 for m, s in zip(least, self.stride, strict=True))
            raise ShapeError(
                f"{type(self).__name__}: an input of shape {x.shape} gives sizes from {least} to {most}, not {wanted}."
            )
        return tuple(n - m for n, m in zip(wanted, least, strict=True))


class ConvTranspose1d(_Transpose):
    """The transpose of Conv1d, by which a grid grows: (N, C, L) → (N, out, L′)."""

    rank = 1
    function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_Transpose):
    """The transpose of Conv2d, by which a grid grows: (N, C, H, W) → (N, out, H′, W′)."""

    rank = 2
    function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_Transpose):
    """The transpose of Conv3d, by which a grid grows: (N, C, D, H, W) → (N, out, D′, H′, W′)."""

    rank = 3
    function = staticmethod(F.conv_transpose3d)
