"""Borders, sliding windows, and sums of products over them."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(12)
c = r.complex
windows = np.lib.stride_tricks.sliding_window_view
AXES = ((1, 2), (0, 3))

ROWS = {
    "numpy.pad": [
        row(lambda x: np.pad(x, 1), r(2, 3)),
        row(lambda x: np.pad(x, (1, 2), constant_values=0.3), c(3)),
        row(lambda x: np.pad(x, AXES, constant_values=((1.0, 2.0), (3.0, 4.0))), r(2, 3)),
        row(lambda x: np.pad(x, {-1: (1, 2)}), r(2, 3)),
        row(lambda x: np.pad(x, 0, mode="edge"), r(2)),
        row(lambda x: np.pad(x, AXES, "edge"), c(2, 3)),
        row(lambda x: np.pad(x, AXES, "linear_ramp", end_values=((1.0, 2.0), (3.0, 4.0))), r(2, 3)),
        row(lambda x: np.pad(x, 2, "linear_ramp"), c(2, 3)),
        row(lambda x: np.pad(x, AXES, "maximum"), r(2, 3)),
        row(lambda x: np.pad(x, AXES, "minimum", stat_length=2), r(2, 3)),
        row(lambda x: np.pad(x, AXES, "mean", stat_length=((2, 1), (3, 2))), c(2, 3)),
        row(lambda x: np.pad(x, AXES, "median", stat_length=(1, 3)), r(2, 4)),
        row(lambda x: np.pad(x, AXES, "reflect"), r(3, 4)),
        row(lambda x: np.pad(x, (7, 5), "reflect"), c(3)),
        row(lambda x: np.pad(x, (3, 3), "reflect", reflect_type="odd"), r(2, 4)),
        row(lambda x: np.pad(x, (7, 5), "reflect", reflect_type="odd"), r(3)),
        row(lambda x: np.pad(x, 2, "reflect"), r(1)),
        row(lambda x: np.pad(x, (7, 5), "symmetric"), r(3)),
        row(lambda x: np.pad(x, AXES, "symmetric", reflect_type="odd"), c(3, 4)),
        row(lambda x: np.pad(x, (7, 5), "wrap"), r(3)),
        row(lambda x: np.pad(x, AXES, "wrap"), r(3, 4)),
    ],
    "numpy.lib.stride_tricks.sliding_window_view": [
        row(lambda x: windows(x, 3), r(5)),
        row(lambda x: windows(x, (2, 2)), c(3, 4)),
        row(lambda x: windows(x, 2, axis=1), r(2, 3, 2)),
        row(lambda x: windows(x, (2, 3), axis=(0, 0)), r(6, 2)),
    ],
    "numpy.convolve": [
        row(lambda a, v: np.convolve(a, v), r(5), r(3)),
        row(lambda a, v: np.convolve(a, v), r(2), c(4)),
        row(lambda a, v: np.convolve(a, v, "same"), r(5), r(2)),
        row(lambda a, v: np.convolve(a, v, mode="same"), r(2), r(5)),
        row(lambda a, v: np.convolve(a, v, "valid"), r(5), r(3)),
        row(lambda a, v: np.convolve(a, v, "valid"), c(2), c(5)),
        row(lambda a: np.astype(np.convolve(a, [0.1, 0.2, 0.4]), a.dtype), r(5)),
        row(lambda a, v: np.convolve(a, v), r(5), r()),
    ],
    "numpy.correlate": [
        row(lambda a, v, n=n, m=m, mode=mode: np.correlate(a[:n], v[:m], mode), draw(5), draw(5))
        for n, m, mode, draw in [
            (5, 3, "valid", r), (2, 4, "valid", c), (5, 2, "full", c), (2, 5, "full", r), (5, 2, "same", r), (2, 5, "same", r),
            (4, 5, "same", c), (3, 4, "same", r), (4, 4, "same", r),
        ]
    ],
}  # fmt: skip
