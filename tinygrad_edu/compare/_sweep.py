"""Both modes on a network of n inputs and m outputs, for many n and m: what `tinygrad-edu compare --sweep` measures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.compare import _journal
from tinygrad_edu.compare._count import count
from tinygrad_edu.compare._measure import choose_chunks, measure
from tinygrad_edu.compare._problem import Problem, undisturbed
from tinygrad_edu.compare._recommend import recommend
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.functions import tanh

HIDDEN = 64
_STEP = 4  # from one size to the next: times this


@dataclass(frozen=True, slots=True)
class Point:
    """Both modes on a network with n inputs and m outputs; the seconds are those of the whole Jacobian.

    Attributes:
        forward_passes, reverse_passes: n and m, one for each column and for each row.
        forward_batch, reverse_batch: how many of them went through the network together.
        forward_extrapolated, reverse_extrapolated: whether those were only some, and the seconds are reckoned from them.
        faster: the mode with fewer seconds; `factor`: the seconds of the other in its seconds.
        recommended: what `compare` would: by the same seconds, and those of forward mode in smaller chunks.
    """

    n: int
    m: int
    forward_passes: int
    reverse_passes: int
    forward_batch: int
    reverse_batch: int
    forward_seconds: float
    reverse_seconds: float
    forward_extrapolated: bool
    reverse_extrapolated: bool
    faster: str
    factor: float
    recommended: str


def sizes_to(largest: int) -> list[int]:
    """1, 4, 16, … up to `largest`."""
    return [_STEP**i for i in range(64) if _STEP**i <= largest]


def sweep(sizes: Sequence[int], *, memory: int, repeats: int, seed: int) -> Iterator[Point]:
    """Measure a network n → 64 → m, tanh between, in float32, for every n and m in `sizes`; the small ones first."""
    pairs = sorted(((n, m) for n in sizes for m in sizes), key=lambda pair: (pair[0] * pair[1], pair))
    for n, m in pairs:
        yield _point(n, m, memory, repeats, np.random.default_rng([seed, n, m]))


def _point(n: int, m: int, memory: int, repeats: int, draw: np.random.Generator) -> Point:
    def random(*shape: int) -> Tensor:
        scale = 1 / math.sqrt(shape[-1])
        return as_tensor((draw.standard_normal(shape) * scale).astype(np.float32))

    first, second, x = random(HIDDEN, n), random(m, HIDDEN), random(n)

    def network(x: Any) -> Any:
        return second @ tanh(first @ x)

    with undisturbed():
        problem = Problem(network, (x,))
        counts = count(problem, _journal.of_primal(problem), draw)
        chunks = choose_chunks(counts, memory, None, draw)
        times, _ = measure(problem, counts, chunks, repeats, False, draw)
    forward, reverse = times.forward, times.reverse
    fast, slow = sorted((forward.least, reverse.least))
    return Point(
        n,
        m,
        forward.passes,
        reverse.passes,
        forward.chunk,
        reverse.chunk,
        forward.least,
        reverse.least,
        forward.extrapolated,
        reverse.extrapolated,
        "forward" if forward.least < reverse.least else "reverse",
        slow / fast,
        recommend(counts, times).mode,
    )


def crossovers(points: Sequence[Point]) -> dict[int, float | None]:
    """For each m the n from which on reverse mode is faster, on straight lines between the logarithms of what was measured.

    Where the times cross more than once (small networks, where both are as good as equal), the last. None where they don't.
    """
    found: dict[int, float | None] = {}
    for m in sorted({p.m for p in points}):
        row = sorted((p for p in points if p.m == m), key=lambda p: p.n)
        found[m] = None
        for a, b in pairwise(row):
            below, above = (math.log(p.forward_seconds / p.reverse_seconds) for p in (a, b))
            if below < 0 <= above:
                found[m] = a.n * (b.n / a.n) ** (below / (below - above))
    return found


def crossover_at(points: Sequence[Point]) -> float | None:
    """n/m where both modes take as long: the median over the m at which they do; None without any."""
    ratios = [n / m for m, n in crossovers(points).items() if n is not None]
    return float(np.median(ratios)) if ratios else None
