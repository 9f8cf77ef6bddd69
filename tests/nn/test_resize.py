"""Borders, other sizes, pixels and channels, and layers of two inputs, against PyTorch's."""

import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F

VMAPPED = {
    "pad": (lambda a: F.pad(a, (1, 2, 0, 1), "reflect"), x(2, 3, 4)),
    "interpolate": (lambda a: F.interpolate(a, 7, mode="linear"), x(2, 3, 4)),
    "nearest": (lambda a: F.interpolate(a, 7), x(2, 3, 4)),
    "pixel_shuffle": (lambda a: F.pixel_shuffle(a, 2), x(4, 3, 4)),
    "bilinear": (F.bilinear, x(4, 3), x(4, 2), x(2, 3, 2)),
    "cosine_similarity": (F.cosine_similarity, x(4, 3), x(4, 3, seed=2)),
}


@pytest.mark.parametrize("case", VMAPPED.values(), ids=list(VMAPPED))
def test_vmap_is_a_loop_without_the_loop(case):
    same_under_vmap(*case)


REFUSED = [
    (
        lambda: F.pad(tg.zeros(2, 3), (3, 0), "reflect"),
        ShapeError,
        "pad: mode='reflect' of axis 1 of shape (2, 3) can add at most 2, not (3, 0).",
    ),
    (
        lambda: F.pad(tg.zeros(2, 3), (1,)),
        ShapeError,
        "pad: needs a pair of widths for each of at most 2 axes, got (1,).",
    ),
    (
        lambda: F.pad(tg.zeros(2, 3), (1, 1), "mirror"),
        ConfigError,
        "pad: mode is constant, reflect, replicate, circular, not 'mirror'.",
    ),
    (
        lambda: nn.ZeroPad2d((1, 2)),
        ConfigError,
        "ZeroPad2d: padding is one width or 4, got (1, 2).",
    ),
    (
        lambda: F.interpolate(tg.zeros(1, 1, 4)),
        ConfigError,
        "interpolate: give either size or scale_factor.",
    ),
    (
        lambda: F.interpolate(tg.zeros(1, 1, 4), 8, mode="bilinear"),
        ConfigError,
        "interpolate: mode 'bilinear' doesn't go with an input of shape (1, 1, 4).",
    ),
    (
        lambda: F.pixel_shuffle(tg.zeros(3, 4, 4), 2),
        ShapeError,
        "pixel_shuffle: 2² must divide the channels of (…, C, H, W), got (3, 4, 4).",
    ),
    (
        lambda: F.bilinear(tg.zeros(2, 3), tg.zeros(2, 3), tg.zeros(4, 3, 2)),
        ShapeError,
        "bilinear: inputs of shapes (2, 3) and (2, 3) don't meet the weight (out, in1, in2) of shape (4, 3, 2).",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
