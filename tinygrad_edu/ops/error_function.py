"""The error function and its relatives, among them the distribution function of the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from tinygrad_edu.engine.families import D, elementwise
from tinygrad_edu.ops._scipy import scipy_special

# Chebyshev coefficients of erf(x)/x in x² on [0, 4], and of x·e^{x²}·erfc(x) in 4/x² for x ≥ 2, by interpolation at 22
# and 40 nodes in 40 digits; the largest error of erf against math.erf is 3e-15, of erfc relative to math.erfc 1e-13.
# fmt: off
_ERF_CORE = (
    0.7415552820424018, -0.30107107338659495, 0.06899483068983156, -0.013916271264722188, 0.0024207995224334636,
    -0.0003658639685848086, 4.862098443231905e-05, -5.749256558035685e-06, 6.113243578434765e-07, -5.8991015312958435e-08,
    5.2070090920686485e-09, -4.2329758799655433e-10, 3.188113506649175e-11, -2.2361550188326843e-12, 1.467329847991085e-13,
    -9.044001985381747e-15, 5.254813715470919e-16,
)
_ERFCX_TAIL = (
    0.53575896551014624, -0.026532434337606716, 0.0017111539779208559, -0.00016375166345851788, 1.9871293500552036e-5,
    -2.8437124127665551e-6, 4.6061613089631304e-7, -8.2277530258792084e-8, 1.5921418727709011e-8, -3.2950713622528432e-9,
    7.2234397604005555e-10, -1.6648558133987296e-10, 4.0103925882376648e-11, -1.0048162144257311e-11, 2.6082759133003338e-12,
    -6.9911105604040249e-13, 1.9294923332617071e-13, -5.4701311887543311e-14, 1.5896633097626975e-14, -4.7268939801975548e-15,
    1.4358733767849847e-15, -4.4495105618173567e-16, 1.4048108847682314e-16,
)
# fmt: on


def _core(x: Any) -> Any:
    """erf(x) for |x| ≤ 2."""
    return x * chebyshev.chebval(np.minimum(x * x, 4) / 2 - 1, _ERF_CORE)


def _tail(x: Any) -> Any:
    """e^(x²)·erfc(x) for x ≥ 2."""
    x = np.maximum(x, 2)
    half = 2 / x
    return chebyshev.chebval(2 * (half * half) - 1, _ERFCX_TAIL) / x


def _gauss(x: Any) -> Any:
    """e^(−x²), which is 0 beyond x = 30 in float64; kept from overflowing on the way."""
    x = np.minimum(np.abs(x), 30)
    return np.exp(-x * x)


# erf(x)/x in x² on [−4, 4] as a quotient of polynomials, to a few units in the last place of float32 (Eigen's, of which
# XLA has a copy).
_ERF_32 = (
    (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04,
     -2.95459980854025e-03, -1.60960333262415e-02),
    (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02),
)  # fmt: skip
_BLOCK = 8192  # elements whose intermediate values stay in the nearest cache


def _erf_32(x: Any) -> Any:
    """erf of a float32 array: a twentieth of the time of the expansion for float64, and models do it all the time."""
    flat = x.reshape(-1)
    y = np.empty(x.size, np.float32)
    for start in range(0, x.size, _BLOCK):
        z = np.clip(flat[start : start + _BLOCK], -4, 4)
        square = z * z
        above, below = (_horner(square, coefficients) for coefficients in _ERF_32)
        above *= z
        np.divide(above, below, out=y[start : start + _BLOCK])
    return y.reshape(x.shape)


def _horner(x: Any, coefficients: tuple[float, ...]) -> Any:
    first, second, *rest = map(np.float32, coefficients)
    total = first * x
    total += second
    for coefficient in rest:
        total *= x
        total += coefficient
    return total


def erf_values(x: Any) -> Any:
    """The error function of an array."""
    if type(x) is np.ndarray and x.dtype == np.float32:
        return _erf_32(x)
    z = np.abs(x)
    return np.where(z < 2, _core(np.clip(x, -2, 2)), np.sign(x) * (1 - _gauss(x) * _tail(z))).astype(
        np.asarray(x).dtype, copy=False
    )


def _erfc(x: Any) -> Any:
    tail = _gauss(x) * _tail(np.abs(x))
    return np.where(np.abs(x) < 2, 1 - _core(np.clip(x, -2, 2)), np.where(x > 0, tail, 2 - tail)).astype(
        np.asarray(x).dtype, copy=False
    )


def _erfcx(x: Any) -> Any:
    with np.errstate(over="ignore"):
        grown = np.exp(np.where(x < 2, x * x, 0))
    return np.where(x < 2, grown * _erfc(np.minimum(x, 2)), _tail(x)).astype(np.asarray(x).dtype, copy=False)


_ROOT_2 = math.sqrt(2)
_ROOT_PI = math.sqrt(math.pi)
_ROOT_2_PI = math.sqrt(2 * math.pi)

erf = elementwise(
    "erf",
    erf_values,
    D("2/√π · e^(−x²)", lambda y, x: 2 / _ROOT_PI * np.exp(-x * x), reads=[0]),
    math="y = erf x",
    cost=100,
    floating=True,
)
erfc = elementwise(
    "erfc",
    _erfc,
    D("−2/√π · e^(−x²)", lambda y, x: -2 / _ROOT_PI * np.exp(-x * x), reads=[0]),
    math="y = 1 − erf x",
    cost=100,
    floating=True,
)
erfcx = elementwise(
    "erfcx",
    _erfcx,
    D("2xy − 2/√π", lambda y, x: 2 * x * y - 2 / _ROOT_PI, reads=["y", 0]),
    math="y = e^(x²)·erfc x",
    cost=100,
    floating=True,
)
erfinv = elementwise(
    "erfinv",
    scipy_special("erfinv"),
    D("√π/2 · e^(y²)", lambda y, x: _ROOT_PI / 2 * np.exp(y * y), reads="y"),
    math="y with erf y = x",
    cost=100,
    overwritable=True,
    domain=(-0.8, 0.8),
    floating=True,
)
erfcinv = elementwise(
    "erfcinv",
    scipy_special("erfcinv"),
    D("−√π/2 · e^(y²)", lambda y, x: -_ROOT_PI / 2 * np.exp(y * y), reads="y"),
    math="y with erfc y = x",
    cost=100,
    domain=(0.2, 1.8),
    floating=True,
)
ndtr = elementwise(
    "ndtr",
    lambda x: 0.5 * _erfc(-x / _ROOT_2),
    D("φ(x)", lambda y, x: np.exp(-0.5 * x * x) / _ROOT_2_PI, reads=[0]),
    math="y = Φ(x), the distribution function of the normal distribution",
    cost=100,
    floating=True,
)
ndtri = elementwise(
    "ndtri",
    scipy_special("ndtri"),
    D("1/φ(y)", lambda y, x: _ROOT_2_PI * np.exp(0.5 * y * y), reads="y"),
    math="y with Φ(y) = x",
    cost=100,
    domain=(0.1, 0.9),
    floating=True,
)


def _log_ndtr(x: Any) -> Any:
    # Below −1 from the scaled tail, which keeps its digits where Φ itself underflows.
    low = np.minimum(x, -1)
    with np.errstate(divide="ignore"):
        tail = np.log(0.5 * _erfcx(-low / _ROOT_2)) - 0.5 * low * low
    return np.where(x < -1, tail, np.log1p(-0.5 * _erfc(np.maximum(x, -1) / _ROOT_2))).astype(
        np.asarray(x).dtype, copy=False
    )


def _log_ndtr_partial(y: Any, x: Any) -> Any:
    # φ(x)/Φ(x) = √(2/π)/erfcx(−x/√2), whose denominator overflows to the right answer.
    return math.sqrt(2 / math.pi) / erfcx(-x / _ROOT_2)


log_ndtr = elementwise(
    "log_ndtr",
    _log_ndtr,
    D("φ(x)/Φ(x)", _log_ndtr_partial, reads=[0]),
    math="y = ln Φ(x)",
    cost=200,
    floating=True,
)
