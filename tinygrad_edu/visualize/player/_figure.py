"""The player's picture: an SVG of the trace whose boxes have room for the widest text that they will ever hold.

Where things go is decided by `layout.py`, as in every picture; what they look like by the page (`player.css`), so that it can
be light or dark; what is in them at a step by `player.js`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from math import hypot
from unicodedata import combining, east_asian_width

from tinygrad_edu.visualize._placement import Curve, Point, path_text
from tinygrad_edu.visualize._steps import Step, Trace, Variable
from tinygrad_edu.visualize._words import MISSING, barred, dotted
from tinygrad_edu.visualize.layout import PlacedArrow, PlacedBox, Placement, place
from tinygrad_edu.visualize.player._frames import WIDEST, Frames, arrows_of, results_of

Lines = Sequence[tuple[str, str]]  # of a box or an arrow: the class and the text of each line

# In points. The page's fixed-width letters are 0.6 of their size wide, or up to a hundredth more.
_LETTER, _LINE = 6.7, 13.0
_SMALL_LETTER, _SMALL_LINE = 5.5, 10.5
_PADDING = 7.0
_EDGE = 6.0  # of the drawing
_HEADS = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,1L8,4L0,7z"/></marker><marker id="now-head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="5" '
    'markerHeight="5" orient="auto-start-reverse"><path d="M0,0L8,4L0,8z"/></marker></defs>'
)


def figure_of(trace: Trace, frames: Frames) -> str:
    """The picture, with all numbers that both sweeps reach."""
    boxes: dict[str, Lines] = {v.id: list(_variable_lines(v, frames)) for v in trace.variables}
    boxes |= {step.id: [("", step.op), ("kind", _indices(trace, step))] for step in trace.steps}
    labels = {
        which: [line for line in (("", formula), ("number", number)) if line[1]]
        for which, (formula, number, _) in frames["partials"].items()
    }
    widths = {v.id: _widest(v, frames) for v in trace.variables}
    placed = [PlacedBox(which, *_size(lines, widths.get(which, 0))) for which, lines in boxes.items()]
    arrows = [
        PlacedArrow(edge, which, step.id, *_label_size(labels.get(edge, ())))
        for step in trace.steps
        for which, edge, _ in arrows_of(step)
    ]
    arrows += [PlacedArrow(edge, step.id, which) for step in trace.steps for which, edge in results_of(step)]
    sizes = {box.id: (box.width, box.height) for box in placed}
    return _svg(trace, place(placed, arrows), sizes, boxes, labels)


def _variable_lines(v: Variable, frames: Frames) -> Iterator[tuple[str, str]]:
    yield "", f"{v.label} {v.name}".strip()
    if v.shape:
        yield "kind", f"{list(v.shape)} {v.dtype}"
    for mode, prefix in (("fwd", "="), ("tan", f"{dotted(v.label)} ="), ("rev", f"{barred(v.label)} =")):
        yield mode, f"{prefix} {_texts_of(frames, mode, v.id)[-1]}"


def _widest(v: Variable, frames: Frames) -> int:
    """The columns of the widest line of numbers that a variable's box ever has."""
    return max(
        columns(f"{mark} = {text}")
        for mark, mode in (("", "fwd"), (dotted(v.label), "tan"), (barred(v.label), "rev"))
        for text in _texts_of(frames, mode, v.id)
    )


def _texts_of(frames: Frames, mode: str, which: str) -> list[str]:
    """All that a line of numbers ever shows, the last of the seed that is shown first at the end."""
    texts = [MISSING]
    for frame in frames["frames"][mode]:
        found = frame["set"].get(which)
        if isinstance(found, list):
            texts += [*found, found[frames["seed"]]]
        elif found is not None:
            texts.append(found)
    return texts


def _indices(trace: Trace, step: Step) -> str:
    """When an operation's turn comes, forward and backward."""
    turn = step.number - trace.steps[0].number
    return f"↓{turn + 1}" if trace.failed else f"↓{turn + 1} ↑{len(trace.steps) - turn}"


def _size(lines: Lines, least: int) -> tuple[float, float]:
    """The width and height of a box with these lines, and room for one of `least` columns."""
    widths = [_LETTER * min(least, WIDEST)]
    widths += [(_SMALL_LETTER if kind == "kind" else _LETTER) * columns(cut(text)) for kind, text in lines]
    return max(*widths, 24.0) + 2 * _PADDING, _height(lines) + _PADDING


def _label_size(lines: Lines) -> tuple[float, float]:
    """The room of what stands at an arrow, none if nothing does."""
    if not lines:
        return 0.0, 0.0
    return max(_SMALL_LETTER * columns(cut(text)) for _, text in lines) + _PADDING, _SMALL_LINE * len(lines) + 4


def _height(lines: Lines) -> float:
    return sum(_SMALL_LINE if kind == "kind" else _LINE for kind, _ in lines)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(c) in "WF" else 0 if combining(c) else 1 for c in text)


def cut(text: str) -> str:
    """`text`, or its beginning and an ellipsis."""
    if columns(text) <= WIDEST:
        return text
    while columns(text) >= WIDEST:
        text = text[:-1]
    return text + "…"


# -- the SVG -------------------------------------------------------------------------------------------------------


def _svg(
    trace: Trace,
    placement: Placement,
    sizes: Mapping[str, tuple[float, float]],
    boxes: Mapping[str, Lines],
    labels: Mapping[str, Lines],
) -> str:
    kinds = {v.id: v.kind for v in trace.variables}
    if trace.failed and trace.steps:
        kinds[trace.steps[-1].id] = "op failed"
    parts = []
    for which, curve in placement.curves.items():
        x, y = placement.labels.get(which, (0.0, 0.0))
        lines = labels.get(which, ())
        top = y - _SMALL_LINE * len(lines) / 2
        texts = "".join(_text(kind, text, x, top + _SMALL_LINE * (i + 0.75)) for i, (kind, text) in enumerate(lines))
        width, height = _label_size(lines)
        paper = f"<rect {_corners(x, y, width, height)}/>" if lines else ""
        parts.append(f'<g id="{which}" class="edge"><path d="{_path(curve)}"/>{paper}{texts}</g>')
    for which, (x, y) in placement.boxes.items():  # after the arrows: what comes later lies above
        parts.append(_box(which, kinds.get(which, "op"), boxes[which], x, y, *sizes[which]))
    about = (
        f"{len(trace.variables)} variables and {len(trace.steps)} operations. The arrows lead from the inputs to the "
        "output. The table says the same in words and numbers."
    )
    width, height = placement.width + 2 * _EDGE, placement.height + 2 * _EDGE
    return (
        '<svg id="picture" role="img" aria-labelledby="picture-title picture-desc" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="{-_EDGE:g} {-_EDGE:g} {width:.0f} {height:.0f}" width="{width * 4 / 3:.0f}" '
        f'height="{height * 4 / 3:.0f}" style="--least: {width:.0f}px">\n'
        f'<title id="picture-title">The graph of {escape(trace.name)}</title>\n'
        f'<desc id="picture-desc">{about}</desc>\n{_HEADS}\n' + "\n".join(parts) + "\n</svg>"
    )


def _box(which: str, kind: str, lines: Lines, x: float, y: float, width: float, height: float) -> str:
    texts = ""
    bottom = y - _height(lines) / 2
    for kind_of_line, text in lines:
        high = _SMALL_LINE if kind_of_line == "kind" else _LINE
        texts += _text(kind_of_line, text, x, bottom + 0.75 * high)
        bottom += high
    corner = ' rx="9"' if kind.startswith("op") else ""
    return f'<g id="{which}" class="node {kind}"><rect {_corners(x, y, width, height)}{corner}/>{texts}</g>'


def _path(curve: Curve) -> str:
    """The curve as an SVG path; of one with many pieces, those that hardly leave a straight line as that line."""
    if len(curve) <= 25:
        return path_text(curve)
    x, y = curve[0]
    text = f"M{x:.0f},{y:.0f}"
    letter = ""
    for start, end in pairwise(_bends(curve[::3])):
        points = curve[3 * start + 1 : 3 * end + 1] if end == start + 1 else [curve[3 * end]]
        before, letter = letter, "C" if len(points) > 1 else "L"
        text += (" " if letter == before else letter) + " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    return text


def _bends(points: Sequence[Point], most: float = 4.0) -> list[int]:
    """The points that a line through few of them needs to pass all within `most` (Douglas and Peucker 1973)."""
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        (x0, y0), (x1, y1) = points[start], points[end]
        length = hypot(x1 - x0, y1 - y0) or 1.0
        aside = [abs((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / length for x, y in points[start + 1 : end]]
        far = max(aside, default=0.0)
        if far > most:
            at = start + 1 + aside.index(far)
            kept.add(at)
            spans += [(start, at), (at, end)]
    return sorted(kept)


def _corners(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}"'


def _text(kind: str, text: str, x: float, y: float) -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:.1f}" y="{y:.1f}">{escape(cut(text))}</text>'
