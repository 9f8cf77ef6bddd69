"""What can be counted without a clock: passes, operations, floating-point operations, and bytes alive at the peak."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinygrad_edu.compare import _journal, _live
from tinygrad_edu.compare._journal import Journal
from tinygrad_edu.compare._problem import Problem, random_batch, random_directions
from tinygrad_edu.engine.tensor import Tensor

TANGENT_BOUND = "≤ 2.5"
ADJOINT_BOUND = "≤ 4–5"
"""What a pass costs at most, in theory, as a multiple of the function (Griewank & Walther 2008, "Evaluating Derivatives",
2nd ed., ch. 4: tangents within [2, 2.5], adjoints within [3, 4]; 5 is Griewank's 1989 bound, which counts memory
moves as well). For functions of scalar operations of which none is cheaper than its derivative's evaluation."""

WORK = 2 * 10**9
"""Floating-point operations that a batch takes at most, about a second: what is more is extrapolated."""

Timeline = tuple[tuple[int, int], ...]
"""How many bytes are alive while operation 0, 1, … runs."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One call as executed: the function alone, or one pass of a mode together with the function.

    Attributes:
        flops: floating-point operations, as the operations declare them.
        memory: bytes alive, by operation; the greatest is the peak.
    """

    flops: int
    memory: Timeline

    @property
    def multiply_adds(self) -> int:
        """Half of the floating-point operations, rounded down."""
        return self.flops // 2

    @property
    def peak(self) -> int:
        """The most bytes alive at once."""
        return max((alive for _, alive in self.memory), default=0)


@dataclass(frozen=True, slots=True)
class Batches:
    """What a batch of k directions costs: linear in k from 2 on, so that two batches, of 2 and 3, say it for all."""

    one: Pass
    two: Pass
    three: Pass

    def of(self, k: int) -> Pass:
        """A batch of `k`; a single direction takes no batch."""
        if k == 1:
            return self.one
        a, b = self.two, self.three
        flops = a.flops + (k - 2) * (b.flops - a.flops)
        if len(a.memory) == len(b.memory):
            memory = tuple((at, x + (k - 2) * (y - x)) for (at, x), (_, y) in zip(a.memory, b.memory, strict=True))
        else:  # an operation that runs once for each direction: the peaks, then
            memory = ((0, a.peak + (k - 2) * (b.peak - a.peak)),)
        return Pass(flops, memory)

    def fitting(self, memory: int, most: int) -> int:
        """The largest batch, up to `most`, within `memory` bytes at its peak and within the work of a batch; 1 if none is."""
        low, high = 1, most
        while low < high:
            middle = (low + high + 1) // 2
            batch = self.of(middle)
            low, high = (middle, high) if batch.peak <= memory and batch.flops <= WORK else (low, middle - 1)
        return low


@dataclass(frozen=True, slots=True)
class Counts:
    """Sizes of the problem. Forward mode finds the Jacobian, (m, n), by columns, reverse mode by rows.

    Attributes:
        inputs: n, how many floating-point numbers go in.
        outputs: m, how many come out.
        operations: how many the function consists of: those on what depends on the inputs.
        primal: the function itself.
        forward: passes of forward mode, J v for a batch of directions v.
        reverse: passes of reverse mode, Jᵀ w.
        freeing: one reverse pass that lets go of the graph on its way, as `backward()` does.
        checkpointing: one that keeps √operations checkpoints and computes the rest again.
    """

    inputs: int
    outputs: int
    operations: int
    primal: Pass
    forward: Batches
    reverse: Batches
    freeing: Pass
    checkpointing: Pass

    @property
    def forward_passes(self) -> int:
        """Passes for the whole Jacobian in forward mode: n, one for each input."""
        return self.inputs

    @property
    def reverse_passes(self) -> int:
        """Passes for the whole Jacobian in reverse mode: m, one for each output."""
        return self.outputs


def count(problem: Problem, primal: Journal, draw: np.random.Generator) -> Counts:
    """Count by writing down one call of each kind; `primal` is the journal of the function itself."""
    n, m = (sum(x.numel() for x in xs) for xs in (problem.inputs, problem.outputs))
    v, w = random_directions(problem.inputs, draw), random_directions(problem.outputs, draw)
    there_and_back = _journal.of_cotangent(problem, w)
    steps = _live.steps_of(there_and_back)
    again = _live.checkpointed(steps, there_and_back.primal)
    cost = [equation.cost for equation in there_and_back.equations]
    return Counts(
        inputs=n,
        outputs=m,
        operations=len(primal.equations),
        primal=_pass(primal),
        forward=_batches(
            _pass(_journal.of_tangent(problem, v)), problem.inputs, lambda d: _journal.of_tangents(problem, d), draw
        ),
        reverse=_batches(_pass(there_and_back), problem.outputs, lambda d: _journal.of_cotangents(problem, d), draw),
        freeing=Pass(sum(cost), _timeline(_live.live_bytes(steps, there_and_back.inputs, there_and_back.outputs))),
        checkpointing=Pass(
            sum(cost[step.number] for step in again),
            _timeline(_live.live_bytes(again, there_and_back.inputs, there_and_back.outputs)),
        ),
    )


def _batches(
    one: Pass, like: Sequence[Tensor], journal: Callable[[list[Tensor]], Journal], draw: np.random.Generator
) -> Batches:
    if sum(x.numel() for x in like) == 1:
        return Batches(one, one, one)
    two, three = (_pass(journal(random_batch(like, k, draw))) for k in (2, 3))
    return Batches(one, two, three)


def _pass(journal: Journal) -> Pass:
    steps = _live.steps_of(journal)
    held = _live.kept_by_the_graph(steps, journal.primal)  # `vjp` holds its graph to the end
    return Pass(journal.flops, _timeline(_live.live_bytes(steps, journal.inputs, journal.outputs, held)))


def _timeline(alive: Sequence[int]) -> Timeline:
    return tuple(enumerate(alive))


def chunk_for(passes: int, fits: int) -> int:
    """How many directions a chunk holds unless it is said: the square root of all, so that neither a chunk nor their number
    is large; less where less fits.
    """
    return min(fits, math.isqrt(passes - 1) + 1)
