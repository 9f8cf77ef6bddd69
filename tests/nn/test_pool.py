"""Pools against PyTorch's: layers, functions with their indices, transforms, and errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_function, same_layer, same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F

TIES = np.array([[[[1.0, 1, 0, 2], [1, 1, 2, 2], [3, 0, 5, 5], [3, 3, 5, 5]]]])
LAYERS = [
    (lambda nn: nn.MaxPool1d(2), x(2, 3, 8)),
    (lambda nn: nn.MaxPool1d(3, stride=2, padding=1, dilation=2), x(2, 3, 9)),
    (lambda nn: nn.MaxPool2d(2), x(2, 3, 6, 8)),
    (lambda nn: nn.MaxPool2d(2), x(2, 3, 5, 7)),
    (lambda nn: nn.MaxPool2d(2), TIES),
    (lambda nn: nn.MaxPool2d(3, 1, 1), TIES),
    (lambda nn: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), x(3, 6, 7)),
    (lambda nn: nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True), x(2, 3, 6, 8)),
    (lambda nn: nn.MaxPool2d(2, 2, 1, ceil_mode=True), x(2, 3, 5, 6)),
    (lambda nn: nn.MaxPool3d(2), x(2, 2, 4, 5, 4)),
    (lambda nn: nn.AvgPool1d(3, 2, 1), x(2, 3, 9)),
    (lambda nn: nn.AvgPool1d(2), x(3, 9)),
    (lambda nn: nn.AvgPool2d(2), x(2, 3, 6, 7)),
    (lambda nn: nn.AvgPool2d(3, stride=2, padding=1), x(2, 3, 6, 7)),
    (lambda nn: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False, ceil_mode=True), x(2, 3, 6, 8)),
    (lambda nn: nn.AvgPool2d((3, 2), stride=2, padding=1, ceil_mode=True), x(2, 3, 6, 8)),
    (lambda nn: nn.AvgPool2d(2, divisor_override=3), x(2, 3, 6, 7)),
    (lambda nn: nn.AvgPool3d(2, 1), x(2, 2, 3, 4, 3)),
    (lambda nn: nn.LPPool1d(2, 3), x(2, 3, 9)),
    (lambda nn: nn.LPPool2d(2, 2, stride=1), x(2, 3, 4, 5)),
    (lambda nn: nn.LPPool2d(3.0, (2, 3), ceil_mode=True), np.abs(x(2, 3, 5, 5))),
    (lambda nn: nn.AdaptiveAvgPool1d(3), x(2, 3, 7)),
    (lambda nn: nn.AdaptiveAvgPool2d(1), x(2, 3, 6, 7)),
    (lambda nn: nn.AdaptiveAvgPool2d((3, 7)), x(2, 3, 6, 7)),
    (lambda nn: nn.AdaptiveAvgPool2d((4, None)), x(2, 3, 6, 7)),
    (lambda nn: nn.AdaptiveAvgPool2d((5, 8)), x(3, 6, 7)),
    (lambda nn: nn.AdaptiveAvgPool3d((2, 3, 1)), x(2, 2, 5, 4, 3)),
    (lambda nn: nn.AdaptiveMaxPool1d(3), x(2, 3, 7)),
    (lambda nn: nn.AdaptiveMaxPool2d((3, None)), x(2, 3, 7, 5)),
    (lambda nn: nn.AdaptiveMaxPool2d(2), TIES),
    (lambda nn: nn.AdaptiveMaxPool3d(2), x(2, 2, 5, 4, 3)),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("make", "data"), LAYERS)
def test_values_gradients_and_print_are_pytorch_s(make, data):
    same_layer(make, data)


FUNCTIONS = [
    ("max_pool1d", (x(2, 3, 9), 3), {"stride": 2, "padding": 1, "return_indices": True}),
    ("max_pool2d", (x(2, 3, 6, 8), 2), {"return_indices": True}),
    ("max_pool2d", (TIES, 3), {"stride": 1, "padding": 1, "return_indices": True}),
    ("max_pool2d", (x(3, 6, 8), (3, 2)), {"dilation": (2, 1), "ceil_mode": True, "return_indices": True}),
    ("max_pool3d", (x(2, 3, 4, 4, 5), 2), {"return_indices": True}),
    ("avg_pool2d", (x(2, 3, 6, 8), 3), {"padding": 1}),
    ("lp_pool1d", (x(2, 3, 8), 2, 3), {}),
    ("adaptive_max_pool1d", (x(2, 3, 7), 3), {"return_indices": True}),
    ("adaptive_max_pool2d", (x(2, 3, 7, 6), (3, 4)), {"return_indices": True}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "inputs", "options"), FUNCTIONS)
def test_functions_and_indices_are_pytorch_s(name, inputs, options):
    same_function(name, inputs, options)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("pool", "unpool", "shape", "size"),
    [
        ("MaxPool1d", "MaxUnpool1d", (2, 3, 8), None),
        ("MaxPool2d", "MaxUnpool2d", (2, 3, 6, 8), None),
        ("MaxPool2d", "MaxUnpool2d", (2, 3, 7, 8), (7, 8)),
        ("MaxPool3d", "MaxUnpool3d", (2, 2, 4, 4, 6), None),
    ],
)
def test_unpooling_puts_back_what_pooling_took(pool, unpool, shape, size):
    import torch

    results = []
    for lib, data in (
        (tg, tg.tensor(x(*shape), requires_grad=True)),
        (torch, torch.tensor(x(*shape), requires_grad=True)),
    ):
        y, indices = getattr(lib.nn, pool)(2, return_indices=True)(data)
        layer = getattr(lib.nn, unpool)(2)
        z = layer(y, indices) if size is None else layer(y, indices, output_size=size)
        (z**3).sum().backward()
        results.append((repr(layer), z.detach().numpy(), data.grad.numpy()))
    assert results[0][0] == results[1][0]
    np.testing.assert_allclose(results[0][1], results[1][1])
    np.testing.assert_allclose(results[0][2], results[1][2])


VMAPPED = {
    "max_pool2d": (lambda a: F.max_pool2d(a, 3, 2, 1), x(2, 3, 6, 5)),
    "avg_pool2d": (lambda a: F.avg_pool2d(a, 2, 1, 1), x(2, 3, 6, 5)),
    "adaptive_avg_pool2d": (lambda a: F.adaptive_avg_pool2d(a, (3, 2)), x(2, 3, 7, 5)),
    "adaptive_max_pool1d": (lambda a: F.adaptive_max_pool1d(a, 3), x(2, 3, 7)),
}


@pytest.mark.parametrize("case", VMAPPED.values(), ids=list(VMAPPED))
def test_vmap_is_a_loop_without_the_loop(case):
    same_under_vmap(*case)


def test_infinities_outside_of_a_window_s_largest_don_t_spread():
    a = tg.tensor([[[-np.inf, 1.0, 2.0, -np.inf]]], requires_grad=True)
    y = F.max_pool1d(a, 2)
    y.backward(tg.tensor([[[np.inf, 1.0]]]))
    assert y.tolist() == [[[1, 2]]]
    assert a.grad.tolist() == [[[0, np.inf, 1, 0]]]


REFUSED = [
    (
        lambda: nn.MaxPool2d(3)(tg.zeros(2, 1, 2, 8)),
        ShapeError,
        "max_pool2d: an input of size (2, 8) is too small for even one window (kernel=(3, 3), padding=(0, 0)): the result would "
        "have size (0, 2).",
    ),
    (
        lambda: nn.MaxPool2d(2, padding=2)(tg.zeros(2, 1, 4, 8)),
        ConfigError,
        "max_pool2d: padding (2, 2) may be at most half of the kernel (2, 2).",
    ),
    (
        lambda: nn.AvgPool2d(2)(tg.zeros(4, 8)),
        ShapeError,
        "avg_pool2d: the input must have shape (N, C, H, W) or (C, H, W), it has (4, 8).",
    ),
    (
        lambda: nn.MaxPool2d(),
        ConfigError,
        "MaxPool2d: takes kernel_size, stride, padding, dilation, return_indices, ceil_mode; got nothing.",
    ),
    (
        lambda: nn.AdaptiveAvgPool2d((1, 2, 3))(tg.zeros(1, 1, 4, 4)),
        ConfigError,
        "adaptive_avg_pool2d: output_size is one number or 2, got (1, 2, 3).",
    ),
    (
        lambda: F.avg_pool2d(tg.zeros(1, 1, 4, 4), 2, divisor_override=0),
        ConfigError,
        "avg_pool2d: divisor_override must not be zero.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
