"""Normalization against PyTorch's: layers in training and evaluation, functions, transforms, and errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn import functional as F

VMAPPED = {
    "layer_norm": (lambda a, w, b: F.layer_norm(a, (5,), w, b), x(4, 5), x(5), x(5, seed=1)),
    "batch_norm": (lambda a, w: F.batch_norm(a, None, None, w, training=True), x(4, 3), x(3)),
    "group_norm": (lambda a: F.group_norm(a, 2), x(4, 6, 2)),
    "local_response_norm": (lambda a: F.local_response_norm(a, 3), x(2, 4, 3)),
}


@pytest.mark.parametrize("case", VMAPPED.values(), ids=list(VMAPPED))
def test_vmap_is_a_loop_without_the_loop(case):
    same_under_vmap(*case)


def test_running_statistics_move_outside_of_the_graph_also_under_a_transform():
    layer = nn.BatchNorm1d(3).double()
    data = tg.tensor(x(5, 3))
    tg.func.jvp(layer, (data,), (data,))
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x(5, 3).mean(0))
    assert layer.num_batches_tracked.item() == 1
    with pytest.raises(LevelError, match="each example would write its own running statistics"):
        tg.vmap(layer)(tg.tensor(x(2, 5, 3)))


REFUSED = [
    (
        lambda: nn.BatchNorm2d(3)(tg.zeros(2, 3)),
        ShapeError,
        "BatchNorm2d: the input must have 4 axes, its shape is (2, 3).",
    ),
    (
        lambda: nn.BatchNorm1d(3)(tg.zeros(2, 4)),
        ShapeError,
        "batch_norm: the input of shape (2, 4) has 4 channels, but running_mean has shape (3,).",
    ),
    (
        lambda: nn.BatchNorm1d(3)(tg.zeros(1, 3)),
        ShapeError,
        "batch_norm: needs more than one value for each channel in training, the input has shape (1, 3). Use a larger batch, or "
        "eval().",
    ),
    (
        lambda: nn.LayerNorm(5)(tg.zeros(2, 4)),
        ShapeError,
        "layer_norm: normalized_shape (5,) must be the end of the input's shape, which is (2, 4).",
    ),
    (lambda: nn.GroupNorm(4, 6), ConfigError, "GroupNorm: num_groups=4 must divide num_channels=6."),
    (
        lambda: nn.InstanceNorm1d(3)(tg.zeros(2, 3, 1)),
        ShapeError,
        "instance_norm: needs more than one value in each channel, the input has shape (2, 3, 1).",
    ),
    (
        lambda: F.batch_norm(tg.zeros(2, 3)),
        ConfigError,
        "batch_norm: outside of training it needs running_mean and running_var.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
