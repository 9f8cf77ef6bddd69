"""Tensor's operators; its named methods are in `methods`, which attaches both to Tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import index, product, reduce

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Operators:
    """Arithmetic, comparison and indexing: each operator is the op of the same meaning."""

    __slots__ = ()
    __array_priority__ = 1000

    def __add__(self, other: Any) -> Tensor:
        return e.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return e.add(self, other)  # in this order, as in PyTorch: a graph's walker finds the tensor first

    def __sub__(self, other: Any) -> Tensor:
        return e.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return e.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return e.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return e.multiply(self, other)

    def __truediv__(self, other: Any) -> Tensor:
        return e.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return e.divide(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return e.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return e.floor_divide(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return e.remainder(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return e.remainder(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return e.power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return e.power(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return product.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return product.matmul(other, self)

    def __neg__(self) -> Tensor:
        return e.negative(self)

    def __pos__(self) -> Tensor:
        return e.positive(self)

    def __abs__(self) -> Tensor:
        return e.absolute(self)

    def __invert__(self) -> Tensor:
        return e.invert(self)

    def __and__(self, other: Any) -> Tensor:
        return e.bitwise_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return e.bitwise_or(self, other)

    def __xor__(self, other: Any) -> Tensor:
        return e.bitwise_xor(self, other)

    def __rand__(self, other: Any) -> Tensor:
        return e.bitwise_and(other, self)

    def __ror__(self, other: Any) -> Tensor:
        return e.bitwise_or(other, self)

    def __rxor__(self, other: Any) -> Tensor:
        return e.bitwise_xor(other, self)

    def __lshift__(self, other: Any) -> Tensor:
        return e.left_shift(self, other)

    def __rlshift__(self, other: Any) -> Tensor:
        return e.left_shift(other, self)

    def __rshift__(self, other: Any) -> Tensor:
        return e.right_shift(self, other)

    def __rrshift__(self, other: Any) -> Tensor:
        return e.right_shift(other, self)

    def __contains__(self, value: Any) -> bool:
        """Whether any element is equal to `value`."""
        return bool(reduce.any(e.equal(self, value)))

    def __complex__(self: Any) -> complex:
        return complex(self.item())

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return e.floor_divide(self, other), e.remainder(self, other)

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return e.floor_divide(other, self), e.remainder(other, self)

    def __lt__(self, other: Any) -> Tensor:
        return e.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return e.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return e.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return e.greater_equal(self, other)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]  # elementwise, as in NumPy
        return e.equal(self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return e.not_equal(self, other)

    def __getitem__(self: Any, key: Any) -> Tensor:
        return index.index(self, key)

    def __iter__(self: Any) -> Iterator[Tensor]:
        return iter(self.unbind(0))
