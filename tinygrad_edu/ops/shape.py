"""Ops that move elements without computing: reshape, transpose, broadcast, pad, flip, concatenate; and what is built of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import many_axes, one_axis, shifted
from tinygrad_edu.ops._numpy import implements

reshape: Op = linear(
    "reshape",
    lambda x, *, shape: x.reshape(shape),
    lambda y_bar, x, *, shape: reshape(y_bar, shape=x.shape),
    math="y = the elements of x, in order, in another shape",
    text="X̄ += Ȳ in x's shape",
    batch=lambda size, args, flags, *, shape: reshape(*args, shape=(size, *shape)),
    samples=lambda r: [
        Sample((r(2, 6),), {"shape": (3, 4)}),
        Sample((r(1),), {"shape": ()}),
        Sample((r(),), {"shape": (1, 1)}),
    ],
)
transpose: Op = linear(
    "transpose",
    lambda x, *, axes: x.transpose(axes),
    lambda y_bar, x, *, axes: transpose(y_bar, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__))),
    math="y = x with its axes in another order",
    text="X̄ += Ȳ with the axes in their old order",
    batch=lambda size, args, flags, *, axes: transpose(*args, axes=(0, *shifted(axes))),
    samples=lambda r: [Sample((r(2, 3, 4),), {"axes": (2, 0, 1)}), Sample((r(2, 3),), {"axes": (1, 0)})],
)
broadcast_to: Op = linear(
    "broadcast_to",
    lambda x, *, shape: np.broadcast_to(x, shape),
    lambda y_bar, x, *, shape: unbroadcast(y_bar, x.shape),
    math="y = x repeated along new axes and axes of length 1",
    text="X̄ += Ȳ summed over the repeated axes",
    batch=lambda size, args, flags, *, shape: broadcast_to(
        np.reshape(args[0], (size, *(1,) * (len(shape) + 1 - args[0].ndim), *args[0].shape[1:])), shape=(size, *shape)
    ),
    samples=lambda r: [Sample((r(3, 1),), {"shape": (2, 3, 4)}), Sample((r(),), {"shape": (2,)})],
)
flip_: Op = linear(
    "flip",
    lambda x, *, axis: np.flip(x, axis),
    lambda y_bar, x, *, axis: flip_(y_bar, axis=axis),
    math="y = x in reverse order along the given axes",
    text="X̄ += Ȳ reversed",
    batch=lambda size, args, flags, *, axis: flip_(*args, axis=shifted(axis)),
    samples=lambda r: [Sample((r(2, 3),), {"axis": (1,)}), Sample((r(2, 3),), {"axis": (0, 1)})],
)
pad_: Op = linear(
    "pad",
    lambda x, *, widths: np.pad(x, widths),
    lambda y_bar, x, *, widths: y_bar[tuple(slice(lo, lo + n) for (lo, _), n in zip(widths, x.shape, strict=True))],
    math="y = x with zeros around it",
    text="X̄ += Ȳ without the border",
    batch=lambda size, args, flags, *, widths: pad_(*args, widths=((0, 0), *widths)),
    samples=lambda r: [Sample((r(2, 3),), {"widths": ((1, 2), (0, 1))})],
)


def _own_slice(i: int, y_bar: Any, *xs: Any, axis: int) -> Any:
    start = int(sum(x.shape[axis] for x in xs[:i]))
    index = [slice(None)] * y_bar.ndim
    index[axis] = slice(start, start + xs[i].shape[axis])
    return y_bar[tuple(index)]


concatenate_: Op = linear(
    "concatenate",
    lambda *xs, axis: np.concatenate(xs, axis=axis),
    math="y = the arguments one after the other along an axis",
    text="X̄ += its part of Ȳ",
    each=_own_slice,
    promotes=True,
    batch=lambda size, args, flags, *, axis: concatenate_(
        *[a if flag else broadcast_to(a, shape=(size, *a.shape)) for a, flag in zip(args, flags, strict=True)],
        axis=axis + 1,
    ),
    samples=lambda r: [Sample((r(2, 3), r(1, 3), r(2, 3)), {"axis": 0}), Sample((r(2, 1), r(2, 2)), {"axis": 1})],
)

# -- what users call -----------------------------------------------------------------------------------------------

implements(np.ndim)(lambda x: x.ndim)
implements(np.shape)(lambda x: x.shape)
implements(np.size)(lambda x, axis=None: math.prod(x.shape) if axis is None else x.shape[axis])


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
def reshaped(x: Any, shape: Any, order: str = "C") -> Any:
    """`x` in another shape, one axis of which may be −1."""
    if order != "C":
        raise ShapeError(f"reshape: only order='C' is supported, not {order!r}; transpose first.")
    wanted = tuple(shape) if isinstance(shape, Sequence | np.ndarray) else (shape,)
    return reshape(x, shape=resolve_shape(math.prod(x.shape), wanted, "reshape"))


@implements(np.ravel)
def ravel(x: Any) -> Any:
    """All elements in one axis."""
    return reshape(x, shape=(math.prod(x.shape),))


@implements(np.transpose, np.permute_dims)
def transposed(x: Any, axes: Any = None) -> Any:
    """`x` with its axes in the given order, or reversed."""
    if axes is None:
        return transpose(x, axes=tuple(range(x.ndim))[::-1])
    order = tuple(one_axis(a, x.ndim, "transpose") for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"transpose: axes {tuple(axes)} aren't an order of the {x.ndim} axes of shape {x.shape}.")
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
    sources = [one_axis(a, x.ndim, "moveaxis") for a in (source if isinstance(source, Sequence) else (source,))]
    places = [
        one_axis(a, x.ndim, "moveaxis") for a in (destination if isinstance(destination, Sequence) else (destination,))
    ]
    if len(sources) != len(places):
        raise ShapeError(f"moveaxis: {len(sources)} axes to move and {len(places)} places for them.")
    order = [a for a in range(x.ndim) if a not in sources]
    for place, a in sorted(zip(places, sources, strict=True)):
        order.insert(place, a)
    return transpose(x, axes=tuple(order))


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """`x` with its last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"mT: needs at least two axes, got shape {x.shape}.")
    return swapaxes(x, -1, -2)


@implements(np.broadcast_to)
def broadcasted(x: Any, shape: Any) -> Any:
    """`x` repeated to `shape` by NumPy's broadcasting, without copying."""
    wanted = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    return broadcast_to(x, shape=tuple(int(n) for n in wanted))


def expand(x: Any, shape: Sequence[int]) -> Any:
    """PyTorch's `expand`: as `broadcast_to`, with −1 for an axis that stays as it is."""
    lead = len(shape) - x.ndim
    if lead < 0 or any(n == -1 for n in shape[:lead]):
        raise ShapeError(
            f"expand: shape {tuple(shape)} can't be made from {x.shape}; -1 only stands for an axis that is there."
        )
    return broadcast_to(x, shape=tuple(x.shape[i - lead] if n == -1 else int(n) for i, n in enumerate(shape)))


@implements(np.expand_dims)
def expand_dims(x: Any, axis: Any) -> Any:
    """`x` with new axes of length 1 at the given places of the result."""
    places = axis if isinstance(axis, Sequence) else (axis,)
    ndim = x.ndim + len(places)
    new = {one_axis(a, ndim, "expand_dims") for a in places}
    rest = iter(x.shape)
    return reshape(x, shape=tuple(1 if i in new else next(rest) for i in range(ndim)))


@implements(np.squeeze)
def squeeze(x: Any, axis: Any = None) -> Any:
    """`x` without its axes of length 1; with `axis`, without those only (ShapeError if one is longer)."""
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else many_axes(axis, x.ndim, "squeeze")
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axis {axis} of shape {x.shape} isn't of length 1.")
    return reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


@implements(np.flip)
def flip(x: Any, axis: Any = None) -> Any:
    """`x` in reverse order along `axis` (all by default)."""
    return flip_(x, axis=many_axes(axis, x.ndim, "flip"))


@implements(np.concatenate, np.concat)
def concatenate(xs: Any, axis: Any = 0) -> Any:
    """The tensors one after the other along `axis`, None to flatten them first."""
    parts = [x if isinstance(x, Tensor | np.ndarray) else as_value(np.asarray(x)) for x in xs]
    if not parts:
        raise ShapeError("concatenate: needs at least one tensor, got none.")
    if axis is None:
        parts, axis = [reshaped(p, -1) for p in parts], 0
    if any(p.ndim == 0 for p in parts):
        raise ShapeError("concatenate: 0-d tensors have no axis to join along; use stack.")
    return concatenate_(*parts, axis=one_axis(axis, parts[0].ndim, "concatenate"))


@implements(np.stack)
def stack(xs: Any, axis: int = 0) -> Any:
    """Tensors of one shape, joined along a new axis."""
    parts = [x if isinstance(x, Tensor | np.ndarray) else as_value(np.asarray(x)) for x in xs]
    shapes = {p.shape for p in parts}
    if len(shapes) != 1:
        raise ShapeError(f"stack: needs tensors of one shape, got {sorted(shapes) if shapes else 'none'}.")
    place = one_axis(axis, parts[0].ndim + 1, "stack")
    return concatenate_(*[expand_dims(p, place) for p in parts], axis=place)


@implements(np.split, np.array_split)
def numpy_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """NumPy's `split`: equal sections by number, or cut at the given indices."""
    at = one_axis(axis, x.ndim, "split")
    n = x.shape[at]
    if isinstance(indices_or_sections, int):
        if n % indices_or_sections:
            raise ShapeError(
                f"split: axis {axis} of shape {x.shape} doesn't divide into {indices_or_sections} equal sections."
            )
        size = n // indices_or_sections
        cuts = list(range(size, n, size)) if size else []
    else:
        cuts = [int(i) for i in indices_or_sections]
    return [x[(*(slice(None),) * at, slice(a, b))] for a, b in itertools.pairwise([0, *cuts, n])]


def split(x: Any, size: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """PyTorch's `split`: pieces of the given size, the last one perhaps smaller, or of the listed sizes."""
    at = one_axis(axis, x.ndim, "split")
    n = x.shape[at]
    sizes = [min(size, n - i) for i in range(0, n, size)] if isinstance(size, int) else list(size)
    if sum(sizes) != n:
        raise ShapeError(f"split: sizes {sizes} don't add up to {n}, the length of axis {axis} of shape {x.shape}.")
    return tuple(numpy_split(x, list(np.cumsum(sizes[:-1])), at))


@implements(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", *, constant_values: float = 0) -> Any:
    """`x` with `constant_values` around it; `pad_width` as NumPy takes it: a number, a pair, or a pair per axis."""
    if mode != "constant":
        raise ShapeError(f"pad: only mode='constant' is supported, not {mode!r}.")
    widths = tuple((int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)))
    padded = pad_(x, widths=widths)
    if constant_values:
        border = np.pad(np.zeros(x.shape, x.dtype), widths, constant_values=constant_values)
        padded = padded + border
    return padded
