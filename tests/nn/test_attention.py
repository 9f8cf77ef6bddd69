"""Attention against PyTorch's: the function with its masks, the layer with its options; and what they refuse."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F


def x(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


Q, K, V = x(2, 4, 5, 3), x(2, 4, 6, 3, seed=1), x(2, 4, 6, 2, seed=2)
ALLOWED = np.random.default_rng(3).random((5, 6)) < 0.6
ALLOWED[:, 0] = True


def test_a_query_that_may_look_nowhere_gets_zeros_and_its_gradient_is_zero():
    q, k, v = (tg.tensor(a, requires_grad=True) for a in (Q, K, V))
    y = F.scaled_dot_product_attention(q, k, v, np.zeros((5, 6), bool))
    y.sum().backward()
    assert not y.detach().numpy().any() and not q.grad.numpy().any() and not v.grad.numpy().any()


def test_weights_of_any_size_make_no_overflow():
    for factor in (1e4, 1e18):
        y = F.scaled_dot_product_attention(
            *(tg.tensor(a * factor, dtype=np.float32) for a in (Q, K)), tg.tensor(V), is_causal=True
        )
        assert np.isfinite(y.numpy()).all()


def test_second_derivatives_and_vmap_go_through():
    q, k, v = (tg.tensor(a[0]) for a in (Q, K, V))

    def loss(q):
        return (F.scaled_dot_product_attention(q, k, v, is_causal=True) ** 2).sum()

    hessian = tg.func.hessian(loss)(q).detach().numpy().reshape(60, 60)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    assert np.abs(hessian).max() > 0.1
    batched = tg.vmap(lambda q: F.scaled_dot_product_attention(q, k, v))(tg.tensor(Q))
    np.testing.assert_allclose(batched.numpy(), F.scaled_dot_product_attention(tg.tensor(Q), k, v).numpy(), rtol=1e-12)


# -- the layer -----------------------------------------------------------------------------------------------------

L, S, N, E = 5, 6, 2, 8
THERE = [x(L, N, E), x(S, N, E, seed=1), x(S, N, E, seed=2)]


zeros = tg.zeros
REFUSED = [
    (
        lambda: F.scaled_dot_product_attention(zeros(2, 3), zeros(4, 5), zeros(4, 3)),
        ShapeError,
        "scaled_dot_product_attention: expected query (…, L, E), key (…, S, E) and value (…, S, F); got query (2, 3), key (4, 5), "
        "value (4, 3).",
    ),
    (
        lambda: F.scaled_dot_product_attention(zeros(2, 2, 3), zeros(3, 4, 3), zeros(3, 4, 3)),
        ShapeError,
        "scaled_dot_product_attention: the axes before the last two must be equal or 1; got query (2, 2, 3), key (3, 4, 3), value "
        "(3, 4, 3).",
    ),
    (
        lambda: F.scaled_dot_product_attention(*[zeros(2, 3)] * 3, attn_mask=zeros(2, 2), is_causal=True),
        ConfigError,
        "scaled_dot_product_attention: give attn_mask or is_causal=True, not both.",
    ),
    (
        lambda: F.scaled_dot_product_attention(*[zeros(2, 3)] * 3, attn_mask=zeros(2, 2, 2)),
        ShapeError,
        "scaled_dot_product_attention: attn_mask of shape (2, 2, 2) doesn't broadcast to the scores, (2, 2).",
    ),
    (
        lambda: nn.MultiheadAttention(6, 4),
        ConfigError,
        "MultiheadAttention: embed_dim must be a multiple of num_heads, both positive; got 6 and 4.",
    ),
    (
        lambda: nn.MultiheadAttention(E, 4)(zeros(L, N, 3), zeros(S, N, E), zeros(S, N, E)),
        ShapeError,
        "MultiheadAttention: expected query (L, N, …) of 8 features, key of 8 and value of 8, of one batch size; got (2, 5, 3), "
        "(2, 6, 8) and (2, 6, 8) (batches first).",
    ),
    (
        lambda: nn.MultiheadAttention(E, 4)(*map(tg.tensor, THERE), attn_mask=zeros(S, L)),
        ShapeError,
        "MultiheadAttention: attn_mask has shape (6, 5), expected (5, 6) or (8, 5, 6).",
    ),
    (
        lambda: nn.MultiheadAttention(E, 4)(*map(tg.tensor, THERE), key_padding_mask=zeros(S, N)),
        ShapeError,
        "MultiheadAttention: key_padding_mask has shape (6, 2), expected (2, 6).",
    ),
    (
        lambda: nn.MultiheadAttention(E, 4)(*map(tg.tensor, THERE), is_causal=True),
        ConfigError,
        "MultiheadAttention: is_causal=True only says what attn_mask is; give that, too.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
