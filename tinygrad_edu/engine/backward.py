"""From tensors to sweeps and back: `backward`, and the seeds of both modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.sweeps import pull
from tinygrad_edu.engine.tensor import Tensor, payload, tensor_of
from tinygrad_edu.errors import DTypeError, GraphError, ShapeError

# The seed of nearly every sweep, which a sweep never writes to.
_ONE = {dtype: np.ones((), dtype) for dtype in (np.dtype(np.float32), np.dtype(np.float64))}
for _one in _ONE.values():
    _one.flags.writeable = False


def seed_for(y: Tensor, y_bar: Any, name: str, record: bool) -> Any:
    """The cotangent to start from: as given and checked against `y`, or one for a single element."""
    if y_bar is None:
        if y.shape == () and not y.level and y.dtype in _ONE:
            return _ONE[y.dtype]
        if y.ndim and math.prod(y.shape) != 1:
            raise GraphError(
                f"{name}: the output has shape {y.shape}, so there is no one gradient. Reduce it to a scalar (y.sum()), or give "
                f"the cotangent to start from, a tensor of shape {y.shape}."
            )
        y_bar = np.ones(y.shape, y.dtype)
    shape = np.shape(y_bar) if not isinstance(y_bar, Tensor) else y_bar.shape
    if shape != y.shape:
        raise ShapeError(f"{name}: the cotangent has shape {shape}, the output {y.shape}; they must be equal.")
    if isinstance(y_bar, Tensor):
        if y_bar.dtype != y.dtype:
            if y_bar.dtype.kind == "c" and y.dtype.kind != "c":
                raise DTypeError(
                    f"{name}: a complex cotangent for a real output of dtype {y.dtype}; take its real part."
                )
            y_bar = y_bar.to(y.dtype)
        return y_bar if record or y_bar.level else payload(y_bar)
    return np.asarray(y_bar, y.dtype)


def backward(
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """The reverse sweep from several tensors at once, into the `.grad` of the leaves, or of `inputs` only."""
    seeds: list[tuple[Node, Any]] = []
    for y, y_bar in zip(outputs, gradients, strict=True):
        if y.node is None:
            raise GraphError(
                f"backward(): this tensor (shape {y.shape}) was not computed from anything that requires a gradient, so there is "
                "nothing to sweep. Was requires_grad=True set on the inputs, and was it computed outside `no_grad`?"
            )
        seeds.append((y.node, seed_for(y, y_bar, "backward()", create_graph)))
    free = not (create_graph if retain_graph is None else retain_graph)
    if inputs is None:
        pull(seeds, record=create_graph, free=free)
        return
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if any(x.node is None for x in wanted):
        raise GraphError("backward(inputs=...): one of them doesn't require a gradient.")
    found = pull(seeds, {x.node for x in wanted if x.node is not None}, record=create_graph, free=free)
    for x in wanted:
        if x.node in found:
            x_bar = found[x.node]
            # A copy: it may be the seed itself, or a view of it.
            value = x_bar if isinstance(x_bar, Tensor) and (x_bar.level or x_bar.node) else tensor_of(payload(x_bar))
            x.grad = value if x.grad is None else x.grad + value
