"""The same elements in other places, or several times: flip, roll, rot90, repeat, tile, resize. Each makes a copy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import many_axes, one_axis, shifted
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.shape import broadcast_to, copied, listed, ravel, reshape, resolve_shape, swapaxes


def _roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    for s, a in zip(shift, axis, strict=True):  # a third of the time of np.roll for small arrays
        at = (slice(None),) * a
        cut = -s % x.shape[a] if x.shape[a] else 0
        x = np.concatenate([x[(*at, slice(cut, None))], x[(*at, slice(0, cut))]], a)
    return x


flip_: Op = linear(
    "flip",
    lambda x, *, axis: np.flip(x, axis).copy(),
    lambda y_bar, x, *, axis: flip_(y_bar, axis=axis),
    math="y = x in reverse order along the given axes",
    text="X̄ += Ȳ reversed",
    batch=lambda size, args, flags, *, axis: flip_(*args, axis=shifted(axis)),
    samples=lambda r: [Sample((r(2, 3),), {"axis": (1,)}), Sample((r(2, 3),), {"axis": (0, 1)})],
)
roll_: Op = linear(
    "roll",
    _roll,
    lambda y_bar, x, *, shift, axis: roll_(y_bar, shift=tuple(-s for s in shift), axis=axis),
    math="y = x shifted along the given axes; what leaves at one end enters at the other",
    text="X̄ += Ȳ shifted back",
    batch=lambda size, args, flags, *, shift, axis: roll_(*args, shift=shift, axis=shifted(axis)),
    samples=lambda r: [
        Sample((r(4),), {"shift": (1,), "axis": (0,)}),
        Sample((r(2, 3),), {"shift": (1, -2), "axis": (0, 1)}),
    ],
)


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """`m` in reverse order along `axis` (all by default)."""
    return flip_(m, axis=many_axes(axis, m.ndim, "flip"))


@implements(np.flipud)
def flipud(m: Any) -> Any:
    """`m` with its first axis reversed."""
    return flip_(m, axis=(_one_of(m, 0, "flipud"),))


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    """`m` with its second axis reversed."""
    return flip_(m, axis=(_one_of(m, 1, "fliplr"),))


def _one_of(m: Any, axis: int, name: str) -> int:
    if m.ndim <= axis:
        raise ShapeError(f"{name}: needs at least {axis + 1} axes, got shape {m.shape}.")
    return axis


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """`m` turned by `k` right angles in the plane of `axes`, from the first towards the second."""
    first, second = (one_axis(a, m.ndim, "rot90") for a in axes)
    if first == second or m.ndim < 2:
        raise ShapeError(f"rot90: axes {tuple(axes)} of shape {m.shape} don't span a plane.")
    k %= 4
    if k == 0:
        return copied(m)
    if k == 2:
        return flip_(m, axis=(first, second))
    if k == 1:
        return swapaxes(flip_(m, axis=(second,)), first, second)
    return flip_(swapaxes(m, first, second), axis=(second,))


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """`a` shifted by `shift` along `axis` (several of both; in the flattened tensor if None), end over end."""
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), shape=a.shape)
    axes = [one_axis(x, a.ndim, "roll") for x in listed(axis)]
    shifts = [int(s) for s in listed(shift)]
    if len(shifts) != len(axes):
        shifts, axes = (shifts * len(axes), axes) if len(shifts) == 1 else (shifts, axes * len(shifts))
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {shift} shifts along the axes {axis}: their numbers differ.")
    return roll_(a, shift=tuple(shifts), axis=tuple(axes))


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element `repeats` times in a row along `axis` (of the flattened tensor if None); a count, or one for each."""
    if axis is None:
        return repeat(ravel(a), repeats, 0)
    at = one_axis(axis, a.ndim, "repeat")
    counts = np.asarray(repeats)
    n = a.shape[at]
    if counts.size != 1:
        if counts.shape != (n,):
            raise ShapeError(f"repeat: {counts.shape} counts for {n} elements along axis {axis} of shape {a.shape}.")
        return a[(*(slice(None),) * at, np.repeat(np.arange(n), counts))]
    count = int(counts.item())
    if count == 1:
        return copied(a)
    before, after = a.shape[: at + 1], a.shape[at + 1 :]
    spread = broadcast_to(reshape(a, shape=(*before, 1, *after)), shape=(*before, count, *after))
    return reshape(spread, shape=(*before[:-1], n * count, *after))


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """`A` laid `reps` times side by side along each axis."""
    counts = tuple(int(n) for n in listed(reps))
    ndim = max(A.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - A.ndim) + A.shape
    if all(n == 1 for n in counts):
        return copied(reshape(A, shape=shape))
    pairs = list(zip(counts, shape, strict=True))
    split = reshape(A, shape=tuple(k for _, n in pairs for k in (1, n)))
    spread = broadcast_to(split, shape=tuple(k for pair in pairs for k in pair))
    return reshape(spread, shape=tuple(r * n for r, n in pairs))


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements of `a`, over again as often as needed, in a shape of any size."""
    shape = tuple(int(n) for n in listed(new_shape))
    if any(n < 0 for n in shape):
        raise ShapeError(f"resize: shape {shape} has a negative length.")
    size, have = math.prod(shape), math.prod(a.shape)
    if not have:
        return np.zeros_like(a, shape=shape)
    return reshape(tile(ravel(a), -(-size // have))[:size], shape=resolve_shape(size, shape, "resize"))
