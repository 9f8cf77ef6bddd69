"""`inplace=True`: the result is in the tensor that was given, and whatever looks into it; what PyTorch refuses is refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import InPlaceError
from tinygrad_edu.nn import functional as F

X = np.random.default_rng(0).normal(size=(2, 3, 4)) * 3
FUNCTIONS = {
    "relu": {},
    "relu6": {},
    "leaky_relu": {"negative_slope": 0.2},
    "elu": {"alpha": 0.7},
    "selu": {},
    "celu": {"alpha": 0.7},
    "silu": {},
    "mish": {},
    "hardtanh": {"min_val": -2.0, "max_val": 1.5},
    "hardswish": {},
    "hardsigmoid": {},
    "threshold": {"threshold": 0.3, "value": -1.0},
    "rrelu": {"training": True},
    "dropout": {"p": 0.4},
    "dropout1d": {"p": 0.4},
    "feature_alpha_dropout": {"p": 0.4, "training": True},
    "alpha_dropout": {"p": 0.4, "training": True},
}
MODULES = {
    "ReLU": (), "ReLU6": (), "LeakyReLU": (0.2,), "ELU": (0.7,), "SELU": (), "CELU": (0.7,), "SiLU": (), "Mish": (),
    "Hardtanh": (-2.0, 1.5), "Hardswish": (), "Hardsigmoid": (), "Threshold": (0.3, -1.0), "RReLU": (0.1, 0.4),
    "Dropout": (0.4,), "Dropout1d": (0.4,), "AlphaDropout": (0.4,), "FeatureAlphaDropout": (0.4,),
}  # fmt: skip
ANEW = {"AlphaDropout", "FeatureAlphaDropout"}  # PyTorch's modules don't pass it on


def steps(T, call):
    """A feature stored before the call, what the call gave, and the gradient of both."""
    T.manual_seed(3)
    w = T.tensor(X, requires_grad=True)
    stored = w * 2
    view = stored[0]
    y = call(stored)
    (y * y + stored * 0.5).sum().backward() if y is not stored else (stored.sum() + view.sum()).backward()
    return y is stored, stored.detach().numpy(), view.detach().numpy(), y.detach().numpy(), w.grad.numpy()


@pytest.mark.oracle
@pytest.mark.parametrize("name", [*FUNCTIONS, *MODULES])
def test_a_stored_feature_sees_the_write_as_in_pytorch(name):
    torch = pytest.importorskip("torch")
    if name in FUNCTIONS:
        call = lambda T: lambda x: getattr(T.nn.functional, name)(x, inplace=True, **FUNCTIONS[name])
    else:
        call = lambda T: getattr(T.nn, name)(*MODULES[name], inplace=True)
    ours, theirs = steps(tg, call(tg)), steps(torch, call(torch))
    assert ours[0] == theirs[0] == (name not in ANEW)
    for got, want in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-12)  # PyTorch has some constants in float32
    assert (ours[1] != X * 2).any() == (name not in ANEW)


def test_in_evaluation_a_dropout_writes_nothing():
    x = tg.tensor(X)
    assert F.dropout(x, 0.5, False, True) is x
    assert (x.numpy() == X).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_refused_where_pytorch_refuses(name):
    function = getattr(F, name)
    leaf = tg.tensor(X, requires_grad=True)
    with pytest.raises(InPlaceError, match="a leaf that requires a gradient"):
        function(leaf, inplace=True, **FUNCTIONS[name])
    assert (leaf.detach().numpy() == X).all()
    kept = (leaf * 0.1).exp()
    function(kept, inplace=True, **FUNCTIONS[name])
    with pytest.raises(InPlaceError, match="exp: a value kept"):
        kept.sum().backward()


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"rrelu", "dropout1d", "feature_alpha_dropout"}))
def test_in_every_mode(name):
    function = getattr(F, name)

    def written(x):
        tg.manual_seed(5)
        y = x * 1.5
        function(y, inplace=True, **FUNCTIONS[name])
        return y

    def anew(x):
        tg.manual_seed(5)
        return function(x * 1.5, **FUNCTIONS[name])

    x, direction = tg.tensor(X), tg.tensor(X[::-1].copy())
    for got, want in zip(func.jvp(written, (x,), (direction,)), func.jvp(anew, (x,), (direction,)), strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12)
    of_sum = lambda f: lambda v: (f(v) ** 2).sum()
    both = [func.grad(of_sum(f))(x).numpy() for f in (written, anew)]
    np.testing.assert_allclose(*both, rtol=1e-12)
    both = [func.vmap(func.grad(of_sum(f)), randomness="same")(x).numpy() for f in (written, anew)]
    np.testing.assert_allclose(*both, rtol=1e-12)
    with tg.no_grad():
        y = x.clone()
        assert function(y, inplace=True, **FUNCTIONS[name]) is y


def test_an_array_is_written_into():
    array = X.copy()
    assert F.relu(array, inplace=True).numpy() is array
    assert (array == np.maximum(X, 0)).all()
