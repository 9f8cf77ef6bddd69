"""The picture of an elimination: every step on one layout, in which each edge that ever appears has its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tinygrad_edu.compare._elimination_graph import Edge, Tableau, Vertex
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._placement import Curve, PlacedArrow, PlacedBox, Point, path_text
from tinygrad_edu.visualize._svg import FONT, Picture, printable, text_width
from tinygrad_edu.visualize._words import label_of, number_text
from tinygrad_edu.visualize.layout import place

if TYPE_CHECKING:
    from tinygrad_edu.compare.elimination import Elimination

VERTICES, EDGES = 80, 400  # of a graph that can still be read
_LABELLED = 24  # edges at most, for their partials to be written on them
_SMALL = 9.0
_MARGIN = 10.0
_SWINGS = [sign * 22.0 * far for far in range(5) for sign in (-1, 1)][1:]
_ALONG = (0.5, 0.4, 0.6, 0.3, 0.7)  # an edge, where its text can stand

_LIGHT = {
    "paper": "#ffffff", "ink": "#111827", "soft": "#4b5563", "inner": "#dbeafe", "inner-line": "#1e3a8a", "input": "#dcfce7",
    "input-line": "#14532d", "output": "#f3e8ff", "output-line": "#581c87", "gone": "#6b7280", "made": "#15803d",
    "changed": "#b45309", "current": "#b91c1c",
}  # fmt: skip
_DARK = {
    "paper": "#211f1c", "ink": "#f1ede7", "soft": "#b5ada3", "inner": "#24385c", "inner-line": "#a3c5ff", "input": "#173f30",
    "input-line": "#83dcb6", "output": "#3f2a58", "output-line": "#d8b4fe", "gone": "#9ca3af", "made": "#4ade80",
    "changed": "#fbbf24", "current": "#fca5a5",
}  # fmt: skip

_STYLE = """
text {{ font-family: {font}; font-size: 11px; fill: {ink}; text-anchor: middle }}
.node .kind, .edge text {{ font-size: 9px; fill: {soft} }}
.node rect {{ fill: {inner}; stroke: {inner-line}; stroke-width: 1.2 }} .node .name {{ font-weight: bold }}
.node.input rect {{ fill: {input}; stroke: {input-line} }}
.node.output rect {{ fill: {output}; stroke: {output-line}; stroke-width: 2.4 }}
.node.gone rect {{ fill: {paper}; fill-opacity: .75; stroke: {gone}; stroke-dasharray: 2 3; stroke-width: 1 }}
.node.gone text {{ fill: {gone} }}
.node.current rect {{ stroke: {current}; stroke-width: 2.6; stroke-dasharray: 6 3 }} .node.current text {{ fill: {current} }}
.edge path {{ fill: none; stroke: {soft}; stroke-width: 1.1 }} .edge .head {{ fill: {soft}; stroke: none }}
.edge rect {{ fill: {paper} }}
.edge.absent {{ display: none }} .edge.past path {{ stroke: {gone}; stroke-dasharray: 1 4 }}
.edge.past .head {{ fill: none; stroke: none }} .edge.past text, .edge.past rect {{ display: none }}
.edge.made path {{ stroke: {made}; stroke-width: 2.8 }} .edge.made .head {{ fill: {made}; stroke: none }}
.edge.changed path {{ stroke: {changed}; stroke-width: 2.8; stroke-dasharray: 7 3 }}
.edge.changed .head {{ fill: {changed}; stroke: none }}
.edge.made text, .edge.changed text {{ fill: {ink}; font-weight: bold }}
"""


def style(scope: str = ".elimination", *, dark: bool = False) -> str:
    """The rules for the picture, within the element that `scope` selects."""
    rules = _STYLE.format(font=FONT, **(_DARK if dark else _LIGHT))
    found = []
    for rule in rules.replace("\n", " ").split("}"):
        selectors, brace, body = rule.partition("{")
        if brace:
            found.append(", ".join(f"{scope} {each.strip()}" for each in selectors.split(",")) + f" {{{body}}}")
    return "\n".join(found)


def _on(curve: Curve, t: float) -> Point:
    """A point of one cubic piece."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(w * p[axis] for w, p in zip(weights, curve, strict=True)) for axis in (0, 1))
    return x, y


@dataclass(frozen=True)
class Frame:
    """What there is to see at a step: the edges and their texts, what was just made, changed and used, what is gone."""

    edges: dict[str, str]
    made: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    current: str = ""
    gone: frozenset[str] = frozenset()
    words: str = "Before the first elimination."

    def state(self, edge: str) -> str:
        """The class of an edge."""
        for name in ("made", "changed", "past"):
            if edge in getattr(self, name):
                return name
        return "" if edge in self.edges else "absent"


class Film:
    """The frames of eliminations of one graph, and the layout that they share.

    Raises ConfigError for a graph that is too large to be read.
    """

    def __init__(self, eliminations: Sequence[Elimination]) -> None:
        self.graph = graph = eliminations[0].graph
        every: dict[Edge, None] = dict.fromkeys(graph.partials)
        for elimination in eliminations:
            every.update((edge, None) for step in elimination.steps for edge in step.made)
        if len(graph.vertices) > VERTICES or len(every) > EDGES:
            raise ConfigError(
                f"Elimination: {len(graph.vertices):,} vertices and {len(every):,} edges are too many for a picture; it takes "
                f"{VERTICES} and {EDGES}. Print the steps instead, or draw a smaller function."
            )
        self.number: dict[Vertex, int] = {v: at for at, v in enumerate(graph.vertices)}
        self.ends = {self.id(edge): edge for edge in every}
        self.labelled = graph.has_numbers and len(every) <= _LABELLED
        self.frames = {e.name: list(self._frames(e)) for e in eliminations}
        self._place()

    def id(self, edge: Edge) -> str:
        """What an edge is called in the picture."""
        i, k = edge
        return f"e{self.number[i]}-{self.number[k]}"

    def name(self, v: Vertex) -> str:
        """What a vertex is called."""
        return label_of(v) if isinstance(v, int) else printable(str(v))

    def _frames(self, elimination: Elimination) -> list[Frame]:
        tableau = Tableau(self.graph)
        found = [Frame(self._texts(tableau))]
        gone: set[str] = set()
        size = self.graph.sizes
        for step in elimination.steps:
            tableau.eliminate(step.vertex)
            gone.add(f"n{self.number[step.vertex]}")
            before, after = (sum(size[v] for v in vs) for vs in (step.predecessors, step.successors))
            own = f" × {size[step.vertex]:,}" if size[step.vertex] > 1 else ""
            edges = self._texts(tableau)
            used = [(i, step.vertex) for i in step.predecessors] + [(step.vertex, k) for k in step.successors]
            found.append(
                Frame(
                    edges,
                    frozenset(map(self.id, step.made)),
                    frozenset(map(self.id, step.changed)),
                    frozenset(map(self.id, used)) - set(edges),
                    f"n{self.number[step.vertex]}",
                    frozenset(gone),
                    f"Eliminate {self.name(step.vertex)}: {before:,}{own} × {after:,} = {step.multiplications:,}, "
                    f"{step.total:,} so far.",
                )
            )
        return found

    def _texts(self, tableau: Tableau) -> dict[str, str]:
        return {
            self.id(edge): number_text(partial) if self.labelled else "" for edge, partial in tableau.edges().items()
        }

    def _lines(self, v: Vertex) -> list[tuple[str, str]]:
        size = self.graph.sizes[v]
        about = " ".join(filter(None, [printable(self.graph.names[v]), f"({size:,})" if size > 1 else ""]))
        return [("name", self.name(v)), *([("kind", about)] if about else [])]

    def _place(self) -> None:
        self.sizes: dict[str, tuple[float, float]] = {}
        for v in self.graph.vertices:
            lines = self._lines(v)
            width = max(text_width(text, 11.0 if kind == "name" else _SMALL) for kind, text in lines)
            self.sizes[f"n{self.number[v]}"] = max(width, 20.0) + 14, 10.0 + 13.0 * len(lines)
        widest = {
            edge: max(
                text_width(frame.edges.get(edge, ""), _SMALL) for frames in self.frames.values() for frame in frames
            )
            for edge in self.ends
        }
        self.label = {edge: (width + 5, 12.0) if width else (0.0, 0.0) for edge, width in widest.items()}
        # Only what was there at first decides where things go: new edges are many, and would pull the graph out of its shape.
        self.placement = place(
            [PlacedBox(which, *size) for which, size in self.sizes.items()],
            [
                PlacedArrow(self.id((i, k)), f"n{self.number[i]}", f"n{self.number[k]}", *self.label[self.id((i, k))])
                for i, k in self.graph.partials
            ],
            rankdir="LR",
        )
        self.curves, self.labels = dict(self.placement.curves), dict(self.placement.labels)
        for which in self.ends:
            if which not in self.curves:
                self.curves[which], self.labels[which] = self._swung(which)
        xs, ys = [0.0, self.placement.width], [0.0, self.placement.height]
        for which, curve in self.curves.items():
            points = curve if which in self.placement.curves else [_on(curve, at / 12) for at in range(13)]
            xs += [x for x, _ in points]
            ys += [y for _, y in points]
        self.corner = min(xs) - _MARGIN, min(ys) - _MARGIN
        self.width, self.height = max(xs) - min(xs) + 2 * _MARGIN, max(ys) - min(ys) + 2 * _MARGIN

    def _swung(self, which: str) -> tuple[Curve, Point]:
        """The way of a new edge and the place of its text: from side to side, swung out as far as keeps it off other boxes."""
        source, target = (f"n{self.number[v]}" for v in self.ends[which])
        (x0, y0), (x1, y1) = self.placement.boxes[source], self.placement.boxes[target]
        x0, x1 = x0 + self.sizes[source][0] / 2, x1 - self.sizes[target][0] / 2
        others = [box for box in self.sizes if box not in (source, target)]

        def way(swing: float, at: float) -> tuple[Curve, Point]:
            reach = (x1 - x0) / (3 if swing == 0 else 5)
            curve = [(x0, y0), (x0 + reach, y0 + swing), (x1 - reach, y1 + swing), (x1, y1)]
            return curve, _on(curve, at)

        def covered(choice: tuple[float, float]) -> float:
            curve, label = way(*choice)
            points = [_on(curve, at / 24) for at in range(1, 24)] + [label] * 8
            hidden = sum(self._inside(box, point) for box in others for point in points)
            return hidden + 8 * self._beside(which, label) + abs(choice[0]) / 14 + 4 * abs(choice[1] - 0.5)

        return way(*min(((swing, at) for swing in _SWINGS for at in _ALONG[: 5 if self.labelled else 1]), key=covered))

    def _beside(self, which: str, label: Point) -> int:
        """How many of the texts that have their places are in the way of one."""
        width, height = self.label[which]
        return sum(
            abs(label[0] - x) < (width + self.label[other][0]) / 2
            and abs(label[1] - y) < (height + self.label[other][1]) / 2
            for other, (x, y) in self.labels.items()
            if width
        )

    def _inside(self, box: str, point: Point) -> bool:
        (x, y), (width, height) = self.placement.boxes[box], self.sizes[box]
        return abs(point[0] - x) < width / 2 + 5 and abs(point[1] - y) < height / 2 + 5

    # -- writing -------------------------------------------------------------------------------------------------------

    def picture(self, elimination: Elimination, step: int) -> Picture:
        """One frame as a document, with a line below that says what was done."""
        frame = self.frames[elimination.name][step]
        words = f"{elimination.name}, step {step} of {len(elimination.steps)}. {frame.words}"
        width, height = max(self.width, text_width(words) + 2 * _MARGIN), self.height + 20
        x, y = self.corner
        said = (
            f'<text style="text-anchor: start" x="{x + _MARGIN:.1f}" y="{y + height - 12:.1f}">{escape(words)}</text>'
        )
        svg = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" class="elimination" role="img" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="{x:.1f} {y:.1f} {width:.1f} {height:.1f}">\n'
            f"<title>{escape(words)}</title>\n<style>{style()}</style>\n"
            f'<rect x="{x:.1f}" y="{y:.1f}" width="100%" height="100%" fill="#ffffff"/>\n{self.body(frame)}\n{said}\n</svg>\n'
        )
        return Picture(svg, self.placement.engine, width, height)

    def body(self, frame: Frame) -> str:
        """The elements of a frame; what isn't there is left in, hidden, for the page's script."""
        parts = [self._edge(which, frame) for which in self.ends]
        outputs = set(self.graph.outputs)
        for v in self.graph.vertices:
            which = f"n{self.number[v]}"
            kind = "input" if v in set(self.graph.inputs) else "output" if v in outputs else "inner"
            state = " current" if which == frame.current else " gone" if which in frame.gone else ""
            x, y = self.placement.boxes[which]
            width, height = self.sizes[which]
            lines = self._lines(v)
            texts = "".join(
                f'<text class="{css}" x="{x:.1f}" y="{y - 6.5 * len(lines) + 13 * at + 10:.1f}">{escape(text)}</text>'
                for at, (css, text) in enumerate(lines)
            )
            box = f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7"/>'
            parts.append(f'<g id="{which}" class="node {kind}{state}">{box}{texts}</g>')
        return "\n".join(parts)

    def _edge(self, which: str, frame: Frame) -> str:
        curve = self.curves[which]
        (x0, y0), (x1, y1) = curve[-2], curve[-1]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        back, side = (x1 - 7 * dx, y1 - 7 * dy), (-3.2 * dy, 3.2 * dx)
        head = (
            f"M{x1:.1f},{y1:.1f}L{back[0] + side[0]:.1f},{back[1] + side[1]:.1f}"
            f"L{back[0] - side[0]:.1f},{back[1] - side[1]:.1f}Z"
        )
        text = ""
        width, height = self.label[which]
        if width:
            x, y = self.labels[which]
            text = (
                f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
                f'<text x="{x:.1f}" y="{y + 3.2:.1f}">{escape(frame.edges.get(which, ""))}</text>'
            )
        lines = f'<path d="{path_text(curve)}"/><path class="head" d="{head}"/>'
        return f'<g id="{which}" class="edge {frame.state(which)}">{lines}{text}</g>'
