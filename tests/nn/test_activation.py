"""Activations and dropout against PyTorch's: every module, at kinks too, from the same seed."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_function, same_layer, same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn import functional as F

WIDE = np.linspace(-7, 7, 29).reshape(1, 29)  # with every kink in it
LAYERS = [
    *(
        (lambda nn, name=name: getattr(nn, name)(), WIDE)
        for name in [
            "ReLU",
            "ReLU6",
            "LeakyReLU",
            "ELU",
            "CELU",
            "SELU",
            "Tanh",
            "Hardtanh",
            "Tanhshrink",
            "Softsign",
            "Sigmoid",
            "LogSigmoid",
            "Hardsigmoid",
            "Hardswish",
            "Softplus",
            "SiLU",
            "Mish",
            "GELU",
            "Hardshrink",
            "Softshrink",
            "PReLU",
        ]
    ),
    (lambda nn: nn.CELU(0.5), WIDE),
    (lambda nn: nn.Hardtanh(-2.0, 3.0, True), x(4, 3)),
    (lambda nn: nn.Threshold(0.5, 20.0), WIDE),
    (lambda nn: nn.Threshold(0.5, 20, inplace=True).eval(), x(3)),
    (lambda nn: nn.Hardshrink(1.0), WIDE),
    (lambda nn: nn.Softshrink(2), WIDE),
    (lambda nn: nn.GLU(), x(4, 6)),
    (lambda nn: nn.GLU(0), x(4, 6)),
    (lambda nn: nn.Softmin(dim=1), x(4, 6)),
    (lambda nn: nn.Softmax2d(), x(2, 4, 3, 2)),
    (lambda nn: nn.PReLU(3), x(2, 3, 4)),
    (lambda nn: nn.PReLU(init=0.1), x(5)),
    (lambda nn: nn.RReLU(), x(4, 6)),
    (lambda nn: nn.RReLU(0.1, 0.4).eval(), x(4, 6)),
    (lambda nn: nn.Dropout1d(0.4), x(4, 5, 3)),
    (lambda nn: nn.Dropout1d(), x(5, 3)),
    (lambda nn: nn.Dropout2d(0.4), x(4, 5, 3, 2)),
    (lambda nn: nn.Dropout3d(0.4), x(2, 5, 3, 2, 2)),
    (lambda nn: nn.AlphaDropout(0.3), x(6, 5)),
    (lambda nn: nn.AlphaDropout(1.0), x(6, 5)),
    (lambda nn: nn.AlphaDropout(0.3).eval(), x(6, 5)),
    (lambda nn: nn.FeatureAlphaDropout(0.3), x(3, 5, 4)),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("make", "data"), LAYERS, ids=[repr(make(nn)) for make, _ in LAYERS])
def test_values_gradients_and_print_are_pytorch_s_from_the_same_seed(make, data):
    if "inplace=True" in repr(make(nn)):  # PyTorch refuses to write into a leaf: only print and values
        import torch

        assert repr(make(nn)) == repr(make(torch.nn))
        got, want = make(nn)(tg.tensor(data)), make(torch.nn)(torch.tensor(data.copy()))
        np.testing.assert_allclose(got.numpy(), want.numpy())
        return
    # Its float64 gradient is PyTorch's 1/6 in float32.
    same_layer(make, data, times=2, least=1e-7 if repr(make(nn)) == "Hardsigmoid()" else 0.0)


FUNCTIONS = [
    ("prelu", (x(2, 3, 4), x(3)), {}),
    ("prelu", (x(5), x(1)), {}),
    ("glu", (x(3, 4),), {"dim": 1}),
    ("threshold", (x(3, 4), 0.1, -2.0), {}),
    ("rrelu", (x(3, 4),), {}),
    ("logsigmoid", (x(3, 4) * 300,), {}),
    ("softmin", (x(3, 4),), {"dim": 0}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "inputs", "options"), FUNCTIONS)
def test_functions_are_pytorch_s(name, inputs, options):
    same_function(name, inputs, options)


@pytest.mark.oracle
def test_a_gumbel_sample_is_pytorch_s_and_hard_ones_pass_the_soft_gradient():
    import torch

    for hard in (False, True):
        tg.manual_seed(5), torch.manual_seed(5)
        a, b = tg.tensor(x(4, 3), requires_grad=True), torch.tensor(x(4, 3), requires_grad=True)
        y = F.gumbel_softmax(a, tau=0.7, hard=hard)
        z = torch.nn.functional.gumbel_softmax(b, tau=0.7, hard=hard)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), atol=1e-6)
        (y**2).sum().backward(), (z**2).sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-6)


VMAPPED = {
    "mish": (F.mish, x(3, 4)),
    "glu": (F.glu, x(3, 4)),
    "prelu": (F.prelu, x(2, 3, 4), x(3)),
    "hardswish": (F.hardswish, x(3, 4)),
    "softshrink": (F.softshrink, x(3, 4)),
}


@pytest.mark.parametrize("case", VMAPPED.values(), ids=list(VMAPPED))
def test_vmap_is_a_loop_without_the_loop(case):
    same_under_vmap(*case)


def test_dropping_channels_drops_all_of_a_channel():
    tg.manual_seed(0)
    y = nn.Dropout2d(0.5)(tg.ones(8, 6, 3, 3)).numpy().reshape(8, 6, 9)
    assert ((y == 0).all(2) | (y == 2).all(2)).all()
    assert 0 < (y == 0).mean() < 1


REFUSED = [
    (lambda: F.glu(tg.zeros(3, 5)), ShapeError, "glu: axis -1 of the input of shape (3, 5) can't be halved."),
    (
        lambda: nn.PReLU(4)(tg.zeros(2, 3)),
        ShapeError,
        "prelu: the weight of shape (4,) is one number, or one for each of 3 channels.",
    ),
    (lambda: nn.Threshold(1.0), ConfigError, "Threshold: takes threshold, value, inplace; got 1.0."),
    (lambda: nn.RReLU(0.5, 0.1)(tg.zeros(2)), ConfigError, "rrelu: needs lower <= upper, got 0.5 and 0.1."),
    (lambda: nn.CELU(0)(tg.zeros(2)), ConfigError, "celu: alpha must not be zero."),
    (
        lambda: tg.vmap(nn.RReLU())(tg.zeros(2, 3)),
        LevelError,
        "rrelu: inside vmap it can't draw, for how many numbers depends on the values.",
    ),
    (
        lambda: nn.Dropout1d()(tg.zeros(3)),
        ShapeError,
        "dropout1d: the input must have shape (N, C, *grid) with 1 axes of a grid, it has (3,).",
    ),
    (
        lambda: nn.AlphaDropout(2),
        ConfigError,
        "AlphaDropout: p is the probability of dropping, between 0 and 1, not 2.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
