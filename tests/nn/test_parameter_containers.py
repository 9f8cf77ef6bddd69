"""ParameterList and ParameterDict: their parameters are found, counted, saved and printed as PyTorch's."""

from __future__ import annotations

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, UnsupportedError


def model(lib):
    class Model(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = lib.nn.ParameterList([lib.nn.Parameter(lib.ones(2, 3)), lib.zeros(4)])
            self.named = lib.nn.ParameterDict({"scale": lib.nn.Parameter(lib.tensor(1.0)), "shift": lib.zeros(2)})
            self.one, self.none = lib.nn.ParameterList([lib.ones(1)]), lib.nn.ParameterList()

    return Model()


@pytest.mark.oracle
def test_names_and_print_are_pytorch_s():
    torch = pytest.importorskip("torch")
    ours, theirs = model(tg), model(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs).replace("torch.float32", "float32")


def test_a_parameter_list_is_a_list():
    layers = nn.ParameterList([tg.zeros(1)])
    layers += [tg.zeros(2)]
    layers.append(nn.Parameter(tg.zeros(3))).extend([tg.zeros(4)])
    assert [tuple(p.shape) for p in layers] == [(1,), (2,), (3,), (4,)] and len(layers) == 4
    assert all(isinstance(p, nn.Parameter) for p in layers)
    layers[0] = tg.zeros(5)
    assert layers[0].shape == (5,) and layers[-1] is layers[3]
    assert [tuple(p.shape) for p in layers[1:3]] == [(2,), (3,)] and layers[1:3][0] is layers[1]
    with pytest.raises(IndexError, match="index 4 is out of range, there are 4 parameters"):
        layers[4]
    with pytest.raises(UnsupportedError, match="expected a Parameter or a Tensor, not str"):
        layers.append("weight")


def test_a_parameter_dict_is_a_dict():
    named = nn.ParameterDict([("a", tg.zeros(1)), ("b", tg.zeros(2))])
    named.update({"c": tg.zeros(3)})
    named["a"] = tg.zeros(4)
    assert list(named) == list(named.keys()) == ["a", "b", "c"] and "b" in named and "z" not in named
    assert [tuple(p.shape) for p in named.values()] == [(4,), (2,), (3,)]
    assert named.pop("c").shape == (3,) and [key for key, _ in named.items()] == ["a", "b"]
    with pytest.raises(ConfigError, match="ParameterDict has an attribute 'keys' already"):
        named["keys"] = tg.zeros(1)


def test_what_is_marked_on_a_parameter_stays():
    weight = nn.Linear(2, 2).weight
    weight.no_decay = True
    assert weight.no_decay


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm2d(3), nn.GroupNorm(3, 3), nn.InstanceNorm2d(3, affine=True), nn.LayerNorm(4)]
)
def test_a_normalized_result_may_be_written_to(norm):
    # As a residual block does: out = bn(conv(x)); out += x.
    x = tg.randn(2, 3, 4, 4, requires_grad=True)
    plain = tg.autograd.grad((norm(x) + x).square().sum(), [x, *norm.parameters()])
    y = norm(x)
    y += x
    for ours, wanted in zip(tg.autograd.grad(y.square().sum(), [x, *norm.parameters()]), plain, strict=True):
        assert tg.allclose(ours, wanted, atol=1e-4)
