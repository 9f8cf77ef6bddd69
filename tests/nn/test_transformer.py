"""Transformers against PyTorch's: first weights, outputs with masks and dropout, gradients, a few steps of training."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError

S, T, N, E = 6, 5, 2, 8


def x(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor")


def causal(lib, size, dtype):
    return lib.nn.Transformer.generate_square_subsequent_mask(size, dtype=dtype)


@pytest.mark.oracle
def test_fifty_steps_of_a_language_model_are_pytorch_s():
    import torch

    text = np.random.default_rng(0).integers(0, 11, 400)
    found = []
    for lib in (tg, torch):
        lib.manual_seed(1)
        nn, F = lib.nn, lib.nn.functional
        embed = nn.Embedding(11, E)
        layer = nn.TransformerEncoderLayer(E, 2, 16, dropout=0.1, batch_first=True, norm_first=True)
        body, head = nn.TransformerEncoder(layer, 2), nn.Linear(E, 11)
        with lib.no_grad():  # normal numbers differ in their last digit
            embed.weight.copy_(lib.tensor(x(11, E)))
        model = nn.ModuleList([embed, body, head])
        model.to(lib.float64)
        optimizer = lib.optim.AdamW(model.parameters(), lr=3e-3)
        mask = causal(lib, 7, lib.float64)
        losses = []
        for step in range(50):
            ids = lib.tensor(np.stack([text[i : i + 8] for i in range(step, step + 40, 10)]))
            optimizer.zero_grad()
            logits = head(body(embed(ids[:, :-1]), mask=mask, is_causal=True))
            loss = F.cross_entropy(logits.reshape(-1, 11), ids[:, 1:].reshape(-1))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        found.append(losses)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8)
    assert found[0][-1] < found[0][0]


def test_what_is_refused_is_said():
    with pytest.raises(ConfigError, match='activation is "relu", "gelu" or a function'):
        nn.TransformerEncoderLayer(E, 2, activation="tanh")
    with pytest.raises(ShapeError, match="src and tgt need d_model=8 features"):
        nn.Transformer(E, 2, 1, 1, 16)(tg.zeros(S, N, 4), tg.zeros(T, N, E))
