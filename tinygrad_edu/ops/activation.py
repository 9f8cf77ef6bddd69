"""Activations, one declaration each, and the error function that one of them needs.

Derivatives at kinks follow PyTorch; the table is in docs/kinks.md.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.engine.op import Sample
from tinygrad_edu.ops.elementwise import above, both_sides

# Chebyshev coefficients of erf(x)/x in x² on [0, 4] and of e^{x²}·erfc(x) on [2, 6], by interpolation at 22 nodes in 40
# digits; the largest error against math.erf is 3e-15.
# fmt: off
_ERF_CORE = (
    0.7415552820424018, -0.30107107338659495, 0.06899483068983156, -0.013916271264722188, 0.0024207995224334636,
    -0.0003658639685848086, 4.862098443231905e-05, -5.749256558035685e-06, 6.113243578434765e-07, -5.8991015312958435e-08,
    5.2070090920686485e-09, -4.2329758799655433e-10, 3.188113506649175e-11, -2.2361550188326843e-12, 1.467329847991085e-13,
    -9.044001985381747e-15, 5.254813715470919e-16,
)
_ERFCX_TAIL = (
    0.15454893254411423, -0.07674006034821483, 0.01849487416970198, -0.004337233595514166, 0.0009916839077238056,
    -0.00022144890703087983, 4.836760032122529e-05, -1.034609832664543e-05, 2.1698719431920526e-06, -4.4664937548784355e-07,
    9.031674382673662e-08, -1.7955339488870227e-08, 3.51208006247638e-09, -6.763532420163365e-10, 1.2831846446274902e-10,
)
# fmt: on


def _erf(x: Any) -> Any:
    z = np.abs(x)
    core = x * chebyshev.chebval(np.minimum(z * z, 4) / 2 - 1, _ERF_CORE)
    far = np.clip(z, 2, 6)
    tail = np.sign(x) * (1 - np.exp(-far * far) * chebyshev.chebval(far / 2 - 2, _ERFCX_TAIL))
    return np.where(z < 2, core, tail).astype(np.asarray(x).dtype, copy=False)


erf = elementwise(
    "erf",
    _erf,
    D("2/√π · e^(−x²)", lambda y, x: 2 / math.sqrt(math.pi) * np.exp(-x * x), reads=[0]),
    math="y = erf x",
    cost=100,
    floating=True,
)


def _sigmoid(x: Any) -> Any:
    # e^(−|x|) can't overflow, and 1/(1+e) or e/(1+e) keep every digit of either tail.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid = elementwise(
    "sigmoid", _sigmoid, D("y(1 − y)", lambda y, x: y * (1 - y), "y"), math="y = 1/(1 + e⁻ˣ)", cost=4, floating=True
)
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
    return 0.5 * x * (1 + _erf(x / _ROOT_2))


def _gelu_partial(y: Any, x: Any, *, approximate: str) -> Any:
    if approximate == "tanh":
        t = np.tanh(_TANH_SCALE * (x + 0.044715 * (x * x * x)))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (_TANH_SCALE * (1 + 3 * 0.044715 * (x * x)))
    return 0.5 * (1 + erf(x / _ROOT_2)) + x * np.exp(-0.5 * (x * x)) / _ROOT_2_PI


gelu = elementwise(
    "gelu",
    _gelu,
    D("Φ(x) + x·φ(x)", _gelu_partial, reads=[0]),
    math="y = x·Φ(x), Φ the normal distribution function (or its tanh approximation)",
    cost=105,
    params=[{"approximate": "none"}, {"approximate": "tanh"}],
)
elu = elementwise(
    "elu",
    lambda x, *, alpha: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)),
    D("[x > 0] + α·eˣ·[x ≤ 0]", lambda y, x, *, alpha: np.where(x > 0, 1, y + alpha), reads=["y", 0]),
    math="y = max(x, 0) + α(e^(min(x, 0)) − 1)",
    cost=4,
    samples=lambda r: [Sample((r(3, low=low, high=low + 2),), {"alpha": a}) for low in (-3.0, 0.5) for a in (1.0, 0.4)],
)
