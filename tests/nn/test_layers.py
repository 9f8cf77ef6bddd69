"""Layers against PyTorch's, made from the same seed; and what they say about input that doesn't fit."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError
from tinygrad_edu.nn import functional as F


def x(*shape):
    # Away from 0, where an activation may have a kink; random, so that a transposed axis shows.
    values = np.random.default_rng(math.prod(shape)).normal(size=shape)
    return values + 0.1 * np.sign(values)


@pytest.mark.oracle
def test_one_hot_is_pytorch_s():
    import torch

    for labels, classes in ((np.array([0, 2, 1]), -1), (np.array([[0, 2], [1, 1]]), 5), (np.array(3), -1)):
        ours, theirs = F.one_hot(tg.tensor(labels), classes), torch.nn.functional.one_hot(torch.tensor(labels), classes)
        assert ours.tolist() == theirs.tolist()
        assert ours.dtype == np.int64
    batched = tg.vmap(lambda label: F.one_hot(label, 4))(tg.tensor([1, 3]))
    assert batched.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]


def test_without_a_dim_softmax_warns_and_takes_pytorch_s():
    with pytest.warns(UserWarning, match=r"softmax: no dim was given, so dim=1 is taken, as PyTorch does"):
        y = nn.Softmax()(tg.tensor(x(2, 3)))
    np.testing.assert_allclose(y.numpy().sum(1), 1)


def test_options_are_attributes_that_count_when_they_are_changed():
    layer = nn.LeakyReLU(0.5)
    layer.negative_slope = 0.25
    assert layer(tg.tensor([-4.0])).tolist() == [-1]
    assert repr(layer) == "LeakyReLU(negative_slope=0.25)"


def test_dropout_keeps_the_mean_and_draws_anew_each_time():
    tg.manual_seed(0)
    drop, ones = nn.Dropout(0.25), tg.ones(100, 100)
    first, second = drop(ones).numpy(), drop(ones).numpy()
    assert set(np.unique(first)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs(first.mean() - 1) < 0.02
    assert (first != second).any()
    assert drop.eval()(ones) is ones


def test_dropout_backward_passes_what_forward_passed():
    a = tg.ones(50, requires_grad=True)
    y = nn.Dropout(0.5)(a)
    y.sum().backward()
    assert (a.grad.numpy() == y.detach().numpy()).all()


def test_an_embedding_from_rows_is_frozen_unless_it_shall_learn():
    rows = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert nn.Embedding.from_pretrained(rows)(tg.tensor([1])).tolist() == [[3, 4]]
    assert not nn.Embedding.from_pretrained(rows).weight.requires_grad
    assert nn.Embedding.from_pretrained(rows, freeze=False).weight.requires_grad


def test_layers_take_arrays_and_lists_and_a_default_dtype():
    layer = nn.Linear(3, 2)
    assert layer(x(4, 3).astype(np.float32)).dtype == np.float32
    assert layer([1.0, 2.0, 3.0]).dtype == np.float32
    assert nn.Linear(3, 2, dtype=np.float64).weight.dtype == np.float64
    tg.set_default_dtype(np.float64)
    try:
        assert nn.Linear(3, 2).bias.dtype == np.float64
    finally:
        tg.set_default_dtype(np.float32)


def test_layers_without_features_are_allowed():
    assert nn.Linear(0, 2)(tg.zeros(3, 0)).tolist() == [[0, 0]] * 3
    assert nn.Linear(2, 0)(tg.zeros(3, 2)).shape == (3, 0)


REFUSED = [
    (
        lambda: nn.Linear(3, 2)(tg.zeros(4, 5)),
        ShapeError,
        "linear: the input of shape (4, 5) doesn't meet the weight of shape (2, 3): its last axis must have 3 features.",
    ),
    (lambda: nn.Linear(3.0, 2), ConfigError, "Linear: in_features must be an integer that isn't negative, got 3.0."),
    (lambda: nn.Linear(3, -2), ConfigError, "Linear: out_features must be an integer that isn't negative, got -2."),
    (lambda: nn.Dropout(1.5), ConfigError, "Dropout: p is the probability of dropping, between 0 and 1, not 1.5."),
    (
        lambda: F.dropout(tg.ones(2), -1),
        ConfigError,
        "dropout: p is the probability of dropping, between 0 and 1, not -1.",
    ),
    (
        lambda: nn.Embedding(4, 2)(tg.tensor([[0, 1], [4, 2]])),
        DataError,
        "embedding: index 4 (at position (1, 0)) is out of range: the weight has 4 rows, 0 to 3.",
    ),
    (
        lambda: nn.Embedding(4, 2)(tg.tensor([1.0])),
        DTypeError,
        "embedding: the indices must be integers, not float32; convert them, e.g. x.long().",
    ),
    (lambda: nn.Embedding(4, 2, padding_idx=4), ConfigError, "Embedding: padding_idx 4 isn't one of the 4 rows."),
    (
        lambda: nn.Embedding.from_pretrained(tg.ones(3)),
        ShapeError,
        "Embedding.from_pretrained: needs shape (num_embeddings, embedding_dim), got (3,).",
    ),
    (lambda: nn.GELU("fast")(tg.ones(1)), ConfigError, 'gelu: approximate is "none" or "tanh", not \'fast\'.'),
    (lambda: nn.Softplus(beta=0)(tg.ones(1)), ConfigError, "softplus: beta must be positive, got 0."),
    (lambda: nn.ReLU(slope=2), ConfigError, "ReLU: takes inplace; got slope=2."),
    (lambda: nn.Tanh(3, 4), ConfigError, "Tanh: takes nothing; got 3, 4."),
    (
        lambda: F.one_hot(tg.tensor([0, 3]), 3),
        DataError,
        "one_hot: label 3 is out of range: with num_classes=3 they go from 0 to 2.",
    ),
    (
        lambda: F.one_hot(tg.tensor([0.5])),
        DTypeError,
        "one_hot: the labels must be integers, not float32; convert them, e.g. labels.long().",
    ),
    (
        lambda: F.one_hot(np.zeros(0, int)),
        ConfigError,
        "one_hot: there are no labels to tell the number of classes from; give num_classes.",
    ),
    (
        lambda: tg.vmap(F.one_hot)(tg.tensor([1, 2])),
        ConfigError,
        "one_hot: inside vmap the number of classes can't be told from the labels; give num_classes.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_an_error_inside_a_sequential_says_which_layer():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(9, 2)))
    with pytest.raises(ShapeError) as caught:
        model(tg.zeros(3, 4))
    assert str(caught.value).startswith("2.0: Linear(in_features=9, out_features=2, bias=True): linear: the input")
