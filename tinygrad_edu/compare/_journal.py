"""A call with every operation written down, those of the rules too: what was executed, and what it costs as declared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinygrad_edu.compare._problem import Problem, pulled_together
from tinygrad_edu.engine.levels import Wrapped, opened
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.func._graph import Equation, Look, Trace, Traced


@dataclass(frozen=True, slots=True)
class Journal:
    """What a call did, in order.

    Attributes:
        equations: the operations on what depends on the inputs.
        looks: the places where the function looked at a number (`if`, `item()`, `numpy()`).
        inputs: the number and the size in bytes of each value that went in.
        outputs: the numbers of the values that came out, the function's own among them.
        primal: how many of the equations came before the reverse sweep; all of them where there is none.
    """

    equations: list[Equation]
    looks: list[Look]
    inputs: list[tuple[int, int]]
    outputs: list[int]
    primal: int

    @property
    def flops(self) -> int:
        """The floating-point operations of all equations, as their declarations count them."""
        return sum(equation.cost for equation in self.equations)


class _Watched(Problem):
    """A problem that remembers what its function returned the last time."""

    def __init__(self, problem: Problem) -> None:
        self.__dict__.update(problem.__dict__)
        self.results: tuple[Any, ...] = ()

    def __call__(self, *xs: Any) -> tuple[Any, ...]:
        self.results = super().__call__(*xs)
        return self.results


def journal(problem: Problem, g: Callable[..., Sequence[Tensor]], *inputs: Sequence[Tensor]) -> Journal:
    """Call `g`, a function of a problem and of lists of tensors, and write down what it does. Call it inside `no_grad`."""
    trace, watched = Trace(), _Watched(problem)
    with opened() as level:
        given = [[Traced(x, trace.new(), trace, level) for x in group] for group in inputs]
        results = list(g(watched, *given))
        results += watched.results  # the caller of a pass holds them to its end
        outputs = []
        while results:
            y = results.pop()
            if isinstance(y, Traced) and y.level == level:
                outputs.append(y.which.number)
            elif isinstance(y, Wrapped):
                results += y.parts()
    entries = trace.entries
    return Journal(
        equations := [entry for entry in entries if isinstance(entry, Equation)],
        [entry for entry in entries if isinstance(entry, Look)],
        [(x.which.number, nbytes(x)) for group in given for x in group],
        outputs,
        len(equations),
    )


def nbytes(x: Tensor) -> int:
    """The size of a tensor's values."""
    return math.prod(x.shape) * x.dtype.itemsize


def of_primal(problem: Problem, inputs: Sequence[Tensor] | None = None) -> Journal:
    """One call of the function itself."""
    return journal(problem, lambda p, xs: p(*xs), inputs or problem.inputs)


def of_tangent(problem: Problem, x_dots: Sequence[Tensor]) -> Journal:
    """One pass of forward mode: values and tangents together."""
    return journal(problem, lambda p, xs, v: p.tangent(v, xs), problem.inputs, x_dots)


def of_tangents(problem: Problem, x_dots: Sequence[Tensor]) -> Journal:
    """Several directions in one batch."""
    return journal(problem, lambda p, xs, v: p.tangents(v, xs), problem.inputs, x_dots)


def of_cotangent(problem: Problem, y_bars: Sequence[Tensor]) -> Journal:
    """One pass of reverse mode: the function and the sweep back."""
    return _there_and_back(problem, lambda pullback, w: pullback(w), y_bars)


def of_cotangents(problem: Problem, y_bars: Sequence[Tensor]) -> Journal:
    """Several directions in one batch."""
    return _there_and_back(problem, pulled_together, y_bars)


def _there_and_back(problem: Problem, sweep: Callable[..., Sequence[Tensor]], y_bars: Sequence[Tensor]) -> Journal:
    there = 0

    def both(problem: Problem, xs: Sequence[Traced], w: Sequence[Traced]) -> Sequence[Tensor]:
        nonlocal there
        pullback = problem.pullback(xs)
        there = sum(isinstance(entry, Equation) for entry in xs[0].journal.entries)
        return sweep(pullback, w)

    found = journal(problem, both, problem.inputs, y_bars)
    return replace(found, primal=there)
