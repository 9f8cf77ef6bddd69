"""The keywords and methods that every ufunc has."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(1)
positive = lambda *shape: r(*shape, low=0.5, high=2.0)

ROWS = {
    "numpy.add": [row(lambda a, b: np.add(a, b, dtype=np.float64), r(2, 3), r(3))],
    "numpy.add.reduce": [
        row(lambda x: np.add.reduce(x), r(3, 2)),
        row(lambda x: np.add.reduce(x, axis=None), r(3, 2)),
    ],
    "numpy.add.outer": [row(lambda a, b: np.add.outer(a, b), r(2), r(3))],
    "numpy.multiply.outer": [row(lambda a, b: np.multiply.outer(a, b), r(2, 2), r(3))],
    "numpy.subtract.reduce": [row(lambda x: np.subtract.reduce(x, axis=1), r(2, 4))],
    "numpy.divide.accumulate": [row(lambda x: np.divide.accumulate(x, axis=0), positive(4, 2))],
    "numpy.multiply.reduceat": [row(lambda x: np.multiply.reduceat(x, [0, 2, 3, 1]), r(5))],
    "numpy.maximum.reduce": [
        row(lambda x: np.maximum.reduce(x), r(3, 2)),
        row(lambda x: np.maximum.reduce(x, axis=(0, 1), keepdims=True), r(3, 2)),
    ],
    "numpy.minimum.reduce": [row(lambda x: np.minimum.reduce(x, axis=-1), r(3, 2))],
    "numpy.multiply.reduce": [row(lambda x: np.multiply.reduce(x), r(3, 2))],
    "numpy.maximum.accumulate": [row(lambda x: np.maximum.accumulate(x), r(4, 2))],
}
