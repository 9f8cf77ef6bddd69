"""Parametrizations beside PyTorch's, cached, copied and removed. `rows/parametrize.py` has more."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.rows.parametrize import one, symmetric
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.utils import parametrize


@pytest.mark.oracle
def test_spectral_norm_is_pytorch_s():
    import torch

    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    found = []
    for lib in (tg, torch):
        lib.manual_seed(2)
        layer = lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(4, 3))
        y = layer(lib.tensor(x)) + layer(lib.tensor(x))
        y.sum().backward()
        found.append([y.detach(), layer.parametrizations.weight.original.grad, *layer.state_dict().values()])
        assert list(layer.state_dict())[-2:] == ["parametrizations.weight.0._u", "parametrizations.weight.0._v"]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5)


def test_it_can_be_set_cached_copied_and_removed():
    layer = one(nn, symmetric)
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert isinstance(layer, nn.Linear) and repr(layer).startswith("ParametrizedLinear(\n  in_features=4")
    assert layer.weight is not layer.weight
    with parametrize.cached():
        assert layer.weight is layer.weight
    new = tg.tensor(np.arange(16, dtype=np.float32).reshape(4, 4))
    layer.weight = new + new.T
    assert (layer.weight.detach().numpy() == (new + new.T).numpy()).all()
    other = copy.deepcopy(layer)
    assert (other.weight.detach().numpy() == layer.weight.detach().numpy()).all()
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter)
    assert (layer.weight.detach().numpy() == other.weight.detach().numpy()).all()
    parametrize.remove_parametrizations(other, "weight", leave_parametrized=False)
    assert not other.weight.detach().numpy()[np.tril_indices(4, -1)].any()


def test_what_is_refused_is_said():
    class Row(nn.Module):
        def forward(self, w):
            return w[0]

    with pytest.raises(ShapeError, match="Row turns weight of shape"):
        parametrize.register_parametrization(nn.Linear(2, 3), "weight", Row())
    with pytest.raises(ConfigError, match="Linear has no parameter, buffer or parametrized 'weights'"):
        parametrize.register_parametrization(nn.Linear(2, 3), "weights", Row())
    with pytest.raises(ConfigError, match="Linear has no parametrized 'weight'"):
        parametrize.remove_parametrizations(nn.Linear(2, 3), "weight")
