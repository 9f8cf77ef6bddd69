"""What `compare` adds to the calls that it makes: run it as `python -m tests.benchmarks.overhead`.

The calls are those of the function and of its passes, timed from the first to the last, those that are recorded among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.benchmarks.harness import limit_pools

limit_pools()

import numpy as np  # noqa: E402  # after the pools

import tinygrad_edu as tg  # noqa: E402
from tinygrad_edu.compare import _journal, compare  # noqa: E402
from tinygrad_edu.compare._problem import Problem  # noqa: E402

_METHODS = ("__call__", "tangent", "tangents", "cotangent", "cotangents", "jacobian")


class _Stopwatch:
    """The time inside of the functions it wraps, however deep they call one another."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.depth = 0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.depth += 1
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.depth -= 1
                if not self.depth:
                    self.seconds += time.perf_counter() - start

        return timed


def overhead(f: Callable[[Any], Any], x: tg.Tensor) -> tuple[float, float, float]:
    """Seconds of one call of `f`, of `compare(f, x)`, and of the calls that it made."""
    compare(f, x, repeats=1)  # imports, and what is made once
    watch = _Stopwatch()
    with mock.patch.object(_journal, "journal", watch.wrap(_journal.journal)):
        patches = [mock.patch.object(Problem, name, watch.wrap(getattr(Problem, name))) for name in _METHODS]
        for patch in patches:
            patch.start()
        try:
            start = time.perf_counter()
            found = compare(f, x)
            whole = time.perf_counter() - start
        finally:
            for patch in patches:
                patch.stop()
    return found.times.primal.seconds, whole, watch.seconds


def main() -> None:
    draw = np.random.default_rng(0)
    for width, times in ((500, 12), (2000, 20)):
        w = tg.tensor(draw.normal(size=(width, width)) / np.sqrt(width))

        def f(x: Any, w: Any = w, times: int = times) -> Any:
            for _ in range(times):
                x = tg.tanh(w @ x)
            return (x * x).sum()

        one, whole, calls = overhead(f, tg.tensor(draw.normal(size=width)))
        print(
            f"a call of {1e3 * one:.1f} ms: {whole:.2f} s, of which {calls:.2f} s are calls; {whole / calls - 1:.1%} more"
        )


if __name__ == "__main__":
    main()
