"""A comparison as a page that needs no network: its tables, and its pictures with what can be seen on them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compare._grid import grids_svg
from tinygrad_edu.compare._pictures import memory_svg, time_svg
from tinygrad_edu.compare._problem import Problem, seed_all, undisturbed
from tinygrad_edu.engine.tree import unflatten
from tinygrad_edu.errors import ConfigError, TinygradEduError
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.visualize._export import element_of
from tinygrad_edu.visualize.both import BothSweeps, draw_both

if TYPE_CHECKING:
    from tinygrad_edu.compare._compare import Comparison

DRAWN = 60  # boxes of a graph that is still read


@dataclass(frozen=True, slots=True)
class Call:
    """What was compared, kept so that its graph can be drawn: the arrays as they were then."""

    f: Callable[..., Any]
    structure: Any
    arrays: tuple[Any, ...]
    function_seed: int | None

    def draw(self) -> BothSweeps:
        """Both sweeps over the graph. Raises what the function raises by now, and ConfigError where it can't be drawn."""

        @functools.wraps(self.f)  # its arguments have their names
        def seeded(*args: Any) -> Any:
            assert self.function_seed is not None
            seed_all(self.function_seed)
            return self.f(*args)

        inputs = unflatten(self.structure, [as_tensor(array) for array in self.arrays])
        with undisturbed():
            return draw_both(self.f if self.function_seed is None else seeded, *inputs, max_nodes=DRAWN + 1)


def call_of(problem: Problem, operations: int) -> Call | None:
    """What has to be kept to draw the graph; None where there will be no picture."""
    if operations > DRAWN:
        return None
    arrays = tuple(np.array(leaf.numpy()) for leaf in problem.leaves)
    return Call(problem.f, problem.structure, arrays, problem.function_seed)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Elements of a page, each an SVG, and what the captions say; `graph` is empty of a graph that isn't drawn, for `why`."""

    graph: str
    why: str
    of_arrays: bool
    grids: str
    memory: str
    time: str


def page_of(comparison: Comparison) -> str:
    """The page. Raises ConfigError without jinja2 or matplotlib."""
    part = part_of(comparison, graph=True)
    return _rendered("comparison.html.j2", title=comparison.report().title, style=style(), part=part)


def part_of(comparison: Comparison, *, graph: bool) -> str:
    """The tables and the pictures as a part of a page, with those of the `graph` if it isn't too large."""
    drawn, of_arrays, why = _graph(comparison) if graph else ("", False, "")
    pictures = Pictures(
        drawn,
        why,
        of_arrays,
        _inline(grids_svg(comparison.counts.inputs, comparison.counts.outputs, comparison.chunks.chunk)),
        _inline(memory_svg(comparison)),
        _inline(time_svg(comparison)),
    )
    return _rendered("part.html.j2", report=comparison.report(), comparison=comparison, pictures=pictures)


def style() -> str:
    """What a page's style sheet needs for `part_of`, and for a page around it."""
    return _text("page.css")


def _graph(comparison: Comparison) -> tuple[str, bool, str]:
    """The picture as an element, whether an array is in it, and in words why there is none."""
    too_large = f"The graph isn't drawn: it has more than {DRAWN} boxes, and draw_both draws a part of it."
    if comparison._call is None:
        unkept = "The graph isn't drawn: a comparison that was pickled has its function no more. Compare it again."
        return "", False, too_large if comparison.counts.operations > DRAWN else unkept
    try:
        drawn = comparison._call.draw()
    except TinygradEduError as error:
        return "", False, f"The graph isn't drawn: {error}"
    if drawn.nodes > DRAWN:
        return "", False, too_large
    ends = (drawn.trace.seeds[0], drawn.trace.outputs[0])
    of_arrays = any(drawn.trace[end].shape for end in ends)
    return _inline(drawn.svg), of_arrays, ""


def _inline(svg: str) -> str:
    """An SVG document as an element of HTML, where names need no spaces."""
    return re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", element_of(svg))


def _rendered(name: str, **values: Any) -> str:
    try:
        import jinja2
    except ImportError:
        raise ConfigError(
            'the page needs jinja2: pip install "tinygrad-edu[cli]"; to_text() and to_markdown() need nothing.'
        ) from None
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_text(name)).render(**values)


def _text(name: str) -> str:
    return resources.files("tinygrad_edu.compare").joinpath(name).read_text(encoding="utf-8")
