"""The scene of a graph that is already recorded: what is behind a tensor, with as many of its numbers as are still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import BY_ORDER, Leaf, Node, Pick, Spec, ancestors
from tinygrad_edu.engine.op import read_of
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import TinygradEduError
from tinygrad_edu.visualize._formulas import partial_text, right_side, rule_text
from tinygrad_edu.visualize._scene import Edge, Group, Operation, Scene, Value
from tinygrad_edu.visualize._words import label_of, metadata_of, value_text


@dataclass(slots=True)
class Names:
    """What the user's program calls its values: by node or, for arrays that aren't differentiated, by identity."""

    nodes: dict[Node, str] = field(default_factory=dict)
    arrays: dict[int, str] = field(default_factory=dict)
    parameters: dict[Node, str] = field(default_factory=dict)  # "0.weight"
    titles: dict[str, str] = field(default_factory=dict)  # of a module: "0 Linear"


def names_of(names: Mapping[str, Any] | None, model: Any) -> Names:
    """The names in `names` (what isn't a tensor is passed over) and those of the parameters and modules of `model`."""
    found = Names()
    for name, value in (names or {}).items():
        if isinstance(value, Tensor) and value.node is not None:
            found.nodes.setdefault(value.node, name)
        elif isinstance(value, Tensor) and value.level == 0:
            found.arrays.setdefault(id(value.array), name)
        elif isinstance(value, np.ndarray):
            found.arrays.setdefault(id(value), name)
    if model is not None:
        found.titles = {name: type(module).__name__ for name, module in model.named_modules()}
        found.parameters = {p.node: name for name, p in model.named_parameters() if p.node is not None}
    return found


def scene_of_graph(outputs: Sequence[tuple[str, Tensor]], names: Names, *, since: Tensor | None = None) -> Scene:
    """What is behind `outputs`, pairs of a title and a tensor; what was recorded after `since` is marked as added."""
    return _Reader(outputs, names, since).scene()


def _is_input(node: Node) -> bool:
    """Whether a node stands for a value that came from outside: a leaf, or the argument of a transform such as `grad`."""
    return node.op is None or (node.xs is None and all(edge is None for edge in node.edges))


def _tensor_of(node: Node | None) -> Tensor | None:
    """The tensor of a leaf, or of a node whose gradient is retained, if it is still there and has numbers."""
    owner = node.owner() if isinstance(node, Leaf) else None
    if node is not None and node.hooks and hasattr(node.hooks[-1], "owner"):
        owner = node.hooks[-1].owner()
    return owner if isinstance(owner, Tensor) and not owner.level else None


class _Reader:
    def __init__(self, outputs: Sequence[tuple[str, Tensor]], names: Names, since: Tensor | None) -> None:
        self.outputs = [(title, y, y.node) for title, y in outputs if y.node is not None]
        self.names = names
        self.since = since.node.order if since is not None and since.node is not None else None
        nodes = sorted(ancestors([node for _, _, node in self.outputs]), key=BY_ORDER)
        self.picks: dict[tuple[Node, int], Node] = {}
        for node in nodes:
            if isinstance(node, Pick) and node.edges[0] is not None:
                self.picks.setdefault((node.edges[0], node.index), node)
        self.steps = [node for node in nodes if not isinstance(node, Pick) and not _is_input(node)]
        self.leaves = [node for node in nodes if not isinstance(node, Pick) and _is_input(node)]
        self.ids: dict[Any, str] = {}  # of nodes, of (node, index), of the identities of constants' arrays
        self.values: dict[str, Value] = {}
        self.primal: dict[Any, Any] = {}
        self.groups: dict[str, Group] = {}
        self.made = 0  # by operations, so far

    def scene(self) -> Scene:
        self._known()
        self._given()
        operations = [self._operation(number, node) for number, node in enumerate(self.steps)]
        ends = tuple(dict.fromkeys(self.ids[self._key(node)] for _, _, node in self.outputs))
        return Scene(self.values, tuple(operations), ends, self.groups, count=len(self.steps))

    def _key(self, node: Node) -> Any:
        return (node.edges[0], node.index) if isinstance(node, Pick) else node

    def _known(self) -> None:
        """The values that can still be had: of the outputs, of leaves that are alive, and what nodes kept for their rules."""
        for node in [*self.leaves, *self.steps, *self.picks.values()]:
            if (owner := _tensor_of(node)) is not None:
                self.primal[self._key(node)] = owner.array
        for node in self.steps:
            if isinstance(node.y, np.ndarray):
                self.primal[node] = node.y
            for i, y in enumerate(node.y if isinstance(node.y, tuple) else ()):
                if isinstance(y, np.ndarray):
                    self.primal[node, i] = y
            for edge, x in _arguments(node):
                if edge is not None and isinstance(x, np.ndarray):
                    self.primal[self._key(edge)] = x
        for _, y, node in self.outputs:
            if y.level == 0:
                self.primal[self._key(node)] = y.array

    def _given(self) -> None:
        """Number what is given, up to zero: the inputs, then parameters and constants as they are met."""
        inputs: dict[Any, tuple[str, str, Any]] = {
            node: (self.names.nodes.get(node, ""), "input", node)
            for node in self.leaves
            if node not in self.names.parameters
        }
        met: dict[Any, tuple[str, str, Any]] = {}
        for node in [*self.steps, *(node for _, _, node in self.outputs)]:
            for edge, x in _arguments(node) if node.op is not None else ():
                if edge is not None and edge in self.names.parameters:
                    met.setdefault(edge, (self.names.parameters[edge], "parameter", edge))
                elif edge is None and isinstance(x, np.ndarray | Tensor | Spec) and not isinstance(x, Node):
                    met.setdefault(id(x), (self.names.arrays.get(id(x), ""), "constant", x))
            if node in self.names.parameters:
                met.setdefault(node, (self.names.parameters[node], "parameter", node))
        given = {**inputs, **met}
        for number, (key, (name, kind, spec)) in enumerate(given.items(), start=1 - len(given)):
            if kind == "constant" and isinstance(spec, np.ndarray):
                self.primal[key] = spec
            self._value(key, number, name, kind, spec)

    def _value(self, key: Any, number: int, name: str, kind: str, spec: Any, module: str = "") -> str:
        made = f"v{number}"
        self.ids[key] = made
        node = self.picks.get(key) if isinstance(key, tuple) else key if isinstance(key, Node) else None
        owner = _tensor_of(node)
        adjoint = owner.grad.array if owner is not None and owner.grad is not None and not owner.grad.level else None
        primal = self.primal.get(key)
        if kind == "parameter" and "." in name:
            module = name.rpartition(".")[0]
            self._group(module)
        self.values[made] = Value(
            made, label_of(number), name, kind, tuple(spec.shape), str(spec.dtype), primal, None, adjoint, module
        )
        return made

    def _group(self, module: str) -> None:
        title = self.names.titles.get(module, "")
        self.groups.setdefault(module, Group(module, f"{module} {title}".strip()))

    def _operation(self, number: int, node: Node) -> Operation:
        op = node.op
        assert op is not None
        owners = {
            self.names.parameters[edge].rpartition(".")[0]
            for edge in node.edges
            if edge is not None and edge in self.names.parameters
        }
        module = owners.pop() if len(owners) == 1 else ""
        if module:
            self._group(module)
        status = "added" if self.since is not None and node.order > self.since else ""
        outputs = []
        several = bool(node.shape) and isinstance(node.shape[0], tuple)
        ends = {self._key(end): title for title, _, end in self.outputs}
        for i, spec in enumerate(node.outputs):
            key: Any = (node, i) if several else node
            self.made += 1
            if several and key not in self.picks and key not in ends:
                continue  # an output that nothing uses
            named = self.picks.get(key, node)
            name = self.names.nodes.get(named, ends.get(key, ""))
            outputs.append(self._value(key, self.made, name, "output" if key in ends else "value", spec, module))
        arguments = _arguments(node)
        ids = [self._source(edge, x) for edge, x in arguments]

        @cache
        def labels() -> list[str]:
            return [
                value_text(x) if id is None else self.values[id].label
                for id, (_, x) in zip(ids, arguments, strict=True)
            ]

        target = self.values[outputs[0]].label if outputs else "?"
        reads = {
            r for i, (edge, _) in enumerate(arguments) if edge is not None and (rule := op.rule(i)) for r in rule.reads
        }
        saved = [id for i, id in enumerate(ids) if i in reads and id] + read_of(outputs, reads)
        edges = [
            Edge(
                id,
                i,
                partial(self._partial, node, i, labels, self.values[id].label, target) if edge is not None else "",
            )
            for i, (id, (edge, _)) in enumerate(zip(ids, arguments, strict=True))
            if id is not None
        ]
        known = not any(edge is None and x is None for edge, x in arguments)

        def formula() -> str:
            left = ", ".join(self.values[id].label for id in outputs)
            return f"{left} = {right_side(op, labels(), node.params)}" if known else op.math

        return Operation(
            f"op{number}", number, op.name, formula, " ".join(metadata_of(node.params)), _cost(node),
            tuple(saved), tuple(edges), tuple(outputs), module, node.metadata.get("source", ""), status=status,
        )  # fmt: skip

    def _source(self, edge: Node | None, x: Any) -> str | None:
        return self.ids.get(self._key(edge)) if edge is not None else self.ids.get(id(x))

    def _partial(self, node: Node, position: int, labels: Callable[[], list[str]], source: str, target: str) -> str:
        """The local derivative as formula and, where the node still has what its rule reads, as a number."""
        op = node.op
        assert op is not None
        right = partial_text(op, position, labels(), target, node.params)
        if right is None:
            return rule_text(op, position)
        formula = f"∂{target}/∂{source} = {right}"
        number = _local(node, position)
        return formula if number is None or number in (right, "") else f"{formula} = {number}"


def _arguments(node: Node) -> list[tuple[Node | None, Any]]:
    """Each argument's edge (None where nothing is differentiated) and what the node kept of it (None if that isn't known)."""
    xs = node.xs if node.xs is not None and len(node.xs) == len(node.edges) else [None] * len(node.edges)
    return list(zip(node.edges, xs, strict=True))


def _local(node: Node, position: int) -> str | None:
    op, edge = node.op, node.edges[position]
    assert op is not None
    if edge is None or type(node.y) is tuple:
        return None
    try:
        xs, y = node.kept()
        x_dots = [np.ones(edge.shape, edge.dtype) if i == position else None for i in range(len(node.edges))]
        with np.errstate(all="ignore"):
            found = op.jvp(x_dots, y, node.edges if xs is None else xs, node.params, node)
    except (TinygradEduError, TypeError, ValueError, AttributeError):  # freed, overwritten, or a value of a transform
        return None
    return value_text(np.asarray(found)) if isinstance(found, np.ndarray | np.generic) else None


def _cost(node: Node) -> int | None:
    """The floating-point operations of one call, as its op declares them; None where the shapes that it needs are gone."""
    op = node.op
    assert op is not None
    xs: Sequence[Any] = node.edges if node.xs is None else node.xs
    if len(xs) != len(node.edges):
        return None
    made = node.outputs
    return op.flops(made[0] if len(made) == 1 else made, xs, node.params)
