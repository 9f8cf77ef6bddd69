"""Axis arguments as users give them, made canonical: tuples of non-negative integers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import ShapeError


def one_axis(axis: Any, ndim: int, name: str) -> int:
    """A non-negative axis below `ndim`; ShapeError names the function otherwise."""
    try:
        index = operator.index(axis)
    except TypeError:
        raise ShapeError(f"{name}: axis must be one integer here, not {axis!r}.") from None
    if not -ndim <= index < max(ndim, 1) and not (ndim == 0 and index == -1):
        raise ShapeError(f"{name}: axis {index} is out of range for a tensor with {ndim} axes.")
    return index % ndim if ndim else 0


def many_axes(axis: Any, ndim: int, name: str) -> tuple[int, ...]:
    """The axes that `axis` means, None for all: sorted, non-negative, each once."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, Sequence) else (axis,)
    axes = [one_axis(a, ndim, name) for a in given]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: an axis is named twice in {axis}.")
    return tuple(sorted(axes)) if ndim else ()


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with the reduced axes as ones."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def shifted(axes: Sequence[int]) -> tuple[int, ...]:
    """Axes behind a new leading one."""
    return tuple(a + 1 for a in axes)
