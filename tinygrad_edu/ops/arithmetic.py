"""Arithmetic, elementwise: sums and products, signs, powers and roots, and the change of dtype; one declaration each.

Derivatives at kinks follow PyTorch; the table is in docs/kinks.md.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, elementwise, linear
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops._numpy import implements

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


def _divide_by_dividend(y: Any, a: Any, b: Any) -> Any:
    # Python's 1 / 0 is an error where NumPy's is an infinity, as is the quotient itself.
    return math.copysign(math.inf, b) if isinstance(b, NUMBERS) and b == 0 else 1 / b


divide = elementwise(
    "divide",
    np.true_divide,
    D("1/b", _divide_by_dividend, reads=[1]),
    D("−(a/b)/b", lambda y, a, b: -(a / b) / b, reads=[0, 1]),
    math="y = a / b",
    domain=[(-2.0, 2.0), (0.5, 2.0)],
    floating=True,
    numpy=np.true_divide,
    complex=True,
)
negative = elementwise("negative", np.negative, D("−1", -1), math="y = −x", numpy=np.negative, complex=True)
positive = elementwise("positive", np.positive, D("1", 1), math="y = +x", cost=0, numpy=np.positive, complex=True)
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


def addcmul(x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    """x + value · a · b."""
    product = multiply(a, b)
    return x + (product if type(value) is int and value == 1 else value * product)


def addcdiv(x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    """x + value · a / b."""
    quotient = divide(a, b)
    return x + (quotient if type(value) is int and value == 1 else value * quotient)


def lerp(start: Any, end: Any, weight: Any) -> Any:
    """start + weight · (end − start)."""
    return start + weight * (end - start)


# -- signs ---------------------------------------------------------------------------------------------------------


def both_sides(r: Any) -> list[Sample]:
    """Samples of both signs that keep away from a kink at zero."""
    return [Sample((r(*shape, low=low, high=low + 1.8),)) for shape in ((), (2, 3)) for low in (-2.0, 0.2)]


def _direction(y: Any, x: Any) -> Any:
    return x / np.where(x == 0, 1, np.abs(x)) if x.dtype.kind == "c" else np.sign(x)


absolute = elementwise(
    "absolute",
    np.absolute,
    D("sign x", _direction, reads=[0]),
    math="y = |x|",
    samples=lambda r: [*both_sides(r), Sample((r.complex(2, 3),))],
    numpy=np.absolute,
    complex=True,
)


@implements(np.fabs)
def fabs(x: Any) -> Any:
    """|x| of real numbers, in a floating dtype."""
    x = as_value(x)
    if x.dtype.kind == "c":
        raise DTypeError(f"fabs: isn't defined for complex numbers, got {x.dtype}. Use np.abs.")
    return absolute(x if x.dtype.kind == "f" else x.to(get_default_dtype()))


sign = elementwise("sign", np.sign, D("0", 0), math="y = sign x", samples=both_sides)


@implements(np.sign)
def sgn(x: Any) -> Any:
    """The sign of real numbers; x/|x| of complex ones, and 0 at 0, where the derivative is taken as 0 too."""
    x = as_value(x)
    if x.dtype.kind != "c":
        return sign(x)
    zero = x == 0
    return np.where(zero, 0, x / np.where(zero, 1, np.abs(x)))


copysign = elementwise(
    "copysign",
    np.copysign,
    D("sign a · sign y", lambda y, a, b: np.sign(a) * np.sign(y), reads=[0, "y"]),
    D("0", 0),
    math="y = |a| with the sign of b",
    samples=lambda r: (
        [
            Sample((r(2, 3, low=low, high=low + 1.5), r(3, low=sign, high=sign + 1)))
            for low in (-2.0, 0.3)
            for sign in (-1.5, 0.5)
        ]
        + [Sample((r(low=0.3), r(low=0.3)))]
    ),
    floating=True,
    numpy=np.copysign,
)

# -- powers and roots ----------------------------------------------------------------------------------------------


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, NUMBERS) and b == 3 and a.dtype.kind in "fc":
        return a * a * a  # rounded as PyTorch's, in a tenth of the time
    return operator.pow(a, b)  # unlike np.power it squares where it can, seven times faster


def _power_by_base(y: Any, a: Any, b: Any) -> Any:
    # a⁰ is constant, also at a = 0, where b·aᵇ⁻¹ would be 0 · ∞.
    if isinstance(b, NUMBERS):
        return b * a ** (b - 1) if b != 0 else 0 * a
    return np.where(b == 0, 0, b * a ** np.where(b == 0, 1, b - 1))


def _power_by_exponent(y: Any, a: Any, b: Any) -> Any:
    if isinstance(a, NUMBERS) and a != 0:
        return y * (math.log(a) if a > 0 else math.nan)
    # 0ᵇ is constant for b ≥ 0, where y·ln a would be 0 · ∞; for b < 0 it is ∞, and so is its derivative.
    a = np.asarray(a, y.dtype) if isinstance(a, NUMBERS) else a
    at_zero = (a == 0) & (b >= 0) if b.dtype.kind != "c" else a == 0
    return y * np.log(np.where(at_zero, 1, a))


power = elementwise(
    "power",
    _power,
    D("b·aᵇ⁻¹", _power_by_base, reads=[0, 1]),
    D("y·ln a", _power_by_exponent, reads=["y", 0, 1]),
    math="y = aᵇ",
    domain=[(0.5, 2.0), (-2.0, 2.0)],
    numpy=np.power,
    complex=True,
)


@implements(np.float_power)
def float_power(a: Any, b: Any) -> Any:
    """aᵇ in float64 or complex128, whatever the dtypes."""
    wide = [x.to(np.complex128 if x.dtype.kind == "c" else np.float64) for x in map(as_value, (a, b))]
    return power(*wide)


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
rsqrt = elementwise(
    "rsqrt",
    lambda x: 1 / np.sqrt(x),
    D("−y³/2", lambda y, x: -0.5 * y * y * y, "y"),
    math="y = 1/√x",
    cost=2,
    domain=(0.5, 3.0),
    floating=True,
    complex=True,
)
cbrt = elementwise(
    "cbrt",
    np.cbrt,
    D("1/(3y²)", lambda y, x: 1 / (3 * y * y), "y"),
    math="y = ∛x",
    samples=both_sides,
    floating=True,
    numpy=np.cbrt,
)

# -- dtypes --------------------------------------------------------------------------------------------------------


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
