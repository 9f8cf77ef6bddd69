"""How much memory a batch of directions takes in forward mode, and how many of them fit in a budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.engine.graph import Node, ancestors
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.func._arguments import Argnums, Function, choose
from tinygrad_edu.func._batch import rewinding
from tinygrad_edu.func._reverse import Recorded

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def bytes_per_direction(f: Function, *args: Any, argnums: Argnums = 0) -> int:
    """About how many bytes one direction of a batch takes on its way through `f` at this point.

    A direction is as large as the inputs, the largest of which is copied; its tangents, while they are needed, as the results
    between them. An operation holds what goes in, what comes out, and as much again for its own work. `f` is called once,
    recorded, on the side of the random numbers: those who draw afterwards draw what they would have.
    """
    chosen, call = choose(f, argnums, args, {}, "bytes_per_direction")
    rewind = rewinding()
    with no_grad():
        recorded = Recorded(call, chosen, "bytes_per_direction", False)
    rewind()
    inputs = set(recorded.inputs)
    roots = [y.node for y in recorded.outputs if y.node is not None]
    sizes = [_bytes(node) for node in inputs]
    width = sum(sizes) + max(sizes, default=0)
    return width + _most_alive([node for node in reversed(ancestors(roots, inputs)) if node not in inputs], inputs)


def _most_alive(nodes: Sequence[Node], inputs: set[Node]) -> int:
    """The most that tangents take at one time if each is let go behind its last use; `nodes` in the order of recording."""
    last: dict[Node, Node] = {}
    for node in nodes:
        for edge in node.edges:
            if edge is not None:
                last[edge] = node
    alive = most = 0
    for node in nodes:
        made = _bytes(node)
        most = max(most, alive + 2 * made)
        alive += made
        alive -= sum(_bytes(e) for e in {*node.edges} if e is not None and e not in inputs and last[e] is node)
    return most


def _bytes(node: Node) -> int:
    # What makes several outputs is followed by a pick for each, and those are counted.
    return node.size * node.dtype.itemsize if node.outputs[0] is node else 0


def chunk_for_memory(memory: int | str, f: Function, *args: Any, argnums: Argnums = 0) -> int:
    """How many directions of `f` fit in `memory` at once: the `chunk_size` for `jacfwd` and `forward_gradient` there.

    `memory` is in bytes, or a text such as "256M" (`parse_memory`). Raises ConfigError where not even one direction fits; the
    message says how much one takes.
    """
    return directions_in(parse_memory(memory), bytes_per_direction(f, *args, argnums=argnums))


def directions_in(memory: int, each: int) -> int:
    """How many directions of `each` bytes fit in `memory`. Raises ConfigError if none does."""
    if memory < each:
        raise ConfigError(
            f"a memory of {said(memory)} is too small: one direction takes {said(each)}. Give at least that, or {said(64 * each)} "
            "for 64 directions at once."
        )
    return memory // max(1, each)


def parse_memory(memory: int | str) -> int:
    """Bytes from a number, or from a text such as "256M", "1.5G", "64k", "4096". Raises ConfigError for anything else."""
    text = str(memory).strip().lower().removesuffix("ib").removesuffix("b")
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS and text[-1:] else (text, "")
    try:
        found = int(float(number) * _UNITS[unit])
    except (ValueError, OverflowError):
        found = 0
    if found < 1:
        raise ConfigError(f"a memory of {memory}: give bytes, or a size such as 64k, 256M or 2G.")
    return found


def said(size: int) -> str:
    """A number of bytes for people, in a form that `parse_memory` reads and that is no smaller."""
    for unit in ("G", "M", "k"):
        if size >= _UNITS[unit.lower()]:
            tenths = -(-size * 10 // _UNITS[unit.lower()])
            return f"{tenths / 10:g}{unit}"
    return str(size)
