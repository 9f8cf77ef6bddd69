"""Layers that give the input another shape: flat or not, with a border, with more or fewer pixels, as columns of windows."""

from __future__ import annotations

from typing import Any, ClassVar

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._stateless import REQUIRED, Stateless
from tinygrad_edu.ops.methods import flatten
from tinygrad_edu.ops.shape import reshaped


class Flatten(Stateless):
    """The axes from `start_dim` to `end_dim` as one: (N, 8, 8) → (N, 64)."""

    function = staticmethod(flatten)
    options: ClassVar = {"start_dim": 1, "end_dim": -1}


class Unflatten(Module):
    """One axis as several: `Unflatten(1, (8, 8))` makes (N, 64) into (N, 8, 8). One of the sizes may be −1."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, x: Any) -> Any:
        at = self.dim % x.ndim
        return reshaped(x, (*x.shape[:at], *self.unflattened_size, *x.shape[at + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


# -- borders -------------------------------------------------------------------------------------------------------


class _Pad(Module):
    """A border around the last axes: one width, or (before, after) for each axis, the last axis first."""

    rank: ClassVar[int]
    mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = tuple(padding) if isinstance(padding, list | tuple) else (padding,) * (2 * self.rank)
        if len(self.padding) != 2 * self.rank:
            raise ConfigError(f"{type(self).__name__}: padding is one width or {2 * self.rank}, got {padding!r}.")

    def forward(self, x: Any) -> Any:
        if x.ndim not in (self.rank + 1, self.rank + 2) and self.mode != "constant":
            raise ShapeError(
                f"{type(self).__name__}: the input must have {self.rank + 1} or {self.rank + 2} axes, its shape is {x.shape}."
            )
        return F.pad(x, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, x: Any) -> Any:
        return F.pad(x, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


def _pads(base: type, kind: str, doc: str, **own: Any) -> list[Any]:
    return [
        type(f"{kind}{rank}d", (base,), {"rank": rank, "__doc__": doc, "__module__": __name__, **own})
        for rank in (1, 2, 3)
    ]


class _ZeroPad(_Pad):
    mode = "constant"


ConstantPad1d, ConstantPad2d, ConstantPad3d = _pads(_ConstantPad, "ConstantPad", "A border of one value.")
ZeroPad1d, ZeroPad2d, ZeroPad3d = _pads(_ZeroPad, "ZeroPad", "A border of zeros.")
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = _pads(
    _Pad, "ReflectionPad", "A border that mirrors the input, without its edge.", mode="reflect"
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = _pads(
    _Pad, "ReplicationPad", "A border that repeats the edge.", mode="replicate"
)
CircularPad1d, CircularPad2d, CircularPad3d = _pads(
    _Pad, "CircularPad", "A border taken from the other end.", mode="circular"
)


# -- pixels --------------------------------------------------------------------------------------------------------


class Upsample(Module):
    """`functional.interpolate` to a `size`, or by a `scale_factor`."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        several = isinstance(scale_factor, list | tuple)
        self.scale_factor = (
            tuple(float(f) for f in scale_factor) if several else float(scale_factor) if scale_factor else None
        )
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, x: Any) -> Any:
        return F.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        given = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{given}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """`Upsample` with the nearest pixel."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample`, bilinear, with the corners kept."""

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


class PixelShuffle(Stateless):
    """Channels as pixels: (…, C r², H, W) → (…, C, H r, W r)."""

    function = staticmethod(F.pixel_shuffle)
    options: ClassVar = {"upscale_factor": REQUIRED}


class PixelUnshuffle(Stateless):
    """Pixels as channels: (…, C, H r, W r) → (…, C r², H, W)."""

    function = staticmethod(F.pixel_unshuffle)
    options: ClassVar = {"downscale_factor": REQUIRED}


class Unfold(Stateless):
    """The windows as columns: (N, C, H, W) → (N, C · places in the window, windows)."""

    function = staticmethod(F.unfold)
    options: ClassVar = {"kernel_size": REQUIRED, "dilation": 1, "padding": 0, "stride": 1}


class Fold(Stateless):
    """The transpose of `Unfold`: columns added up where their windows lie."""

    function = staticmethod(F.fold)
    options: ClassVar = {"output_size": REQUIRED, "kernel_size": REQUIRED, "dilation": 1, "padding": 0, "stride": 1}
