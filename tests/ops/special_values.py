"""Special functions by definitions other than those that the package computes them by: integrals, sums, Python's math."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np


def each(f: Callable[[float], float]) -> Callable[[Any], Any]:
    return np.vectorize(f, otypes=[float])


erf, erfc, lgamma, gamma = map(each, (math.erf, math.erfc, math.lgamma, math.gamma))
ndtr, ndtri = each(NormalDist().cdf), each(NormalDist().inv_cdf)

_HALF_TURN = (np.arange(200) + 0.5) * np.pi / 200  # midpoints: exact for smooth periodic functions
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def _to(end: float, f: Callable[[Any], Any]) -> Any:
    """∫₀ᵉⁿᵈ f, by Gauss's rule."""
    return (f((_NODES + 1) * end / 2) * _WEIGHTS * end / 2).sum(-1)


def bessel_i(x: Any, *, order: int, scaled: bool) -> Any:
    x = np.asarray(x)[..., None]
    values = np.exp(x * np.cos(_HALF_TURN) - (np.abs(x) if scaled else 0)) * np.cos(order * _HALF_TURN)
    return values.mean(-1)


def bessel_j(x: Any, *, order: int) -> Any:
    return np.cos(order * _HALF_TURN - np.asarray(x)[..., None] * np.sin(_HALF_TURN)).mean(-1)


def bessel_y(x: Any, *, order: int) -> Any:
    x = np.asarray(x)[..., None]
    turn = _to(np.pi, lambda t: np.sin(x * np.sin(t) - order * t))
    rest = _to(6.0, lambda t: (np.exp(order * t) + (-1) ** order * np.exp(-order * t)) * np.exp(-x * np.sinh(t)))
    return (turn - rest) / np.pi


def bessel_k(x: Any, *, order: int) -> Any:
    return _to(6.0, lambda t: np.exp(-np.asarray(x)[..., None] * np.cosh(t)) * np.cosh(order * t))


def zeta(s: Any, q: Any) -> Any:
    """The sum of 30 terms, and Euler and Maclaurin's formula for the rest."""
    total = sum((q + k) ** -s for k in range(30))
    a = q + 30
    tail = a ** (1 - s) / (s - 1) + a**-s / 2 + s * a ** (-s - 1) / 12
    return total + tail - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720


def polygamma(x: Any, *, order: int) -> Any:
    if order:
        return (-1) ** (order + 1) * math.factorial(order) * zeta(order + 1.0, x)
    a = x + 30
    return np.log(a) - 1 / (2 * a) - 1 / (12 * a**2) + 1 / (120 * a**4) - sum(1 / (x + k) for k in range(30))


def gammainc(a: Any, x: Any) -> Any:
    return sum(x ** (a + k) * np.exp(-x) / gamma(a + k + 1) for k in range(60))


def sinc(x: Any, *, order: int) -> Any:
    """∫₀¹ cos(πxt) dt, under whose sign one differentiates."""
    function = (np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v))[order]
    return _to(1.0, lambda t: (np.pi * t) ** order * function(np.pi * np.asarray(x)[..., None] * t))


REFERENCES = {
    "erf": erf,
    "erfc": erfc,
    "erfcx": lambda x: np.exp(x * x) * erfc(x),
    "erfinv": lambda x: ndtri((x + 1) / 2) / math.sqrt(2),
    "erfcinv": lambda x: -ndtri(x / 2) / math.sqrt(2),
    "ndtr": ndtr,
    "ndtri": ndtri,
    "log_ndtr": lambda x: np.log(ndtr(x)),
    "bessel_i": bessel_i,
    "bessel_j": bessel_j,
    "bessel_y": bessel_y,
    "bessel_k": bessel_k,
    "zeta": zeta,
    "polygamma": polygamma,
    "lgamma": lgamma,
    "gamma": gamma,
    "gammainc": gammainc,
    "gammaincc": lambda a, x: 1 - gammainc(a, x),
    "sinc": sinc,
    "logit": lambda x: np.log(x / (1 - x)),
    "xlogy": lambda x, y: x * np.log(y),
    "xlog1py": lambda x, y: x * np.log(1 + y),
    "entr": lambda x: -x * np.log(x),
}
