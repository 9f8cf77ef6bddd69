"""The two sweeps over a recorded graph: `pull` carries cotangents back, `push` carries tangents forward.

Both visit the same nodes and call the rules of the same declarations. A sweep that records nothing feeds the rules the
kept arrays as they are; a sweep that is itself recorded feeds them Tensors rebuilt around those arrays, joined to the
graph.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import FREED, Leaf, Node, Pick, Spec, ancestors, leading_to
from tinygrad_edu.engine.memory import CLOCK, is_fresh, note_write
from tinygrad_edu.engine.modes import STATE, Observer, enable_grad
from tinygrad_edu.engine.passes import PASSES, directions
from tinygrad_edu.engine.tensor import Tensor, as_value, make, payload, rebuild
from tinygrad_edu.errors import DTypeError, ShapeError

_AS_IT_IS = contextlib.nullcontext()


def rebuilt(node: Node, xs: Any, y: Any) -> tuple[Any, Any]:
    """What the rules of a node read, as Tensors joined to the graph, so that the rules are recorded."""
    if xs is not None:
        xs = [
            x if edge is None or isinstance(x, Spec) else rebuild(x, edge)
            for x, edge in zip(xs, node.edges, strict=True)
        ]
    if type(y) is tuple:
        y = tuple(v if type(v) is Spec else rebuild(v, Pick(node, i, v.shape, v.dtype)) for i, v in enumerate(y))
    elif y is not None:
        y = rebuild(y, node)
    return node.edges if xs is None else xs, y


def pull(
    seeds: Iterable[tuple[Node, Any]],
    targets: Collection[Node] | None = None,
    *,
    record: bool = False,
    free: bool = False,
    stop: bool = False,
) -> dict[Node, Any]:
    """The reverse sweep: from `(node, y_bar)` seeds back to the targets, in one pass whatever the number of inputs.

    Returns the cotangent of each target that was reached. `targets=None` means every leaf, and adds the results to the
    leaves' `.grad` instead. With `record` the sweep is itself recorded, so that its results can be differentiated; with
    `free` each node lets go of its values once it was visited; with `stop` nothing beyond a target is visited.
    """
    PASSES.pulled += directions()
    bars: dict[Node, Any] = {}
    for node, y_bar in seeds:
        if record:
            y_bar = as_value(y_bar)
        known = bars.get(node)
        bars[node] = y_bar if known is None else known + y_bar
    nodes = ancestors(bars, targets if stop and targets else ())
    needed = None if targets is None else leading_to(targets, nodes)
    found: dict[Node, Any] = {}
    owned: set[Node] = set()  # the nodes whose cotangent is an array of this sweep's own, free to be written to
    latest_write = CLOCK.latest
    check = STATE.on.check if isinstance(STATE.on, Observer) and STATE.on.checks else None
    if check is not None:
        for node, y_bar in bars.items():
            check(node, (y_bar,), seed=True)
    # An infinite derivative is an answer, not a warning.
    with np.errstate(divide="ignore", invalid="ignore"), enable_grad() if record else _AS_IT_IS:
        for node in nodes:
            y_bar = bars.pop(node, None)
            if y_bar is None or (needed is not None and node not in needed):
                continue
            if node.hooks is not None:
                y_bar = _run_hooks(node, y_bar)
            if targets is not None and node in targets:
                found[node] = y_bar
                if stop:
                    continue
            op = node.op
            if op is None:
                if targets is None:
                    _accumulate(node, y_bar, node in owned)
                continue
            edges = node.edges
            if type(node) is Pick:
                main: Any = edges[0]
                outputs = bars.setdefault(main, [None] * len(main.shape))
                known = outputs[node.index]  # a recorded sweep makes picks of its own, so one output may have several
                outputs[node.index] = y_bar if known is None else known + y_bar
                continue
            if needed is not None:
                edges = [edge if edge in needed else None for edge in edges]
            xs, y = node.xs, node.y
            if xs is FREED or latest_write > node.order:
                xs, y = node.kept()
            if record:
                xs, y = rebuilt(node, xs, y)
            elif xs is None:
                xs = edges
            x_bars = op.vjp(y_bar, y, xs, edges, node.params)
            if check is not None:
                check(node, x_bars)
            if free:
                node.release()
            for edge, x_bar in zip(edges, x_bars):  # noqa: B905  # `strict` costs a tenth of a small op's visit
                if edge is None or x_bar is None:
                    continue
                known = bars.get(edge)
                if known is None:
                    bars[edge] = x_bar
                    # Only a leaf's cotangent outlives the sweep: give it away uncopied where nothing else holds it.
                    if edge.op is None and is_fresh(x_bar, y_bar, y, xs):
                        owned.add(edge)
                elif edge in owned and type(x_bar) is np.ndarray:  # a recorded sweep mixes arrays and Tensors
                    known += x_bar
                else:
                    total = bars[edge] = known + x_bar
                    (owned.add if type(total) is np.ndarray else owned.discard)(edge)
    return found


def push(outputs: Iterable[Node], tangents: dict[Node, Any], *, record: bool = False) -> dict[Node, Any]:
    """The forward sweep over a recorded graph: from the tangents of some nodes to every node that depends on them, in
    one pass whatever the number of outputs.

    Returns the tangent of each node on the way, the outputs among them; a node that is missing has tangent zero. The
    primal isn't computed again. With `record` the sweep is itself recorded.
    """
    PASSES.pushed += directions()
    dots = dict(tangents)
    latest_write = CLOCK.latest
    # An infinite derivative is an answer, not a warning.
    with np.errstate(divide="ignore", invalid="ignore"), enable_grad() if record else _AS_IT_IS:
        for node in reversed(ancestors(outputs)):
            op = node.op
            if op is None or node in tangents:
                continue
            x_dots = [None if edge is None else dots.get(edge) for edge in node.edges]
            if all(x_dot is None for x_dot in x_dots):
                continue
            if type(node) is Pick:
                y_dot = dots[node.edges[0]][node.index]  # type: ignore[index]  # a pick always has its edge
            else:
                xs, y = node.xs, node.y
                if xs is FREED or latest_write > node.order:
                    xs, y = node.kept()
                if record:
                    xs, y = rebuilt(node, xs, y)
                elif xs is None:
                    xs = node.edges
                y_dot = op.jvp(x_dots, y, xs, node.params, node)
            if y_dot is not None:
                dots[node] = y_dot
    return dots


def _accumulate(node: Node, x_bar: Any, owned: bool) -> None:
    """Add a cotangent to a leaf's `.grad`, in place where there is one already, as PyTorch does."""
    assert isinstance(node, Leaf)
    leaf = node.owner()
    if leaf is None:
        return  # Nobody can read that gradient any more.
    if isinstance(x_bar, Tensor) and not x_bar.level and x_bar.node is None:
        x_bar = x_bar.array
    known = leaf.grad
    if known is None:
        if type(x_bar) is np.ndarray:
            leaf.grad = make(x_bar if owned else x_bar.copy(), None)
        else:
            leaf.grad = as_value(x_bar if isinstance(x_bar, Tensor) else np.array(x_bar))
    elif isinstance(x_bar, Tensor) or known.node is not None or known.level:
        leaf.grad = known + x_bar
    else:
        note_write(known.array)
        known.array += x_bar


def _run_hooks(node: Node, y_bar: Any) -> Any:
    """Hand a complete cotangent to the node's hooks; one that returns a tensor replaces it."""
    raw = not isinstance(y_bar, Tensor)
    value = as_value(y_bar)
    for hook in list(node.hooks or ()):
        answer = hook(value)
        if answer is None:
            continue
        name = getattr(hook, "__name__", repr(hook))
        if not isinstance(answer, Tensor):
            raise DTypeError(f"{node.name}: the hook {name} must return a Tensor or None, not {type(answer).__name__}.")
        if answer.shape != node.shape:
            raise ShapeError(
                f"{node.name}: the hook {name} returned a gradient of shape {answer.shape} for a tensor of shape {node.shape}."
            )
        value = answer if answer.dtype == value.dtype else answer.to(value.dtype)
    return payload(value) if raw else value
