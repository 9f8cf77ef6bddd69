"""`Function`: an operation of your own with its own derivative rules, for whatever the ops can't express."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

from tinygrad_edu.autograd._context import Context, absent
from tinygrad_edu.autograd._function_op import FunctionOp
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor, is_watched
from tinygrad_edu.errors import GraphError, UnsupportedError
from tinygrad_edu.func._custom import CustomOp

__all__ = ["Function", "FunctionCtx", "once_differentiable"]

FunctionCtx = Context


class Function:
    """The base class for operations with their own derivative rules; call them by `MyFunction.apply(*args)`.

    Give it static methods:

    - `forward(*args)` computes the output, a Tensor or a tuple with Tensors in it, with recording off. NumPy may be used
      freely on `x.detach().numpy()`.
    - `setup_context(ctx, inputs, output)` saves what the rules need: `ctx.save_for_backward(...)`, `ctx.name = value`.
      In the older style there is none, and `forward(ctx, *args)` does both.
    - `backward(ctx, *gradients)`, a gradient per output, returns a gradient for each argument of forward, None for one
      that isn't differentiated. Written with ops it can be differentiated again.
    - `jvp(ctx, *tangents)`, a tangent per argument (None for one that is no Tensor), returns that of each output:
      forward mode.
    - `vmap(info, in_dims, *args)` returns `(output, out_dims)`: how the function acts on a batch. Without it forward,
      backward and jvp are run on batched values, which works where they are made of ops.

    Only Tensors that are arguments themselves are differentiated, not those inside of lists. A rule that returns the wrong number
    of gradients raises GraphError, one of the wrong shape ShapeError, a missing one UnsupportedError.
    """

    generate_vmap_rule = False
    """Accepted as in PyTorch. The rule for `vmap` is generated in any case unless there is a static method for it."""

    @staticmethod
    @absent
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the output; see the class."""
        raise UnsupportedError("a Function needs a static method forward.")

    @staticmethod
    @absent
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what the rules need; see the class."""

    @staticmethod
    @absent
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The reverse rule; see the class."""

    @staticmethod
    @absent
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name for `backward`."""

    @staticmethod
    @absent
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The forward rule; see the class."""

    @staticmethod
    @absent
    def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
        """The batching rule; see the class."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        raise UnsupportedError(
            f"{type(self).__name__} isn't called as an object: use {type(self).__name__}.apply(*args)."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call the function on its arguments, Tensors or anything else, and record the call as one operation."""
        op = FunctionOp(cls, args)
        ys = op(*(a for a in args if isinstance(a, Tensor)))
        return op.results(ys)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` that isn't made of ops: what it returns has no graph, and differentiating it raises GraphError."""

    @functools.wraps(backward)
    def once(ctx: Any, *gradients: Any) -> Any:
        with no_grad():
            answer = backward(ctx, *gradients)
        given = [v for v in (*gradients, *ctx.saved_tensors) if isinstance(v, Tensor)]
        if not is_watched(*given):
            return answer
        several = isinstance(answer, tuple | list)
        listed = list(answer) if several else [answer]
        tensors = [v for v in listed if isinstance(v, Tensor)]

        def refuse(*_: Any) -> NoReturn:
            raise GraphError(
                f"{backward.__qualname__} is marked once_differentiable, so its result can't be differentiated again. For second "
                "derivatives write it with ops and without the mark."
            )

        marked = iter(CustomOp("once_differentiable", lambda *_: tuple(tensors), refuse, refuse)(*given))
        listed = [next(marked) if isinstance(v, Tensor) else v for v in listed]
        return tuple(listed) if several else listed[0]

    return once
