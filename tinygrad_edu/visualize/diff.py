"""`diff`: two graphs in one picture, with what was added, removed and changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from tinygrad_edu.visualize._diagram import Options
from tinygrad_edu.visualize._scene import Edge, Operation, Scene, Value, told
from tinygrad_edu.visualize.draw import Drawing, scene_of

_LABEL = re.compile("v[₋₀-₉]+")


def diff(
    a: Any, b: Any, *, rankdir: str = "TB", max_nodes: int = 150, names: Mapping[str, Any] | None = None
) -> Drawing:
    """Draw the graph `b` with its differences from `a`: `+` what only `b` has, `−` what only `a` has, `~` what changed.

    `a` and `b` are tensors, traces or drawings. Operations are matched in order by their kind, metadata and shapes; those of
    `a` that are gone are drawn under ids of their own, `a-op3`. `.changes` of the result lists the ids.
    """
    first, _ = scene_of(a, (), names=names)
    second, title = scene_of(b, (), names=names)
    scene = _Comparison(first, second).scene()
    options = Options(tangents=False, grads=False, max_nodes=max_nodes)
    return Drawing(scene, options, rankdir=rankdir, expand=True, title=f"{title}, compared")


class _Comparison:
    def __init__(self, a: Scene, b: Scene) -> None:
        self.a, self.b = a, b
        self.same: dict[str, str] = {}  # from ids of a to ids of b
        self.changed: set[str] = set()  # ids of b

    def scene(self) -> Scene:
        self._match()
        taken = set(self.same.values())
        values: dict[str, Value] = {}
        for id, v in self.b.values.items():
            values[id] = replace(v, status="changed" if id in self.changed else "" if id in taken else "added")
        removed = {id: f"a-{id}" for id in self.a.values if id not in self.same}
        values.update(
            (new, replace(self.a.values[id], id=new, module="", status="removed")) for id, new in removed.items()
        )
        name = {**self.same, **removed}
        operations: list[Operation] = []
        gone = iter([op for op in self.a.operations if op.id not in self.same])
        waiting = next(gone, None)
        back = {theirs: ours for ours, theirs in self.same.items()}
        for op in self.b.operations:
            # What is gone stands before the first operation that came after it.
            number = next((o.number for o in self.a.operations if o.id == back.get(op.id)), None)
            while waiting is not None and number is not None and waiting.number < number:
                operations.append(self._removed(waiting, name))
                waiting = next(gone, None)
            status = "changed" if op.id in self.changed else "" if op.id in taken else "added"
            operations.append(replace(op, status=status))
        while waiting is not None:
            operations.append(self._removed(waiting, name))
            waiting = next(gone, None)
        outputs = tuple(dict.fromkeys([*self.b.outputs, *(name[id] for id in self.a.outputs)]))
        return Scene(values, tuple(operations), outputs, self.b.groups, self.b.traced, self.b.count)

    def _removed(self, op: Operation, name: Mapping[str, str]) -> Operation:
        edges = tuple(Edge(name[e.source], e.position, e.text) for e in op.edges)
        outputs = tuple(name[id] for id in op.outputs)
        return replace(
            op, id=f"a-{op.id}", edges=edges, outputs=outputs, module="", status="removed",
            saved=tuple(name[id] for id in op.saved if id in name),
        )  # fmt: skip

    def _match(self) -> None:
        ours, theirs = self.a.operations, self.b.operations
        matcher = SequenceMatcher(
            None, [_key(op, self.a) for op in ours], [_key(op, self.b) for op in theirs], autojunk=False
        )
        pairs: list[tuple[Operation, Operation]] = []
        for tag, i0, i1, j0, j1 in matcher.get_opcodes():
            if tag == "equal":
                pairs += zip(ours[i0:i1], theirs[j0:j1], strict=True)
            elif tag == "replace":
                rest = list(theirs[j0:j1])
                for op in ours[i0:i1]:
                    like = next((other for other in rest if other.name == op.name), None)
                    if like is not None:
                        rest = rest[rest.index(like) + 1 :]
                        pairs.append((op, like))
                        self.changed.add(like.id)
        named = {
            (v.kind, v.name): id for id, v in self.b.values.items() if v.name and v.kind not in ("value", "output")
        }
        for id, v in self.a.values.items():
            if v.name and (v.kind, v.name) in named:
                self._pair(id, named[v.kind, v.name])
        for op, other in pairs:
            self.same[op.id] = other.id
            for id, twin in zip(op.outputs, other.outputs, strict=False):
                self._pair(id, twin)
        made = {id for op in ours for id in op.outputs} | {id for op in theirs for id in op.outputs}
        for op, other in pairs:
            for e, f in zip(op.edges, other.edges, strict=False):
                v, w = self.a.values[e.source], self.b.values[f.source]
                if not {v.id, w.id} & made and not (v.name and w.name) and v.kind == w.kind:
                    self._pair(e.source, f.source)
        for op, other in pairs:
            wired = [self.same.get(e.source) for e in op.edges] == [e.source for e in other.edges]
            if not wired or _LABEL.sub("v", told(op.formula)) != _LABEL.sub("v", told(other.formula)):
                self.changed.add(other.id)

    def _pair(self, id: str, twin: str) -> None:
        if id in self.same or twin in self.same.values():
            return
        self.same[id] = twin
        v, w = self.a.values[id], self.b.values[twin]
        given = v.kind in ("input", "parameter", "constant")
        numbers = given and v.primal is not None and w.primal is not None and not _equal(v.primal, w.primal)
        if (v.shape, v.dtype) != (w.shape, w.dtype) or numbers:
            self.changed.add(twin)


def _key(op: Operation, scene: Scene) -> tuple[Any, ...]:
    return op.name, op.metadata, tuple((scene.values[id].shape, scene.values[id].dtype) for id in op.outputs)


def _equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc"))
