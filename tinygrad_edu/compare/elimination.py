"""A Jacobian by vertex elimination: `eliminate(f, x, order=…)` takes vertices out of the graph, `orders(f, x)` compares.

The files beside it: `_elimination_graph.py` (the graph, a step), `_elimination_record.py` (the graph of a function),
`_elimination_search.py` (the orders), `_elimination_figure.py` (the picture) and `_elimination_page.py` (the page to step through).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compare._elimination_figure import Film
from tinygrad_edu.compare._elimination_graph import LinearGraph, Step, Tableau, Vertex
from tinygrad_edu.compare._elimination_page import page_text
from tinygrad_edu.compare._elimination_record import graph_of
from tinygrad_edu.compare._elimination_search import LIMIT, ORDERS, order_of
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.visualize._export import png_of, write_as
from tinygrad_edu.visualize._svg import Picture
from tinygrad_edu.visualize.player import Page

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Elimination", "LinearGraph", "Orders", "Step", "eliminate", "graph_of", "orders"]

_PRINTED = 40  # steps of an elimination


@dataclass(frozen=True)
class Elimination:
    """The Jacobian of a graph, accumulated by eliminating its intermediate vertices in one order.

    Attributes:
        graph: before the first step.
        name: "forward", "reverse", "markowitz", "optimal" or "given".
        order: the vertices, as they were eliminated.
        steps: one for each.
    """

    graph: LinearGraph
    name: str
    order: tuple[Vertex, ...]
    steps: tuple[Step, ...]
    _end: Tableau

    @property
    def multiplications(self) -> int:
        """Of all steps: for each vertex, its predecessors times its successors at the time (times the sizes, of arrays)."""
        return sum(step.multiplications for step in self.steps)

    @property
    def additions(self) -> int:
        """How many products were added to an edge that was there already; with arrays, the sums in the products as well."""
        return sum(step.additions for step in self.steps)

    @property
    def fill_in(self) -> int:
        """How many edges were made that weren't there before."""
        return sum(len(step.made) for step in self.steps)

    @cached_property
    def jacobian(self) -> np.ndarray[Any, Any]:
        """The Jacobian, (m, n), float64: rows for the outputs' numbers, columns for the inputs', both laid end to end.

        Raises:
            GraphError: the graph has no partials: it was made without, or with by="array".
        """
        if not self.graph.has_numbers or set(self.graph.sizes.values()) > {1}:
            raise GraphError(
                "Elimination.jacobian: this graph has no partials, only costs. Give LinearGraph.from_edges triples "
                "(i, k, partial), or graph_of a function by='element'."
            )
        return self._end.jacobian()

    def _picture(self, step: int | None) -> Picture:
        at = len(self.steps) if step is None else step
        if not 0 <= at <= len(self.steps):
            raise ConfigError(f"Elimination: step={step}; there are {len(self.steps)}: 0 to {len(self.steps)}.")
        return Film([self]).picture(self, at)

    def svg(self, step: int | None = None) -> str:
        """The graph after `step` eliminations (0: before the first; by default after the last), as SVG.

        Raises:
            ConfigError: there is no such step, or the graph is too large to be drawn.
        """
        return self._picture(step).svg

    def draw(self, path: str | Path, step: int | None = None) -> Path:
        """Write the picture of `svg` to `path` as `.svg` or `.png` by its ending, and return the path.

        Raises:
            ConfigError: as `svg`; or another ending, or the file can't be written.
        """

        def png() -> bytes:
            picture = self._picture(step)
            return png_of(picture.svg, picture.width, picture.height)

        return write_as(path, {".svg": lambda: self.svg(step), ".png": png})

    def play(self, path: str | Path | None = None) -> Page:
        """A page to step through the elimination, with the other orders beside it; written to `path` (.html) if one is given.

        Raises:
            ConfigError: the graph is too large to be drawn, or the file can't be written.
        """
        found = {self.name: self, **_all(self.graph, without=self.name)[0]}
        film = Film(list(found.values()))
        title = f"Elimination of {len(self.order)} vertices"
        page = Page(page_text(title, film, found, self.name), title)
        if path is not None:
            page.save(path)
        return page

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except ConfigError:  # too large; a notebook shows the text
            return None

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.multiplications:,} multiplications, {self.additions:,} additions, {self.fill_in:,} new edges"
        ]
        rows: list[tuple[str, ...]] = [("eliminate", "predecessors × successors", "so far")]
        sizes = self.graph.sizes
        left_out = max(0, len(self.steps) - _PRINTED)
        for step in self.steps[: len(self.steps) - left_out]:
            before, after = (sum(sizes[v] for v in vs) for vs in (step.predecessors, step.successors))
            own = f" × {sizes[step.vertex]:,}" if sizes[step.vertex] > 1 else ""
            rows.append(
                (f"{step.vertex}", f"{before:,}{own} × {after:,} = {step.multiplications:,}", f"{step.total:,}")
            )
        more = [f"… and {left_out:,} more steps"] if left_out else []
        return "\n".join([*lines, *_columns(rows), *more])

    def __repr__(self) -> str:
        return f"<Elimination {self.name}: {self.multiplications:,} multiplications in {len(self.steps)} steps>"


def eliminate(
    f: Callable[..., Any] | LinearGraph, *inputs: Any, order: str | Iterable[Vertex] = "markowitz", by: str = "element"
) -> Elimination:
    """Accumulate the Jacobian of `f` at `inputs` by eliminating the intermediate vertices of its linearized graph.

    Eliminating the vertex j joins each of its predecessors i to each of its successors k: c_ki += c_kj · c_ji. In the order of
    computation that is forward mode on scalars, from the last to the first reverse mode; any other order gives the same Jacobian.
    After Griewank and Walther, "Evaluating Derivatives", 2nd ed., 2008, chapters 9 and 10.

    Args:
        f: a function, called three times; or a `LinearGraph`, then without inputs.
        inputs: numbers, tensors, or containers of them. What isn't floating is held constant.
        order: "forward", "reverse", "markowitz" (always the vertex that is cheapest at the time, of several the one computed
            first), "optimal" (by search, of at most 20 vertices), or all intermediates in a list.
        by: "element" for one vertex per number; "array" for one per array, which gives costs alone.

    Raises:
        ConfigError: there is no such order, or the graph is too large for it or for `by`.
    """
    graph = _graph(f, inputs, by, "eliminate")
    chosen = order_of(graph, order)
    return _run(graph, order if isinstance(order, str) else "given", chosen)


@dataclass(frozen=True)
class Orders:
    """What the orders cost on one graph. Prints as a table; `.markdown` is one too, and rich shows it as a better one.

    Attributes:
        graph: the graph.
        eliminations: by the order's name; without "optimal" where the graph is too large to search.
        note: why it is missing; else empty.
    """

    graph: LinearGraph
    eliminations: dict[str, Elimination]
    note: str = ""

    def __getitem__(self, order: str) -> Elimination:
        return self.eliminations[order]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The table's texts, the headings first."""
        least = min(e.multiplications for e in self.eliminations.values())
        found: list[tuple[str, ...]] = [("order", "multiplications", "× the least", "additions", "new edges")]
        for name, e in self.eliminations.items():
            ratio = f"{e.multiplications / least:.2f}" if least else "1.00"
            found.append((name, f"{e.multiplications:,}", ratio, f"{e.additions:,}", f"{e.fill_in:,}"))
        return found

    @property
    def _title(self) -> str:
        m, n = self.graph.shape
        return f"Jacobian {m:,} × {n:,}, {len(self.graph.intermediates):,} intermediate vertices, {len(self.graph.edges):,} edges"

    @property
    def markdown(self) -> str:
        """The table in Markdown."""
        head, *rows = self.rows
        lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in lines)

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return "\n".join([self._title, *_columns(self.rows), *([self.note] if self.note else [])])

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        head, *rows = self.rows
        table = Table(*head, title=Text(self._title), title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(*map(Text, row))
        return Group(table, Text(self.note)) if self.note else table


def orders(f: Callable[..., Any] | LinearGraph, *inputs: Any, by: str = "element") -> Orders:
    """Compare forward, reverse, Markowitz's and the best order for the Jacobian of `f` at `inputs`; arguments as for `eliminate`.

    The best order is left out where the graph is too large to search for it, and the table says so.
    """
    graph = _graph(f, inputs, by, "orders")
    return Orders(graph, *_all(graph))


def _graph(f: Callable[..., Any] | LinearGraph, inputs: tuple[Any, ...], by: str, name: str) -> LinearGraph:
    if not isinstance(f, LinearGraph):
        return graph_of(f, *inputs, by=by)
    if inputs:
        raise ConfigError(
            f"{name}: a graph was given, so there is nothing to do with the {len(inputs)} inputs after it."
        )
    return f


def _all(graph: LinearGraph, without: str = "") -> tuple[dict[str, Elimination], str]:
    found = {}
    note = ""
    for name in ORDERS:
        if name != without:
            try:
                found[name] = _run(graph, name, order_of(graph, name))
            except ConfigError:
                note = f"The best order isn't known: more than {LIMIT} intermediate vertices hang together."
    return found, note


def _run(graph: LinearGraph, name: str, order: Iterable[Vertex]) -> Elimination:
    tableau = Tableau(graph)
    steps = tuple(map(tableau.eliminate, order))
    return Elimination(graph, name, tuple(step.vertex for step in steps), steps, tableau)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows in columns as wide as their texts, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
