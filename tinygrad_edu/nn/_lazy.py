"""Layers that learn the size of their input from the first one they see, and then become the ordinary layer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype, no_grad
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn import _conv, _norm
from tinygrad_edu.nn._linear import Linear
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter


class UninitializedParameter(Parameter):
    """A parameter whose shape isn't known yet. It stays the same object when it gets one."""

    __slots__ = ()

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(np.empty(0, dtype or get_default_dtype()))

    def materialize(self, shape: tuple[int, ...]) -> None:
        """Take a shape and become an ordinary Parameter, whose values are yet to be drawn."""
        self.data = np.empty(shape, self.dtype)
        self.__class__ = Parameter  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


class _Lazy(Module):
    becomes: ClassVar[type]

    def _infer(self, x: Any) -> None:
        raise NotImplementedError

    def _give(self, name: str, shape: tuple[int, ...]) -> None:
        parameter = getattr(self, name)
        if isinstance(parameter, UninitializedParameter):
            parameter.materialize(shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with no_grad():
            self._infer(args[0])
        object.__setattr__(self, "__class__", self.becomes)  # not an attribute of the module
        return self(*args, **kwargs)


class LazyLinear(_Lazy, Linear):
    """`Linear` with as many input features as the first input has."""

    becomes = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False, dtype=dtype)
        self.out_features = out_features
        self.weight = UninitializedParameter(dtype)
        if bias:
            self.bias = UninitializedParameter(dtype)

    def _infer(self, x: Any) -> None:
        self.in_features = x.shape[-1]
        self._give("weight", (self.out_features, self.in_features))
        self._give("bias", (self.out_features,))
        self.reset_parameters()


class _LazyConv(_Lazy):
    becomes: ClassVar[Any]

    def __init__(self, out_channels: int, *args: Any, bias: bool = True, dtype: Any = None, **named: Any) -> None:
        # The sixth of the positional arguments that follow is PyTorch's `bias`.
        if len(args) > 5:
            args, bias = (*args[:5], *args[6:]), args[5]
            named |= dict(zip(_AFTER_BIAS[self.becomes.transposed], args[5:], strict=False))
            args = args[:5]
        own: Any = self
        layer: Any = super()
        layer.__init__(0, 0, *args, bias=False, dtype=dtype, **named)
        own.out_channels = out_channels
        own.weight = UninitializedParameter(dtype)
        if bias:
            own.bias = UninitializedParameter(dtype)

    def _infer(self, x: Any) -> None:
        own: Any = self
        if x.ndim not in (own.rank + 1, own.rank + 2):
            raise ShapeError(
                f"{type(self).__name__}: the input must have {own.rank + 1} or {own.rank + 2} axes, its shape is {x.shape}."
            )
        own.in_channels = x.shape[-own.rank - 1]
        first, second = own.out_channels, own.in_channels
        if own.transposed:
            first, second = second, first
        self._give("weight", (first, second // own.groups, *own.kernel_size))
        self._give("bias", (own.out_channels,))
        own.reset_parameters()


_AFTER_BIAS = {False: ("padding_mode", "device", "dtype"), True: ("dilation", "padding_mode", "device", "dtype")}


def _lazy(becomes: Any, base: type) -> Any:
    doc = f"`{becomes.__name__}` with as many channels as the first input has."
    return type(
        f"Lazy{becomes.__name__}", (base, becomes), {"becomes": becomes, "__doc__": doc, "__module__": __name__}
    )


LazyConv1d, LazyConv2d, LazyConv3d = (_lazy(c, _LazyConv) for c in (_conv.Conv1d, _conv.Conv2d, _conv.Conv3d))
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _lazy(c, _LazyConv) for c in (_conv.ConvTranspose1d, _conv.ConvTranspose2d, _conv.ConvTranspose3d)
)


class _LazyNorm(_Lazy):
    def __init__(self, *args: Any, **named: Any) -> None:
        layer: Any = super()
        layer.__init__(0, *args, **named)
        for name in ("weight", "bias"):
            if getattr(self, name) is not None:
                setattr(self, name, UninitializedParameter(getattr(self, name).dtype))

    def _infer(self, x: Any) -> None:
        own: Any = self
        own._check(x)
        own.num_features = x.shape[1]
        self._give("weight", (own.num_features,))
        self._give("bias", (own.num_features,))
        if own.track_running_stats:
            own.running_mean.data = np.zeros(own.num_features, own.running_mean.dtype)
            own.running_var.data = np.ones(own.num_features, own.running_var.dtype)
        own.reset_parameters()


LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _lazy(c, _LazyNorm) for c in (_norm.BatchNorm1d, _norm.BatchNorm2d, _norm.BatchNorm3d)
)
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _lazy(c, _LazyNorm) for c in (_norm.InstanceNorm1d, _norm.InstanceNorm2d, _norm.InstanceNorm3d)
)
