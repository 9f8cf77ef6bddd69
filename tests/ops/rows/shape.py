"""Shapes, joins, splits, triangles, elements taken."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(11)
c = r.complex
MASK = np.array([True, False, True, True])

ROWS = {
    "numpy.reshape": [
        row(lambda x: np.reshape(x, (3, -1)), r(2, 6)),
        row(lambda x: np.reshape(x, 6, order="F"), r(2, 3)),
        row(lambda x: np.reshape(x, (3, 4), "F", copy=True), c(2, 6)),
    ],
    "numpy.ravel": [row(lambda x: np.ravel(x), r(2, 3)), row(lambda x: np.ravel(x, order="F"), r(2, 3, 2))],
    "numpy.transpose": [
        row(lambda x: np.transpose(x, (1, -1, 0)), r(2, 3, 4)),
        row(lambda x: np.transpose(x), c(2, 3)),
    ],
    "numpy.permute_dims": [row(lambda x: np.permute_dims(x, axes=(1, 0)), r(2, 3))],
    "numpy.swapaxes": [row(lambda x: np.swapaxes(x, 0, -1), r(2, 3, 4))],
    "numpy.moveaxis": [row(lambda x: np.moveaxis(x, (0, 2), (1, 0)), r(2, 3, 4))],
    "numpy.rollaxis": [
        row(lambda x: np.rollaxis(x, 2), r(2, 3, 4)),
        row(lambda x: np.rollaxis(x, 0, 3), r(2, 3, 4)),
        row(lambda x: np.rollaxis(x, -1, -2), r(2, 3, 4)),
    ],
    "numpy.matrix_transpose": [row(lambda x: np.matrix_transpose(x), r(2, 3, 4))],
    "numpy.linalg.matrix_transpose": [row(lambda x: np.linalg.matrix_transpose(x), c(3, 4))],
    "numpy.squeeze": [
        row(lambda x: np.squeeze(x), r(1, 3, 1)),
        row(lambda x: np.squeeze(x, axis=(0,)), r(1, 3, 1)),
    ],
    "numpy.expand_dims": [row(lambda x: np.expand_dims(x, (0, -1)), r(2, 3))],
    "numpy.atleast_1d": [row(lambda x: np.atleast_1d(x), r()), row(lambda x, y: np.atleast_1d(x, y), r(), r(2))],
    "numpy.atleast_2d": [row(lambda x: np.atleast_2d(x), r(3)), row(lambda x: np.atleast_2d(x), r())],
    "numpy.atleast_3d": [row(lambda x, y: np.atleast_3d(x, y), r(3), c(2, 3)), row(lambda x: np.atleast_3d(x), r())],
    "numpy.broadcast_to": [
        row(lambda x: np.broadcast_to(x, (2, 3, 4)), r(3, 1)),
        row(lambda x: np.broadcast_to(x, 3), c()),
    ],
    "numpy.broadcast_arrays": [row(lambda x, y: np.broadcast_arrays(x, y, [[np.float64(1)], [2.0]]), r(3), r(2, 1))],
    "numpy.ndim": [row(lambda x: np.ndim(x), r(2, 3), order=0)],
    "numpy.shape": [row(lambda x: np.shape(x), r(2, 3), order=0)],
    "numpy.size": [row(lambda x: (np.size(x), np.size(x, 1)), r(2, 3), order=0)],
    # -- rearranged
    "numpy.flip": [row(lambda x: np.flip(x), r(2, 3)), row(lambda x: np.flip(x, axis=(0, -1)), c(2, 3, 2))],
    "numpy.fliplr": [row(lambda x: np.fliplr(x), r(2, 3))],
    "numpy.flipud": [row(lambda x: np.flipud(x), r(3))],
    "numpy.rot90": [
        row(lambda x: np.rot90(x), r(2, 3)),
        row(lambda x: np.rot90(x, 2), r(2, 3)),
        row(lambda x: np.rot90(x, -1, axes=(2, 0)), c(2, 3, 4)),
        row(lambda x: np.rot90(x, 4), r(2, 3)),
    ],
    "numpy.roll": [
        row(lambda x: np.roll(x, 2), r(2, 3)),
        row(lambda x: np.roll(x, -1, axis=1), r(2, 3)),
        row(lambda x: np.roll(x, (1, 2, 1), axis=(0, 1, 0)), c(3, 4)),
        row(lambda x: np.roll(x, 1, axis=(0, 1)), r(3, 4)),
        row(lambda x: np.roll(x, (1, 2)), r(3, 4)),
    ],
    "numpy.tile": [
        row(lambda x: np.tile(x, 2), r(2, 3)),
        row(lambda x: np.tile(x, (2, 1, 3)), r(2, 3)),
        row(lambda x: np.tile(x, (2,)), c(2, 3)),
        row(lambda x: np.tile(x, 1), r(2)),
        row(lambda x: np.tile(x, (2, 0)), r(2)),
    ],
    "numpy.repeat": [
        row(lambda x: np.repeat(x, 2), r(2, 3)),
        row(lambda x: np.repeat(x, 3, axis=1), r(2, 3)),
        row(lambda x: np.repeat(x, [1, 0, 2], axis=-1), c(2, 3)),
        row(lambda x: np.repeat(x, 1, axis=0), r(2, 3)),
    ],
    "numpy.resize": [
        row(lambda x: np.resize(x, (3, 3)), r(2, 2)),
        row(lambda x: np.resize(x, 3), r(2, 2)),
        row(lambda x: np.resize(x, (2, 0)), r(2, 2)),
    ],
    # -- joined
    "numpy.concatenate": [
        row(lambda x, y: np.concatenate([x, y, x], axis=-1), r(2, 3), r(2, 1)),
        row(lambda x, y: np.concatenate((x, y), axis=None), r(2, 3), c(2)),
        row(lambda x: np.concatenate([x, [[np.float64(0.1), 0.2]]], 0), r(1, 2)),
        row(lambda x, y: np.concatenate([x, y], dtype=np.float64), r(2), r(2)),
    ],
    "numpy.concat": [row(lambda x: np.concat([x, x]), r(2))],
    "numpy.stack": [
        row(lambda x, y: np.stack([x, y], axis=-1), r(2, 3), r(2, 3)),
        row(lambda x: np.stack([x, np.float64(0.1)]), r()),
    ],
    "numpy.vstack": [row(lambda x, y: np.vstack([x, y]), r(3), r(2, 3))],
    "numpy.hstack": [
        row(lambda x, y: np.hstack([x, y, np.float64(0.3)]), r(3), r()),
        row(lambda x, y: np.hstack((x, y)), r(2, 3), c(2, 1)),
    ],
    "numpy.dstack": [row(lambda x, y: np.dstack([x, y]), r(3), r(1, 3))],
    "numpy.column_stack": [row(lambda x, y: np.column_stack([x, y]), r(3), r(3, 2))],
    "numpy.block": [
        row(lambda x, y: np.block([[x, np.zeros((2, 1), np.float32)], [y, np.float64(0.1)]]), r(2, 3), r(3)),
        row(lambda x, y: np.block([x, y, np.float64(0.1)]), r(3), r()),
        row(lambda x, y: np.block([[x], [y]]), c(1, 3), r(2, 3)),
        row(lambda x: np.block([[[x, x]], [[x, x]]]), r(2)),
    ],
    "numpy.append": [
        row(lambda x, y: np.append(x, y), r(2, 2), r(3)),
        row(lambda x: np.append(x, [[np.float64(0.1), 0.2]], axis=0), r(1, 2)),
    ],
    "numpy.insert": [
        row(lambda x, y: np.insert(x, 1, y), r(2, 2), r()),
        row(lambda x, y: np.insert(x, 1, y, axis=1), r(2, 3), r(2)),
        row(lambda x, y: np.insert(x, [1], y, axis=1), r(2, 3), r(2, 2)),
        row(lambda x, y: np.insert(x, [2, 0, 2], y), r(4), r(3)),
        row(lambda x, y: np.insert(x, slice(0, None, 2), y, axis=0), r(3, 2), r(2)),
        row(lambda x: np.insert(x, MASK, 0.1), c(4)),
        row(lambda x, y: np.insert(x, -1, y, axis=0), r(3, 2), r(2, 2)),
        row(lambda x: np.insert(x, [], []), r(3)),
    ],
    "numpy.delete": [
        row(lambda x: np.delete(x, 1), r(2, 2)),
        row(lambda x: np.delete(x, [0, -1], axis=1), r(2, 4)),
        row(lambda x: np.delete(x, slice(1, 3), 0), c(4)),
        row(lambda x: np.delete(x, MASK), r(4)),
    ],
    # -- taken apart
    "numpy.split": [
        row(lambda x: np.split(x, 2, axis=1), r(2, 4)),
        row(lambda x: np.split(x, [1, 3, 7]), r(4, 2)),
    ],
    "numpy.array_split": [
        row(lambda x: np.array_split(x, 3), r(5)),
        row(lambda x: np.array_split(x, [2], axis=-1), r(2, 3)),
        row(lambda x: np.array_split(x, 4), r(2)),
    ],
    "numpy.hsplit": [row(lambda x: np.hsplit(x, 2), r(2, 4)), row(lambda x: np.hsplit(x, [1]), r(4))],
    "numpy.vsplit": [row(lambda x: np.vsplit(x, 2), r(4, 2))],
    "numpy.dsplit": [row(lambda x: np.dsplit(x, [1, 2]), r(1, 2, 3))],
    "numpy.unstack": [row(lambda x: np.unstack(x, axis=1), r(2, 3))],
    # -- triangles and diagonals
    "numpy.tril": [
        row(lambda x: np.tril(x), r(3, 3)),
        row(lambda x: np.tril(x, -1), c(2, 3, 4)),
        row(lambda x: np.tril(x), r(3)),
    ],
    "numpy.triu": [
        row(lambda x: np.triu(x), r(3, 3)),
        row(lambda x: np.triu(x, k=1), c(2, 3, 4)),
        row(lambda x: np.triu(x), r(3)),
    ],
    "numpy.diag": [
        row(lambda x: np.diag(x), r(3)),
        row(lambda x: np.diag(x, -1), c(2)),
        row(lambda x: np.diag(x, k=1), r(2, 3)),
    ],
    "numpy.diagonal": [
        row(lambda x: np.diagonal(x), r(2, 3)),
        row(lambda x: np.diagonal(x, -1, 2, 0), c(2, 3, 4)),
        row(lambda x: np.diagonal(x, offset=5), r(2, 3)),
    ],
    "numpy.linalg.diagonal": [row(lambda x: np.linalg.diagonal(x, offset=1), r(2, 3, 4))],
    "numpy.diagflat": [row(lambda x: np.diagflat(x, 1), r(2, 2))],
    "numpy.trace": [row(lambda x: np.trace(x), c(3, 3)), row(lambda x: np.trace(x, 1, 0, 2), r(2, 3, 4))],
    "numpy.linalg.trace": [row(lambda x: np.linalg.trace(x, offset=-1), r(2, 3, 4))],
    "numpy.tril_indices_from": [row(lambda x: np.tril_indices_from(x, 1), r(2, 3), order=0)],
    "numpy.triu_indices_from": [row(lambda x: np.triu_indices_from(x, k=-1), r(2, 3), order=0)],
    "numpy.diag_indices_from": [row(lambda x: np.diag_indices_from(x), r(3, 3), order=0)],
    # -- grids
    "numpy.meshgrid": [
        row(lambda x, y: np.meshgrid(x, y), r(2), r(3)),
        row(lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True), r(2), c(3)),
        row(lambda x, y, z: np.meshgrid(x, y, z, copy=False), r(2), r(3), r(2)),
        row(lambda x, y: np.meshgrid(x, y), r(2), r()),
    ],
    "numpy.ix_": [row(lambda x: np.ix_(x, [0, 2]), np.array([1, 0, 1]))],
    # -- taken
    "numpy.take": [
        row(lambda x: np.take(x, [[0, 5], [2, 2]]), r(2, 3)),
        row(lambda x: np.take(x, [0, -1, 0], axis=1), c(2, 3)),
        row(lambda x: np.take(x, [-5, 4, 9], axis=0, mode="wrap"), r(3, 2)),
        row(lambda x: np.take(x, [-5, 1, 9], mode="clip"), r(3)),
        row(lambda x: np.take(x, 1, axis=-1), r(2, 3)),
        row(lambda x, i: np.take(x, i, axis=1, mode="wrap"), r(2, 3), np.array([[4, 1]])),
        row(lambda x, i: np.take(x, i, mode="clip"), r(3), np.array([[4, 1]])),
    ],
    "numpy.compress": [
        row(lambda x: np.compress([True, False, True], x, axis=0), r(4, 2), batch=False),
        row(lambda x: np.compress(MASK, x), c(2, 3)),
    ],
    "numpy.extract": [row(lambda x: np.extract(MASK.reshape(2, 2), x), r(2, 2))],
    "numpy.unravel_index": [
        row(lambda i: np.unravel_index(i, (3, 4)), np.array([[7, 0], [11, 5]])),
        row(lambda i: np.unravel_index(i, 4, order="F"), np.array(3)),
    ],
    "numpy.ravel_multi_index": [
        row(lambda i, j: np.ravel_multi_index((i, j), (3, 4)), np.array([[2], [0]]), np.array([1, 3])),
        row(lambda i: np.ravel_multi_index((i, 1), (3, 4), mode=("wrap", "clip"), order="F"), np.array([5, 0])),
    ],
    # -- functions of the caller's
    "numpy.apply_along_axis": [
        row(lambda x: np.apply_along_axis(lambda v: v[0] * v, 1, x), r(2, 3, 2)),
        row(lambda x: np.apply_along_axis(lambda v, k: (v * v).sum() * k, 0, x, 2.0), c(3, 2)),
        row(lambda x: np.apply_along_axis(np.diag, -1, x), r(2, 3)),
    ],
    "numpy.apply_over_axes": [row(lambda x: np.apply_over_axes(np.sum, x, (0, -1)), r(2, 3, 2))],
}
