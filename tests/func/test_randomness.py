"""Random draws inside `vmap`: refused, one per example, or one for all, whatever draws and however vmaps nest."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func, nn
from tinygrad_edu.errors import ConfigError, LevelError

N = 6
X = np.random.default_rng(0).random((N, 4))

# Everything that draws, from one example of shape (4,); and the shape of what comes out.
DRAWS = {
    "rand": (lambda x: tg.rand(3), (3,)),
    "randn": (lambda x: tg.randn(2, 3), (2, 3)),
    "rand_like": (tg.rand_like, (4,)),
    "randn_like": (tg.randn_like, (4,)),
    "normal": (lambda x: tg.normal(0.0, 1.0, (5,)), (5,)),
    "normal of batched means": (lambda x: tg.normal(x * 0, 1.0), (4,)),
    "randint": (lambda x: tg.randint(0, 10**6, (3,)), (3,)),
    "randperm": (lambda x: tg.randperm(50), (50,)),
    "bernoulli": (lambda x: tg.bernoulli(tg.tensor(np.full(64, 0.5))), (64,)),
    "bernoulli of batched probabilities": (lambda x: tg.bernoulli(x * 0 + 0.5 + tg.zeros(16, 1)), (16, 4)),
    "multinomial": (lambda x: tg.multinomial(tg.ones(100), 10), (10,)),
    "multinomial of rows": (lambda x: tg.multinomial(tg.ones(2, 100), 10), (2, 10)),
    "multinomial with replacement": (lambda x: tg.multinomial(tg.ones(100), 10, True), (10,)),
    "dropout": (lambda x: nn.functional.dropout(x * 0 + tg.ones(16, 1)), (16, 4)),
    "Dropout": (lambda x: nn.Dropout(0.5)(x * 0 + tg.ones(16, 1)), (16, 4)),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("chunk_size", [None, 4])
def test_different_draws_for_each_example_and_same_once_for_all(name, chunk_size):
    draw, shape = DRAWS[name]
    tg.manual_seed(0)
    different = func.vmap(draw, randomness="different", chunk_size=chunk_size)(X)
    same = func.vmap(draw, randomness="same", chunk_size=chunk_size)(X)
    assert different.shape == same.shape == (N, *shape)
    assert len({tuple(row.reshape(-1).tolist()) for row in different}) == N
    assert len({tuple(row.reshape(-1).tolist()) for row in same}) == 1


@pytest.mark.parametrize("name", DRAWS)
def test_error_names_the_function_and_the_option(name):
    with pytest.raises(LevelError, match=rf"{name.split()[0].lower().removesuffix('_like')}: .*randomness='different'"):
        func.vmap(DRAWS[name][0])(X)


@pytest.mark.parametrize("outer", ["different", "same"])
@pytest.mark.parametrize("inner", ["different", "same"])
def test_nested_vmaps_each_have_their_say(outer, inner):
    tg.manual_seed(0)
    got = func.vmap(func.vmap(lambda x: tg.rand(()) + 0 * x, randomness=inner), randomness=outer)(np.zeros((5, 3)))
    rows = {tuple(row) for row in got.tolist()}
    within = {len(set(row)) for row in rows}
    assert len(rows) == (5 if outer == "different" else 1)
    assert within == {3 if inner == "different" else 1}


def test_an_outer_error_holds_inside_too():
    with pytest.raises(LevelError, match="rand: "):
        func.vmap(func.vmap(lambda x: tg.rand(2), randomness="different"))(np.zeros((2, 2)))


def test_derivatives_of_a_function_that_draws_are_those_of_one_function():
    def f(x):
        return (nn.functional.dropout(x**3, 0.5)).sum()

    x = tg.tensor(np.arange(1.0, 41.0))
    # The second derivative of the same masked function: diagonal, half of it zero, 2 · 6x elsewhere.
    hessian = func.hessian(f, chunk_size=7)(x).numpy()
    kept = np.diag(hessian) != 0
    assert 0 < kept.sum() < 40
    np.testing.assert_allclose(hessian, np.diag(np.where(kept, 12 * x.numpy(), 0)))
    tg.manual_seed(3)
    forward = func.jacfwd(lambda x: nn.functional.dropout(x), chunk_size=3)(x).numpy()
    tg.manual_seed(3)
    np.testing.assert_array_equal(forward, func.jacrev(lambda x: nn.functional.dropout(x))(x).numpy())
    with pytest.raises(LevelError):
        func.jacfwd(lambda x: nn.functional.dropout(x), randomness="error")(x)


def test_per_example_gradients_with_dropout():
    w = tg.tensor(np.ones((3, 4)))
    loss = lambda w, x: nn.functional.dropout(w @ x).sum()
    gradients = func.vmap(func.grad(loss), in_dims=(None, 0), randomness="different")(w, X).numpy()
    masks = np.unique(np.round(gradients / X[:, None, :], 12))
    assert masks.tolist() == [0.0, 2.0]


def test_outside_of_vmap_the_stream_is_as_ever():
    tg.manual_seed(1)
    want = tg.rand(3).tolist()
    tg.manual_seed(1)
    assert func.grad(lambda x: (x * tg.rand(3)).sum())(tg.ones(3)).tolist() == want
    tg.manual_seed(1)
    assert func.vmap(lambda x: tg.rand(3), randomness="same")(X)[2].tolist() == want


def test_filling_in_place_and_batched_probabilities_are_refused():
    for fill in (nn.init.uniform_, nn.init.normal_):
        filled = lambda x, fill=fill: fill(tg.zeros(3, 4)) @ x
        with pytest.raises(LevelError, match="can't draw for each example"):
            func.vmap(filled, randomness="different")(X)
        assert func.vmap(filled, randomness="same")(X.astype(np.float32)).shape == (N, 3)
    with pytest.raises(LevelError, match="probabilities that differ by example"):
        func.vmap(lambda x: tg.multinomial(x, 2), randomness="different")(X)
    with pytest.raises(ConfigError, match="randomness must be one of error, different, same"):
        func.vmap(tg.sin, randomness="some")


ORACLE = {
    "rand": lambda m, x: m.rand(20, dtype=m.float64) + x[0],
    "randn": lambda m, x: m.randn(20, dtype=m.float64) + x[0],
    "randint": lambda m, x: m.randint(0, 1000, (7,)) + 0 * x[0],
    "dropout": lambda m, x: m.nn.functional.dropout(x, 0.3),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", ORACLE)
@pytest.mark.parametrize("randomness", ["different", "same"])
@pytest.mark.parametrize("chunk_size", [None, 4])
def test_the_draws_are_torchs_from_the_same_seed(name, randomness, chunk_size):
    import torch

    tg.manual_seed(5)
    torch.manual_seed(5)
    got = func.vmap(lambda x: ORACLE[name](tg, x), randomness=randomness, chunk_size=chunk_size)(tg.tensor(X))
    want = torch.func.vmap(lambda x: ORACLE[name](torch, x), randomness=randomness, chunk_size=chunk_size)(
        torch.tensor(X)
    )
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-14)
