"""Pools against PyTorch's: layers, functions with their indices, transforms, and errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F

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
