"""Convolutions against PyTorch's: layers from the same seed, functions, transforms, large inputs in parts, and errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops import conv


@pytest.mark.oracle
def test_a_transposed_convolution_has_the_size_it_is_told():
    import torch

    for size in ((8, 10), (9, 11)):
        tg.manual_seed(1), torch.manual_seed(1)
        ours, theirs = nn.ConvTranspose2d(2, 3, 4, 2, 1), torch.nn.ConvTranspose2d(2, 3, 4, 2, 1)
        data = x(1, 2, 4, 5).astype(np.float32)
        y, z = ours(tg.tensor(data), output_size=size), theirs(torch.tensor(data), output_size=size)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), atol=1e-6)


def test_large_inputs_go_through_in_parts_and_come_out_the_same(monkeypatch):
    images, weight, bias = tg.tensor(x(7, 2, 6, 5)), tg.tensor(x(4, 1, 3, 3)), tg.tensor(x(4))

    def results():
        leaves = [t.clone().requires_grad_() for t in (images, weight, bias)]
        y = F.conv2d(*leaves, padding=1, groups=2)
        (y**2).sum().backward()
        return [y.detach(), *(leaf.grad for leaf in leaves)]

    whole = results()
    monkeypatch.setattr(conv, "_BYTES", 4000)
    for a, b in zip(whole, results(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)


VMAPPED = {
    "conv1d": (lambda a, w: F.conv1d(a, w, padding=1), x(2, 3, 8), x(4, 3, 3)),
    "conv2d": (lambda a, w: F.conv2d(a, w, stride=2, groups=2), x(2, 4, 6, 5), x(4, 2, 3, 2)),
    "conv2d, unbatched": (F.conv2d, x(4, 6, 5), x(2, 4, 3, 2), x(2)),
    "conv_transpose2d": (lambda a, w: F.conv_transpose2d(a, w, stride=2), x(2, 3, 4, 3), x(3, 2, 3, 2)),
    "unfold": (lambda a: F.unfold(a, 2), x(2, 2, 4, 3)),
}


@pytest.mark.parametrize("case", VMAPPED.values(), ids=list(VMAPPED))
def test_vmap_is_a_loop_without_the_loop(case):
    same_under_vmap(*case)


def test_per_example_gradients_of_a_network_of_convolutions():
    tg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)).double()
    images, labels = tg.tensor(x(4, 1, 6, 6)), tg.tensor([0, 2, 1, 1])
    names, values = zip(*model.named_parameters(), strict=True)

    def loss(values, image, label):
        y = tg.func.functional_call(model, dict(zip(names, values, strict=True)), (image[None],))
        return F.cross_entropy(y, label[None])

    each = tg.vmap(tg.func.grad(loss), in_dims=(None, 0, 0))([v.detach() for v in values], images, labels)
    for i in range(4):
        alone = tg.func.grad(loss)([v.detach() for v in values], images[i], labels[i])
        for a, b in zip(each, alone, strict=True):
            np.testing.assert_allclose(a.numpy()[i], b.numpy(), atol=1e-12)


def test_lazy_layers_take_their_channels_from_the_first_input():
    for lazy, kind, data in (
        (nn.LazyConv2d(4, 3, 1, 1), nn.Conv2d, x(2, 3, 5, 5)),
        (nn.LazyConv1d(4, 3, bias=False), nn.Conv1d, x(2, 3, 5)),
        (nn.LazyConvTranspose2d(4, 3), nn.ConvTranspose2d, x(2, 3, 5, 5)),
        (nn.LazyLinear(4), nn.Linear, x(2, 3)),
        (nn.LazyBatchNorm2d(), nn.BatchNorm2d, x(2, 3, 5, 5)),
        (nn.LazyBatchNorm1d(affine=False), nn.BatchNorm1d, x(2, 3)),
    ):
        before = list(lazy.parameters())
        lazy(tg.tensor(data.astype(np.float32)))
        assert type(lazy) is kind
        assert all(a is b for a, b in zip(before, lazy.parameters(), strict=True))
        assert lazy(tg.tensor(data.astype(np.float32))).dtype == np.float32


@pytest.mark.oracle
def test_lazy_layers_draw_what_pytorch_s_draw():
    import torch

    for make, shape in (
        (lambda nn: nn.LazyConv2d(4, 3), (2, 3, 5, 5)),
        (lambda nn: nn.LazyConvTranspose2d(4, 3, groups=2), (2, 6, 5, 5)),
        (lambda nn: nn.LazyLinear(4), (2, 3)),
    ):
        tg.manual_seed(3), torch.manual_seed(3)
        ours, theirs = make(nn), make(torch.nn)
        assert repr(ours) == repr(theirs)
        ours(tg.zeros(*shape)), theirs(torch.zeros(*shape))
        assert repr(ours) == repr(theirs)
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert (a.detach().numpy() == b.detach().numpy()).all()


REFUSED = [
    (
        lambda: nn.Conv2d(3, 4, 3)(tg.zeros(2, 1, 5, 5)),
        ShapeError,
        "conv2d: the input of shape (2, 1, 5, 5) has 1 channels, the weight of shape (4, 3, 3, 3) takes 3.",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3)(tg.zeros(2, 5)),
        ShapeError,
        "conv2d: the input must have shape (N, C, H, W) or (C, H, W), it has (2, 5).",
    ),
    (
        lambda: nn.Conv2d(3, 4, 7)(tg.zeros(2, 3, 5, 8)),
        ShapeError,
        "conv2d: an input of size (5, 8) is too small for even one window (kernel=(7, 7), padding=(0, 0), "
        "dilation=(1, 1)): the result would have size (-1, 2).",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3, groups=2),
        ConfigError,
        "Conv2d: groups=2 must divide in_channels=3 and out_channels=4.",
    ),
    (
        lambda: nn.Conv2d(3, 4, 0),
        ConfigError,
        "Conv2d: kernel_size is an integer above zero, or 2 of them, one for each axis; got 0.",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"),
        ConfigError,
        'Conv2d: padding="same" needs stride 1, got (2, 2).',
    ),
    (
        lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"),
        ConfigError,
        "Conv2d: padding_mode is zeros, reflect, replicate, circular, not 'mirror'.",
    ),
    (
        lambda: F.conv2d(tg.zeros(1, 3, 5, 5), tg.zeros(4, 3, 3, 3), tg.zeros(3)),
        ShapeError,
        "conv2d: the bias has shape (3,); there are 4 channels, so (4,).",
    ),
    (
        lambda: nn.ConvTranspose2d(3, 4, 3, output_padding=1)(tg.zeros(1, 3, 5, 5)),
        ConfigError,
        "conv_transpose2d: output_padding (1, 1) must be smaller than the stride (1, 1) or the dilation (1, 1).",
    ),
    (
        lambda: nn.ConvTranspose2d(3, 4, 3, 2)(tg.zeros(1, 3, 5, 5), output_size=(20, 20)),
        ShapeError,
        "ConvTranspose2d: an input of shape (1, 3, 5, 5) gives sizes from (11, 11) to (12, 12), not (20, 20).",
    ),
    (
        lambda: F.fold(tg.zeros(1, 8, 5), 3, 2),
        ShapeError,
        "fold: the input must have shape (N, C · 4, 4) for output_size (3, 3); it has (1, 8, 5).",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
