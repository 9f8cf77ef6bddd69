"""The same elements seen in another shape: reshape, transpose, broadcast, and what is built of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops._axes import many_axes, one_axis, shifted
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.elementwise import cast

reshape: Op = linear(
    "reshape",
    lambda x, *, shape: x.reshape(shape),
    lambda y_bar, x, *, shape: reshape(y_bar, shape=x.shape),
    view=True,
    write=lambda x, v, *, shape: reshape(v, shape=x.shape),
    math="y = the elements of x, in order, in another shape",
    text="X̄ += Ȳ in x's shape",
    batch=lambda size, args, flags, *, shape: reshape(*args, shape=(size, *shape)),
    samples=lambda r: [
        Sample((r(2, 6),), {"shape": (3, 4)}),
        Sample((r(1),), {"shape": ()}),
        Sample((r(),), {"shape": (1, 1)}),
    ],
)


def _back(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


transpose: Op = linear(
    "transpose",
    lambda x, *, axes: x.transpose(axes),
    lambda y_bar, x, *, axes: transpose(y_bar, axes=_back(axes)),
    view=True,
    write=lambda x, v, *, axes: transpose(v, axes=_back(axes)),
    math="y = x with its axes in another order",
    text="X̄ += Ȳ with the axes in their old order",
    batch=lambda size, args, flags, *, axes: transpose(*args, axes=(0, *shifted(axes))),
    samples=lambda r: [Sample((r(2, 3, 4),), {"axes": (2, 0, 1)}), Sample((r(2, 3),), {"axes": (1, 0)})],
)


def _broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    y = np.broadcast_to(x, shape)  # read-only, as it should be where one element stands in several places
    return x.reshape(shape) if y.size == x.size else y


broadcast_to: Op = linear(
    "broadcast_to",
    lambda x, *, shape: _broadcast(x, shape),
    lambda y_bar, x, *, shape: unbroadcast(y_bar, x.shape),
    view=True,
    write=lambda x, v, *, shape: reshape(v, shape=x.shape),  # possible only where each element stands once
    math="y = x repeated along new axes and axes of length 1",
    text="X̄ += Ȳ summed over the repeated axes",
    batch=lambda size, args, flags, *, shape: broadcast_to(
        np.reshape(args[0], (size, *(1,) * (len(shape) + 1 - args[0].ndim), *args[0].shape[1:])), shape=(size, *shape)
    ),
    samples=lambda r: [Sample((r(3, 1),), {"shape": (2, 3, 4)}), Sample((r(),), {"shape": (2,)})],
)


def copied(x: Any) -> Any:
    """A copy of the values, in the graph: for functions that promise one where there is nothing else to do."""
    return cast(x, dtype=x.dtype)


def named(function: Any, name: str, doc: str) -> Any:
    """A function made by another, with the name that error messages and the catalogue are to give it."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def listed(value: Any) -> tuple[Any, ...]:
    """An argument that is one thing or several, as several."""
    if isinstance(value, tuple | list):
        return tuple(value)
    return tuple(value.tolist()) if isinstance(value, np.ndarray) and value.ndim else (value,)


def row_major(order: Any, name: str, allowed: str = "CFAK") -> bool:
    """Whether elements go row by row; UnsupportedError for an order NumPy doesn't know either.

    A Tensor has one layout, so that 'A' and 'K', which follow the layout, are 'C'.
    """
    if not isinstance(order, str | None) or (order or "C") not in allowed:
        raise UnsupportedError(f"{name}: order must be one of {', '.join(map(repr, allowed))}, not {order!r}.")
    return order != "F"


# -- shapes --------------------------------------------------------------------------------------------------------

implements(np.ndim, derivative="none")(named(lambda a: a.ndim, "ndim", "The number of axes."))
implements(np.shape, derivative="none")(named(lambda a: a.shape, "shape", "The length of each axis."))


@implements(np.size, derivative="none")
def size(a: Any, axis: Any = None) -> int:
    """The number of elements, or the length along an axis or several."""
    return math.prod([a.shape[i] for i in many_axes(axis, a.ndim, "size")])


def resolve_shape(size: int, shape: Sequence[Any], name: str) -> tuple[int, ...]:
    """A shape with its one −1 worked out; ShapeError if `size` elements don't fit."""
    wanted = tuple(int(n) for n in shape)
    known = math.prod([n for n in wanted if n != -1])
    if wanted.count(-1) == 1 and known and size % known == 0:
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    if -1 in wanted or math.prod(wanted) != size:
        raise ShapeError(f"{name}: {size} elements don't fit into shape {tuple(shape)}.")
    return wanted


@implements(np.reshape)
def reshaped(x: Any, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    """`x` in another shape, one axis of which may be −1; with order "F" the first axis varies fastest."""
    if copy is False:
        raise UnsupportedError("reshape: copy=False isn't supported; a copy is made only where the layout needs one.")
    wanted = resolve_shape(math.prod(x.shape), listed(shape), "reshape")
    if row_major(order, "reshape", "CFA"):
        y = reshape(x, shape=wanted)
    else:
        y = transposed(reshape(transposed(x), shape=wanted[::-1]))
    return copied(y) if copy else y


@implements(np.ravel)
def ravel(x: Any, order: str = "C") -> Any:
    """All elements in one axis."""
    return reshape(x if row_major(order, "ravel") else transposed(x), shape=(math.prod(x.shape),))


@implements(np.expand_dims)
def expand_dims(x: Any, axis: Any) -> Any:
    """`x` with new axes of length 1 at the given places of the result."""
    places = listed(axis)
    ndim = x.ndim + len(places)
    new = set(many_axes(tuple(places), ndim, "expand_dims"))
    rest = iter(x.shape)
    return reshape(x, shape=tuple(1 if i in new else next(rest) for i in range(ndim)))


@implements(np.squeeze)
def squeeze(x: Any, axis: Any = None) -> Any:
    """`x` without its axes of length 1; with `axis`, without those only (ShapeError if one is longer)."""
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else many_axes(axis, x.ndim, "squeeze")
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axis {axis} of shape {x.shape} isn't of length 1.")
    return reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def unflatten(x: Any, dim: int, sizes: Any) -> Any:
    """`x` with the axis `dim` spread over several, one of which may be −1."""
    at = one_axis(dim, x.ndim, "unflatten")
    return reshape(x, shape=(*x.shape[:at], *resolve_shape(x.shape[at], sizes, "unflatten"), *x.shape[at + 1 :]))


def _at_least(name: str, numpy: Any, shape_of: Any) -> Any:
    def at_least(*arys: Any) -> Any:
        raised = tuple(reshape(x, shape=shape_of(x.shape)) for x in map(as_value, arys))
        return raised[0] if len(raised) == 1 else raised

    return implements(numpy)(
        named(at_least, name, f"Each argument with at least {name[-2]} axes; several give a tuple.")
    )


def _three(shape: tuple[int, ...]) -> tuple[int, ...]:
    return {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape)


atleast_1d = _at_least("atleast_1d", np.atleast_1d, lambda shape: shape or (1,))
atleast_2d = _at_least("atleast_2d", np.atleast_2d, lambda shape: (1,) * (2 - len(shape)) + shape)
atleast_3d = _at_least("atleast_3d", np.atleast_3d, _three)

# -- the order of axes ---------------------------------------------------------------------------------------------


@implements(np.transpose, np.permute_dims)
def transposed(x: Any, axes: Any = None) -> Any:
    """`x` with its axes in the given order, or reversed."""
    if axes is None:
        return transpose(x, axes=tuple(range(x.ndim))[::-1])
    order = tuple(one_axis(a, x.ndim, "transpose") for a in listed(axes))
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"transpose: axes {axes} aren't an order of the {x.ndim} axes of shape {x.shape}.")
    return transpose(x, axes=order)


@implements(np.swapaxes)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """`x` with two axes exchanged."""
    order = list(range(x.ndim))
    a, b = one_axis(axis1, x.ndim, "swapaxes"), one_axis(axis2, x.ndim, "swapaxes")
    if x.ndim:
        order[a], order[b] = order[b], order[a]
    return transpose(x, axes=tuple(order))


@implements(np.moveaxis)
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """`x` with the `source` axes at the `destination` places and the others in order."""
    sources = [one_axis(a, x.ndim, "moveaxis") for a in listed(source)]
    places = [one_axis(a, x.ndim, "moveaxis") for a in listed(destination)]
    if len(sources) != len(places):
        raise ShapeError(f"moveaxis: {len(sources)} axes to move and {len(places)} places for them.")
    if len(set(sources)) != len(sources) or len(set(places)) != len(places):
        raise ShapeError(f"moveaxis: an axis or a place is named twice in {source} and {destination}.")
    order = [a for a in range(x.ndim) if a not in sources]
    for place, a in sorted(zip(places, sources, strict=True)):
        order.insert(place, a)
    return transpose(x, axes=tuple(order))


@implements(np.rollaxis)
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """`x` with `axis` moved to stand before the axis that is at `start`."""
    at = one_axis(axis, x.ndim, "rollaxis")
    if not -x.ndim <= start <= x.ndim:
        raise ShapeError(f"rollaxis: start {start} is out of range for a tensor with {x.ndim} axes.")
    place = start + x.ndim if start < 0 else start
    return moveaxis(x, at, place - (at < place))


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """`x` with its last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"mT: needs at least two axes, got shape {x.shape}.")
    return swapaxes(x, -1, -2)


# -- broadcasting --------------------------------------------------------------------------------------------------


@implements(np.broadcast_to)
def broadcasted(x: Any, shape: Any, subok: bool = False) -> Any:
    """`x` repeated to `shape` by NumPy's broadcasting, without copying."""
    return broadcast_to(x, shape=tuple(int(n) for n in listed(shape)))


def expand(x: Any, shape: Sequence[int]) -> Any:
    """PyTorch's `expand`: as `broadcast_to`, with −1 for an axis that stays as it is."""
    lead = len(shape) - x.ndim
    if lead < 0 or any(n == -1 for n in shape[:lead]):
        raise ShapeError(
            f"expand: shape {tuple(shape)} can't be made from {x.shape}; -1 only stands for an axis that is there."
        )
    return broadcast_to(x, shape=tuple(x.shape[i - lead] if n == -1 else int(n) for i, n in enumerate(shape)))
