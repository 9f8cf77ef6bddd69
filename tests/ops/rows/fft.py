"""numpy.fft: real and complex signals, cut and padded, along one axis and several, in each normalisation."""

from __future__ import annotations

import numpy as np

from tests.ops import rows


def row(f, *arrays: np.ndarray, order: int = 2) -> rows.Row:
    """A row for one of NumPy's functions itself, which isn't a Python function."""
    return rows.row(lambda *xs: f(*xs), *arrays, order=order)


r = rows.sampler(12)
F = np.fft
NORMS = (None, "backward", "ortho", "forward")


def one_axis(f, signal):
    """Rows for a transform along one axis; `signal` makes its argument."""
    return [
        row(f, signal(5)),
        row(lambda x: f(x, 4), signal(6)),
        row(lambda x: f(x, n=7, axis=0), signal(4, 2)),
        *(row(lambda x, norm=norm: f(x, norm=norm), signal(2, 4)) for norm in NORMS),
    ]


def several(f, signal):
    return [
        row(lambda x: f(x), signal(3, 4)),
        row(lambda x: f(x, s=(4, 3), axes=(2, 0)), signal(2, 2, 5)),
        *(row(lambda x, norm=norm: f(x, axes=(0, 1), norm=norm), signal(3, 2, 2)) for norm in NORMS),
    ]


ROWS = {
    "numpy.fft.fft": [*one_axis(F.fft, r.complex), row(F.fft, r(4))],
    "numpy.fft.ifft": [*one_axis(F.ifft, r.complex), row(F.ifft, r(3))],
    "numpy.fft.rfft": one_axis(F.rfft, r),
    "numpy.fft.irfft": [*one_axis(F.irfft, r.complex), row(lambda x: F.irfft(x, 5), r(3))],
    "numpy.fft.hfft": [*one_axis(F.hfft, r.complex), row(F.hfft, r(3))],
    "numpy.fft.ihfft": one_axis(F.ihfft, r),
    "numpy.fft.fft2": [*several(F.fft2, r.complex), row(F.fft2, r(2, 3))],
    "numpy.fft.ifft2": several(F.ifft2, r.complex),
    "numpy.fft.rfft2": several(F.rfft2, r),
    "numpy.fft.irfft2": several(F.irfft2, r.complex),
    "numpy.fft.fftn": [*several(F.fftn, r.complex), row(lambda x: F.fftn(x, s=(-1, 2), axes=(0, 1)), r(2, 3))],
    "numpy.fft.ifftn": several(F.ifftn, r.complex),
    "numpy.fft.rfftn": several(F.rfftn, r),
    "numpy.fft.irfftn": several(F.irfftn, r.complex),
    "numpy.fft.fftshift": [row(F.fftshift, r(5, 2)), row(lambda x: F.fftshift(x, axes=1), r.complex(2, 5))],
    "numpy.fft.ifftshift": [row(F.ifftshift, r(5, 2)), row(lambda x: F.ifftshift(x, axes=(0,)), r.complex(5, 2))],
}
