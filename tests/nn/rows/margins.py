"""Losses of distributions, margins and distances, and of sequences that aren't aligned."""

from __future__ import annotations

import numpy as np

from tests.nn.rows import made, row

RNG = np.random.default_rng(3)


def scores(*shape):
    return RNG.normal(size=shape) * 2


def signs(*shape):
    return np.where(RNG.random(shape) > 0.5, 1.0, -1.0)


def distribution(*shape):
    p = RNG.random(shape) + 0.05
    return p / p.sum(-1, keepdims=True)


SPARSE = np.array([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])
WEIGHT = np.array([0.5, 2.0, 1.0, 0.0, 3.0])
PER_ELEMENT = RNG.random((4, 3)) + 0.1
LISTS = np.array([[3, 0, -1, 1, 2], [1, -1, 0, 0, 0], [-1, 4, 0, 0, 0], [0, 1, 2, 3, 4]])
# Inputs and options of one call each; every one is tried with every reduction.
CASES = {
    "mse_loss": [((scores(4, 3), scores(4, 3)), {"weight": PER_ELEMENT})],
    "l1_loss": [((scores(4, 3), scores(4, 3)), {"weight": PER_ELEMENT})],
    "huber_loss": [
        ((scores(4, 3), scores(4, 3)), {}),
        ((scores(4, 3), scores(4, 3)), {"delta": 0.3}),
        ((scores(4, 3), scores(4, 3)), {"delta": 0.3, "weight": PER_ELEMENT}),
    ],
    "kl_div": [
        ((np.log(distribution(4, 3)), distribution(4, 3)), {}),
        ((np.log(distribution(2, 3)), SPARSE), {}),
        ((np.log(distribution(4, 3)), np.log(distribution(4, 3))), {"log_target": True}),
    ],
    "poisson_nll_loss": [
        ((scores(4, 3), RNG.poisson(2, (4, 3)) * 1.0), {}),
        ((scores(4, 3), RNG.poisson(2, (4, 3)) * 1.0), {"full": True}),
        ((np.abs(scores(4, 3)), RNG.poisson(2, (4, 3)) * 1.0), {"log_input": False, "eps": 1e-4}),
    ],
    "gaussian_nll_loss": [
        ((scores(4, 3), scores(4, 3), np.abs(scores(4, 3))), {}),
        ((scores(4, 3), scores(4, 3), np.abs(scores(4))), {"full": True}),
        ((scores(4, 3), scores(4, 3), np.abs(scores(4, 1)) * 1e-3), {"eps": 1e-3}),
    ],
    "soft_margin_loss": [((scores(4, 3), signs(4, 3)), {})],
    "hinge_embedding_loss": [
        ((np.abs(scores(4, 3)), signs(4, 3)), {}),
        ((np.abs(scores(6)), signs(6)), {"margin": 2.0}),
    ],
    "margin_ranking_loss": [
        ((scores(6), scores(6), signs(6)), {}),
        ((scores(4, 3), scores(4, 3), signs(4, 3)), {"margin": 0.7}),
    ],
    "cosine_embedding_loss": [
        ((scores(4, 3), scores(4, 3), signs(4)), {}),
        ((scores(4, 3), scores(4, 3), signs(4)), {"margin": -0.5}),
        ((scores(3), scores(3), np.array(1.0)), {}),
    ],
    "triplet_margin_loss": [
        ((scores(4, 3), scores(4, 3), scores(4, 3)), {}),
        ((scores(4, 3), scores(4, 3), scores(4, 3)), {"margin": 3.0, "swap": True}),
        ((scores(4, 3), scores(4, 3), scores(4, 3)), {"margin": 3.0, "p": 1}),
        ((scores(3), scores(3), scores(3)), {"margin": 3.0, "eps": 1e-3}),
    ],
    "triplet_margin_with_distance_loss": [
        ((scores(4, 3), scores(4, 3), scores(4, 3)), {"margin": 3.0}),
        (
            (scores(4, 3), scores(4, 3), scores(4, 3)),
            {"distance_function": lambda a, b: ((a - b) ** 2).sum(-1), "swap": True},
        ),
    ],
    "multi_margin_loss": [
        ((scores(4, 5), RNG.integers(0, 5, 4)), {}),
        ((scores(4, 5), RNG.integers(0, 5, 4)), {"p": 2, "margin": 0.5, "weight": WEIGHT}),
        ((scores(5), np.array(2)), {}),
    ],
    "multilabel_margin_loss": [((scores(4, 5), LISTS), {}), ((scores(5), LISTS[0]), {})],
    "multilabel_soft_margin_loss": [
        ((scores(4, 5), (RNG.random((4, 5)) > 0.5) * 1.0), {}),
        ((scores(4, 5), (RNG.random((4, 5)) > 0.5) * 1.0), {"weight": WEIGHT}),
    ],
}
# What PyTorch doesn't differentiate in: targets of some, and distributions with zeros.
CONSTANT = {"soft_margin_loss": (1,), "multilabel_soft_margin_loss": (1,), "poisson_nll_loss": (1,)}
SCORES = RNG.normal(size=(8, 3, 5))  # (T, N, C)
SPELLED = np.array([[1, 1, 3], [4, 2, 0], [3, 0, 0]])
CTC = [
    ((SCORES, SPELLED, np.array([8, 6, 4]), np.array([3, 2, 1])), {}),
    ((SCORES, SPELLED, np.array([8, 1, 4]), np.array([3, 2, 1])), {"zero_infinity": True}),
    ((SCORES, np.array([1, 1, 3, 4, 2, 3]), np.array([8, 6, 4]), np.array([3, 2, 1])), {}),
    ((SCORES, SPELLED - 1 + 5 * (SPELLED == 0), np.array([8, 6, 4]), np.array([3, 2, 1])), {"blank": 4}),
]
FUNCTIONS = [
    (name, inputs, options, (1,) if inputs[1] is SPARSE else CONSTANT.get(name, ()))
    for name, cases in CASES.items()
    for inputs, options in cases
] + [
    # Its gradient is right behind a log_softmax alone, as the rows have it.
    ("ctc_loss", (scores - np.log(np.exp(scores).sum(-1, keepdims=True)), *rest), options, (0,))
    for (scores, *rest), options in CTC
]
MODULES = {
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "PoissonNLLLoss": "poisson_nll_loss",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "TripletMarginWithDistanceLoss": "triplet_margin_with_distance_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
}
# Where the input goes first, so that it stays where the loss is defined; and which of them are targets.
THROUGH = {
    "KLDivLoss": lambda x, *rest: (x.log_softmax(-1), *rest),
    "GaussianNLLLoss": lambda x, target, spread: (x, target, spread.exp()),
    "PoissonNLLLoss": lambda x, target: (x.abs() + 0.1, target),
    "CTCLoss": lambda x, *rest: (x.log_softmax(-1), *rest),
}
LEARNED = {"MarginRankingLoss": 2, "CosineEmbeddingLoss": 2, "TripletMarginLoss": 3, "TripletMarginWithDistanceLoss": 3}


def of(kind, inputs, options):
    through = THROUGH.get(kind, lambda *given: given)
    fixed = (1,) if kind == "GaussianNLLLoss" else tuple(range(LEARNED.get(kind, 1), len(inputs)))
    return row(
        made(kind, options), *inputs, call=lambda lib, loss, given: loss(*through(*given)), loss=True, fixed=fixed
    )


ROWS = [
    *(
        of(kind, *case)
        for kind, name in MODULES.items()
        for case in CASES[name]
        if not (kind == "HuberLoss" and "weight" in case[1])  # only the function has one
    ),
    *(of("KLDivLoss", CASES["kl_div"][0][0], {"reduction": how}) for how in ("sum", "none", "batchmean")),
    *(of("CTCLoss", *case) for case in CTC),
]
