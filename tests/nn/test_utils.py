"""Clipping gradients, and all parameters as one vector."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, ShapeError

CLIPS = [
    *(("clip_grad_norm_", (norm, kind)) for norm in (0.5, 100.0, 0.0) for kind in (2.0, 1.0, math.inf)),
    ("clip_grad_value_", (0.4,)),
]


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "args"), CLIPS)
def test_clipping_is_pytorch_s(name, args, dtype):
    import torch

    gradients = [np.random.default_rng(i).normal(size=s).astype(dtype) for i, s in enumerate(((3, 2), (4,), ()))]
    found = []
    for lib in (tg, torch):
        params = [lib.tensor(g, requires_grad=True) for g in gradients]
        for p, g in zip(params[:-1], gradients, strict=False):
            p.grad = lib.tensor(g)
        norm = getattr(lib.nn.utils, name)(params, *args)
        found.append([np.zeros(()) if norm is None else norm.numpy(), *(p.grad.numpy() for p in params[:-1])])
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_one_tensor_will_do_and_no_gradients_have_norm_zero():
    x = tg.ones(4, requires_grad=True)
    assert nn.utils.clip_grad_norm_([x], 1.0).item() == 0
    x.grad = tg.full((4,), 3.0)
    assert nn.utils.clip_grad_norm_(x, 3.0).item() == 6
    np.testing.assert_allclose(x.grad.numpy(), 1.5, rtol=1e-6)


def test_a_gradient_that_is_nan_is_an_error_if_asked():
    x = tg.ones(2, requires_grad=True)
    x.grad = tg.tensor([1.0, math.nan])
    with pytest.raises(
        DataError, match="the norm of the gradients is nan; a loss or an activation overflowed or was NaN"
    ):
        nn.utils.clip_grad_norm_([x], 1.0, error_if_nonfinite=True)
    assert x.grad[0].item() == 1
    nn.utils.clip_grad_norm_([x], 1.0)
    assert math.isnan(x.grad[0].item())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: nn.utils.clip_grad_norm_([], -1.0),
            "clip_grad_norm_: needs max_norm >= 0 and norm_type > 0, got -1.0 and 2.0.",
        ),
        (lambda: nn.utils.clip_grad_value_([], -1.0), "clip_grad_value_: needs clip_value >= 0, got -1.0."),
    ],
)
def test_what_is_refused_is_said_in_full(call, message):
    with pytest.raises(ConfigError) as caught:
        call()
    assert str(caught.value) == message


def test_parameters_as_one_vector_and_back():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    vector = nn.utils.parameters_to_vector(model.parameters())
    assert vector.shape == (26,) and vector.requires_grad
    nn.utils.vector_to_parameters(tg.arange(26).float(), model.parameters())
    assert nn.utils.parameters_to_vector(model.parameters()).tolist() == list(range(26))
    with pytest.raises(ShapeError) as caught:
        nn.utils.vector_to_parameters(tg.zeros(3), model.parameters())
    assert str(caught.value) == (
        "vector_to_parameters: the parameters have 26 elements together, the vector has shape (3,)."
    )
