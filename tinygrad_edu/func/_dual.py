"""Dual numbers as ordinary values: `a + bε` with ε² = 0, so that f(a + ε) = f(a) + f′(a)ε.

They are the engine's own duals (`engine/levels.py`), made by hand instead of by `jvp`, and every op acts on them.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.levels import Dual, fresh_level, opened
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import Tensor, as_value, to_array
from tinygrad_edu.engine.tree import map_tree
from tinygrad_edu.errors import LevelError, ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Function, inputs_of
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.create import as_tensor, ones_like, zeros_like

EPSILON = fresh_level()
"""The level of the dual numbers that are made by hand: below that of every transform, and never closed."""

_DIVISORS: dict[Op, int] = {e.divide: 1, e.floor_divide: 1, e.remainder: 1, e.fmod: 1, e.reciprocal: 0, e.power: 0}
"""The ops that divide, and by which of their arguments; a power does where the exponent behind it is negative."""


class DualTensor(Dual):
    """An array of dual numbers, `real + dual·ε`: ε² = 0, and the dual part is the derivative.

    `real` and `dual` are numbers, arrays or Tensors of one shape (a number stands for a whole dual part). Python numbers
    and integers become float64, arrays and Tensors of floats keep their dtype, and Tensors their place in the graph.

    Operators, NumPy functions and this package's functions act on it; arrays and Tensors beside it are constants.
    Comparisons look at the real part. `float(d)` and `np.asarray(d)` would drop the dual part, and are refused: take
    `d.real`. Raises ZeroDivisionError where a divisor's real part is zero.
    """

    __slots__ = ()

    transform = "dual numbers"

    def __init__(self, real: Any, dual: Any = 0.0) -> None:
        primal, tangent = _part(real), _part(dual)
        if not tangent.ndim:
            tangent = e.add(np.zeros(primal.shape, primal.dtype), tangent)
        if tangent.shape != primal.shape:
            raise ShapeError(
                f"{type(self).__name__}: a dual part of shape {tangent.shape} beside a real part of shape {primal.shape}; they "
                "must be equal, or the dual part a number."
            )
        super().__init__(primal, tangent.to(primal.dtype), EPSILON)

    @property
    def real(self) -> Any:
        """The value."""
        return _plain(self.primal)

    @property
    def dual(self) -> Any:
        """The factor of ε: the derivative."""
        return _plain(self.tangent)

    def like(self, primal: Tensor, tangent: Tensor, node: Node | None = None) -> Dual:
        return _dual(primal, tangent, self.level, node)

    def check_open(self, op: Op) -> None:
        if self.level != EPSILON:
            super().check_open(op)

    def lift(self, op: Op, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        divisor = _DIVISORS.get(op)
        if divisor is not None:
            _check_divisor(op, *map(_value, args[divisor:]))
        return super().lift(op, level, args, params)

    def __float__(self) -> NoReturn:
        raise UnsupportedError(
            "float() of a dual number would drop its dual part, and with it the derivative. Take d.real for the value alone; "
            "for functions use NumPy's (np.sin instead of math.sin)."
        )

    __int__ = __float__

    def __repr__(self) -> str:
        return f"{_text(self.primal)} + {_text(self.tangent)}ε"


class DualNumber(DualTensor):
    """A dual number, `real + dual·ε`: ε² = 0, and the dual part is the derivative. See `DualTensor`, its array.

    >>> DualNumber(3.0, 1.0) ** 2
    9.0 + 6.0ε
    """

    __slots__ = ()

    def __init__(self, real: Any, dual: Any = 0.0) -> None:
        super().__init__(real, dual)
        if self.primal.ndim:
            raise ShapeError(f"DualNumber: the real part has shape {self.primal.shape}; DualTensor holds arrays.")

    def __repr__(self) -> str:
        return format(self, "")

    def __format__(self, spec: str) -> str:
        real, dual = self.primal.item(), self.tangent.item()
        sign = "+"
        if isinstance(dual, float) and dual <= 0:
            sign, dual = "-" if dual < 0 else "+", abs(dual)
        return f"{real:{spec}} {sign} {dual:{spec}}ε"


def _part(value: Any) -> Tensor:
    if isinstance(value, Tensor) and value.level:
        raise LevelError(
            f"a dual number can't be made of a value of {value.transform}: there would be no telling which of the two is the "
            "inner one. For a derivative inside another one use derivative(f, x) or jvp, which keep them apart."
        )
    part = value if isinstance(value, Tensor) else as_value(to_array(value, None, copy=True))
    wide = np.complex128 if part.dtype.kind == "c" else np.float64
    if not isinstance(value, Tensor | np.ndarray | np.generic):
        return as_value(to_array(value, wide, copy=True))  # anew: the default dtype has cut digits off
    return part if part.dtype.kind in "fc" else part.to(wide)


def _dual(primal: Tensor, tangent: Tensor, level: int, node: Node | None = None) -> Dual:
    made: Dual = object.__new__(DualTensor if primal.ndim else DualNumber)
    Dual.__init__(made, primal, tangent, level, node)
    return made


def _plain(part: Tensor) -> Any:
    """A part as its owner may have it: a number where it is no more than that."""
    return part if part.ndim or part.level or part.node is not None else part.item()


def _text(part: Tensor) -> str:
    return np.array2string(part.detach().numpy(), separator=", ", precision=4, threshold=1000)


def _value(x: Any) -> Any:
    """The real part as an array or a number; None for a value of an outer vmap, which has none to look at."""
    while isinstance(x, Dual):
        x = x.primal
    if isinstance(x, Tensor):
        return None if x.level else x.array
    return x


def _check_divisor(op: Op, divisor: Any, exponent: Any = -1) -> None:
    if divisor is None or exponent is None:
        return
    zero = np.equal(divisor, 0) & np.less(exponent, 0)
    if zero.any():
        where = f" (at index {np.argwhere(zero)[0].tolist()})" if zero.ndim else ""
        raise ZeroDivisionError(
            f"{op.name}: the divisor's real part is zero{where}: a dual number has an inverse, 1/a − b/a² ε, only where a ≠ 0."
        )


def derivative(f: Function, x: Any) -> Any:
    """The derivative of `f` at `x`: the dual part of f(x + ε).

    `f` takes one number and returns a number, an array or a container of them; it may be built of operators, NumPy
    functions and branches. For a number `x` and a number as result this is a number, otherwise a Tensor. For an array
    `x` it is the derivative along (1, 1, …): elementwise, for an `f` that acts on each element by itself. May be nested:
    each call has an ε of its own. Cost: one pass.
    """
    made = as_value(np.float64(x)) if isinstance(x, int | float) and not isinstance(x, bool) else x
    (point,), _ = inputs_of((made,), "derivative")
    with opened() as level:
        y = f(_dual(point, ones_like(point), level))

    def part(v: Any) -> Any:
        own = isinstance(v, Dual) and v.level == level
        found = v.tangent if own else zeros_like(as_tensor(v))
        return found if isinstance(x, Tensor | np.ndarray) else _plain(found)

    return map_tree(part, y)
