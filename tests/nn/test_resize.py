"""Borders, other sizes, pixels and channels, and layers of two inputs, against PyTorch's."""

import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import same_function, same_layer, same_under_vmap, x
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F

LAYERS = [
    (lambda nn: nn.ZeroPad1d(2), (x(2, 3, 4),)),
    (lambda nn: nn.ZeroPad2d((1, 2, 0, 3)), (x(2, 3, 4, 5),)),
    (lambda nn: nn.ZeroPad2d((-1, 2, 0, -1)), (x(2, 3, 4, 5),)),
    (lambda nn: nn.ConstantPad2d(1, 2.5), (x(2, 3, 4, 5),)),
    (lambda nn: nn.ConstantPad3d(1, -1.0), (x(1, 2, 2, 3, 2),)),
    (lambda nn: nn.ReflectionPad1d((3, 1)), (x(2, 3, 4),)),
    (lambda nn: nn.ReflectionPad2d(2), (x(2, 3, 4, 5),)),
    (lambda nn: nn.ReplicationPad2d((3, 1, 0, 6)), (x(3, 4, 5),)),
    (lambda nn: nn.ReplicationPad3d(1), (x(1, 2, 2, 3, 2),)),
    (lambda nn: nn.CircularPad1d((3, 1)), (x(2, 3, 4),)),
    (lambda nn: nn.CircularPad2d((2, 1, 4, 0)), (x(2, 3, 4, 5),)),
    (lambda nn: nn.Upsample(scale_factor=2), (x(2, 3, 4),)),
    (lambda nn: nn.Upsample(scale_factor=2.5, mode="nearest"), (x(2, 3, 4, 5),)),
    (lambda nn: nn.Upsample(size=(7, 3), mode="bilinear"), (x(2, 3, 4, 5),)),
    (lambda nn: nn.Upsample(scale_factor=(2, 3), mode="bilinear", align_corners=True), (x(2, 3, 4, 5),)),
    (lambda nn: nn.Upsample(scale_factor=1.7, mode="bicubic"), (x(2, 3, 4, 5),)),
    (lambda nn: nn.UpsamplingNearest2d(scale_factor=2), (x(2, 3, 4, 5),)),
    (lambda nn: nn.UpsamplingBilinear2d(size=(7, 9)), (x(2, 3, 4, 5),)),
    (lambda nn: nn.PixelShuffle(2), (x(2, 8, 3, 4),)),
    (lambda nn: nn.PixelUnshuffle(3), (x(2, 3, 6, 9),)),
    (lambda nn: nn.Bilinear(3, 2, 4), (x(5, 3), x(5, 2))),
    (lambda nn: nn.Bilinear(3, 2, 4, bias=False), (x(2, 5, 3), x(2, 5, 2))),
    (lambda nn: nn.CosineSimilarity(dim=-1), (x(4, 3), x(4, 3, seed=1))),
    (lambda nn: nn.PairwiseDistance(p=1, keepdim=True), (x(4, 3), x(4, 3, seed=1))),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("make", "inputs"), LAYERS)
def test_values_gradients_and_print_are_pytorch_s_from_the_same_seed(make, inputs):
    same_layer(make, *inputs)


FUNCTIONS = [
    ("pad", (x(2, 3), (1, 2)), {}),
    ("pad", (x(2, 3, 4), (1, 2, -1, 1)), {"value": 3.0}),
    ("pad", (x(2, 3, 4), (1, 0, 2, 1, 1, 1)), {"mode": "constant", "value": -1.5}),
    ("pad", (x(2, 3, 4), (2, 3)), {"mode": "reflect"}),
    ("pad", (x(2, 3, 4, 5), (2, 3, 1, 0)), {"mode": "circular"}),
    *(
        ("interpolate", (x(2, 3, 5),), {"size": n, "mode": mode})
        for n in (3, 8)
        for mode in ("nearest", "nearest-exact", "linear", "area")
    ),
    ("interpolate", (x(2, 3, 5),), {"scale_factor": 1.6, "mode": "linear", "recompute_scale_factor": True}),
    ("interpolate", (x(2, 3, 5),), {"scale_factor": 1.5, "mode": "linear"}),
    ("interpolate", (x(2, 3, 5, 4),), {"scale_factor": 0.6, "mode": "bicubic"}),
    ("interpolate", (x(2, 3, 5, 4),), {"size": 7, "mode": "bicubic", "align_corners": True}),
    ("interpolate", (x(2, 2, 3, 4, 2),), {"scale_factor": (2, 1, 3), "mode": "trilinear"}),
    ("interpolate", (x(2, 2, 3, 4, 2),), {"size": 1, "mode": "trilinear", "align_corners": True}),
    ("pixel_shuffle", (x(8, 3, 4), 2), {}),
    ("pixel_unshuffle", (x(1, 1, 2, 4, 6), 2), {}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "inputs", "options"), FUNCTIONS)
def test_functions_are_pytorch_s(name, inputs, options):
    same_function(name, inputs, options)


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
