"""All parameters of a model as one vector."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.join import concatenate
from tinygrad_edu.ops.shape import reshape


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters in one axis, one after the other, in the graph."""
    vector: Tensor = concatenate([reshape(p, shape=(math.prod(p.shape),)) for p in parameters])
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the parts of a vector into the parameters: the inverse of `parameters_to_vector`. ShapeError unless it fits
    exactly.
    """
    targets = list(parameters)
    wanted = sum(math.prod(p.shape) for p in targets)
    if vec.shape != (wanted,):
        raise ShapeError(
            f"vector_to_parameters: the parameters have {wanted} elements together, the vector has shape {vec.shape}."
        )
    values, start = vec.detach().numpy(), 0
    for p in targets:
        end = start + math.prod(p.shape)
        p.array[...] = values[start:end].reshape(p.shape)
        note_write(p.array)
        start = end
