"""Comparisons, truth values and bits, elementwise: nothing here has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import elementwise
from tinygrad_edu.engine.op import Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import DTypeError
from tinygrad_edu.ops._numpy import implements

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
bitwise_count = elementwise(
    "bitwise_count",
    np.bitwise_count,
    None,
    math="y = the number of ones in |x|",
    numpy=np.bitwise_count,
    samples=lambda r: [Sample((np.array([0, 3, -7]),))],
)
left_shift, right_shift, gcd, lcm = (
    elementwise(
        function.__name__,
        function,
        None,
        None,
        math=text,
        numpy=function,
        samples=lambda r: [Sample((np.array([[12, 18, 7]]), np.array([[2], [3]])))],
    )
    for function, text in (
        (np.left_shift, "y = a · 2ᵇ, of integers"),
        (np.right_shift, "y = ⌊a / 2ᵇ⌋, of integers"),
        (np.gcd, "y = the greatest common divisor"),
        (np.lcm, "y = the least common multiple"),
    )
)
signbit = elementwise("signbit", np.signbit, None, math="y = (x has a minus sign)", numpy=np.signbit)

# -- composed ------------------------------------------------------------------------------------------------------


def _not_complex(name: str, x: Any) -> Any:
    x = as_value(x)
    if x.dtype.kind == "c":
        raise DTypeError(f"{name}: isn't defined for complex numbers, got {x.dtype}. Use x.real or x.imag.")
    return x


@implements(np.isposinf, derivative="none")
def isposinf(x: Any) -> Any:
    """Whether each element is +∞."""
    return _not_complex("isposinf", x) == np.inf


@implements(np.isneginf, derivative="none")
def isneginf(x: Any) -> Any:
    """Whether each element is −∞."""
    return _not_complex("isneginf", x) == -np.inf


@implements(np.isreal, derivative="none")
def isreal(x: Any) -> Any:
    """Whether each element has an imaginary part of zero."""
    return np.imag(as_value(x)) == 0


@implements(np.iscomplex, derivative="none")
def iscomplex(x: Any) -> Any:
    """Whether each element has an imaginary part other than zero."""
    return np.imag(as_value(x)) != 0


@implements(np.iscomplexobj, derivative="none")
def iscomplexobj(x: Any) -> bool:
    """Whether `x` has a complex dtype."""
    return as_value(x).dtype.kind == "c"


@implements(np.isrealobj, derivative="none")
def isrealobj(x: Any) -> bool:
    """Whether `x` has a dtype that isn't complex."""
    return not iscomplexobj(x)


def _number_or_value(x: Any) -> Any:
    return x if isinstance(x, int | float | complex) else as_value(x)


@implements(np.isclose, derivative="none")
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether |a − b| ≤ atol + rtol·|b|, or both are the same infinity (with `equal_nan`, both NaN)."""
    a, b, rtol, atol = (_number_or_value(x) for x in (a, b, rtol, atol))
    with np.errstate(invalid="ignore"):
        near = np.less_equal(np.abs(a - b), atol + rtol * np.abs(b)) & np.isfinite(b) | (a == b)
        return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near


def _truth(found: Any) -> Any:
    """A 0-d result as Python's truth value, as NumPy gives it; a value of a transform, which has none, as it is."""
    return found if isinstance(found, Tensor) and found.level else bool(found)


@implements(np.allclose, derivative="none")
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    """Whether all elements are close, as `isclose` has it."""
    return _truth(np.all(isclose(a, b, rtol, atol, equal_nan)))


@implements(np.array_equal, derivative="none")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether the shapes and all elements are equal."""
    a1, a2 = as_value(a1), as_value(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return _truth(np.all(same | (np.isnan(a1) & np.isnan(a2)) if equal_nan else same))


@implements(np.array_equiv, derivative="none")
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether the shapes broadcast and all elements are equal then."""
    a1, a2 = as_value(a1), as_value(a2)
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return _truth(np.all(a1 == a2))
