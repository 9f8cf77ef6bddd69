"""`play`: a function's call as a page to step through, in one file that needs nothing else."""

from __future__ import annotations

import html
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._export import write_as
from tinygrad_edu.visualize._steps import Trace
from tinygrad_edu.visualize.player._figure import figure_of
from tinygrad_edu.visualize.player._frames import completed, frames_of, windowed
from tinygrad_edu.visualize.player._page import page_text
from tinygrad_edu.visualize.trace import trace

_ENDINGS = (".html", ".htm")
_SEEDS = 8  # inputs that can be chosen; each is one more call of the function and one more text for every tangent


class Page:
    """A page of the player: `.html` is its text, `.save(path)` writes it; a notebook shows it."""

    def __init__(self, html: str, title: str, *, notes: Sequence[str] = (), failed: bool = False) -> None:
        self.html = html
        """The page: one HTML document without any reference to another file."""
        self.title = title
        self.notes = tuple(notes)
        """What the page says about itself: that it is cut, or that the function raised."""
        self.failed = failed
        """Whether the function raised; then the page shows what ran until then."""

    def save(self, path: str | Path) -> Path:
        """Write the page to `path`, which ends in .html, and return the path.

        Raises:
            ConfigError: another ending, or the file can't be written.
        """
        return write_as(_checked(path), dict.fromkeys(_ENDINGS, lambda: self.html))

    def _repr_html_(self) -> str:
        # A frame, so that the page's style and keys stay its own.
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="{html.escape(self.title)}" '
            'style="width: 100%; height: 46rem; border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Page {self.title!r}, {len(self.html.encode()):,} bytes: .save('play.html'), .html>"


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"save: can't write {path.name!r}: the player is a page; give a name that ends in .html.")
    return path


def play(
    f: Callable[..., Any],
    *x: Any,
    seed: Any = 0,
    cotangent: Any = None,
    names: Mapping[str, Any] | Sequence[str] | None = None,
    path: str | Path | None = None,
    open: bool = False,
    max_steps: int = 150,
) -> Page:
    """A page that steps through a call of `f`: its values, the tangents forward, the adjoints backward.

    Args:
        f: a function of tensors, or an `nn.Module`.
        x: its arguments: numbers (float64 here), arrays, Tensors, or containers of them.
        seed: the input, by number, whose tangent is one at first (the page lets one choose among the first eight); or
            tangents in the structure of the arguments.
        cotangent: where the reverse sweep starts; ones by default.
        names: names of the inputs in order, or a dict from names to tensors and arrays.
        path: write the page there, too.
        open: show it in the browser, from a temporary file if there is no `path`.
        max_steps: operations at most; of a longer computation the last ones are shown, and the page says so.

    `f` is called once for each seed that can be chosen.
    """
    if max_steps < 1:
        raise ConfigError(f"play: max_steps={max_steps}; at least one operation has to be shown.")
    if path is not None:
        path = _checked(path)
    first = trace(f, *x, seed=seed, cotangent=cotangent, names=names)
    seeds = _seeds(first, seed)
    traces = {at: first if at == seed else trace(f, *x, seed=at, cotangent=cotangent, names=names) for at in seeds}
    notes = []
    if not traces or not all(_same(first, other) for other in traces.values()):
        if traces:
            notes.append(f"{first.name} gave other values when it was called again, so only one seed can be shown.")
        traces = {seed if isinstance(seed, int) else -1: first}
    elif len(traces) < len(first.seeds):
        notes.append(f"{len(traces)} of the {len(first.seeds)} inputs can be chosen as seed.")
    if first.failed:
        notes.append(f"This is what ran until {first.name} raised {first.failed}")
    if (cut := len(first.steps) - max_steps) > 0:
        notes.append(f"{cut:,} earlier operations aren't shown; play(..., max_steps=…) shows more.")
    shown = {at: windowed(completed(each), max_steps) for at, each in traces.items()}
    frames = frames_of(shown, seed if isinstance(seed, int) else -1)
    window = next(iter(shown.values()))
    page = Page(
        page_text(window, frames, figure_of(window, frames), notes),
        f"{first.name}, step by step",
        notes=notes,
        failed=bool(first.failed),
    )
    if path is not None or open:
        written = page.save(path or Path(mkdtemp(prefix="tinygrad_edu_")) / "play.html")
        if open:
            webbrowser.open(written.resolve().as_uri())
    return page


def _seeds(trace: Trace, seed: Any) -> list[int]:
    """The inputs that can be chosen: the first ones, and `seed`; none where tangents were given or there are no sweeps."""
    if not isinstance(seed, int) or trace.failed:
        return []
    return sorted({*range(min(len(trace.seeds), _SEEDS - (seed >= _SEEDS))), seed})


def _same(a: Trace, b: Trace) -> bool:
    """Whether two calls computed the same: a function that draws random numbers doesn't."""
    return len(a.variables) == len(b.variables) and all(
        np.array_equal(v.primal, w.primal, equal_nan=v.primal.dtype.kind in "fc")
        for v, w in zip(a.variables, b.variables, strict=True)
    )
