"""Activations, one declaration each.

Derivatives at kinks follow PyTorch; the table is in docs/kinks.md.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.engine.op import Sample
from tinygrad_edu.ops.arithmetic import both_sides
from tinygrad_edu.ops.choice import above, clip
from tinygrad_edu.ops.error_function import erf, erf_values


def _sigmoid(x: Any) -> Any:
    if np.asarray(x).dtype.kind == "c":
        return 0.5 * np.tanh(0.5 * x) + 0.5
    # e^(−|x|) can't overflow, and 1/(1+e) or e/(1+e) keep every digit of either tail.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid = elementwise(
    "sigmoid",
    _sigmoid,
    D("y(1 − y)", lambda y, x: y * (1 - y), "y"),
    math="y = 1/(1 + e⁻ˣ)",
    cost=4,
    floating=True,
    complex=True,
)


def _logit(x: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log(x) - np.log1p(-x)


logit_ = elementwise(
    "logit",
    _logit,
    D("1/(x(1 − x))", lambda y, x: 1 / (x * (1 - x)), reads=[0]),
    math="y = ln(x/(1 − x)), so that sigmoid(y) = x",
    cost=3,
    domain=(0.2, 0.8),
    floating=True,
)


def logit(x: Any, eps: float | None = None) -> Any:
    """ln(x/(1 − x)), of `x` held between eps and 1 − eps if `eps` is given."""
    return logit_(x if eps is None else clip(x, eps, 1 - eps))


relu = elementwise(
    "relu", lambda x: np.maximum(x, 0), D("[x > 0]", lambda y, x: y > 0, "y"), math="y = max(x, 0)", samples=both_sides
)
relu6 = elementwise(
    "relu6",
    lambda x: np.minimum(np.maximum(x, 0), 6),
    D("[0 < x < 6]", reads=[0], selects=lambda y, x: (x > 0) & (x < 6)),
    math="y = min(max(x, 0), 6)",
    cost=2,
    samples=lambda r: [Sample((r(2, 3, low=low, high=low + 2),)) for low in (-3.0, 2.0, 7.0)],
)
hardtanh = elementwise(
    "hardtanh",
    lambda x, *, low, high: np.minimum(np.maximum(x, low), high),
    D("[low < x < high]", reads=[0], selects=lambda y, x, *, low, high: (x > low) & (x < high)),
    math="y = min(max(x, low), high)",
    cost=2,
    samples=lambda r: [Sample((r(2, 3, low=a, high=a + 1.6),), {"low": -1.0, "high": 1.0}) for a in (-3.0, -0.8, 1.2)],
)
leaky_relu = elementwise(
    "leaky_relu",
    lambda x, *, slope: np.maximum(x, 0) + slope * np.minimum(x, 0),
    D("[x > 0] + slope·[x ≤ 0]", lambda y, x, *, slope: slope + (1 - slope) * above(x, 0.0, tie=0.0), reads=[0]),
    math="y = max(x, 0) + slope·min(x, 0)",
    cost=3,
    samples=lambda r: [
        Sample((r(3, low=low, high=low + 2),), {"slope": s}) for low in (-3.0, 0.5) for s in (0.01, 0.3)
    ],
)


def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    scaled = beta * x
    return np.where(scaled > threshold, x, np.logaddexp(0, scaled) / beta)


softplus = elementwise(
    "softplus",
    _softplus,
    D("σ(βx)", lambda y, x, *, beta, threshold: np.where(beta * x > threshold, 1, sigmoid(beta * x)), reads=[0]),
    math="y = ln(1 + e^(βx)) / β",
    cost=4,
    floating=True,
    samples=lambda r: [
        Sample((r(2, 3, low=low, high=low + 2),), {"beta": beta, "threshold": 20.0})
        for beta, low in ((1.0, -2.0), (2.5, -1.0), (1.0, 21.0))
    ],
)


def _silu_partial(y: Any, x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


silu = elementwise(
    "silu", lambda x: x * _sigmoid(x), D("σ(x)(1 + x(1 − σ(x)))", _silu_partial, [0]), math="y = x·σ(x)", cost=5
)

_ROOT_2 = math.sqrt(2)
_ROOT_2_PI = math.sqrt(2 * math.pi)
_TANH_SCALE = math.sqrt(2 / math.pi)


def _gelu(x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(_TANH_SCALE * (x + 0.044715 * (x * x * x))))
    y = erf_values(x * x.dtype.type(1 / _ROOT_2))
    y += 1
    y *= x
    y *= 0.5
    return y


def _gelu_partial(y: Any, x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        t = np.tanh(_TANH_SCALE * (x + 0.044715 * (x * x * x)))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (_TANH_SCALE * (1 + 3 * 0.044715 * (x * x)))
    if type(x) is not np.ndarray or type(y) is not np.ndarray:
        return 0.5 * (1 + erf(x / _ROOT_2)) + x * np.exp(-0.5 * (x * x)) / _ROOT_2_PI
    density = np.multiply(x, x, out=np.empty_like(x))
    density *= -0.5
    np.exp(density, out=density)
    density *= x
    density *= 1 / _ROOT_2_PI
    density += np.divide(y, x, out=np.full(x.shape, 0.5, x.dtype), where=x != 0)  # Φ(x), without another erf
    return density


gelu = elementwise(
    "gelu",
    _gelu,
    D("Φ(x) + x·φ(x)", _gelu_partial, reads=["y", 0]),
    math="y = x·Φ(x), Φ the normal distribution function (or its tanh approximation)",
    cost=105,
    overwritable=True,
    params=[{"approximate": "none"}, {"approximate": "tanh"}],
)
elu = elementwise(
    "elu",
    lambda x, *, alpha: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)),
    D(
        "[x > 0] + α·eˣ·[x ≤ 0]",
        lambda y, x, *, alpha: np.where(x > 0, 1, alpha * np.exp(np.where(x > 0, 0, x))),
        reads=[0],
    ),
    math="y = max(x, 0) + α(e^(min(x, 0)) − 1)",
    cost=4,
    samples=lambda r: [Sample((r(3, low=low, high=low + 2),), {"alpha": a}) for low in (-3.0, 0.5) for a in (1.0, 0.4)],
)
