"""Attention and transformers."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import row

L, S, N, E = 5, 6, 2, 8


def x(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


Q, K, V = x(2, 4, L, 3), x(2, 4, S, 3, seed=1), x(2, 4, S, 2, seed=2)
ALLOWED = np.random.default_rng(3).random((L, S)) < 0.6
ALLOWED[:, 0] = True
BIAS = x(4, L, S, seed=4)
HIDDEN = np.where(ALLOWED, 0.0, -np.inf)
PADDING = np.array([[False] * S, [False] * 4 + [True] * 2])
THERE = [x(L, N, E), x(S, N, E, seed=1), x(S, N, E, seed=2)]
OTHERS = [x(L, N, E), x(S, N, 3, seed=1), x(S, N, 7, seed=2)]


def attention(options, arrays, fixed=(), **how):
    def call(lib, layer, given):
        q, k, v, *masks = given
        named = dict(zip(("key_padding_mask", "attn_mask"), masks, strict=False))
        return layer(q, k, v, **named, **how)

    return row(lambda nn: nn.MultiheadAttention(E, 4, **options), *arrays, call=call, fixed=fixed)


def to_itself(**options):
    def call(lib, layer, given):
        return [layer(*given * 3), layer(given[0], given[0] * 2, given[0] * 2)]

    return row(lambda nn: nn.MultiheadAttention(E, 2, **options), x(L, N, E), call=call)


def causal(lib, size, dtype):
    return lib.nn.Transformer.generate_square_subsequent_mask(size, dtype=dtype)


def encoder_layer(**options):
    def call(lib, layer, given):
        x, padding = given
        if options.get("batch_first"):
            x = x.transpose(0, 1)
        return layer(x), layer(x, causal(lib, S, x.dtype), is_causal=True), layer(x, src_key_padding_mask=padding)

    # Less of a step: float32's errors grow tenfold through the norms otherwise.
    return row(lambda nn: nn.TransformerEncoderLayer(E, 4, 16, **options), x(S, N, E), PADDING, call=call, lr=0.02)


def decoder_layer(**options):
    def call(lib, layer, given):
        tgt, memory, padding = given
        if options.get("batch_first"):
            tgt, memory = tgt.transpose(0, 1), memory.transpose(0, 1)
        mask = causal(lib, L, tgt.dtype)
        return layer(tgt, memory), layer(tgt, memory, mask, memory_key_padding_mask=padding, tgt_is_causal=True)

    return row(
        lambda nn: nn.TransformerDecoderLayer(E, 4, 16, **options), x(L, N, E, seed=1), x(S, N, E), PADDING, call=call
    )


def stack(lib, stack, given):
    return stack(given[0]), stack(given[0], mask=causal(lib, N, given[0].dtype), is_causal=True)


def whole(lib, model, given):
    src, tgt, padding = given
    mask = causal(lib, L, src.dtype)
    masks = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    return model(src, tgt), model(src, tgt, tgt_mask=mask, **masks)


OPTIONS = [
    {},
    {"dropout": 0.0, "norm_first": True},
    {"activation": "gelu", "bias": False},
    {"batch_first": True, "layer_norm_eps": 1e-3},
]
ROWS = [
    attention({}, THERE),
    attention({"bias": False}, THERE, need_weights=False),
    attention({"kdim": 3, "vdim": 7}, OTHERS),
    attention({"add_bias_kv": True, "add_zero_attn": True}, THERE),
    attention({"batch_first": True}, [a.swapaxes(0, 1) for a in THERE], average_attn_weights=False),
    attention({}, [a[:, 0] for a in THERE]),
    attention({"dropout": 0.3}, THERE),
    attention({"dropout": 0.3}, THERE, need_weights=False),
    attention({}, [*THERE, PADDING]),
    attention({}, [*THERE, PADDING, ~ALLOWED]),
    attention({"add_bias_kv": True}, [*THERE, PADDING, HIDDEN], fixed=(4,), need_weights=False),
    attention({}, [*THERE, PADDING, x(N * 4, L, S, seed=5)]),
    to_itself(),
    to_itself(batch_first=True),
    *(encoder_layer(**options) for options in OPTIONS),
    *(decoder_layer(**options) for options in OPTIONS),
    row(
        lambda nn: nn.TransformerEncoder(nn.TransformerEncoderLayer(E, 2, 16, batch_first=True), 3, nn.LayerNorm(E)),
        x(S, N, E),
        call=stack,
    ),
    row(
        lambda nn: nn.TransformerDecoder(nn.TransformerDecoderLayer(E, 2, 16), 2),
        x(L, N, E, seed=1),
        x(S, N, E),
    ),
    row(lambda nn: nn.Transformer(E, 2, 2, 2, 16), x(S, N, E), x(L, N, E, seed=1), PADDING, call=whole),
]
FUNCTIONS = [
    ("scaled_dot_product_attention", arrays, options)
    for arrays, options in [
        ((Q, K, V), {}),
        ((Q, K, V), {"is_causal": True}),
        ((Q, K, V), {"scale": 2.5}),
        ((Q * 40, K, V), {"is_causal": True}),
        ((Q[0, 0], K[0, 0], V[0, 0]), {}),
        ((Q, K, V, ALLOWED), {}),
        ((Q, K, V, BIAS), {}),
        ((Q, K, V), {"attn_mask": HIDDEN}),
        ((Q, K, V), {"dropout_p": 0.4}),
        ((Q, K, V, ALLOWED), {"dropout_p": 0.4, "scale": 1.0}),
        ((Q, K[:, :2], V[:, :2]), {"enable_gqa": True, "is_causal": True}),
        ((Q, K[:1], V), {}),
    ]
]
