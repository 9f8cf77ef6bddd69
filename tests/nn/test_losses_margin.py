"""The losses beside the common ones: their modules and signatures, old names, transforms, and what they refuse."""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.rows.margins import CASES, WEIGHT, scores
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.nn import functional as F

MODULES = {
    "HuberLoss": ("huber_loss", {"delta": 0.3}),
    "KLDivLoss": ("kl_div", {"log_target": True, "reduction": "batchmean"}),
    "PoissonNLLLoss": ("poisson_nll_loss", {"full": True}),
    "GaussianNLLLoss": ("gaussian_nll_loss", {"full": True, "eps": 1e-3}),
    "SoftMarginLoss": ("soft_margin_loss", {}),
    "HingeEmbeddingLoss": ("hinge_embedding_loss", {"margin": 2.0}),
    "MarginRankingLoss": ("margin_ranking_loss", {"margin": 0.7}),
    "CosineEmbeddingLoss": ("cosine_embedding_loss", {"margin": 0.2}),
    "TripletMarginLoss": ("triplet_margin_loss", {"margin": 3.0, "p": 1.0, "eps": 1e-4, "swap": True}),
    "TripletMarginWithDistanceLoss": ("triplet_margin_with_distance_loss", {"margin": 3.0}),
    "MultiMarginLoss": ("multi_margin_loss", {"p": 2, "margin": 0.5, "weight": WEIGHT}),
    "MultiLabelMarginLoss": ("multilabel_margin_loss", {}),
    "MultiLabelSoftMarginLoss": ("multilabel_soft_margin_loss", {"weight": WEIGHT}),
}


@pytest.mark.parametrize("kind", MODULES)
def test_a_loss_module_is_its_function_with_the_options_kept(kind):
    name, options = MODULES[kind]
    for reduction in [options["reduction"]] if "reduction" in options else ["mean", "sum", "none"]:
        given = {**options, "reduction": reduction}
        inputs = [tg.tensor(a) for a in CASES[name][0][0]]
        criterion = getattr(nn, kind)(**given)
        assert (criterion(*inputs) == getattr(F, name)(*inputs, **given)).all()


@pytest.mark.oracle
def test_losses_have_pytorch_s_signatures():
    import torch

    names = [
        *CASES,
        "cross_entropy",
        "nll_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "smooth_l1_loss",
    ]
    for name in set(names) - {"bilinear", "cosine_similarity", "pairwise_distance"}:
        ours, theirs = (inspect.signature(getattr(lib.nn.functional, name)).parameters for lib in (tg, torch))
        assert {k: p.default for k, p in ours.items()} == {k: p.default for k, p in theirs.items()}, name
        assert list(ours) == list(theirs), name
    for kind in (
        *MODULES,
        "MSELoss",
        "L1Loss",
        "SmoothL1Loss",
        "BCELoss",
        "BCEWithLogitsLoss",
        "NLLLoss",
        "CrossEntropyLoss",
    ):
        theirs = inspect.signature(getattr(torch.nn, kind)).parameters
        assert getattr(nn, kind).options == {k: p.default for k, p in theirs.items()}, kind
        assert list(getattr(nn, kind).options) == list(theirs), kind


def test_the_old_names_of_the_reduction_are_understood_with_a_warning():
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([0.0, 0.0])
    for given, want in (
        ({"size_average": False}, 5.0),
        ({"size_average": True}, 2.5),
        ({"reduce": False}, [1.0, 4.0]),
        ({"size_average": False, "reduce": True}, 5.0),
    ):
        with pytest.warns(UserWarning, match="size_average and reduce are PyTorch's old names"):
            assert F.mse_loss(a, b, **given).tolist() == want
        with pytest.warns(UserWarning, match="size_average and reduce are PyTorch's old names"):
            assert nn.MSELoss(**given)(a, b).tolist() == want


def test_losses_under_vmap_are_those_of_the_rows():
    x, y = tg.tensor(scores(6, 5)), tg.tensor(np.array([0, 3, 1, 4, 2, 2]))
    each = tg.vmap(F.multi_margin_loss)(x, y)
    np.testing.assert_allclose(each.numpy(), F.multi_margin_loss(x, y, reduction="none").numpy())
    a, b, c = (tg.tensor(scores(6, 5)) for _ in range(3))
    each = tg.vmap(F.triplet_margin_loss)(a, b, c)
    np.testing.assert_allclose(each.numpy(), F.triplet_margin_loss(a, b, c, reduction="none").numpy())


REFUSED = [
    (
        lambda: F.huber_loss(scores(2), scores(2), delta=0),
        ConfigError,
        "huber_loss: delta must be positive, got 0.",
    ),
    (
        lambda: F.mse_loss(scores(2), scores(2), weight=scores(3)),
        ShapeError,
        "mse_loss: the weight has shape (3,), the input (2,). They must be equal.",
    ),
    (
        lambda: F.gaussian_nll_loss(scores(2, 3), scores(2, 3), tg.tensor([1.0, -2.0])),
        DataError,
        "gaussian_nll_loss: a variance is negative, -2.0.",
    ),
    (
        lambda: F.multi_margin_loss(scores(2, 3), np.array([0, 3])),
        DataError,
        "multi_margin_loss: label 3 in row 1 is out of range: the input has 3 classes, so labels go from 0 to 2, or are -100 to "
        "be ignored.",
    ),
    (
        lambda: F.multi_margin_loss(scores(2, 3), np.array([0])),
        ShapeError,
        "multi_margin_loss: the input has shape (2, 3), so labels have (2,), not (1,).",
    ),
    (
        lambda: F.cosine_embedding_loss(scores(2, 3), scores(2, 3), scores(3)),
        ShapeError,
        "cosine_embedding_loss: inputs (N, D) need a target (N,), inputs (D,) one number; got (2, 3) and (3,).",
    ),
    (
        lambda: nn.KLDivLoss(reduction="avg"),
        ConfigError,
        'KLDivLoss: reduction is "mean", "sum", "none" or "batchmean", not \'avg\'.',
    ),
    (
        lambda: nn.HuberLoss(beta=2),
        ConfigError,
        "HuberLoss: takes reduction, delta; got beta=2.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
