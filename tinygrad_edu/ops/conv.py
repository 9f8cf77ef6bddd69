"""Convolutions in any number of dimensions, with strides, dilation and groups.

One trilinear form, T(x, w, y) = Σ y[n, o, p] · w[o, c, k] · x[n, c, p·stride + k·dilation − lead], and three ops, each of which
is the form without one of its arguments. So the transposes of each are the other two, and derivatives of every order come out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.families import Given, bilinear, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.ops._grid_windows import Sizes, Slices, Windows, frame, framed, unframed
from tinygrad_edu.ops.fused import _ones
from tinygrad_edu.ops.layout import empty_beside

# -- columns -------------------------------------------------------------------------------------------------------
# What each window meets, as a matrix (channel and place in the window, window), makes a convolution a product of matrices.
# It is built by a copy per place in the window, each of which takes a slice: a gather of all at once is six times slower.
# Where windows move by one, a row of windows is wanted with all of the frame's width (`pitch`), so that what a place meets is
# one run of memory rather than one for each row; the few windows too many at the end of each row are cut off afterwards.

_BYTES = 1 << 22  # of columns at a time: they stay in the cache, and large layers don't need nine times their input


class _Plan(NamedTuple):
    flat: bool
    buffer: Sizes  # the frame, with a row to spare where runs go over its end
    starts: tuple[int, ...]  # where each place's run starts
    pitched: Sizes  # the windows in the columns, those too many among them
    crop: Slices  # those that are wanted


@lru_cache(maxsize=512)
def _plan(w: Windows) -> _Plan:
    reach = frame(w).reach
    if len(reach) < 2 or any(s != 1 for s in w.stride):
        return _Plan(False, reach, (), w.out, ())
    steps = [math.prod(reach[axis + 1 :]) for axis in range(len(reach))]
    starts = tuple(sum(tap.start * step for tap, step in zip(taps, steps, strict=True)) for taps in frame(w).taps)
    crop = tuple(slice(0, n) for n in w.out)
    spare = 1 if math.prod(w.kernel[1:]) > 1 else 0
    return _Plan(True, (reach[0] + spare, *reach[1:]), starts, (w.out[0], *reach[1:]), crop)


def _columns(x: Any, w: Windows) -> Any:
    """x (n, C, *size) → (n, C, places, windows)."""
    plan, f, lead = _plan(w), frame(w), x.shape[:2]
    if len(f.taps) == 1 and f.exact and plan.pitched == w.size:
        return x.reshape(*lead, 1, -1)
    columns = np.empty((*lead, len(f.taps), math.prod(plan.pitched)), x.dtype)
    if plan.flat:
        buffer = np.zeros((*lead, *plan.buffer), x.dtype)
        buffer[(..., *f.inside)] = x[(..., *f.kept)]
        runs = buffer.reshape(*lead, -1)
        length = columns.shape[-1]
        for i, start in enumerate(plan.starts):
            columns[:, :, i] = runs[:, :, start : start + length]
    else:
        x = framed(x, w)
        places = columns.reshape(*lead, len(f.taps), *w.out)
        for i, tap in enumerate(f.taps):
            places[:, :, i] = x[(..., *tap)]
    return columns


def _from_columns(columns: Any, w: Windows) -> Any:
    """The transpose: (n, C, places, windows) → (n, C, *size), summed where windows meet."""
    plan, f, lead = _plan(w), frame(w), columns.shape[:2]
    if plan.flat:
        buffer = np.zeros((*lead, *plan.buffer), columns.dtype)
        runs, length = buffer.reshape(*lead, -1), columns.shape[-1]
        for i, start in enumerate(plan.starts):
            runs[:, :, start : start + length] += columns[:, :, i]
        return unframed(buffer[:, :, : f.reach[0]], w)
    buffer = np.zeros((*lead, *f.reach), columns.dtype)
    places = columns.reshape(*lead, len(f.taps), *w.out)
    for i, tap in enumerate(f.taps):
        buffer[(..., *tap)] += places[:, :, i]
    return unframed(buffer, w)


def _pitched(y: Any, w: Windows) -> Any:
    """y (n, O, *out) → (n, O, windows), zero at those windows that are too many."""
    plan = _plan(w)
    if plan.pitched != w.out:
        wide = np.zeros((*y.shape[:2], *plan.pitched), y.dtype)
        wide[(..., *plan.crop)] = y
        y = wide
    return y.reshape(*y.shape[:2], -1)


def _parts(n: int, channels: int, w: Windows, itemsize: int, more: int = 0) -> Iterator[slice]:
    """The examples, as many at a time as there is memory for; each takes `more` numbers beside its columns."""
    each = (channels * math.prod(w.kernel) * math.prod(_plan(w).pitched) + more) * itemsize
    step = max(1, _BYTES // max(1, each))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


# -- the three of them ---------------------------------------------------------------------------------------------


def _conv(
    x: Any, w: Any, b: Any = None, *, stride: Sizes, lead: Sizes, dilation: Sizes, groups: int, out: Sizes
) -> Any:
    windows = Windows(x.shape[2:], out, w.shape[2:], stride, lead, dilation)
    plan = _plan(windows)
    y = empty_beside(x, (x.shape[0], w.shape[0], *out), np.result_type(x, w))
    matrix = w.reshape(groups, w.shape[0] // groups, -1)  # (g, O/g, C/g · places)
    shift = None if b is None else b.reshape(-1, *(1,) * len(out))
    for part in _parts(x.shape[0], x.shape[1], windows, y.itemsize):
        columns = _columns(x[part], windows)
        columns = columns.reshape(columns.shape[0], groups, matrix.shape[2], -1)
        z = np.matmul(matrix, columns).reshape(-1, w.shape[0], *plan.pitched)[(..., *plan.crop)]
        if shift is None:
            y[part] = z
        else:
            np.add(z, shift, out=y[part])
    return y


def _conv_transpose(y: Any, w: Any, *, stride: Sizes, lead: Sizes, dilation: Sizes, groups: int, grid: Sizes) -> Any:
    windows = Windows(grid, y.shape[2:], w.shape[2:], stride, lead, dilation)
    channels = groups * w.shape[1]
    x = empty_beside(y, (y.shape[0], channels, *grid), np.result_type(y, w))
    matrix = w.reshape(groups, w.shape[0] // groups, -1).mT  # (g, C/g · places, O/g)
    for part in _parts(y.shape[0], channels, windows, x.itemsize):
        rows = _pitched(y[part], windows)
        columns = np.matmul(matrix, rows.reshape(rows.shape[0], groups, matrix.shape[2], -1))
        x[part] = _from_columns(columns.reshape(rows.shape[0], channels, -1, rows.shape[-1]), windows)
    return x


def _conv_weight(x: Any, y: Any, *, stride: Sizes, lead: Sizes, dilation: Sizes, groups: int, kernel: Sizes) -> Any:
    windows = Windows(x.shape[2:], y.shape[2:], kernel, stride, lead, dilation)
    outs, each = y.shape[1] // groups, x.shape[1] // groups
    w = np.zeros((groups, outs, each * math.prod(kernel)), np.result_type(x, y))
    for part in _parts(x.shape[0], x.shape[1], windows, w.itemsize, w.size):
        columns, rows = _columns(x[part], windows), _pitched(y[part], windows)
        columns = columns.reshape(columns.shape[0], groups, w.shape[2], -1)
        w += np.add.reduce(np.matmul(rows.reshape(rows.shape[0], groups, outs, -1), columns.mT), axis=0)
    return w.reshape(y.shape[1], each, *kernel)


def _bias_bar(y_bar: Any) -> Any:
    if type(y_bar) is np.ndarray:  # a product with ones takes a third of the time of a sum
        rows = y_bar.reshape(*y_bar.shape[:2], -1)
        return np.add.reduce(rows.dot(_ones(rows.shape[-1], rows.dtype)), axis=0)
    return np.add.reduce(y_bar, axis=(0, *range(2, y_bar.ndim)))


def _bias_dot(b_dot: Any, x: Any, out: Sizes) -> Any:
    return np.broadcast_to(np.reshape(b_dot, (-1, *(1,) * len(out))), (x.shape[0], *b_dot.shape, *out))


# -- batches -------------------------------------------------------------------------------------------------------


def _batch(op: Any, weights: tuple[bool, bool, bool]) -> Any:
    """The rule for a leading batch axis; `weights` says which of the arguments, and whether the result, are weights."""

    def rule(size: int, args: list[Any], flags: list[bool], *, groups: int, **params: Any) -> Any:
        (first, second, *bias), product = args, op()
        if flags[0] and not any(flags[1:]) and not weights[0] and not weights[2]:
            # The weight is one for all: as many examples as there are, times the batch.
            y = product(np.reshape(first, (-1, *first.shape[2:])), second, *bias, groups=groups, **params)
            return np.reshape(y, (size, -1, *y.shape[1:]))
        both = [
            a if flag else np.broadcast_to(a, (size, *a.shape)) for a, flag in zip((first, second), flags, strict=False)
        ]
        # Else each example has channels of its own: groups.
        y = product(*[_join(a, w) for a, w in zip(both, weights, strict=False)], groups=groups * size, **params)
        y = _cut(y, size, weights[2])
        if bias:
            rank = len(params["stride"])
            y = y + np.reshape(bias[0], (size if flags[2] else 1, 1, -1, *(1,) * rank))
        return y

    return rule


def _join(a: Any, weight: bool) -> Any:
    """The batch axis into that of the channels: (B, N, C, …) → (N, B·C, …), for a weight (B, O, …) → (B·O, …)."""
    if weight:
        return np.reshape(a, (-1, *a.shape[2:]))
    a = np.swapaxes(a, 0, 1)
    return np.reshape(a, (a.shape[0], -1, *a.shape[3:]))


def _cut(a: Any, size: int, weight: bool) -> Any:
    if weight:
        return np.reshape(a, (size, -1, *a.shape[1:]))
    return np.swapaxes(np.reshape(a, (a.shape[0], size, -1, *a.shape[2:])), 0, 1)


# -- declarations --------------------------------------------------------------------------------------------------


def _cost(count: Any) -> Any:
    return lambda y, a, b, *_, groups, **__: 2 * count(y, a, b)


def _samples(arrays: Any, **named: Any) -> Any:
    """Samples of one geometry after the other: (N, C, *size), (O, C/g, *kernel), (N, O, *out)."""
    table = [
        ((2, 2, 5), (3, 2, 2), (2, 3, 3), (2,), (1,), (1,), 1),
        ((2, 2, 4, 5), (4, 1, 3, 2), (2, 4, 4, 4), (1, 1), (1, 0), (1, 1), 2),
        ((1, 3, 5, 4), (2, 3, 2, 2), (1, 2, 2, 2), (2, 1), (0, 0), (2, 2), 1),
        ((2, 1, 3, 3, 2), (2, 1, 2, 2, 1), (2, 2, 2, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1), 1),
    ]

    def samples(r: Any) -> Any:
        for x, w, y, stride, lead, dilation, groups in table:
            shapes = {"x": x, "w": w, "y": y, "b": w[:1]}
            geometry = {"stride": stride, "lead": lead, "dilation": dilation, "groups": groups}
            said = {name: shapes[of][2:] for name, of in named.items()}
            for letters in arrays:
                yield Sample(tuple(r(*shapes[letter]) for letter in letters), {**geometry, **said})

    return samples


conv_: Op = primitive(
    "conv",
    _conv,
    Given(
        "X̄ += W transposed with Ȳ",
        lambda x_dot, y, x, w, b=None, **p: conv_(x_dot, w, **p),
        lambda y_bar, y, x, w, b=None, *, out, **p: conv_transpose_(y_bar, w, grid=tuple(x.shape[2:]), **p),
        reads=[1],
    ),
    Given(
        "W̄ += X correlated with Ȳ",
        lambda w_dot, y, x, w, b=None, **p: conv_(x, w_dot, **p),
        lambda y_bar, y, x, w, b=None, *, out, **p: conv_weight_(x, y_bar, kernel=tuple(w.shape[2:]), **p),
        reads=[0],
    ),
    Given(
        "b̄ += Σ Ȳ",
        lambda b_dot, y, x, w, b=None, *, out, **p: _bias_dot(b_dot, x, out),
        lambda y_bar, y, x, w, b=None, **p: _bias_bar(y_bar),
    ),
    math="y[n, o, p] = b[o] + Σ w[o, c, k] x[n, c, p·stride + k·dilation − lead]",
    cost=_cost(lambda y, x, w: y.size * math.prod(w.shape[1:])),
    promotes=True,
    complex=False,
    batch=_batch(lambda: conv_, (False, True, False)),
    samples=_samples(["xw", "xwb"], out="y"),
)
conv_transpose_: Op = bilinear(
    "conv_transpose",
    _conv_transpose,
    lambda x_bar, y, w, *, grid, **p: conv_(x_bar, w, out=tuple(y.shape[2:]), **p),
    lambda x_bar, y, w, *, grid, **p: conv_weight_(x_bar, y, kernel=tuple(w.shape[2:]), **p),
    math="x[n, c, q] = Σ w[o, c, k] y[n, o, p] over p·stride + k·dilation − lead = q",
    texts=["Ȳ += W with X̄", "W̄ += X̄ correlated with Y"],
    cost=_cost(lambda x, y, w: y.size * math.prod(w.shape[1:])),
    complex=False,
    batch=_batch(lambda: conv_transpose_, (False, True, False)),
    samples=_samples(["yw"], grid="x"),
)
conv_weight_: Op = bilinear(
    "conv_weight",
    _conv_weight,
    lambda w_bar, x, y, *, kernel, **p: conv_transpose_(y, w_bar, grid=tuple(x.shape[2:]), **p),
    lambda w_bar, x, y, *, kernel, **p: conv_(x, w_bar, out=tuple(y.shape[2:]), **p),
    math="w[o, c, k] = Σ y[n, o, p] x[n, c, p·stride + k·dilation − lead]",
    texts=["X̄ += W̄ transposed with Y", "Ȳ += W̄ with X"],
    cost=_cost(lambda w, x, y: y.size * math.prod(w.shape[1:])),
    complex=False,
    batch=_batch(lambda: conv_weight_, (False, False, True)),
    samples=_samples(["xy"], kernel="w"),
)
