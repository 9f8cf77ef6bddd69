"""Recurrent layers and cells against PyTorch's: first weights, outputs, gradients; and what they refuse."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError

T, N, I, H = 5, 3, 4, 6


def x(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def test_a_layer_is_its_cell_step_by_step():
    tg.manual_seed(0)
    layer, cell = nn.GRU(I, H), nn.GRUCell(I, H)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    data = tg.tensor(x(T, N, I).astype(np.float32))
    h = None
    for step in data:
        h = cell(step, h)
    np.testing.assert_allclose(layer(data)[1][0].detach().numpy(), h.detach().numpy(), rtol=1e-5)


def test_second_derivatives_and_vmap_go_through():
    layer = nn.LSTM(2, 3).double()
    weights = dict(layer.named_parameters())
    data = tg.tensor(x(4, 2, 2))

    def loss(a):
        return (tg.func.functional_call(layer, weights, (a,))[0] ** 2).sum()

    hessian = tg.func.hessian(loss)(data).detach().numpy().reshape(16, 16)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    batched = tg.vmap(lambda a: layer(a)[0])(tg.stack([data, data * 2]))
    np.testing.assert_allclose(batched[1].detach().numpy(), layer(data * 2)[0].detach().numpy(), rtol=1e-9)


@pytest.mark.oracle
def test_sequences_are_padded_and_packed_as_pytorch_does():
    import torch

    found = []
    for lib in (tg, torch):
        rnn = lib.nn.utils.rnn
        parts = [lib.tensor(x(n, 2)) for n in (3, 5, 1)]
        packed = rnn.pack_sequence(parts, enforce_sorted=False)
        found.append(
            [
                rnn.pad_sequence(parts),
                rnn.pad_sequence(parts, batch_first=True, padding_value=-1.0),
                rnn.pad_sequence(parts, padding_side="left"),
                *packed,
                *rnn.pad_packed_sequence(packed, batch_first=True),
                *rnn.unpad_sequence(rnn.pad_sequence(parts), lib.tensor([3, 5, 1])),
            ]
        )
    for ours, theirs in zip(*found, strict=True):
        assert (ours.numpy() == theirs.numpy()).all()


REFUSED = [
    (
        lambda: nn.LSTM(I, H)(tg.zeros(T, N, 3)),
        ShapeError,
        "LSTM: expected (T, N, …) or (T, …) with 4 features, got (5, 3, 3).",
    ),
    (
        lambda: nn.GRU(I, H)(tg.zeros(T, N, I), tg.zeros(N, H)),
        ShapeError,
        "GRU: the first hidden state must have shape (1, 3, 6), got (3, 6).",
    ),
    (
        lambda: nn.LSTM(I, H)(tg.zeros(T, N, I), (tg.zeros(1, N, H), tg.zeros(2, N, H))),
        ShapeError,
        "LSTM: the first cell state must have shape (1, 3, 6), got (2, 3, 6).",
    ),
    (lambda: nn.RNN(I, H, nonlinearity="gelu"), ConfigError, 'RNN: nonlinearity is "tanh" or "relu", not \'gelu\'.'),
    (lambda: nn.GRU(I, 0), ConfigError, "GRU: hidden_size and num_layers must be positive, got 0 and 1."),
    (lambda: nn.LSTM(I, H, 2, dropout=2), ConfigError, "LSTM: dropout is the probability of dropping, between 0 and 1, not 2."),
    (lambda: nn.LSTM(I, H, proj_size=6), ConfigError, "LSTM: proj_size must be smaller than hidden_size=6, got 6."),
    (lambda: nn.LSTMCell(I, H)(tg.zeros(N, 3)), ShapeError, "LSTMCell: expected (N, 4) or (4,), got (3, 3)."),
    (lambda: nn.GRUCell(I, H)(tg.zeros(N, I), tg.zeros(N, I)), ShapeError, "GRUCell: a state must have shape (3, 6), got (3, 4)."),
    (
        lambda: nn.utils.rnn.pack_padded_sequence(tg.zeros(T, N, I), [1, 2, 3]),
        ConfigError,
        "pack_padded_sequence: the lengths [1, 2, 3] increase; sort the sequences, or give enforce_sorted=False.",
    ),
    (
        lambda: nn.utils.rnn.pack_padded_sequence(tg.zeros(T, N, I), [9, 2, 3]),
        ShapeError,
        "pack_padded_sequence: needs a length from 1 to 5 for each of 3 sequences, got [9, 2, 3].",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_dropout_of_one_layer_warns():
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        nn.LSTM(I, H, dropout=0.5)
