"""`LinearGraph`: a function at a point as vertices and edges with local partials, and what eliminating a vertex does to it."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, GraphError

Vertex = Hashable
Edge = tuple[Vertex, Vertex]


class LinearGraph:
    """A linearized computational graph: the edge (i, k) carries the local partial ∂v_k/∂v_i.

    After Griewank and Walther, "Evaluating Derivatives", 2nd ed., 2008, chapter 9. Made by `from_edges` or, from a function, by
    `graph_of`. What isn't on a path from an input to an output has been dropped.

    Attributes:
        inputs: the n independent vertices, in the order of the Jacobian's columns.
        outputs: the m dependent vertices, in the order of its rows; an output may be an input, occur twice, or be used further.
        intermediates: what has to be eliminated, in an order of computation: neither an input nor a mere output.
        partials: the local partial of each edge; None on the edges of a graph without numbers.
        sizes: how many numbers a vertex stands for: 1 in a graph of scalars.
        names: what a vertex is, for pictures: "x₁", "sin"; empty where nothing is known.
        dropped: how many vertices were dropped.
    """

    def __init__(
        self,
        edges: Mapping[Edge, float | None],
        inputs: Sequence[Vertex],
        outputs: Sequence[Vertex],
        *,
        sizes: Mapping[Vertex, int] | None = None,
        names: Mapping[Vertex, str] | None = None,
    ) -> None:
        order = _topological(edges, [*inputs, *outputs])
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        useful = _reached(self.inputs, edges) & _reached(self.outputs, [(k, i) for i, k in edges])
        self.partials = {edge: partial for edge, partial in edges.items() if useful.issuperset(edge)}
        self.dropped = len(order) - len(useful.union(inputs, outputs))
        self.vertices = tuple(v for v in order if v in useful or v in {*inputs, *outputs})
        self.sizes = {v: 1 if sizes is None else sizes[v] for v in self.vertices}
        self.names = {v: "" if names is None else names.get(v, "") for v in self.vertices}
        going = {i for i, _ in self.partials}
        self.intermediates = tuple(v for v in self.vertices if v in going and v not in set(inputs))

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[Edge | tuple[Vertex, Vertex, float]],
        *,
        inputs: Sequence[Vertex] | None = None,
        outputs: Sequence[Vertex] | None = None,
        sizes: Mapping[Vertex, int] | None = None,
    ) -> LinearGraph:
        """A graph as a textbook prints it: pairs (i, k), or triples (i, k, partial) for one with numbers.

        Args:
            edges: from a vertex to one that is computed from it; the vertices are numbers or strings.
            inputs: by default what nothing leads to, in order.
            outputs: by default what leads nowhere, in order.
            sizes: for vertices that stand for arrays, how many numbers each holds; 1 by default.

        Raises:
            ConfigError: no edges, an edge that is given twice, partials on some edges only, something leading to an input, a size
                below 1.
            GraphError: the edges go round in a circle.
        """
        given: dict[Edge, float | None] = {}
        for source, target, *partial in edges:
            if (source, target) in given:
                raise ConfigError(f"LinearGraph: the edge {(source, target)} is given twice; add up its partials.")
            given[source, target] = float(partial[0]) if partial else None
        if not given:
            raise ConfigError("LinearGraph: there are no edges; give pairs (i, k) or triples (i, k, partial).")
        if len({partial is None for partial in given.values()}) > 1:
            bare = next(edge for edge, partial in given.items() if partial is None)
            raise ConfigError(
                f"LinearGraph: the edge {bare} has no partial, others have one; give all of them or none."
            )
        order = _topological(given)
        targets, sources = {k for _, k in given}, {i for i, _ in given}
        inputs = [v for v in order if v not in targets] if inputs is None else list(inputs)
        outputs = [v for v in order if v not in sources] if outputs is None else list(outputs)
        if wrong := [v for v in inputs if v in targets]:
            raise ConfigError(f"LinearGraph: {wrong[0]!r} is an input, but an edge leads to it.")
        if missing := [v for v in [*inputs, *outputs] if v not in targets | sources]:
            raise ConfigError(f"LinearGraph: no edge has the vertex {missing[0]!r}, which is named as input or output.")
        found = dict.fromkeys(order, 1) | dict(sizes or {})
        if wrong := [v for v, size in found.items() if size < 1]:
            raise ConfigError(f"LinearGraph: the vertex {wrong[0]!r} has size {found[wrong[0]]}; sizes are at least 1.")
        return cls(given, inputs, outputs, sizes=found)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges, in the order in which they were given."""
        return tuple(self.partials)

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n), the shape of the Jacobian."""
        return sum(self.sizes[v] for v in self.outputs), sum(self.sizes[v] for v in self.inputs)

    @property
    def has_numbers(self) -> bool:
        """Whether the edges carry partials, so that there is a Jacobian to compute."""
        return all(partial is not None for partial in self.partials.values())

    def __repr__(self) -> str:
        n, k, m = len(self.inputs), len(self.intermediates), len(self.outputs)
        return f"<LinearGraph: {n} inputs, {k} intermediates, {m} outputs, {len(self.partials)} edges>"


@dataclass(frozen=True, slots=True)
class Step:
    """The elimination of one vertex j: each predecessor i is joined to each successor k by c_ki += c_kj · c_ji.

    Attributes:
        vertex: j.
        predecessors, successors: its neighbours at that time.
        made: the edges (i, k) that are new: fill-in.
        changed: those that were there and grew by the product.
        multiplications, additions: of this step.
        total: the multiplications so far.
        partials: the values of the made and the changed edges after the step; None in a graph without numbers.
    """

    vertex: Vertex
    predecessors: tuple[Vertex, ...]
    successors: tuple[Vertex, ...]
    made: tuple[Edge, ...]
    changed: tuple[Edge, ...]
    multiplications: int
    additions: int
    total: int
    partials: dict[Edge, float | None] = field(repr=False)


class Tableau:
    """A graph while vertices are taken out of it."""

    def __init__(self, graph: LinearGraph) -> None:
        self.graph = graph
        self.total = 0
        self.before: dict[Vertex, dict[Vertex, float | None]] = {v: {} for v in graph.vertices}
        self.after: dict[Vertex, dict[Vertex, None]] = {v: {} for v in graph.vertices}
        self._outputs = set(graph.outputs)
        for (i, k), partial in graph.partials.items():
            self.before[k][i] = partial
            self.after[i][k] = None

    def cost(self, j: Vertex) -> int:
        """The multiplications of eliminating j now: |predecessors| · |successors|, in a graph of scalars.

        Of dense blocks, a (c × b) by a (b × a) one takes a · b · c.
        """
        size = self.graph.sizes
        return size[j] * sum(size[i] for i in self.before[j]) * sum(size[k] for k in self.after[j])

    def eliminate(self, j: Vertex) -> Step:
        """Take j out. An output that others are computed from stays as the output that it is."""
        size = self.graph.sizes
        sources, targets = self.before[j], tuple(self.after[j])
        multiplications = self.cost(j)
        self.total += multiplications
        additions = 0
        made: list[Edge] = []
        changed: list[Edge] = []
        for k in targets:
            row = self.before[k]
            c_kj = row.pop(j)
            for i, c_ji in sources.items():
                product = None if c_kj is None or c_ji is None else c_kj * c_ji
                additions += size[i] * size[k] * (size[j] - 1)
                if i in row:
                    old = row[i]
                    row[i] = None if old is None or product is None else old + product
                    additions += size[i] * size[k]
                    changed.append((i, k))
                else:
                    row[i] = product
                    self.after[i][k] = None
                    made.append((i, k))
        self.after[j] = {}
        if j not in self._outputs:
            for i in sources:
                del self.after[i][j]
            self.before[j] = {}
        partials = {(i, k): self.before[k][i] for i, k in [*made, *changed]}
        return Step(
            j,
            tuple(sources),
            targets,
            tuple(made),
            tuple(changed),
            multiplications,
            additions,
            self.total,
            partials,
        )

    def edges(self) -> dict[Edge, float | None]:
        """The edges that are there now."""
        return {(i, k): partial for k, row in self.before.items() for i, partial in row.items()}

    def jacobian(self) -> np.ndarray[Any, Any]:
        """The (m, n) Jacobian, when every intermediate is gone."""
        graph = self.graph
        columns = {v: at for at, v in enumerate(graph.inputs)}
        found = np.zeros((len(graph.outputs), len(graph.inputs)))
        for at, v in enumerate(graph.outputs):
            if v in columns:
                found[at, columns[v]] = 1.0
            for i, partial in self.before[v].items():
                found[at, columns[i]] = partial
        return found


def _reached(start: Iterable[Vertex], edges: Iterable[Edge]) -> set[Vertex]:
    after: dict[Vertex, list[Vertex]] = {}
    for i, k in edges:
        after.setdefault(i, []).append(k)
    found, stack = set(start), list(start)
    while stack:
        for k in after.get(stack.pop(), ()):
            if k not in found:
                found.add(k)
                stack.append(k)
    return found


def _topological(edges: Iterable[Edge], more: Iterable[Vertex] = ()) -> list[Vertex]:
    """All vertices, each behind those that lead to it; otherwise by number, or as they are met. Raises GraphError for a circle."""
    edges = list(edges)
    met = list(dict.fromkeys([v for edge in edges for v in edge] + list(more)))
    numbers = [v for v in met if isinstance(v, int)]
    rank = {v: place for place, v in enumerate(sorted(numbers) if len(numbers) == len(met) else met)}
    waiting = dict.fromkeys(met, 0)
    after: dict[Vertex, list[Vertex]] = {v: [] for v in met}
    for i, k in edges:
        waiting[k] += 1
        after[i].append(k)
    by_rank = sorted(met, key=rank.__getitem__)
    ready = [rank[v] for v in by_rank if not waiting[v]]
    order: list[Vertex] = []
    while ready:
        order.append(by_rank[heapq.heappop(ready)])
        for k in after[order[-1]]:
            waiting[k] -= 1
            if not waiting[k]:
                heapq.heappush(ready, rank[k])
    if len(order) < len(met):
        left = next(v for v in by_rank if waiting[v])
        raise GraphError(f"LinearGraph: the edges go round in a circle, through {left!r}; a computation never does.")
    return order
