"""Losses at their edges and under transforms, and what they say about targets that can't be right."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.rows.losses import IGNORING, POSITIVE, REDUCTIONS, UNIT, WEIGHT, scores
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError
from tinygrad_edu.nn import functional as F

MODULES = {
    nn.CrossEntropyLoss: (scores(6, 5), IGNORING, {"weight": WEIGHT, "ignore_index": -100, "label_smoothing": 0.1}),
    nn.NLLLoss: (scores(6, 5), IGNORING, {"weight": WEIGHT, "ignore_index": -100}),
    nn.MSELoss: (scores(4, 3), scores(4, 3), {}),
    nn.L1Loss: (scores(4, 3), scores(4, 3), {}),
    nn.SmoothL1Loss: (scores(4, 3), scores(4, 3), {"beta": 0.5}),
    nn.BCELoss: (UNIT, UNIT, {"weight": POSITIVE}),
    nn.BCEWithLogitsLoss: (scores(4, 3), UNIT, {"weight": POSITIVE, "pos_weight": POSITIVE}),
}
FUNCTIONS = {
    nn.CrossEntropyLoss: F.cross_entropy,
    nn.NLLLoss: F.nll_loss,
    nn.MSELoss: F.mse_loss,
    nn.L1Loss: F.l1_loss,
    nn.SmoothL1Loss: F.smooth_l1_loss,
    nn.BCELoss: F.binary_cross_entropy,
    nn.BCEWithLogitsLoss: F.binary_cross_entropy_with_logits,
}


@pytest.mark.parametrize(("kind", "reduction"), list(itertools.product(MODULES, REDUCTIONS)))
def test_a_loss_module_is_its_function_with_the_options_kept(kind, reduction):
    x, y, options = MODULES[kind]
    criterion = kind(**options, reduction=reduction)
    assert (criterion(x, y) == FUNCTIONS[kind](x, y, **options, reduction=reduction)).all()
    assert [name for name, _ in criterion.named_buffers()] == [
        k for k, v in options.items() if isinstance(v, np.ndarray)
    ]
    assert list(criterion.parameters()) == []


# -- edges ---------------------------------------------------------------------------------------------------------


def test_a_mean_over_ignored_rows_alone_is_nan_but_its_gradient_is_zero():
    for options in ({}, {"label_smoothing": 0.1}, {"weight": WEIGHT}):
        x = tg.tensor(scores(2, 5), requires_grad=True)
        loss = F.cross_entropy(x, np.array([-100, -100]), **options)
        loss.backward()
        assert math.isnan(loss.item())
        assert (x.grad.numpy() == 0).all()


def test_saturated_probabilities_make_neither_infinities_nor_nan():
    x = tg.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    losses = F.binary_cross_entropy(x, np.array([0.0, 1.0, 1.0, 0.0], np.float32), reduction="none")
    losses.sum().backward()
    assert losses.tolist() == [0, 0, 100, 100]
    assert np.isfinite(x.grad.numpy()).all()


def test_a_class_that_is_ruled_out_by_minus_infinity_costs_nothing():
    x = tg.tensor([[1.0, -math.inf, 2.0]], requires_grad=True)
    for reduction in REDUCTIONS:
        x.grad = None
        loss = F.cross_entropy(x, np.array([2]), reduction=reduction)
        loss.sum().backward()
        assert loss.sum().item() == pytest.approx(math.log(1 + math.exp(-1)))
        assert x.grad.numpy()[0, 1] == 0


def test_gradients_of_single_examples_by_vmap_agree_with_a_loop():
    x, y = scores(6, 5), np.array([1, 0, 4, 0, 3, 2])
    for options in ({}, {"label_smoothing": 0.2}, {"weight": WEIGHT}, {"ignore_index": 3}, {"reduction": "sum"}):

        def loss(row, label, options=options):
            return F.cross_entropy(row, label, **options)

        together = tg.vmap(tg.func.grad(loss))(tg.tensor(x), tg.tensor(y))
        for i in range(6):
            if options.get("ignore_index") == y[i]:
                continue  # alone it is a mean over nothing
            alone = tg.func.grad(loss)(tg.tensor(x[i]), tg.tensor(y[i]))
            np.testing.assert_allclose(together.numpy()[i], alone.numpy(), atol=1e-14)


def test_the_fused_path_has_second_derivatives_in_every_nesting():
    x, y = tg.tensor(scores(3, 5)), np.array([0, 4, 2])
    loss = lambda x: F.cross_entropy(x, y)
    smooth = lambda x: F.cross_entropy(x, tg.nn.functional.one_hot(tg.tensor(y), 5).double())
    for outer, inner in itertools.product((tg.func.jacfwd, tg.func.jacrev), repeat=2):
        np.testing.assert_allclose(outer(inner(loss))(x).numpy(), outer(inner(smooth))(x).numpy(), atol=1e-14)


# -- what it says about bad input ----------------------------------------------------------------------------------

NAN_ROWS = np.array([0.0, 1.0, np.nan, 2.0])
REFUSED = [
    (
        lambda: F.cross_entropy(scores(4, 3), np.array([0, 2, 3, 1])),
        DataError,
        "cross_entropy: label 3 in row 2 is out of range: the input has 3 classes, so labels go from 0 to 2, or are -100 to "
        "be ignored.",
    ),
    (
        lambda: F.cross_entropy(tg.tensor(scores(4, 3)), tg.tensor([0, 2, -1, 1])),
        DataError,
        "cross_entropy: label -1 in row 2 is out of range: the input has 3 classes, so labels go from 0 to 2, or are -100 to "
        "be ignored.",
    ),
    (
        lambda: F.cross_entropy(scores(3, 3), np.array([1, 2, 3])),
        DataError,
        "cross_entropy: label 3 in row 2 is out of range: the input has 3 classes, so labels go from 0 to 2, or are -100 to "
        "be ignored. They seem to count from 1: subtract 1.",
    ),
    (
        lambda: F.nll_loss(scores(2, 3, 2), np.array([[0, 1], [7, 0]])),
        DataError,
        "nll_loss: label 7 in row (1, 0) is out of range: the input has 3 classes, so labels go from 0 to 2, or are -100 to be "
        "ignored.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), NAN_ROWS),
        DataError,
        "cross_entropy: a label is NaN, 1 of 4, the first in row 2. Drop or repair those examples first; a loss over them would "
        "be NaN, and so would every weight after one step.",
    ),
    (
        lambda: F.cross_entropy(scores(2, 2), np.array([[0.5, np.nan], [np.nan, 1]])),
        DataError,
        "cross_entropy: a probability is NaN, 2 of 4, the first in row (0, 1). Drop or repair those examples first; a loss over "
        "them would be NaN, and so would every weight after one step.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.array([0.0, 1, 2, 1])),
        DTypeError,
        "cross_entropy: the input has shape (4, 3), so there are 3 classes and a label for each row is an integer; these are "
        "float64. Convert them, e.g. labels.long() for a Tensor or labels.astype(int) for an array.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.eye(4, 3, dtype=int)),
        ShapeError,
        "cross_entropy: the input has shape (4, 3), so there are 3 classes; a target of int64 in the same shape looks like "
        "one-hot rows. Pass the classes, target.argmax(1), or the rows as floating probabilities.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros((4, 1), int)),
        ShapeError,
        "cross_entropy: the input has shape (4, 3), so there are 3 classes and labels have shape (4,), probabilities (4, 3); the "
        "target has shape (4, 1). The target has an axis too many: target.reshape((4,)).",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros(5, int)),
        ShapeError,
        "cross_entropy: the input has shape (4, 3), so there are 3 classes and labels have shape (4,), probabilities (4, 3); the "
        "target has shape (5,).",
    ),
    (
        lambda: F.cross_entropy(np.zeros((4, 3), int), np.zeros(4, int)),
        DTypeError,
        "cross_entropy: the input must hold floating scores, not int64.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros(4, complex)),
        DTypeError,
        "cross_entropy: the input has shape (4, 3), so there are 3 classes; a target holds integers (labels) or floats "
        "(probabilities), not complex128.",
    ),
    (
        lambda: F.cross_entropy(scores(), np.zeros((), int)),
        ShapeError,
        "cross_entropy: the input is a single number; it needs an axis of classes: (C,), (N, C) or (N, C, …).",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros(4, int), weight=np.ones(4)),
        ShapeError,
        "cross_entropy: weight needs a number for each class, so shape (3,), not (4,).",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros(4, int), label_smoothing=1.5),
        ConfigError,
        "cross_entropy: label_smoothing must be between 0 and 1, got 1.5.",
    ),
    (
        lambda: F.cross_entropy(scores(4, 3), np.zeros(4, int), reduction="avg"),
        ConfigError,
        'cross_entropy: reduction is "mean", "sum" or "none", not \'avg\'.',
    ),
    (
        lambda: nn.MSELoss(reduction="avg"),
        ConfigError,
        'MSELoss: reduction is "mean", "sum" or "none", not \'avg\'.',
    ),
    (
        lambda: F.nll_loss(scores(4, 3), scores(4, 3)),
        ShapeError,
        "nll_loss: the target has the input's shape (4, 3), but it is a label for each row, of shape (4,). For probabilities as "
        "targets there is cross_entropy, which takes the scores before log_softmax.",
    ),
    (
        lambda: F.mse_loss(scores(4, 1), scores(4)),
        ShapeError,
        "mse_loss: the input has shape (4, 1), the target (4,). They must be equal; reshape one, e.g. "
        "target.reshape(input.shape); nothing is broadcast here.",
    ),
    (
        lambda: F.l1_loss(scores(4, 2), scores(4, 3)),
        ShapeError,
        "l1_loss: the input has shape (4, 2), the target (4, 3). They must be equal; nothing is broadcast here.",
    ),
    (
        lambda: F.binary_cross_entropy(np.array([0.5, 1.5]), np.array([0.0, 1.0])),
        DataError,
        "binary_cross_entropy: the input must hold probabilities, but its values go from 0.5 to 1.5. Apply a sigmoid first, or "
        "use binary_cross_entropy_with_logits, which takes scores as they are.",
    ),
    (
        lambda: F.binary_cross_entropy(np.array([0.5, np.nan]), np.array([0.0, 1.0])),
        DataError,
        "binary_cross_entropy: the input must hold probabilities, but its values go from nan to nan. Apply a sigmoid first, or "
        "use binary_cross_entropy_with_logits, which takes scores as they are.",
    ),
    (
        lambda: F.smooth_l1_loss(scores(2), scores(2), beta=-1),
        ConfigError,
        "smooth_l1_loss: beta must not be negative, got -1.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_the_layout_of_the_scores_in_memory_makes_no_difference():
    scores, labels = np.random.default_rng(0).normal(size=(3, 5)), np.array([0, 2, 1, 1, 0])
    gradients = []
    for array in (
        scores.T,
        np.ascontiguousarray(scores.T),
        np.random.default_rng(0).normal(size=(3, 10))[:, ::2].T * 0 + scores.T,
    ):
        x = tg.tensor(array, requires_grad=True)
        nn.functional.cross_entropy(x, labels).backward()
        gradients.append(x.grad.numpy())
    np.testing.assert_array_equal(gradients[0], gradients[1])
    np.testing.assert_array_equal(gradients[2], gradients[1])


def test_a_loss_takes_its_inputs_by_name():
    x, y = tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0, 1.0]])
    assert nn.MSELoss()(input=x, target=y).item() == nn.MSELoss()(x, y).item()
    assert nn.CosineEmbeddingLoss()(x, y, target=tg.ones(1)).item() == nn.CosineEmbeddingLoss()(x, y, tg.ones(1)).item()
    assert F.mse_loss(input=x, target=y).item() == nn.MSELoss()(x, y).item()
    with pytest.raises(TypeError, match="labels"):
        nn.MSELoss()(x, labels=y)
    with pytest.raises(TypeError, match="input"):
        F.mse_loss(target=y)
