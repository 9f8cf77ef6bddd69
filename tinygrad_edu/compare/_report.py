"""A comparison as rows of text, plain, in Markdown, as a page, or by rich; the numbers come from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinygrad_edu.compare._agree import Agreement, Difference
from tinygrad_edu.compare._count import ADJOINT_BOUND, TANGENT_BOUND, Counts, Pass
from tinygrad_edu.compare._measure import Jacobian, Measured, Times, Timing
from tinygrad_edu.compare._modes import CrossCountry, Mode
from tinygrad_edu.compare._notes import Note
from tinygrad_edu.compare._recommend import Recommendation
from tinygrad_edu.compare._texts import duration, many
from tinygrad_edu.visualize._words import bytes_text
from tinygrad_edu.visualize.table import _markdown, _rich

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("", "forward", "forward in chunks", "reverse")
_INSTALL = 'pip install "tinygrad-edu[cli]"; to_text() and to_markdown() need nothing.'


@dataclass(frozen=True, slots=True)
class Report:
    """Texts: a title, rows of (what, forward, forward in chunks, reverse), rows of (check, result), remarks, a conclusion."""

    title: str
    modes: list[tuple[str, str, str, str]]
    checks: list[tuple[str, str]]
    notes: list[str]
    conclusion: str
    crossover: str

    @property
    def headings(self) -> tuple[str, ...]:
        """What stands above the columns of `modes`."""
        return HEADINGS

    def to_text(self) -> str:
        """Two tables in columns as wide as their texts."""
        lines = [self.title, "", *_columns([HEADINGS, *self.modes]), "", *_columns(self.checks), ""]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join([*lines, self.conclusion, self.crossover])

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        tables = []
        for head, *rows in ((HEADINGS, *self.modes), (("check", "result"), *self.checks)):
            lines = [f"| {' | '.join(map(_markdown, row))} |" for row in (head, *rows)]
            tables.append([lines[0], f"|{'---|' * len(head)}", *lines[1:]])
        remarks = [f"- {_markdown(note)}" for note in self.notes]
        end = [f"**{_markdown(self.conclusion)}** {_markdown(self.crossover)}"]
        parts = [[f"### {_markdown(self.title)}"], *tables, remarks, end]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def to_rich(self) -> RenderableType:
        """The same as tables of rich. Raises ConfigError without it."""
        Table, Text = _rich()
        from rich.console import Group

        modes = Table(*HEADINGS, title=Text(self.title), title_justify="left")
        for row in self.modes:
            modes.add_row(*map(Text, row))
        checks = Table("do they agree?", "")
        for check in self.checks:
            checks.add_row(*map(Text, check))
        notes = [Text(f"Note: {note}", style="yellow") for note in self.notes]
        return Group(modes, checks, *notes, Text(self.conclusion, style="bold"), Text(self.crossover))


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def report(
    name: str,
    counts: Counts,
    times: Times,
    agreement: Agreement,
    recommendation: Recommendation,
    modes: Sequence[Mode],
    cross_country: CrossCountry,
    notes: Sequence[Note],
) -> Report:
    """Put a comparison into words."""
    n, m = counts.inputs, counts.outputs
    size = f"{many(counts.operations, 'operation')}, {many(counts.primal.multiply_adds, 'multiply-add')}"
    title = f"{name}: n = {n:,} in, m = {m:,} out, {size}; one call takes {duration(times.primal.seconds)}"
    tangent, adjoint = counts.forward.one, counts.reverse.one
    rows = modes[:3]
    table = [
        ("computes per pass", "J v, a column", "the same", "Jᵀ w, a row"),
        (
            "one pass, counted (× the function)",
            _work(tangent, counts, TANGENT_BOUND),
            "the same",
            _work(adjoint, counts, ADJOINT_BOUND),
        ),
        ("one pass, timed (× the function)", _one_pass(times.jvp, times), "the same", _one_pass(times.vjp, times)),
        ("one pass, peak memory", _peak(tangent, times.calls["jvp"]), "the same", _peak(adjoint, times.calls["vjp"])),
        ("passes for the whole Jacobian", *(_passes(row, letter) for row, letter in zip(rows, "nnm", strict=True))),
        ("whole Jacobian, counted", *map(_counted, rows)),
        ("whole Jacobian, timed", *(_whole(row.time) for row in rows)),
        ("measured", *(_measured(row.time) for row in rows)),
        (
            "a batch's peak memory",
            *(f"{bytes_text(row.peak or 0)}; measured {bytes_text(row.measured_peak or 0)}" for row in rows),
        ),
    ]
    checks = [
        ("adjoint identity ⟨w, J v⟩ = ⟨Jᵀ w, v⟩", _off(agreement.adjoint)),
        (f"Jacobian, forward against reverse{_part(agreement, n, m)}", _off(agreement.jacobians)),
        (f"J v against {agreement.witness or 'differences'} in float64", _against_values(agreement)),
        ("cross-country accumulation", _cross_country(cross_country)),
    ]
    crossover = str(recommendation.crossover)
    return Report(
        title,
        table,  # type: ignore[arg-type]  # rows of four
        checks,
        [note.text for note in notes],
        f"Use {recommendation}.",
        f"{crossover[0].upper()}{crossover[1:]}.",
    )


def _work(one: Pass, counts: Counts, bound: str) -> str:
    if not counts.primal.flops:
        return many(one.multiply_adds, "multiply-add")
    return f"{one.multiply_adds:,} multiply-adds ({one.flops / counts.primal.flops:.3g} ×; theory {bound})"


def _one_pass(timing: Timing, times: Times) -> str:
    return f"{duration(timing.seconds)} ({timing.seconds / times.primal.seconds:.2g} ×)"


def _peak(one: Pass, seen: Measured) -> str:
    return f"{bytes_text(one.peak)}; measured {bytes_text(seen.peak)}"


def _passes(row: Mode, letter: str) -> str:
    assert row.passes is not None
    text = f"{row.passes:,} ({letter})"
    return f"{text}, {row.batch:,} at a time" if row.batch != row.passes else text


def _counted(row: Mode) -> str:
    text = f"{(row.flops or 0) // 2:,} multiply-adds"
    return text if row.multiple is None else f"{text} ({row.multiple:,.3g} ×)"


def _whole(jacobian: Jacobian | None) -> str:
    assert jacobian is not None
    return duration(jacobian.seconds) + (", extrapolated" if jacobian.extrapolated else "")


def _measured(jacobian: Jacobian | None) -> str:
    assert jacobian is not None
    timing = jacobian.measured
    share = f"{jacobian.chunk:,} of {many(jacobian.passes, 'pass', 'passes')}" if jacobian.extrapolated else "all"
    if jacobian.chunk > 1:
        share += ", in one batch"
    spread = (timing.high - timing.low) / 2 / timing.seconds
    return f"{share}: {duration(timing.seconds)} ± {spread:.0%}"


def _part(agreement: Agreement, n: int, m: int) -> str:
    part = "" if (agreement.columns, agreement.rows) == (n, m) else f", {agreement.columns:,} of {n:,} columns"
    return part + (f" and {agreement.rows:,} of {m:,} rows" if agreement.rows < m else "")


def _against_values(agreement: Agreement) -> str:
    if agreement.differences is None:
        return "not possible: the function doesn't compute in float64"
    return f"{_off(agreement.differences)}, step {agreement.step:.0e}"


def _cross_country(found: CrossCountry) -> str:
    if not found.multiplications:
        return found.why
    counted = ", ".join(f"{order} {number:,}" for order, number in found.multiplications.items())
    return f"multiplications on the scalar graph, by the order of elimination: {counted}"


def _off(difference: Difference) -> str:
    if not difference.largest:
        return "exactly equal"
    if not math.isfinite(difference.largest):
        return "not comparable: not finite here"
    return f"off by {difference.largest:.1e} of {difference.scale:.3g} (relative {difference.relative:.0e})"
