"""Which mode to use, in words, with the reason; and where the other one would begin to be the better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._measure import Times
from tinygrad_edu.compare._texts import duration, ratio_text

Mode = Literal["forward", "reverse"]

_CLEARLY = (
    1.25  # chunks are considered if they are so many times as fast as one batch: most of their time is extrapolated
)
_CLOSE = 1.1


@dataclass(frozen=True, slots=True)
class Crossover:
    """Where both modes would cost the same, if a pass of either costs what it costs here.

    Forward mode takes `forward_fixed + n · forward_each` seconds, reverse mode `reverse_fixed + m · reverse_each`.

    Attributes:
        inputs: the n at which that is equal for this function's m; None where they never meet.
        ratio: n/m there: the recommendation is forward below, reverse above.
    """

    forward_fixed: float
    forward_each: float
    reverse_fixed: float
    reverse_each: float
    inputs: float | None
    ratio: float | None

    def __str__(self) -> str:
        costs = (
            f"a pass of forward mode costs {duration(self.forward_each)} (beside {duration(max(0.0, self.forward_fixed))} "
            f"once), one of reverse mode {duration(self.reverse_each)} (beside {duration(max(0.0, self.reverse_fixed))})"
        )
        if self.inputs is None or self.ratio is None:
            return f"the modes cost the same nowhere, whatever n is: {costs}"
        return f"the modes would cost the same at n ≈ {self.inputs:,.3g}, n/m ≈ {self.ratio:,.3g}: {costs}"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The mode that finds the whole Jacobian faster, and why, as a sentence.

    Attributes:
        mode: forward or reverse.
        reason: why.
        factor: how many times as fast it was.
        close: whether the two are as good as equal, within 10 %.
        crossover: where they cost the same.
    """

    mode: Mode
    reason: str
    factor: float
    close: bool
    crossover: Crossover

    def __str__(self) -> str:
        return f"{self.mode}: {self.reason}"


def recommend(counts: Counts, times: Times) -> Recommendation:
    """Go by the measured times; explain them by the passes."""
    n, m = counts.inputs, counts.outputs
    chunked = times.chunked.least * _CLEARLY < times.forward.least
    forward = times.chunked if chunked else times.forward
    reverse = times.reverse
    mode: Mode = "forward" if forward.least < reverse.least else "reverse"
    fast, slow = (forward, reverse) if mode == "forward" else (reverse, forward)
    factor = slow.least / fast.least
    close = factor < _CLOSE
    reckoned = " (partly extrapolated)" if forward.extrapolated or reverse.extrapolated else ""
    timed = f"measured {ratio_text(factor)} times as fast{reckoned}"
    if close:
        timed += ", as good as equal"
    ratio = max(n, m) / min(n, m)
    few, many = (f"n = {n:,}", f"m = {m:,}") if n < m else (f"m = {m:,}", f"n = {n:,}")
    fewer: Mode = "forward" if n < m else "reverse"
    times_fewer = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.3g}"
    sign = "≪" if ratio >= 10 else "<"
    if n == m:
        reason = f"n = m = {n:,}, as many passes either way; {timed}"
    elif fewer == mode:
        reason = f"{few} {sign} {many}, so {times_fewer} times fewer passes; {timed}"
    else:
        reason = (
            f"although {few} {sign} {many}, and {fewer} mode needs {times_fewer} times fewer passes: at this size a pass "
            f"costs less than what surrounds it; {timed}"
        )
    if mode == "forward":
        reason += f", in chunks of {forward.chunk:,}" if chunked else ""
        reason += ", and it keeps no graph"
    return Recommendation(mode, reason, factor, close, crossover(m, times))


def crossover(m: int, times: Times) -> Crossover:
    """From the lines through the measured times."""
    f, r = times.forward_line, times.reverse_line
    beyond = r.fixed + m * r.each - f.fixed
    inputs = beyond / f.each if beyond > 0 and f.each > 0 else None
    return Crossover(f.fixed, f.each, r.fixed, r.each, inputs, inputs and inputs / m)
