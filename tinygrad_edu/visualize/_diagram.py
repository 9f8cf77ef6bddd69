"""From a recorded graph to boxes and arrows with their texts; how these look is decided in `_dot.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import BY_ORDER, Leaf, Node, Pick, Spec, ancestors
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import Tensor

_ARGUMENTS = "abcdefgh"  # as the ops' mathematics calls them, where there are several; a single one is x
_LONGEST = 40  # characters of a metadata value that still say something


@dataclass(frozen=True, slots=True)
class Box:
    """One thing to draw. `kind` is op, parameter, input, constant, output or cut."""

    id: str
    kind: str
    lines: tuple[str, ...]
    module: str | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """The way of a value, in the direction of the computation; `label` says how the adjoint comes back along it."""

    source: str
    target: str
    label: str = ""


@dataclass(slots=True)
class Diagram:
    """Boxes in the order of the computation, arrows in that of their targets' arguments, and the titles of the modules."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Labels:
    """What the user's program calls its values, by node or, for arrays that aren't differentiated, by identity."""

    nodes: Mapping[Node, str]
    arrays: Mapping[int, str]
    parameters: Mapping[Node, str]  # "0.weight"
    modules: Mapping[Node, str]  # of a parameter: the name of the module that owns it
    titles: Mapping[str, str]  # of a module: "0 Linear"


def labels_of(names: Mapping[str, Any] | None, model: Any) -> Labels:
    """The names in `names` (what isn't a tensor is passed over) and those of the parameters and modules of `model`."""
    nodes: dict[Node, str] = {}
    arrays: dict[int, str] = {}
    for name, value in (names or {}).items():
        if isinstance(value, Tensor) and value.node is not None:
            nodes.setdefault(value.node, name)
        elif isinstance(value, Tensor) and value.level == 0:
            arrays.setdefault(id(value.array), name)
        elif isinstance(value, np.ndarray):
            arrays.setdefault(id(value), name)
    parameters: dict[Node, str] = {}
    modules: dict[Node, str] = {}
    titles: dict[str, str] = {}
    if model is not None:
        kinds = {name: type(module).__name__ for name, module in model.named_modules()}
        for name, parameter in model.named_parameters():
            if parameter.node is None:
                continue
            owner = name.rpartition(".")[0]
            parameters[parameter.node] = name
            modules[parameter.node] = owner
            titles[owner] = f"{owner} {kinds.get(owner, '')}".strip()
    return Labels(nodes, arrays, parameters, modules, titles)


def diagram_of(outputs: Sequence[tuple[str, Tensor]], labels: Labels, *, values: bool, limit: int) -> Diagram:
    """What to draw of the graph behind `outputs`, pairs of a title and a tensor: about `limit` boxes, the latest first."""
    nodes = [
        node for node in ancestors([y.node for _, y in outputs if y.node is not None]) if not isinstance(node, Pick)
    ]
    shown = _choose(nodes, limit - len(outputs))
    if len(shown) < len(nodes):
        shown = _choose(nodes, limit - len(outputs) - 1)  # one box says that there is more
    known = _known_values(shown, outputs) if values else {}
    return _Draughtsman(labels, known, shown, len(nodes) - len(shown)).draw(outputs)


def _choose(nodes: list[Node], budget: int) -> set[Node]:
    """The nodes to draw, from the latest back until the boxes are used up; the first in any case.

    A leaf's turn comes with the first op that uses it: however early it was made, it is drawn beside that op.
    """
    shown: set[Node] = set()
    for node in nodes:
        constants = sum(edge is None and is_constant(x) for edge, x in arguments(node))
        if shown and budget < 1 + constants:
            break
        if node not in shown:
            shown.add(node)
            budget -= 1 + constants
        for edge in node.edges:
            if edge is not None and is_input(edge) and edge not in shown and budget > 0:
                shown.add(edge)
                budget -= 1
    return shown


def arguments(node: Node) -> list[tuple[Node | None, Any]]:
    """Each argument's edge (None where nothing is differentiated) and what the node kept of it (None if that isn't known)."""
    xs = node.xs if node.xs is not None and len(node.xs) == len(node.edges) else [None] * len(node.edges)
    return list(zip(node.edges, xs, strict=True))


def is_input(node: Node) -> bool:
    """Whether a node stands for a value that came from outside: a leaf, or the argument of a transform such as `grad`."""
    return node.op is None or (node.xs is None and all(edge is None for edge in node.edges))


def is_constant(x: Any) -> bool:
    return x is not None and not isinstance(x, Node)


def _known_values(shown: set[Node], outputs: Sequence[tuple[str, Tensor]]) -> dict[Node, Any]:
    """The values that can still be had: of the outputs, of leaves that are alive, and what nodes kept for their rules."""
    known: dict[Node, Any] = {}
    for node in shown:
        if isinstance(node, Leaf) and (owner := node.owner()) is not None and owner.level == 0:
            known[node] = owner.array
        if isinstance(node.y, np.ndarray):
            known[node] = node.y
        for edge, x in arguments(node):
            if edge is not None and not isinstance(edge, Pick) and isinstance(x, np.ndarray):
                known[edge] = x
    known.update((y.node, y.array) for _, y in outputs if y.node is not None and y.level == 0)
    return known


class _Draughtsman:
    """Makes the boxes and arrows; numbers them in the order of the computation, so that ids don't depend on memory."""

    def __init__(self, labels: Labels, known: dict[Node, Any], shown: set[Node], cut: int) -> None:
        self.labels = labels
        self.known = known
        self.shown = shown
        self.diagram = Diagram(cut=cut)
        self.ids: dict[Node, str] = {}
        self.constants: dict[int, str] = {}
        self.cut_id = ""

    def draw(self, outputs: Sequence[tuple[str, Tensor]]) -> Diagram:
        if self.diagram.cut:
            text = f"… {self.diagram.cut:,} earlier nodes aren't drawn"
            self.cut_id = self._add("cut", [text, "draw(..., max_nodes=...) shows more"])
        for node in sorted(self.shown, key=BY_ORDER):
            if not is_input(node):
                self._op(node, is_output=any(y.node is node for _, y in outputs))
        for title, y in outputs:
            assert y.node is not None
            source, output = self._source(y.node, named=False)
            lines = [self.labels.nodes.get(y.node, title), kind_of(y.node), *self._value(y.node)]
            self._arrow(source, self._add("output", lines), output)
        return self.diagram

    def _op(self, node: Node, *, is_output: bool) -> None:
        op = node.op
        assert op is not None
        sources: list[tuple[str, str]] = []
        for position, (edge, x) in enumerate(arguments(node)):
            if edge is not None:
                source, output = self._source(edge)
                sources.append((source, " · ".join(filter(None, [output, rule_text(op, position)]))))
            elif is_constant(x):
                sources.append((self._constant(x), ""))
        # The box of an output has its name and value.
        name = "" if is_output or node not in self.labels.nodes else f"{self.labels.nodes[node]} ="
        title = " ".join(filter(None, [name, op.name, metadata_text(node.params)]))
        cost = cost_of(node)
        shape = kind_of(node) + (f" · {cost:,} flop{'s' * (cost != 1)}" if cost else "")
        lines = [title, op.math, shape, *([] if is_output else self._value(node))]
        self.ids[node] = target = self._add("op", lines, self._module(node))
        for source, label in sources:
            self._arrow(source, target, label)

    def _module(self, node: Node) -> str | None:
        """The module that an op belongs to: the one that owns the parameters it uses, if that is one."""
        owners = {self.labels.modules[edge] for edge in node.edges if edge is not None and edge in self.labels.modules}
        return owners.pop() if len(owners) == 1 else None

    def _source(self, edge: Node, *, named: bool = True) -> tuple[str, str]:
        """The box that a value comes from, and which of its outputs it is if it has several, with its name if `named`."""
        output = ""
        if isinstance(edge, Pick):
            picked = edge.edges[0]
            assert picked is not None
            if len(picked.outputs) > 1:
                name = self.labels.nodes.get(edge) if named else None
                output = f"output {edge.index}" + (f" {name}" if name else "")
            edge = picked
        if edge not in self.ids and is_input(edge) and edge in self.shown:
            name = self.labels.parameters.get(edge)
            kind = "input" if name is None else "parameter"
            title = name or self.labels.nodes.get(edge, "input")
            lines = [title, kind_of(edge), *self._value(edge)]
            self.ids[edge] = self._add(kind, lines, self.labels.modules.get(edge))
        return self.ids.get(edge, self.cut_id), output

    def _constant(self, x: Any) -> str:
        """The box of a value that isn't differentiated: one for each array, however often it is used."""
        key = id(x) if isinstance(x, np.ndarray) else None
        if key is not None and key in self.constants:
            return self.constants[key]
        if isinstance(x, Spec | np.ndarray | Tensor):
            name = self.labels.arrays.get(id(x), "constant")
            shown = value_text(x) if self.known and isinstance(x, np.ndarray) else ""
            lines = [name, f"{x.shape} {x.dtype}", *([shown] if shown else [])]
        else:
            lines = [f"{x}"]
        made = self._add("constant", lines)
        if key is not None:
            self.constants[key] = made
        return made

    def _value(self, node: Node) -> list[str]:
        return [value_text(self.known[node])] if node in self.known else []

    def _add(self, kind: str, lines: Sequence[str], module: str | None = None) -> str:
        made = f"n{len(self.diagram.boxes)}"
        self.diagram.boxes.append(Box(made, kind, tuple(lines), module))
        if module is not None:
            self.diagram.modules.setdefault(module, self.labels.titles[module])
        return made

    def _arrow(self, source: str, target: str, label: str) -> None:
        arrow = Arrow(source, target, label if source != self.cut_id else "")
        if source != self.cut_id or arrow not in self.diagram.arrows[-1:]:
            self.diagram.arrows.append(arrow)


# -- texts ---------------------------------------------------------------------------------------------------------


def kind_of(node: Node) -> str:
    """Shape and dtype of what a node made; of a node with several outputs, the shapes of all."""
    return f"{', '.join(str(made.shape) for made in node.outputs)} {node.dtype}"


def rule_text(op: Op, position: int) -> str:
    """The derivative of an op in one argument as the picture shows it: `∂y/∂x = cos x`, or a matrix rule such as `X̄ += Ȳ W`."""
    rule = op.rule(position)
    if rule is None:
        return ""
    if op.family != "elementwise" or callable(op.rules):
        return rule.text
    differentiable = [i for i in range(len(op.rules)) if op.rules[i] is not None]
    name = "x" if len(op.rules) == 1 else _ARGUMENTS[differentiable.index(position) % len(_ARGUMENTS)]
    return f"∂y/∂{name} = {rule.text}"


def cost_of(node: Node) -> int | None:
    """The floating-point operations of one call, as its op declares them; None where the shapes that it needs are gone."""
    op = node.op
    assert op is not None
    xs: Sequence[Any] = node.edges if node.xs is None else node.xs
    if len(xs) != len(node.edges):
        return None
    made = node.outputs
    return op.flops(made[0] if len(made) == 1 else made, xs, node.params)


def metadata_text(params: Mapping[str, Any]) -> str:
    """Those metadata of a call that are short and the same in every run: `axis=1 keepdims=True`."""
    texts = [f"{key}={value}" for key, value in params.items() if _is_plain(value)]
    return " ".join(text for text in texts if len(text) <= _LONGEST)


def _is_plain(value: Any) -> bool:
    """Whether printing a value shows only its value, and no address."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, slice):
        return all(map(_is_plain, (value.start, value.stop, value.step)))
    return isinstance(value, bool | int | float | complex | str | np.dtype | np.generic)


def value_text(array: Any) -> str:
    """The numbers of a small array, of a larger one their range and mean."""
    if not array.size:
        return "empty"
    if array.size <= 4:
        numbers = [f"{x:.4g}" for x in array.ravel().tolist()]
        return f"= {numbers[0]}" if not array.ndim else f"= [{', '.join(numbers)}]"
    if array.dtype.kind not in "fiu":
        return ""
    return f"min {array.min():.3g}, mean {array.mean():.3g}, max {array.max():.3g}"
