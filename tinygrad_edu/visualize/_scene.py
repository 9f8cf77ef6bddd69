"""What there is to draw: the variables and operations of a graph, wherever they are known from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tinygrad_edu.visualize._steps import Step, Trace

Text = str | Callable[[], str]
"""A text, or how to write it: of a graph of thousands of operations only some are drawn."""


def told(text: Text) -> str:
    return text if isinstance(text, str) else text()


# Modules that only hold others: they are never called, and no frame is drawn for them.
_HOLDERS = {"ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}


@dataclass(frozen=True, slots=True)
class Value:
    """A variable. What isn't known of it is None."""

    id: str
    label: str
    name: str
    kind: str
    shape: tuple[int, ...]
    dtype: str
    primal: Any = None
    tangent: Any = None
    adjoint: Any = None
    module: str = ""
    note: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An argument of an operation; `text` says how the derivative goes back along it."""

    source: str
    position: int
    text: Text


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation; `number` is its place in the whole graph of `Scene.count`. `status` is "", added, removed or changed."""

    id: str
    number: int
    name: str
    formula: Text
    metadata: str
    cost: int | None
    saved: tuple[str, ...]
    edges: tuple[Edge, ...]
    outputs: tuple[str, ...]
    module: str = ""
    source: str = ""
    seconds: float | None = None
    message: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A module's call as a frame; `repeats` of them look alike and are drawn once, then `hidden` are the ids left out."""

    id: str
    title: str
    parent: str = ""
    repeats: int = 1
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A graph: its variables, its operations in order, the modules that they ran in, and what the function returned."""

    values: Mapping[str, Value]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]
    groups: Mapping[str, Group] = field(default_factory=dict)
    traced: bool = False
    count: int = 0

    def operation(self, id: str) -> Operation | None:
        return next((op for op in self.operations if op.id == id), None)


def scene_of_trace(trace: Trace) -> Scene:
    """All of a trace; where the function raised, a last operation says so."""
    groups, module_of = groups_of([step.module for step in trace.steps], trace.modules)
    first_use: dict[str, set[str]] = {}
    for step, module in zip(trace.steps, module_of, strict=True):
        for id in step.inputs:
            first_use.setdefault(id, set()).add(module)
    made = {id: module for step, module in zip(trace.steps, module_of, strict=True) for id in step.outputs}
    values = {}
    for v in trace.variables:
        module = made.get(v.id, "")
        if v.kind == "parameter":
            module = _owner(v.name, groups)
        elif v.kind == "constant" and len(first_use.get(v.id, ())) == 1:
            (module,) = first_use[v.id]
        values[v.id] = Value(
            v.id,
            v.label,
            v.name,
            v.kind,
            v.shape,
            v.dtype,
            v.primal,
            trace.tangent.get(v.id),
            trace.adjoint.get(v.id),
            module,
        )
    operations = [_operation(step, module) for step, module in zip(trace.steps, module_of, strict=True)]
    if trace.failed:
        operations.append(_failed(trace))
    return Scene(values, tuple(operations), trace.outputs, groups, traced=True, count=len(trace.steps))


def _operation(step: Step, module: str) -> Operation:
    texts = {p.position: p.text for p in step.partials}
    edges: list[Edge] = []
    position = 0
    for source in step.inputs:
        # Numbers among the arguments have a position, but no variable.
        found = next((p.position for p in step.partials if p.source == source and p.position >= position), None)
        text = texts.get(found, "") if found is not None else ""
        edges.append(Edge(source, len(edges), text))
        position = position if found is None else found + 1
    return Operation(
        step.id, step.number, step.op, step.formula, step.metadata, step.cost, step.saved, tuple(edges), step.outputs, module,
        step.source, step.seconds, status="added" if step.swept else "",
    )  # fmt: skip


def _failed(trace: Trace) -> Operation:
    failure = trace.failure
    number = len(trace.steps)
    name = (failure.op if failure else "") or "stopped here"
    edges = tuple(Edge(id, i, "") for i, id in enumerate(failure.inputs if failure else ()))
    where = f"{failure.source}: {failure.code}" if failure and failure.source else ""
    return Operation(
        f"op{number}", number, name, where, "", None, (), edges, (), source=where, message=trace.failed, status="failed"
    )


def groups_of(modules: list[str], kinds: Mapping[str, str]) -> tuple[dict[str, Group], list[str]]:
    """The calls of modules, nested, and for each step the innermost call that it belongs to.

    A module that is called again later has a call of its own for that, `fc#2`.
    """
    groups: dict[str, Group] = {}
    calls: dict[str, int] = {}
    found: list[str] = []
    open_: list[tuple[str, str]] = []  # dotted name and id of the calls that the last step was in
    for module in modules:
        parts = module.split(".") if module else []
        names = [".".join(parts[: i + 1]) for i in range(len(parts))]
        names = [name for name in names if kinds.get(name, "") not in _HOLDERS]
        kept = 0
        while kept < min(len(names), len(open_)) and open_[kept][0] == names[kept]:
            kept += 1
        open_ = open_[:kept]
        for name in names[kept:]:
            calls[name] = calls.get(name, 0) + 1
            id = name if calls[name] == 1 else f"{name}#{calls[name]}"
            groups[id] = Group(id, f"{id} {kinds.get(name, '')}".strip(), open_[-1][1] if open_ else "")
            open_.append((name, id))
        found.append(open_[-1][1] if open_ else "")
    return groups, found


def _owner(name: str, groups: Mapping[str, Group]) -> str:
    """The innermost module with a frame around a parameter."""
    while "." in name:
        name = name.rpartition(".")[0]
        if name in groups:
            return name
    return ""


def chain_of_groups(id: str, groups: Mapping[str, Group]) -> list[str]:
    """A call and those around it, the outermost first."""
    chain: list[str] = []
    while id:
        chain.insert(0, id)
        id = groups[id].parent
    return chain


def rolled(scene: Scene, *, keep: bool | frozenset[str] = False, least: int = 3) -> Scene:
    """The scene with at least `least` calls in a row that look alike drawn as one; not those named in `keep`.

    What used a variable of a later one now uses that of the first.
    """
    if keep is True:
        return scene
    inside: dict[str, list[Operation]] = {}
    for op in scene.operations:
        for group in chain_of_groups(op.module, scene.groups):
            inside.setdefault(group, []).append(op)
    scene_map: dict[str, str] = {}
    groups = dict(scene.groups)
    gone: set[str] = set()
    signatures = {id: _signature(ops, scene) for id, ops in inside.items()}
    done: set[str] = set()
    for id in list(inside):
        if id in done or (keep and id.partition("#")[0].rpartition(".")[0] in keep) or id in gone:
            continue
        row = [id]
        for other in inside:
            follows = inside[other][0].number == inside[row[-1]][-1].number + 1
            if (
                other != id
                and groups[other].parent == groups[id].parent
                and follows
                and signatures[other] == signatures[id]
            ):
                row.append(other)
        done.update(row)
        if len(row) < least:
            continue
        hidden: list[str] = []
        first = _contents(id, inside, scene)
        for other in row[1:]:
            theirs = _contents(other, inside, scene)
            scene_map.update(zip(theirs, first, strict=True))
            hidden += theirs
            gone.update(g for g in groups if other in chain_of_groups(g, scene.groups))
        kind = groups[id].title.partition(" ")[2]
        groups[id] = replace(
            groups[id], title=f"{row[0]} … {row[-1]}: {kind} ×{len(row)}", repeats=len(row), hidden=tuple(hidden)
        )
    if not scene_map:
        return scene
    last = {first: other for other, first in scene_map.items()}
    values = {
        id: replace(v, note=f"the last one is {scene.values[last[id]].label}")
        if id in last and v.kind != "parameter"
        else v
        for id, v in scene.values.items()
        if id not in scene_map
    }
    operations = tuple(
        replace(op, edges=tuple(replace(e, source=scene_map.get(e.source, e.source)) for e in op.edges))
        for op in scene.operations
        if op.id not in scene_map
    )
    outputs = tuple(scene_map.get(id, id) for id in scene.outputs)
    groups = {id: group for id, group in groups.items() if id not in gone}
    return replace(scene, values=values, operations=operations, outputs=outputs, groups=groups)


def _contents(group: str, inside: Mapping[str, list[Operation]], scene: Scene) -> list[str]:
    """The ids of a call's operations, of what they made, and of the parameters that they use, in order."""
    found = dict.fromkeys(id for op in inside[group] for id in (op.id, *op.outputs))
    for op in inside[group]:
        for edge in op.edges:
            if group in chain_of_groups(scene.values[edge.source].module, scene.groups):
                found.setdefault(edge.source)
    return list(found)


def _signature(ops: list[Operation], scene: Scene) -> Any:
    """What two calls that look alike have in common: operations, shapes, and what is connected to what."""
    place: dict[str, Any] = {}
    found = []
    for i, op in enumerate(ops):
        for edge in op.edges:
            v = scene.values[edge.source]
            place.setdefault(edge.source, (v.kind == "parameter", len(place), v.shape, v.dtype))
        place.update((id, (i, k)) for k, id in enumerate(op.outputs))
        shapes = tuple(scene.values[id].shape for id in op.outputs)
        found.append((op.name, op.metadata, shapes, tuple(place[e.source] for e in op.edges)))
    return found
