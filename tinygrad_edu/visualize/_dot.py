"""A diagram in the DOT language, for other programs: the same text for the same diagram, always."""

from __future__ import annotations

from collections.abc import Iterable

import graphviz

from tinygrad_edu.visualize._diagram import Arrow, Box, Diagram
from tinygrad_edu.visualize._svg import printable, wrapped

_FONT = "Courier"  # the programs know its widths

# Kinds differ in outline as well as in colour, so that a print in grey says the same.
_STYLES = {
    "op": {"shape": "box", "style": "rounded,filled", "fillcolor": "#dbeafe", "color": "#1e3a8a"},
    "module": {"shape": "box", "style": "rounded,filled,bold", "fillcolor": "#e0e7ff", "color": "#1e3a8a"},
    "value": {"shape": "box", "style": "filled", "fillcolor": "#f8fafc", "color": "#1e3a8a"},
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
    "failed": {"shape": "box", "style": "rounded,dashed,bold", "color": "#991b1b"},
}
_STATUS = {
    "added": {"penwidth": "3", "color": "#14532d"},
    "removed": {"style": "dotted", "color": "#991b1b"},
    "changed": {"style": "dashed,filled", "penwidth": "3", "color": "#92400e"},
}


def dot_text(diagram: Diagram, *, rankdir: str) -> str:
    """The diagram with the ids that the picture has: of boxes as names and ids, of arrows as ids."""
    dot = graphviz.Digraph(
        graph_attr={"fontname": _FONT, "fontsize": "11", "rankdir": rankdir, "nodesep": "0.3", "ranksep": "0.4"},
        node_attr={"fontname": _FONT, "fontsize": "11", "margin": "0.12,0.06"},
        edge_attr={"fontname": _FONT, "fontsize": "9", "arrowsize": "0.7", "fontcolor": "#374151", "color": "#4b5563"},
    )
    _frames(dot, diagram, "")
    for arrow in diagram.arrows:
        dot.edge(_name(arrow.source), _name(arrow.target), **_arrow(arrow))
    return str(dot.source)


def _frames(dot: graphviz.Digraph, diagram: Diagram, inside: str) -> None:
    for box in diagram.boxes:
        if box.group == inside:
            dot.node(
                _name(box.id), id=_attribute(box.id), label=quoted(text for _, text in wrapped(box.lines)), **_box(box)
            )
    for number, group in enumerate(diagram.groups.values()):
        if group.parent == inside and group.id != inside:
            with dot.subgraph(name=f"cluster_{number}") as cluster:
                cluster.attr(label=quoted([group.title]), labeljust="l", color="#9ca3af", style="rounded")
                _frames(cluster, diagram, group.id)


def _box(box: Box) -> dict[str, str]:
    return {**_STYLES[box.kind], **_STATUS.get(box.status, {})}


def _arrow(arrow: Arrow) -> dict[str, str]:
    found = {"id": _attribute(arrow.id)}
    if arrow.label:
        found["label"] = quoted([f" {arrow.label} "])
    if arrow.kind in ("cut", "failed"):
        found["style"] = "dotted" if arrow.kind == "cut" else "dashed"
    return found


def _name(id: str) -> str:
    """An id as a name: a colon would be taken for a port."""
    return str(graphviz.escape(printable(id).replace(":", "∶")))


def _attribute(id: str) -> str:
    return str(graphviz.escape(printable(id)))


def quoted(lines: Iterable[str], end: str = "\\n") -> str:
    r"""Lines as a DOT label in which every character stands for itself.

    DOT takes backslashes for escapes (`\N` is the node's name), `&lt;` for a character, and a label in angle brackets for
    HTML.
    """
    text = end.join(graphviz.escape(printable(line)).replace("&", "&amp;") for line in lines)
    label: str = graphviz.nohtml(text if end == "\\n" else text + end)
    return label
