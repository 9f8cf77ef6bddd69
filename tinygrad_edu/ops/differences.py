"""Differences of neighbours, and numerical derivatives and integrals of sampled functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import many_axes
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.scan import along
from tinygrad_edu.ops.shape import broadcast_to, reshape


def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return x[(*(slice(None),) * axis, slice(start, stop))]


def _step(x: Any, axis: int) -> Any:
    ahead, behind = _cut(x, axis, 1, None), _cut(x, axis, None, -1)
    return ahead != behind if x.dtype.kind == "b" else ahead - behind


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along `axis`, taken `n` times; `prepend` and `append` are put around `a` before."""
    if n < 0:
        raise ConfigError(f"diff: n counts how often to take differences, so it can't be {n}.")
    if n == 0:
        return a
    a, axis = along(as_value(a), axis, "diff")
    parts = [_as_slab(v, a, axis) for v in (prepend,) if v is not None]
    parts += [a, *(_as_slab(v, a, axis) for v in (append,) if v is not None)]
    y = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    for _ in range(n):
        y = _step(y, axis)
    return y


def _beside(value: Any, a: Any) -> Any:
    """What is put beside `a`: a Python number in a dtype that doesn't widen that of `a`."""
    return as_value(
        np.asarray(value, np.result_type(a.dtype, value)) if isinstance(value, int | float | complex) else value
    )


def _as_slab(value: Any, a: Any, axis: int) -> Any:
    """What `prepend` or `append` was given as, a number spread over one place of `axis`."""
    value = _beside(value, a)
    return broadcast_to(value, shape=(*a.shape[:axis], 1, *a.shape[axis + 1 :])) if value.ndim == 0 else value


def _upright(steps: Any, x: Any, axis: int) -> Any:
    """A vector in the shape that broadcasts along `axis` of `x`."""
    return reshape(steps, shape=(*steps.shape, *(1,) * (x.ndim - axis - 1)))


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours in the flattened tensor, with `to_begin` before and `to_end` behind them."""
    steps = _step(np.reshape(as_value(ary), (-1,)), 0)
    parts = [np.reshape(_beside(v, steps), (-1,)) for v in (to_begin,) if v is not None]
    parts += [steps, *(np.reshape(_beside(v, steps), (-1,)) for v in (to_end,) if v is not None)]
    return np.concatenate(parts) if len(parts) > 1 else steps


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of `y` along `axis` by the trapezoidal rule, at the places `x` or `dx` apart."""
    y, axis = along(as_value(y), axis, "trapezoid")
    if x is not None:
        x = as_value(x)
        at = axis if x.ndim == y.ndim else 0
        if x.ndim not in (1, y.ndim) or x.shape[at] not in (1, y.shape[axis]):
            raise ShapeError(
                f"trapezoid: places x of shape {x.shape} don't fit the values, whose axis {axis} is that of shape {y.shape}."
            )
        dx = _upright(_step(x, 0), y, axis) if x.ndim == 1 else _step(x, at)
    return reduce.sum(dx * (_cut(y, axis, 1, None) + _cut(y, axis, None, -1)) / 2.0, axis)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """The derivative of the samples `f` along each axis, by central differences inside and one-sided ones at the edges.

    `varargs` are the spacings: one number for all axes, or for each a number or the places of the samples.
    """
    f = as_value(f)
    axes = many_axes(axis, f.ndim, "gradient") if axis is None or not isinstance(axis, tuple) else axis
    axes = tuple(many_axes(a, f.ndim, "gradient")[0] for a in axes)
    if edge_order not in (1, 2):
        raise ConfigError(f"gradient: edge_order is 1 or 2, not {edge_order!r}.")
    if f.dtype.kind not in "fc":
        f = f / 1  # integers in the default dtype
    spacings = _spacings(f, axes, varargs)
    slopes = [_slope(f, a, steps, edge_order) for a, steps in zip(axes, spacings, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """For each axis the distance of its samples: one number, or each of them in shape (n − 1, 1, …, 1)."""
    values = [as_value(v) for v in given]
    if not values or (len(values) == 1 and values[0].ndim == 0):
        values = [values[0] if values else as_value(1.0)] * len(axes)
    if len(values) != len(axes):
        raise ShapeError(
            f"gradient: {len(values)} spacings for {len(axes)} axes; give one number for all, or one for each."
        )
    steps = []
    for a, value in zip(axes, values, strict=True):
        if value.ndim and value.shape != (f.shape[a],):
            raise ShapeError(f"gradient: places of shape {value.shape} for axis {a}, which has {f.shape[a]} samples.")
        steps.append(_upright(_step(value, 0), f, a) if value.ndim else value)
    return steps


def _slope(f: Any, axis: int, steps: Any, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(
            f"gradient: axis {axis} of shape {f.shape} has {n} samples; edge_order={edge_order} needs {edge_order + 1} at least."
        )

    def at(k: int) -> Any:
        return _cut(f, axis, k, (k + 1) or None)

    def step(k: int) -> Any:
        return steps[k : (k + 1) or None] if steps.ndim else steps

    below, here, above = _cut(f, axis, None, -2), _cut(f, axis, 1, -1), _cut(f, axis, 2, None)
    if steps.ndim:  # the slope of the parabola through three neighbours (Fornberg 1988, eq. 3.8)
        h, k = steps[:-1], steps[1:]
        inside = -k / (h * (h + k)) * below + (k - h) / (h * k) * here + h / (k * (h + k)) * above
    else:
        inside = (above - below) / (2 * steps)
    if edge_order == 1:
        first, last = (at(1) - at(0)) / step(0), (at(-1) - at(-2)) / step(-1)
    else:
        h, k = step(0), step(1)
        first = -(2 * h + k) / (h * (h + k)) * at(0) + (h + k) / (h * k) * at(1) - h / (k * (h + k)) * at(2)
        h, k = step(-2), step(-1)
        last = k / (h * (h + k)) * at(-3) - (h + k) / (h * k) * at(-2) + (2 * k + h) / (k * (h + k)) * at(-1)
    return np.concatenate([first, inside, last], axis=axis)
