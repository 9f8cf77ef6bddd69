"""First values are PyTorch's from the same seed."""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError

SHAPES = [(7, 5), (1, 1), (64, 100), (4, 3, 5, 5)]
CALLS = {
    "uniform_": [(), (-0.3, 0.7), (2.0, 2.0)],
    "normal_": [(), (1.0, 0.02)],
    "zeros_": [()],
    "ones_": [()],
    "constant_": [(2.5,)],
    "xavier_uniform_": [(), (5 / 3,)],
    "xavier_normal_": [(), (5 / 3,)],
    "kaiming_uniform_": [(), (math.sqrt(5),), (0, "fan_out"), (0, "fan_in", "relu"), (0, "fan_in", "tanh")],
    "kaiming_normal_": [(), (0.2, "fan_out", "leaky_relu")],
}


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_values_are_pytorch_s_from_the_same_seed(name, dtype):
    import torch

    for shape in SHAPES:
        for seed, args in enumerate(CALLS[name]):
            tg.manual_seed(seed)
            torch.manual_seed(seed)
            ours = nn.Parameter(tg.zeros(*shape, dtype=dtype))
            theirs = torch.nn.Parameter(torch.zeros(*shape, dtype=getattr(torch, dtype)))
            before = ours._version
            assert getattr(nn.init, name)(ours, *args) is ours
            getattr(torch.nn.init, name)(theirs, *args)
            assert ours._version == before + 1  # a graph that saved the old values notices
            if "normal" in name:
                np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=2e-6, atol=5e-7)
            else:
                assert (ours.detach().numpy() == theirs.detach().numpy()).all()
            assert tg.rand(1).item() == torch.rand(1).item()  # and the streams are at the same place


SHAPED = {
    "eye_": [((4, 3), ()), ((2, 5), ())],
    "dirac_": [((4, 3, 3), ()), ((4, 2, 3, 4), (2,)), ((3, 5, 2, 3, 3), ())],
    "orthogonal_": [((5, 3), ()), ((3, 7), (2.0,)), ((6, 2, 3), ())],
    "sparse_": [((10, 4), (0.3,)), ((6, 30), (0.55, 0.1))],
    "trunc_normal_": [
        ((7, 5), ()),
        ((20, 20), (0.0, 0.02)),
        ((20, 20), (1.0, 2.0, 0.5, 1.5)),
        ((64, 5), (0.0, 1.0, 1.9, 3.0)),
    ],
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", SHAPED)
def test_structured_values_are_pytorch_s_from_the_same_seed(name):
    import torch

    for dtype in ("float32", "float64"):
        for shape, args in SHAPED[name]:
            tg.manual_seed(2)
            torch.manual_seed(2)
            ours, theirs = tg.zeros(*shape, dtype=dtype), torch.zeros(*shape, dtype=getattr(torch, dtype))
            before = ours._version
            assert getattr(nn.init, name)(ours, *args) is ours
            getattr(torch.nn.init, name)(theirs, *args)
            assert ours._version > before
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=3e-6 if dtype == "float32" else 1e-12)
            assert tg.rand(1).item() == torch.rand(1).item()


@pytest.mark.oracle
def test_the_old_names_warn_as_pytorch_s_do():
    import torch

    old = "uniform normal constant eye dirac xavier_uniform xavier_normal kaiming_uniform kaiming_normal orthogonal sparse"
    for name in old.split():
        args = {"constant": (0.5,), "sparse": (0.1,)}.get(name, ())
        shape = (2, 3, 3) if name == "dirac" else (4, 3)
        messages = []
        for lib in (tg, torch):
            lib.manual_seed(1)
            with pytest.warns(FutureWarning) as caught:
                values = getattr(lib.nn.init, name)(lib.zeros(*shape), *args)
            messages.append((str(caught[0].message), caught[0].filename))
            assert values.abs().sum() > 0
        assert messages[0] == messages[1]


@pytest.mark.oracle
def test_gains_are_pytorch_s():
    import torch

    for name in nn.init._GAINS:
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


def test_the_variance_is_the_one_that_was_asked_for():
    tg.manual_seed(1)
    for fill, variance in (
        (nn.init.xavier_uniform_, 2 / 700),
        (nn.init.xavier_normal_, 2 / 700),
        (nn.init.kaiming_uniform_, 2 / 500),
        (nn.init.kaiming_normal_, 2 / 500),
    ):
        values = fill(tg.zeros(200, 500)).numpy()
        assert values.var() == pytest.approx(variance, rel=0.02)
        assert abs(values.mean()) < 1e-3


def test_a_generator_of_its_own_leaves_the_default_one_alone():
    tg.manual_seed(1)
    expected = tg.rand(1).item()
    tg.manual_seed(1)
    first = nn.init.xavier_uniform_(tg.zeros(2, 2), generator=tg.Generator().manual_seed(5)).tolist()
    assert nn.init.xavier_uniform_(tg.zeros(2, 2), generator=tg.Generator().manual_seed(5)).tolist() == first
    assert tg.rand(1).item() == expected


REFUSED = [
    (
        lambda: nn.init.xavier_uniform_(tg.zeros(3)),
        ShapeError,
        "xavier_uniform_: a weight has at least two axes (out, in), this tensor has shape (3,).",
    ),
    (
        lambda: nn.init.kaiming_normal_(tg.zeros(3, 0)),
        ShapeError,
        "kaiming_normal_: fan_in of a weight of shape (3, 0) is zero, so there is no scale for it.",
    ),
    (
        lambda: nn.init.kaiming_normal_(tg.zeros(3, 2), mode="fan"),
        ConfigError,
        'kaiming_normal_: mode is "fan_in" or "fan_out", not \'fan\'.',
    ),
    (
        lambda: nn.init.calculate_gain("swish"),
        ConfigError,
        "init: unknown nonlinearity 'swish'; known are linear, conv1d, conv2d, conv3d, conv_transpose1d, "
        "conv_transpose2d, conv_transpose3d, sigmoid, tanh, relu, leaky_relu, selu.",
    ),
    (
        lambda: nn.init.uniform_(tg.zeros(2), 1, 0),
        ConfigError,
        "uniform_: needs finite low <= high, got low=1 and high=0.",
    ),
    (
        lambda: nn.init.normal_(tg.zeros(2), 0, -1),
        ConfigError,
        "normal_: the standard deviation must not be negative, got std=-1.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
