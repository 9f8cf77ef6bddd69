"""Trigonometric and hyperbolic functions with their inverses, elementwise, one declaration each; and angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements

sin = elementwise(
    "sin",
    np.sin,
    D("cos x", lambda y, x: np.cos(x), reads=[0]),
    math="y = sin x",
    floating=True,
    numpy=np.sin,
    complex=True,
)
cos = elementwise(
    "cos",
    np.cos,
    D("−sin x", lambda y, x: -np.sin(x), reads=[0]),
    math="y = cos x",
    floating=True,
    numpy=np.cos,
    complex=True,
)
tan = elementwise(
    "tan",
    np.tan,
    D("1 + y²", lambda y, x: 1 + y * y, "y"),
    math="y = tan x",
    domain=(-1.2, 1.2),
    floating=True,
    numpy=np.tan,
    complex=True,
)
sinh = elementwise(
    "sinh",
    np.sinh,
    D("cosh x", lambda y, x: np.cosh(x), [0]),
    math="y = sinh x",
    floating=True,
    numpy=np.sinh,
    complex=True,
)
cosh = elementwise(
    "cosh",
    np.cosh,
    D("sinh x", lambda y, x: np.sinh(x), [0]),
    math="y = cosh x",
    floating=True,
    numpy=np.cosh,
    complex=True,
)
tanh = elementwise(
    "tanh",
    np.tanh,
    D("1 − y²", lambda y, x: 1 - y * y, "y"),
    math="y = tanh x",
    floating=True,
    numpy=np.tanh,
    complex=True,
)


def _adjacent(x: Any) -> Any:
    """√(1 − x²); of complex x on the side of the branch cut on which NumPy's arcsin and arccos lie."""
    return np.sqrt(-(x - 1)) * np.sqrt(x + 1) if x.dtype.kind == "c" else np.sqrt(1 - x * x)


arcsin = elementwise(
    "arcsin",
    np.arcsin,
    D("1/√(1 − x²)", lambda y, x: 1 / _adjacent(x), reads=[0]),
    math="y = arcsin x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arcsin,
    complex=True,
)
arccos = elementwise(
    "arccos",
    np.arccos,
    D("−1/√(1 − x²)", lambda y, x: -1 / _adjacent(x), reads=[0]),
    math="y = arccos x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arccos,
    complex=True,
)
arctan = elementwise(
    "arctan",
    np.arctan,
    D("1/(1 + x²)", lambda y, x: 1 / (1 + x * x), reads=[0]),
    math="y = arctan x",
    floating=True,
    numpy=np.arctan,
    complex=True,
)
arcsinh = elementwise(
    "arcsinh",
    np.arcsinh,
    D("1/√(x² + 1)", lambda y, x: 1 / np.sqrt(x * x + 1), reads=[0]),
    math="y = arsinh x",
    floating=True,
    numpy=np.arcsinh,
    complex=True,
)
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    # Two roots: of a complex x, the root of the product lies on the wrong branch in half of the plane.
    D("1/(√(x − 1)·√(x + 1))", lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)), reads=[0]),
    math="y = arcosh x",
    domain=(1.2, 3.0),
    floating=True,
    numpy=np.arccosh,
    complex=True,
)
arctanh = elementwise(
    "arctanh",
    np.arctanh,
    D("1/(1 − x²)", lambda y, x: 1 / (1 - x * x), reads=[0]),
    math="y = artanh x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arctanh,
    complex=True,
)


def _turn(a: Any, b: Any) -> Any:
    """a/(a² + b²), without overflow, and 0 at the origin."""
    radius = np.hypot(a, b)
    radius = np.where(radius == 0, 1, radius)
    return a / radius / radius


arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    D("b/(a² + b²)", lambda y, a, b: _turn(b, a), reads=[0, 1]),
    D("−a/(a² + b²)", lambda y, a, b: -_turn(a, b), reads=[0, 1]),
    math="y = the angle of the point (b, a)",
    domain=(0.3, 2.0),
    floating=True,
    numpy=np.arctan2,
)
hypot = elementwise(
    "hypot",
    np.hypot,
    D("a/y", lambda y, a, b: a / np.where(y == 0, 1, y), reads=["y", 0]),
    D("b/y", lambda y, a, b: b / np.where(y == 0, 1, y), reads=["y", 1]),
    math="y = √(a² + b²)",
    cost=4,
    domain=(0.3, 2.0),
    floating=True,
    numpy=np.hypot,
)


@implements(np.degrees, np.rad2deg)
def degrees(x: Any) -> Any:
    """Radians as degrees."""
    return x * (180 / math.pi)


@implements(np.radians, np.deg2rad)
def radians(x: Any) -> Any:
    """Degrees as radians."""
    return x * (math.pi / 180)


def _sinc(x: Any, *, order: int = 0) -> Any:
    """The derivatives f₀, f₁, … of sin(u)/u at u = πx, times πᵏ: by the power series near 0, and beyond by
    u·fₖ + k·fₖ₋₁ = sin⁽ᵏ⁾ u.
    """
    x = np.asarray(x)
    u = np.pi * x
    near = np.abs(u) <= order + 1
    far = np.where(near, 1, u)
    f = np.sin(far) / far
    for k in range(1, order + 1):
        f = ((np.sin, np.cos)[k % 2](far) * (1, 1, -1, -1)[k % 4] - k * f) / far
    v = np.where(near, u, 0)
    series = np.zeros_like(v)
    for n in range(order // 2 + 12 + 2 * order, (order - 1) // 2, -1):
        # (−1)ⁿ u²ⁿ/(2n + 1)!, differentiated k times
        rest = 2 * n - order
        if rest >= 0:
            series = series + (-1) ** n * (math.perm(2 * n, order) / math.factorial(2 * n + 1)) * v**rest
    return (np.pi**order * np.where(near, series, f)).astype(x.dtype, copy=False)


sinc: Op = elementwise(
    "sinc",
    _sinc,
    D("the next derivative", lambda y, x, *, order=0: sinc(x, order=order + 1), reads=[0]),
    math="y = sin(πx)/(πx), 1 at 0; or its derivative of the given order",
    cost=8,
    floating=True,
    complex=True,
    params=[{"order": k} for k in range(3)],
    numpy=np.sinc,
)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    """Angles along `axis` without jumps of more than `discont` (half a period): whole periods are added."""
    p = as_value(p)
    if not p.ndim:
        raise ShapeError("unwrap: a 0-d tensor has no axis to go along.")
    at = (slice(None),) * one_axis(axis, p.ndim, "unwrap")
    step = p[(*at, slice(1, None))] - p[(*at, slice(None, -1))]
    whole = isinstance(period, int) and step.dtype.kind in "iu"
    half = period // 2 if whole else period / 2
    back = np.remainder(step + half, period) - half
    if not whole or period % 2 == 0:  # a jump of exactly half a period goes the way it went
        back = np.where((back == -half) & (step > 0), half, back)
    small = np.abs(step) < (period / 2 if discont is None else discont)
    turns = np.cumsum(np.where(small, 0, back - step), axis=axis)
    return np.concatenate([p[(*at, slice(0, 1))], p[(*at, slice(1, None))] + turns], axis=axis)
