"""How implementations are timed against one another: in turn, in one process, on one thread; and the tables of ratios.

What is timed is in `workloads.py`. NumPy isn't imported here, so that `conftest.py` can set the thread pools first.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OURS, HAND = "tinygrad_edu", "NumPy by hand"

_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
# Seconds that one measurement lasts at least: what is shorter is repeated within it. With 2 ms a step of 110 µs seemed to
# take 140, spent on getting its code and data back into the caches after the others' turns.
_CHUNK = 1e-2
_WARM = 0.2  # of a measurement, run before it and not counted, for the same reason
_ROUNDS = (15, 101)  # the fewest and the most
_BUSY = 1.05  # processor seconds per second of one thread, and the clocks' rounding


# -- one thread ----------------------------------------------------------------------------------------------------


def limit_pools() -> None:
    """Ask every thread pool for one thread: what is imported later reads these variables once, when it starts."""
    os.environ.update(dict.fromkeys(_POOLS, "1"))
    os.environ["NPROC"] = "1"  # XLA's pool; its flag xla_cpu_multi_thread_eigen alone leaves two threads at work


def check_pools() -> str:
    """Raise unless every BLAS and OpenMP that is loaded uses one thread; what they are, for the report."""
    import threadpoolctl

    threadpoolctl.threadpool_limits(1)
    pools = threadpoolctl.threadpool_info()
    several = [f"{p['internal_api']} ({p['num_threads']})" for p in pools if p["num_threads"] != 1]
    if several:
        raise RuntimeError(f"these pools have more than one thread: {', '.join(several)}")
    return ", ".join(sorted(f"{p['internal_api']} {p['version'] or ''}".strip() for p in pools))


# -- in turn -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of one figure per round, and the quartiles around it."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        return Spread(middle, low, high)

    def times(self, factor: float) -> Spread:
        return Spread(self.median * factor, self.low * factor, self.high * factor)

    def __str__(self) -> str:
        return f"{figures(self.median)} [{figures(self.low)}, {figures(self.high)}]"


def interleaved(calls: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Seconds per call, one figure per round for each of the calls; every round runs them all, starting at another one.

    What slows the machine for a while slows a whole round, so the ratio within a round is what can be trusted. Raises
    RuntimeError where a call kept more than one processor busy.
    """
    loops, chunks = {}, {}
    for name, call in calls.items():
        for _ in range(3):
            call()  # the first calls also pay for what is made once
        took = min(_timed(call, 1)[0] for _ in range(5))
        loops[name] = max(1, math.ceil(_CHUNK / max(took, 1e-9)))
        chunks[name] = took * loops[name]
    rounds = int(min(max(seconds / (1 + _WARM) / sum(chunks.values()), _ROUNDS[0]), _ROUNDS[1]))
    names = list(calls)
    found: dict[str, list[float]] = {name: [] for name in names}
    busy = dict.fromkeys(names, 0.0)
    # Collections stay on, since whoever makes many objects has to pay for them, but not over what JAX and PyTorch
    # brought with them.
    gc.collect()
    gc.freeze()
    try:
        for r in range(rounds):
            first = r % len(names)
            for name in names[first:] + names[:first]:
                _timed(calls[name], int(loops[name] * _WARM))
                wall, processor = _timed(calls[name], loops[name])
                found[name].append(wall / loops[name])
                busy[name] += processor
    finally:
        gc.unfreeze()
    for name in names:
        share = busy[name] / (sum(found[name]) * loops[name])
        if share > _BUSY:
            raise RuntimeError(f"{name} kept {share:.2f} processors busy; the figures are for one thread")
    return found


def _timed(call: Callable[[], Any], loops: int) -> tuple[float, float]:
    processor, start = time.process_time(), time.perf_counter()
    for _ in range(loops):
        call()
    return time.perf_counter() - start, time.process_time() - processor


# -- the report ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """At most `limit` times what `against` needs."""

    against: str
    limit: float

    def verdict(self, ratio: float) -> str:
        return f"{'met' if ratio <= self.limit else 'NOT MET'}: {ratio:.2f} of at most {self.limit:g} × {self.against}"


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one workload: for each implementation one figure per round, in seconds (or bytes).

    `primals` holds, where a derivative was measured, the times of the function alone, from the same rounds.
    """

    name: str
    found: dict[str, list[float]]
    primals: dict[str, list[float]] = field(default_factory=dict)
    target: Target | None = None
    unit: str = "s"

    def ratio(self, one: str, other: str) -> Spread:
        """`one` over `other`, round by round."""
        return _paired(self.found[one], self.found[other])

    def over_primal(self, one: str) -> Spread:
        """The derivative over the function alone, round by round."""
        return _paired(self.found[one], self.primals[one])

    def cells(self, columns: Sequence[str], text: Callable[[Row, str], str]) -> list[str]:
        """One cell per column, empty where that one wasn't measured."""
        return [text(self, name) if name in self.found else "" for name in columns]

    def verdict(self) -> str:
        return "" if self.target is None else self.target.verdict(self.ratio(OURS, self.target.against).median)

    def ours(self) -> str:
        median = statistics.median(self.found[OURS])
        return f"{median / 2**20:.0f} MiB" if self.unit == "B" else _duration(median)


def _paired(ones: Sequence[float], others: Sequence[float]) -> Spread:
    return Spread.of([a / b for a, b in zip(ones, others, strict=True)])


@dataclass
class Report:
    """Every row of a run, as tables in Markdown."""

    rows: list[Row] = field(default_factory=list)
    parts: dict[str, Spread] = field(default_factory=dict)  # of an op call, in seconds; the first is the unit
    about: str = ""

    def lines(self, order: Sequence[str]) -> list[str]:
        """The tables that have rows; `order` is that of the columns."""
        times = [row for row in self.rows if row.unit == "s"]
        peers = [name for name in order if name != OURS and any(name in row.found for row in times)]
        known = [name for name in order if name in (OURS, *peers)]
        return [
            self.about,
            *_section(
                f"{OURS}'s time over that of each other: median [quartiles]",
                ["workload", OURS, *peers, "target"],
                [
                    [row.name, row.ours(), *row.cells(peers, lambda r, p: str(r.ratio(OURS, p))), row.verdict()]
                    for row in times
                ],
            ),
            *_section(
                f"Each one's time over that of {HAND}: median",
                ["workload", *(p for p in known if p != HAND)],
                [
                    [
                        row.name,
                        *row.cells([p for p in known if p != HAND], lambda r, p: figures(r.ratio(p, HAND).median)),
                    ]
                    for row in times
                    if HAND in row.found
                ],
            ),
            *_section(
                "Each one's time over that of its own primal, the function alone: median",
                ["workload", *known],
                [
                    [row.name, *row.cells(known, lambda r, p: figures(r.over_primal(p).median))]
                    for row in times
                    if row.primals
                ],
            ),
            *_section(
                f"{OURS}'s peak memory over that of another: median [quartiles]",
                ["workload", OURS, "over", "target"],
                [
                    [row.name, row.ours(), f"{other}: {row.ratio(OURS, other)}", row.verdict()]
                    for row in self.rows
                    if row.unit == "B"
                    for other in row.found
                    if other != OURS
                ],
            ),
            *_section(
                "What one operation on 4 elements costs, in µs: median [quartiles], and as a multiple of the first",
                ["part", "µs", "×"],
                [
                    [name, str(cost.times(1e6)), figures(cost.median / next(iter(self.parts.values())).median)]
                    for name, cost in self.parts.items()
                ],
            ),
        ]


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["", title, "", *table(head, rows)] if rows else []


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table with its columns lined up."""
    cells = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    written = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return [written[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *written[1:]]


def figures(value: float) -> str:
    return (
        f"{value:.3f}"
        if value < 0.1
        else f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
        if value < 100
        else f"{value:.0f}"
    )


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
