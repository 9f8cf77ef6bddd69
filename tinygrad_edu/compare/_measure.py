"""Times: of the function, of one pass in each mode, and of the whole Jacobian by each; only here is a clock read."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.compare._count import Counts
from tinygrad_edu.compare._problem import Array, Problem, random_directions, unit_directions
from tinygrad_edu.errors import ConfigError

_SHORTEST = 1e-3  # seconds that one measurement lasts at least: what is shorter is repeated within it
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds per call: the median of several runs, and the quartiles around it."""

    seconds: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True, slots=True)
class Jacobian:
    """How long the whole Jacobian takes in one mode; the spread in the report is half the distance of the quartiles.

    Attributes:
        passes: how many directions it takes.
        chunk: how many of them go through the function together, in one batch.
        measured: the time of one batch.
        seconds: of all batches: as measured if one is enough, else extrapolated from it.
    """

    passes: int
    chunk: int
    measured: Timing
    seconds: float

    @property
    def extrapolated(self) -> bool:
        """Whether only some of the passes were run and the rest reckoned."""
        return self.chunk < self.passes


@dataclass(frozen=True, slots=True)
class Times:
    """What `measure` found. `jvp` and `vjp` include the function itself."""

    primal: Timing
    jvp: Timing
    vjp: Timing
    forward: Jacobian
    reverse: Jacobian


@dataclass(frozen=True, slots=True)
class Chunks:
    """Which columns (by forward mode) and rows (by reverse mode) of the Jacobian are computed, each in one batch."""

    columns: Array
    rows: Array


def choose_chunks(counts: Counts, memory: int, draw: np.random.Generator) -> Chunks:
    """All columns and rows if they fit in `memory` bytes, else as many as do, at random. Raises ConfigError for memory ≤ 0."""
    if memory <= 0:
        raise ConfigError(
            f"compare: memory={memory}; give the bytes that a batch of directions may take, e.g. 64 * 2**20."
        )

    def some(passes: int) -> Array:
        chunk = min(passes, max(1, memory // counts.bytes_per_pass))
        return np.arange(passes) if chunk == passes else np.sort(draw.choice(passes, chunk, replace=False))

    return Chunks(some(counts.forward_passes), some(counts.reverse_passes))


def measure(problem: Problem, counts: Counts, chunks: Chunks, repeats: int, draw: np.random.Generator) -> Times:
    """Time everything, one of each in turn, `repeats` times. Raises ConfigError for fewer than one repeat."""
    if repeats < 1:
        raise ConfigError(f"compare: repeats={repeats}; give at least 1.")
    v, w = random_directions(problem.inputs, draw), random_directions(problem.outputs, draw)
    columns = unit_directions(problem.inputs, chunks.columns)
    rows = unit_directions(problem.outputs, chunks.rows)
    timings = interleaved(
        {
            "primal": lambda: problem(*problem.inputs),
            "jvp": lambda: problem.tangent(v),
            "vjp": lambda: problem.cotangent(w),
            "forward": _batch(problem.tangent, problem.tangents, columns),
            "reverse": _batch(problem.cotangent, problem.cotangents, rows),
        },
        repeats,
    )
    return Times(
        primal=timings["primal"],
        jvp=timings["jvp"],
        vjp=timings["vjp"],
        forward=_whole(counts.forward_passes, len(chunks.columns), timings["forward"]),
        reverse=_whole(counts.reverse_passes, len(chunks.rows), timings["reverse"]),
    )


def _batch(one: Callable[..., Any], many: Callable[..., Any], directions: Sequence[Any]) -> Callable[[], Any]:
    if len(directions[0]) == 1:
        single = [d[0] for d in directions]
        return lambda: one(single)
    return lambda: many(directions)


def _whole(passes: int, chunk: int, measured: Timing) -> Jacobian:
    return Jacobian(passes, chunk, measured, measured.seconds * passes / chunk)


def interleaved(calls: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, Timing]:
    """The time of each call, measured in turn so that what slows the machine for a moment slows all alike."""
    loops = {}
    for name, call in calls.items():
        call()  # the first call also pays for what is made once
        start = time.perf_counter()
        call()
        loops[name] = min(_MOST, math.ceil(_SHORTEST / max(time.perf_counter() - start, 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in calls}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(repeats):
            for name, call in calls.items():
                start = time.perf_counter()
                for _ in range(loops[name]):
                    call()
                found[name].append((time.perf_counter() - start) / loops[name])
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return {name: _timing(runs) for name, runs in found.items()}


def _timing(runs: Sequence[float]) -> Timing:
    low, middle, high = np.quantile(runs, [0.25, 0.5, 0.75]).tolist()
    return Timing(middle, low, high, len(runs))
