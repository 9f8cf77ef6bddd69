"""Unit directions, a batch of them in the memory of one vector; and how an op knows them again, to skip the zeros."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tinygrad_edu.engine.tensor import LEVEL0, Tensor, make


def unit_directions(leaves: Sequence[Any], start: int = 0, stop: int | None = None) -> list[Tensor]:
    """The unit directions `start` to `stop` of the elements of `leaves`, laid end to end: for each leaf (stop − start, *its
    shape), read-only.

    A row is the row before it moved on by one, so all are views of one vector of zeros with a one in it.
    """
    total = sum(math.prod(x.shape) for x in leaves)
    stop = total if stop is None else min(stop, total)
    directions, offset = [], 0
    for x in leaves:
        directions.append(make(_windows(x.shape, x.dtype, stop - start, start - offset), None))
        offset += math.prod(x.shape)
    return directions


def _windows(shape: tuple[int, ...], dtype: Any, rows: int, first: int) -> NDArray[Any]:
    """(rows, *shape) of zeros, with a one at the flat position `first` + r of row r, where there is such a position."""
    size = math.prod(shape)
    if not rows or not size:
        return np.zeros((rows, *shape), dtype)
    vector = np.zeros(rows + size - 1, dtype)
    if 0 <= first + rows - 1 < len(vector):
        vector[first + rows - 1] = 1
    return as_strided(vector[rows - 1 :], (rows, *shape), _strides(shape, vector.itemsize), writeable=False)


def _strides(shape: tuple[int, ...], item: int) -> tuple[int, ...]:
    return (-item, *(item * math.prod(shape[axis + 1 :]) for axis in range(len(shape))))


def first_unit(directions: Any) -> int | None:
    """Where the first row of `unit_directions` has its one (row r has it r further on, or nowhere if that is outside).

    None for anything else: a batch of other directions, or a value of a transform.
    """
    e = directions.array if type(directions) in LEVEL0 and directions.node is None else directions
    if type(e) is not np.ndarray or not e.size or e.strides != _strides(e.shape[1:], e.itemsize):
        return None
    rows, size = e.shape[0], math.prod(e.shape[1:])
    vector = as_strided(e[-1:], (rows + size - 1,), (e.itemsize,))
    (places,) = np.nonzero(vector)
    if len(places) != 1 or vector[places[0]] != 1:
        return None
    return int(places[0]) - rows + 1
