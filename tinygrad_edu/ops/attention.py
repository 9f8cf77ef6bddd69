"""Attention: for each query the mean of the values, weighted by how well their keys fit it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.ops._shared import shared

# Shapes: q (…, L, E), k (…, S, E), v (…, S, F), bias broadcast to (…, L, S), keep (…, L, S); results (…, L, F), (…, L, S).


@lru_cache(maxsize=32)
def _past(queries: int, keys: int, dtype: Any) -> Any:
    """Ones where a query may look if it sees no key behind its own place."""
    return np.tri(queries, keys, dtype=dtype)


@lru_cache(maxsize=32)
def causal_bias(queries: int, keys: int, dtype: Any) -> Any:
    """The same as a bias: zeros, and −∞ on the keys behind."""
    return np.where(np.tri(queries, keys, dtype=bool), 0, -np.inf).astype(dtype)


def _weights(scores: Any, causal: bool) -> Any:
    """The softmax of each row, in place; a row of −∞ becomes zeros."""
    top, bottom = scores.max(initial=-np.inf), scores.min(initial=np.inf)
    if top < bottom + 60:  # one number keeps all exponentials in range: faster than one for each row
        scores -= top
        np.exp(scores, out=scores)
        if causal:
            scores *= _past(*scores.shape[-2:], scores.dtype)
    else:
        if causal:
            scores += causal_bias(*scores.shape[-2:], scores.dtype)
        top = np.maximum.reduce(scores, axis=-1, keepdims=True, initial=-np.inf)
        scores -= np.where(top == -np.inf, 0, top)
        np.exp(scores, out=scores)
    total = np.matmul(scores, np.ones(scores.shape[-1], scores.dtype))
    np.divide(1, total, out=total, where=total != 0)
    scores *= total[..., None]
    return scores


def _attention(q: Any, k: Any, v: Any, bias: Any = None, keep: Any = None, *, scale: float, causal: bool) -> Any:
    scores = np.matmul(q, k.mT)
    scores *= scale
    if bias is not None:
        scores += bias
    p = _weights(scores, causal)
    return np.matmul(p if keep is None else p * keep, v), p


def _reference(q: Any, k: Any, v: Any, bias: Any = None, keep: Any = None, *, scale: float, causal: bool) -> Any:
    scores = q @ k.mT * scale
    if bias is not None:
        scores = scores + bias
    if causal:
        scores = scores + causal_bias(*scores.shape[-2:], scores.dtype)
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return (p if keep is None else p * keep) @ v, p


def _softmax_rule(g: Any, p: Any) -> Any:
    return p * (g - np.add.reduce(p * g, axis=-1, keepdims=True))


def _push_scores(s_dot: Any, y: Any, v: Any, keep: Any) -> Any:
    p_dot = _softmax_rule(s_dot, y[1])
    return np.matmul(p_dot if keep is None else p_dot * keep, v), p_dot


def _prepare(bars: Any, y: Any, q: Any, k: Any, v: Any, bias: Any = None, keep: Any = None, **_: Any) -> Any:
    """The cotangents of the result and of the scores."""
    y_bar, p_bar = bars
    if y_bar is None:
        return None, _softmax_rule(p_bar, y[1])
    g = np.matmul(y_bar, v.mT)
    if keep is not None:
        g = g * keep
    if p_bar is not None:
        return y_bar, _softmax_rule(g + p_bar, y[1])
    # Σⱼ pⱼ gⱼ is ȳ·y, over fewer numbers (Dao et al., 2022, section 3.1).
    if type(g) is not np.ndarray or type(y_bar) is not np.ndarray:
        return y_bar, y[1] * (g - np.add.reduce(y_bar * y[0], axis=-1, keepdims=True))
    g -= np.einsum("...i,...i->...", y_bar, y[0])[..., None]
    g *= y[1]
    return y_bar, g


def _pull_q(bars: Any, y: Any, q: Any, k: Any, v: Any, *_: Any, scale: float, causal: bool) -> Any:
    return np.matmul(bars[1], k) * scale


def _pull_k(bars: Any, y: Any, q: Any, k: Any, v: Any, *_: Any, scale: float, causal: bool) -> Any:
    return np.matmul(bars[1].mT, q) * scale


def _pull_v(bars: Any, y: Any, q: Any, k: Any, v: Any, bias: Any = None, keep: Any = None, **_: Any) -> Any:
    if bars[0] is None:
        return np.zeros(v.shape, v.dtype)
    return np.matmul((y[1] if keep is None else y[1] * keep).mT, bars[0])


def _batch(size: int, args: list[Any], flags: list[bool], **params: Any) -> Any:
    rank = max(x.ndim - flag for x, flag in zip(args, flags, strict=True) if x is not None)

    def spread(x: Any, flag: bool) -> Any:
        if x is None:
            return None
        inner = x.shape[flag:]
        x = np.reshape(x, (size if flag else 1, *(1,) * (rank - len(inner)), *inner))
        return np.broadcast_to(x, (size, *x.shape[1:]))

    return attention_(*(spread(x, flag) for x, flag in zip(args, flags, strict=True)), **params)


def _samples(r: Any) -> list[Sample]:
    def qkv(*lead: int) -> tuple[Any, ...]:
        return r(*lead, 4, 3), r(*lead, 5, 3), r(*lead, 5, 2)

    return [
        Sample(qkv(), {"scale": 0.5, "causal": False}),
        Sample(qkv(2, 1), {"scale": 0.7, "causal": True}),
        Sample((*qkv(2), r(4, 5)), {"scale": 40.0, "causal": True}),
        Sample((*qkv(2), r(2, 1, 5), r.constant(2, 4, 5)), {"scale": 1.0, "causal": False}),
    ]


_READS = ("y", 0, 1, 2, 4)

attention_: Op = shared(
    "attention",
    _attention,
    _prepare,
    Given(
        "Q̄ += s·S̄ K, with S̄ = P ∘ (P̄ − Σ P ∘ P̄), P̄ = Ȳ Vᵀ",
        lambda d, y, q, k, v, bias=None, keep=None, *, scale, causal: _push_scores(
            np.matmul(d, k.mT) * scale, y, v, keep
        ),
        _pull_q,
        reads=_READS,
    ),
    Given(
        "K̄ += s·S̄ᵀ Q",
        lambda d, y, q, k, v, bias=None, keep=None, *, scale, causal: _push_scores(
            np.matmul(q, d.mT) * scale, y, v, keep
        ),
        _pull_k,
        reads=_READS,
    ),
    Given(
        "V̄ += Pᵀ Ȳ",
        lambda d, y, q, k, v, bias=None, keep=None, **_: (
            np.matmul(y[1] if keep is None else y[1] * keep, d),
            y[1] * 0,
        ),
        _pull_v,
        reads=_READS,
    ),
    Given(
        "bias‾ += S̄",
        lambda d, y, q, k, v, bias=None, keep=None, **_: _push_scores(d, y, v, keep),
        lambda bars, y, q, k, v, bias=None, keep=None, **_: unbroadcast(bars[1], bias.shape),
        reads=_READS,
    ),
    None,
    math="Y = P V with P = softmax(s·Q Kᵀ + bias), and P beside it",
    overwritable=True,
    cost=lambda y, q, k, v, *_, **__: 2 * math.prod(y[1].shape) * (q.shape[-1] + v.shape[-1] + 3),
    promotes=True,
    complex=False,
    batch=_batch,
    reference=_reference,
    samples=_samples,
)
