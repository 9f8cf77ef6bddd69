"""Each way to the Jacobian as one row: its passes, what they cost as counted, and what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tinygrad_edu.compare._count import Batches, Counts
from tinygrad_edu.compare._measure import Chunks, Jacobian, Times
from tinygrad_edu.compare._problem import Problem
from tinygrad_edu.errors import ConfigError, TinygradEduError

Name = Literal["forward", "forward in chunks", "reverse", "cross-country"]

_LARGEST = 20_000  # floating-point operations: a scalar graph of more is nothing to search for an order in


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to the whole Jacobian.

    Attributes:
        name: which.
        passes: how many directions it takes; None of cross-country accumulation, which has no passes.
        batch: how many of them go together.
        flops: floating-point operations of all of it, the function itself among them, as counted from what is executed; of
            cross-country accumulation multiplications and additions on the scalar graph.
        multiple: of the function's own.
        time: of the whole Jacobian; None where only counting is possible.
        peak: bytes alive at the peak of one batch, as counted.
        measured_peak: the same as `tracemalloc` saw it, beyond what there was before, so without the inputs.
        why: why there is no number, or what it is a number of.
    """

    name: Name
    passes: int | None
    batch: int | None
    flops: int | None
    multiple: float | None
    time: Jacobian | None
    peak: int | None
    measured_peak: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class CrossCountry:
    """Multiplications and additions that make the Jacobian on the scalar graph, by the order of elimination.

    `why` says why there are none: the graph is too large, or has operations that aren't scalar.
    """

    multiplications: dict[str, int]
    additions: dict[str, int]
    why: str = ""


def modes(counts: Counts, times: Times, chunks: Chunks, cross_country: CrossCountry) -> tuple[Mode, ...]:
    """The rows."""
    n, m = counts.forward_passes, counts.reverse_passes
    chunk = "chunk" if "chunk" in times.calls else "forward"
    return (
        _row("forward", counts, counts.forward, n, len(chunks.columns), times.forward, times.calls["forward"].peak),
        _row("forward in chunks", counts, counts.forward, n, chunks.chunk, times.chunked, times.calls[chunk].peak),
        _row("reverse", counts, counts.reverse, m, len(chunks.rows), times.reverse, times.calls["reverse"].peak),
        _cross_country_row(counts, cross_country),
    )


def _row(name: Name, counts: Counts, batches: Batches, passes: int, batch: int, time: Jacobian, measured: int) -> Mode:
    whole, rest = divmod(passes, batch)
    flops = whole * batches.of(batch).flops + (batches.of(rest).flops if rest else 0)
    return Mode(name, passes, batch, flops, _multiple(flops, counts), time, batches.of(batch).peak, measured)


def _cross_country_row(counts: Counts, found: CrossCountry) -> Mode:
    if not found.multiplications:
        return Mode("cross-country", None, None, None, None, None, None, None, found.why)
    best = min(found.multiplications, key=lambda order: found.multiplications[order])
    flops = found.multiplications[best] + found.additions[best]
    return Mode("cross-country", None, None, flops, _multiple(flops, counts), None, None, None, f"order: {best}")


def _multiple(flops: int, counts: Counts) -> float | None:
    return flops / counts.primal.flops if counts.primal.flops else None


def cross_country(problem: Problem, counts: Counts) -> CrossCountry:
    """Eliminate in the usual orders, if the scalar graph is small enough."""
    if counts.primal.flops > _LARGEST:
        return CrossCountry({}, {}, f"graph too large: about {counts.primal.flops:,} scalar operations")
    from tinygrad_edu.compare.elimination import eliminate  # draws and plays as well: only where it is needed

    multiplications: dict[str, int] = {}
    additions: dict[str, int] = {}
    for order in ("forward", "reverse", "markowitz", "optimal"):
        try:
            found = eliminate(problem, *problem.inputs, order=order)
        except TinygradEduError as error:
            if not multiplications:
                why = str(error).removeprefix("eliminate: ").partition(". ")[0].rstrip(".")
                return CrossCountry({}, {}, f"graph too large: {why}" if isinstance(error, ConfigError) else why)
            break  # too large to search for the best order
        multiplications[order], additions[order] = found.multiplications, found.additions
    return CrossCountry(multiplications, additions)
