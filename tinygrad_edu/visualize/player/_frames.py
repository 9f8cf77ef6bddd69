"""A trace as frames: what each step of the three sweeps sets, and what is said with it. Only texts are left.

How the page shows them is in `player.js`, which reads what `frames_of` returns as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.visualize._steps import Contribution, Partial, Step, TangentStep, Trace, Variable
from tinygrad_edu.visualize._words import MISSING, barred, dotted, number_text, range_text

Frames = dict[str, Any]

WIDEST = 28  # columns of a line in the picture; the table has the whole text


def windowed(trace: Trace, most: int) -> Trace:
    """The last `most` steps of a long trace, with the variables that these have to do with."""
    if len(trace.steps) <= most:
        return trace
    steps = trace.steps[-most:]
    kept = {step.number for step in steps}
    seen = {*trace.inputs, *trace.outputs, *(v for step in steps for v in (*step.inputs, *step.outputs))}
    return replace(
        trace,
        steps=steps,
        variables=tuple(v for v in trace.variables if v.id in seen),
        tangents=tuple(t for t in trace.tangents if t.step in kept),
        contributions=tuple(c for c in trace.contributions if c.step in kept),
    )


def completed(trace: Trace) -> Trace:
    """A trace that ends with the operation that raised, as one without results; any other as it is."""
    failure = trace.failure
    if not trace.failed or failure is None:
        return trace
    number = len(trace.steps)
    labels = ", ".join(trace[which].label for which in failure.inputs)
    name = failure.op or "stopped here"
    last = Step(
        number, f"op{number}", name, "", failure.inputs, (), f"{name}({labels})", trace.failed, (), 0, (), failure.source,
        failure.code, trace.steps[-1].memory if trace.steps else 0,
    )  # fmt: skip
    return replace(trace, steps=(*trace.steps, last))


def arrows_of(step: Step) -> list[tuple[str, str, Partial | None]]:
    """The arrows into an operation: from which variable, the arrow's id in every picture, and the derivative along it."""
    found = []
    position = 0
    for i, which in enumerate(step.inputs):
        # Numbers among the arguments have a position, but no arrow.
        partial = next((p for p in step.partials if p.source == which and p.position >= position), None)
        position = position if partial is None else partial.position + 1
        found.append((which, f"e-{which}-{step.id}-{i}", partial))
    return found


def results_of(step: Step) -> list[tuple[str, str]]:
    """The arrows out of an operation: to which variable, and the arrow's id."""
    return [(which, f"e-{step.id}-{which}") for which in step.outputs]


def frames_of(by_seed: Mapping[int, Trace], chosen: int) -> Frames:
    """Everything that the player shows, from one trace for each seed, of which `chosen` is shown first.

    A text that depends on the seed is a list with one text for each. The seed −1 stands for tangents that were given.
    """
    traces = list(by_seed.values())
    trace = traces[0]
    lines: dict[tuple[str, str], int] = {}
    for step in trace.steps:
        lines.setdefault((step.source, step.code), len(lines))
    line = {step.number: lines[step.source, step.code] for step in trace.steps}
    steps = {step.number: step for step in trace.steps}
    modes: dict[str, list[Frames]] = {"fwd": [_given(trace), *(_forward(trace, step) for step in trace.steps)]}
    modes["tan"] = [
        _seeded(traces),
        *(_tangent(steps[t[0].step], t) for t in zip(*(t.tangents for t in traces), strict=True)),
    ]
    modes["rev"] = [_started(trace), *_backward(trace, steps)]
    if trace.failed:
        modes["tan"] = modes["rev"] = []
    for frames in modes.values():
        for frame in frames:
            if "step" in frame:
                number = frame.pop("step")
                frame["line"], frame["op"] = line[number], steps[number].id
    return {
        "variables": [{"id": v.id, "label": v.label} for v in trace.variables],
        "seeds": [
            {"id": "", "title": "as given"}
            if not 0 <= at < len(trace.seeds)
            else {"id": trace.seeds[at], "title": titled(trace[trace.seeds[at]])}
            for at in by_seed
        ],
        "seed": list(by_seed).index(chosen),
        "lines": list(lines),
        "frames": modes,
        # By arrow: its local derivative, the number of that, and the step from which the number is known.
        "partials": {
            edge: [partial.formula, partial.text.removeprefix(partial.formula).strip(), at]
            for at, step in enumerate(trace.steps, start=1)
            for _, edge, partial in arrows_of(step)
            if partial is not None
        },
        "widest": WIDEST,
        # By operation: the arrows that a forward step goes along. A backward step has its own.
        "arrows": {
            step.id: [*(edge for _, edge, _ in arrows_of(step)), *(edge for _, edge in results_of(step))]
            for step in trace.steps
        },
        "makes": {step.id: step.outputs[0] for step in trace.steps if step.outputs},
    }


def shown(x: Any) -> str:
    """A number, the few numbers of a small array, or the least and the greatest of a larger one: `−0.42 … 1.3`."""
    if not isinstance(x, np.ndarray) or x.size <= 4 or x.dtype.kind not in "fiub":
        return range_text(x)
    least, greatest = number_text(float(x.min())), number_text(float(x.max()))
    return f"all {least}" if least == greatest else f"{least} … {greatest}"


def titled(variable: Variable) -> str:
    """`v₋₁ x1`: a variable with its name, where it has one."""
    return f"{variable.label} {variable.name}".strip()


# -- forward -------------------------------------------------------------------------------------------------------


def _given(trace: Trace) -> Frames:
    """Before the first operation: the inputs, the parameters and constants, and what an earlier, cut part made."""
    made = {which for step in trace.steps for which in step.outputs}
    given = [v for v in trace.variables if v.id not in made]
    inputs = [f"{v.label} = {shown(v.primal)}" for v in given if v.kind == "input"]
    return {
        "set": {v.id: shown(v.primal) for v in given},
        "formula": "Given: " + _shortened(f"{v.label} = {v.name}" for v in given if v.kind == "input"),
        "numbers": _shortened(inputs),
        "held": 0,
    }


def _forward(trace: Trace, step: Step) -> Frames:
    return {
        "set": {which: shown(trace[which].primal) for which in step.outputs},
        "formula": step.formula,
        "numbers": step.substituted,
        "step": step.number,
        "held": step.memory,
    }


def _seeded(traces: Sequence[Trace]) -> Frames:
    """Before the first tangent: those of the inputs, of which one is the seed."""
    computed = {t.target for t in traces[0].tangents}
    texts: list[dict[str, str]] = [
        {v.id: shown(t.tangent[v.id]) for v in t.variables if v.id in t.tangent and v.id not in computed}
        for t in traces
    ]
    known = [v for v in traces[0].variables if any(v.id in found for found in texts)]
    inputs = [v for v in known if v.kind == "input"]
    return {
        "set": {v.id: [found.get(v.id, MISSING) for found in texts] for v in known},
        "formula": "The seed: " + ", ".join(dotted(v.label) for v in inputs),
        "numbers": [_shortened(f"{dotted(v.label)} = {found.get(v.id, MISSING)}" for v in inputs) for found in texts],
        "held": min((t.memory for t in traces[0].tangents[:1]), default=0),
    }


def _tangent(step: Step, given: Sequence[TangentStep]) -> Frames:
    first = given[0]
    return {
        "set": {first.target: [shown(t.value) for t in given]},
        "formula": first.formula,
        "numbers": [t.substituted for t in given],
        "step": first.step,
        "held": first.memory,
    }


# -- backward ------------------------------------------------------------------------------------------------------


def _started(trace: Trace) -> Frames:
    """Before the first contribution: the adjoints that the reverse sweep begins with, which nothing was added to yet."""
    first: dict[str, Any] = {which: trace.adjoint[which] for which in trace.outputs if which in trace.adjoint}
    for c in reversed(trace.contributions):
        if c.target in first:  # an output that is used further on: what it was before the first was added
            first[c.target] = c.before
    texts = {which: shown(value) for which, value in first.items() if value is not None}
    return {
        "set": texts,
        "formula": "The output's own adjoint: " + ", ".join(barred(trace[which].label) for which in texts)
        if texts
        else "Nothing to go back from: the output depends on no input.",
        "numbers": _shortened(f"{barred(trace[which].label)} = {text}" for which, text in texts.items()),
        "held": max((c.memory for c in trace.contributions[:1]), default=0),
    }


def _backward(trace: Trace, steps: Mapping[int, Step]) -> Iterable[Frames]:
    taken: dict[tuple[int, str, str], int] = {}
    for c in trace.contributions:
        key = (c.step, c.target, c.source)
        number = taken[key] = taken.get(key, -1) + 1
        yield _contribution(c, steps[c.step], number)


def _contribution(c: Contribution, step: Step, number: int) -> Frames:
    """`number` counts the contributions of one operation to one variable: `a · a` has two arrows."""
    edges = [edge for which, edge, partial in arrows_of(step) if which == c.target and partial is not None]
    return {
        "set": {c.target: shown(c.after)},
        "amount": shown(c.amount),
        "formula": c.formula,
        "numbers": c.substituted,
        "edges": [edges[number], *(edge for which, edge in results_of(step) if which == c.source)],
        "step": c.step,
        "held": c.memory,
    }


def _shortened(texts: Iterable[str], most: int = 6) -> str:
    """The texts as a list in words, of many only the first."""
    found = list(texts)
    return ", ".join(found[:most]) + (f", and {len(found) - most} more" if len(found) > most else "")
