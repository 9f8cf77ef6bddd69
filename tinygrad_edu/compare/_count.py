"""What theory says before anything is timed: how many passes each mode needs, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass

from tinygrad_edu.compare._problem import Problem
from tinygrad_edu.engine.graph import Pick, ancestors
from tinygrad_edu.engine.modes import enable_grad


@dataclass(frozen=True, slots=True)
class Counts:
    """Sizes of the problem. Forward mode finds the Jacobian, (m, n), by columns, reverse mode by rows.

    Attributes:
        inputs: n, how many floating-point numbers go in.
        outputs: m, how many come out.
        operations: how many the function consists of.
        bytes_per_pass: an estimate of what one direction of a batch needs, from the sizes of all intermediate results.
    """

    inputs: int
    outputs: int
    operations: int
    bytes_per_pass: int

    @property
    def forward_passes(self) -> int:
        """Passes for the whole Jacobian in forward mode: n, one for each input."""
        return self.inputs

    @property
    def reverse_passes(self) -> int:
        """Passes for the whole Jacobian in reverse mode: m, one for each output."""
        return self.outputs


def count(problem: Problem) -> Counts:
    """Count by recording one call."""
    with enable_grad():
        xs = [x.clone().requires_grad_() for x in problem.inputs]
        ys = problem(*xs)
    nodes = [node for node in ancestors([y.node for y in ys if y.node is not None]) if node.op is not None]
    several = {node.edges[0] for node in nodes if isinstance(node, Pick)}  # their outputs are the picks
    # A direction is as large as the inputs, its way through the function as large as all results; twice, for passing values.
    width = sum(x.numel() * x.dtype.itemsize for x in xs)
    passed = sum(node.size * node.dtype.itemsize for node in nodes if node not in several)
    return Counts(
        inputs=sum(x.numel() for x in xs),
        outputs=sum(y.numel() for y in ys),
        operations=sum(not isinstance(node, Pick) for node in nodes),
        bytes_per_pass=width + 2 * passed,
    )
