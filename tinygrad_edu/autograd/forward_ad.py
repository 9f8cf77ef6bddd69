"""Forward mode by hand: inside a level, tensors may carry a tangent, and so does all that is computed from them.

For a function, `func.jvp` is simpler; these are PyTorch's names for programs that need the tangents to flow through code
that isn't a function of its inputs, such as a model whose parameters are replaced by duals.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any, NamedTuple

from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.levels import OPEN, Dual, opened
from tinygrad_edu.engine.modes import STATE
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import Tensor, payload
from tinygrad_edu.errors import DTypeError, LevelError, UnsupportedError
from tinygrad_edu.func._custom import CustomOp
from tinygrad_edu.func._forward import tangent_of

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


class _Entered(threading.local):
    """The levels that this thread has entered here, outermost first."""

    def __init__(self) -> None:
        self.levels: list[tuple[int, ExitStack]] = []


_ENTERED = _Entered()


class _LevelDual(Dual):
    __slots__ = ()

    transform = "dual_level"

    def like(self, primal: Tensor, tangent: Tensor, node: Node | None = None) -> Dual:
        return _LevelDual(primal, tangent, self.level, node)

    def check_open(self, op: Op) -> None:
        if self.level not in OPEN.levels:
            raise LevelError(
                f"{op.name}: a dual (shape {self.shape}) is used after its level has ended, and its tangent with it. Unpack it "
                "inside the `with dual_level():` block that it was made in, and go on with the parts."
            )


class UnpackedDualTensor(NamedTuple):
    """A primal and its tangent; None where there is none."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Begin a level, in which tensors may carry tangents; returns its number. `dual_level` ends it too.

    A level inside a level is independent of it: that is how second derivatives are had. (PyTorch has one level only.)
    """
    stack = ExitStack()
    level = stack.enter_context(opened())
    _ENTERED.levels.append((level, stack))
    return level


def exit_dual_level(*, level: int | None = None) -> None:
    """End the innermost level. Raises LevelError if there is none, or if `level` is another one."""
    innermost = _innermost("exit_dual_level")
    if level is not None and level != innermost:
        raise LevelError(
            f"exit_dual_level: level {level} isn't the innermost one, which is {innermost}; end that first."
        )
    _ENTERED.levels.pop()[1].close()


class dual_level:
    """`with dual_level():` begins a level and ends it with the block; the tangents die with it."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def _innermost(name: str) -> int:
    if not _ENTERED.levels:
        raise LevelError(f"{name}: there is no level to carry tangents in; do it inside `with dual_level():`.")
    return _ENTERED.levels[-1][0]


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Tensor:
    """`tensor` with a tangent of the same shape and dtype, both shared, for the innermost level (or `level`).

    Raises LevelError outside a level, ShapeError or DTypeError for a tangent that doesn't match.
    """
    level = _innermost("make_dual") if level is None else level
    if not isinstance(tensor, Tensor):
        raise UnsupportedError(f"make_dual: the primal must be a Tensor, not {type(tensor).__name__}.")
    if tensor.dtype.kind not in "fc":
        raise DTypeError(
            f"make_dual: only floating and complex tensors have tangents, this one is {tensor.dtype}; convert it (x.float())."
        )
    node = None
    if tensor.node is not None and STATE.grad:
        # The dual is in the graph at its own level too, so that reverse mode may start or stop at duals: a gradient of
        # one is a dual, whose tangent is a Hessian-vector product.
        node = Node(_ENTER, [tensor.node], None, None, {}, tensor.shape, tensor.dtype)
    return _LevelDual(tensor, tangent_of(tensor, tangent, "make_dual"), level, node)


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """A dual's primal and its tangent, the very one it was given; None for the tangent of a tensor that has none, or of a
    dual whose level has ended.
    """
    if not isinstance(tensor, Tensor):
        raise UnsupportedError(f"unpack_dual: takes a Tensor, not {type(tensor).__name__}.")
    if isinstance(tensor, Dual) and tensor.level not in OPEN.levels:
        return UnpackedDualTensor(tensor.primal, None)
    if not _ENTERED.levels and level is None:
        return UnpackedDualTensor(tensor, None)
    level = _innermost("unpack_dual") if level is None else level
    if isinstance(tensor, Dual) and tensor.level == level:
        return UnpackedDualTensor(tensor.primal, tensor.tangent)
    return UnpackedDualTensor(tensor, None)


class _Enter(CustomOp):
    """From a tensor to its dual: back over it go the primals of cotangents, which are the cotangents of the tensor."""

    def vjp(self, y_bar: Any, y: Any, xs: Any, edges: Any, params: Any) -> Any:
        if not isinstance(y_bar, _LevelDual):
            return (y_bar,)
        # Without a graph at its own level the sweep isn't recorded; that of the primal was only a means to the tangent.
        return (payload(y_bar.primal) if y_bar.node is None else y_bar.primal,)


_ENTER = _Enter("make_dual", lambda x: (x,), None, None)
