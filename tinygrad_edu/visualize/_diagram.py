"""From a scene to boxes and arrows with their texts: what is shown, collapsed, cut, coloured. `_svg.py` and `_dot.py` write it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._scene import Group, Operation, Scene, Value, chain_of_groups, told
from tinygrad_edu.visualize._words import MISSING, barred, bytes_text, dotted, range_text

DIRECTIONS = ("TB", "BT", "LR", "RL")
MEASURES = ("none", "grad", "time", "flops", "bytes")
_MARKS = {"added": "+ ", "removed": "− ", "changed": "~ ", "failed": "✗ "}
_GIVEN = ("input", "parameter", "constant")


@dataclass(frozen=True, slots=True)
class Box:
    """One thing to draw. Its lines are pairs of a class and a text; `shade` is from 0 to 1 where boxes are coloured."""

    id: str
    kind: str
    lines: tuple[tuple[str, str], ...]
    group: str = ""
    status: str = ""
    shade: float | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """The way of a value, in the direction of the computation; `label` says how the derivative comes back along it.

    With `back` it is drawn as the reverse sweep goes.
    """

    id: str
    source: str
    target: str
    label: str = ""
    kind: str = ""
    back: bool = False


@dataclass(slots=True)
class Diagram:
    """Boxes in the order of the computation, arrows in that of their targets' arguments, and the frames around them."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    cut: int = 0
    measure: str = "none"
    extent: tuple[str, str] | None = None  # the least and the greatest of what is measured
    path: frozenset[str] | None = None  # the ids on the highlighted paths


@dataclass(frozen=True, slots=True)
class Options:
    """What of a scene to show, as `draw` was asked."""

    values: bool = True
    grads: bool = True
    tangents: bool = True
    depth: int | None = None
    collapse: frozenset[str] = frozenset()
    color_by: str = "none"
    highlight: tuple[str, str] | None = None
    max_nodes: int = 150


def diagram_of(scene: Scene, options: Options) -> Diagram:
    """What to draw of a scene: at most about `max_nodes` boxes, the latest first."""
    return _Draughtsman(scene, options).draw()


class _Draughtsman:
    def __init__(self, scene: Scene, options: Options) -> None:
        self.scene = scene
        self.options = options
        self.diagram = Diagram(measure=options.color_by)
        self.closed = {id for id in scene.groups if self._is_closed(id)}
        self.box_of = {op.id: self._closed_around(op.module) or op.id for op in scene.operations}
        self.maker = {id: op for op in scene.operations for id in op.outputs}
        self.users: dict[str, list[Operation]] = {}
        for op in scene.operations:
            for edge in op.edges:
                self.users.setdefault(edge.source, []).append(op)
        self.visible = {id for id in scene.values if self._is_visible(id)}

    def _is_closed(self, id: str) -> bool:
        chain = chain_of_groups(id, self.scene.groups)
        named = id.partition("#")[0] in self.options.collapse or id in self.options.collapse
        return named or (self.options.depth is not None and len(chain) >= self.options.depth)

    def _closed_around(self, group: str) -> str:
        """The box that stands for a call's contents: of the outermost closed one around it."""
        return next((f"m-{id}" for id in chain_of_groups(group, self.scene.groups) if id in self.closed), "")

    def _is_visible(self, id: str) -> bool:
        """Not what stays inside of a closed call."""
        if self.scene.values[id].kind == "input":
            return True
        makers = [self.box_of[self.maker[id].id]] if id in self.maker else []
        boxes = {*makers, *(self.box_of[op.id] for op in self.users.get(id, ()))}
        return len(boxes) != 1 or not next(iter(boxes)).startswith("m-") or id in self.scene.outputs

    def draw(self) -> Diagram:
        units: dict[str, list[Operation]] = {}
        for op in self.scene.operations:
            units.setdefault(self.box_of[op.id], []).append(op)
        shown = self._choose(units)
        hidden = sum(len(ops) for id, ops in units.items() if id not in shown)
        self.diagram.cut = hidden
        drawn: set[str] = set()
        if hidden:
            text = f"… {hidden:,} earlier operations aren't drawn"
            self._box(Box("cut", "cut", (("title", text), ("kind", "draw(..., max_nodes=...) shows more"))))
        for id, ops in units.items():
            if id not in shown:
                continue
            for op in ops:
                for edge in op.edges:
                    self._value(edge.source, drawn, units, shown)
            self._box(self._module(id, ops) if id.startswith("m-") else self._operation(ops[0]))
            self._arguments(id, ops)
            for op in ops:
                for output in op.outputs:
                    self._value(output, drawn, units, shown)
        for id in self.scene.values:
            if id not in self.maker and id not in drawn and (id in self.scene.outputs or not hidden):
                self._value(id, drawn, units, shown)
        self._frames()
        self._shade()
        if self.options.highlight is not None:
            self.diagram.path = frozenset(self._paths(*self.options.highlight))
        return self.diagram

    def _choose(self, units: Mapping[str, Sequence[Operation]]) -> set[str]:
        """What to draw, from the latest back until the boxes are used up; the last in any case."""

        def choose(budget: int) -> set[str]:
            shown: set[str] = set()
            values = set(self.scene.outputs)
            budget -= len(values)
            for id, ops in reversed(list(units.items())):
                new = {v for op in ops for v in (*op.outputs, *(e.source for e in op.edges))} & self.visible
                new -= values
                if shown and budget < 1 + len(new):
                    break
                shown.add(id)
                values |= new
                budget -= 1 + len(new)
            return shown

        shown = choose(self.options.max_nodes)
        return (
            shown if len(shown) == len(units) else choose(self.options.max_nodes - 1)
        )  # one box says that there is more

    # -- boxes -------------------------------------------------------------------------------------------------------

    def _box(self, box: Box) -> None:
        self.diagram.boxes.append(box)

    def _frame_of(self, module: str) -> str:
        """The frame that something is drawn in: none that is inside of a closed call."""
        frame = ""
        for id in chain_of_groups(module, self.scene.groups):
            if id in self.closed:
                break
            frame = id
        return frame

    def _value(self, id: str, drawn: set[str], units: Mapping[str, Any], shown: set[str]) -> None:
        if id in drawn or id not in self.visible:
            return
        drawn.add(id)
        v = self.scene.values[id]
        self._box(Box(id, v.kind, tuple(self._value_lines(v)), self._frame_of(v.module), v.status))
        maker = self.maker.get(id)
        if maker is not None:
            source = self.box_of[maker.id]
            if source in shown:
                self._arrow(Arrow(f"e-{source}-{id}", source, id, kind="result"))
            else:
                self._arrow(Arrow(f"e-cut-{id}", "cut", id, kind="cut"))

    def _value_lines(self, v: Value) -> Iterable[tuple[str, str]]:
        options = self.options
        name = f" {v.name}" if v.name else ""
        yield "title", f"{_MARKS.get(v.status, '')}{v.label}{name}"
        yield "kind", f"{v.shape} {v.dtype}"
        if options.values:
            yield "primal", f"= {MISSING if v.primal is None else range_text(v.primal)}"
        if options.tangents and v.kind != "constant":
            yield "tangent", f"{dotted(v.label)} = {MISSING if v.tangent is None else range_text(v.tangent)}"
        if options.grads and v.kind != "constant":
            yield "adjoint", f"{barred(v.label)} = {MISSING if v.adjoint is None else range_text(v.adjoint)}"
        if v.note:
            yield "note", v.note

    def _operation(self, op: Operation) -> Box:
        lines = [("title", " ".join(filter(None, [_MARKS.get(op.status, "") + op.name, op.metadata])))]
        if formula := told(op.formula):
            lines.append(("math", formula))
        if op.status == "failed":
            return Box(op.id, "failed", (*lines, ("note", op.message)), self._frame_of(op.module), op.status)
        work = "" if not op.cost else f" · {op.cost:,} flop{'s' * (op.cost != 1)}"
        lines.append(("kind", f"↓{op.number + 1} ↑{self.scene.count - op.number}{work}"))
        if op.saved:
            lines.append(
                (
                    "kind",
                    f"keeps {', '.join(self.scene.values[id].label for id in op.saved if id in self.scene.values)}",
                )
            )
        return Box(op.id, "op", tuple(lines), self._frame_of(op.module), op.status, hint=op.source)

    def _module(self, id: str, ops: Sequence[Operation]) -> Box:
        group = self.scene.groups[id.removeprefix("m-")]
        weights = {e.source for op in ops for e in op.edges if self.scene.values[e.source].kind == "parameter"}
        count = sum(math.prod(self.scene.values[w].shape) for w in weights)
        cost = sum(op.cost or 0 for op in ops)
        many = f"{len(ops)} operation{'s' * (len(ops) != 1)}"
        each = " each" if group.repeats > 1 else ""
        lines = [("title", group.title), ("kind", many + (f" · {count:,} parameters" if count else "") + each)]
        first, last = ops[0].number, ops[-1].number
        order = f"↓{first + 1}–{last + 1} ↑{self.scene.count - last}–{self.scene.count - first}"
        if first == last:
            order = f"↓{first + 1} ↑{self.scene.count - first}"
        lines.append(("kind", order + (f" · {cost:,} flops" if cost else "")))
        return Box(id, "module", tuple(lines), self._frame_of(group.parent))

    # -- arrows ------------------------------------------------------------------------------------------------------

    def _arrow(self, arrow: Arrow) -> None:
        self.diagram.arrows.append(arrow)

    def _arguments(self, id: str, ops: Sequence[Operation]) -> None:
        if not id.startswith("m-"):
            for edge in ops[0].edges:
                name = f"e-{edge.source}-{id}-{edge.position}"
                self._arrow(
                    Arrow(name, edge.source, id, told(edge.text), "failed" if ops[0].status == "failed" else "")
                )
            return
        made = {output for op in ops for output in op.outputs}
        for source in dict.fromkeys(edge.source for op in ops for edge in op.edges):
            if source in self.visible and source not in made:
                self._arrow(Arrow(f"e-{source}-{id}", source, id))

    # -- frames, colours, paths --------------------------------------------------------------------------------------

    def _frames(self) -> None:
        used = {box.group for box in self.diagram.boxes} - {""}
        needed = {parent for id in used for parent in chain_of_groups(id, self.scene.groups)}
        self.diagram.groups = {id: group for id, group in self.scene.groups.items() if id in needed}

    def _shade(self) -> None:
        """How much of what is measured each box has, on a logarithmic scale from the least to the greatest."""
        measure = self.options.color_by
        if measure == "none":
            return
        found = {box.id: amount for box in self.diagram.boxes if (amount := self._amount(box.id, measure)) is not None}
        if not found:
            raise ConfigError(
                f"draw: color_by={measure!r}, but nothing of that is known here. "
                + {"time": "Times are measured when a function is drawn with its inputs: draw(f, x).",
                   "grad": "Call backward() first, or draw a function with its inputs: draw(f, x)."}.get(measure, "")
            )  # fmt: skip
        positive = [amount for amount in found.values() if amount > 0]
        low, high = (min(positive), max(positive)) if positive else (0.0, 0.0)
        spread = math.log(high / low) if positive and high > low else 0.0

        def shade(amount: float | None) -> float | None:
            if amount is None:
                return None
            return 0.0 if amount <= 0 else 1.0 if not spread else 0.15 + 0.85 * math.log(amount / low) / spread

        self.diagram.boxes = [replace(box, shade=shade(found.get(box.id))) for box in self.diagram.boxes]
        self.diagram.extent = (_amount_text(low, measure), _amount_text(high, measure))

    def _amount(self, id: str, measure: str) -> float | None:
        ops = [op for op in self.scene.operations if self.box_of[op.id] == id]
        if measure == "grad":
            v = self.scene.values.get(id)
            return None if v is None or v.adjoint is None or not v.adjoint.size else float(np.mean(np.abs(v.adjoint)))
        if measure == "bytes":
            v = self.scene.values.get(id)
            return None if v is None else float(math.prod(v.shape) * np.dtype(v.dtype).itemsize)
        amounts = [op.cost if measure == "flops" else op.seconds for op in ops]
        known = [float(amount) for amount in amounts if amount is not None]
        return sum(known) if known else None

    def _paths(self, a: str, b: str) -> set[str]:
        """The ids of all on a path from one box to another, whichever is the earlier."""
        start, end = self._find(a), self._find(b)
        for first, last in ((start, end), (end, start)):
            after = reached(first, [(x.source, x.target) for x in self.diagram.arrows])
            before = reached(last, [(x.target, x.source) for x in self.diagram.arrows])
            both = after & before
            if both:
                return both | {x.id for x in self.diagram.arrows if x.source in both and x.target in both}
        raise ConfigError(f"draw: there is no path between {a} and {b} in what is drawn.")

    def _find(self, name: str) -> str:
        boxes = {box.id for box in self.diagram.boxes}
        if name in boxes:
            return name
        for v in self.scene.values.values():
            if name in (v.label, v.name) and v.id in boxes:
                return v.id
        known = ", ".join([v.name or v.id for v in self.scene.values.values() if v.id in boxes][:12])
        raise ConfigError(
            f"draw: highlight: nothing that is drawn is called {name!r}. There are {known}, …; or op0, op1, …."
        )


def reached(start: str, edges: Sequence[tuple[str, str]]) -> set[str]:
    """All that can be reached from `start` along the edges, itself included."""
    after: dict[str, list[str]] = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    seen, stack = {start}, [start]
    while stack:
        for b in after.get(stack.pop(), ()):
            if b not in seen:
                seen.add(b)
                stack.append(b)
    return seen


def _amount_text(amount: float, measure: str) -> str:
    if measure == "bytes":
        return bytes_text(round(amount))
    if measure == "time":
        return f"{1e6 * amount:,.3g} µs"
    return f"{amount:,.0f} flops" if measure == "flops" else f"{amount:.3g}"
