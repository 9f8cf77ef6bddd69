"""PyTorch's `torch.fft`: its names and keywords (`dim`). `np.fft.<function>(tensor)` does the same with NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops import fft as _fft

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The Fourier transform along `dim`, of the first `n` elements, or with zeros behind."""
    return _fft.fft(input, n, dim, norm)


def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `fft`."""
    return _fft.ifft(input, n, dim, norm)


def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The frequencies 0 … n/2 of a real signal; the others are their conjugates."""
    return _fft.rfft(input, n, dim, norm)


def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real signal of length `n`, by default 2 (m − 1), from its m frequencies."""
    return _fft.irfft(input, n, dim, norm)


def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real spectrum, of length `n`, of a signal given by half, whose other half is its conjugate."""
    return _fft.hfft(input, n, dim, norm)


def ihfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `hfft`."""
    return _fft.ihfft(input, n, dim, norm)


def fftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The Fourier transform along several dimensions, all by default, cut or padded to the lengths `s`."""
    return _fft.fftn(input, s, dim, norm)


def ifftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `fftn`."""
    return _fft.ifftn(input, s, dim, norm)


def rfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """`rfft` along the last of the dimensions, `fft` along the others."""
    return _fft.rfftn(input, s, dim, norm)


def irfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `rfftn`."""
    return _fft.irfftn(input, s, dim, norm)


def hfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """`hfft` along the last of the dimensions, `fft` along the others."""
    return _fft.hfftn(input, s, dim, norm)


def ihfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of `hfftn`."""
    return _fft.ihfftn(input, s, dim, norm)


def fft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The Fourier transform along two dimensions."""
    return _fft.fftn(input, s, dim, norm)


def ifft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of `fft2`."""
    return _fft.ifftn(input, s, dim, norm)


def rfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`rfftn` along two dimensions."""
    return _fft.rfftn(input, s, dim, norm)


def irfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of `rfft2`."""
    return _fft.irfftn(input, s, dim, norm)


def hfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """`hfftn` along two dimensions."""
    return _fft.hfftn(input, s, dim, norm)


def ihfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of `hfft2`."""
    return _fft.ihfftn(input, s, dim, norm)


def fftshift(input: Any, dim: Any = None) -> Any:
    """Frequency zero moved to the middle of the dimensions, all by default."""
    return _fft.fftshift(input, dim)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return _fft.ifftshift(input, dim)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies that `fft` gives of `n` samples at distance `d`."""
    return Tensor(np.fft.fftfreq(n, d), dtype=dtype or get_default_dtype(), requires_grad=requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies that `rfft` gives of `n` samples at distance `d`."""
    return Tensor(np.fft.rfftfreq(n, d), dtype=dtype or get_default_dtype(), requires_grad=requires_grad)
