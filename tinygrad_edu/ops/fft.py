"""Discrete Fourier transforms: three linear ops, each one's transpose the others; NumPy's functions are composed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError
from tinygrad_edu.ops._axes import one_axis, shifted
from tinygrad_edu.ops._matrices import floating
from tinygrad_edu.ops._numpy import implements

# -- ops -----------------------------------------------------------------------------------------------------------

_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""A transform and its inverse share one factor 1/n, and `norm` says which has it: the transpose has the same factor as the
transform, so as the inverse of the opposite norm."""


def _cost(y: Any, x: Any, **_: Any) -> int:
    size = max(x.size, y.size)
    return 5 * size * max(1, int(np.log2(max(size, 1))))


def _fft_transpose(y_bar: Any, x: Any, *, axes: tuple[int, ...], norm: str, inverse: bool) -> Any:
    x_bar = fft_(y_bar, axes=axes, norm=_OPPOSITE[norm], inverse=not inverse)
    return x_bar if x.dtype.kind == "c" else np.real(x_bar)


def _weights(n: int, ndim: int, axis: int, inner: float, dtype: Any) -> Any:
    """1 for the frequencies that stand for themselves, `inner` for those that stand for their conjugate as well."""
    w = np.full(n // 2 + 1, inner, np.empty(0, dtype).real.dtype)
    w[0] = 1
    if n % 2 == 0:
        w[-1] = 1
    return w.reshape((-1,) + (1,) * (ndim - 1 - axis))


def _rfft_transpose(y_bar: Any, x: Any, *, axes: tuple[int, ...], norm: str) -> Any:
    n = x.shape[axes[-1]]
    weighted = y_bar * _weights(n, y_bar.ndim, axes[-1], 0.5, y_bar.dtype)
    return irfft_(weighted, n=n, axes=axes, norm=_OPPOSITE[norm])


def _irfft_transpose(y_bar: Any, x: Any, *, n: int, axes: tuple[int, ...], norm: str) -> Any:
    x_bar = rfft_(y_bar, axes=axes, norm=_OPPOSITE[norm])
    x_bar = x_bar * _weights(n, x_bar.ndim, axes[-1], 2.0, x_bar.dtype)
    return x_bar if x.dtype.kind == "c" else np.real(x_bar)


fft_: Op = linear(
    "fft",
    lambda x, *, axes, norm, inverse: (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=axes, norm=norm),
    _fft_transpose,
    math="y[k] = Σⱼ x[j] e^(−2πi jk/n) along the given axes, with +2πi for the inverse",
    text="X̄ += the other transform of Ȳ",
    cost=_cost,
    floating=True,
    batch=lambda size, args, flags, *, axes, norm, inverse: fft_(*args, axes=shifted(axes), norm=norm, inverse=inverse),
    samples=lambda r: [
        Sample((r.complex(4),), {"axes": (0,), "norm": "backward", "inverse": False}),
        Sample((r(2, 3),), {"axes": (1,), "norm": "forward", "inverse": True}),
        Sample((r.complex(3, 2, 4),), {"axes": (2, 0), "norm": "ortho", "inverse": True}),
    ],
)
rfft_: Op = linear(
    "rfft",
    lambda x, *, axes, norm: np.fft.rfftn(x, axes=axes, norm=norm),
    _rfft_transpose,
    math="y = the first ⌊n/2⌋ + 1 frequencies of fft(x), x real",
    text="X̄ += irfft of Ȳ, frequencies that stand for two halved",
    cost=_cost,
    floating=True,
    complex=False,
    batch=lambda size, args, flags, *, axes, norm: rfft_(*args, axes=shifted(axes), norm=norm),
    samples=lambda r: [
        Sample((r(4),), {"axes": (0,), "norm": "backward"}),
        Sample((r(5, 3),), {"axes": (1, 0), "norm": "forward"}),
        Sample((r(2, 3, 4),), {"axes": (0, 2), "norm": "ortho"}),
    ],
)
irfft_: Op = linear(
    "irfft",
    lambda x, *, n, axes, norm: np.fft.irfftn(x, [*(x.shape[a] for a in axes[:-1]), n], axes, norm),
    _irfft_transpose,
    math="y = the real signal of length n with the frequencies x",
    text="X̄ += rfft of Ȳ, frequencies that stand for two doubled",
    cost=_cost,
    floating=True,
    batch=lambda size, args, flags, *, n, axes, norm: irfft_(*args, n=n, axes=shifted(axes), norm=norm),
    samples=lambda r: [
        Sample((r.complex(3),), {"n": 4, "axes": (0,), "norm": "backward"}),
        Sample((r.complex(3, 2),), {"n": 5, "axes": (1, 0), "norm": "forward"}),
        Sample((r(2, 3),), {"n": 4, "axes": (0, 1), "norm": "ortho"}),
    ],
)

# -- lengths and axes ----------------------------------------------------------------------------------------------


def _checked(norm: Any, name: str) -> str:
    norm = "backward" if norm is None else norm
    if norm not in _OPPOSITE:
        raise ConfigError(f"{name}: norm must be 'backward', 'ortho' or 'forward', not {norm!r}.")
    return str(norm)


def _plan(x: Any, s: Any, axes: Any, name: str) -> tuple[tuple[int, ...], list[int | None]]:
    """The axes to transform, in order, and for each the length asked for, None for what there is."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(x.ndim - len(s), x.ndim)
    if x.ndim == 0:
        raise ShapeError(f"{name}: a 0-d tensor has no axis to transform.")
    order = tuple(one_axis(a, x.ndim, name) for a in axes)
    lengths: list[int | None] = (
        [None] * len(order) if s is None else [None if n is None or n == -1 else int(n) for n in s]
    )
    if len(lengths) != len(order):
        raise ShapeError(f"{name}: {len(lengths)} lengths {tuple(s)} for {len(order)} axes.")
    if len(set(order)) != len(order):
        raise ShapeError(f"{name}: an axis is named twice in {tuple(axes)}; transform one after the other.")
    if any(n is not None and n < 1 for n in lengths) or any(not x.shape[a] for a in order):
        raise ShapeError(f"{name}: lengths must be at least 1, got {lengths} for axes {order} of shape {x.shape}.")
    return order, lengths


def _fitted(x: Any, axes: Sequence[int], lengths: Sequence[int | None]) -> Any:
    """`x` cut, or continued with zeros, to the given lengths."""
    wanted = dict(zip(axes, lengths, strict=True))
    sizes = [n if wanted.get(a) is None else wanted[a] for a, n in enumerate(x.shape)]
    if any(n < m for n, m in zip(sizes, x.shape, strict=True)):
        x = x[tuple(slice(n) for n in sizes)]
    if any(n > m for n, m in zip(sizes, x.shape, strict=True)):
        x = np.pad(x, [(0, n - m) for n, m in zip(sizes, x.shape, strict=True)])
    return x


def _full(name: str, x: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    x = floating(x)
    order, lengths = _plan(x, s, axes, name)
    return fft_(_fitted(x, order, lengths), axes=order, norm=_checked(norm, name), inverse=inverse)


def _to_half(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    x = floating(x)
    if x.dtype.kind == "c":
        raise DTypeError(f"{name}: takes real numbers, got {x.dtype}. Use fft, or x.real.")
    order, lengths = _plan(x, s, axes, name)
    return rfft_(_fitted(x, order, lengths), axes=order, norm=_checked(norm, name))


def _from_half(name: str, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    x = floating(x)
    order, lengths = _plan(x, s, axes, name)
    last = 2 * (x.shape[order[-1]] - 1) if lengths[-1] is None and s is None else lengths[-1]
    n = x.shape[order[-1]] if last is None else last
    if n < 1:
        raise ShapeError(f"{name}: the signal would have length {n}, from shape {x.shape}; give its length.")
    x = _fitted(x, order, [*lengths[:-1], n // 2 + 1])
    return irfft_(x, n=n, axes=order, norm=_checked(norm, name))


def _one(n: Any) -> Any:
    return None if n is None else (n,)


# -- what users call -----------------------------------------------------------------------------------------------


@implements(np.fft.fft)
def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The Fourier transform along an axis, of the first `n` elements, or with zeros behind."""
    return _full("fft", a, _one(n), (axis,), norm, False)


@implements(np.fft.ifft)
def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The inverse of `fft`."""
    return _full("ifft", a, _one(n), (axis,), norm, True)


@implements(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The Fourier transform along several axes, all by default, cut or padded to the lengths `s`."""
    return _full("fftn", a, s, axes, norm, False)


@implements(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse of `fftn`."""
    return _full("ifftn", a, s, axes, norm, True)


@implements(np.fft.fft2)
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The Fourier transform along two axes."""
    return _full("fft2", a, s, axes, norm, False)


@implements(np.fft.ifft2)
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The inverse of `fft2`."""
    return _full("ifft2", a, s, axes, norm, True)


@implements(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The frequencies 0 … n/2 of a real signal; the others are their conjugates."""
    return _to_half("rfft", a, _one(n), (axis,), norm)


@implements(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The real signal of length `n`, by default 2 (m − 1), from its m frequencies."""
    return _from_half("irfft", a, _one(n), (axis,), norm)


@implements(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """`rfft` along the last of the axes, `fft` along the others."""
    return _to_half("rfftn", a, s, axes, norm)


@implements(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse of `rfftn`."""
    return _from_half("irfftn", a, s, axes, norm)


@implements(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """`rfftn` along two axes."""
    return _to_half("rfft2", a, s, axes, norm)


@implements(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """The inverse of `rfft2`."""
    return _from_half("irfft2", a, s, axes, norm)


def hfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The real spectrum of a signal given by half, whose other half is its conjugate."""
    return _from_half("hfftn", np.conj(floating(a)), s, axes, _OPPOSITE[_checked(norm, "hfftn")])


def ihfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse of `hfftn`."""
    return np.conj(_to_half("ihfftn", a, s, axes, _OPPOSITE[_checked(norm, "ihfftn")]))


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The real spectrum, of length `n`, of a signal given by half, whose other half is its conjugate."""
    return hfftn(a, _one(n), (axis,), norm)


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The inverse of `hfft`."""
    return ihfftn(a, _one(n), (axis,), norm)


def _shift(name: str, sign: int, function: Any, what: str) -> Any:
    def shift(x: Any, axes: Any = None) -> Any:
        wanted = range(x.ndim) if axes is None else axes if isinstance(axes, Sequence) else (axes,)
        order = tuple(one_axis(a, x.ndim, name) for a in wanted)
        halves = tuple(x.shape[a] // 2 if sign > 0 else -(x.shape[a] // 2) for a in order)
        return np.roll(x, halves, order)

    shift.__name__, shift.__doc__ = name, what
    return implements(function)(shift)


fftshift = _shift("fftshift", 1, np.fft.fftshift, "Move frequency zero to the middle of the axes, all by default.")
ifftshift = _shift("ifftshift", -1, np.fft.ifftshift, "The inverse of `fftshift`.")
