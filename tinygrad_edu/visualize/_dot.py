"""From boxes and arrows to DOT text: shapes, colours, the legend. What is drawn is decided in `_diagram.py`."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import graphviz

from tinygrad_edu.visualize._diagram import Box, Diagram

# Courier everywhere: the programs know its widths, so text stays in its box whichever font the viewer has.
_FONT = "Courier"
_WIDEST = 44  # characters of a line before it is broken

# Kinds differ in outline as well as in colour, so that a print in grey says the same.
_STYLES = {
    "op": {"shape": "box", "style": "rounded,filled", "fillcolor": "#dbeafe", "color": "#1e3a8a"},
    "parameter": {
        "shape": "box",
        "style": "filled,bold",
        "penwidth": "2.5",
        "fillcolor": "#fde68a",
        "color": "#78350f",
    },
    "input": {"shape": "house", "style": "filled", "fillcolor": "#dcfce7", "color": "#14532d"},
    "constant": {"shape": "box", "style": "dashed", "color": "#52525b", "fontcolor": "#3f3f46"},
    "output": {"shape": "box", "style": "filled", "peripheries": "2", "fillcolor": "#f3e8ff", "color": "#581c87"},
    "cut": {"shape": "plain", "fontcolor": "#991b1b"},
}
_LEGEND = {
    "parameter": "parameter: what training changes",
    "input": "input: a leaf that gets a gradient",
    "constant": "constant: gets no gradient",
    "op": "operation: its mathematics, its\nresult, its floating-point work",
    "output": "output: the reverse sweep starts here",
}
_NOTE = (
    "Arrows show the way forward. The small\n"
    "type beside one is its derivative: what\n"
    "the reverse sweep takes back along it\n"
    "(a bar marks an adjoint: W̄ belongs to W)."
)


def dot_text(diagram: Diagram, *, rankdir: str) -> str:
    """The diagram in the DOT language: the same text for the same diagram, always."""
    dot = graphviz.Digraph(
        graph_attr={"fontname": _FONT, "fontsize": "11", "rankdir": rankdir, "nodesep": "0.3", "ranksep": "0.4"},
        node_attr={"fontname": _FONT, "fontsize": "11", "margin": "0.12,0.06"},
        edge_attr={"fontname": _FONT, "fontsize": "9", "arrowsize": "0.7", "fontcolor": "#374151", "color": "#4b5563"},
    )
    beside = _beside(diagram)
    _nodes(dot, [box for box in diagram.boxes if box.module is None], beside)
    for number, (module, title) in enumerate(diagram.modules.items()):
        with dot.subgraph(name=f"cluster_{number}") as cluster:
            cluster.attr(label=quoted([title]), labeljust="l", color="#9ca3af", style="rounded")
            _nodes(cluster, [box for box in diagram.boxes if box.module == module], beside)
    for arrow in diagram.arrows:
        attributes = {"label": quoted([f" {arrow.label} "])} if arrow.label else {}
        if diagram.cut and arrow.source == "n0":
            attributes["style"] = "dotted"
        if arrow.source in beside.get(arrow.target, [])[1:]:
            dot.edge(arrow.target, arrow.source, dir="back", **attributes)  # to the right of its target
        else:
            dot.edge(arrow.source, arrow.target, **attributes)
    _legend(dot, {box.kind for box in diagram.boxes}, has_rules=any(arrow.label for arrow in diagram.arrows))
    return str(dot.source)


def _beside(diagram: Diagram) -> dict[str, list[str]]:
    """The boxes to put to the left and to the right of an op, rather than above it, which keeps the main path straight.

    An op's first argument comes from above; of the rest, the first two that nothing else uses stand beside it.
    """
    boxes = {box.id: box for box in diagram.boxes}
    uses = Counter(arrow.source for arrow in diagram.arrows)
    arguments: dict[str, list[str]] = {}
    for arrow in diagram.arrows:
        arguments.setdefault(arrow.target, []).append(arrow.source)
    return {
        target: [
            source
            for source in sources[1:]
            if uses[source] == 1
            and boxes[source].kind in ("parameter", "constant", "input")
            and boxes[source].module == boxes[target].module
        ][:2]
        for target, sources in arguments.items()
    }


def _nodes(dot: graphviz.Digraph, boxes: Iterable[Box], beside: Mapping[str, Sequence[str]]) -> None:
    for box in boxes:
        dot.node(box.id, label=quoted(wrapped(box.lines)), **_STYLES[box.kind])
        if neighbours := beside.get(box.id):
            with dot.subgraph() as row:
                row.attr(rank="same")
                for name in [neighbours[0], box.id, *neighbours[1:]]:
                    row.node(name)


def _legend(dot: graphviz.Digraph, kinds: Iterable[str], *, has_rules: bool) -> None:
    """A cluster with one box of each kind that occurs, under each other."""
    entries = [(kind, text) for kind, text in _LEGEND.items() if kind in kinds]
    with dot.subgraph(name="cluster_legend") as legend:
        legend.attr(label="How to read this", labeljust="l", color="#d4d4d8", style="rounded", fontsize="10")
        small = {"fontsize": "9", "margin": "0.08,0.04", "height": "0.25"}
        names = [f"legend_{kind}" for kind, _ in entries]
        for name, (kind, text) in zip(names, entries, strict=True):
            legend.node(name, label=quoted(text.split("\n")), **_STYLES[kind], **small)
        if has_rules:
            names.append("legend_note")
            legend.node("legend_note", label=quoted(_NOTE.split("\n"), "\\l"), shape="plain", fontsize="9")
        for above, below in pairwise(names):
            legend.edge(above, below, style="invis")


def wrapped(lines: Iterable[str]) -> list[str]:
    """The lines, with long ones broken at spaces."""
    return [part for line in lines for part in (textwrap.wrap(line, _WIDEST) or [""])]


def quoted(lines: Iterable[str], end: str = "\\n") -> str:
    r"""Lines as a DOT label in which every character stands for itself.

    DOT takes backslashes for escapes (`\N` is the node's name), `&lt;` for a character, and a label in angle brackets for
    HTML.
    """
    text = end.join(graphviz.escape(_printable(line)).replace("&", "&amp;") for line in lines)
    label: str = graphviz.nohtml(text if end == "\\n" else text + end)
    return label


def _printable(line: str) -> str:
    """`line` without what XML can't hold."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "�", line.replace("\t", " ").replace("\n", " "))
