"""Windows that move over a grid: where they start, what they reach, and which elements each of their places meets.

Convolutions and pools share it. A window has `kernel` places along each axis, `dilation` apart, and moves by `stride`; the
first one starts `lead` elements before the grid, and there are `out` of them. What lies outside of the grid is a border.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.errors import ShapeError

Sizes = tuple[int, ...]
Slices = Any  # a tuple of slices


class Windows(NamedTuple):
    """Windows over a grid of `size`."""

    size: Sizes
    out: Sizes
    kernel: Sizes
    stride: Sizes
    lead: Sizes
    dilation: Sizes


class Frame(NamedTuple):
    """The part of the grid, with its border, that the windows reach; and where in it each place of the window lies."""

    reach: Sizes
    inside: Slices  # the grid's elements in the frame
    kept: Slices  # and those same elements in the grid
    taps: tuple[Slices, ...]  # for each place of the window, what it meets, one element for each window
    exact: bool  # whether the frame is the grid
    disjoint: bool  # whether no two windows meet


@lru_cache(maxsize=512)
def frame(w: Windows) -> Frame:
    spans = [(k - 1) * d + 1 for k, d in zip(w.kernel, w.dilation, strict=True)]
    reach = tuple((n - 1) * s + span for n, s, span in zip(w.out, w.stride, spans, strict=True))
    counts = [max(0, min(n, r - lo)) for n, r, lo in zip(w.size, reach, w.lead, strict=True)]
    taps = tuple(
        tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, s, n in zip(place, w.dilation, w.stride, w.out, strict=True)
        )
        for place in itertools.product(*map(range, w.kernel))
    )
    return Frame(
        reach,
        tuple(slice(lo, lo + n) for lo, n in zip(w.lead, counts, strict=True)),
        tuple(slice(0, n) for n in counts),
        taps,
        reach == w.size and not any(w.lead),
        all(s >= span for s, span in zip(w.stride, spans, strict=True)),
    )


def framed(x: Any, w: Windows, border: float = 0.0) -> Any:
    """`x` (…, *size) with its border, cut to what the windows reach: (…, *reach)."""
    f = frame(w)
    if f.exact:
        return x
    shape = (*x.shape[: x.ndim - len(w.size)], *f.reach)
    y = np.zeros(shape, x.dtype) if border == 0 else np.full(shape, border, x.dtype)
    y[(..., *f.inside)] = x[(..., *f.kept)]
    return y


def unframed(y: Any, w: Windows) -> Any:
    """The grid (…, *size) out of a frame: zero where no window reaches."""
    f = frame(w)
    if f.exact:
        return y
    x = np.zeros((*y.shape[: y.ndim - len(w.size)], *w.size), y.dtype)
    x[(..., *f.kept)] = y[(..., *f.inside)]
    return x


def windows_over(
    size: Sizes, kernel: Sizes, stride: Sizes, padding: Any, dilation: Sizes, *, ceil: bool = False
) -> Sizes:
    """How many windows there are along each axis of a grid with a border of `padding`, (before, after) for each axis.

    With `ceil` also one that isn't whole, if it starts inside of the grid or its border before it.
    """
    out = []
    for n, k, s, (lo, hi), d in zip(size, kernel, stride, padding, dilation, strict=True):
        room = n + lo + hi - d * (k - 1) - 1
        count = (math.ceil(room / s) if ceil else room // s) + 1
        if ceil and (count - 1) * s >= n + lo:
            count -= 1
        out.append(count)
    return tuple(out)


def check_windows(name: str, what: str, size: Sizes, w_out: Sizes, **said: Any) -> None:
    """Raise ShapeError where there is not one window."""
    if min(w_out, default=1) < 1:
        listed = ", ".join(f"{key}={value}" for key, value in said.items())
        raise ShapeError(
            f"{name}: {what} of size {size} is too small for even one window ({listed}): the result would have size {w_out}."
        )
