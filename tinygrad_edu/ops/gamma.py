"""The gamma function and its relatives, computed by SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import D, Elementwise, elementwise
from tinygrad_edu.engine.levels import Batched
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, as_value, is_recording
from tinygrad_edu.errors import ConfigError, UnsupportedError
from tinygrad_edu.ops._scipy import scipy_special
from tinygrad_edu.ops.exponential import exp

_psi, _zeta = scipy_special("psi"), scipy_special("zeta")


def _polygamma(x: Any, *, order: int) -> Any:
    if order == 0:
        return _psi(x)
    x = np.asarray(x)
    scale = (-1) ** (order + 1) * math.factorial(order)  # ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x)
    return (scale * _zeta(order + 1.0, x)).astype(x.dtype, copy=False)


polygamma_: Elementwise = elementwise(
    "polygamma",
    _polygamma,
    D("ψ⁽ⁿ⁺¹⁾(x)", lambda y, x, *, order: polygamma_(x, order=order + 1), reads=[0]),
    math="y = ψ⁽ⁿ⁾(x), the derivatives of ln Γ(x) from the first on",
    cost=100,
    domain=(0.6, 3.0),
    params=[{"order": 0}, {"order": 1}, {"order": 2}],
    floating=True,
)
lgamma = elementwise(
    "lgamma",
    scipy_special("gammaln"),
    D("ψ(x)", lambda y, x: polygamma_(x, order=0), reads=[0]),
    math="y = ln |Γ(x)|",
    cost=50,
    domain=(0.6, 3.0),
    floating=True,
)
gamma = elementwise(
    "gamma",
    scipy_special("gamma"),
    D("y·ψ(x)", lambda y, x: y * polygamma_(x, order=0), reads=["y", 0]),
    math="y = Γ(x)",
    cost=50,
    domain=(0.6, 3.0),
    floating=True,
)


def digamma(x: Any) -> Any:
    """ψ(x), the derivative of ln Γ(x)."""
    return polygamma_(x, order=0)


def polygamma(n: int, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x), the n-th derivative of `digamma`."""
    if n != int(n) or n < 0:
        raise ConfigError(f"polygamma: the order n is a non-negative integer, not {n!r}.")
    return polygamma_(x, order=int(n))


def mvlgamma(x: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension `p`."""
    if p < 1:
        raise ConfigError(f"mvlgamma: the dimension p is at least 1, not {p}.")
    total = lgamma(x)
    for j in range(1, p):
        total = total + lgamma(x - j / 2)
    return total + p * (p - 1) / 4 * math.log(math.pi)


def betaln(a: Any, b: Any) -> Any:
    """ln B(a, b), the beta function, for positive a and b."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta(a: Any, b: Any) -> Any:
    """B(a, b) = Γ(a)·Γ(b)/Γ(a + b), for positive a and b."""
    return exp(betaln(a, b))


# -- functions of two arguments that have a derivative in the second only ------------------------------------------


def _density(y: Any, a: Any, x: Any) -> Any:
    """xᵃ⁻¹ e⁻ˣ / Γ(a), the density of the gamma distribution."""
    return np.exp((a - 1) * np.log(x) - x - lgamma(a))


def _incomplete(name: str, sign: int, math: str) -> Elementwise:
    return elementwise(
        name,
        scipy_special(name),
        None,
        D(f"{'−' * (sign < 0)}xᵃ⁻¹e⁻ˣ/Γ(a)", lambda y, a, x: sign * _density(y, a, x), reads=[0, 1]),
        math=math,
        cost=100,
        domain=(0.6, 3.0),
        floating=True,
    )


gammainc_ = _incomplete("gammainc", 1, "y = P(a, x), the regularized lower incomplete gamma function")
gammaincc_ = _incomplete("gammaincc", -1, "y = Q(a, x) = 1 − P(a, x), the regularized upper one")
zeta_: Elementwise = elementwise(
    "zeta",
    _zeta,
    None,
    D("−s·ζ(s + 1, q)", lambda y, s, q: -s * zeta_(s + 1, q), reads=[0, 1]),
    math="y = ζ(s, q) = Σₖ (k + q)⁻ˢ, the Hurwitz zeta function",
    cost=100,
    domain=(1.5, 3.0),
    floating=True,
)


def _constant(name: str, argument: str, value: Any, x: Any) -> Any:
    """A first argument as a constant in the precision of `x`; UnsupportedError if it is to be differentiated."""
    if _moves(value):
        raise UnsupportedError(
            f"{name}: has no derivative in {argument}, which here would need one; give {argument} as a constant, e.g. "
            f"{argument}.detach()."
        )
    value, x = as_value(value), as_value(x)
    if value.ndim and value.dtype.kind == "f":
        return value
    return value.to(x.dtype if x.dtype.kind == "f" else get_default_dtype())


def _moves(value: Any) -> bool:
    """Whether a derivative is asked for: by a graph, or by a transform that carries one beside the value."""
    if not isinstance(value, Tensor):
        return False
    carried = value.level and not isinstance(value, Batched)
    return bool(carried) or is_recording(value) or any(_moves(part) for part in value.parts())


def gammainc(a: Any, x: Any) -> Any:
    """P(a, x) = ∫₀ˣ tᵃ⁻¹e⁻ᵗ dt / Γ(a). Differentiable in `x` alone: UnsupportedError for an `a` that has a derivative."""
    return gammainc_(_constant("gammainc", "a", a, x), x)


def gammaincc(a: Any, x: Any) -> Any:
    """Q(a, x) = 1 − P(a, x). Differentiable in `x` alone: UnsupportedError for an `a` that has a derivative."""
    return gammaincc_(_constant("gammaincc", "a", a, x), x)


def zeta(s: Any, q: Any) -> Any:
    """ζ(s, q). Differentiable in `q` alone: UnsupportedError for an `s` that has a derivative."""
    return zeta_(_constant("zeta", "s", s, q), q)
