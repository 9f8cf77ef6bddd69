"""Attention: for each query the mean of the values, weighted by how well their keys fit it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops.attention import attention_
from tinygrad_edu.random import keep_mask


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(scale · Q Kᵀ + mask) V: query (…, L, E), key (…, S, E), value (…, S, F) → (…, L, F) (Vaswani et al., 2017).

    A boolean `attn_mask` is True where a query may look, another is added; `is_causal` lets it look at its own place and
    those before. Weights are dropped with probability `dropout_p`. `scale` is 1/√E unless given. With `enable_gqa` each
    head of keys and values (axis −3) serves several of the queries. A query that may look nowhere gets zeros.
    """
    return attend(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)[0]


def attend(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Any, Any]:
    """`scaled_dot_product_attention`, with the weights beside it: (…, L, S), after dropping."""
    name = "scaled_dot_product_attention"
    if is_causal and mask is not None:
        raise ConfigError(f"{name}: give attn_mask or is_causal=True, not both.")
    if not 0 <= dropout_p <= 1:
        raise ConfigError(f"{name}: dropout_p is the probability of dropping, between 0 and 1, not {dropout_p}.")
    shapes = f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}"
    if (
        min(query.ndim, key.ndim, value.ndim) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise ShapeError(f"{name}: expected query (…, L, E), key (…, S, E) and value (…, S, F); got {shapes}.")
    if enable_gqa and query.ndim > 2:
        if query.shape[-3] % key.shape[-3] or query.shape[-3] % value.shape[-3]:
            raise ShapeError(
                f"{name}: with enable_gqa the heads of the query are a multiple of the key's; got {shapes}."
            )
        key, value = (np.repeat(x, query.shape[-3] // x.shape[-3], axis=-3) for x in (key, value))
    lead = query.shape[:-2]
    if key.shape[:-2] != lead or value.shape[:-2] != lead:
        try:
            lead = np.broadcast_shapes(lead, key.shape[:-2], value.shape[:-2])
        except ValueError:
            raise ShapeError(f"{name}: the axes before the last two must be equal or 1; got {shapes}.") from None
        query, key, value = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (query, key, value))
    if mask is not None and mask.dtype.kind == "b":
        mask = np.where(mask, np.zeros((), query.dtype), np.full((), -np.inf, query.dtype))
    scores = (*lead, query.shape[-2], key.shape[-2])
    if mask is not None and np.broadcast_shapes(mask.shape, scores) != scores:
        raise ShapeError(f"{name}: attn_mask of shape {tuple(mask.shape)} doesn't broadcast to the scores, {scores}.")
    keep = None
    if dropout_p:
        keep = keep_mask(scores, 1 - dropout_p, query.dtype)
        keep = keep / keep.dtype.type(1 - dropout_p) if dropout_p < 1 else keep
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    result, weights = attention_(query, key, value, mask, keep, scale=factor, causal=bool(is_causal))
    return result, weights if keep is None else weights * keep
