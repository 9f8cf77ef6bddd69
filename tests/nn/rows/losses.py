"""Losses over classes and over numbers."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import made, row

REDUCTIONS = ("mean", "sum", "none")
RNG = np.random.default_rng(7)


def scores(*shape):
    return RNG.normal(size=shape) * 3


def labels(*shape, classes=5):
    return RNG.integers(0, classes, shape)


def probabilities(*shape):
    p = RNG.random(shape) + 0.01
    return p / p.sum(1, keepdims=True)


WEIGHT = np.array([0.5, 2.0, 1.0, 0.0, 3.0])
IGNORING = np.array([1, -100, 4, 0, -100, 2])
# Input, target and options of one call each; every one is tried with every reduction.
CLASSIFICATION = {
    "labels": (scores(6, 5), labels(6), {}),
    "one row": (scores(5), labels(), {}),
    "one row of a batch": (scores(1, 5), labels(1), {}),
    "positions": (scores(2, 5, 3), labels(2, 3), {}),
    "a grid of positions": (scores(2, 5, 3, 2), labels(2, 3, 2), {"weight": WEIGHT}),
    "class weights": (scores(6, 5), labels(6), {"weight": WEIGHT}),
    "ignored rows": (scores(6, 5), IGNORING, {}),
    "ignored rows and weights": (scores(6, 5), IGNORING, {"weight": WEIGHT}),
    "an ignored class": (scores(6, 5), np.array([1, 2, 2, 0, 4, 2]), {"ignore_index": 2}),
    "ignored as -1": (scores(2, 5), np.array([-1, 3]), {"ignore_index": -1}),
    "small integers": (scores(6, 5), labels(6).astype(np.uint8), {}),
    "huge scores": (scores(6, 5) * 1000, labels(6), {}),
}
SMOOTHED = {
    "smoothing": (scores(6, 5), labels(6), {"label_smoothing": 0.1}),
    "smoothing and weights": (scores(6, 5), labels(6), {"label_smoothing": 0.3, "weight": WEIGHT}),
    "smoothing and ignored rows": (scores(6, 5), IGNORING, {"label_smoothing": 0.3, "weight": WEIGHT}),
    "smoothing at positions": (scores(2, 5, 3), labels(2, 3), {"label_smoothing": 0.2}),
    "probabilities": (scores(6, 5), probabilities(6, 5), {}),
    "probabilities of one row": (scores(5), probabilities(1, 5)[0], {}),
    "probabilities at positions": (scores(2, 5, 3), probabilities(2, 5, 3), {"weight": WEIGHT}),
    "probabilities, smoothed and weighted": (
        scores(6, 5),
        probabilities(6, 5),
        {"label_smoothing": 0.25, "weight": WEIGHT},
    ),
}
LOG_PROBABILITIES = {
    name: (x - np.log(np.exp(x).sum(0 if x.ndim == 1 else 1, keepdims=True)), y, options)
    for name, (x, y, options) in CLASSIFICATION.items()
    if name
    not in ("huge scores", "small integers")  # PyTorch's nll_loss takes int64 and uint8 only where it feels like it
}
UNIT = RNG.random((4, 3)) * 0.98 + 0.01
POSITIVE = np.array([0.5, 1.0, 4.0])
NUMBERS = {
    "mse_loss": [(scores(4, 3), scores(4, 3), {}), (scores(), scores(), {})],
    "l1_loss": [(scores(4, 3), scores(4, 3), {})],
    "smooth_l1_loss": [(scores(4, 3), scores(4, 3), {"beta": b}) for b in (1.0, 0.3, 0.0)],
    "binary_cross_entropy": [
        (UNIT, RNG.random((4, 3)), {}),
        (UNIT, (UNIT > 0.6) * 1.0, {"weight": POSITIVE}),
    ],
    "binary_cross_entropy_with_logits": [
        (scores(4, 3), RNG.random((4, 3)), {}),
        (scores(4, 3) * 300, (UNIT > 0.6) * 1.0, {}),
        (scores(4, 3), RNG.random((4, 3)), {"weight": POSITIVE}),
        (scores(4, 3), (UNIT > 0.6) * 1.0, {"pos_weight": POSITIVE, "weight": POSITIVE}),
    ],
}
FUNCTIONS = [
    (function, (np.asarray(given), np.asarray(target)), options)
    for function, table in (
        ("cross_entropy", CLASSIFICATION | SMOOTHED),
        ("nll_loss", LOG_PROBABILITIES),
        *((function, dict(enumerate(cases))) for function, cases in NUMBERS.items()),
    )
    for given, target, options in table.values()
]


def of(kind, case, through=None):
    """A loss whose input goes through `through` first, so that it stays where the loss is defined."""
    data, target, options = case
    target = np.asarray(target)

    def call(lib, loss, given):
        return loss(given[0] if through is None else through(given[0]), given[1])

    fixed = (1,) if target.dtype.kind == "f" else ()
    return row(made(kind, options), np.asarray(data), target, call=call, loss=True, fixed=fixed)


def log_softmax(x):
    return x.log_softmax(0 if x.ndim == 1 else 1)


LABELS = np.array([1, 2, 2, 0, 4, 2])
ROWS = [
    *(of("CrossEntropyLoss", case) for name, case in (CLASSIFICATION | SMOOTHED).items() if name != "small integers"),
    *(of("CrossEntropyLoss", (scores(6, 5), LABELS, {"reduction": how})) for how in ("sum", "none")),
    *(of("NLLLoss", CLASSIFICATION[name], log_softmax) for name in LOG_PROBABILITIES),
    *(of("MSELoss", (scores(4, 3), scores(4, 3), {"reduction": how})) for how in REDUCTIONS),
    of("L1Loss", (scores(4, 3), scores(4, 3), {})),
    *(of("SmoothL1Loss", case) for case in NUMBERS["smooth_l1_loss"]),
    *(of("BCELoss", case, lambda x: x.sigmoid()) for case in NUMBERS["binary_cross_entropy"]),
    *(of("BCEWithLogitsLoss", case) for case in NUMBERS["binary_cross_entropy_with_logits"]),
]
