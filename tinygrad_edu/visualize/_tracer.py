"""Goes through a recorded call with plain arrays: numbers its variables, writes its steps; both sweeps are in `_sweeps.py`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import to_plain
from tinygrad_edu.engine.graph import Pick
from tinygrad_edu.engine.memory import Array
from tinygrad_edu.engine.op import read_of
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.func._graph import Equation, Value
from tinygrad_edu.visualize._formulas import right_side
from tinygrad_edu.visualize._recording import Recording
from tinygrad_edu.visualize._steps import Failure, Step, Trace, Variable
from tinygrad_edu.visualize._sweeps import Call, Sweeps
from tinygrad_edu.visualize._words import label_of, metadata_of, value_text


class Tracer:
    """Goes through a recording: forward with values, then with tangents, then back with adjoints."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.ids: dict[Value | int, str] = {}  # by value, or by identity of a constant's array
        self.variables: dict[str, Variable] = {}
        self.primal: dict[str, Array] = {}
        self.label: dict[str, str] = {}
        self.steps: list[Step] = []
        self.tracked: set[str] = set()  # what a sweep reaches
        self.made = 0  # by ops, so far
        self.kept: set[str] = set()
        self.held = 0  # bytes that the recorded graph keeps
        self.calls: list[Call] = []

    def trace(self, seed: Any, cotangent: Any) -> Trace:
        self._given()
        outputs = {v for v in self.recording.outputs if isinstance(v, Value)}
        for number, equation in enumerate(self.recording.equations):
            self._step(number, equation, outputs)
        recording = self.recording
        inputs = tuple(self.ids[value] for value, _, _ in recording.inputs)
        found: dict[str, Any] = {"tangents": (), "contributions": (), "tangent": {}, "adjoint": {}}
        ends = tuple(self.ids[v] for v in recording.outputs if isinstance(v, Value))
        if recording.error is None:
            sweeps = Sweeps(self.calls, self.steps, self.primal, self.label)
            found["tangent"], found["tangents"] = sweeps.push(self._seeds(inputs, seed))
            found["adjoint"], found["contributions"] = sweeps.pull(self._ends(ends, cotangent), self.tracked)
        return Trace(
            name=recording.name,
            variables=tuple(self.variables.values()),
            steps=tuple(self.steps),
            inputs=inputs,
            outputs=tuple(dict.fromkeys(ends)),
            seeds=inputs,
            failed=_message(recording.error),
            failure=self._failure(),
            modules=recording.kinds,
            **found,
        )

    # -- forward ---------------------------------------------------------------------------------------------------

    def _given(self) -> None:
        """Number what the computation is given: up to zero, the inputs first, the rest in the order it is met."""
        recording = self.recording
        given: list[tuple[Value | int, str, str, Array]] = [
            (value, name, "input", x.array) for value, name, x in recording.inputs
        ]
        parameters = {value: (name, x.array) for value, name, x in recording.parameters}
        seen: set[Value | int] = {value for value, *_ in given}
        for equation in recording.equations:
            for a in equation.args:
                key, name, kind, array = self._outside(a, parameters)
                if key is not None and key not in seen:
                    seen.add(key)
                    given.append((key, name, kind, array))
        for value in recording.outputs:  # a parameter that is returned as it is
            if value in parameters and value not in seen:
                given.append((value, parameters[value][0], "parameter", parameters[value][1]))
        for number, (key, name, kind, array) in enumerate(given, start=1 - len(given)):
            self._variable(key, number, name, kind, array)
            if kind != "constant":
                self.tracked.add(self.ids[key])

    def _outside(self, a: Any, parameters: Mapping[Value, tuple[str, Array]]) -> Any:
        if isinstance(a, Value):
            return (a, parameters[a][0], "parameter", parameters[a][1]) if a in parameters else (None, "", "", None)
        if isinstance(a, Tensor | np.ndarray):
            array = to_plain(a)
            kind = "parameter" if isinstance(a, Tensor) and a.node is not None else "constant"
            return id(array), self.recording.names.get(id(array), ""), kind, array
        return None, "", "", None

    def _variable(self, key: Value | int, number: int, name: str, kind: str, array: Any) -> str:
        made = f"v{number}"
        array = np.array(array)  # as it is now: the program may write to it later
        self.ids[key] = made
        self.primal[made] = array
        self.label[made] = label_of(number)
        self.variables[made] = Variable(
            made, number, self.label[made], name, kind, array.shape, str(array.dtype), array
        )
        return made

    def _id(self, a: Any) -> str | None:
        """The variable of an argument; None for a number or anything else that isn't an array."""
        if isinstance(a, Value):
            return self.ids[a]
        return self.ids[id(to_plain(a))] if isinstance(a, Tensor | np.ndarray) else None

    def _step(self, number: int, equation: Equation, outputs: set[Value]) -> None:
        op, params = equation.op, equation.params
        ids = [self._id(a) for a in equation.args]
        xs = [a if made is None else self.primal[made] for a, made in zip(equation.args, ids, strict=True)]
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            result = op(*xs, **params)
        seconds = time.perf_counter() - start
        ys = tuple(np.asarray(y) for y in (result if type(result) is tuple else (result,)))
        made = []
        for value, y in zip(equation.outputs, ys, strict=True):
            self.made += 1
            made.append(self._variable(value, self.made, "", "output" if value in outputs else "value", y))
        tracked = self._tracked(equation, ids)
        for node, name in zip(equation.nodes, made, strict=True):
            if any(tracked) and node is not None:
                self.tracked.add(name)
        labels = [value_text(a) if i is None else self.label[i] for a, i in zip(equation.args, ids, strict=True)]
        numbers = [value_text(x) for x in xs]
        target = ", ".join(self.label[name] for name in made)
        reads = {r for i, t in enumerate(tracked) if t and (rule := op.rule(i)) is not None for r in rule.reads}
        saved = [name for i, name in enumerate(ids) if i in reads and name] + read_of(made, reads)
        self.held += sum(self.primal[name].nbytes for name in set(saved) - self.kept)
        self.kept.update(saved)
        call = Call(
            op,
            params,
            xs,
            ys if type(result) is tuple else ys[0],
            [name if t else None for name, t in zip(ids, tracked, strict=True)],
            made,
            labels,
        )
        self.calls.append(call)
        self.steps.append(
            Step(
                number=number,
                id=f"op{number}",
                op=op.name,
                math=op.math,
                inputs=tuple(name for name in ids if name is not None),
                outputs=tuple(made),
                formula=f"{target} = {right_side(op, labels, params)}",
                substituted=f"{right_side(op, numbers, params)} = {', '.join(map(value_text, ys))}",
                partials=tuple(call.partials(self.label)),
                cost=equation.cost,
                saved=tuple(dict.fromkeys(saved)),
                source=equation.source,
                code=equation.code,
                memory=self.held,
                metadata=" ".join(metadata_of(params)),
                module=self.recording.modules[number],
                swept=any(node in self.recording.swept for node in equation.nodes),
                seconds=seconds,
            )
        )

    def _tracked(self, equation: Equation, ids: Sequence[str | None]) -> list[bool]:
        """Which arguments the sweeps go through: those that have an edge in the recorded graph."""
        node = next((node for node in equation.nodes if node is not None), None)
        if node is None:
            return [False] * len(ids)
        main: Any = node.edges[0] if isinstance(node, Pick) else node
        if main.op is equation.op and len(main.edges) == len(ids):
            return [edge is not None and equation.op.rule(i) is not None for i, edge in enumerate(main.edges)]
        return [name in self.tracked and equation.op.rule(i) is not None for i, name in enumerate(ids)]

    def _failure(self) -> Failure | None:
        recording = self.recording
        if recording.error is None:
            return None
        given = tuple(name for a in recording.failed_args if (name := self.ids.get(_key(a))) is not None)
        return Failure(recording.failed_op, given, _message(recording.error), *recording.failed_at)

    # -- where the sweeps start ------------------------------------------------------------------------------------

    def _seeds(self, inputs: Sequence[str], seed: Any) -> dict[str, Array]:
        """The tangent of every input."""
        if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
            if inputs and not -len(inputs) <= seed < len(inputs):
                raise ConfigError(f"trace: seed={seed}, but there are {len(inputs)} inputs: 0 to {len(inputs) - 1}.")
            chosen = seed % max(len(inputs), 1)
            return {
                name: (np.ones_like if i == chosen else np.zeros_like)(self.primal[name])
                for i, name in enumerate(inputs)
            }
        given, _ = flatten(seed if isinstance(seed, tuple) else (seed,))
        if len(given) == len(self.recording.arguments):  # those of labels and the like are passed over
            given = [given[i] for i in self.recording.positions]
        if len(given) != len(inputs):
            raise ShapeError(f"trace: seed has {len(given)} tangents for {len(inputs)} inputs; give one for each.")
        return {name: self._like(name, x, "the tangent of an input") for name, x in zip(inputs, given, strict=True)}

    def _ends(self, outputs: Sequence[str], cotangent: Any) -> dict[str, Array]:
        """The adjoint that every output starts with."""
        if cotangent is None:
            given: list[Any] = [np.ones_like(self.primal[name]) for name in outputs]
        else:
            given, _ = flatten(cotangent)
            if len(given) != len(outputs):
                raise ShapeError(f"trace: {len(given)} cotangents for {len(outputs)} outputs; give one for each.")
        ends: dict[str, Array] = {}
        for name, x in zip(outputs, given, strict=True):
            if name in self.tracked:
                y_bar = self._like(name, x, "the cotangent of an output")
                ends[name] = ends[name] + y_bar if name in ends else y_bar
        return ends

    def _like(self, name: str, x: Any, what: str) -> Array:
        array = np.asarray(to_plain(x), self.primal[name].dtype)
        if array.shape != self.primal[name].shape:
            raise ShapeError(f"trace: {what} has shape {array.shape}, its value {self.primal[name].shape}.")
        return array


def _key(a: Any) -> Value | int:
    return a if isinstance(a, Value) else id(to_plain(a))


def _message(error: Exception | None) -> str:
    return "" if error is None else f"{type(error).__name__}: {error}"
