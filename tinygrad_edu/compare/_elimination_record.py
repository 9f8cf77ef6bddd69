"""From a function to its `LinearGraph`: one vertex per array element, or one per array, as the recorded graph has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.compare._elimination_graph import Edge, LinearGraph, Vertex
from tinygrad_edu.compare._problem import Problem, undisturbed
from tinygrad_edu.engine.families import View, to_plain
from tinygrad_edu.engine.graph import Pick
from tinygrad_edu.engine.tree import map_tree
from tinygrad_edu.errors import ConfigError, TinygradEduError, UnsupportedError
from tinygrad_edu.func import record
from tinygrad_edu.func._graph import Equation, Graph, Value
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.visualize._sweeps import Call

Array = np.ndarray[Any, Any]

ELEMENTS = 2_000
ARRAYS = 2_000
_NONE = -1  # the vertex of an element that no input reaches


def graph_of(f: Callable[..., Any], *inputs: Any, by: str = "element") -> LinearGraph:
    """The linearized graph of `f` at `inputs`, recorded from one call.

    By element, each element of an array is a vertex, and the local partials come from the ops' own rules. An edge is there where a
    partial can be other than zero: of a matrix product between a factor's row and what is computed of it, of an elementwise op
    between equal places, whatever the value there. Where an op isn't linear in any argument and not elementwise (`max`, `sort`, a
    decomposition), its edges are those that it has at this point and near by. What only moves elements (`reshape`, an index,
    a transpose) makes no vertices.

    By array, each array is a vertex and its edges are dense blocks, for the cost model: there are sizes and no partials.

    Args:
        f: the function; what isn't floating among its inputs is held constant.
        inputs: numbers (float64 here), tensors, or containers of them.
        by: "element" or "array".

    Raises:
        ConfigError: the graph is too large (more than 2,000 elements, or arrays), or `by` is neither.
        UnsupportedError: complex numbers are computed.
    """
    if by not in ("element", "array"):
        raise ConfigError(f"graph_of: by={by!r}; choose element, for one vertex per number, or array.")
    given = map_tree(
        lambda x: as_tensor(np.float64(x)) if isinstance(x, int | float) and not isinstance(x, bool) else x, inputs
    )
    with undisturbed():
        problem = Problem(f, given, name="eliminate")
        graph = record(problem)(*problem.inputs)
        for equation in graph:
            if any(spec.dtype.kind == "c" for spec in equation.specs):
                raise UnsupportedError(
                    f"eliminate: {equation.op.name} ({equation.source}) computes complex numbers, and the graph is one of real "
                    "ones. Compute with real and imaginary parts."
                )
        xs = [x.numpy() for x in problem.inputs]
        return _by_element(graph, xs) if by == "element" else _by_array(graph)


# -- one vertex per array ------------------------------------------------------------------------------------------


def _by_array(graph: Graph) -> LinearGraph:
    if len(graph) > ARRAYS:
        raise ConfigError(f"eliminate: the function makes {len(graph):,} arrays; the limit is {ARRAYS:,}.")
    builder = _Builder()
    vertex: dict[Value, int] = {
        v: builder.new("", spec.size) for v, spec in zip(graph.inputs, graph._recorded.inputs, strict=True)
    }
    shapes = {v: node.shape for v, node in zip(graph.inputs, graph._recorded.inputs, strict=True)}
    for equation in graph:
        moving = _moving(equation)
        shapes.update((v, spec.shape) for v, spec in zip(equation.outputs, equation.specs, strict=True))
        sources = {vertex[a]: None for a, moves in zip(equation.args, moving, strict=True) if moves and a in vertex}
        for made, spec in zip(equation.outputs, equation.specs, strict=True):
            if not sources or spec.dtype.kind != "f":
                continue
            (first, *others) = sources
            if not others and _only_moves(equation, shapes):
                vertex[made] = first
                continue
            vertex[made] = builder.new(equation.op.name, spec.size)
            builder.edges.update({(i, vertex[made]): None for i in sources})
    outputs = [vertex.get(y, _NONE) if isinstance(y, Value) else _NONE for y in graph.outputs]
    sizes = [np.size(to_plain(y)) for y in graph._recorded.outputs]
    return builder.finished(list(vertex.values())[: len(graph.inputs)], outputs, sizes)


def _only_moves(equation: Equation, shapes: dict[Value, tuple[int, ...]]) -> bool:
    """Whether a view shows each of its argument's elements once: a transpose does, a slice or a broadcast doesn't."""
    first, *rest = equation.args
    if not isinstance(equation.op, View) or first not in shapes or any(isinstance(a, Value) for a in rest):
        return False
    shape = shapes[first]
    order = np.arange(math.prod(shape)).reshape(shape)
    seen = equation.op(order, *map(to_plain, rest), **equation.params)
    return np.array_equal(np.sort(seen, axis=None), order.ravel())


# -- one vertex per element ----------------------------------------------------------------------------------------


class _Builder:
    """Vertices, numbered as they are made, until it is known which of them matter."""

    def __init__(self) -> None:
        self.edges: dict[Edge, float | None] = {}
        self.size: list[int] = []
        self.names: list[str] = []

    def new(self, name: str, size: int = 1) -> int:
        self.size.append(size)
        self.names.append(name)
        return len(self.size) - 1

    def add(self, source: int, target: int, partial: float) -> None:
        old = self.edges.get((source, target), 0.0)
        assert old is not None
        self.edges[source, target] = old + partial

    def finished(self, inputs: Sequence[int], outputs: Sequence[int], sizes: Sequence[int]) -> LinearGraph:
        """The graph, numbered as in the literature: the inputs up to 0, then 1, 2, … in order of computation."""
        ends = [self.new("constant", size) if y == _NONE else y for y, size in zip(outputs, sizes, strict=True)]
        rough = LinearGraph(self.edges, inputs, ends, sizes=dict(enumerate(self.size)))
        number: dict[Vertex, int] = {v: at + 1 - len(inputs) for at, v in enumerate(inputs)}
        for v in rough.vertices:
            number.setdefault(v, len(number) + 1 - len(inputs))
        found = LinearGraph(
            {(number[i], number[k]): partial for (i, k), partial in rough.partials.items()},
            [number[v] for v in inputs],
            [number[v] for v in ends],
            sizes={number[v]: self.size[v] for v in number if isinstance(v, int)},
            names={number[v]: self.names[v] for v in number if isinstance(v, int)},
        )
        found.dropped = len(self.size) - len(found.vertices)
        return found


def _by_element(graph: Graph, xs: Sequence[Array]) -> LinearGraph:
    count = sum(x.size for x in xs) + sum(
        spec.size for equation in graph for spec in equation.specs if any(_moving(equation))
    )
    if count > ELEMENTS:
        raise ConfigError(
            f"eliminate: the function has {count:,} numbers to differentiate, and each is a vertex; the limit is {ELEMENTS:,}. "
            "Take by='array', which has one vertex per array, or a smaller input."
        )
    builder = _Builder()
    primal: dict[Value, Array] = dict(zip(graph.inputs, xs, strict=True))
    vertex = {v: np.array([builder.new("") for _ in range(x.size)], int).reshape(x.shape) for v, x in primal.items()}
    starts = [int(i) for v in graph.inputs for i in vertex[v].ravel()]
    with np.errstate(all="ignore"):
        for equation in graph:
            args = [primal[a] if isinstance(a, Value) else to_plain(a) for a in equation.args]
            result = equation.op(*args, **equation.params)
            ys = [np.asarray(y) for y in (result if type(result) is tuple else (result,))]
            primal.update(zip(equation.outputs, ys, strict=True))
            ids = [
                vertex.get(a) if moves and isinstance(a, Value) else None
                for a, moves in zip(equation.args, _moving(equation), strict=True)
            ]
            if all(each is None or (each == _NONE).all() for each in ids):
                continue
            names = [None if each is None else "v" for each in ids]
            call = Call(
                equation.op, equation.params, args, tuple(ys) if type(result) is tuple else ys[0], names, [], []
            )
            for at, (made, y) in enumerate(zip(equation.outputs, ys, strict=True)):
                if y.dtype.kind == "f":
                    vertex[made] = _Rows(builder, call, ids, at).made()
    ends = [
        int(i)
        for value, y in zip(graph.outputs, graph._recorded.outputs, strict=True)
        for i in (vertex[value] if value in vertex else np.full(y.shape, _NONE)).ravel()
    ]
    return builder.finished(starts, ends, [1] * len(ends))


def _moving(equation: Equation) -> list[bool]:
    """Which arguments the derivative goes through: those with an edge in the recorded graph, so not what was detached."""
    node = next((node for node in equation.nodes if node is not None), None)
    if node is None:
        return [False] * len(equation.args)
    main: Any = node.edges[0] if isinstance(node, Pick) else node
    return [
        isinstance(a, Value) and edge is not None and equation.op.rule(at) is not None
        for at, (a, edge) in enumerate(zip(equation.args, main.edges, strict=True))
    ]


class _Rows:
    """The vertices and edges of one output of one call; `ids` are the vertices of its arguments, None for constants."""

    def __init__(self, builder: _Builder, call: Call, ids: Sequence[Array | None], output: int) -> None:
        self.builder, self.call, self.ids, self.output = builder, call, ids, output
        self.y = call.ys[output]
        self.family = call.op.family

    def made(self) -> Array:
        """The vertices of the output's elements."""
        rows: list[dict[int, float]] = [{} for _ in range(self.y.size)]
        for position, ids in enumerate(self.ids):
            if ids is not None:
                for row, source, partial in self._entries(position, ids):
                    if source != _NONE:
                        rows[row][source] = rows[row].get(source, 0.0) + partial
        return np.array([self._vertex(row) for row in rows], int).reshape(self.y.shape)

    def _vertex(self, row: dict[int, float]) -> int:
        if not row:
            return _NONE
        if self.family == "linear" and len(row) == 1 and set(row.values()) == {1.0}:
            return next(iter(row))  # moved, not computed
        v = self.builder.new(self.call.op.name)
        for source, partial in row.items():
            self.builder.add(source, v, partial)
        return v

    def _entries(self, position: int, ids: Array) -> Iterator[tuple[int, int, float]]:
        """The row, the vertex and the partial of what can be other than zero."""
        if self.family == "elementwise":
            rule = self.call.op.rule(position)
            assert rule is not None
            if rule.local.function is None and rule.local.number == 0:
                return
            local = self.call.local(position)
            sources = np.broadcast_to(ids, self.y.shape).ravel()
            yield from zip(range(self.y.size), sources.tolist(), np.asarray(local, float).ravel().tolist(), strict=True)
            return
        block = _block(self.call, position, self.output)
        pattern = block != 0
        for other in self._elsewhere():
            pattern |= _block(other, position, self.output) != 0
        for row, column in np.argwhere(pattern).tolist():
            yield row, int(ids.flat[column]), float(block[row, column])

    def _elsewhere(self) -> Iterator[Call]:
        """The same call where a partial that is zero by chance isn't: with any other factors, or at a point near by."""
        call, draw = self.call, np.random.default_rng(0)
        moves = [ids is not None for ids in self.ids]
        others: list[Any]
        if self.family == "bilinear":
            others = [
                draw.standard_normal(x.shape).astype(x.dtype) if m else x for m, x in zip(moves, call.xs, strict=True)
            ]
        elif self.family == "linear":
            return
        else:
            others = [
                (x + 1e-4 * (1 + np.abs(x)) * draw.standard_normal(x.shape)).astype(x.dtype) if m else x
                for m, x in zip(moves, call.xs, strict=True)
            ]
        try:
            y = call.op(*others, **call.params)
        except (TinygradEduError, np.linalg.LinAlgError):  # near by, the op isn't defined
            return
        yield replace(call, xs=others, y=tuple(map(np.asarray, y)) if type(y) is tuple else np.asarray(y))


def _block(call: Call, position: int, output: int) -> Array:
    """The Jacobian of one output in one argument, (its size, the argument's), by the op's own rule in the cheaper mode."""
    x, y = call.xs[position], call.ys[output]
    found = np.zeros((y.size, x.size))

    def forward() -> None:
        for column in range(x.size):
            x_dot = _unit(x, column)
            y_dot = call.push([x_dot if at == position else None for at in range(len(call.xs))])[output]
            found[:, column] = 0.0 if y_dot is None else np.ravel(y_dot)

    def reverse() -> None:
        one = replace(call, moving=[name if at == position else None for at, name in enumerate(call.moving)])
        for row in range(y.size):
            x_bar = one.pull([_unit(y, row) if at == output else None for at in range(len(call.ys))])[position]
            found[row] = 0.0 if x_bar is None else np.ravel(x_bar)

    first, second = (reverse, forward) if y.size < x.size else (forward, reverse)
    try:
        first()
    except UnsupportedError:  # a custom rule for the other mode only
        second()
    return found


def _unit(like: Array, at: int) -> Array:
    made = np.zeros(like.size, like.dtype)
    made[at] = 1
    return made.reshape(like.shape)
