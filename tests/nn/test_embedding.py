"""Embedding and EmbeddingBag against PyTorch's."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, ShapeError, UnsupportedError

INDICES = np.array([[0, 3, 3], [6, 2, 0]])
FLAT, OFFSETS = np.array([0, 3, 3, 6, 2, 0, 1]), np.array([0, 2, 2, 5])


@pytest.mark.oracle
@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0])
def test_rows_that_are_too_long_are_scaled_down_as_in_pytorch(norm_type):
    import torch

    found = []
    for lib in (tg, torch):
        rows = lib.tensor(np.random.default_rng(0).normal(size=(7, 4)))
        layer = lib.nn.Embedding.from_pretrained(rows, freeze=False, max_norm=1.2, norm_type=norm_type)
        layer(lib.tensor(INDICES)).sum().backward()
        found.append((layer.weight.detach().numpy(), layer.weight.grad.numpy(), repr(layer)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    assert (found[0][1] == found[1][1]).all() and found[0][2] == found[1][2]


def test_weights_of_samples_are_differentiated():
    layer = nn.EmbeddingBag(7, 4, mode="sum")
    share = tg.tensor(np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), requires_grad=True)
    y = layer(tg.tensor(INDICES), per_sample_weights=share)
    y.sum().backward()
    np.testing.assert_allclose(share.grad.numpy(), layer.weight.detach().numpy()[INDICES].sum(-1), rtol=1e-5)


def test_an_embedding_goes_under_vmap():
    layer = nn.Embedding(7, 4)
    rows = tg.tensor(INDICES)
    assert (tg.vmap(layer)(rows).detach().numpy() == layer(rows).detach().numpy()).all()
    weights = tg.stack([layer.weight.detach(), layer.weight.detach() * 2])
    both = tg.vmap(nn.functional.embedding)(rows, weights)
    assert (both[1].numpy() == 2 * layer(rows[1]).detach().numpy()).all()


REFUSED = [
    (lambda: nn.EmbeddingBag(7, 4)(tg.tensor(FLAT)), ShapeError, "embedding_bag: an input of one axis needs offsets"),
    (
        lambda: nn.EmbeddingBag(7, 4)(tg.tensor(FLAT), tg.tensor([1, 3])),
        DataError,
        "embedding_bag: offsets begin at 0 and grow up to 7, got [1, 3].",
    ),
    (
        lambda: nn.EmbeddingBag(7, 4, mode="min")(tg.tensor(INDICES)),
        ConfigError,
        'embedding_bag: mode is "sum", "mean" or "max"',
    ),
    (
        lambda: nn.Embedding(7, 4, scale_grad_by_freq=True)(tg.tensor(INDICES)),
        UnsupportedError,
        "embedding: scale_grad_by_freq=True isn't the gradient of anything",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(message)
