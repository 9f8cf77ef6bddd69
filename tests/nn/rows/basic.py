"""Plain layers, embeddings, containers, and layers that learn the size of their input."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import row, x

INDICES = np.array([[0, 3, 3], [6, 2, 0]])
FLAT, OFFSETS = np.array([0, 3, 3, 6, 2, 0, 1]), np.array([0, 2, 2, 5])


def bag(*inputs, **options):
    return row(lambda nn: nn.EmbeddingBag(7, 4, **options), *inputs, nearly=True)


def in_turn(lib, layers, given):
    """A ModuleList's modules, or those of a ModuleDict, one after the other."""
    y = given[0]
    for layer in layers.values() if isinstance(layers, lib.nn.ModuleDict) else layers:
        y = layer(y)
    return y


def products(lib, weights, given):
    """A ParameterList's matrices, or those of a ParameterDict, applied one after the other."""
    y = given[0]
    for weight in weights.values() if isinstance(weights, lib.nn.ParameterDict) else weights:
        y = lib.tanh(y @ weight.t())
    return y


ROWS = [
    row(lambda nn: nn.Linear(3, 5), x(4, 3)),
    row(lambda nn: nn.Linear(3, 5, bias=False), x(2, 4, 3)),
    row(lambda nn: nn.Linear(3, 1), x(3)),
    row(lambda nn: nn.Identity(7, anything=True), x(2, 3)),
    row(lambda nn: nn.Flatten(), x(2, 3, 4)),
    row(lambda nn: nn.Flatten(0, 1), x(2, 3, 4)),
    row(lambda nn: nn.Unflatten(1, (2, 3)), x(4, 6)),
    row(lambda nn: nn.Unflatten(-1, (2, -1)), x(4, 6)),
    row(lambda nn: nn.Embedding(7, 4), INDICES, nearly=True),
    row(lambda nn: nn.Embedding(7, 4, padding_idx=3), INDICES, nearly=True),
    row(lambda nn: nn.Embedding(7, 4, padding_idx=-1), INDICES, nearly=True),
    row(lambda nn: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.3), nn.Linear(4, 2)), x(5, 3)),
    row(lambda nn: nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(6, 4)), nn.LogSoftmax(1)), x(5, 2, 3)),
    row(lambda nn: nn.Embedding(7, 4, max_norm=1.2), INDICES, nearly=True),
    row(lambda nn: nn.Embedding(7, 4, max_norm=1.2, norm_type=1.0), INDICES, nearly=True),
    bag(INDICES),
    bag(INDICES, mode="sum"),
    bag(INDICES, mode="max"),
    bag(FLAT, OFFSETS),
    bag(FLAT, OFFSETS, mode="sum"),
    bag(FLAT, OFFSETS, mode="sum", padding_idx=3),
    bag(INDICES, padding_idx=3),
    bag(FLAT, np.array([0, 2, 7]), include_last_offset=True),
    bag(INDICES, max_norm=1.0),
    row(
        lambda nn: nn.EmbeddingBag(7, 4, mode="sum"),
        INDICES,
        x(2, 3),
        call=lambda lib, layer, given: layer(given[0], per_sample_weights=given[1]),
        nearly=True,
    ),
    row(lambda nn: nn.ModuleList([nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)]), x(5, 3), call=in_turn),
    row(lambda nn: nn.ModuleDict({"in": nn.Linear(3, 4), "out": nn.Linear(4, 2)}), x(5, 3), call=in_turn),
    row(lambda nn: nn.ParameterList([nn.Linear(3, 3).weight, nn.Linear(3, 2).weight]), x(5, 3), call=products),
    row(
        lambda nn: nn.ParameterDict({"a": nn.Linear(3, 3).weight, "b": nn.Linear(3, 2).weight}), x(5, 3), call=products
    ),
    row(lambda nn: nn.DataParallel(nn.Linear(3, 2)), x(5, 3)),
    row(lambda nn: nn.LazyLinear(4), x(5, 3)),
    row(lambda nn: nn.Sequential(nn.LazyLinear(4, bias=False), nn.ReLU(), nn.LazyLinear(2)), x(5, 3)),
    row(lambda nn: nn.LazyConv1d(4, 3, padding=1), x(2, 3, 5)),
    row(lambda nn: nn.LazyConv2d(4, 3, stride=2, groups=2), x(2, 2, 5, 6)),
    row(lambda nn: nn.LazyConv3d(2, 2), x(2, 2, 3, 3, 2)),
    row(lambda nn: nn.LazyConvTranspose1d(4, 3), x(2, 3, 5)),
    row(lambda nn: nn.LazyConvTranspose2d(2, 3, 2, 1), x(2, 3, 4, 3)),
    row(lambda nn: nn.LazyConvTranspose3d(2, 2, bias=False), x(1, 2, 2, 3, 2)),
    row(lambda nn: nn.LazyBatchNorm1d(), x(5, 3)),
    row(lambda nn: nn.LazyBatchNorm2d(1e-3, 0.3), x(4, 3, 2, 5)),
    row(lambda nn: nn.LazyBatchNorm3d(affine=False), x(2, 2, 2, 3, 2)),
    row(lambda nn: nn.LazyInstanceNorm1d(affine=True), x(2, 3, 5)),
    row(lambda nn: nn.LazyInstanceNorm2d(affine=True, track_running_stats=True), x(2, 3, 4, 5)),
    row(lambda nn: nn.LazyInstanceNorm3d(), x(2, 2, 2, 3, 2)),
]

FUNCTIONS = [
    ("linear", (x(4, 3), x(5, 3), x(5)), {}),
    ("linear", (x(2, 4, 3), x(5, 3)), {}),
    ("linear", (x(3), x(1, 3)), {}),
    ("one_hot", (np.array([0, 2, 1]),), {}),
    ("one_hot", (np.array([[0, 2], [1, 1]]), 5), {}),
    ("one_hot", (np.array(3),), {"num_classes": -1}),
    ("embedding", (INDICES, x(7, 4)), {}),
    ("embedding", (INDICES, x(7, 4)), {"padding_idx": 3}),
    ("embedding_bag", (INDICES, x(7, 4)), {"mode": "sum"}),
    ("embedding_bag", (FLAT, x(7, 4), OFFSETS), {}),
    ("embedding_bag", (INDICES, x(7, 4)), {"mode": "max"}),
    ("embedding_bag", (FLAT, x(7, 4), OFFSETS), {"mode": "max"}),
]
