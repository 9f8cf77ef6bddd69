"""`compare` and its result; the parts are computed in the files beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compare._agree import Agreement, agree
from tinygrad_edu.compare._count import Counts, count
from tinygrad_edu.compare._measure import Times, choose_chunks, measure
from tinygrad_edu.compare._problem import Problem, undisturbed
from tinygrad_edu.compare._recommend import Recommendation, recommend
from tinygrad_edu.compare._report import Report, report

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Comparison:
    """Forward against reverse mode on one function at one point. Prints as a table; rich shows it as a better one."""

    name: str
    counts: Counts
    times: Times
    agreement: Agreement
    recommendation: Recommendation

    def report(self) -> Report:
        """What the tables show: texts in rows, for a table of your own."""
        return report(self.name, self.counts, self.times, self.agreement, self.recommendation)

    def to_text(self) -> str:
        """The comparison as plain text."""
        return self.report().to_text()

    def to_dict(self) -> dict[str, Any]:
        """All numbers in plain dicts, as `json.dump` takes them; times in seconds."""
        found = asdict(self)
        found["counts"] |= {"forward_passes": self.counts.forward_passes, "reverse_passes": self.counts.reverse_passes}
        for mode in ("forward", "reverse"):
            found["times"][mode]["extrapolated"] = getattr(self.times, mode).extrapolated
        return found

    def __str__(self) -> str:
        return self.to_text()

    def __rich__(self) -> RenderableType:
        return self.report().to_rich()


def compare(
    f: Callable[..., Any],
    *inputs: Any,
    repeats: int = 7,
    memory: int = 64 * 2**20,
    seed: int = 0,
    name: str | None = None,
) -> Comparison:
    """Find the Jacobian of `f` at `inputs` in both modes: passes, times, whether they agree, and which to use.

    `f` takes tensors, or tuples, lists and dicts of them, and returns the same; what isn't floating (labels, indices) is held
    constant, and so are tensors that `f` knows from elsewhere. Where the Jacobian takes more directions than fit in `memory`, a
    sample of them is run in one batch, and the time of the rest is extrapolated; the result says so. Random states, NumPy's and
    this package's, are as before afterwards.

    Args:
        f: the function; called about `10 * repeats` times, always near the same point.
        inputs: the point, float32 or float64.
        repeats: how often everything is timed; the times are medians.
        memory: bytes that a batch of directions may take, estimated.
        seed: of the directions and of the sample.
        name: what the report calls `f`.

    Raises:
        ConfigError: two calls of `f` give different results, or an option is out of range.
        DTypeError: `f` returns something other than tensors.
        ShapeError: no floating-point numbers go in or come out.
        UnsupportedError: complex ones do.
    """
    draw = np.random.default_rng(seed)
    with undisturbed():
        problem = Problem(f, inputs)
        counts = count(problem)
        chunks = choose_chunks(counts, memory, draw)
        agreement = agree(problem, chunks, draw)
        times = measure(problem, counts, chunks, repeats, draw)
    called = name or str(getattr(f, "__name__", type(f).__name__))
    return Comparison(called, counts, times, agreement, recommend(counts, times))
