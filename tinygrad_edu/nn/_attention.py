"""Attention with several heads and its learned projections."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import init
from tinygrad_edu.nn._linear import Linear
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional import linear
from tinygrad_edu.nn.functional._attention import attend


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name by which PyTorch prints the last projection of an attention."""


class MultiheadAttention(Module):
    """Attention in `num_heads` parts of the features (Vaswani et al., 2017, section 3.2.2): query (L, N, embed_dim), key (S,
    N, kdim), value (S, N, vdim) → (L, N, embed_dim), and the weights (N, L, S); batches first with `batch_first`, and
    no N for one example.

    `in_proj_weight` holds the three projections one above the other; `q_proj_weight` and its kin do where kdim or vdim
    differ. A boolean mask is True where a query may *not* look, another is added.
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ConfigError(
                f"MultiheadAttention: embed_dim must be a multiple of num_heads, both positive; got {embed_dim} and {num_heads}."
            )
        dtype = dtype or get_default_dtype()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads

        def parameter(name: str, *shape: int) -> None:
            self.register_parameter(name, Parameter(np.empty(shape, dtype)) if shape else None)

        if self._qkv_same_embed_dim:
            parameter("in_proj_weight", 3 * embed_dim, embed_dim)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                parameter(name)
        else:
            parameter("q_proj_weight", embed_dim, embed_dim)
            parameter("k_proj_weight", embed_dim, self.kdim)
            parameter("v_proj_weight", embed_dim, self.vdim)
            parameter("in_proj_weight")
        parameter("in_proj_bias", *((3 * embed_dim,) if bias else ()))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, dtype=dtype)
        parameter("bias_k", *((1, 1, embed_dim) if add_bias_kv else ()))
        parameter("bias_v", *((1, 1, embed_dim) if add_bias_kv else ()))
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        own = self.__dict__
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if own[name] is not None:
                init.xavier_uniform_(own[name])
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            assert self.out_proj.bias is not None
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None and self.bias_v is not None:
            init.xavier_normal_(self.bias_k)
            init.xavier_normal_(self.bias_v)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """The results, and with `need_weights` the weights: their mean over the heads, or (N, heads, L, S) unless
        `average_attn_weights`.

        `key_padding_mask` (N, S) says which keys don't count, `attn_mask` (L, S) or (N · heads, L, S) where each query
        may not look. `is_causal` says that `attn_mask` is causal, which is then enough to know.
        """
        if is_causal and attn_mask is None:
            raise ConfigError("MultiheadAttention: is_causal=True only says what attn_mask is; give that, too.")
        single = query.ndim == 2
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            self._unfit(query, key, value)
        same, joint = query is key and key is value, key is value
        if single:
            query, key, value = (x[None] if self.batch_first else x[:, None] for x in (query, key, value))
        if not self.batch_first:
            query = np.swapaxes(query, 0, 1)
            key, value = (query, query) if same else (np.swapaxes(key, 0, 1), np.swapaxes(value, 0, 1))
        if (
            query.shape[-1] != self.embed_dim
            or (key.shape[-1], value.shape[-1]) != (self.kdim, self.vdim)
            or key.shape[:2] != value.shape[:2]
            or key.shape[0] != query.shape[0]
        ):
            self._unfit(query, key, value)
        q, k, v = (self._heads(x) for x in self._projected(query, key, value, same, joint))
        mask = self._mask(q, k, key_padding_mask, attn_mask, single)
        dropped = self.dropout if self.training else 0.0
        y, weights = attend(q, k, v, mask, dropped)
        y = np.reshape(np.transpose(y, (2, 0, 1, 3)), (query.shape[1], query.shape[0], self.embed_dim))  # (L, N, E)
        y = self.out_proj(y)
        if single:
            y = y[:, 0]
        elif self.batch_first:
            y = np.swapaxes(y, 0, 1)  # a view, as in PyTorch, where a dropout behind it draws in the order of memory
        if not need_weights:
            return y, None
        if average_attn_weights:
            weights = weights.mean(1)
        return y, weights[0] if single else weights

    def _unfit(self, query: Any, key: Any, value: Any) -> None:
        order = "(N, L, …)" if self.batch_first else "(L, N, …)"
        raise ShapeError(
            f"MultiheadAttention: expected query {order} of {self.embed_dim} features, key of {self.kdim} and value of "
            f"{self.vdim}, of one batch size; got {tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
            + ("." if self.batch_first or query.ndim != 3 else " (batches first).")
        )

    def _projected(self, query: Any, key: Any, value: Any, same: bool, joint: bool) -> list[Any]:
        """Queries, keys and values, each (N, …, embed_dim), in as few products as there are different inputs."""
        e, w, b = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        if w is not None and same:
            qkv = linear(query, w, b)
            found = [qkv[..., i * e : (i + 1) * e] for i in range(3)]
        elif w is not None and joint:
            kv = linear(key, w[e:], None if b is None else b[e:])
            found = [linear(query, w[:e], None if b is None else b[:e]), kv[..., :e], kv[..., e:]]
        else:
            own = self.__dict__
            ws = (
                [w[i * e : (i + 1) * e] for i in range(3)]
                if w is not None
                else [own[f"{name}_proj_weight"] for name in "qkv"]
            )
            bs = [None if b is None else b[i * e : (i + 1) * e] for i in range(3)]
            found = [linear(x, w, b) for x, w, b in zip((query, key, value), ws, bs, strict=True)]
        for i, more in ((1, self.bias_k), (2, self.bias_v)):
            parts = [found[i]]
            size = (found[i].shape[0], 1, e)
            if more is not None:
                parts.append(np.broadcast_to(more, size))
            if self.add_zero_attn:
                parts.append(np.zeros(size, found[i].dtype))
            if len(parts) > 1:
                found[i] = np.concatenate(parts, axis=1)
        return found

    def _heads(self, x: Any) -> Any:
        """(N, L, embed_dim) → (N, heads, L, head_dim)."""
        return np.swapaxes(np.reshape(x, (*x.shape[:2], self.num_heads, self.head_dim)), 1, 2)

    def _mask(self, q: Any, k: Any, padding: Any, mask: Any, single: bool) -> Any:
        """Both masks as one to add, (N or 1, heads or 1, L or 1, S)."""
        n, heads, queries = q.shape[:3]
        keys = k.shape[2]
        added = keys - (self.bias_k is not None) - self.add_zero_attn
        found = None
        if mask is not None:
            if mask.shape not in ((queries, added), (n * heads, queries, added)):
                raise ShapeError(
                    f"MultiheadAttention: attn_mask has shape {tuple(mask.shape)}, expected {(queries, added)} or "
                    f"{(n * heads, queries, added)}."
                )
            found = _to_add(mask, q.dtype)
            found = found[None, None] if mask.ndim == 2 else np.reshape(found, (n, heads, queries, added))
        if padding is not None:
            if padding.shape != ((added,) if single else (n, added)):
                raise ShapeError(
                    f"MultiheadAttention: key_padding_mask has shape {tuple(padding.shape)}, expected "
                    f"{(added,) if single else (n, added)}."
                )
            padding = np.reshape(_to_add(padding, q.dtype), (n, 1, 1, added))
            found = padding if found is None else found + padding
        if found is not None and added != keys:
            found = np.concatenate([found, np.zeros((*found.shape[:3], keys - added), found.dtype)], axis=3)
        return found


def _to_add(mask: Any, dtype: Any) -> Any:
    return np.where(mask, np.full((), -np.inf, dtype), np.zeros((), dtype)) if mask.dtype.kind == "b" else mask
