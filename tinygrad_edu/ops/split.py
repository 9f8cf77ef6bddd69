"""Parts of a tensor along an axis: NumPy's and PyTorch's splits, unstack, narrow, delete."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.views import made_together
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.shape import moveaxis, ravel


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index that takes `part` of one axis and all of those before it."""
    return (*(slice(None),) * axis, part)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`ary` cut along `axis` into that many sections, as equal as can be with the longer ones first, or at the given indices."""
    at = one_axis(axis, ary.ndim, "split")
    _has_axis(ary, 0, "array_split")
    n = ary.shape[at]
    if np.ndim(indices_or_sections):
        cuts = [int(i) for i in indices_or_sections]
    else:
        sections = int(indices_or_sections)
        if sections < 1:
            raise ShapeError(f"array_split: the number of sections must be positive, not {sections}.")
        size, longer = divmod(n, sections)
        cuts = [i * size + min(i, longer) for i in range(1, sections)]
    return [ary[along(at, slice(a, b))] for a, b in itertools.pairwise([0, *cuts, n])]


@implements(np.split)
def numpy_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """NumPy's `split`: equal sections by number, or cut at the given indices."""
    _has_axis(ary, 0, "split")
    n = ary.shape[one_axis(axis, ary.ndim, "split")]
    if not np.ndim(indices_or_sections) and indices_or_sections > 0 and n % indices_or_sections:
        raise ShapeError(
            f"split: axis {axis} of shape {ary.shape} doesn't divide into {indices_or_sections} equal sections; array_split makes "
            "unequal ones."
        )
    return array_split(ary, indices_or_sections, axis)


def _has_axis(x: Any, axis: int, name: str) -> None:
    if x.ndim <= axis:
        raise ShapeError(f"{name}: needs at least {axis + 1} axes, got shape {x.shape}.")


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the second axis, or the only one."""
    _has_axis(ary, 0, "hsplit")
    return numpy_split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the first axis of at least two."""
    _has_axis(ary, 1, "vsplit")
    return numpy_split(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """`split` along the third axis."""
    _has_axis(ary, 2, "dsplit")
    return numpy_split(ary, indices_or_sections, 2)


@implements(np.unstack)
def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along `axis`, which they no longer have."""
    _has_axis(x, 0, "unstack")
    moved = moveaxis(x, axis, 0)
    slices = tuple(moved[i] for i in range(moved.shape[0]))
    made_together(slices)
    return slices


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """`arr` without the positions `obj` (a number, a slice, a list, a mask) along `axis` (of the flattened tensor if None)."""
    if axis is None:
        arr, axis = ravel(arr), 0
    at = one_axis(axis, arr.ndim, "delete")
    kept = np.delete(np.arange(arr.shape[at]), np.asarray(obj) if isinstance(obj, Tensor) else obj)
    return arr[along(at, kept)]


# -- PyTorch's -----------------------------------------------------------------------------------------------------


def split(x: Any, size: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """PyTorch's `split`: pieces of the given size, the last one perhaps smaller, or of the listed sizes."""
    at = one_axis(axis, x.ndim, "split")
    n = x.shape[at]
    if isinstance(size, int) and size < 1 and n:
        raise ShapeError(f"split: the size of the pieces must be positive, not {size}.")
    sizes = ([min(size, n - i) for i in range(0, n, size)] if n else [0]) if isinstance(size, int) else list(size)
    if sum(sizes) != n:
        raise ShapeError(f"split: sizes {sizes} don't add up to {n}, the length of axis {axis} of shape {x.shape}.")
    pieces = tuple(array_split(x, list(itertools.accumulate(sizes[:-1])), at))
    made_together(pieces)
    return pieces


def chunk(x: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """PyTorch's `chunk`: at most `chunks` pieces of one size, the last one perhaps smaller."""
    if chunks < 1:
        raise ShapeError(f"chunk: the number of pieces must be positive, not {chunks}.")
    return split(x, -(-x.shape[one_axis(dim, x.ndim, "chunk")] // chunks), dim)


def tensor_split(x: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """PyTorch's name for `array_split`."""
    return tuple(array_split(x, indices_or_sections, dim))


def narrow(x: Any, dim: int, start: int, length: int) -> Any:
    """`length` elements from `start` along `dim`."""
    at = one_axis(dim, x.ndim, "narrow")
    n = x.shape[at]
    first = int(start) + n if start < 0 else int(start)
    if not (0 <= first <= n and 0 <= length <= n - first):
        raise ShapeError(f"narrow: {length} elements from {start} don't lie in axis {dim} of shape {x.shape}.")
    return x[along(at, slice(first, first + length))]


def select(x: Any, dim: int, index: int) -> Any:
    """The slice at `index` along `dim`, which it no longer has."""
    at = one_axis(dim, x.ndim, "select")
    if not -x.shape[at] <= index < x.shape[at]:
        raise IndexError(f"select: index {index} is out of range for axis {dim} of shape {x.shape}.")
    return x[along(at, int(index))]
