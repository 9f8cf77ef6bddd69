"""Sliding windows, and the sums of products over them: convolve and correlate."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import align, bilinear, linear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.rearrange import flip_
from tinygrad_edu.ops.shape import atleast_1d, copied, listed
from tinygrad_edu.ops.split import along

# -- windows -------------------------------------------------------------------------------------------------------


def _windows(x: Any, *, axis: int, size: int, step: int) -> Any:
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return view[along(axis, slice(None, None, step))].copy()


def _overlap_add(y: Any, *, axis: int, step: int, length: int) -> Any:
    count, size = y.shape[axis], y.shape[-1]
    x = np.zeros((*y.shape[:axis], length, *y.shape[axis + 1 : -1]), y.dtype)
    if size <= count:  # one sum per place in the window, or one per window: whichever are fewer
        for j in range(size):
            x[along(axis, slice(j, j + (count - 1) * step + 1, step))] += y[..., j]
    else:
        for i in range(count):
            x[along(axis, slice(i * step, i * step + size))] += np.moveaxis(y[along(axis, i)], -1, axis)
    return x


windows_: Op = linear(
    "windows",
    _windows,
    lambda y_bar, x, *, axis, size, step: overlap_add_(y_bar, axis=axis, step=step, length=x.shape[axis]),
    math="y[i, j] = x[i·step + j]",
    text="X̄ += the windows of Ȳ, summed where they overlap",
    batch=lambda n, args, flags, *, axis, size, step: windows_(*args, axis=axis + 1, size=size, step=step),
    samples=lambda r: [
        Sample((r(5),), {"axis": 0, "size": 2, "step": 1}),
        Sample((r(7, 2),), {"axis": 0, "size": 3, "step": 2}),
        Sample((r(2, 5),), {"axis": 1, "size": 4, "step": 1}),
    ],
)
overlap_add_: Op = linear(
    "overlap_add",
    _overlap_add,
    lambda y_bar, x, *, axis, step, length: windows_(y_bar, axis=axis, size=x.shape[-1], step=step),
    math="y[k] = Σ x[i, j] over i·step + j = k",
    text="X̄ += the windows of Ȳ",
    cost=lambda y, x, **_: x.size,
    batch=lambda n, args, flags, *, axis, step, length: overlap_add_(*args, axis=axis + 1, step=step, length=length),
    samples=lambda r: [
        Sample((r(4, 2),), {"axis": 0, "step": 1, "length": 5}),
        Sample((r(3, 2, 3),), {"axis": 0, "step": 2, "length": 7}),
        Sample((r(2, 2, 4),), {"axis": 1, "step": 1, "length": 5}),
    ],
)


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """The windows of `window_shape` that slide along `axis` (all axes by default), in new axes at the end: a copy."""
    if writeable:
        raise UnsupportedError("sliding_window_view: writeable=True isn't supported; the windows are a copy.")
    sizes = tuple(int(n) for n in listed(window_shape))
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else tuple(one_axis(a, x.ndim, "sliding_window_view") for a in listed(axis))
    )
    if len(sizes) != len(axes):
        raise ShapeError(f"sliding_window_view: a window of shape {sizes} for {len(axes)} axes of shape {x.shape}.")
    for at, size in zip(axes, sizes, strict=True):
        if not 0 <= size <= x.shape[at]:
            raise ShapeError(f"sliding_window_view: a window of {size} doesn't fit along axis {at} of shape {x.shape}.")
        x = windows_(x, axis=at, size=size, step=1)
    return x if sizes else copied(x)


def unfold(x: Any, dimension: int, size: int, step: int = 1) -> Any:
    """PyTorch's `Tensor.unfold`: the windows of `size` along `dimension`, every `step`, in a new last axis."""
    at = one_axis(dimension, x.ndim, "unfold")
    if not x.ndim or not 0 <= size <= x.shape[at] or step < 1:
        raise ShapeError(f"unfold: windows of {size} every {step} don't fit along axis {dimension} of shape {x.shape}.")
    return windows_(x, axis=at, size=int(size), step=int(step))


# -- products over windows -----------------------------------------------------------------------------------------
# Two ops, each the other's transpose, on the last axis of stacks. Both run in the time of one NumPy call per stack and in
# memory of the arguments' size.


def _correlate(x: Any, v: Any) -> Any:
    if x.ndim == 1 and v.ndim == 1:
        return np.convolve(x, v[::-1], "valid")
    return np.einsum("...ij,...j->...i", np.lib.stride_tricks.sliding_window_view(x, v.shape[-1], -1), v)


def _convolve(a: Any, v: Any) -> Any:
    if a.ndim == 1 and v.ndim == 1:
        return np.convolve(a, v)
    n = v.shape[-1] - 1
    return _correlate(np.pad(a, [(0, 0)] * (a.ndim - 1) + [(n, n)]), v[..., ::-1])


def _onto(g: Any, x: Any) -> Any:
    return g if g.shape == x.shape else unbroadcast(g, x.shape)


convolve_: Op = bilinear(
    "convolve",
    _convolve,
    lambda y_bar, a, v: _onto(correlate_(y_bar, v), a),
    lambda y_bar, a, v: _onto(correlate_(y_bar, a), v),
    math="y[k] = Σⱼ a[k − j] v[j]",
    texts=["Ā += Ȳ correlated with v", "V̄ += Ȳ correlated with a"],
    cost=lambda y, a, v: 2 * y.size * min(a.shape[-1], v.shape[-1]),
    batch=lambda size, args, flags: convolve_(*align(args, flags)),
    samples=lambda r: [Sample((r(4), r(3))), Sample((r(2), r(3))), Sample((r(2, 4), r(2)))],
)
correlate_: Op = bilinear(
    "correlate",
    _correlate,
    lambda y_bar, x, v: _onto(convolve_(y_bar, v), x),
    lambda y_bar, x, v: _onto(correlate_(x, y_bar), v),
    math="y[k] = Σⱼ x[k + j] v[j], where v fits into x",
    texts=["X̄ += Ȳ convolved with v", "V̄ += x correlated with Ȳ"],
    cost=lambda y, x, v: 2 * y.size * v.shape[-1],
    batch=lambda size, args, flags: correlate_(*align(args, flags)),
    samples=lambda r: [Sample((r(5), r(3))), Sample((r(3), r(3))), Sample((r(2, 4), r(2)))],
)


def _vectors(a: Any, v: Any, name: str) -> tuple[Any, Any]:
    a, v = atleast_1d(operand(a, v)), atleast_1d(operand(v, a))
    if a.ndim > 1 or v.ndim > 1 or not a.shape[0] or not v.shape[0]:
        raise ShapeError(f"{name}: needs two 1-D tensors that aren't empty, got shapes {a.shape} and {v.shape}.")
    return a, v


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The convolution of two 1-D tensors: "full", "same" (as long as the longer one), or "valid" (without the ends)."""
    a, v = _vectors(a, v, "convolve")
    long, short = (a, v) if a.shape[0] >= v.shape[0] else (v, a)
    return _in_mode(long, short, mode, (short.shape[0] - 1) // 2, "convolve")


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The cross-correlation of two 1-D tensors, Σ a[n + k] conj(v[n]), in the modes of `convolve`."""
    a, v = _vectors(a, v, "correlate")
    n, m = a.shape[0], v.shape[0]
    v = flip_(np.conj(v), axis=(0,))
    return _in_mode(a, v, mode, (m - 1) // 2, "correlate") if n >= m else _in_mode(v, a, mode, n // 2, "correlate")


def _in_mode(long: Any, short: Any, mode: str, start: int, name: str) -> Any:
    if mode == "valid":
        return correlate_(long, flip_(short, axis=(0,)))
    if mode not in ("full", "same"):
        raise UnsupportedError(f"{name}: mode must be 'full', 'same' or 'valid', not {mode!r}.")
    y = convolve_(long, short)
    return y if mode == "full" else y[start : start + long.shape[0]]
