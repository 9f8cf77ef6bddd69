"""Bessel functions of integer order: the modified ones of the first kind here, the others computed by SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, Elementwise, elementwise
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops._scipy import scipy_special


def _bessel_i(x: Any, *, order: int, scaled: bool) -> Any:
    """I by its power series up to |x| = 20, all of whose terms have one sign, and by its expansion in 1/x beyond, whose
    terms fall there until they are below rounding (Abramowitz and Stegun, 9.6.10 and 9.7.1).
    """
    x = np.asarray(x)
    z = np.abs(x).astype(np.float64)
    near = np.minimum(z, 20)
    quarter = near * near / 4
    term = (near / 2) ** order / math.factorial(order)
    series = term
    for k in range(1, 50):
        term = term * quarter / (k * (k + order))
        series = series + term
    far = np.maximum(z, 20) if scaled else np.clip(z, 20, 1e4)  # from 714 on it is infinite
    term = np.ones_like(far)
    expansion = term
    for k in range(1, 30):
        term = -term * (4 * order**2 - (2 * k - 1) ** 2) / (8 * k * far)
        expansion = expansion + term
    expansion = expansion / np.sqrt(2 * np.pi * far)
    with np.errstate(over="ignore", invalid="ignore"):
        if scaled:
            y = np.where(z < 20, np.exp(-near) * series, expansion)
        else:
            half = np.exp(far / 2)  # e^x overflows before its quotient does
            y = np.where(z < 20, series, half * expansion * half)
    return (np.where(x < 0, -y, y) if order % 2 else y).astype(x.dtype)


def _bessel_i_partial(y: Any, x: Any, *, order: int, scaled: bool) -> Any:
    below = bessel_i(x, order=abs(order - 1), scaled=scaled)  # I₋₁ = I₁
    slope = (below + bessel_i(x, order=order + 1, scaled=scaled)) / 2
    return slope - np.sign(x) * bessel_i(x, order=order, scaled=True) if scaled else slope


bessel_i: Elementwise = elementwise(
    "bessel_i",
    _bessel_i,
    D("(Iₙ₋₁ + Iₙ₊₁)/2", _bessel_i_partial, reads=[0]),
    math="y = Iₙ(x), the modified Bessel function, scaled by e^(−|x|) if asked",
    cost=200,
    domain=(0.3, 2.0),
    params=[{"order": n, "scaled": scaled} for n in (0, 1) for scaled in (False, True)],
    floating=True,
)


@implements(np.i0)
def i0(x: Any) -> Any:
    """I₀(x), the modified Bessel function of the first kind."""
    return bessel_i(x, order=0, scaled=False)


def i1(x: Any) -> Any:
    """I₁(x)."""
    return bessel_i(x, order=1, scaled=False)


def i0e(x: Any) -> Any:
    """e^(−|x|)·I₀(x)."""
    return bessel_i(x, order=0, scaled=True)


def i1e(x: Any) -> Any:
    """e^(−|x|)·I₁(x)."""
    return bessel_i(x, order=1, scaled=True)


def _cylinder(name: str, letter: str, function: str, mirror: int, signs: tuple[int, int]) -> Elementwise:
    """A Bessel function with f₋₁ = `mirror`·f₁ and 2 fₙ′ = ±fₙ₋₁ ± fₙ₊₁ (Abramowitz and Stegun, 9.1.27, 9.6.26)."""
    values = scipy_special(function)

    def partial(y: Any, x: Any, *, order: int) -> Any:
        below = op(x, order=order - 1) if order else mirror * op(x, order=1)
        return (signs[0] * below + signs[1] * op(x, order=order + 1)) / 2

    op: Elementwise = elementwise(
        name,
        lambda x, *, order: values(order, x),
        D(f"(±{letter}ₙ₋₁ ± {letter}ₙ₊₁)/2", partial, reads=[0]),
        math=f"y = {letter}ₙ(x), a Bessel function",
        cost=200,
        domain=(0.5, 3.0),
        params=[{"order": 0}, {"order": 1}],
        floating=True,
    )
    return op


bessel_j = _cylinder("bessel_j", "J", "jv", -1, (1, -1))
bessel_y = _cylinder("bessel_y", "Y", "yv", -1, (1, -1))
bessel_k = _cylinder("bessel_k", "K", "kv", 1, (-1, -1))


def bessel_j0(x: Any) -> Any:
    """J₀(x), the Bessel function of the first kind."""
    return bessel_j(x, order=0)


def bessel_j1(x: Any) -> Any:
    """J₁(x)."""
    return bessel_j(x, order=1)


def bessel_y0(x: Any) -> Any:
    """Y₀(x), the Bessel function of the second kind."""
    return bessel_y(x, order=0)


def bessel_y1(x: Any) -> Any:
    """Y₁(x)."""
    return bessel_y(x, order=1)


def modified_bessel_k0(x: Any) -> Any:
    """K₀(x), the modified Bessel function of the second kind."""
    return bessel_k(x, order=0)


def modified_bessel_k1(x: Any) -> Any:
    """K₁(x)."""
    return bessel_k(x, order=1)
