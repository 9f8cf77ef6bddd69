"""Normalization against PyTorch's: layers in training and evaluation, functions, transforms, and errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_function, same_layer, same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.nn import functional as F

LAYERS = [
    (lambda nn: nn.BatchNorm1d(3), x(5, 3)),
    (lambda nn: nn.BatchNorm1d(3), x(5, 3, 4)),
    (lambda nn: nn.BatchNorm1d(3, momentum=None), x(5, 3)),
    (lambda nn: nn.BatchNorm1d(3, 1e-3, 0.3, affine=False), x(5, 3)),
    (lambda nn: nn.BatchNorm2d(3), x(4, 3, 2, 5)),
    (lambda nn: nn.BatchNorm2d(3, track_running_stats=False), x(4, 3, 2, 5)),
    (lambda nn: nn.BatchNorm2d(3, bias=False), x(4, 3, 2, 5)),
    (lambda nn: nn.BatchNorm3d(2), x(2, 2, 2, 3, 2)),
    (lambda nn: nn.LayerNorm(5), x(4, 3, 5)),
    (lambda nn: nn.LayerNorm((3, 5), eps=1e-3), x(4, 3, 5)),
    (lambda nn: nn.LayerNorm(5, bias=False), x(4, 5)),
    (lambda nn: nn.LayerNorm(5, elementwise_affine=False), x(5)),
    (lambda nn: nn.RMSNorm(5), x(4, 3, 5)),
    (lambda nn: nn.RMSNorm([3, 5], eps=1e-4, elementwise_affine=False), x(4, 3, 5)),
    (lambda nn: nn.GroupNorm(2, 6), x(4, 6, 5)),
    (lambda nn: nn.GroupNorm(6, 6, affine=False), x(4, 6, 2, 3)),
    (lambda nn: nn.GroupNorm(1, 6), x(4, 6)),
    (lambda nn: nn.InstanceNorm1d(3), x(2, 3, 5)),
    (lambda nn: nn.InstanceNorm1d(3), x(3, 5)),
    (lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), x(2, 3, 4, 5)),
    (lambda nn: nn.InstanceNorm3d(2, affine=True), x(2, 2, 2, 3, 2)),
    (lambda nn: nn.LocalResponseNorm(3), x(2, 5, 4)),
    (lambda nn: nn.LocalResponseNorm(2, 0.1, 0.5, 2.0), x(2, 5, 4, 3)),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("make", "data"), LAYERS)
def test_values_gradients_and_buffers_are_pytorch_s(make, data):
    same_layer(make, data, times=3)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("make", "data"),
    [(make, data) for make, data in LAYERS if "running" in repr(make(nn)) or "Batch" in repr(make(nn))],
)
def test_evaluation_uses_what_training_saw(make, data):
    import torch

    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 1e-5)):
        ours, theirs = make(nn).to(dtype), make(torch.nn).to(getattr(torch, np.dtype(dtype).name))
        for k in range(3):
            ours(tg.tensor((data * (k + 1) + k).astype(dtype)))
            theirs(torch.tensor((data * (k + 1) + k).astype(dtype)))
        ours.eval(), theirs.eval()
        a, b = tg.tensor(data.astype(dtype), requires_grad=True), torch.tensor(data.astype(dtype), requires_grad=True)
        y, z = ours(a), theirs(b)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=tolerance, atol=tolerance)
        (y**2).sum().backward(), (z**2).sum().backward()
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=10 * tolerance, atol=10 * tolerance)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=10 * tolerance, atol=10 * tolerance)


FUNCTIONS = [
    ("layer_norm", (x(4, 3, 5), (5,), x(5), x(5, seed=1)), {"eps": 1e-3}),
    ("layer_norm", (x(4, 3, 5), (3, 5), None, x(3, 5)), {}),
    ("rms_norm", (x(4, 3, 5), (5,), x(5)), {}),
    ("group_norm", (x(4, 6, 3), 3, x(6), x(6, seed=1)), {}),
    ("batch_norm", (x(4, 3), None, None, x(3), x(3, seed=1)), {"training": True}),
    ("instance_norm", (x(4, 3, 5),), {}),
    ("local_response_norm", (x(4, 3, 5), 2), {}),
    ("normalize", (x(4, 3, 5),), {}),
    ("normalize", (x(4, 3, 5),), {"p": 1.0, "dim": -1}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "inputs", "options"), FUNCTIONS)
def test_functions_are_pytorch_s(name, inputs, options):
    same_function(name, inputs, options)


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
