"""Hooks that see the gradients on both sides of a module: identities around its inputs and outputs, which call them in a
backward sweep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_edu.autograd.function import Function
from tinygrad_edu.engine.tensor import Tensor

if TYPE_CHECKING:
    from tinygrad_edu.nn._module import Module

Gradients = tuple[Any, ...]


class _Meeting(Function):
    """The identity of several tensors, whose gradients meet in `ctx.meet` on their way back."""

    @staticmethod
    def forward(ctx: Any, meet: Callable[[Gradients], Gradients], *xs: Any) -> Any:
        ctx.meet = meet
        ctx.set_materialize_grads(False)
        return tuple(x.view_as(x) for x in xs)

    @staticmethod
    def backward(ctx: Any, *x_bars: Any) -> Any:
        return None, *ctx.meet(x_bars)


def _through(values: tuple[Any, ...], meet: Callable[[Gradients], Gradients]) -> tuple[Any, ...]:
    """`values` with the tensors that require a gradient led through one `_Meeting`; None stands for the others' gradients."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor) and value.requires_grad]
    if not places:
        return values

    def at_places(found: Gradients) -> Gradients:
        every: list[Any] = [None] * len(values)
        for place, gradient in zip(places, found, strict=True):
            every[place] = gradient
        answer = meet(tuple(every))
        return tuple(answer[place] for place in places)

    led = list(values)
    # A type checker takes a class that isn't called for a function.
    met = _Meeting.apply(at_places, *(values[i] for i in places))  # type: ignore[attr-defined]
    for place, value in zip(places, met, strict=True):
        led[place] = value
    return tuple(led)


class _Call:
    """One call of the module: its inputs' number, and the gradients of its outputs once a sweep has brought them."""

    def __init__(self, inputs: int, reachable: bool) -> None:
        self.inputs, self.reachable = inputs, reachable
        self.outputs: Gradients = ()


class BackwardHook:
    """A forward pre-hook and a forward hook that together call `hook(module, grad_input, grad_output)`."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook
        self.calls: list[_Call] = []  # those that are under way

    def before(self, module: Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        call = _Call(len(args), any(isinstance(a, Tensor) and a.requires_grad for a in args))
        self.calls.append(call)
        return _through(args, lambda bars: self._called(module, bars, call.outputs))

    def after(self, module: Module, args: tuple[Any, ...], output: Any) -> Any:
        call = self.calls.pop()

        def meet(bars: Gradients) -> Gradients:
            call.outputs = bars
            if not call.reachable:  # no gradient gets to the inputs, so this is the last place to call it
                self._called(module, (None,) * call.inputs, bars)
            return bars

        return _output_through(output, meet)

    def _called(self, module: Module, inputs: Gradients, outputs: Gradients) -> Gradients:
        return _replaced(inputs, self.hook(module, inputs, outputs))


def backward_pre_hook(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A forward hook through which `hook(module, grad_output)` sees, and may replace, the gradients of the outputs."""
    return lambda module, args, output: _output_through(output, lambda bars: _replaced(bars, hook(module, bars)))


def _output_through(output: Any, meet: Callable[[Gradients], Gradients]) -> Any:
    return _through(output, meet) if isinstance(output, tuple) else _through((output,), meet)[0]


def _replaced(bars: Gradients, answer: Any) -> Gradients:
    """What a hook made of the gradients: what it returned, if anything."""
    return bars if answer is None else answer if isinstance(answer, tuple) else (answer,)
