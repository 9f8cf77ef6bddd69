"""Exponentials and logarithms, elementwise, one declaration each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, Elementwise, elementwise

exp = elementwise(
    "exp", np.exp, D("y", lambda y, x: y, reads="y"), math="y = eˣ", floating=True, numpy=np.exp, complex=True
)
exp2 = elementwise(
    "exp2",
    np.exp2,
    D("y·ln 2", lambda y, x: math.log(2) * y, reads="y"),
    math="y = 2ˣ",
    floating=True,
    numpy=np.exp2,
    complex=True,
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


def _ahead(b: Any, a: Any) -> Any:
    """b − a, and 0 where both are the same infinity, whose difference is NaN."""
    return np.where((a == b) & np.isinf(a), 0, b - a)


def _log_sum(name: str, function: np.ufunc, exponential: Elementwise, math: str) -> Elementwise:
    # e^(−ln(1 + e^(b − a))) overflows nowhere, where 1/(1 + e^(b − a)) does.
    op = elementwise(
        name,
        function,
        D("a's part of the sum", lambda y, a, b: exponential(-op(_ahead(b, a), 0)), reads=[0, 1]),
        D("b's part of the sum", lambda y, a, b: exponential(-op(_ahead(a, b), 0)), reads=[0, 1]),
        math=math,
        cost=4,
        floating=True,
        numpy=function,
    )
    return op


logaddexp = _log_sum("logaddexp", np.logaddexp, exp, "y = ln(eᵃ + eᵇ)")
logaddexp2 = _log_sum("logaddexp2", np.logaddexp2, exp2, "y = log₂(2ᵃ + 2ᵇ)")


def _xlogy(name: str, of: Elementwise, text: str, offset: int, low: float) -> Elementwise:
    def forward(x: Any, y: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.asarray(y, np.result_type(x, y))  # where a number would widen float32
            zero = (np.asarray(x) == 0) & ~np.isnan(y)
            return np.where(zero, 0, x * of.forward(np.where(zero, 1, y)))

    def by_x(_: Any, x: Any, y: Any) -> Any:
        y = np.asarray(y, x.dtype) if isinstance(y, int | float) else y
        masked = (x == 0) & (y <= -offset)
        return np.where(masked, 0, of(np.where(masked, 1, y)))

    def by_y(_: Any, x: Any, y: Any) -> Any:
        argument = y + offset
        return x / np.where((x == 0) & (argument == 0), 1, argument)

    return elementwise(
        name,
        forward,
        D(text, by_x, reads=[0, 1]),
        D(f"x/({offset} + y)" if offset else "x/y", by_y, reads=[0, 1]),
        math=f"z = x·{text}, and 0 where x = 0",
        cost=2,
        domain=[(-2.0, 2.0), (low, 3.0)],
        floating=True,
    )


xlogy = _xlogy("xlogy", log, "ln y", 0, 0.5)
xlog1py = _xlogy("xlog1py", log1p, "ln(1 + y)", 1, -0.5)

entr = elementwise(
    "entr",
    lambda x: np.where(x < 0, -np.inf, -xlogy.forward(x, np.where(x > 0, x, 1))).astype(x.dtype),
    D("−ln x − 1", lambda y, x: -np.log(x) - 1, reads=[0]),
    math="y = −x·ln x, 0 at 0, and −∞ below",
    cost=3,
    domain=(0.3, 2.0),
    floating=True,
)
