"""The recorded graph: nodes, the values they keep, and the order in which a sweep visits them.

The sweeps themselves are in `sweeps.py`.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine.memory import Array, last_write, tick
from tinygrad_edu.errors import GraphError, InPlaceError

if TYPE_CHECKING:
    from tinygrad_edu.engine.op import Op
    from tinygrad_edu.engine.tensor import Tensor


class Handle:
    """What registering a hook returns: `remove()` takes the hook away again, as does the end of a `with` block."""

    __slots__ = ("_hook", "_hooks")

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    __call__ = remove

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Spec:
    """Stands in for a value that a node did not keep: its shape and dtype, nothing to compute with."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Node(Spec):
    """One recorded operation.

    `edges` holds, for each argument, the node that made it, or None where nothing is to be differentiated. A node
    stands in for its own output wherever a rule needs only a shape and a dtype, so nodes never keep a Tensor alive,
    only the arrays in `xs` and `y` that the op's rules read. `title`, an empty slot in most nodes, is the name that a
    composed function gave to the node it ended with.
    """

    __slots__ = ("__weakref__", "_metadata", "edges", "hooks", "op", "order", "params", "roots", "title", "xs", "y")
    title: str

    def __init__(
        self,
        op: Op | None,
        edges: list[Node | None],
        xs: list[Any] | None,
        y: Any,
        params: dict[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self.op = op
        self.edges = edges
        self.xs = xs
        self.y = y
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.order = tick()
        self.hooks: list[Callable[[Any], Any]] | None = None
        self.roots: tuple[int, int] | None = None  # see `root_levels`

    @property
    def name(self) -> str:
        return "leaf" if self.op is None else self.op.name

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """What it made. A node of several outputs has a tuple of their shapes for `shape`, and nothing stands for it."""
        shapes: Any = self.shape
        return tuple(Spec(s, self.dtype) for s in shapes) if shapes and isinstance(shapes[0], tuple) else (self,)

    @property
    def metadata(self) -> dict[str, Any]:
        """Whatever anyone wants to remember of this node, by name. Anomaly mode puts the caller's line under `"source"`."""
        try:
            return self._metadata
        except AttributeError:  # an empty slot, which costs recording nothing
            self._metadata: dict[str, Any] = {}
            return self._metadata

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """For each argument, the node that made it and which of that node's outputs it is, as PyTorch lists them."""
        return tuple(
            (None, 0) if edge is None else (edge.shown(), edge.index if isinstance(edge, Pick) else 0)
            for edge in self.edges
        )

    def shown(self) -> Node:
        """What a graph's walker gets for this node: itself, or for one of several outputs the node that made them all.

        `ops.node_names` puts PyTorch's names on it.
        """
        return self

    def release(self) -> None:
        """Let go of the kept values: this node can't be swept again."""
        if self.xs is not None or self.y is not None:
            self.xs, self.y = FREED, None

    def kept(self) -> tuple[list[Any] | None, Any]:
        """The kept values, `(xs, y)`. Raises where they are gone, or one was overwritten since it was kept."""
        if self.xs is FREED:
            raise GraphError(
                f"{self.name}: this graph was freed by an earlier backward(), so its saved values are gone. Call "
                "backward(retain_graph=True) the first time to sweep twice, or compute the output again."
            )
        for what, value in [*((f"argument {i}", x) for i, x in enumerate(self.xs or ())), ("output", self.y)]:
            for array in _arrays_in(value):
                if last_write(array) > self.order:
                    raise InPlaceError(
                        f"{self.name}: a value kept for its derivative was overwritten in place: {what}, shape {array.shape}, "
                        f"dtype {array.dtype}. Give {self.name} a copy (x.clone()) of what is written to later, or write to a copy."
                    )
        return self.xs, self.y

    def __repr__(self) -> str:
        return f"<{self.name} node {self.order}: shape {self.shape}, {self.dtype}>"


class Leaf(Node):
    """The node of a tensor that the user made and asked a gradient for. It doesn't keep that tensor alive."""

    __slots__ = ("owner",)

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(None, [], None, None, {}, tensor.shape, tensor.dtype)
        self.owner = weakref.ref(tensor)
        self.roots = (0, 0)

    @property
    def variable(self) -> Tensor | None:
        """The tensor that this leaf stands for, None once it is gone."""
        return self.owner()


class Input(Node):
    """The node of a transform's input, at which its sweep stops."""

    __slots__ = ()


class Pick(Node):
    """Output number `index` of a node with several outputs."""

    __slots__ = ("index",)

    def __init__(self, node: Node, index: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        super().__init__(node.op, [node], None, None, node.params, shape, dtype)
        self.index = index


def _arrays_in(value: Any) -> Iterator[Array]:
    """The arrays that a kept value is made of: its own, or those of a transform's value."""
    if isinstance(value, np.ndarray):
        yield value
    elif type(value) is tuple:
        for output in value:
            yield from _arrays_in(output)
    elif hasattr(value, "parts"):
        for part in value.parts() or (value.array,):
            yield from _arrays_in(part)


FREED: list[Any] = []
"""What `xs` of a released node is, compared by identity."""

BY_ORDER = attrgetter("order")


def ancestors(roots: Iterable[Node], stop: Collection[Node] = ()) -> list[Node]:
    """Every node that the roots were computed from, latest first, without recursion. Nothing beyond a `stop` node is visited."""
    seen = set(roots)
    stack = list(seen)
    pop, push, add = stack.pop, stack.append, seen.add
    while stack:
        node = pop()
        if node in stop:
            continue
        for edge in node.edges:
            if edge is not None and edge not in seen:
                add(edge)
                push(edge)
    return sorted(seen, key=BY_ORDER, reverse=True)


def leading_to(targets: Collection[Node], nodes: list[Node]) -> set[Node]:
    """Of `nodes` (latest first), those from which a target can be reached, the targets among them."""
    needed = set(targets)
    for node in reversed(nodes):
        if not needed.isdisjoint(node.edges):
            needed.add(node)
    return needed


def root_levels(node: Node) -> tuple[int, int]:
    """The levels of the oldest and of the newest root that `node` was computed from: that of the transform whose input
    it is, 0 for a leaf.

    Worked out when first asked and remembered, so that recording pays nothing for it.
    """
    if node.roots is None:
        stack = [node]
        while stack:
            edges = [edge for edge in stack[-1].edges if edge is not None]
            unknown = [edge for edge in edges if edge.roots is None]
            if unknown:
                stack += unknown
            else:
                levels = [edge.roots or (0, 0) for edge in edges]
                stack.pop().roots = min(oldest for oldest, _ in levels), max(newest for _, newest in levels)
    return node.roots or (0, 0)
