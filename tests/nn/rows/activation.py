"""Activations and dropout."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import row, x

WIDE = np.linspace(-7, 7, 29).reshape(1, 29)  # with every kink in it


def into_a_copy(lib, module, given):
    return module(given[0].clone())


ROWS = [
    *(
        row(lambda nn, name=name: getattr(nn, name)(), WIDE)
        for name in [
            "ReLU",
            "ReLU6",
            "LeakyReLU",
            "ELU",
            "CELU",
            "SELU",
            "Tanh",
            "Hardtanh",
            "Tanhshrink",
            "Softsign",
            "Sigmoid",
            "LogSigmoid",
            "Hardswish",
            "Softplus",
            "SiLU",
            "Mish",
            "GELU",
            "Hardshrink",
            "Softshrink",
            "PReLU",
        ]
    ),
    row(lambda nn: nn.Hardsigmoid(), WIDE, looser=(("float64", 1e-7),), why="PyTorch's derivative is 1/6 in float32"),
    row(lambda nn: nn.CELU(0.5), WIDE),
    row(lambda nn: nn.Hardtanh(-2.0, 3.0, True), x(4, 3), call=into_a_copy),
    row(lambda nn: nn.Threshold(0.5, 20.0), WIDE),
    row(lambda nn: nn.Threshold(0.5, 20, inplace=True).eval(), x(3), call=into_a_copy),
    row(lambda nn: nn.Hardshrink(1.0), WIDE),
    row(lambda nn: nn.Softshrink(2), WIDE),
    row(lambda nn: nn.GLU(), x(4, 6)),
    row(lambda nn: nn.GLU(0), x(4, 6)),
    row(lambda nn: nn.Softmin(dim=1), x(4, 6)),
    row(lambda nn: nn.Softmax2d(), x(2, 4, 3, 2)),
    row(lambda nn: nn.PReLU(3), x(2, 3, 4)),
    row(lambda nn: nn.PReLU(init=0.1), x(5)),
    row(lambda nn: nn.RReLU(), x(4, 6)),
    row(lambda nn: nn.RReLU(0.1, 0.4).eval(), x(4, 6)),
    row(lambda nn: nn.Dropout1d(0.4), x(4, 5, 3)),
    row(lambda nn: nn.Dropout1d(), x(5, 3)),
    row(lambda nn: nn.Dropout2d(0.4), x(4, 5, 3, 2)),
    row(lambda nn: nn.Dropout3d(0.4), x(2, 5, 3, 2, 2)),
    row(lambda nn: nn.AlphaDropout(0.3), x(6, 5)),
    row(lambda nn: nn.AlphaDropout(1.0), x(6, 5), learns=False),
    row(lambda nn: nn.AlphaDropout(0.3).eval(), x(6, 5)),
    row(lambda nn: nn.FeatureAlphaDropout(0.3), x(3, 5, 4)),
    row(lambda nn: nn.Dropout(), x(20, 5)),
    row(lambda nn: nn.Dropout(0.2), x(3)),
    row(lambda nn: nn.Dropout(p=1.0), x(3), learns=False),
    row(lambda nn: nn.Dropout(0), x(3)),
    row(lambda nn: nn.Dropout(0.9).eval(), x(3)),
    row(lambda nn: nn.ReLU(), x(4, 3)),
    row(lambda nn: nn.LeakyReLU(), x(4, 3)),
    row(lambda nn: nn.LeakyReLU(0.3), x(4, 3)),
    row(lambda nn: nn.ReLU6(), x(4, 3) * 8),
    row(lambda nn: nn.Tanh(), x(4, 3)),
    row(lambda nn: nn.Sigmoid(), x(4, 3)),
    row(lambda nn: nn.Softplus(), x(4, 3) * 20),
    row(lambda nn: nn.Softplus(beta=2, threshold=3), x(4, 3)),
    row(lambda nn: nn.GELU(), x(4, 3)),
    row(lambda nn: nn.GELU(approximate="tanh"), x(4, 3)),
    row(lambda nn: nn.SiLU(), x(4, 3)),
    row(lambda nn: nn.ELU(), x(4, 3)),
    row(lambda nn: nn.ELU(0.4), x(4, 3)),
    row(lambda nn: nn.Softmax(dim=1), x(4, 3)),
    row(lambda nn: nn.Softmax(dim=-2), x(2, 4, 3)),
    row(lambda nn: nn.LogSoftmax(dim=1), x(4, 3) * 500),
]

FUNCTIONS = [
    ("prelu", (x(2, 3, 4), x(3)), {}),
    ("prelu", (x(5), x(1)), {}),
    ("glu", (x(3, 4),), {"dim": 1}),
    ("threshold", (x(3, 4), 0.1, -2.0), {}),
    ("rrelu", (x(3, 4),), {}),
    ("logsigmoid", (x(3, 4) * 300,), {}),
    ("softmin", (x(3, 4),), {"dim": 0}),
    *(
        (name, (WIDE,), {})
        for name in [
            "celu",
            "elu",
            "gelu",
            "hardshrink",
            "hardswish",
            "hardtanh",
            "leaky_relu",
            "mish",
            "relu",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "softplus",
            "softshrink",
            "softsign",
            "tanh",
            "tanhshrink",
        ]
    ),
    ("hardsigmoid", (WIDE,), {}, (0,)),  # PyTorch's derivative is 1/6 in float32: see the row
    ("celu", (WIDE, 0.5), {}),
    ("elu", (WIDE, 0.4), {}),
    ("gelu", (WIDE,), {"approximate": "tanh"}),
    ("hardshrink", (WIDE, 1.0), {}),
    ("hardtanh", (WIDE, -2.0, 3.0), {}),
    ("leaky_relu", (WIDE, 0.3), {}),
    ("softplus", (WIDE,), {"beta": 2, "threshold": 3}),
    ("softshrink", (WIDE, 2.0), {}),
    ("prelu", (WIDE, x(1)), {}),
    ("rrelu", (x(3, 4), 0.1, 0.4), {"training": True}),
    ("softmax", (x(2, 4, 3),), {"dim": 1}),
    ("softmax", (x(2, 4, 3) * 500,), {"dim": -1}),
    ("log_softmax", (x(4, 3) * 500,), {"dim": 1}),
    ("gumbel_softmax", (x(4, 3),), {"tau": 0.7}),
    ("gumbel_softmax", (x(4, 3),), {"tau": 0.7, "hard": True}),
    ("dropout", (x(20, 5),), {}),
    ("dropout", (x(3),), {"p": 0.2, "training": False}),
    ("dropout1d", (x(4, 5, 3), 0.4), {}),
    ("dropout2d", (x(4, 5, 3, 2), 0.4), {}),
    ("dropout3d", (x(2, 5, 3, 2, 2), 0.4), {}),
    ("alpha_dropout", (x(6, 5), 0.3, True), {}),
    ("feature_alpha_dropout", (x(3, 5, 4), 0.3, True), {}),
    # In place, on a copy.
    *((name, (WIDE,), {}) for name in ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_"]),
    ("elu_", (WIDE, 0.4), {}),
    ("threshold_", (x(3, 4), 0.1, -2.0), {}),
]
