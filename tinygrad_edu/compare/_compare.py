"""`compare` and its result; the parts are computed in the files beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compare import _journal
from tinygrad_edu.compare._agree import Agreement, agree
from tinygrad_edu.compare._count import Counts, Timeline, count
from tinygrad_edu.compare._measure import Chunks, Times, choose_chunks, measure
from tinygrad_edu.compare._modes import CrossCountry, Mode, cross_country, modes
from tinygrad_edu.compare._notes import Note, notes
from tinygrad_edu.compare._page import Call, call_of, page_of
from tinygrad_edu.compare._pictures import picture_png
from tinygrad_edu.compare._problem import Problem, undisturbed
from tinygrad_edu.compare._recommend import Recommendation, recommend
from tinygrad_edu.compare._report import Report, report
from tinygrad_edu.compare._witness import ask
from tinygrad_edu.engine.modes import is_grad_enabled
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._export import write_as

if TYPE_CHECKING:
    from rich.console import RenderableType

_POINTS = 500  # of a timeline in `to_dict`: more than a picture is wide


@dataclass(frozen=True)
class Comparison:
    """Forward against reverse mode on one function at one point. Prints as a table; rich shows it as a better one.

    Attributes:
        name: what the report calls the function.
        counts: passes, operations and bytes, by counting; deterministic.
        chunks: which part of the Jacobian was computed in one batch.
        times: what was measured.
        agreement: whether the modes give the same.
        recommendation: which to use, and why.
        cross_country: what elimination on the scalar graph would take.
        notes: what has to be known before the result is believed; empty of a well-behaved function.
    """

    name: str
    counts: Counts
    chunks: Chunks
    times: Times
    agreement: Agreement
    recommendation: Recommendation
    cross_country: CrossCountry
    notes: tuple[Note, ...]
    _call: Call | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_call": None}  # the function may be one that can't be pickled

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """Forward, forward in chunks, reverse, cross-country: a row each."""
        return modes(self.counts, self.times, self.chunks, self.cross_country)

    @property
    def memory(self) -> dict[str, Timeline]:
        """Bytes alive, operation by operation, of one pass: forward; reverse, with its graph kept to the end as `vjp`
        does; reverse, letting go of it on the way as `backward()` does; and that with checkpoints.
        """
        counts = self.counts
        return {
            "forward": counts.forward.one.memory,
            "reverse": counts.reverse.one.memory,
            "reverse, freeing": counts.freeing.memory,
            "reverse, checkpointing": counts.checkpointing.memory,
        }

    def report(self) -> Report:
        """What the tables show: texts in rows, for a table of your own."""
        return report(
            self.name,
            self.counts,
            self.times,
            self.agreement,
            self.recommendation,
            self.modes,
            self.cross_country,
            self.notes,
        )

    def to_text(self) -> str:
        """The comparison as plain text."""
        return self.report().to_text()

    def to_markdown(self) -> str:
        """The comparison as Markdown."""
        return self.report().to_markdown()

    def to_html(self) -> str:
        """The comparison as a page by itself, which needs no network: the tables, and pictures with what can be seen on them.

        The graph with both sweeps is one of them if it is small; `f` is called again to draw it. Raises ConfigError without
        jinja2 and matplotlib.
        """
        return page_of(self)

    def save(self, path: str | Path) -> Path:
        """Write `path` as its ending says, and return it: `.html` (`to_html`), `.md`, `.json`, `.txt`, or `.png`, the memory of
        a pass and the time of the whole Jacobian as plots.

        Raises:
            ConfigError: another ending, the file can't be written, or it needs jinja2 or matplotlib and they aren't there.
        """
        return write_as(path, {ending: partial(make, self) for ending, make in _FORMATS.items()})

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """All numbers in plain dicts, as `json.dump` takes them: times in seconds, sizes in bytes, long timelines thinned.

        JSON has no infinity and no NaN: None stands for them.
        """
        counts = self.counts
        one = {"primal": counts.primal, "jvp": counts.forward.one, "vjp": counts.reverse.one}
        found: dict[str, Any] = {
            "name": self.name,
            "counts": {
                "inputs": counts.inputs,
                "outputs": counts.outputs,
                "operations": counts.operations,
                "forward_passes": counts.forward_passes,
                "reverse_passes": counts.reverse_passes,
                **{
                    name: {"flops": p.flops, "multiply_adds": p.multiply_adds, "peak": p.peak}
                    for name, p in one.items()
                },
            },
            "modes": [asdict(mode) for mode in self.modes],
            "times": asdict(self.times),
            "agreement": asdict(self.agreement),
            "recommendation": asdict(self.recommendation),
            "cross_country": asdict(self.cross_country),
            "notes": [asdict(note) for note in self.notes],
            "memory": {name: _thinned(timeline) for name, timeline in self.memory.items()},
        }
        for mode in ("forward", "chunked", "reverse"):
            found["times"][mode]["extrapolated"] = getattr(self.times, mode).extrapolated
        return _as_json(found)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return self.to_text()

    def __rich__(self) -> RenderableType:
        return self.report().to_rich()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/markdown": self.to_markdown(), "text/plain": self.to_text()}


_FORMATS: dict[str, Callable[[Comparison], str | bytes]] = {
    ".html": Comparison.to_html,
    ".md": Comparison.to_markdown,
    ".json": Comparison.to_json,
    ".txt": lambda found: found.to_text() + "\n",
    ".png": picture_png,
}
ENDINGS = tuple(_FORMATS)
"""Of the files that `Comparison.save` writes."""


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _thinned(timeline: Timeline) -> list[list[int]]:
    """At most so many points: of each stretch the highest, so that the peak stays."""
    step = -(-len(timeline) // _POINTS) or 1
    stretches = [timeline[i : i + step] for i in range(0, len(timeline), step)]
    highest = [max(stretch, key=lambda point: point[1]) for stretch in stretches]
    return [[at, alive] for at, alive in highest]


def compare(
    f: Callable[..., Any],
    *inputs: Any,
    repeats: int = 7,
    memory: int = 64 * 2**20,
    chunk_size: int | None = None,
    function_seed: int | None = None,
    seed: int = 0,
    name: str | None = None,
) -> Comparison:
    """Find the Jacobian of `f` at `inputs` in both modes: passes, work, times, memory, whether they agree, which to use.

    `f` takes tensors, or tuples, lists and dicts of them, and returns the same; what isn't floating (labels, indices) is held
    constant, and so are tensors that `f` knows from elsewhere. Where the Jacobian takes more directions than fit in `memory`, a
    sample of them is run in one batch, and the time of the rest is extrapolated; the result says so. Random states (Python's,
    NumPy's and this package's) are as before afterwards.

    Args:
        f: the function; called about `10 * repeats` times, always near the same point.
        inputs: the point, float32 or float64.
        repeats: how often everything is timed; the times are medians.
        memory: bytes that may be alive in a batch of directions, counted.
        chunk_size: how many directions forward mode in chunks takes at a time; the square root of all unless given.
        function_seed: seeds all random states before each call of `f`, for a function that draws random numbers.
        seed: of the directions and of the sample.
        name: what the report calls `f`.

    Raises:
        ConfigError: `f` can't be called, two calls of it give different results, or an option is out of range.
        DTypeError: `f` returns something other than tensors.
        ShapeError: no floating-point numbers go in or come out.
        UnsupportedError: complex ones do.
    """
    if not callable(f):
        raise ConfigError(f"compare: the first argument must be a function or a module, got {type(f).__name__}.")
    draw, recording = np.random.default_rng(seed), is_grad_enabled()
    with undisturbed():
        problem = Problem(f, inputs, function_seed)
        primal = _journal.of_primal(problem)
        counts = count(problem, primal, draw)
        chunks = choose_chunks(counts, memory, chunk_size, draw)
        times, found = measure(problem, counts, chunks, repeats, recording, draw)
        witness = ask(problem, found.v)
        agreement = agree(found, chunks, witness)
        said = notes(problem, primal, found, agreement, witness, counts, chunks, memory)
        eliminated = cross_country(problem, counts)
    called = name or str(getattr(f, "__name__", type(f).__name__))
    return Comparison(
        called,
        counts,
        chunks,
        times,
        agreement,
        recommend(counts, times),
        eliminated,
        tuple(said),
        call_of(problem, counts.operations),
    )
