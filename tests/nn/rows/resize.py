"""Borders, other sizes, pixels and channels, and layers of two inputs."""

from __future__ import annotations

from tests.nn.rows import row, x

ROWS = [
    row(lambda nn: nn.ZeroPad1d(2), x(2, 3, 4)),
    row(lambda nn: nn.ZeroPad3d((1, 2, 0, 1, 1, 0)), x(2, 2, 2, 3, 2)),
    row(lambda nn: nn.ConstantPad1d((1, 2), 0.5), x(2, 3, 4)),
    row(lambda nn: nn.ReplicationPad1d((0, 3)), x(2, 3, 4)),
    row(lambda nn: nn.ReflectionPad3d((1, 1, 2, 0, 0, 1)), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.CircularPad3d(1), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.ZeroPad2d((1, 2, 0, 3)), x(2, 3, 4, 5)),
    row(lambda nn: nn.ZeroPad2d((-1, 2, 0, -1)), x(2, 3, 4, 5)),
    row(lambda nn: nn.ConstantPad2d(1, 2.5), x(2, 3, 4, 5)),
    row(lambda nn: nn.ConstantPad3d(1, -1.0), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.ReflectionPad1d((3, 1)), x(2, 3, 4)),
    row(lambda nn: nn.ReflectionPad2d(2), x(2, 3, 4, 5)),
    row(lambda nn: nn.ReplicationPad2d((3, 1, 0, 6)), x(3, 4, 5)),
    row(lambda nn: nn.ReplicationPad3d(1), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.CircularPad1d((3, 1)), x(2, 3, 4)),
    row(lambda nn: nn.CircularPad2d((2, 1, 4, 0)), x(2, 3, 4, 5)),
    row(lambda nn: nn.Upsample(scale_factor=2), x(2, 3, 4)),
    row(lambda nn: nn.Upsample(scale_factor=2.5, mode="nearest"), x(2, 3, 4, 5)),
    row(lambda nn: nn.Upsample(size=(7, 3), mode="bilinear"), x(2, 3, 4, 5)),
    row(lambda nn: nn.Upsample(scale_factor=(2, 3), mode="bilinear", align_corners=True), x(2, 3, 4, 5)),
    row(lambda nn: nn.Upsample(scale_factor=1.7, mode="bicubic"), x(2, 3, 4, 5)),
    row(lambda nn: nn.UpsamplingNearest2d(scale_factor=2), x(2, 3, 4, 5)),
    row(lambda nn: nn.UpsamplingBilinear2d(size=(7, 9)), x(2, 3, 4, 5)),
    row(lambda nn: nn.PixelShuffle(2), x(2, 8, 3, 4)),
    row(lambda nn: nn.PixelUnshuffle(3), x(2, 3, 6, 9)),
    row(lambda nn: nn.Bilinear(3, 2, 4), x(5, 3), x(5, 2)),
    row(lambda nn: nn.Bilinear(3, 2, 4, bias=False), x(2, 5, 3), x(2, 5, 2)),
    row(lambda nn: nn.CosineSimilarity(dim=-1), x(4, 3), x(4, 3, seed=1)),
    row(lambda nn: nn.PairwiseDistance(p=1, keepdim=True), x(4, 3), x(4, 3, seed=1)),
]

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
    ("upsample", (x(2, 3, 5),), {"scale_factor": 2}),
    ("bilinear", (x(4, 3), x(4, 2), x(5, 3, 2), x(5)), {}),
    ("cosine_similarity", (x(4, 3), x(4, 3, seed=1)), {}),
    ("cosine_similarity", (x(4, 3, 2), x(4, 3, 2, seed=1)), {"dim": -1}),
    ("pairwise_distance", (x(4, 3), x(4, 3, seed=1)), {}),
    ("pairwise_distance", (x(4, 3), x(3)), {"p": 1.0, "keepdim": True}),
    ("affine_grid", (x(2, 2, 3), (2, 3, 4, 5)), {"align_corners": False}),
    ("affine_grid", (x(2, 3, 4), (2, 3, 2, 4, 5)), {"align_corners": True}),
    *(
        # The places have no gradient where the nearest pixel is taken; PyTorch's are zeros.
        (
            "grid_sample",
            (x(2, 3, 4, 5), 0.8 * x(2, 3, 4, 2)),
            {"mode": mode, "padding_mode": border, "align_corners": corners},
            (1,) if mode == "nearest" else (),
        )
        for mode in ("bilinear", "nearest")
        for border in ("zeros", "border", "reflection")
        for corners in (False, True)
    ),
    ("grid_sample", (x(2, 3, 2, 4, 5), 0.8 * x(2, 2, 3, 4, 3)), {"align_corners": False}),
    ("channel_shuffle", (x(2, 6, 3), 3), {}),
    ("pdist", (x(4, 3),), {}),
    ("pdist", (x(4, 3),), {"p": 1.0}),
]
