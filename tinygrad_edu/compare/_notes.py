"""What has to be said of a function before its derivative is believed: branches, kinks, numbers that aren't finite, size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tinygrad_edu.compare import _journal
from tinygrad_edu.compare._agree import Agreement
from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._journal import Journal
from tinygrad_edu.compare._measure import Chunks, Found
from tinygrad_edu.compare._problem import Problem
from tinygrad_edu.compare._witness import Kink, Line, Witness, kinks
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.visualize._words import bytes_text

_NEARBY = (1e-6, 1e-5, 1e-4, 1e-3)


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about the result, as a sentence, and what it is about."""

    about: Literal["branch", "kink", "not finite", "disagreement", "memory", "seed"]
    text: str

    def __str__(self) -> str:
        return self.text


def notes(
    problem: Problem,
    primal: Journal,
    found: Found,
    agreement: Agreement,
    witness: Witness | None,
    counts: Counts,
    chunks: Chunks,
    memory: int,
) -> list[Note]:
    """All there is to say."""
    made: list[Note] = []
    if problem.function_seed is not None:
        text = f"Random numbers are those of seed {problem.function_seed} in every call, and so is the derivative."
        made.append(Note("seed", text))
    if primal.looks:
        made.append(_branch(primal, witness.wide if witness else Line(problem), found.v))
    if not all(np.isfinite(y.numpy()).all() for y in [*problem.outputs, *found.y_dots, *found.x_bars]):
        text = "The function or its derivative isn't finite at this point (NaN or infinite), so nothing can be compared there."
        made.append(Note("not finite", text))
    bent = kinks(witness, found.v) if witness else []
    made += [Note("kink", _kink(kink, problem)) for kink in bent]
    if not bent and agreement.differences is not None and agreement.differences.relative > 1e-4:
        made.append(
            Note(
                "disagreement",
                f"The function's values suggest another derivative than both modes compute (relative difference "
                f"{agreement.differences.relative:.0e}): it changes too fast here for differences, or a rule is wrong, or a "
                "part of it is hidden from differentiation (detach(), no_grad()).",
            )
        )
    return made + _sizes(counts, chunks, memory)


def _branch(primal: Journal, line: Line, v: Sequence[Tensor]) -> Note:
    places = sorted({look.source for look in primal.looks})
    where = ", ".join(places[:3]) + (f" and {len(places) - 3} more places" if len(places) > 3 else "")
    text = (
        f"The function looks at a number while it runs ({where}), so what it computes may depend on it: the derivative is "
        "that of the branch taken here."
    )
    length = float(np.sqrt(sum(np.vdot(d.numpy(), d.numpy()) for d in v))) or 1.0
    here = _signature(primal)
    for step in _NEARBY:
        for sign in (1, -1):
            h = sign * step * line.scale / length
            moved = [
                as_tensor((x.numpy() + h * d.numpy()).astype(x.dtype))
                for x, d in zip(line.problem.inputs, v, strict=True)
            ]
            try:
                there = _signature(_journal.of_primal(line.problem, moved))
            except Exception:  # another branch may fail in any way
                there = None
            if there != here:
                return Note("branch", f"{text} Within {step * line.scale:.0e} of this point it takes another one.")
    same = f"Within {_NEARBY[-1] * line.scale:.0e} of this point it takes the same one, in the direction tried."
    return Note("branch", f"{text} {same}")


def _signature(journal: Journal) -> list[Any]:
    return [(e.op.name, e.source.partition(" ")[0], [s.shape for s in e.specs]) for e in journal.equations]


def _kink(kink: Kink, problem: Problem) -> str:
    where = "several inputs together" if kink.input is None else _element(kink.input, problem.inputs, "input")
    if kink.jump:
        return (
            f"Not continuous here: {_element(kink.output, problem.outputs, 'output')} jumps as {where} passes; the derivative is "
            "that of the piece at this point."
        )
    return (
        f"Not differentiable here: {_element(kink.output, problem.outputs, 'output')} against {where} has the slope "
        f"{kink.left:.4g} to the left and {kink.right:.4g} to the right; the modes say {kink.chosen:.4g} (docs/kinks.md says why)."
    )


def _element(number: int, tensors: Sequence[Tensor], kind: str) -> str:
    for which, x in enumerate(tensors):
        if number < x.numel():
            name = f"{kind} {which}" if len(tensors) > 1 else f"the {kind}"
            index = ", ".join(str(int(i)) for i in np.unravel_index(number, x.shape))
            return f"element [{index}] of {name}" if index else name
        number -= x.numel()
    raise IndexError(number)


def _sizes(counts: Counts, chunks: Chunks, memory: int) -> list[Note]:
    made = []
    for mode, function, passes, chunk, batches in (
        ("forward", "jacfwd", counts.forward_passes, len(chunks.columns), counts.forward),
        ("reverse", "jacrev", counts.reverse_passes, len(chunks.rows), counts.reverse),
    ):
        needed = batches.of(passes).peak
        if needed <= memory:
            continue
        budget = f"more than memory={bytes_text(memory)}"
        text = f"All {passes:,} directions of {mode} mode at once need {bytes_text(needed)}, {budget}; "
        smallest = batches.of(chunk).peak
        if smallest > memory:
            text = f"One pass of {mode} mode by itself needs {bytes_text(smallest)}, {budget}; "
            text += "the function is too large for that budget whatever the chunk."
        else:
            text += f"chunks of {chunk:,} fit: {function}(f, chunk_size={chunk})."
        made.append(Note("memory", text))
    return made
