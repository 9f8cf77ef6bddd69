"""What looks on while this thread records and sweeps: anomaly mode, and the hooks on saved tensors.

The engine tells an Observer of each recorded node (`engine/modes.py`); where neither is on, there is none, and it costs
nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.graph import FREED, Node
from tinygrad_edu.engine.memory import version
from tinygrad_edu.engine.modes import Observer, no_grad, observe
from tinygrad_edu.engine.source import caller
from tinygrad_edu.engine.tensor import Tensor, as_value, payload, rebuild
from tinygrad_edu.errors import GraphError, InPlaceError, ShapeError, UnsupportedError

SOURCE = "source"
_PACKED = "packed"


class _Local(threading.local):
    """What is switched on in this thread."""

    def __init__(self) -> None:
        self.anomaly = False
        self.check_nan = True
        self.hooks: list[Hooks] = []
        self.hooks_refused: str | None = None


LOCAL = _Local()


def refresh() -> None:
    """Tell the engine, after a change of `LOCAL`, whether there is anything to tell of."""
    observe(_WATCH if LOCAL.anomaly or LOCAL.hooks else None)


class _Watch(Observer):
    @property
    def checks(self) -> bool:  # type: ignore[override]  # read-only here
        return LOCAL.anomaly and LOCAL.check_nan

    def recorded(self, node: Node) -> None:
        if LOCAL.anomaly:
            node.metadata[SOURCE] = ": ".join(filter(None, caller()))
        if LOCAL.hooks:
            LOCAL.hooks[-1].pack_node(node)

    def check(self, node: Node, bars: Any, seed: bool = False) -> None:
        """Raise GraphError for a cotangent with a NaN. As each is looked at when it is made, this is the first one."""
        for position, bar in enumerate(bars):
            if bar is None or not has_nan(bar):
                continue
            if seed:
                raise GraphError(
                    f"detect_anomaly: the gradient that was given to start from, at {node.name} (shape {node.shape}), has a "
                    "NaN in it."
                )
            source = node.metadata.get(SOURCE)
            where = (
                f"It was called at {source}"
                if source
                else "Where it was called isn't known: compute the forward pass inside detect_anomaly too"
            )
            raise GraphError(
                f"detect_anomaly: the derivative of {node.name} made the first NaN, in the gradient of its argument {position} "
                f"(shape {np.shape(bar)}); the gradient that came in had none. {where}"
            )


_WATCH = _Watch()


def has_nan(value: Any) -> bool:
    """Whether there is a NaN in an array, or in any part of a transform's value."""
    if isinstance(value, Tensor):
        return any(map(has_nan, value.parts())) if value.level else has_nan(value.array)
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc" and bool(np.isnan(value).any())


class Hooks(NamedTuple):
    """A pair of functions: `pack` is called on each tensor that a node keeps, `unpack` on what it returned when the
    tensor is needed.
    """

    pack: Callable[[Tensor], Any]
    unpack: Callable[[Any], Tensor]

    def pack_node(self, node: Node) -> None:
        """Replace what a node keeps by what `pack` makes of it."""
        xs, y = node.xs, node.y
        ys = y if type(y) is tuple else (y,)
        if not any(isinstance(v, np.ndarray | Tensor) for v in (*(xs or ()), *ys)):
            return
        with no_grad():
            packed_xs = None if xs is None else [self._pack(x, node) for x in xs]
            packed_ys = tuple(self._pack(v, node) for v in ys)
        node.metadata[_PACKED] = packed_xs, packed_ys, type(y) is tuple, self.unpack
        node.xs, node.y = FREED, None
        node.__class__ = PackedNode

    def pack_tensor(self, x: Tensor) -> Callable[[], Tensor]:
        """Pack one tensor; returns what unpacks it, in its place in the graph."""
        node = x.node
        with no_grad():
            packed = self.pack(as_value(payload(x)))

        def unpack() -> Tensor:
            value = payload(self.unpack(packed))
            return as_value(value) if node is None else rebuild(value, node)

        return unpack

    def _pack(self, value: Any, node: Node) -> Any:
        if not isinstance(value, np.ndarray | Tensor):
            return value
        writes = version(value) if isinstance(value, np.ndarray) else 0
        packed = self.pack(as_value(value))
        if isinstance(value, np.ndarray) and version(value) != writes:
            raise InPlaceError(
                f"saved_tensors_hooks: the pack hook wrote into a tensor that {node.name} keeps; return a new one."
            )
        return Packed(packed, value.shape)


class Packed(NamedTuple):
    """What `pack` returned, and the shape of what it was given."""

    value: Any
    shape: tuple[int, ...]


class PackedNode(Node):
    """A node whose kept values went through hooks. Nodes become it after they are made, so that others pay nothing."""

    __slots__ = ()

    def release(self) -> None:
        self.metadata.pop(_PACKED, None)
        super().release()

    def kept(self) -> tuple[list[Any] | None, Any]:
        packed = self.metadata.get(_PACKED)
        if packed is None:
            return super().kept()
        xs, ys, several, unpack = packed
        found = [self._unpack(v, unpack) for v in ys]
        return (
            None if xs is None else [self._unpack(x, unpack) for x in xs],
            tuple(found) if several else found[0],
        )

    def _unpack(self, packed: Any, unpack: Callable[[Any], Tensor]) -> Any:
        if type(packed) is not Packed:
            return packed
        value = unpack(packed.value)
        if not isinstance(value, Tensor):
            raise UnsupportedError(
                f"saved_tensors_hooks: the unpack hook must return a Tensor, it returned a {type(value).__name__} for a value "
                f"that {self.name} keeps."
            )
        if value.shape != packed.shape:
            raise ShapeError(
                f"saved_tensors_hooks: the unpack hook returned shape {value.shape} for a value of shape {packed.shape} that "
                f"{self.name} keeps."
            )
        return payload(value)
