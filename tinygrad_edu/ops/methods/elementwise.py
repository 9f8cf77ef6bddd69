"""Tensor's methods that act on each element alone: elementary functions, rounding, and questions about a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_edu.ops import activation, bessel, error_function, fused, gamma
from tinygrad_edu.ops import complex as complex_
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.methods._spelling import np

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Unary:
    """One tensor in, one of its shape out."""

    __slots__ = ()

    def abs(self: Any) -> Tensor:
        return e.absolute(self)

    def ceil(self: Any) -> Tensor:
        return e.ceil(self)

    def cos(self: Any) -> Tensor:
        return e.cos(self)

    def cosh(self: Any) -> Tensor:
        return e.cosh(self)

    def acos(self: Any) -> Tensor:
        return e.arccos(self)

    def acosh(self: Any) -> Tensor:
        return e.arccosh(self)

    def asin(self: Any) -> Tensor:
        return e.arcsin(self)

    def asinh(self: Any) -> Tensor:
        return e.arcsinh(self)

    def atan(self: Any) -> Tensor:
        return e.arctan(self)

    def atanh(self: Any) -> Tensor:
        return e.arctanh(self)

    def exp(self: Any) -> Tensor:
        return e.exp(self)

    def exp2(self: Any) -> Tensor:
        return e.exp2(self)

    def expm1(self: Any) -> Tensor:
        return e.expm1(self)

    def floor(self: Any) -> Tensor:
        return e.floor(self)

    def log(self: Any) -> Tensor:
        return e.log(self)

    def log10(self: Any) -> Tensor:
        return e.log10(self)

    def log1p(self: Any) -> Tensor:
        return e.log1p(self)

    def log2(self: Any) -> Tensor:
        return e.log2(self)

    def neg(self: Any) -> Tensor:
        return e.negative(self)

    def positive(self: Any) -> Tensor:
        return e.positive(self)

    def reciprocal(self: Any) -> Tensor:
        return e.reciprocal(self)

    def rsqrt(self: Any) -> Tensor:
        return e.rsqrt(self)

    def sign(self: Any) -> Tensor:
        return e.sign(self)

    def sin(self: Any) -> Tensor:
        return e.sin(self)

    def sinh(self: Any) -> Tensor:
        return e.sinh(self)

    def sqrt(self: Any) -> Tensor:
        return e.sqrt(self)

    def square(self: Any) -> Tensor:
        return e.square(self)

    def tan(self: Any) -> Tensor:
        return e.tan(self)

    def tanh(self: Any) -> Tensor:
        return e.tanh(self)

    def trunc(self: Any) -> Tensor:
        return e.trunc(self)

    def frac(self: Any) -> Tensor:
        return e.frac(self)

    def deg2rad(self: Any) -> Tensor:
        return e.radians(self)

    def rad2deg(self: Any) -> Tensor:
        return e.degrees(self)

    def sinc(self: Any) -> Tensor:
        return e.sinc(self)

    def i0(self: Any) -> Tensor:
        return bessel.i0(self)

    def relu(self: Any) -> Tensor:
        return activation.relu(self)

    def sigmoid(self: Any) -> Tensor:
        return activation.sigmoid(self)

    def erf(self: Any) -> Tensor:
        return error_function.erf(self)

    def erfc(self: Any) -> Tensor:
        return error_function.erfc(self)

    def erfinv(self: Any) -> Tensor:
        return error_function.erfinv(self)

    def lgamma(self: Any) -> Tensor:
        return gamma.lgamma(self)

    def digamma(self: Any) -> Tensor:
        return gamma.digamma(self)

    def polygamma(self: Any, n: int) -> Tensor:
        """The n-th derivative of `digamma`."""
        return gamma.polygamma(n, self)

    def mvlgamma(self: Any, p: int) -> Tensor:
        """The logarithm of the multivariate gamma function of dimension p."""
        return gamma.mvlgamma(self, p)

    def igamma(self, other: Any) -> Tensor:
        """The regularized lower incomplete gamma function P(self, other), differentiable in `other`."""
        return gamma.gammainc(self, other)

    def igammac(self, other: Any) -> Tensor:
        """Its complement, Q(self, other)."""
        return gamma.gammaincc(self, other)

    frexp = e.frexp

    absolute, negative, fix = abs, neg, trunc  # noqa: A003
    arccos, arcsin, arctan, arccosh, arcsinh, arctanh = acos, asin, atan, acosh, asinh, atanh

    def round(self: Any, decimals: int = 0) -> Tensor:
        """To the nearest integer, halves to even, or to `decimals` decimal places."""
        return e.round_(self, decimals=decimals)

    logit = activation.logit

    def nan_to_num(self: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
        """Numbers in place of NaN and the infinities: `nan`, and by default the largest and smallest of the dtype."""
        return np.nan_to_num(self, nan=nan, posinf=posinf, neginf=neginf)

    def softmax(self: Any, dim: int = -1, dtype: Any = None) -> Tensor:
        return fused.softmax(self if dtype is None else self.to(dtype), dim)

    def log_softmax(self: Any, dim: int = -1, dtype: Any = None) -> Tensor:
        return fused.log_softmax(self if dtype is None else self.to(dtype), dim)

    # -- complex numbers -------------------------------------------------------------------------------------------

    @property
    def real(self) -> Tensor:
        return complex_.real(self)

    @property
    def imag(self) -> Tensor:
        return complex_.imag(self)

    def conj(self) -> Tensor:
        return complex_.conjugate(self)

    conjugate = conj_physical = conj

    def resolve_conj(self: Any) -> Tensor:
        """The tensor itself: conjugates are computed at once here."""
        return self

    resolve_neg = resolve_conj

    def angle(self: Any) -> Tensor:
        """The argument of a complex number; π for a negative real."""
        return complex_.angle(self)

    sgn = e.sgn

    # -- questions, whose answers have no derivative ---------------------------------------------------------------

    def isnan(self) -> Tensor:
        return e.isnan(self)

    def isinf(self) -> Tensor:
        return e.isinf(self)

    def isfinite(self) -> Tensor:
        return e.isfinite(self)

    def isposinf(self: Any) -> Tensor:
        return e.isposinf(self)

    def isneginf(self: Any) -> Tensor:
        return e.isneginf(self)

    def isreal(self: Any) -> Tensor:
        """Whether the imaginary part is zero."""
        return e.isreal(self)

    def signbit(self: Any) -> Tensor:
        """Whether the sign is negative, that of −0 too."""
        return e.signbit(self)

    def logical_not(self) -> Tensor:
        return e.logical_not(self)

    def bitwise_not(self) -> Tensor:
        return e.invert(self)
