"""A diagram as SVG, whoever laid it out: `<g id="v3" class="node value">`, `<g id="e-v1-op3-0" class="edge">`."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from tinygrad_edu.visualize._diagram import Arrow, Box, Diagram
from tinygrad_edu.visualize._placement import Frame, PlacedArrow, PlacedBox, Placement, path_text
from tinygrad_edu.visualize._words import BAR, DOT_ABOVE
from tinygrad_edu.visualize.layout import place

FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', Courier, monospace"
_ADVANCE = 0.605  # of these fonts, in units of their size
_SIZE, _SMALL = 11.0, 9.5
_LINE = 14.5
_PAD_X, _PAD_Y = 11.0, 7.0
_ROOF = 9.0  # of an input's house
_WIDEST = 52  # characters of a line before it is broken

_STYLE = f"""
text {{ font-family: {FONT}; font-size: {_SIZE}px; fill: #111827; white-space: pre }}
.title {{ font-weight: bold }} .kind, .note {{ fill: #374151 }}
.adjoint {{ fill: #7f1d1d; font-weight: bold }} .tangent {{ fill: #14532d }}
.node > path, .node > rect {{ stroke: #1e3a8a; stroke-width: 1; fill: #f8fafc }}
.op > rect {{ fill: #dbeafe }} .module > rect {{ fill: #e0e7ff; stroke-width: 2 }}
.input > path {{ fill: #dcfce7; stroke: #14532d }} .parameter > rect {{ fill: #fde68a; stroke: #78350f; stroke-width: 2.5 }}
.constant > rect {{ fill: #ffffff; stroke: #52525b; stroke-dasharray: 4 3 }}
.output > rect {{ fill: #f3e8ff; stroke: #581c87 }} .cut > rect {{ fill: #fff; stroke: none }} .cut text {{ fill: #991b1b }}
.failed > rect {{ fill: #fee2e2; stroke: #991b1b; stroke-width: 3; stroke-dasharray: 7 3 }}
.added > rect, .added > path {{ stroke-width: 3; stroke: #14532d }}
.removed > rect, .removed > path {{ stroke-dasharray: 3 3; stroke: #991b1b; fill: #fff }}
.changed > rect, .changed > path {{ stroke-width: 3; stroke-dasharray: 9 3; stroke: #92400e }}
.edge path {{ fill: none; stroke: #4b5563; stroke-width: 1 }} .edge .head {{ fill: #4b5563; stroke: none }}
.edge.cut path {{ stroke-dasharray: 2 3 }} .edge.failed path {{ stroke-dasharray: 6 3; stroke: #991b1b }}
.edge rect {{ fill: #ffffff }} .edge text, .small text {{ font-size: {_SMALL}px; fill: #1f2937 }}
.frame rect {{ fill: #f9fafb; fill-opacity: .6; stroke: #9ca3af }} .frame text {{ fill: #374151 }}
.mark.adjoint {{ stroke: #7f1d1d; stroke-width: 3 }} .mark.tangent {{ stroke: #14532d; stroke-width: 3; stroke-dasharray: 2 2 }}
.seed > rect, .seed > path {{ stroke-width: 4 }}
.unreached {{ opacity: .35; filter: grayscale(1) }}
.dim {{ opacity: .3 }} .path > rect, .path > path {{ stroke-width: 4 }} .edge.path path {{ stroke-width: 3; stroke: #111827 }}
"""

_LEGEND = {
    "parameter": "parameter: what training changes",
    "input": "input: given, and differentiated",
    "constant": "constant: not differentiated",
    "value": "value: made by an operation",
    "op": "operation: ↓ when its turn comes forward, ↑ in reverse",
    "module": "module: its operations in one box",
    "output": "output: the reverse sweep starts here",
    "failed": "✗ the operation that raised",
}
_STATUS = {
    "added": "+ added",
    "removed": "− removed",
    "changed": "~ changed",
    "seed": "thick: where the sweep starts",
    "unreached": "grey: the sweep doesn't come here",
}


def _scoped(style: str) -> str:
    """Rules that hold inside of the picture only, also where it is part of a page."""
    rules = []
    for selectors, body in re.findall(r"([^{}]+)\{([^}]*)\}", style):
        rules.append(", ".join(f".graph {selector.strip()}" for selector in selectors.split(",")) + f" {{{body}}}")
    return "\n".join(rules)


def text_width(text: str, size: float = _SIZE) -> float:
    """How much room a text takes in a font of fixed width."""
    columns = sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return columns * _ADVANCE * size


def wrapped(lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines, with long ones broken, at spaces if there are any."""
    return [(kind, part) for kind, text in lines for part in (textwrap.wrap(text, _WIDEST) or [""])]


@dataclass(frozen=True, slots=True)
class Picture:
    """SVG text, the way its layout was found, and how large it is."""

    svg: str
    engine: str
    width: float
    height: float


def picture_of(diagram: Diagram, *, rankdir: str, title: str = "graph") -> Picture:
    """Lay out a diagram and write it."""
    return pictures_of({"": diagram}, rankdir=rankdir, titles=[title])[0]


def pictures_of(diagrams: Mapping[str, Diagram], *, rankdir: str, titles: Sequence[str]) -> list[Picture]:
    """Diagrams with the same boxes and arrows in one layout, with room for the longest text of each.

    The keys are put before the ids. The last picture has the legend of them all.
    """
    shown = list(diagrams.values())
    lines = [{box.id: wrapped(box.lines) for box in diagram.boxes} for diagram in shown]
    sizes: dict[str, tuple[float, float]] = {}
    for diagram, texts in zip(shown, lines, strict=True):
        for box in diagram.boxes:
            (w, h), (v, g) = _size(box, texts[box.id]), sizes.get(box.id, (0.0, 0.0))
            sizes[box.id] = max(w, v), max(h, g)
    placement = place(
        [PlacedBox(box.id, *sizes[box.id], box.group) for box in shown[0].boxes],
        [PlacedArrow(a.id, a.source, a.target, *_label_size(a)) for a in shown[0].arrows],
        [Frame(g.id, g.parent, text_width(printable(g.title)) + 8) for g in shown[0].groups.values()],
        rankdir=rankdir,
    )
    explained: list[Sequence[Diagram]] = [*([] for _ in shown[1:]), shown]
    return [
        _Writer(diagram, placement, texts, sizes, prefix, legend).write(title)
        for (prefix, diagram), texts, title, legend in zip(diagrams.items(), lines, titles, explained, strict=True)
    ]


def _size(box: Box, lines: Sequence[tuple[str, str]]) -> tuple[float, float]:
    width = max(text_width(text) * (1.0 if kind != "title" else 1.02) for kind, text in lines)
    roof = _ROOF if box.kind == "input" else 0.0
    return max(width, 24.0) + 2 * _PAD_X, len(lines) * _LINE + 2 * _PAD_Y + roof


def _label_size(arrow: Arrow) -> tuple[float, float]:
    return (text_width(arrow.label, _SMALL) + 6, 13.0) if arrow.label else (0.0, 0.0)


class _Writer:
    def __init__(
        self,
        diagram: Diagram,
        placement: Placement,
        lines: dict[str, list[tuple[str, str]]],
        sizes: Mapping[str, tuple[float, float]],
        prefix: str,
        explained: Sequence[Diagram],
    ) -> None:
        self.diagram = diagram
        self.placement = placement
        self.lines = lines
        self.sizes = sizes
        self.prefix = prefix
        self.explained = explained

    def write(self, title: str) -> Picture:
        margin = 8.0
        xs, ys = self._extent()
        drawn = xs[1] - xs[0], ys[1] - ys[0]
        beside = drawn[1] > 1.4 * drawn[0]  # a tall drawing has room to its right
        legend, legend_width, legend_height = self._legend(0.0 if beside else max(drawn[0], 420.0))
        if beside:
            width, height = drawn[0] + legend_width + 4 * margin, max(drawn[1], legend_height) + 2 * margin
            corner = drawn[0] + 3 * margin, margin
        else:
            width, height = max(drawn[0], legend_width) + 2 * margin, drawn[1] + legend_height + 4 * margin
            corner = margin, drawn[1] + 3 * margin
        dx, dy = margin - xs[0], margin - ys[0]
        body = [
            f'<g transform="translate({dx:.1f} {dy:.1f})">',
            *self._frames(),
            *map(self._edge, self.diagram.arrows),
            *map(self._node, self.diagram.boxes),
            "</g>",
            f'<g id="{self.prefix}legend" class="small" transform="translate({corner[0]:.1f} {corner[1]:.1f})">{legend}</g>',
        ]
        count = f"{len(self.diagram.boxes)} boxes and {len(self.diagram.arrows)} arrows"
        svg = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}">\n'
            f"<title>{escape(printable(title))}</title><desc>{count}, laid out by {self.placement.engine}</desc>\n"
            f"<style>{escape(_scoped(_STYLE), quote=False)}</style>\n"
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
        )
        return Picture(svg, self.placement.engine, width, height)

    def _extent(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What the drawing covers: a curve stays within its control points."""
        placed, xs, ys = self.placement, [0.0, self.placement.width], [0.0, self.placement.height]
        for curve in placed.curves.values():
            xs += [x for x, _ in curve]
            ys += [y for _, y in curve]
        return (min(xs) - 2, max(xs) + 2), (min(ys) - 2, max(ys) + 2)

    def _state(self, id: str) -> str:
        path = self.diagram.path
        return "" if path is None else " path" if id in path else " dim"

    def _frames(self) -> Iterator[str]:
        for id, group in self.diagram.groups.items():  # the outer ones first, so that the inner ones lie on them
            x, y, w, h = self.placement.frames[id]
            title = _text("", x + 6, y + 13, group.title)
            outline = _rect(x, y, w, h, ' rx="6"')
            yield f'<g class="frame" data-module="{_literal(id)}">{outline}{title}</g>'

    def _node(self, box: Box) -> str:
        x, y = self.placement.boxes[box.id]
        lines = self.lines[box.id]
        w, h = self.sizes[box.id]
        status = f" {box.status}" if box.status and box.status != "failed" else ""
        kind = f"op {box.kind}" if box.kind == "failed" else box.kind if box.kind in _PLAIN else f"value {box.kind}"
        shape = _shape(box.kind, x - w / 2, y - h / 2, w, h, _fill(box.shade))
        hint = f"<title>{_literal(box.hint)}</title>" if box.hint else ""
        top = y + h / 2 - _PAD_Y - len(lines) * _LINE
        texts = []
        for i, (name, text) in enumerate(lines):
            base = top + i * _LINE + 11
            if name in ("tangent", "adjoint"):
                texts.append(_mark(name, x - w / 2 + 5.5, base - 9, base + 2))
            dark = ' style="fill:#fff"' if box.shade is not None and box.shade > 0.55 else ""
            texts.append(_text(f' class="{name}"{dark}', x - w / 2 + _PAD_X, base, text))
        classes = f"node {kind}{status}{self._state(box.id)}"
        return f'<g id="{_literal(self.prefix + box.id)}" class="{classes}">{hint}{shape}{"".join(texts)}</g>'

    def _edge(self, arrow: Arrow) -> str:
        curve = self.placement.curves[arrow.id]
        if arrow.back:
            curve = curve[::-1]
        (x0, y0), (x1, y1) = curve[-2], curve[-1]
        if (x0, y0) == (x1, y1):
            x0, y0 = curve[-3]
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
        ux, uy = (x1 - x0) / length, (y1 - y0) / length
        a, b = (x1 - 7 * ux + 3 * uy, y1 - 7 * uy - 3 * ux), (x1 - 7 * ux - 3 * uy, y1 - 7 * uy + 3 * ux)
        head = f'<path class="head" d="M{x1:.1f},{y1:.1f}L{a[0]:.1f},{a[1]:.1f}L{b[0]:.1f},{b[1]:.1f}Z"/>'
        label = ""
        if arrow.label:
            x, y = self.placement.labels[arrow.id]
            w, h = _label_size(arrow)
            label = _rect(x - w / 2, y - h / 2, w, h) + _text("", x - w / 2 + 3, y + 3.5, arrow.label)
        kind = f" {arrow.kind}" if arrow.kind else ""
        classes = f"edge{kind}{self._state(arrow.id)}"
        return f'<g id="{_literal(self.prefix + arrow.id)}" class="{classes}"><path d="{path_text(curve)}"/>{head}{label}</g>'

    # -- legend ------------------------------------------------------------------------------------------------------

    def _legend(self, room: float) -> tuple[str, float, float]:
        """One sample and a line of text for each kind that occurs, in as many columns as there is room for."""
        if not self.explained:
            return "", 0.0, 0.0
        boxes = [box for diagram in self.explained for box in diagram.boxes]
        kinds = {box.kind for box in boxes}
        entries = [(self._sample(kind), text) for kind, text in _LEGEND.items() if kind in kinds]
        statuses = {box.status for box in boxes}
        entries += [(self._sample("op", status), text) for status, text in _STATUS.items() if status in statuses]
        shown = {name for box in boxes for name, _ in box.lines}
        for name, text in (
            ("tangent", f"v{DOT_ABOVE} tangent: dashed bar, forward sweep; — not computed"),
            ("adjoint", f"v{BAR} adjoint: full bar, reverse sweep; — not computed"),
        ):
            if name in shown:
                entries.append((_mark(name, 12, 2, 14), text))
        if any(arrow.label for arrow in self.diagram.arrows):
            entries.append(
                (
                    '<path d="M2,8H22" stroke="#4b5563"/>',
                    "on an arrow: its local derivative, or the rule of the reverse sweep",
                )
            )
        if self.diagram.extent is not None:
            low, high = self.diagram.extent
            steps = "".join(
                f'<rect x="{i * 5}" y="3" width="5" height="10" style="fill:{_fill(i / 4)}"/>' for i in range(5)
            )
            entries.append((steps, f"{self.diagram.measure}: from {low} (light) to {high} (dark)"))
        widest = max((text_width(text, _SMALL) for _, text in entries), default=0.0) + 44
        columns = max(1, min(3, int(room // widest)))
        rows = -(-len(entries) // columns)
        parts = ['<text class="title" y="11.5">How to read this</text>']
        for i, (sample, text) in enumerate(entries):
            x, y = (i // rows) * widest, (i % rows + 1) * 18.0
            parts.append(
                f'<g transform="translate({x:.1f} {y:.1f})">{sample}<text x="32" y="11.5">{escape(text)}</text></g>'
            )
        return "".join(parts), columns * widest, (rows + 1) * 18.0

    def _sample(self, kind: str, status: str = "") -> str:
        plain = f"op {kind}" if kind == "failed" else kind if kind in _PLAIN else f"value {kind}"
        return f'<g class="node {plain} {status}">{_shape(kind, 2, 2, 22, 12, None)}</g>'


_PLAIN = ("op", "module", "cut")


def _shape(kind: str, x: float, y: float, w: float, h: float, fill: str | None) -> str:
    style = f' style="fill:{fill}"' if fill else ""
    if kind == "input":
        roof = min(_ROOF, h / 3)
        return f'<path{style} d="M{x:.1f},{y + roof:.1f}L{x + w / 2:.1f},{y:.1f}L{x + w:.1f},{y + roof:.1f}V{y + h:.1f}H{x:.1f}Z"/>'
    rounded = ' rx="8"' if kind in ("op", "module", "failed") else ""
    box = _rect(x, y, w, h, rounded + style)
    return box + _rect(x + 2.5, y + 2.5, w - 5, h - 5, ' style="fill:none"') if kind == "output" else box


def _rect(x: float, y: float, w: float, h: float, rest: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"{rest}/>'


def _mark(kind: str, x: float, top: float, bottom: float) -> str:
    """The bar beside a number: full for an adjoint, dashed for a tangent."""
    return f'<line class="mark {kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'


def _text(rest: str, x: float, y: float, text: str) -> str:
    return f'<text{rest} x="{x:.1f}" y="{y:.1f}">{_literal(text)}</text>'


def _literal(text: str) -> str:
    return escape(printable(text))


def _fill(shade: float | None) -> str:
    """From near white to dark blue: the lightness alone says it."""
    if shade is None:
        return ""
    low, high = (247, 250, 255), (12, 46, 110)
    return "#" + "".join(f"{round(a + (b - a) * shade):02x}" for a, b in zip(low, high, strict=True))


def printable(text: str) -> str:
    """`text` without what XML can't hold, in one line."""

    def allowed(c: str) -> str:
        if c in "\t\n\r":
            return " "
        code = ord(c)
        return "�" if code < 32 or code == 127 or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF) else c

    return "".join(map(allowed, text))
