"""Normalization: elements moved and scaled to mean 0 and variance 1 over some axes, then scaled and shifted by parameters.

Layer, batch, group and instance norm are this op over different axes; RMS norm is it without the mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, align, primitive, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.fused import _ones

Axes = tuple[int, ...]
"""Counted from the end, so that they are the same under a batch axis."""


def _mean(x: Any, axes: Axes) -> Any:
    if axes == (-1,) and type(x) is np.ndarray:  # a product with ones takes a fifth of the time of a sum
        return np.expand_dims(x.dot(_ones(x.shape[-1], x.dtype)), -1) * (1 / x.shape[-1])
    return np.add.reduce(x, axis=axes, keepdims=True) * (1 / _count(x, axes))


def _mean_product(a: Any, b: Any, axes: Axes) -> Any:
    if axes == (-1,) and type(a) is type(b) is np.ndarray:  # without the product as an array of its own
        return np.expand_dims(np.vecdot(a, b), -1) * (1 / a.shape[-1])
    return _mean(a * b, axes)


def _count(x: Any, axes: Axes) -> int:
    return math.prod(x.shape[axis] for axis in axes)


def _normalize(x: Any, w: Any = None, b: Any = None, *, axes: Axes, eps: float, centered: bool) -> Any:
    mean = (
        _mean(x, axes)
        if centered
        else np.zeros([1 if a - x.ndim in axes else n for a, n in enumerate(x.shape)], x.dtype)
    )
    unit = x - mean if centered else x.copy()
    scale = 1 / np.sqrt(_mean_product(unit, unit, axes) + x.dtype.type(eps))
    unit *= scale
    if w is None:
        return unit.copy() if b is None else unit + b, unit, mean, scale
    y = unit * w
    if b is not None:
        y += b
    return y, unit, mean, scale


def _reference(x: Any, w: Any = None, b: Any = None, *, axes: Axes, eps: float, centered: bool) -> Any:
    mean = np.mean(x, axis=axes, keepdims=True) * (1.0 if centered else 0.0)
    scale = 1 / np.sqrt(np.mean((x - mean) ** 2, axis=axes, keepdims=True) + eps)
    unit = (x - mean) * scale
    y = unit * 1 if w is None else unit * w
    return y if b is None else y + b, unit, mean, scale


# With u = (x − μ)·s, the unit, and s = 1/√(σ² + ε): ds = −s² mean(u dx), du = s(dx − mean(dx) − u mean(u dx)).


def _push_x(x_dot: Any, y: Any, x: Any, w: Any = None, b: Any = None, *, axes: Axes, eps: float, centered: bool) -> Any:
    _, unit, _, scale = y
    mean_dot = _mean(x_dot, axes)
    along = _mean_product(unit, x_dot, axes)
    unit_dot = scale * (x_dot - unit * along - mean_dot if centered else x_dot - unit * along)
    y_dot = unit_dot if w is None else unit_dot * w
    return y_dot, unit_dot, mean_dot if centered else mean_dot * 0, -scale * scale * along


def _pull_x(bars: Any, y: Any, x: Any, w: Any = None, b: Any = None, *, axes: Axes, eps: float, centered: bool) -> Any:
    y_bar, unit_bar, mean_bar, scale_bar = bars
    _, unit, _, scale = y
    g = None if y_bar is None else y_bar if w is None else y_bar * w
    if unit_bar is not None:
        g = unit_bar if g is None else g + unit_bar
    x_bar = None
    if g is not None:
        along = unit * _mean_product(g, unit, axes)
        if type(along) is type(g) is np.ndarray:  # the same in place: a third of the time
            x_bar = np.subtract(g, along, out=along)
            if centered:
                x_bar -= _mean(g, axes)
            x_bar *= scale
        else:
            x_bar = g - along
            if centered:
                x_bar = x_bar - _mean(g, axes)
            x_bar = x_bar * scale
    rest = None
    if mean_bar is not None and centered:
        rest = mean_bar * (1 / _count(x, axes))
    if scale_bar is not None:
        term = -(scale_bar * scale * scale * (1 / _count(x, axes))) * unit
        rest = term if rest is None else rest + term
    if rest is None:
        return np.zeros(x.shape, unit.dtype) if x_bar is None else x_bar
    return np.broadcast_to(rest, x.shape) if x_bar is None else x_bar + rest


def _zeros(x: Any, y: Any) -> Any:
    return tuple(v * 0 for v in y[1:])


def _push_w(w_dot: Any, y: Any, x: Any, w: Any = None, b: Any = None, **_: Any) -> Any:
    return y[1] * w_dot, *_zeros(x, y)


def _pull_w(bars: Any, y: Any, x: Any, w: Any = None, b: Any = None, **_: Any) -> Any:
    assert w is not None
    return np.zeros(w.shape, w.dtype) if bars[0] is None else _summed(bars[0] * y[1], w.shape)


def _push_b(b_dot: Any, y: Any, x: Any, w: Any = None, b: Any = None, **_: Any) -> Any:
    return np.broadcast_to(b_dot, x.shape), *_zeros(x, y)


def _pull_b(bars: Any, y: Any, x: Any, w: Any = None, b: Any = None, **_: Any) -> Any:
    assert b is not None
    return np.zeros(b.shape, b.dtype) if bars[0] is None else _summed(bars[0], b.shape)


def _summed(g: Any, shape: tuple[int, ...]) -> Any:
    if type(g) is np.ndarray and len(shape) == 1 and g.ndim > 1:  # a product with ones, as for a linear layer's bias
        rows = g.reshape(-1, g.shape[-1])
        return _ones(len(rows), g.dtype).dot(rows)
    return g if g.shape == shape else unbroadcast(g, shape)


def _batch(size: int, args: list[Any], flags: list[bool], **params: Any) -> Any:
    if not flags[0]:
        args, flags = [np.broadcast_to(args[0], (size, *args[0].shape)), *args[1:]], [True, *flags[1:]]
    return normalize_(*align(args, flags), **params)


def _samples(r: Any) -> Any:
    for axes, shape in (((-1,), (3,)), ((-2, -1), (2, 3)), ((-3, -1), (2, 1))):
        for centered in (True, False):
            params = {"axes": axes, "eps": 1e-2, "centered": centered}
            yield Sample((r(4, 2, 3),), params)
            yield Sample((r(4, 2, 3), r(*shape)), params)
            yield Sample((r(4, 2, 3), r(*shape), r(*shape)), params)


# Not the result itself: a network may write to it, as a residual block does that adds its input in place.
_INNER = ("y1", "y2", "y3")

normalize_: Op = primitive(
    "normalize",
    _normalize,
    Given("X̄ += s(Ū − mean(Ū) − u·mean(u·Ū)), Ū = w·Ȳ", _push_x, _pull_x, reads=[*_INNER, 1]),
    Given("w̄ += Σ u·Ȳ", _push_w, _pull_w, reads=_INNER),
    Given("b̄ += Σ Ȳ", _push_b, _pull_b, reads=_INNER),
    math="y = w·u + b with u = (x − μ)·s and s = 1/√(σ² + ε); beside it u, μ and s",
    cost=lambda y, x, *_, **__: 8 * x.size,
    floating=True,
    complex=False,
    reference=_reference,
    batch=_batch,
    samples=_samples,
)


def normalized(x: Any, w: Any = None, b: Any = None, *, axes: Axes, eps: float, centered: bool = True) -> Any:
    """`normalize_` of `axes` counted from the end: the result, its mean and 1/√(σ² + ε)."""
    given = (x,) if w is None and b is None else (x, w) if b is None else (x, w, b)
    y, _, mean, scale = normalize_(*given, axes=axes, eps=float(eps), centered=centered)
    return y, mean, scale


def batch_variance(scale: Any, eps: float) -> Any:
    """σ² from 1/√(σ² + ε)."""
    values = scale.array if isinstance(scale, Tensor) else scale
    return np.maximum(1 / (values * values) - eps, 0)
