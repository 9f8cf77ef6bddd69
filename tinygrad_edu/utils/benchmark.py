"""`Timer`: how long a statement takes, as `torch.utils.benchmark` measures it."""

from __future__ import annotations

import statistics
import time
import timeit
from dataclasses import dataclass
from typing import Any


@dataclass
class Measurement:
    """The seconds that one run took, once for each time it was measured."""

    number_per_run: int
    times: list[float]
    title: str

    @property
    def mean(self) -> float:
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def iqr(self) -> float:
        """The spread of the middle half."""
        if len(self.times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4)
        return high - low

    def __repr__(self) -> str:
        unit, scale = next(
            (u, s) for u, s in (("s", 1), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)) if self.median >= s or u == "ns"
        )
        runs = f"{len(self.times)} measurement{'s' if len(self.times) > 1 else ''}, {self.number_per_run} runs"
        return f"<tinygrad_edu.utils.benchmark.Measurement>\n{self.title}\n  {self.median / scale:.2f} {unit}\n  {runs}"


class Timer:
    """Times the statement `stmt`, a string, after running `setup` once; both see `globals`."""

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        timer: Any = time.perf_counter,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        num_threads: int = 1,
        **_: Any,
    ) -> None:
        self.title = ": ".join(part for part in (label or stmt, sub_label, description) if part)
        self._timer = timeit.Timer(stmt, setup, timer, globals)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of `number` runs."""
        self._timer.timeit(max(number // 100, 2))  # to warm up
        return Measurement(number, [self._timer.timeit(number) / number], self.title)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Measurements of as many runs as are precise, until `min_run_time` seconds have passed."""
        number, seconds = self._timer.autorange()
        number = max(1, round(number * min(1.0, 0.01 / seconds)))
        times: list[float] = []
        start = time.perf_counter()
        while not times or time.perf_counter() - start < min_run_time:
            times.append(self._timer.timeit(number) / number)
        return Measurement(number, times, self.title)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0
    ) -> Measurement:
        """As `blocked_autorange`."""
        return self.blocked_autorange(min_run_time=max(min_run_time, 0.1))
