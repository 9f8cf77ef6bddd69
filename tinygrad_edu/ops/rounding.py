"""Rounding, integer and fractional parts, remainders, and the digits and exponents of floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.ops._numpy import implements

# -- piecewise constant: zero derivatives --------------------------------------------------------------------------

floor, ceil, trunc = (
    elementwise(name, function, D("0", 0), math=text, domain=(0.1, 0.4), numpy=function)
    for name, function, text in (
        ("floor", np.floor, "y = ⌊x⌋"),
        ("ceil", np.ceil, "y = ⌈x⌉"),
        ("trunc", np.trunc, "y = x without its fraction"),
    )
)
round_ = elementwise(
    "round",
    lambda x, *, decimals=0: np.round(x, decimals),
    D("0", 0),
    math="y = x rounded to so many decimals, halves to even",
    domain=(0.101, 0.104),
    params=[{}, {"decimals": 2}],
    complex=True,
)
floor_divide = elementwise(
    "floor_divide", np.floor_divide, D("0", 0), D("0", 0), math="y = ⌊a/b⌋", domain=[(0.1, 0.4), (0.6, 0.9)],
    numpy=np.floor_divide,
)  # fmt: skip
spacing = elementwise(
    "spacing",
    np.spacing,
    D("0", 0),
    math="y = the distance from x to the next number of its dtype",
    floating=True,
    numpy=np.spacing,
)


@implements(np.round, np.around, derivative="zero")
def round(x: Any, decimals: int = 0) -> Any:  # NumPy's name
    """`x` rounded to `decimals` decimals (negative: tens, hundreds, …), halves to even."""
    return round_(as_value(x), decimals=int(decimals))


@implements(np.rint, derivative="zero")
def rint(x: Any) -> Any:
    """`x` rounded to integers, halves to even, in a floating dtype."""
    x = as_value(x)
    return round_(x if x.dtype.kind in "fc" else x.to(get_default_dtype()))


if hasattr(np, "fix"):  # which NumPy 2.5 deprecates
    implements(np.fix, derivative="zero")(lambda x: trunc(x))

# -- what is left --------------------------------------------------------------------------------------------------

frac = elementwise(
    "frac",
    lambda x: np.modf(x)[0],
    D("1", 1),
    math="y = x − trunc x",
    domain=(0.1, 0.4),
    floating=True,
)
remainder = elementwise(
    "remainder",
    np.remainder,
    D("1", 1),
    D("−⌊a/b⌋", lambda y, a, b: -np.floor_divide(a, b), reads=[0, 1]),
    math="y = a − ⌊a/b⌋·b",
    domain=[(1.3, 1.4), (0.5, 0.6)],
    numpy=np.remainder,
)
fmod = elementwise(
    "fmod",
    np.fmod,
    D("1", 1),
    D("−trunc(a/b)", lambda y, a, b: -np.trunc(a / b), reads=[0, 1]),
    math="y = a − trunc(a/b)·b",
    samples=lambda r: [
        Sample((r(*shape, low=low, high=low + 0.1), r(*shape[1:], low=0.5, high=0.6)))
        for low in (-1.4, 1.3)
        for shape in ((2, 3), ())
    ],
    numpy=np.fmod,
)


@implements(np.divmod)
def divmod(a: Any, b: Any) -> tuple[Any, Any]:  # NumPy's name
    """⌊a/b⌋ and the remainder."""
    return floor_divide(a, b), remainder(a, b)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """The fraction and the integer part of `x`, both with its sign."""
    x = as_value(x)
    return frac(x), trunc(x if x.dtype.kind == "f" else x.to(get_default_dtype()))


# -- digits and exponents ------------------------------------------------------------------------------------------

nextafter = elementwise(
    "nextafter",
    np.nextafter,
    D("1", 1),
    D("0", 0),
    math="y = the number of a's dtype next to a towards b",
    domain=[(0.5, 1.0), (1.5, 2.0)],
    floating=True,
    numpy=np.nextafter,
)


def _power_of_two(x: Any, n: Any) -> Any:
    return np.ldexp(np.ones((), x.dtype), n)


ldexp = elementwise(
    "ldexp",
    np.ldexp,
    D("2ⁿ", lambda y, x, n: _power_of_two(x, n), reads=[1]),
    None,
    math="y = x · 2ⁿ, n an integer",
    samples=lambda r: [Sample((r(2, 3), np.array([0, 2, -1]))), Sample((r(3), 2)), Sample((r(), np.array([1, 3])))],
    floating=True,
    numpy=np.ldexp,
)
exponent = elementwise(
    "exponent",
    lambda x: np.frexp(x)[1],
    None,
    math="n with x = m·2ⁿ, ½ ≤ |m| < 1",
)
mantissa: Op = elementwise(
    "mantissa",
    lambda x: np.frexp(x)[0],
    D("2⁻ⁿ", lambda y, x: _power_of_two(x, -exponent(x)), reads=[0]),
    math="m with x = m·2ⁿ, ½ ≤ |m| < 1",
    domain=(0.6, 0.9),
    floating=True,
)


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """The mantissa m and the integer exponent n of x = m·2ⁿ, ½ ≤ |m| < 1."""
    x = as_value(x)
    x = x if x.dtype.kind == "f" else x.to(get_default_dtype())
    return mantissa(x), exponent(x)
