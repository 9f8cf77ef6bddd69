"""Layers that learn the size of their input from the first one they see, and then become the ordinary layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype, no_grad
from tinygrad_edu.errors import ShapeError, TinygradEduError
from tinygrad_edu.nn import _conv, _norm, _where
from tinygrad_edu.nn._linear import Linear
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter

Shapes = Mapping[str, tuple[int, ...]]


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
    """What the three kinds have in common: one size is unknown, and follows from an input or from a state that is loaded."""

    becomes: ClassVar[type]

    def _size_of(self, x: Any) -> int:
        """The unknown size, from the first input; ShapeError for one that can't be."""
        raise NotImplementedError

    def _size_in(self, shapes: Shapes) -> int | None:
        """The unknown size, from the shapes of a state's tensors; None where they don't tell."""
        raise NotImplementedError

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter and buffer once the size is known."""
        raise NotImplementedError

    def _sized(self, size: int) -> None:
        """Remember the size under the name that it has in this kind of layer."""
        raise NotImplementedError

    def shapes_in(self, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        """The shapes that this layer's tensors would have with a state of such shapes loaded into it."""
        size = self._size_in(shapes)
        return {} if size is None else self._shapes(size)

    def become(self, shapes: Shapes, draw: bool) -> None:
        """Take the shapes and be the ordinary layer from now on; first values are drawn, or else yet to be written."""
        size = self._size_in(shapes)
        assert size is not None
        self._sized(size)
        for name, shape in shapes.items():
            held = getattr(self, name, None)
            if isinstance(held, UninitializedParameter):
                held.materialize(shape)
            elif held is not None and held.shape != shape:
                held.data = np.full(shape, float(name == "running_var"), held.dtype)
        object.__setattr__(self, "__class__", self.becomes)  # not an attribute of the module
        if draw:
            own: Any = self
            own.reset_parameters()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with no_grad():
                self.become(self._shapes(self._size_of(args[0])), draw=True)
        except TinygradEduError as error:
            _where.tell(self, error)
            raise
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

    def _size_of(self, x: Any) -> int:
        if not x.ndim:
            raise ShapeError(
                "LazyLinear: the input is a single number; it needs an axis of features, (…, in_features)."
            )
        return int(x.shape[-1])

    def _size_in(self, shapes: Shapes) -> int | None:
        shape = shapes.get("weight", ())
        return shape[1] if len(shape) == 2 else None

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.out_features, size), "bias": (self.out_features,)}

    def _sized(self, size: int) -> None:
        self.in_features = size


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

    def _size_of(self, x: Any) -> int:
        own: Any = self
        if x.ndim not in (own.rank + 1, own.rank + 2):
            raise ShapeError(
                f"{type(self).__name__}: the input must have {own.rank + 1} or {own.rank + 2} axes, its shape is {x.shape}."
            )
        return int(x.shape[-own.rank - 1])

    def _size_in(self, shapes: Shapes) -> int | None:
        own: Any = self
        shape = shapes.get("weight", ())
        if len(shape) != own.rank + 2:
            return None
        return shape[0] if own.transposed else shape[1] * int(own.groups)

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        own: Any = self
        first, second = (size, own.out_channels) if own.transposed else (own.out_channels, size)
        return {"weight": (first, second // own.groups, *own.kernel_size), "bias": (own.out_channels,)}

    def _sized(self, size: int) -> None:
        own: Any = self
        own.in_channels = size


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
    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,  # as in PyTorch, for an InstanceNorm, too
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        layer: Any = super()
        layer.__init__(0, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        for name in ("weight", "bias"):
            if getattr(self, name) is not None:
                setattr(self, name, UninitializedParameter(getattr(self, name).dtype))

    def _size_of(self, x: Any) -> int:
        own: Any = self
        own._check(x)
        return int(x.shape[1])

    def _size_in(self, shapes: Shapes) -> int | None:
        shape = shapes.get("weight") or shapes.get("running_mean") or ()
        return shape[0] if len(shape) == 1 else None

    def _shapes(self, size: int) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (size,))

    def _sized(self, size: int) -> None:
        self.num_features = size


LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _lazy(c, _LazyNorm) for c in (_norm.BatchNorm1d, _norm.BatchNorm2d, _norm.BatchNorm3d)
)
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _lazy(c, _LazyNorm) for c in (_norm.InstanceNorm1d, _norm.InstanceNorm2d, _norm.InstanceNorm3d)
)
