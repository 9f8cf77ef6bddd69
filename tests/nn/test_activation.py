"""Activations and dropout against PyTorch's: every module, at kinks too, from the same seed."""

import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn import functional as F

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
