"""`np.emath`: square roots, logarithms, powers and inverse functions that turn complex where the real result would be NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.ops import arithmetic, exponential, trigonometric
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.complex import concretely


def _complex_if(outside: Any, x: Any, name: str) -> Any:
    """`x` in a complex dtype if any of its (real) elements lies `outside` of the function's real domain."""
    x = as_value(float(x) if isinstance(x, int | float) else x)
    if x.dtype.kind == "c":
        return x
    function = f"np.emath.{name}"
    if concretely(np.any(outside(x)), function, f"{function}(x.to(np.complex128)) or np.{name}(x)"):
        return x.to(np.result_type(x.dtype, np.complex64))
    return x


def _negative(x: Any) -> Any:
    return x < 0


def _above_one(x: Any) -> Any:
    return np.abs(x) > 1


@implements(np.emath.sqrt)
def sqrt(x: Any) -> Any:
    """√x, complex if any x < 0."""
    return arithmetic.sqrt(_complex_if(_negative, x, "sqrt"))


@implements(np.emath.log)
def log(x: Any) -> Any:
    """ln x, complex if any x < 0."""
    return exponential.log(_complex_if(_negative, x, "log"))


@implements(np.emath.log2)
def log2(x: Any) -> Any:
    """log₂ x, complex if any x < 0."""
    return exponential.log2(_complex_if(_negative, x, "log2"))


@implements(np.emath.log10)
def log10(x: Any) -> Any:
    """log₁₀ x, complex if any x < 0."""
    return exponential.log10(_complex_if(_negative, x, "log10"))


@implements(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """The logarithm of x to the base n, complex if either is negative."""
    return log(x) / log(n)


@implements(np.emath.power)
def power(x: Any, p: Any) -> Any:
    """xᵖ, complex if any x < 0; integers to a negative power as floating-point numbers."""
    x, p = _complex_if(_negative, x, "power"), p if isinstance(p, int | float | complex) else as_value(p)
    if getattr(p, "dtype", np.dtype(type(p))).kind in "iub" and concretely(np.any(p < 0), "np.emath.power", "np.power"):
        p = p * 1.0
    return arithmetic.power(x, p)


@implements(np.emath.arccos)
def arccos(x: Any) -> Any:
    """arccos x, complex if any |x| > 1."""
    return trigonometric.arccos(_complex_if(_above_one, x, "arccos"))


@implements(np.emath.arcsin)
def arcsin(x: Any) -> Any:
    """arcsin x, complex if any |x| > 1."""
    return trigonometric.arcsin(_complex_if(_above_one, x, "arcsin"))


@implements(np.emath.arctanh)
def arctanh(x: Any) -> Any:
    """artanh x, complex if any |x| > 1."""
    return trigonometric.arctanh(_complex_if(_above_one, x, "arctanh"))
