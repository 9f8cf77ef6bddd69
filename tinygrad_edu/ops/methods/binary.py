"""Tensor's methods of two or more operands that broadcast: arithmetic, choices, comparisons, logic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.methods._spelling import np

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Binary:
    """`other` is a Tensor, an array or a number."""

    __slots__ = ()

    # -- arithmetic ------------------------------------------------------------------------------------------------

    def add(self, other: Any, scaled: Any = None, *, alpha: float = 1) -> Tensor:
        """self + alpha · other; `add(alpha, other)` is how PyTorch wrote it before 1.5."""
        other, alpha = (other, alpha) if scaled is None else (scaled, other)
        return e.add(self, other if alpha == 1 else other * alpha)

    def sub(self, other: Any, scaled: Any = None, *, alpha: float = 1) -> Tensor:
        """self − alpha · other; `sub(alpha, other)` is how PyTorch wrote it before 1.5."""
        other, alpha = (other, alpha) if scaled is None else (scaled, other)
        return e.subtract(self, other if alpha == 1 else other * alpha)

    def mul(self, other: Any) -> Tensor:
        return e.multiply(self, other)

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """The quotient; `rounding_mode="floor"` rounds it down, `"trunc"` towards zero."""
        if rounding_mode is None:
            return e.divide(self, other)
        if rounding_mode == "floor":
            return e.floor_divide(self, other)
        if rounding_mode != "trunc":
            raise ShapeError(f"div: rounding_mode is None, 'floor' or 'trunc', not {rounding_mode!r}.")
        down, up = e.floor_divide(self, other), e.negative(e.floor_divide(e.negative(self), other))
        return e.where(down < 0, up, down)

    subtract, multiply, divide = sub, mul, div

    def true_divide(self, other: Any) -> Tensor:
        return e.divide(self, other)

    def floor_divide(self, other: Any) -> Tensor:
        return e.floor_divide(self, other)

    def remainder(self, other: Any) -> Tensor:
        """What is left of a division rounded down: of the divisor's sign."""
        return e.remainder(self, other)

    def fmod(self: Any, other: Any) -> Tensor:
        """What is left of a division rounded towards zero: of the dividend's sign."""
        return e.fmod(self, other)

    def pow(self, exponent: Any) -> Tensor:
        return e.power(self, exponent)

    def float_power(self, exponent: Any) -> Tensor:
        """The power in float64, or complex128."""
        return e.float_power(self, exponent)

    def atan2(self: Any, other: Any) -> Tensor:
        """The angle of the point (other, self)."""
        return e.arctan2(self, other)

    arctan2 = atan2

    def hypot(self: Any, other: Any) -> Tensor:
        return e.hypot(self, other)

    def copysign(self: Any, other: Any) -> Tensor:
        return e.copysign(self, other)

    def nextafter(self: Any, other: Any) -> Tensor:
        return e.nextafter(self, other)

    def ldexp(self: Any, other: Any) -> Tensor:
        """self · 2^other."""
        return e.multiply(self, e.exp2(other))

    def logaddexp(self: Any, other: Any) -> Tensor:
        return e.logaddexp(self, other)

    def logaddexp2(self: Any, other: Any) -> Tensor:
        return e.logaddexp2(self, other)

    def xlogy(self: Any, other: Any) -> Tensor:
        """self · ln(other), 0 where self is 0 whatever other is (NaN where that is NaN)."""
        return e.xlogy(self, other)

    def heaviside(self: Any, values: Any) -> Tensor:
        return e.heaviside(self, values)

    def gcd(self: Any, other: Any) -> Tensor:
        return e.gcd(self, other)

    def lcm(self: Any, other: Any) -> Tensor:
        return e.lcm(self, other)

    lerp = e.lerp

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
        """self + value · tensor1 · tensor2."""
        return e.addcmul(self, tensor1, tensor2, value=value)

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
        """self + value · tensor1 / tensor2."""
        return e.addcdiv(self, tensor1, tensor2, value=value)

    # -- choices ---------------------------------------------------------------------------------------------------

    def maximum(self, other: Any) -> Tensor:
        return e.maximum(self, other)

    def minimum(self, other: Any) -> Tensor:
        return e.minimum(self, other)

    def fmax(self: Any, other: Any) -> Tensor:
        """The larger, or the one that isn't NaN."""
        return e.fmax(self, other)

    def fmin(self: Any, other: Any) -> Tensor:
        """The smaller, or the one that isn't NaN."""
        return e.fmin(self, other)

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        return e.clip(self, min, max)

    clip = clamp

    def clamp_min(self, min: Any) -> Tensor:
        return e.clip(self, min, None)

    def clamp_max(self, max: Any) -> Tensor:
        return e.clip(self, None, max)

    def where(self: Any, condition: Any, other: Any) -> Tensor:
        """Self where `condition` holds, `other` elsewhere."""
        return e.where(condition, self, other)

    # -- comparisons and logic, which have no derivative -----------------------------------------------------------

    def eq(self, other: Any) -> Tensor:
        return e.equal(self, other)

    def ne(self, other: Any) -> Tensor:
        return e.not_equal(self, other)

    def lt(self, other: Any) -> Tensor:
        return e.less(self, other)

    def le(self, other: Any) -> Tensor:
        return e.less_equal(self, other)

    def gt(self, other: Any) -> Tensor:
        return e.greater(self, other)

    def ge(self, other: Any) -> Tensor:
        return e.greater_equal(self, other)

    not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge

    def equal(self: Any, other: Any) -> bool:
        """Whether both have the same shape and elements: one answer, unlike `==`."""
        return self.shape == other.shape and bool(e.equal(self, other).all())

    def isclose(self: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
        """Where |self − other| ≤ atol + rtol·|other|."""
        if self.dtype != other.dtype:
            raise DTypeError(f"isclose: {self.dtype} beside {other.dtype}; convert one, e.g. other.to(x.dtype).")
        return np.isclose(self, other, rtol=rtol, atol=atol, equal_nan=equal_nan)

    def allclose(self: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
        """Whether |self − other| ≤ atol + rtol·|other| everywhere."""
        return e.allclose(self, other, rtol, atol, equal_nan)

    def dist(self: Any, other: Any, p: float = 2) -> Tensor:
        """The p-norm of the difference."""
        return e.subtract(self, other).norm(p)

    def logical_and(self, other: Any) -> Tensor:
        return e.logical_and(self, other)

    def logical_or(self, other: Any) -> Tensor:
        return e.logical_or(self, other)

    def logical_xor(self, other: Any) -> Tensor:
        return e.logical_xor(self, other)

    def bitwise_and(self, other: Any) -> Tensor:
        return e.bitwise_and(self, other)

    def bitwise_or(self, other: Any) -> Tensor:
        return e.bitwise_or(self, other)

    def bitwise_xor(self, other: Any) -> Tensor:
        return e.bitwise_xor(self, other)

    def bitwise_left_shift(self: Any, other: Any) -> Tensor:
        return e.left_shift(self, other)

    def bitwise_right_shift(self: Any, other: Any) -> Tensor:
        return e.right_shift(self, other)
