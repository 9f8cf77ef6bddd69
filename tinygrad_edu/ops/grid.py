"""Tensors made to fit one another (broadcast_arrays), and every combination of elements (meshgrid, ix_, and the like)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand, stack
from tinygrad_edu.ops.shape import broadcast_to, copied, ravel, reshape


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Every argument in the one shape that all broadcast to."""
    values = [as_value(operand(x, *args)) for x in args]
    try:
        shape = np.broadcast_shapes(*[x.shape for x in values])
    except ValueError:
        raise ShapeError(f"broadcast_arrays: shapes {[x.shape for x in values]} don't broadcast.") from None
    return tuple(broadcast_to(x, shape=shape) for x in values)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """The coordinates of a grid with the given ones along its axes; with "xy" indexing the first two are exchanged."""
    if indexing not in ("xy", "ij"):
        raise UnsupportedError(f"meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}.")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = [1, 0]
    grids = tuple(
        reshape(as_value(operand(x, *xi)), shape=_only(i, len(xi), np.size(x))) for i, x in zip(places, xi, strict=True)
    )
    if not sparse:
        grids = broadcast_arrays(*grids)
    return tuple(copied(g) for g in grids) if copy else grids


def _only(axis: int, ndim: int, n: int) -> tuple[int, ...]:
    return tuple(n if i == axis else 1 for i in range(ndim))


@implements(np.ix_, derivative="none")
def ix_(*args: Any) -> tuple[Any, ...]:
    """Index tensors that together pick every combination of the given 1-D ones; truth values are their positions."""
    picked = []
    for i, x in enumerate(args):
        x = as_value(operand(x))
        if x.ndim != 1:
            raise ShapeError(f"ix_: needs 1-D tensors, got shape {x.shape}.")
        if x.dtype.kind == "b":
            x = as_value(np.flatnonzero(np.asarray(x)))
        picked.append(reshape(x, shape=_only(i, len(args), x.shape[0])))
    return tuple(picked)


def cartesian_prod(*tensors: Any) -> Any:
    """PyTorch's `cartesian_prod`: every combination of elements of 1-D tensors, one per row."""
    if any(t.ndim != 1 for t in tensors):
        raise ShapeError(f"cartesian_prod: needs 1-D tensors, got shapes {[t.shape for t in tensors]}.")
    if len(tensors) == 1:
        return copied(tensors[0])
    return stack([ravel(g) for g in meshgrid(*tensors, copy=False, indexing="ij")], -1)


def combinations(x: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """PyTorch's `combinations`: every choice of `r` elements of a 1-D tensor, in order, one per row."""
    if x.ndim != 1:
        raise ShapeError(f"combinations: needs a 1-D tensor, got shape {x.shape}.")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return x[np.array(list(choose(range(x.shape[0]), r)), np.int64).reshape(-1, r)]
