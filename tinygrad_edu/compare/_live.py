"""Live bytes, operation by operation: when each value of a journal is made, and when it is needed for the last time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tinygrad_edu.compare._journal import Journal
from tinygrad_edu.engine.families import View
from tinygrad_edu.func._graph import Equation, Value


@dataclass(frozen=True, slots=True)
class Step:
    """The operation of that number: the values it reads, and those it makes with their sizes in bytes.

    A view has no memory of its own: it is said to make 0 bytes and to be the `view` of a value, which lives as long.
    """

    number: int
    reads: tuple[int, ...]
    makes: tuple[tuple[int, int], ...]
    view: int | None = None


def steps_of(journal: Journal) -> list[Step]:
    """A journal as steps."""
    return [_step(number, equation) for number, equation in enumerate(journal.equations)]


def _step(number: int, equation: Equation) -> Step:
    reads = tuple(a.number for a in equation.args if isinstance(a, Value))
    view = isinstance(equation.op, View) and isinstance(equation.args[0], Value)
    sizes = [0 if view else spec.size * spec.dtype.itemsize for spec in equation.specs]
    makes = tuple((value.number, size) for value, size in zip(equation.outputs, sizes, strict=True))
    return Step(number, reads, makes, reads[0] if view else None)


def live_bytes(
    steps: Sequence[Step], inputs: Iterable[tuple[int, int]], outputs: Iterable[int], held: Iterable[int] = ()
) -> list[int]:
    """What is alive while each step runs: what it reads and makes, and all that is read later.

    `inputs`, `outputs` and what is `held` stay to the end, the inputs from the beginning.
    """
    memory: dict[int, int] = {}  # of each value, the one whose memory it is
    size: dict[int, int] = {}
    born: dict[int, int] = {}
    last: dict[int, int] = {}
    end = len(steps) - 1
    for number, bytes_ in inputs:
        memory[number], size[number], born[number], last[number] = number, bytes_, 0, end
    for at, step in enumerate(steps):
        for number in step.reads:
            last[memory[number]] = max(at, last[memory[number]])
        for number, bytes_ in step.makes:
            memory[number] = number if step.view is None else memory[step.view]
            if step.view is None:
                size[number], born[number], last[number] = bytes_, at, at
    for number in itertools.chain(outputs, held):
        if number in memory:
            last[memory[number]] = end
    change = [0] * (len(steps) + 1)
    for number, bytes_ in size.items():
        change[born[number]] += bytes_
        change[last[number] + 1] -= bytes_
    return list(itertools.accumulate(change[:-1]))


def kept_by_the_graph(steps: Sequence[Step], primal: int) -> set[int]:
    """The values made on the way there that the sweep back reads."""
    made = {number for step in steps[:primal] for number, _ in step.makes}
    return {number for step in steps[primal:] for number in step.reads if number in made}


def checkpointed(steps: Sequence[Step], primal: int) -> list[Step]:
    """The same reverse pass with checkpoints: √primal segments, of which only what later ones read is kept.

    When the sweep arrives at a segment, the segment is computed again (Griewank & Walther 2008, ch. 12, in its simplest
    form, one level of equal segments). The last one is kept: the sweep begins there.
    """
    count = max(1, math.isqrt(primal))
    length = math.ceil(primal / count) if primal else 1
    segment = {number: at // length for at, step in enumerate(steps[:primal]) for number, _ in step.makes}
    final = (primal - 1) // length
    crossing = {
        number
        for at, step in enumerate(steps[:primal])
        for number in step.reads
        if number in segment and segment[number] < at // length
    }
    fresh = itertools.count(1 + max((number for step in steps for number, _ in step.makes), default=0)).__next__
    again: dict[int, int] = {}  # the values that were computed again, by what they are called then
    schedule = [(step, False) for step in steps[:primal]]
    computed = {final}
    for step in steps[primal:]:
        for number in step.reads:
            at = segment.get(number, final)
            if at in computed or number in crossing:
                continue
            computed.add(at)
            part = steps[at * length : (at + 1) * length]
            again.update({n: fresh() for old in part for n, _ in old.makes if n not in crossing})
            # What was kept isn't made a second time: a copy under another name, which nobody wants.
            schedule += [
                (replace(_on(again, old), makes=tuple((again.get(n) or fresh(), size) for n, size in old.makes)), True)
                for old in part
            ]
        schedule.append((_on(again, step), False))
    wanted: set[int] = set()
    done = []
    for step, repeated in reversed(schedule):
        if not repeated or any(n in wanted for n, _ in step.makes):
            done.append(step)
            wanted.update(step.reads)
    return done[::-1]


def _on(names: dict[int, int], step: Step) -> Step:
    """A step that reads values by other names."""
    view = None if step.view is None else names.get(step.view, step.view)
    return replace(step, reads=tuple(names.get(n, n) for n in step.reads), view=view)
