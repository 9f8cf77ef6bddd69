"""`checkpoint_chain`: the reverse sweep over a long chain of steps in the memory of a few states.

The schedule is the binomial one of Griewank and Walther 2000, "Algorithm 799: revolve": for the number of states that may
be kept, no other computes fewer steps again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import Any, NamedTuple

from tinygrad_edu.autograd._checkpoint import rng_at
from tinygrad_edu.engine.graph import Node, Pick
from tinygrad_edu.engine.memory import tick
from tinygrad_edu.engine.modes import STATE, Observer, enable_grad
from tinygrad_edu.engine.op import Op, Rule
from tinygrad_edu.engine.sweeps import pull
from tinygrad_edu.engine.tensor import Tensor, as_value, make, payload
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ConfigError, UnsupportedError
from tinygrad_edu.func._reverse import alias
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import get_rng_state, set_rng_state

Step = Callable[[Any], Any]


def reach(slots: int, repeats: int) -> int:
    """The longest chain that `slots` states reverse with no step advanced more than `repeats` times: C(slots + repeats,
    slots).
    """
    return comb(slots + repeats, slots) if repeats >= 0 else 0


def _repeats(steps: int, slots: int) -> int:
    r = 0
    while reach(slots, r) < steps:
        r += 1
    return r


def recomputations(steps: int, slots: int) -> int:
    """How many steps have to be advanced to reverse a chain with `slots` states in memory, its first among them; each
    step runs once more, to be differentiated.

    t(l, s) = r l − β(s + 1, r − 1), where β(s, r) = C(s + r, s) and r is the least with β(s, r) ≥ l; proven minimal
    (Griewank and Walther 2000, section 2). The first evaluation of the chain is among them.
    """
    r = _repeats(steps, slots)
    return r * steps - reach(slots + 1, r - 1)


def _advance(steps: int, slots: int) -> int:
    """How far to go from a kept state before the next is kept, with `slots` of them, the first among them."""
    r = _repeats(steps, slots)
    return max(reach(slots, r - 2), steps - reach(slots - 1, r), 1)


class _Snapshot(NamedTuple):
    position: int
    leaves: list[Any]  # payloads
    rng: Any


class _Tape(NamedTuple):
    """One step, recorded: its inputs' nodes and its outputs."""

    inputs: list[Node]
    outputs: list[Tensor]


class _Reversal:
    """The chain's steps, its state's structure, and the values that are kept between the sweeps."""

    def __init__(self, steps: Sequence[Step], structure: Any, slots: int) -> None:
        self.steps, self.structure, self.slots = steps, structure, slots

    def _step(self, position: int, leaves: Sequence[Any]) -> list[Tensor]:
        after, structure = flatten(self.steps[position](unflatten(self.structure, [as_value(v) for v in leaves])))
        if structure != self.structure:
            raise UnsupportedError(
                f"checkpoint_chain: step {position} returned a state of another structure than it was given; a state is a "
                "Tensor or one nesting of Tensors all along the chain."
            )
        return [as_tensor(v) for v in after]

    def _record(self, position: int, leaves: Sequence[Any]) -> _Tape:
        with enable_grad():
            aliases = [alias(as_value(v)) for v in leaves]
            outputs = self._step(position, aliases)
        return _Tape([x.node for x in aliases if x.node is not None], outputs)

    def descend(self, kept: list[_Snapshot], end: int, look: Callable[[_Tape], None] | None = None) -> _Tape:
        """Go from the last kept state, where the generator stands too, to step `end − 1` and record it; keep states on the
        way. With `look` every step is recorded, and shown to it.
        """
        position, leaves, _ = kept[-1]
        while end - position > 1:
            free = self.slots - len(kept)
            stop = position + _advance(end - position, free + 1)
            while position < stop:
                if look is None:
                    after = self._step(position, leaves)
                else:
                    tape = self._record(position, leaves)
                    look(tape)
                    after = tape.outputs
                # Out of this level's graph. Not by `no_grad`: an outer transform may be watching.
                leaves = [payload(v) for v in after]
                position += 1
            if free:
                kept.append(_Snapshot(position, leaves, get_rng_state()))
        return self._record(position, leaves)

    def forward(self, leaves: list[Any]) -> tuple[list[_Snapshot], _Tape, list[Node]]:
        """The first evaluation: the kept states, the last step's tape, and the nodes from outside that the steps use."""
        start = tick()
        outside: dict[Node, None] = {}

        def look(tape: _Tape) -> None:
            stack = [y.node for y in tape.outputs]
            seen: set[Node] = set()
            while stack:
                node = stack.pop()
                if node is None or node in seen:
                    continue
                seen.add(node)
                if node.order < start:
                    outside[node] = None
                else:
                    stack += node.edges

        kept = [_Snapshot(0, leaves, get_rng_state())]
        tape = self.descend(kept, len(self.steps), look)
        look(tape)
        return kept, tape, list(outside)

    def backward(
        self, kept: Sequence[_Snapshot], tape: _Tape, outside: Sequence[Node], y_bars: Sequence[Any]
    ) -> list[Any]:
        """The cotangents of the first state and of the nodes from outside."""
        totals: dict[Node, Any] = {}
        kept, wanted = list(kept), set(outside)
        bars, end = list(y_bars), len(self.steps)
        with rng_at(kept[0].rng):
            while True:
                found = pull(_seeds(tape.outputs, bars), {*tape.inputs, *wanted}, stop=True)
                bars = [found.get(node) for node in tape.inputs]
                for node in wanted & found.keys():
                    known = totals.get(node)
                    totals[node] = found[node] if known is None else known + found[node]
                end -= 1
                if not end:
                    return bars + [totals.get(node) for node in outside]
                while kept[-1].position >= end:
                    kept.pop()
                set_rng_state(kept[-1].rng)
                tape = self.descend(kept, end)

    def recorded(self, kept: Sequence[_Snapshot], xs: Sequence[Any], outside: Sequence[Node], y_bars: Any) -> list[Any]:
        """The same for second derivatives: the whole chain recorded once more, in the memory that this takes."""
        aliases = [alias(as_value(x)) for x in xs]
        leaves: list[Any] = aliases
        with rng_at(kept[0].rng):
            for position in range(len(self.steps)):
                leaves = self._step(position, leaves)
        targets = [*(x.node for x in aliases if x.node is not None), *outside]
        found = pull(_seeds(leaves, y_bars), set(targets), record=True, stop=True)
        return [found.get(target) for target in targets]


def _seeds(ys: Sequence[Tensor], y_bars: Sequence[Any]) -> list[tuple[Node, Any]]:
    return [(y.node, y_bar) for y, y_bar in zip(ys, y_bars, strict=True) if y.node is not None and y_bar is not None]


class _ChainOp(Op):
    """A chain of steps as one node. It keeps the states of the schedule and the tape of the last step."""

    family = "chain"

    def __init__(self, reversal: _Reversal, outside: Sequence[Node]) -> None:
        self.reversal, self.outside = reversal, outside
        super().__init__(
            "checkpoint_chain", _no_call, math="y = s_n(… s_2(s_1(x)))", rules=lambda _: _RULE, registry={}
        )

    def vjp(self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        states, (kept, tape) = xs[: -1 - len(self.outside)], xs[-1]
        if any(isinstance(v, Tensor) and v.node is not None for v in y):  # the sweep is recorded itself
            return [*self.reversal.recorded(kept, states, self.outside, y_bar), None]
        return [*self.reversal.backward(kept, tape, self.outside, y_bar), None]

    def jvp(self, *_: Any, **__: Any) -> Any:
        raise UnsupportedError("checkpoint_chain: a forward sweep over a recorded chain isn't supported; use func.jvp.")


_RULE = Rule("by the chain's own schedule", frozenset())


def _no_call(*_: Any, **__: Any) -> Any:
    raise UnsupportedError("checkpoint_chain: a recorded chain can't be called again as an op.")


def checkpoint_chain(steps: Sequence[Step], x: Any, *, slots: int | None = None) -> Any:
    """`steps[-1](… steps[1](steps[0](x)))`, recorded as one operation that keeps `slots` states instead of every value.

    Args:
        steps: functions from a state to the next, of the same structure: a Tensor, or a nesting of Tensors. They may use
            parameters from outside, which get their gradients, and draw random numbers, which are drawn alike each time.
        x: the first state.
        slots: how many states may be kept, `x` among them; about log₂ of the number of steps by default.

    The sweep back advances `recomputations(n, slots)` steps, the fewest that are possible, the first evaluation among
    them, and runs each of the n once more (Griewank and Walther 2000, Algorithm 799). A second derivative records the
    whole chain. Raises ConfigError for less than one slot.
    """
    steps = list(steps)
    if slots is None:
        slots = max(len(steps).bit_length(), 1)
    if slots < 1:
        raise ConfigError(f"checkpoint_chain: slots must be at least 1 (the first state), not {slots}.")
    leaves, structure = flatten(x)
    if not STATE.grad or not steps:
        for step in steps:
            x = step(x)
        return x
    inputs = [as_tensor(leaf) for leaf in leaves]
    reversal = _Reversal(steps, structure, slots)
    kept, tape, outside = reversal.forward([payload(v) for v in inputs])
    values = [payload(y) for y in tape.outputs]
    edges: list[Node | None] = [*(v.node for v in inputs), *outside, None]
    node = None
    if any(edges):
        saved = [*(payload(v) for v in inputs), *outside, (tuple(kept), tape)]
        shapes: Any = tuple(v.shape for v in values)
        node = Node(_ChainOp(reversal, outside), edges, saved, tuple(values), {}, shapes, values[0].dtype)
        if isinstance(STATE.grad, Observer):
            STATE.grad.recorded(node)
    ys: list[Tensor] = []
    for i, v in enumerate(values):
        pick = None if node is None or v.dtype.kind not in "fc" else Pick(node, i, v.shape, v.dtype)
        ys.append(v.with_node(pick) if isinstance(v, Tensor) else make(v, pick))
    return unflatten(structure, ys)
