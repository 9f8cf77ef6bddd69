"""In which order to eliminate: forward, reverse, by Markowitz's rule, and the best there is, by exhaustive search."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tinygrad_edu.compare._elimination_graph import LinearGraph, Tableau, Vertex
from tinygrad_edu.errors import ConfigError

ORDERS = ("forward", "reverse", "markowitz", "optimal")
LIMIT = 20
"""The most intermediates, in one connected part, for which the best order is searched: up to 2²⁰ subsets of them."""


def order_of(graph: LinearGraph, order: str | Iterable[Vertex]) -> list[Vertex]:
    """The intermediates in the order that is asked for. Raises ConfigError for one that there isn't."""
    if isinstance(order, str):
        if order not in ORDERS:
            raise ConfigError(f"eliminate: order={order!r}; choose one of {', '.join(ORDERS)}, or list the vertices.")
        if order == "forward":
            return list(graph.intermediates)
        if order == "reverse":
            return list(reversed(graph.intermediates))
        return markowitz(graph) if order == "markowitz" else optimal(graph)
    given, wanted = list(order), set(graph.intermediates)
    if strange := [v for v in given if v not in wanted]:
        raise ConfigError(
            f"eliminate: order: {strange[0]!r} is no intermediate vertex of this graph; they are "
            f"{', '.join(map(repr, graph.intermediates[:20])) or 'none'}."
        )
    if len(given) != len(wanted) or set(given) != wanted:
        left = [v for v in graph.intermediates if v not in set(given)]
        what = f"{left[0]!r} is missing" if left else "a vertex occurs twice"
        raise ConfigError(f"eliminate: order: every intermediate vertex is named once; {what}.")
    return given


def markowitz(graph: LinearGraph) -> list[Vertex]:
    """Always the vertex that is cheapest at the time; of several, the one that was computed first.

    After Griewank and Reese, "On the calculation of Jacobian matrices by the Markowitz rule", in: Automatic Differentiation of
    Algorithms, SIAM 1991.
    """
    tableau = Tableau(graph)
    cost = {j: tableau.cost(j) for j in graph.intermediates}
    order = []
    while cost:
        j = min(cost, key=cost.__getitem__)  # the first of the least: the dict is in the order of computation
        del cost[j]
        step = tableau.eliminate(j)
        order.append(j)
        for v in (*step.predecessors, *step.successors):
            if v in cost:
                cost[v] = tableau.cost(v)
    return order


def optimal(graph: LinearGraph) -> list[Vertex]:
    """An order with the fewest multiplications of all. Raises ConfigError for more than `LIMIT` intermediates in one part.

    What eliminating a vertex costs depends on *which* vertices are gone, not on their order, so the best order is a shortest
    path through the subsets of the intermediates (dynamic programming). Only the subsets are visited that could still be on it:
    whatever the order, the predecessors that a vertex has when its turn comes lie across all ways from the inputs to it, and
    likewise its successors, so it costs at least the product of the two least such cuts. The time doubles with every vertex, as it
    must be expected to: Bentert, Crane, Drange, Mizutani and Sullivan, "Structural Optimal Jacobian Accumulation and Minimum Edge
    Count are NP-Complete Under Vertex Elimination", 2025; Naumann, "Optimal Jacobian accumulation is NP-complete", Mathematical
    Programming 112, 2008.
    """
    parts = _parts(graph)
    if (largest := max(map(len, parts), default=0)) > LIMIT:
        raise ConfigError(
            f"eliminate: order='optimal' tries subsets of the intermediate vertices, and here {largest:,} of "
            f"{len(graph.intermediates):,} hang together; the limit is {LIMIT}. Take order='markowitz', or a smaller function."
        )
    guesses = [list(graph.intermediates), list(reversed(graph.intermediates)), markowitz(graph)]
    search = _Search(graph)
    return [v for part in parts for v in search.best(part, [[v for v in guess if v in part] for guess in guesses])]


def _parts(graph: LinearGraph) -> list[list[Vertex]]:
    """The intermediates that hang together through each other: nothing in one part changes what another one costs."""
    inner = set(graph.intermediates)
    root = {v: v for v in inner}

    def find(v: Vertex) -> Vertex:
        while root[v] != v:
            root[v] = root[root[v]]
            v = root[v]
        return v

    for i, k in graph.partials:
        if i in inner and k in inner:
            root[find(i)] = find(k)
    parts: dict[Vertex, list[Vertex]] = {}
    for v in graph.intermediates:
        parts.setdefault(find(v), []).append(v)
    return list(parts.values())


class _Search:
    """A* over the subsets of a part; vertices are bits."""

    def __init__(self, graph: LinearGraph) -> None:
        self.bit = {v: at for at, v in enumerate(graph.vertices)}
        self.size = [graph.sizes[v] for v in graph.vertices]
        self.before: list[list[int]] = [[] for _ in graph.vertices]
        self.after: list[list[int]] = [[] for _ in graph.vertices]
        for i, k in graph.partials:
            self.before[self.bit[k]].append(self.bit[i])
            self.after[self.bit[i]].append(self.bit[k])
        self.inputs = {self.bit[v] for v in graph.inputs}
        self.outputs = {self.bit[v] for v in graph.outputs}
        self.vertices = graph.vertices
        if set(self.size) == {1}:
            self.weight = int.bit_count
        else:
            self.weight = cache(lambda mask: sum(s for at, s in enumerate(self.size) if mask >> at & 1))

    def best(self, part: Sequence[Vertex], guesses: Sequence[Sequence[Vertex]]) -> list[Vertex]:
        """The cheapest order of `part`; `guesses` are orders to beat."""
        js = [self.bit[v] for v in part]
        least = {
            j: self.size[j] * self._cut(j, self.before, self.inputs) * self._cut(j, self.after, self.outputs)
            for j in js
        }
        costs = [self._cost_of([self.bit[v] for v in guess], js) for guess in guesses]
        to_beat = min(costs)
        answer = list(guesses[costs.index(to_beat)])
        start, everything = sum(least.values()), sum(1 << j for j in js)
        if start == to_beat:
            return answer
        reached: dict[int, int] = {0: start}  # the multiplications, with the least of those to come
        came: dict[int, int] = {}
        waiting = [(start, 0, 0)]
        while waiting:
            total, _, gone = heapq.heappop(waiting)
            if gone == everything:
                return [self.vertices[j] for j in _walked_back(came, gone)]
            if total > reached[gone]:
                continue
            for j, cost in self._costs(gone, js).items():
                further, more = total + cost - least[j], gone | 1 << j
                if further < to_beat and further < reached.get(more, to_beat):
                    reached[more] = further
                    came[more] = j
                    heapq.heappush(waiting, (further, -more.bit_count(), more))
        return answer

    def _costs(self, gone: int, js: Sequence[int]) -> dict[int, int]:
        """What each vertex of a part that isn't gone would cost now."""
        sources: dict[int, int] = {}
        targets: dict[int, int] = {}
        for j in js:
            mask = 0
            for i in self.before[j]:
                mask |= sources[i] if gone >> i & 1 else 1 << i
            sources[j] = mask
        for j in reversed(js):
            mask = 0
            for k in self.after[j]:
                if not gone >> k & 1:
                    mask |= 1 << k
                else:
                    mask |= targets[k] | (1 << k if k in self.outputs else 0)
            targets[j] = mask
        return {j: self.size[j] * self.weight(sources[j]) * self.weight(targets[j]) for j in js if not gone >> j & 1}

    def _cost_of(self, order: Sequence[int], js: Sequence[int]) -> int:
        gone = total = 0
        for j in order:
            total += self._costs(gone, js)[j]
            gone |= 1 << j
        return total

    def _cut(self, j: int, near: Sequence[Sequence[int]], ends: set[int]) -> int:
        """The least total size of vertices across all ways from j along `near` to the ends: by Menger the largest flow.

        Each vertex v is a pipe from (v, 0) to (v, 1) as wide as its size; pipes are filled along shortest ways (Edmonds and Karp).
        """
        wide = sum(self.size) + 1
        room: dict[tuple[int, int], dict[tuple[int, int], int]] = {(j, 1): {}}
        stack, goal = [j], (-1, 0)
        while stack:
            v = stack.pop()
            if v in ends and v != j:
                room[v, 1][goal] = wide
            for w in near[v]:
                if (w, 0) not in room:
                    room[w, 0] = {(w, 1): self.size[w]}
                    room[w, 1] = {}
                    stack.append(w)
                room[v, 1][w, 0] = wide
        flow = 0
        while way := _shortest(room, (j, 1), goal):
            least = min(room[a][b] for a, b in way)
            for a, b in way:
                room[a][b] -= least
                back = room.setdefault(b, {})
                back[a] = back.get(a, 0) + least
            flow += least
        return flow


Place = tuple[int, int]


def _shortest(room: Mapping[Place, Mapping[Place, int]], start: Place, goal: Place) -> list[tuple[Place, Place]]:
    came: dict[Place, Place] = {start: start}
    ring = [start]
    while ring and goal not in came:
        following = []
        for a in ring:
            for b, width in room.get(a, {}).items():
                if width and b not in came:
                    came[b] = a
                    following.append(b)
        ring = following
    way = []
    while goal in came and goal != start:
        way.append((came[goal], goal))
        goal = came[goal]
    return way


def _walked_back(came: Mapping[int, int], gone: int) -> list[int]:
    order = []
    while gone:
        order.append(came[gone])
        gone ^= 1 << came[gone]
    return order[::-1]
