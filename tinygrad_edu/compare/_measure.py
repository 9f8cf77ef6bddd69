"""Times and memory: of the function, of one pass in each mode, and of the whole Jacobian by each; only here is a clock read."""

from __future__ import annotations

import contextlib
import gc
import math
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.compare._count import Counts, chunk_for
from tinygrad_edu.compare._problem import Array, Problem, random_batch, random_directions
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.passes import PASSES
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.func import jacfwd, jacrev
from tinygrad_edu.ops._unit import unit_directions

_SHORTEST = 1e-3  # seconds that one measurement lasts at least: what is shorter is repeated within it
_MOST = 1_000
_SEVERAL = 8
_CLOSE = ((1.5, 2), (1.15, 4))  # rivals no further apart than that get so many times as many runs more


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds per call: the median of several runs, the quartiles around it, and the least, which was disturbed the least."""

    seconds: float
    low: float
    high: float
    runs: int
    least: float


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
    def least(self) -> float:
        """As `seconds`, by the run that was disturbed the least: the fairest figure to compare on a busy machine."""
        return self.measured.least * self.passes / self.chunk

    @property
    def extrapolated(self) -> bool:
        """Whether only some of the passes were run and the rest reckoned."""
        return self.chunk < self.passes


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen of one call.

    Attributes:
        time: how long it took.
        pushed, pulled: how many directions the engine counted, by forward mode and by reverse sweeps.
        peak: bytes that Python and NumPy had beyond what they had before, at the most.
    """

    time: Timing
    pushed: int
    pulled: int
    peak: int


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds as a line, `fixed + each * passes`: through one pass by itself and a batch of them."""

    fixed: float
    each: float


@dataclass(frozen=True, slots=True)
class Times:
    """What `measure` found. `jvp` and `vjp` include the function itself.

    `forward` and `reverse` are the whole Jacobian in as few batches as memory allows, `chunked` is forward mode in smaller
    ones. `calls` is what was seen of a single call of each, by name: of one batch where there are several.
    """

    primal: Timing
    jvp: Timing
    vjp: Timing
    forward: Jacobian
    chunked: Jacobian
    reverse: Jacobian
    forward_line: Line
    reverse_line: Line
    calls: dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Chunks:
    """Which columns (by forward mode) and rows (by reverse mode) of the Jacobian are computed, each in one batch.

    `chunk` is how many columns a chunk has, where forward mode goes in chunks.
    """

    columns: Array
    rows: Array
    chunk: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the first calls returned: J v and the directions v, Jᵀ w and w; and those columns (m, …) and rows (…, n) of the
    Jacobian that `Chunks` says.
    """

    v: Sequence[Tensor]
    w: Sequence[Tensor]
    y_dots: Sequence[Tensor]
    x_bars: Sequence[Tensor]
    columns: Array
    rows: Array


def choose_chunks(counts: Counts, memory: int, chunk_size: int | None, draw: np.random.Generator) -> Chunks:
    """All columns and rows if they fit in `memory` bytes, else as many neighbours as do, somewhere.

    Raises ConfigError for memory ≤ 0 and chunk_size ≤ 0.
    """
    if memory <= 0:
        raise ConfigError(
            f"compare: memory={memory}; give the bytes that a batch of directions may take, e.g. 64 * 2**20."
        )
    if chunk_size is not None and chunk_size < 1:
        raise ConfigError(f"compare: chunk_size={chunk_size}; give how many directions a chunk has, at least 1.")

    def some(passes: int, fits: int) -> Array:
        return np.arange(fits) + int(draw.integers(passes - fits + 1))

    n, m = counts.forward_passes, counts.reverse_passes
    columns, rows = counts.forward.fitting(memory, n), counts.reverse.fitting(memory, m)
    return Chunks(some(n, columns), some(m, rows), min(n, chunk_size) if chunk_size else chunk_for(n, columns))


def measure(
    problem: Problem, counts: Counts, chunks: Chunks, repeats: int, recording: bool, draw: np.random.Generator
) -> tuple[Times, Found]:
    """Time everything, one of each in turn, `repeats` times. Raises ConfigError for fewer than one repeat.

    With `recording` in the caller's mode: then what the function knows and requires a gradient costs what it costs there.
    """
    if repeats < 1:
        raise ConfigError(f"compare: repeats={repeats}; give at least 1.")
    v, w = random_directions(problem.inputs, draw), random_directions(problem.outputs, draw)
    n, m, columns, rows = counts.forward_passes, counts.reverse_passes, len(chunks.columns), len(chunks.rows)
    whole = {"forward": 1 < n == columns, "reverse": 1 < m == rows}  # by `jacfwd`, by `jacrev`
    calls = {
        "primal": lambda: problem(*problem.inputs),
        "jvp": lambda: problem.tangent(v),
        "vjp": lambda: problem.cotangent(w),
        "forward": lambda: problem.jacobian(jacfwd),
        "reverse": lambda: problem.jacobian(jacrev),
    }
    if not whole["forward"]:
        some = _units(problem.inputs, chunks.columns)
        calls["forward"] = _batch(problem.tangent, problem.tangents, some)
    if not whole["reverse"]:
        some = _units(problem.outputs, chunks.rows)
        calls["reverse"] = _batch(problem.cotangent, problem.cotangents, some)
    if chunks.chunk != columns:
        part = _units(problem.inputs, np.arange(chunks.chunk))
        calls["chunk"] = _batch(problem.tangent, problem.tangents, part)
    # What one more pass costs can't be told from one: several at random, then.
    if columns == 1:
        calls["several forward"] = _batch(
            problem.tangent, problem.tangents, random_batch(problem.inputs, _SEVERAL, draw)
        )
    if rows == 1:
        calls["several reverse"] = _batch(
            problem.cotangent, problem.cotangents, random_batch(problem.outputs, _SEVERAL, draw)
        )
    with enable_grad() if recording else contextlib.nullcontext():
        seen, results = observed(calls, repeats, ("forward", "reverse"))
    time = {name: measured.time for name, measured in seen.items()}
    forward = _whole(n, columns, time["forward"])
    times = Times(
        primal=time["primal"],
        jvp=time["jvp"],
        vjp=time["vjp"],
        forward=forward,
        chunked=_whole(n, chunks.chunk, time["chunk"]) if "chunk" in time else forward,
        reverse=_whole(m, rows, time["reverse"]),
        forward_line=_line(
            time["jvp"], *((columns, time["forward"]) if columns > 1 else (_SEVERAL, time["several forward"]))
        ),
        reverse_line=_line(
            time["vjp"], *((rows, time["reverse"]) if rows > 1 else (_SEVERAL, time["several reverse"]))
        ),
        calls={name: measured for name, measured in seen.items() if not name.startswith("several")},
    )
    by_column = _matrix(results["forward"], problem) if whole["forward"] else _directions(results["forward"], columns).T
    by_row = _matrix(results["reverse"], problem) if whole["reverse"] else _directions(results["reverse"], rows)
    y_dots, x_bars = ([y.detach() for y in results[name]] for name in ("jvp", "vjp"))
    return times, Found(v, w, y_dots, x_bars, by_column, by_row)


def _matrix(blocks: Sequence[Tensor], problem: Problem) -> Array:
    """A Jacobian as `Problem.jacobian` returns it as one matrix (m, n) in float64."""
    given = iter(blocks)
    rows = [
        [next(given).detach().numpy().reshape(y.numel(), x.numel()).astype(np.float64) for x in problem.inputs]
        for y in problem.outputs
    ]
    return np.block(rows)


def _directions(results: Sequence[Tensor], count: int) -> Array:
    """The results of so many directions, laid end to end: (count, size) in float64."""
    return np.concatenate([y.detach().numpy().reshape(count, -1).astype(np.float64) for y in results], axis=1)


def _units(like: Sequence[Tensor], which: Array) -> list[Tensor]:
    """The unit directions of these neighbouring numbers, as `jacfwd` and `jacrev` make them for a chunk."""
    return unit_directions(like, int(which[0]), int(which[-1]) + 1)


def _line(one: Timing, passes: int, several: Timing) -> Line:
    each = max(0.0, several.least - one.least) / (passes - 1)
    return Line(one.least - each, each)


def _batch(one: Callable[..., Any], many: Callable[..., Any], directions: Sequence[Tensor]) -> Callable[[], Any]:
    """A call for all the directions: for one by itself, for several in a batch."""
    if len(directions[0]) > 1:
        return lambda: many(directions)
    single = [d[0] for d in directions]
    return lambda: one(single)


def _whole(passes: int, chunk: int, measured: Timing) -> Jacobian:
    return Jacobian(passes, chunk, measured, measured.seconds * passes / chunk)


def observed(
    calls: Mapping[str, Callable[[], Any]], repeats: int, rivals: tuple[str, ...] = ()
) -> tuple[dict[str, Measured], dict[str, Any]]:
    """What is seen of each call, and what its first call returned.

    They are timed in turn, so that what slows the machine for a moment slows all alike. Of `rivals` that take about as long,
    there are more runs, to tell which is faster.
    """
    results, loops, passes, peaks = {}, {}, {}, {}
    for name, call in calls.items():
        before = PASSES.pushed, PASSES.pulled
        results[name] = call()  # the first call also pays for what is made once
        passes[name] = PASSES.pushed - before[0], PASSES.pulled - before[1]
        peaks[name] = _peak(call)
        start = time.perf_counter()
        call()
        loops[name] = min(_MOST, math.ceil(_SHORTEST / max(time.perf_counter() - start, 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in calls}

    def rounds(names: Iterable[str], count: int) -> None:
        for _ in range(count):
            for name in names:
                call = calls[name]
                start = time.perf_counter()
                for _ in range(loops[name]):
                    call()
                found[name].append((time.perf_counter() - start) / loops[name])
            gc.collect(
                0
            )  # what was made since; to look through everything that the program has takes longer than the calls

    collecting = gc.isenabled()
    gc.disable()
    try:
        rounds(calls, repeats)
        if rivals:
            for close, more in _CLOSE:
                fast, slow = sorted(min(found[name]) for name in rivals)
                if slow < close * fast:
                    rounds(rivals, more * repeats)
    finally:
        if collecting:
            gc.enable()
    return {name: Measured(_timing(runs), *passes[name], peaks[name]) for name, runs in found.items()}, results


def _peak(call: Callable[[], Any]) -> int:
    """Bytes beyond what there was before, at the most, as `tracemalloc` sees them: NumPy's buffers and Python's objects."""
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def _timing(runs: Sequence[float]) -> Timing:
    low, middle, high = np.quantile(runs, [0.25, 0.5, 0.75]).tolist()
    return Timing(middle, low, high, len(runs), min(runs))
