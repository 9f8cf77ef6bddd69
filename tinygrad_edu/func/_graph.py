"""The recorded graph as an object that you can hold: listed, swept either way any number of times, and evaluated anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, Spec
from tinygrad_edu.engine.levels import Wrapped, below, opened
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.source import caller
from tinygrad_edu.engine.tensor import FIRST, SECOND, THIRD, Array, Slot, Tensor
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.errors import GraphError, ShapeError
from tinygrad_edu.func._arguments import Function
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.func._reverse import Recorded
from tinygrad_edu.ops.create import as_tensor


@dataclass(frozen=True)
class Value:
    """A value of the graph, by its number: v0, v1, … in order of computation, the inputs first."""

    number: int

    def __repr__(self) -> str:
        return f"v{self.number}"


@dataclass(frozen=True)
class Equation:
    """One recorded operation: `outputs = op(*args, **params)`.

    `args` are Values of the graph or constants; `specs` are the outputs' shapes and dtypes; `cost` is in floating-point
    operations; `source` says where the operation was called, `file:line`, and `code` what stands there; `nodes` are the
    outputs' nodes, None where there is no derivative.
    """

    op: Op
    args: tuple[Any, ...]
    params: dict[str, Any]
    outputs: tuple[Value, ...]
    specs: tuple[Spec, ...]
    cost: int
    source: str
    code: str
    nodes: tuple[Node | None, ...]

    def __str__(self) -> str:
        given = [repr(a) if isinstance(a, Value | int | float) else _describe(a) for a in self.args]
        given += [f"{key}={value!r}" for key, value in self.params.items()]
        made = ", ".join(map(repr, self.outputs))
        results = ", ".join(f"{s.dtype}{list(s.shape)}" for s in self.specs)
        return f"{made} = {self.op.name}({', '.join(given)})  # {results}; {self.cost} flops; {self.source}"


@dataclass(frozen=True)
class Look:
    """A place where the function looked at a value's number (`if`, `item()`, `numpy()`): a replay must find the same there."""

    value: Value
    seen: Array
    source: str


def _describe(a: Any) -> str:
    return f"{a.dtype}{list(a.shape)}" if hasattr(a, "dtype") else repr(a)


@dataclass
class Trace:
    """What is being recorded: equations and looks, in order."""

    entries: list[Equation | Look] = field(default_factory=list)
    count: int = 0

    def new(self) -> Value:
        self.count += 1
        return Value(self.count - 1)


class Traced(Wrapped):
    """A value that writes down every operation it takes part in, those without a derivative too."""

    __slots__ = ()

    transform = "record"
    value: Slot[Tensor] = FIRST
    which: Slot[Value] = SECOND
    journal: Slot[Trace] = THIRD

    def __init__(self, value: Tensor, which: Value, trace: Trace, level: int, node: Node | None = None) -> None:
        self.value = value
        self.which = which
        self.journal = trace
        self.level = level
        self.node = node
        self.grad = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def parts(self) -> tuple[Tensor, ...]:
        return (self.value,)

    def with_node(self, node: Node | None) -> Traced:
        return Traced(self.value, self.which, self.journal, self.level, node)

    def detach(self) -> Tensor:
        return Traced(self.value.detach(), self.which, self.journal, self.level)

    def numpy(self) -> Array:
        if self.node is not None:
            Tensor.numpy(self)  # raises: an array would lose the derivative
        seen = self.value.numpy()
        self.journal.entries.append(Look(self.which, seen.copy(), caller()[0]))
        return seen

    def __bool__(self) -> bool:
        return bool(self.detach().numpy())

    def lift(self, op: Op, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        self.check_open(op)
        mine = [isinstance(a, Traced) and a.level == level for a in args]
        parts = [a.value if own else below(a, level) for a, own in zip(args, mine, strict=True)]
        y = op(*parts, **params)
        ys = y if type(y) is tuple else (y,)
        values = tuple(self.journal.new() for _ in ys)
        specs = tuple(Spec(v.shape, v.dtype) for v in ys)
        source, code = caller()
        self.journal.entries.append(
            Equation(
                op,
                tuple(a.which if own else a for a, own in zip(args, mine, strict=True)),
                params,
                values,
                specs,
                op.flops(specs[0] if len(specs) == 1 else specs, parts, params),
                source,
                code,
                tuple(v.node for v in ys),
            )
        )
        wrapped = tuple(Traced(v, which, self.journal, level) for v, which in zip(ys, values, strict=True))
        return wrapped if type(y) is tuple else wrapped[0]


class Graph:
    """A recorded call of a function: its operations in order, and both sweeps over them.

    `len(graph)` and iteration go over the equations. `value` is the function's result.
    """

    def __init__(self, recorded: Recorded, trace: Trace, inputs: Sequence[Value], outputs: Sequence[Any]) -> None:
        self._recorded = recorded
        self._trace = trace
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.value = recorded.value()

    @property
    def equations(self) -> list[Equation]:
        return [entry for entry in self._trace.entries if isinstance(entry, Equation)]

    @property
    def cost(self) -> int:
        """The floating-point operations of one evaluation, counted from the ops' declarations."""
        return sum(equation.cost for equation in self.equations)

    def __len__(self) -> int:
        return len(self.equations)

    def __iter__(self) -> Iterator[Equation]:
        return iter(self.equations)

    def __repr__(self) -> str:
        given = ", ".join(
            f"{v!r}: {x.dtype}{list(x.shape)}" for v, x in zip(self.inputs, self._recorded.inputs, strict=True)
        )
        lines = [f"Graph({given}):", *(f"  {equation}" for equation in self.equations)]
        return "\n".join([*lines, f"  return {', '.join(map(repr, self.outputs))}"])

    def push(self, *tangents: Any) -> Any:
        """The forward sweep: the tangents of the results from those of the arguments, of the same structures.

        A tangent has its argument's shape, or one axis more in front for a batch of directions at once (then all have
        it, and so do the results). The values aren't computed again. Cost: one sweep, with the batch.
        """
        return self._sweep(tangents, self._recorded.structure, self._recorded.inputs, self._recorded.push, "push")

    def pull(self, *cotangents: Any) -> Any:
        """The reverse sweep: the cotangents of the arguments, as a tuple, from those of the results.

        One per result, of its shape, or with one axis more in front for a batch of them. Cost: one sweep, with the
        batch.
        """
        given = cotangents[0] if len(cotangents) == 1 else tuple(cotangents)
        return self._sweep(given, self._recorded.out_structure, self._recorded.outputs, self._recorded.pull, "pull")

    def _sweep(self, given: Any, structure: Any, like: Sequence[Any], sweep: Callable[[Any], Any], name: str) -> Any:
        leaves, found = flatten(given)
        if found != structure:
            raise ShapeError(f"graph.{name}: the argument's structure differs from that of what it is for.")
        directions = [
            v if isinstance(v, Tensor) else as_tensor(np.asarray(v, None if hasattr(v, "dtype") else x.dtype))
            for v, x in zip(leaves, like, strict=True)
        ]
        if all(v.shape == x.shape for v, x in zip(directions, like, strict=True)):
            return sweep(directions)
        if all(v.shape[1:] == x.shape and v.ndim == x.ndim + 1 for v, x in zip(directions, like, strict=True)):
            return vmap(lambda *vs: sweep(vs))(*directions)
        met = ", ".join(f"{v.shape} for {x.shape}" for v, x in zip(directions, like, strict=True))
        raise ShapeError(f"graph.{name}: the shapes must be equal, or have one batch axis more in front; got {met}.")

    def replay(self, *inputs: Any) -> Any:
        """The function's result at other inputs of the same shapes, by going through the recorded operations.

        Raises GraphError where the function looked at a value's number while it was recorded (`if x > 0`) and the
        number is another one now, because the recorded operations may then be the wrong ones.
        """
        leaves, structure = flatten(tuple(inputs))
        if structure != self._recorded.structure:
            raise ShapeError("graph.replay: the inputs must have the structure of those that were recorded.")
        values: dict[Value, Any] = {}
        for which, x, node in zip(self.inputs, map(as_tensor, leaves), self._recorded.inputs, strict=True):
            if x.shape != node.shape:
                raise ShapeError(f"graph.replay: an input of shape {x.shape} where {node.shape} was recorded.")
            values[which] = x
        for entry in self._trace.entries:
            if isinstance(entry, Look):
                if not np.array_equal(np.asarray(values[entry.value].detach()), entry.seen, equal_nan=True):
                    raise GraphError(
                        f"graph.replay: the function looked at a value at {entry.source}, and that value is another one at these "
                        "inputs, so it might do something else there. Record it again."
                    )
                continue
            y = entry.op(*[values[a] if isinstance(a, Value) else a for a in entry.args], **entry.params)
            values.update(zip(entry.outputs, y if type(y) is tuple else (y,), strict=True))
        results = [values[v] if isinstance(v, Value) else v for v in self.outputs]
        return unflatten(self._recorded.out_structure, results)


def record(f: Function) -> Callable[..., Graph]:
    """A function that calls `f` and returns the `Graph` of that call instead of its result (which is `graph.value`).

    All positional arguments are inputs: tensors or containers of them. Cost: one pass, and a few microseconds per
    operation for its source line.
    """

    def recorder(*args: Any) -> Graph:
        trace = Trace()
        inputs: list[Value] = []
        outputs: list[Any] = []

        def traced(*xs: Any) -> Any:
            with opened() as level:

                def wrap(x: Tensor) -> Traced:
                    inputs.append(trace.new())
                    return Traced(x, inputs[-1], trace, level)

                def unwrap(y: Any) -> Any:
                    own = isinstance(y, Traced) and y.level == level
                    outputs.append(y.which if own else y)
                    return y.value if own else y

                return map_tree(unwrap, f(*map_tree(wrap, xs)))

        return Graph(Recorded(traced, args, "record", False), trace, inputs, outputs)

    return recorder
