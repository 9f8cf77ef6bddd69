"""Layers whose weights are computed from others."""

from __future__ import annotations

from tests.nn.rows import Function, row, x


def symmetric(nn):
    class Symmetric(nn.Module):
        def forward(self, w):
            return w.triu() + w.triu(1).transpose(-1, -2)

        def right_inverse(self, w):
            return w.triu()

    return Symmetric()


def doubled(nn):
    class Doubled(nn.Module):
        def forward(self, w):
            return 2 * w

        def right_inverse(self, w):
            return w / 2

    return Doubled()


def one(nn, *parts):
    layer = nn.Linear(4, 4)
    for part in parts:
        nn.utils.parametrize.register_parametrization(layer, "weight", part(nn))
    return layer


ROWS = [
    row(lambda nn: one(nn, symmetric), x(5, 4)),
    row(lambda nn: one(nn, symmetric, doubled), x(5, 4)),
    row(lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), x(5, 4), nearly=True),
    row(lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=1), x(5, 4), nearly=True),
    row(lambda nn: nn.Sequential(nn.Linear(4, 4), one(nn, doubled), nn.Tanh()), x(5, 4)),
]
FUNCTIONS: list[Function] = []
