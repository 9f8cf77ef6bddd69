"""The losses beside the common ones, against PyTorch's over all their options: numbers, distributions, margins, distances."""

import inspect
import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, ShapeError
from tinygrad_edu.nn import functional as F

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
    "cosine_similarity": [((scores(4, 3), scores(4, 3)), {}), ((scores(4, 3, 2), scores(4, 3, 2)), {"dim": -1})],
    "pairwise_distance": [
        ((scores(4, 3), scores(4, 3)), {}),
        ((scores(4, 3), scores(3)), {"p": 1.0, "keepdim": True}),
    ],
    "bilinear": [((scores(4, 3), scores(4, 2), scores(5, 3, 2), scores(5)), {})],
}
# PyTorch has no gradient for these targets, or NaN at 0.
CONSTANT_TARGET = ("soft_margin_loss", "multilabel_soft_margin_loss", "poisson_nll_loss")
FLAT = [pytest.param(name, *case, id=f"{name}: {i}") for name, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:.*reduction.*:UserWarning")
@pytest.mark.parametrize(("name", "inputs", "options"), FLAT)
def test_values_and_gradients_are_pytorch_s_with_every_reduction(name, inputs, options):
    import torch

    ours, theirs = getattr(F, name), getattr(torch.nn.functional, name)
    reduced = "reduction" in inspect.signature(ours).parameters
    reductions = ("mean", "sum", "none", *["batchmean"] * (name == "kl_div")) if reduced else (None,)
    for (dtype, tolerance), reduction in itertools.product((("float64", 1e-9), ("float32", 1e-5)), reductions):
        given = [np.asarray(a, dtype) if a.dtype.kind == "f" else a for a in inputs]
        mine, other = [tg.tensor(a) for a in given], [torch.tensor(a) for a in given]
        for a, b in zip(mine, other, strict=True):
            if a.dtype.kind == "f" and not (a is mine[1] and (name in CONSTANT_TARGET or not a.all())):
                a.requires_grad_(), b.requires_grad_()
        extra = {} if reduction is None else {"reduction": reduction}
        cast = {k: np.asarray(v, dtype) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        y = ours(*mine, **{k: tg.tensor(v) if isinstance(v, np.ndarray) else v for k, v in cast.items()}, **extra)
        z = theirs(*other, **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in cast.items()}, **extra)
        assert y.dtype == np.dtype(dtype)
        assert y.shape == tuple(z.shape)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=tolerance, atol=tolerance)
        cotangent = np.asarray(np.random.default_rng(0).normal(size=y.shape), dtype)
        y.backward(tg.tensor(cotangent)), z.backward(torch.tensor(cotangent))
        pairs = [(a, b) for a, b in zip(mine, other, strict=True) if b.grad is not None]
        assert pairs
        for a, b in pairs:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=tolerance, atol=tolerance)


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
        assert repr(criterion) == f"{kind}()"
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
