"""Elementwise ops: arithmetic, elementary functions, activations, choices and comparisons, one declaration each.

Derivatives at kinks follow PyTorch; the table is in docs/kinks.md.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from tinygrad_edu.engine.families import D, Elementwise, elementwise, linear
from tinygrad_edu.engine.op import Sample

NUMBERS = (int, float, complex)

# -- arithmetic ----------------------------------------------------------------------------------------------------

add = elementwise("add", np.add, D("1", 1), D("1", 1), math="y = a + b", numpy=np.add)
subtract = elementwise("subtract", np.subtract, D("1", 1), D("−1", -1), math="y = a − b", numpy=np.subtract)
multiply = elementwise(
    "multiply",
    np.multiply,
    D("b", lambda y, a, b: b, reads=[1]),
    D("a", lambda y, a, b: a, reads=[0]),
    math="y = a · b",
    numpy=np.multiply,
)
divide = elementwise(
    "divide",
    np.true_divide,
    D("1/b", lambda y, a, b: 1 / b, reads=[1]),
    D("−y/b", lambda y, a, b: -y / b, reads=["y", 1]),
    math="y = a / b",
    domain=[(-2.0, 2.0), (0.5, 2.0)],
    floating=True,
    numpy=np.true_divide,
)
negative = elementwise("negative", np.negative, D("−1", -1), math="y = −x", numpy=np.negative)
positive = elementwise("positive", np.positive, D("1", 1), math="y = +x", cost=0, numpy=np.positive)


def _power_by_base(y: Any, a: Any, b: Any) -> Any:
    # a⁰ is constant, also at a = 0, where b·aᵇ⁻¹ would be 0 · ∞.
    if isinstance(b, NUMBERS):
        return b * a ** (b - 1) if b != 0 else 0 * a
    return np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))


def _power_by_exponent(y: Any, a: Any, b: Any) -> Any:
    if isinstance(a, NUMBERS):
        return y * (math.log(a) if a > 0 else 0.0 if a == 0 else math.nan)
    return y * np.log(np.where(a == 0, 1, a))


power = elementwise(
    "power",
    operator.pow,  # unlike np.power it squares where it can, seven times faster
    D("b·aᵇ⁻¹", _power_by_base, reads=[0, 1]),
    D("y·ln a", _power_by_exponent, reads=["y", 0]),
    math="y = aᵇ",
    domain=[(0.5, 2.0), (-2.0, 2.0)],
    numpy=np.power,
)

# -- elementary functions ------------------------------------------------------------------------------------------

exp = elementwise("exp", np.exp, D("y", lambda y, x: y, reads="y"), math="y = eˣ", floating=True, numpy=np.exp)
exp2 = elementwise(
    "exp2", np.exp2, D("y·ln 2", lambda y, x: math.log(2) * y, reads="y"), math="y = 2ˣ", floating=True, numpy=np.exp2
)
expm1 = elementwise("expm1", np.expm1, D("y + 1", lambda y, x: y + 1, "y"), math="y = eˣ − 1", floating=True, numpy=np.expm1)


def _log_like(name: str, function: np.ufunc, text: str, math_text: str, partial: Any, low: float = 0.5) -> Elementwise:
    return elementwise(
        name, function, D(text, partial, reads=[0]), math=math_text, floating=True, numpy=function, domain=(low, 3.0)
    )


log = _log_like("log", np.log, "1/x", "y = ln x", lambda y, x: 1 / x)
log2 = _log_like("log2", np.log2, "1/(x·ln 2)", "y = log₂ x", lambda y, x: 1 / (x * math.log(2)))
log10 = _log_like("log10", np.log10, "1/(x·ln 10)", "y = log₁₀ x", lambda y, x: 1 / (x * math.log(10)))
log1p = _log_like("log1p", np.log1p, "1/(1 + x)", "y = ln(1 + x)", lambda y, x: 1 / (1 + x), low=-0.5)
sqrt = elementwise(
    "sqrt",
    np.sqrt,
    D("1/(2y)", lambda y, x: 0.5 / y, "y"),
    math="y = √x",
    domain=(0.5, 3.0),
    floating=True,
    numpy=np.sqrt,
)
square = elementwise("square", np.square, D("2x", lambda y, x: 2 * x, reads=[0]), math="y = x²", numpy=np.square)
reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    D("−y²", lambda y, x: -y * y, "y"),
    math="y = 1/x",
    domain=(0.5, 2.0),
    floating=True,
    numpy=np.reciprocal,
)
sign = elementwise("sign", np.sign, D("0", 0), math="y = sign x", domain=(0.2, 2.0), numpy=np.sign)
absolute = elementwise(
    "absolute",
    np.absolute,
    D("sign x", lambda y, x: np.sign(x), reads=[0]),
    math="y = |x|",
    domain=(0.2, 2.0),
    numpy=[np.absolute, np.fabs],
)
sin = elementwise("sin", np.sin, D("cos x", lambda y, x: np.cos(x), reads=[0]), math="y = sin x", floating=True, numpy=np.sin)
cos = elementwise("cos", np.cos, D("−sin x", lambda y, x: -np.sin(x), reads=[0]), math="y = cos x", floating=True, numpy=np.cos)
tan = elementwise(
    "tan", np.tan, D("1 + y²", lambda y, x: 1 + y * y, "y"), math="y = tan x", domain=(-1.2, 1.2), floating=True, numpy=np.tan
)
sinh = elementwise("sinh", np.sinh, D("cosh x", lambda y, x: np.cosh(x), [0]), math="y = sinh x", floating=True, numpy=np.sinh)
cosh = elementwise("cosh", np.cosh, D("sinh x", lambda y, x: np.sinh(x), [0]), math="y = cosh x", floating=True, numpy=np.cosh)
tanh = elementwise("tanh", np.tanh, D("1 − y²", lambda y, x: 1 - y * y, "y"), math="y = tanh x", floating=True, numpy=np.tanh)
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    D("1/√(1 − x²)", lambda y, x: 1 / np.sqrt(1 - x * x), reads=[0]),
    math="y = arcsin x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arcsin,
)
arccos = elementwise(
    "arccos",
    np.arccos,
    D("−1/√(1 − x²)", lambda y, x: -1 / np.sqrt(1 - x * x), reads=[0]),
    math="y = arccos x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arccos,
)
arctan = elementwise(
    "arctan",
    np.arctan,
    D("1/(1 + x²)", lambda y, x: 1 / (1 + x * x), reads=[0]),
    math="y = arctan x",
    floating=True,
    numpy=np.arctan,
)

# Chebyshev coefficients of erf(x)/x in x² on [0, 4] and of e^{x²}·erfc(x) on [2, 6], by interpolation at 22 nodes in 40 digits;
# the largest error against math.erf is 3e-15.
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

# -- activations ---------------------------------------------------------------------------------------------------


def _sigmoid(x: Any) -> Any:
    # e^(−|x|) can't overflow, and 1/(1+e) or e/(1+e) keep every digit of either tail.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid = elementwise(
    "sigmoid", _sigmoid, D("y(1 − y)", lambda y, x: y * (1 - y), "y"), math="y = 1/(1 + e⁻ˣ)", cost=4, floating=True
)
relu = elementwise(
    "relu", lambda x: np.maximum(x, 0), D("[x > 0]", lambda y, x: y > 0, "y"), math="y = max(x, 0)", domain=(0.2, 2.0)
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
    samples=lambda r: [Sample((r(3, low=low, high=low + 2),), {"slope": s}) for low in (-3.0, 0.5) for s in (0.01, 0.3)],
)


def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    scaled = beta * x
    return np.where(scaled > threshold, x, np.logaddexp(0, scaled) / beta)


softplus = elementwise(
    "softplus",
    _softplus,
    D("σ(βx)", lambda y, x, *, beta, threshold: sigmoid(beta * x), reads=[0]),
    math="y = ln(1 + e^(βx)) / β",
    cost=4,
    floating=True,
    params=[{"beta": 1.0, "threshold": 20.0}, {"beta": 2.5, "threshold": 20.0}],
)


def _silu_partial(y: Any, x: Any) -> Any:
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


silu = elementwise("silu", lambda x: x * _sigmoid(x), D("σ(x)(1 + x(1 − σ(x)))", _silu_partial, [0]), math="y = x·σ(x)", cost=5)

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

# -- choices -------------------------------------------------------------------------------------------------------


def _above(a: Any, b: Any, *, tie: float) -> Any:
    dtype = np.result_type(a, b)
    return ((a > b) + (tie * (a == b)).astype(dtype) if tie else a > b).astype(dtype)  # type: ignore[no-any-return]


above = elementwise(
    "above",
    _above,
    D("0", 0),
    D("0", 0),
    math="y = 1 where a > b, `tie` where a = b, 0 elsewhere",
    cost=2,
    samples=lambda r: [Sample((r(3), r(2, 3)), {"tie": 0.5}), Sample((r(3), 0.3), {"tie": 0.0})],
)
maximum = elementwise(
    "maximum",
    np.maximum,
    D("[a > b] + ½[a = b]", lambda y, a, b: above(a, b, tie=0.5), reads=[0, 1]),
    D("[b > a] + ½[a = b]", lambda y, a, b: above(b, a, tie=0.5), reads=[0, 1]),
    math="y = max(a, b)",
    numpy=np.maximum,
)
minimum = elementwise(
    "minimum",
    np.minimum,
    D("[a < b] + ½[a = b]", lambda y, a, b: above(b, a, tie=0.5), reads=[0, 1]),
    D("[b < a] + ½[a = b]", lambda y, a, b: above(a, b, tie=0.5), reads=[0, 1]),
    math="y = min(a, b)",
    numpy=np.minimum,
)
clamp = elementwise(
    "clamp",
    lambda x, *, low, high: np.clip(x, low, high),
    D("[low ≤ x ≤ high]", reads=[0], selects=lambda y, x, *, low, high: _within(x, low, high)),
    math="y = min(max(x, low), high)",
    cost=2,
    samples=lambda r: [
        Sample((r(4, 3),), {"low": -0.5, "high": 0.7}),
        Sample((r(4),), {"low": None, "high": 0.1}),
        Sample((r(4),), {"low": 0.1, "high": None}),
    ],
)


def _within(x: Any, low: float | None, high: float | None) -> Any:
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


where = elementwise(
    "where",
    np.where,
    None,
    D("[c]", reads=[0], selects=lambda y, c, a, b: c),
    D("[not c]", reads=[0], selects=lambda y, c, a, b: np.logical_not(c)),
    math="y = a where c, b elsewhere",
    samples=lambda r: [
        Sample((r.booleans(2, 3), r(2, 3), r(3))),
        Sample((r.booleans(3), r(), r(2, 1))),
        Sample((r.booleans(2, 3), r(2, 3), 0.0)),
    ],
)


def _cast(x: Any, *, dtype: Any) -> Any:
    return x.real.astype(dtype) if x.dtype.kind == "c" and np.dtype(dtype).kind != "c" else x.astype(dtype)


cast = linear(
    "cast",
    _cast,
    lambda y_bar, x, *, dtype: cast(y_bar, dtype=x.dtype),
    math="y = x in another dtype",
    text="X̄ += Ȳ in x's dtype",
    batch=lambda size, args, flags, *, dtype: cast(*args, dtype=dtype),
    samples=lambda r: [Sample((r(2, 3),), {"dtype": np.dtype(np.float64)})],
)

# -- piecewise constant: zero derivatives --------------------------------------------------------------------------

floor, ceil, round_, trunc = (
    elementwise(name, function, D("0", 0), math=text, domain=(0.1, 0.4), numpy=function)
    for name, function, text in (
        ("floor", np.floor, "y = ⌊x⌋"),
        ("ceil", np.ceil, "y = ⌈x⌉"),
        ("round", np.rint, "y = x rounded, halves to even"),
        ("trunc", np.trunc, "y = x without its fraction"),
    )
)

# -- comparisons and logic: no derivative at all -------------------------------------------------------------------

greater, greater_equal, less, less_equal, equal, not_equal, logical_and, logical_or, logical_xor = (
    elementwise(function.__name__, function, None, None, math=f"y = a {symbol} b", numpy=function)
    for function, symbol in (
        (np.greater, ">"),
        (np.greater_equal, "≥"),
        (np.less, "<"),
        (np.less_equal, "≤"),
        (np.equal, "="),
        (np.not_equal, "≠"),
        (np.logical_and, "∧"),
        (np.logical_or, "∨"),
        (np.logical_xor, "⊻"),
    )
)
logical_not, isnan, isinf, isfinite = (
    elementwise(function.__name__, function, None, math=text, numpy=function)
    for function, text in (
        (np.logical_not, "y = ¬x"),
        (np.isnan, "y = (x is NaN)"),
        (np.isinf, "y = (x is infinite)"),
        (np.isfinite, "y = (x is finite)"),
    )
)
bitwise_and, bitwise_or, bitwise_xor = (
    elementwise(
        function.__name__,
        function,
        None,
        None,
        math=f"y = a {symbol} b, bit by bit",
        numpy=function,
        samples=lambda r: [Sample((r.booleans(2, 3), r.booleans(3)))],
    )
    for function, symbol in ((np.bitwise_and, "&"), (np.bitwise_or, "|"), (np.bitwise_xor, "^"))
)
invert = elementwise(
    "invert", np.invert, None, math="y = ~x", numpy=np.invert, samples=lambda r: [Sample((r.booleans(2, 3),))]
)
floor_divide = elementwise(
    "floor_divide", np.floor_divide, D("0", 0), D("0", 0), math="y = ⌊a/b⌋", domain=[(0.1, 0.4), (0.6, 0.9)],
    numpy=np.floor_divide,
)  # fmt: skip
remainder = elementwise(
    "remainder",
    np.remainder,
    D("1", 1),
    D("−⌊a/b⌋", lambda y, a, b: -np.floor_divide(a, b), reads=[0, 1]),
    math="y = a − ⌊a/b⌋·b",
    domain=[(1.3, 1.4), (0.5, 0.6)],
    numpy=np.remainder,
)
