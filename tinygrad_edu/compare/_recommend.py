"""Which mode to use, in words, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._measure import Times

Mode = Literal["forward", "reverse"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The mode that finds the whole Jacobian faster, and why, as a sentence."""

    mode: Mode
    reason: str

    def __str__(self) -> str:
        return f"{self.mode}: {self.reason}"


def recommend(counts: Counts, times: Times) -> Recommendation:
    """Go by the measured times; explain them by the passes."""
    n, m = counts.inputs, counts.outputs
    mode: Mode = "forward" if times.forward.seconds < times.reverse.seconds else "reverse"
    seconds = sorted([times.forward.seconds, times.reverse.seconds])
    reckoned = " (partly extrapolated)" if times.forward.extrapolated or times.reverse.extrapolated else ""
    factor = seconds[1] / seconds[0]
    faster = f"{factor:.2g}" if factor < 10 else f"{factor:,.0f}"
    timed = f"measured {faster} times as fast{reckoned}"
    if n == m:
        return Recommendation(mode, f"n = m = {n:,}, as many passes either way; {timed}" + _memory(mode))
    fewer: Mode = "forward" if n < m else "reverse"
    ratio = max(n, m) / min(n, m)
    few, many = (f"n = {n:,}", f"m = {m:,}") if n < m else (f"m = {m:,}", f"n = {n:,}")
    times_fewer = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.3g}"
    sign = "≪" if ratio >= 10 else "<"
    if fewer == mode:
        return Recommendation(
            mode, f"{few} {sign} {many}, so {times_fewer} times fewer passes; {timed}" + _memory(mode)
        )
    return Recommendation(
        mode,
        f"although {few} {sign} {many}, and {fewer} mode needs {times_fewer} times fewer passes: at this size a pass "
        f"costs less than what surrounds it; {timed}" + _memory(mode),
    )


def _memory(mode: Mode) -> str:
    return ", and it keeps no graph" if mode == "forward" else ""
