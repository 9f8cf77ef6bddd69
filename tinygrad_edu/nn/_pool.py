"""Pools as modules: the functions of `functional` over one, two or three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._stateless import REQUIRED, Stateless


class _Pool(Stateless):
    """A pool's stride is its kernel's size unless given."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        if self.stride is None:
            self.stride = self.kernel_size

    kernel_size: Any
    stride: Any


class _MaxPool(_Pool):
    options: ClassVar = {
        "kernel_size": REQUIRED,
        "stride": None,
        "padding": 0,
        "dilation": 1,
        "return_indices": False,
        "ceil_mode": False,
    }
    shown = "kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, ceil_mode={ceil_mode}"
    padding: Any
    dilation: Any
    return_indices: bool
    ceil_mode: bool

    def forward(self, x: Any) -> Any:
        return self.function(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class _AvgPool(_Pool):
    options: ClassVar = {
        "kernel_size": REQUIRED,
        "stride": None,
        "padding": 0,
        "ceil_mode": False,
        "count_include_pad": True,
        "divisor_override": None,
    }
    shown = "kernel_size={kernel_size}, stride={stride}, padding={padding}"


class _LPPool(_Pool):
    options: ClassVar = {"norm_type": REQUIRED, "kernel_size": REQUIRED, "stride": None, "ceil_mode": False}
    norm_type: float

    def __init__(self, *values: Any, **named: Any) -> None:
        stride = self._given(values, named)["stride"]
        super().__init__(*values, **named)
        self.stride = stride  # as in PyTorch it prints as it was given


class MaxPool1d(_MaxPool):
    """The largest element of each window: (N, C, L) or (C, L)."""

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest element of each window: (N, C, H, W) or (C, H, W)."""

    function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest element of each window: (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(F.max_pool3d)


class AvgPool1d(_Pool):
    """The mean of each window: (N, C, L) or (C, L)."""

    function = staticmethod(F.avg_pool1d)
    options: ClassVar = {
        "kernel_size": REQUIRED,
        "stride": None,
        "padding": 0,
        "ceil_mode": False,
        "count_include_pad": True,
    }
    shown = _AvgPool.shown

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        for name in ("kernel_size", "stride", "padding"):  # PyTorch makes these tuples, which prints
            value = getattr(self, name)
            setattr(self, name, tuple(value) if isinstance(value, list | tuple) else (value,))


class AvgPool2d(_AvgPool):
    """The mean of each window: (N, C, H, W) or (C, H, W)."""

    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window: (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(F.avg_pool3d)


class LPPool1d(_LPPool):
    """(Σ xᵖ)^(1/p) of each window: (N, C, L) or (C, L)."""

    function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """(Σ xᵖ)^(1/p) of each window: (N, C, H, W) or (C, H, W)."""

    function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """(Σ xᵖ)^(1/p) of each window: (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(F.lp_pool3d)


# -- a given number of parts ---------------------------------------------------------------------------------------


class _AdaptiveAvg(Stateless):
    options: ClassVar = {"output_size": REQUIRED}


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """The mean of each of `output_size` parts of the last axis."""

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """The mean of each of `output_size` parts of the last two axes; None leaves an axis as it is."""

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """The mean of each of `output_size` parts of the last three axes; None leaves an axis as it is."""

    function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMax(Stateless):
    options: ClassVar = {"output_size": REQUIRED, "return_indices": False}
    shown = "output_size={output_size}"


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest of each of `output_size` parts of the last axis."""

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """The largest of each of `output_size` parts of the last two axes."""

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """The largest of each of `output_size` parts of the last three axes."""

    function = staticmethod(F.adaptive_max_pool3d)


# -- back ----------------------------------------------------------------------------------------------------------


class _MaxUnpool(Module):
    """Zeros with each element where a max pool with `return_indices=True` found it."""

    rank: ClassVar[int]
    function: ClassVar[Any]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = self._each(kernel_size)
        self.stride = self._each(kernel_size if stride is None else stride)
        self.padding = self._each(padding)

    def _each(self, value: Any) -> tuple[int, ...]:
        return tuple(value) if isinstance(value, list | tuple) else (value,) * self.rank

    def forward(self, x: Any, indices: Any, output_size: Any = None) -> Any:
        return self.function(x, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    rank = 1
    function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    rank = 2
    function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    __doc__ = _MaxUnpool.__doc__
    rank = 3
    function = staticmethod(F.max_unpool3d)
