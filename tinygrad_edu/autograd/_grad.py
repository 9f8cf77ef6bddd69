"""`grad` and `backward`: the reverse sweep over a recorded graph, from any tensors to any others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autograd.graph import GradientEdge
from tinygrad_edu.engine import backward as engine
from tinygrad_edu.engine.graph import Node, root_levels
from tinygrad_edu.engine.levels import Batched, Dual
from tinygrad_edu.engine.sweeps import pull
from tinygrad_edu.engine.tensor import Tensor, as_value, make
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError, UnsupportedError
from tinygrad_edu.func._batch import vmap

Tensors = Tensor | GradientEdge | Sequence[Tensor | GradientEdge]


def grad(
    outputs: Tensors,
    inputs: Tensors | dict[str, Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of `outputs` in `inputs`, as a tuple with one per input; no `.grad` is touched.

    Args:
        outputs: a tensor of the graph, or several, whose gradients are summed.
        inputs: tensors that were used to compute them, leaves or not; a dict gives a dict.
        grad_outputs: the cotangent of each output, of its shape, or None for a one of a single element. With
            `is_grads_batched` each has one more axis in front, and so have the results: many sweeps at once.
        retain_graph: keep the values that the sweep needs for another one; by default as `create_graph`.
        create_graph: record the sweep, so that its results can be differentiated.
        only_inputs: of no effect, as in PyTorch.
        allow_unused: None, rather than an error, for an input that no output depends on.
        is_grads_batched: see `grad_outputs`.
        materialize_grads: zeros, rather than an error, for such an input.

    Raises GraphError where there is no graph, a freed one, or an unused input.
    """
    if not only_inputs:
        warnings.warn(
            "grad(only_inputs=False) has no effect: use backward() to accumulate into .grad.",
            FutureWarning,
            stacklevel=2,
        )
    if materialize_grads and allow_unused is False:
        raise ConfigError(
            "grad: materialize_grads=True gives zeros for unused inputs, which allow_unused=False forbids; leave one out."
        )
    ys = _listed(outputs)
    wanted = list(inputs.values()) if isinstance(inputs, dict) else _listed(inputs)
    out_nodes = [_node(y, f"grad: output {i}") for i, y in enumerate(ys)]
    in_nodes = [_node(x, f"grad: input {i}") for i, x in enumerate(wanted)]
    cotangents = _cotangents(grad_outputs, len(ys), "grad")
    free = not (create_graph if retain_graph is None else retain_graph)
    given: list[Any] = []

    def sweep(*y_bars: Any) -> list[Tensor | None]:
        seeds = [
            (node, engine.seed_for(_like(y, node), y_bar, "grad", create_graph))
            for y, node, y_bar in zip(ys, out_nodes, y_bars, strict=True)
        ]
        found = pull(seeds, set(in_nodes), record=create_graph, free=free)
        given.extend(seed for _, seed in seeds)
        settled = (lambda x_bar: x_bar) if create_graph else _settled
        return [None if node not in found else settled(_own(found[node], given)) for node in in_nodes]

    if is_grads_batched:
        reached: list[bool] = []

        def batched(*y_bars: Any) -> tuple[Any, ...]:
            x_bars = sweep(*y_bars)
            reached.extend(x_bar is not None for x_bar in x_bars)
            return tuple(x_bar for x_bar in x_bars if x_bar is not None)

        if all(c is None for c in cotangents):
            raise ShapeError("grad: is_grads_batched=True needs grad_outputs, with the batch as their first axis.")
        dims = tuple(None if c is None else 0 for c in cotangents)
        results = iter(vmap(batched, in_dims=dims)(*cotangents))
        given = list(cotangents)
        x_bars = [_own(next(results), given) if hit else None for hit in reached]
    else:
        x_bars = sweep(*cotangents)
    for i, (x, node) in enumerate(zip(wanted, in_nodes, strict=True)):
        if x_bars[i] is not None:
            continue
        if materialize_grads:
            x_bars[i] = make(np.zeros(node.shape, node.dtype), None)
        elif not allow_unused:
            name = f"{list(inputs)[i]!r}" if isinstance(inputs, dict) else f"{i}"
            raise GraphError(
                f"grad: input {name} (shape {_like(x, node).shape}) was not used to compute the outputs, so it has no gradient. "
                "allow_unused=True gives None for it, materialize_grads=True zeros."
            )
    return dict(zip(inputs, x_bars, strict=True)) if isinstance(inputs, dict) else tuple(x_bars)


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """The reverse sweep from several tensors at once, which adds the gradient of each leaf to its `.grad`.

    `grad_tensors` are the cotangents, one per tensor, None for a tensor of one element. With `inputs` (leaves or not)
    only those get a gradient. `retain_graph` and `create_graph` are as in `grad`.
    """
    ys = _listed(tensors)
    nodes = [_node(y, f"backward: tensor {i}") for i, y in enumerate(ys)]
    wanted = None
    if inputs is not None:
        wanted = list(inputs.values()) if isinstance(inputs, dict) else _listed(inputs)
        if not wanted:
            raise ConfigError("backward: inputs is empty; leave it out for all leaves.")
    outputs = [_like(y, node) for y, node in zip(ys, nodes, strict=True)]
    engine.backward(outputs, _cotangents(grad_tensors, len(ys), "backward"), retain_graph, create_graph, wanted)


class _EveryTensor(type):
    """The class of `Variable`, of which every Tensor is an instance."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor)

    def __call__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Tensor:
        if not isinstance(data, Tensor):
            raise UnsupportedError(f"Variable: data has to be a Tensor, not {type(data).__name__}; use tensor(data).")
        if volatile is not None:
            warnings.warn("Variable: volatile was removed and has no effect; use no_grad().", UserWarning, stacklevel=2)
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_EveryTensor):
    """`Variable(data, requires_grad=False)`: a tensor that shares memory with `data`, as programs from before PyTorch 0.4
    write it. Every Tensor is one.

    `volatile` was removed from PyTorch; given, it warns and has no effect: use `no_grad`.
    """


def _listed(given: Any) -> list[Any]:
    return [given] if isinstance(given, Tensor | GradientEdge) else list(given)


def _node(x: Any, name: str) -> Node:
    """The place in the graph of a tensor or an edge."""
    if isinstance(x, GradientEdge):
        return x.node
    if not isinstance(x, Tensor):
        raise UnsupportedError(f"{name} must be a Tensor, not {type(x).__name__}.")
    if x.node is None:
        raise GraphError(
            f"{name} (shape {x.shape}) is in no graph. Was requires_grad=True set on the inputs before they were used, and was "
            "the output computed outside `no_grad`?"
        )
    return x.node


def _like(x: Any, node: Node) -> Any:
    """A stand-in for an edge's tensor wherever only its shape and dtype are asked for."""
    return x if isinstance(x, Tensor) else _Edge(node)


class _Edge:
    level = 0

    def __init__(self, node: Node) -> None:
        self.node, self.shape, self.dtype, self.ndim = node, node.shape, node.dtype, len(node.shape)


def _cotangents(given: Any, count: int, name: str) -> list[Any]:
    if given is None:
        return [None] * count
    listed = [given] if isinstance(given, Tensor | np.ndarray) else list(given)
    if len(listed) != count:
        raise ShapeError(
            f"{name}: {len(listed)} cotangents for {count} outputs; give one for each, or None in its place."
        )
    return listed


def _settled(x_bar: Tensor) -> Tensor:
    """A gradient without the graph that its parts have of plain leaves, where no graph was asked for."""
    if isinstance(x_bar, Dual):
        return x_bar.like(_settled(x_bar.primal), _settled(x_bar.tangent), x_bar.node)
    if isinstance(x_bar, Batched):
        return Batched(_settled(x_bar.value), x_bar.level, x_bar.node)
    return x_bar if x_bar.node is None or root_levels(x_bar.node)[1] else x_bar.with_node(None)


def _own(x_bar: Any, taken: list[Any]) -> Tensor:
    """A gradient as the caller's own: a copy of a view, of a cotangent that was given, or of an earlier result."""
    plain = x_bar.array if isinstance(x_bar, Tensor) and not x_bar.level and x_bar.node is None else x_bar
    if isinstance(plain, np.ndarray):
        arrays = [t.array if isinstance(t, Tensor) and not t.level else t for t in taken]
        if plain.base is not None or any(plain is t for t in arrays):
            plain = plain.copy()
        taken.append(plain)
        return make(plain, None)
    return as_value(x_bar)
