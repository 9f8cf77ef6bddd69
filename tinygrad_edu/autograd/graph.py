"""The recorded graph as PyTorch shows it: nodes and edges, and hooks on what the nodes keep.

Our nodes are described in `engine/graph.py`; each has `next_functions`, `metadata` and `name` (an attribute here, a
method in PyTorch), a leaf has `variable`. For whole graphs see `func.record` and `visualize`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tinygrad_edu.autograd._observer import LOCAL, Hooks, refresh
from tinygrad_edu.engine.graph import Node, Pick
from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import GraphError

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class saved_tensors_hooks:
    """Inside, every tensor that the graph keeps goes through `pack_hook`, and what that returns is kept instead.

    `unpack_hook` is called on it each time a sweep needs the tensor, and must return a Tensor of the same shape. The tensor that
    `pack_hook` gets is in no graph and must not be written to. Of nested pairs the innermost is used; a pair
    holds for the thread that entered it. What may be built with it: saving to disk, compression, recomputation (see
    `checkpoint`).
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self._hooks = Hooks(pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if LOCAL.hooks_refused is not None:
            raise GraphError(LOCAL.hooks_refused)
        LOCAL.hooks.append(self._hooks)
        refresh()

    def __exit__(self, *exc: object) -> None:
        LOCAL.hooks.pop()
        refresh()


class save_on_cpu(saved_tensors_hooks):
    """There for programs written for PyTorch: everything is on the CPU already, so the tensors are kept as they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda x: x, lambda x: x)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, entering `saved_tensors_hooks` raises GraphError with this message."""
    before, LOCAL.hooks_refused = LOCAL.hooks_refused, error_message
    try:
        yield
    finally:
        LOCAL.hooks_refused = before


class GradientEdge(NamedTuple):
    """A place in the graph that stands for a tensor in `grad` and `backward`: a node, and which of its outputs it is."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place of a tensor in the graph. It needn't keep the tensor's memory alive to be differentiated."""
    node = tensor.node
    if node is None:
        raise GraphError("get_gradient_edge: this tensor is in no graph; it must require a gradient.")
    return GradientEdge(node, node.index if isinstance(node, Pick) else 0)


def increment_version(tensor: Any) -> None:
    """Tell the engine that a tensor's memory (or that of several) was written to by other means."""
    for one in (tensor,) if isinstance(tensor, Tensor) else tensor:
        note_write(one.array)
