"""Elementwise ops: arithmetic, elementary functions, choices and comparisons, one declaration each.

Derivatives at kinks follow PyTorch; the table is in docs/kinks.md.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, Elementwise, elementwise, linear
from tinygrad_edu.engine.op import Op, Sample

NUMBERS = (int, float)

# -- arithmetic ----------------------------------------------------------------------------------------------------

add = elementwise("add", np.add, D("1", 1), D("1", 1), math="y = a + b", numpy=np.add, complex=True)
subtract = elementwise(
    "subtract", np.subtract, D("1", 1), D("−1", -1), math="y = a − b", numpy=np.subtract, complex=True
)
multiply = elementwise(
    "multiply",
    np.multiply,
    D("b", lambda y, a, b: b, reads=[1]),
    D("a", lambda y, a, b: a, reads=[0]),
    math="y = a · b",
    numpy=np.multiply,
    complex=True,
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
    complex=True,
)
negative = elementwise("negative", np.negative, D("−1", -1), math="y = −x", numpy=np.negative, complex=True)
positive = elementwise("positive", np.positive, D("1", 1), math="y = +x", cost=0, numpy=np.positive, complex=True)


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
    complex=True,
)

# -- elementary functions ------------------------------------------------------------------------------------------

exp = elementwise(
    "exp", np.exp, D("y", lambda y, x: y, reads="y"), math="y = eˣ", floating=True, numpy=np.exp, complex=True
)
exp2 = elementwise(
    "exp2", np.exp2, D("y·ln 2", lambda y, x: math.log(2) * y, reads="y"), math="y = 2ˣ", floating=True, numpy=np.exp2
)
expm1 = elementwise(
    "expm1",
    np.expm1,
    D("y + 1", lambda y, x: y + 1, "y"),
    math="y = eˣ − 1",
    floating=True,
    numpy=np.expm1,
    complex=True,
)


def _log_like(name: str, function: np.ufunc, text: str, math_text: str, partial: Any, low: float = 0.5) -> Elementwise:
    return elementwise(
        name,
        function,
        D(text, partial, reads=[0]),
        math=math_text,
        floating=True,
        numpy=function,
        domain=(low, 3.0),
        complex=True,
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
    complex=True,
)
square = elementwise(
    "square", np.square, D("2x", lambda y, x: 2 * x, reads=[0]), math="y = x²", numpy=np.square, complex=True
)
reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    D("−y²", lambda y, x: -y * y, "y"),
    math="y = 1/x",
    domain=(0.5, 2.0),
    floating=True,
    numpy=np.reciprocal,
    complex=True,
)


def both_sides(r: Any) -> list[Sample]:
    """Samples of both signs that keep away from a kink at zero."""
    return [Sample((r(*shape, low=low, high=low + 1.8),)) for shape in ((), (2, 3)) for low in (-2.0, 0.2)]


sign = elementwise("sign", np.sign, D("0", 0), math="y = sign x", samples=both_sides, numpy=np.sign)


def _direction(y: Any, x: Any) -> Any:
    return x / np.where(x == 0, 1, np.abs(x)) if x.dtype.kind == "c" else np.sign(x)


absolute = elementwise(
    "absolute",
    np.absolute,
    D("sign x", _direction, reads=[0]),
    math="y = |x|",
    samples=lambda r: [*both_sides(r), Sample((r.complex(2, 3),))],
    numpy=[np.absolute, np.fabs],
    complex=True,
)
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
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    D("1/√(1 − x²)", lambda y, x: 1 / np.sqrt(1 - x * x), reads=[0]),
    math="y = arcsin x",
    domain=(-0.8, 0.8),
    floating=True,
    numpy=np.arcsin,
    complex=True,
)
arccos = elementwise(
    "arccos",
    np.arccos,
    D("−1/√(1 − x²)", lambda y, x: -1 / np.sqrt(1 - x * x), reads=[0]),
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

# -- choices -------------------------------------------------------------------------------------------------------


def _above(a: Any, b: Any, *, tie: float) -> Any:
    dtype = np.result_type(a, b)
    return ((a > b) + (tie * (a == b)).astype(dtype) if tie else a > b).astype(dtype)


above: Op = elementwise(
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
    numpy=np.where,
    complex=True,
    samples=lambda r: [
        Sample((r.booleans(2, 3), r(2, 3), r(3))),
        Sample((r.booleans(3), r(), r(2, 1))),
        Sample((r.booleans(2, 3), r(2, 3), 0.0)),
        Sample((r.booleans(2, 3), r.complex(2, 3), r.complex(3))),
    ],
)


def _cast(x: Any, *, dtype: Any) -> Any:
    return x.real.astype(dtype) if x.dtype.kind == "c" and np.dtype(dtype).kind != "c" else x.astype(dtype)


cast: Op = linear(
    "cast",
    _cast,
    lambda y_bar, x, *, dtype: cast(y_bar, dtype=x.dtype),
    math="y = x in another dtype",
    text="X̄ += Ȳ in x's dtype",
    batch=lambda size, args, flags, *, dtype: cast(*args, dtype=dtype),
    samples=lambda r: [Sample((r(2, 3),), {"dtype": np.dtype(np.float64)})],
)

to_integer = elementwise(
    "to_integer",
    lambda x, *, dtype: x.astype(dtype),
    None,
    math="y = x as integers or truth values, without a derivative",
    params=[{"dtype": np.dtype(np.int64)}, {"dtype": np.dtype(np.bool_)}],
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
