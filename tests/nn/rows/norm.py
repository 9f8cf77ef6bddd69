"""Normalization."""

from __future__ import annotations

from tests.nn.rows import row, x

ROWS = [
    row(lambda nn: nn.BatchNorm1d(3), x(5, 3)),
    row(lambda nn: nn.BatchNorm1d(3), x(5, 3, 4)),
    row(lambda nn: nn.BatchNorm1d(3, momentum=None), x(5, 3)),
    row(lambda nn: nn.BatchNorm1d(3, 1e-3, 0.3, affine=False), x(5, 3)),
    row(lambda nn: nn.BatchNorm2d(3), x(4, 3, 2, 5)),
    row(lambda nn: nn.BatchNorm2d(3, track_running_stats=False), x(4, 3, 2, 5)),
    row(lambda nn: nn.BatchNorm2d(3, bias=False), x(4, 3, 2, 5)),
    row(lambda nn: nn.BatchNorm3d(2), x(2, 2, 2, 3, 2)),
    row(lambda nn: nn.LayerNorm(5), x(4, 3, 5)),
    row(lambda nn: nn.LayerNorm((3, 5), eps=1e-3), x(4, 3, 5)),
    row(lambda nn: nn.LayerNorm(5, bias=False), x(4, 5)),
    row(lambda nn: nn.LayerNorm(5, elementwise_affine=False), x(5)),
    row(lambda nn: nn.RMSNorm(5), x(4, 3, 5)),
    row(lambda nn: nn.RMSNorm([3, 5], eps=1e-4, elementwise_affine=False), x(4, 3, 5)),
    row(lambda nn: nn.GroupNorm(2, 6), x(4, 6, 5)),
    row(lambda nn: nn.GroupNorm(6, 6, affine=False), x(4, 6, 2, 3)),
    row(lambda nn: nn.GroupNorm(1, 6), x(4, 6)),
    row(lambda nn: nn.InstanceNorm1d(3), x(2, 3, 5)),
    row(lambda nn: nn.InstanceNorm1d(3), x(3, 5)),
    row(lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), x(2, 3, 4, 5)),
    row(lambda nn: nn.InstanceNorm3d(2, affine=True), x(2, 2, 2, 3, 2)),
    row(lambda nn: nn.LocalResponseNorm(3), x(2, 5, 4)),
    row(lambda nn: nn.LocalResponseNorm(2, 0.1, 0.5, 2.0), x(2, 5, 4, 3)),
]

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
