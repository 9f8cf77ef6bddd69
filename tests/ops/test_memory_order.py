"""In which order the axes of a result lie in memory is PyTorch's: a dropout draws its mask in that order."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.ops.layout import channels_last

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
V = np.random.default_rng(0).normal(size=(2, 4, 6, 8)).astype(np.float32)

LYING = {
    "as it is": lambda x: x,
    "channels last": lambda x: x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2),
    "columns first": lambda x: x.transpose(2, 3).contiguous().transpose(2, 3),
    "heads second": lambda x: x.transpose(1, 2).contiguous().transpose(1, 2),
}
EVERY = {
    "conv2d": lambda T, F, x: F.conv2d(x, T.ones(5, 4, 3, 3), T.ones(5), padding=1),
    "conv2d 1×1": lambda T, F, x: F.conv2d(x, T.ones(5, 4, 1, 1)),
    "conv_transpose2d": lambda T, F, x: F.conv_transpose2d(x, T.ones(4, 5, 2, 2), stride=2),
    "max_pool2d": lambda T, F, x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda T, F, x: F.avg_pool2d(x, 2),
    "batch_norm": lambda T, F, x: F.batch_norm(x, T.zeros(4), T.ones(4), training=True),
    "batch_norm in evaluation": lambda T, F, x: F.batch_norm(x, T.zeros(4), T.ones(4)),
    "group_norm": lambda T, F, x: F.group_norm(x, 2),
    "instance_norm": lambda T, F, x: F.instance_norm(x),
    "layer_norm": lambda T, F, x: F.layer_norm(x, (8,)),
    "nearest": lambda T, F, x: F.interpolate(x, scale_factor=2),
    "bilinear": lambda T, F, x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    "bicubic": lambda T, F, x: F.interpolate(x, scale_factor=2, mode="bicubic"),
    "softmax": lambda T, F, x: F.softmax(x, -1),
    "softmax of channels": lambda T, F, x: F.softmax(x, 1),
    "log_softmax": lambda T, F, x: F.log_softmax(x, -1),
    "linear": lambda T, F, x: F.linear(x, T.ones(5, 8), T.ones(5)),
    "matmul": lambda T, F, x: x @ T.ones(8, 5),
    "matmul of heads": lambda T, F, x: x @ x.transpose(-1, -2),
    "cat": lambda T, F, x: T.cat([x, x], 1),
    "cat with another": lambda T, F, x: T.cat([x, T.ones(2, 4, 6, 8)], 1),
    "cat of the last": lambda T, F, x: T.cat([x, x], -1),
    "relu": lambda T, F, x: F.relu(x),
    "silu": lambda T, F, x: F.silu(x),
    "add a number": lambda T, F, x: x + 1,
    "add a bias": lambda T, F, x: x + T.ones(8),
    "repeat": lambda T, F, x: x.repeat(2, 2, 1, 1),
    "clone": lambda T, F, x: x.clone(),
    "dropout": lambda T, F, x: F.dropout(x, 0.3),
    "inner": lambda T, F, x: T.inner(x, T.ones(5, 8)),
    "tensordot": lambda T, F, x: T.tensordot(x, T.ones(4, 5), ([1], [0])),
}
EVERY |= {
    f"einsum {subscripts}": lambda T, F, x, s=subscripts, shape=shape: T.einsum(s, x, *([T.ones(*shape)] if shape else [x]))
    for subscripts, shape in {
        "bhid,bhjd->bhij": None, "bhid,bhjd->bhji": None, "nqhd,nkhd->nhqk": None, "bchw,co->bohw": (4, 5),
        "bchw,co->bhwo": (4, 5), "bchw,oc->bohw": (5, 4), "bhij,jk->bhik": (8, 5), "bhij,jk->khbi": (8, 5),
        "bchw,c->bchw": (4,), "bchw,w->bch": (8,), "bchw,bchw->bc": None, "bhij,bhjd->bihd": (2, 4, 8, 3),
    }.items()
}  # fmt: skip
OF_PLAIN = {  # where only an argument in the order of its axes is PyTorch's case
    "index_select": lambda T, F, x: x.index_select(1, T.tensor([0, 2])),
    "x[:, i]": lambda T, F, x: x[:, T.tensor([0, 1])],
    "x[..., i]": lambda T, F, x: x[..., T.tensor([0, 1])],
    "x[:, i, j]": lambda T, F, x: x[:, T.tensor([0, 1]), T.tensor([0, 1])],
    "stack": lambda T, F, x: T.stack([x, x], 1),
    "roll": lambda T, F, x: x.roll(1, 1),
    "cumsum": lambda T, F, x: x.cumsum(1),
}


def order(y):
    """The axes longer than 1, from the outermost in memory to the innermost."""
    return sorted((axis for axis in range(y.ndim) if y.shape[axis] > 1), key=lambda axis: -y.stride()[axis])


def agree(call, lie):
    ours, theirs = (call(T, T.nn.functional, lie(T.tensor(V))) for T in (tg, torch))
    assert order(ours) == order(theirs)
    np.testing.assert_allclose(ours.shape, tuple(theirs.shape))


@pytest.mark.parametrize("how", LYING)
@pytest.mark.parametrize("name", EVERY)
def test_a_result_lies_as_pytorch_s(name, how):
    agree(EVERY[name], LYING[how])


@pytest.mark.parametrize("name", OF_PLAIN)
def test_a_result_of_what_lies_in_order(name):
    agree(OF_PLAIN[name], LYING["as it is"])


@pytest.mark.parametrize(
    "shape",
    [(2, 3, 4, 5), (1, 3, 4, 5), (2, 1, 4, 5), (2, 3, 1, 5), (2, 3, 4, 1), (2, 3, 1, 1), (1, 1, 1, 1), (1, 3, 1, 1)],
)
@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (0, 2, 3, 1), (2, 0, 1, 3), (1, 2, 0, 3)])
def test_channels_last_is_what_pytorch_takes_for_it(shape, axes):
    x = torch.zeros(*shape).permute(*axes)
    ours = np.lib.stride_tricks.as_strided(np.zeros(x.numel(), np.float32), tuple(x.shape), [4 * s for s in x.stride()])
    laid = torch.nn.functional.interpolate(x, scale_factor=2)  # all axes of its grid are longer than 1
    if x.shape[1] > 1:
        assert channels_last(ours) == laid.is_contiguous(memory_format=torch.channels_last)
    else:
        assert not channels_last(ours) or not x.is_contiguous()


def test_a_mask_after_such_a_result_is_pytorch_s():
    found = []
    for T in (tg, torch):
        T.manual_seed(4)
        x = T.tensor(V)
        h = T.nn.functional.conv2d(LYING["channels last"](x), T.ones(5, 4, 3, 3))
        attention = T.einsum("bhij,bhkj->bhki", x, x)
        parts = [h, T.nn.functional.interpolate(x, scale_factor=2), attention]
        found.append([T.nn.functional.dropout(part, 0.5).numpy() == 0 for part in parts])
    for ours, theirs in zip(*found, strict=True):
        assert (ours == theirs).all()
