"""Rows of a matrix by number, and its transpose, rows summed up by number.

Indexing does the same for any index; for whole rows the sum goes by sorting, which is several times faster.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample


def _sum_rows(x: Any, indices: Any, *, rows: int) -> Any:
    width = x.shape[indices.ndim :]
    total = np.zeros((rows, *width), x.dtype)
    flat = indices.reshape(-1)
    if flat.size:
        order = flat.argsort(kind="stable")
        numbers = flat[order]
        starts = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
        total[numbers[starts]] = np.add.reduceat(x.reshape(-1, *width)[order], starts, axis=0)
    return total


def _offset(size: int, indices: Any, flag: bool, rows: int) -> Any:
    """Numbers of rows in all the matrices of a batch, one behind the other."""
    if not flag:
        indices = np.broadcast_to(indices, (size, *indices.shape))
    return indices + rows * np.reshape(np.arange(size), (size, *(1,) * (indices.ndim - 1)))


def _batch_take(size: int, args: list[Any], flags: list[bool]) -> Any:
    weight, indices = args
    if not flags[0]:
        return take_rows(weight, indices)
    stacked = np.reshape(weight, (-1, *weight.shape[2:]))
    return take_rows(stacked, _offset(size, indices, flags[1], weight.shape[1]))


def _batch_sum(size: int, args: list[Any], flags: list[bool], *, rows: int) -> Any:
    x, indices = args
    if not flags[0]:
        x = np.broadcast_to(x, (size, *x.shape))
    total = sum_rows(x, _offset(size, indices, flags[1], rows), rows=size * rows)
    return np.reshape(total, (size, rows, *total.shape[1:]))


take_rows: Op = linear(
    "take_rows",
    lambda weight, indices: weight.take(indices, axis=0),
    lambda y_bar, weight, indices: sum_rows(y_bar, indices, rows=weight.shape[0]),
    math="yᵢ = W[indexᵢ]",
    text="W̄[indexᵢ] += ȳᵢ",
    reads=[1],
    batch=_batch_take,
    samples=lambda r: [Sample((r(4, 3), np.array([[0, 2], [2, 3]]))), Sample((r(4), np.array([1, 1, 0])))],
)
sum_rows: Op = linear(
    "sum_rows",
    _sum_rows,
    lambda y_bar, x, indices, *, rows: take_rows(y_bar, indices),
    math="y[indexᵢ] += xᵢ",
    text="x̄ᵢ += ȳ[indexᵢ]",
    reads=[1],
    cost=lambda y, x, indices, **_: x.size,
    batch=_batch_sum,
    samples=lambda r: [
        Sample((r(2, 2, 3), np.array([[0, 2], [2, 3]])), {"rows": 4}),
        Sample((r(0), np.zeros(0, int)), {"rows": 2}),
    ],
)
