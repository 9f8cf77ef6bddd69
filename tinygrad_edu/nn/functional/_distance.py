"""Distances and products of pairs of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.einsum import einsum


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """x₁·x₂ / (max(‖x₁‖, ε) max(‖x₂‖, ε)) along `dim`."""
    x1, x2 = np.broadcast_arrays(x1, x2) if x1.shape != x2.shape else (x1, x2)
    norms = [np.maximum(x.norm(2, dim, True), eps) for x in (x1, x2)]
    return ((x1 / norms[0]) * (x2 / norms[1])).sum(dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """‖x₁ − x₂ + ε‖ₚ along the last axis."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x₁ᵀ W x₂ + b for each output: (…, in1), (…, in2), weight (out, in1, in2) → (…, out)."""
    if (
        weight.ndim != 3
        or input1.shape[:-1] != input2.shape[:-1]
        or (input1.shape[-1], input2.shape[-1]) != tuple(weight.shape[1:])
    ):
        raise ShapeError(
            f"bilinear: inputs of shapes {input1.shape} and {input2.shape} don't meet the weight (out, in1, in2) of shape "
            f"{weight.shape}."
        )
    y = einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias
