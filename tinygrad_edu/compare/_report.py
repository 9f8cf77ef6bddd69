"""A comparison as rows of text, plain or by rich; the numbers come from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinygrad_edu.compare._agree import Agreement, Difference
from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._measure import Jacobian, Times, Timing
from tinygrad_edu.compare._recommend import Recommendation

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class Report:
    """Texts: a title, rows of (what, forward, reverse), rows of (check, result), and a conclusion."""

    title: str
    modes: list[tuple[str, str, str]]
    checks: list[tuple[str, str]]
    conclusion: str

    def to_text(self) -> str:
        """Two tables in columns as wide as their texts."""
        rows = [("", "forward mode", "reverse mode"), *self.modes]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [self.title, ""]
        lines += [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        width = max(len(check) for check, _ in self.checks)
        lines += ["", *(f"{check.ljust(width)}  {result}" for check, result in self.checks), "", self.conclusion]
        return "\n".join(lines)

    def to_rich(self) -> RenderableType:
        """The same as tables of rich, which must be installed."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        modes = Table("", "forward mode", "reverse mode", title=Text(self.title), title_justify="left")
        for row in self.modes:
            modes.add_row(*map(Text, row))
        checks = Table("do they agree?", "")
        for check in self.checks:
            checks.add_row(*map(Text, check))
        return Group(modes, checks, Text(self.conclusion, style="bold"))


def report(name: str, counts: Counts, times: Times, agreement: Agreement, recommendation: Recommendation) -> Report:
    """Put a comparison into words."""
    n, m = counts.inputs, counts.outputs
    call = duration(times.primal.seconds)
    title = f"{name}: n = {n:,} in, m = {m:,} out, {_many(counts.operations, 'operation')}; one call takes {call}"
    modes = [
        ("computes per pass", "J v, a column", "Jᵀ w, a row"),
        ("passes for the whole Jacobian", f"{counts.forward_passes:,} (n)", f"{counts.reverse_passes:,} (m)"),
        ("one pass", _one_pass(times.jvp, times.primal), _one_pass(times.vjp, times.primal)),
        ("whole Jacobian", _whole(times.forward), _whole(times.reverse)),
        ("measured", _measured(times.forward), _measured(times.reverse)),
    ]
    part = "" if (agreement.columns, agreement.rows) == (n, m) else f", {agreement.columns:,} of {n:,} columns"
    part += f" and {agreement.rows:,} of {m:,} rows" if agreement.rows < m else ""
    if agreement.differences is None:
        differences = "not possible: the function doesn't compute in float64"
    else:
        differences = f"{_off(agreement.differences)}, step {agreement.step:.0e}"
    checks = [
        ("adjoint identity ⟨w, J v⟩ = ⟨Jᵀ w, v⟩", _off(agreement.adjoint)),
        (f"Jacobian, forward against reverse{part}", _off(agreement.jacobians)),
        ("J v against central differences in float64", differences),
    ]
    return Report(title, modes, checks, f"Use {recommendation}.")


def duration(seconds: float) -> str:
    """Seconds in a unit that suits them, to three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:,.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"
    raise AssertionError


def _one_pass(timing: Timing, primal: Timing) -> str:
    return f"{duration(timing.seconds)} ({timing.seconds / primal.seconds:.2g} × the function)"


def _whole(jacobian: Jacobian) -> str:
    return duration(jacobian.seconds) + (", extrapolated" if jacobian.extrapolated else "")


def _measured(jacobian: Jacobian) -> str:
    timing = jacobian.measured
    share = f"{jacobian.chunk:,} of {_many(jacobian.passes, 'pass', 'passes')}" if jacobian.extrapolated else "all"
    if jacobian.chunk > 1:
        share += ", in one batch"
    spread = (timing.high - timing.low) / 2 / timing.seconds
    return f"{share}: {duration(timing.seconds)} ± {spread:.0%}"


def _many(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _off(difference: Difference) -> str:
    if not difference.largest:
        return "exactly equal"
    return f"off by {difference.largest:.1e} of {difference.scale:.3g} (relative {difference.relative:.0e})"
