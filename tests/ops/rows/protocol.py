"""The keywords and methods that every ufunc has."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(1)
positive = lambda *shape: r(*shape, low=0.5, high=2.0)


def written(write, *arrays):
    """A row whose function writes into a copy of its first argument."""

    def f(x, *rest):
        y = x * 1
        write(y, *rest)
        return y

    return row(f, *arrays)


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
    "numpy.add.at": [written(lambda y, v: np.add.at(y, [0, 2, 0], v), r(4), r(3))],
    "numpy.multiply.at": [written(lambda y, v: np.multiply.at(y, ([0, 1], [2, 0]), v), r(2, 3), r(2))],
    "numpy.negative.at": [written(lambda y: np.negative.at(y, [0, 2]), r(4))],
    "numpy.copyto": [
        written(lambda y, v: np.copyto(y, v), r(2, 3), r(3)),
        written(lambda y, v: np.copyto(y, v, where=np.array([True, False, True])), r(2, 3), r(2, 1)),
    ],
    "numpy.fill_diagonal": [
        written(lambda y, v: np.fill_diagonal(y, v), r(3, 3), r(3)),
        written(lambda y, v: np.fill_diagonal(y, v, wrap=True), r(5, 2), r()),
        written(lambda y, v: np.fill_diagonal(y, v), r(2, 2, 2), r()),
    ],
    "numpy.place": [written(lambda y, v: np.place(y, np.array([True, False, True, True]), v), r(4), r(2))],
    "numpy.put": [
        written(lambda y, v: np.put(y, [0, -1], v), r(2, 3), r(2)),
        written(lambda y, v: np.put(y, [7, 2, 9], v, mode="wrap"), r(2, 3), r(2)),
        written(lambda y, v: np.put(y, [1, 9], v, mode="clip"), r(2, 3), r()),
    ],
    "numpy.put_along_axis": [
        written(lambda y, v: np.put_along_axis(y, np.array([[2], [0]]), v, 1), r(2, 3), r(2, 1)),
        written(lambda y, v: np.put_along_axis(y, np.array([1, 4]), v, None), r(2, 3), r(2)),
    ],
    "numpy.putmask": [written(lambda y, v: np.putmask(y, np.array([[True, False, True]] * 2), v), r(2, 3), r(4))],
    "numpy.take_along_axis": [
        row(lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1), r(2, 3)),
        row(lambda x: np.take_along_axis(x, np.array([[2, 0]]), axis=-1), r(2, 3)),
        row(lambda x: np.take_along_axis(x, np.array([4, 0]), None), r(2, 3)),
        row(lambda x: np.take_along_axis(x, np.argsort(x, axis=0), 0), r(3, 2)),
    ],
    "numpy.maximum.accumulate": [row(lambda x: np.maximum.accumulate(x), r(4, 2))],
}
