"""Connectionist temporal classification: against PyTorch over its options, by counting paths, and what it refuses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError
from tinygrad_edu.nn import functional as F

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=(12, 3, 6))  # (T, N, C)
PADDED = np.array([[1, 1, 3, 5, 2], [4, 2, 2, 99, -7], [3, 5, 0, 0, 0]])
INPUTS, TARGETS = [12, 10, 4], [5, 3, 2]
IN_A_ROW = np.concatenate([row[:n] for row, n in zip(PADDED, TARGETS, strict=True)])
TOO_LONG = np.array([[1, 1, 3, 5, 2], [4, 2, 2, 1, 1], [3, 5, 5, 1, 2]])

# scores, targets, lengths of both, options
CASES = {
    "padded targets": (SCORES, PADDED, INPUTS, TARGETS, {}),
    "targets in a row": (SCORES, IN_A_ROW, INPUTS, TARGETS, {}),
    "the blank last": (SCORES, PADDED - (PADDED > 0), INPUTS, TARGETS, {"blank": 5}),
    "an empty target": (SCORES, PADDED, INPUTS, [5, 0, 2], {}),
    "one sequence": (SCORES[:, 0], PADDED[0], 12, 5, {}),
    "one sequence in a batch": (SCORES[:, :1], PADDED[:1], [12], [5], {}),
    "a target too long for its input": (SCORES, TOO_LONG, INPUTS, [5, 5, 5], {"zero_infinity": True}),
    "a certain path": (np.eye(6)[[1, 0, 2, 3]][:, None] * 60, np.array([[1, 2, 3]]), [4], [3], {}),
}


def _loss(lib, x, targets, inputs, lengths, options):
    as_length = (lambda n: lib.tensor(n)) if np.ndim(inputs) == 0 else (lambda n: n)
    log_p = lib.log_softmax(x, -1)
    return lib.nn.functional.ctc_loss(log_p, lib.tensor(targets), as_length(inputs), as_length(lengths), **options)


@pytest.mark.oracle
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-5)])
def test_values_and_gradients_are_pytorchs(name, reduction, dtype, tolerance):
    torch = pytest.importorskip("torch")
    scores, *rest, options = CASES[name]
    found = []
    for lib in (tg, torch):
        x = lib.tensor(scores.astype(dtype), requires_grad=True)
        loss = _loss(lib, x, *rest, options | {"reduction": reduction})
        loss.sum().backward()
        found.append((loss.detach().numpy(), x.grad.numpy()))
    for ours, theirs in zip(*found, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.oracle
def test_the_module_is_pytorchs():
    torch = pytest.importorskip("torch")
    made = []
    for lib in (tg, torch):
        criterion = lib.nn.CTCLoss(blank=5, reduction="sum", zero_infinity=True)
        x = lib.log_softmax(lib.tensor(SCORES), 2)
        made.append(
            (repr(criterion), criterion(x, lib.tensor(PADDED % 5), lib.tensor(INPUTS), lib.tensor(TARGETS)).item())
        )
    assert made[0][0] == made[1][0]
    assert made[0][1] == pytest.approx(made[1][1], rel=1e-12)


def test_it_is_the_sum_over_all_paths_that_read_as_the_target():
    p = np.exp(F.log_softmax(tg.tensor(RNG.normal(size=(5, 3))), 1).numpy())
    total = 0.0
    for path in itertools.product(range(3), repeat=5):
        merged = [c for c, _ in itertools.groupby(path)]
        if [c for c in merged if c != 0] == [1, 1]:
            total += np.prod(p[np.arange(5), list(path)])
    loss = F.ctc_loss(tg.tensor(np.log(p)), tg.tensor([1, 1]), 5, 2, reduction="sum")
    assert loss.item() == pytest.approx(-np.log(total), rel=1e-12)


def test_both_modes_and_second_derivatives():
    def f(x):
        return F.ctc_loss(x.log_softmax(2), PADDED, INPUTS, TARGETS)

    x = tg.tensor(SCORES, requires_grad=True)
    assert tg.autograd.gradcheck(f, (x,), check_forward_ad=True)
    small = tg.tensor(SCORES[:4, :2, :3], requires_grad=True)
    assert tg.autograd.gradgradcheck(
        lambda x: F.ctc_loss(x.log_softmax(2), [[1, 1], [2, 1]], [4, 3], [2, 2], reduction="sum"), (small,)
    )


def test_vmap_over_scores_and_targets():
    x = tg.tensor(RNG.normal(size=(4, 6, 5)))
    labels = tg.tensor(RNG.integers(1, 5, (4, 2)))

    def f(x, labels):
        return F.ctc_loss(x, labels, 6, 2, reduction="sum")

    each = tg.vmap(f)(x, labels)
    assert np.allclose(each.numpy(), [f(x[i], labels[i]).item() for i in range(4)])
    shared = tg.vmap(tg.func.grad(f), in_dims=(0, None))(x, labels[0])
    assert np.allclose(shared.numpy()[2], tg.func.grad(f)(x[2], labels[0]).numpy())


def test_a_target_that_cannot_be_emitted():
    x = tg.tensor(SCORES, requires_grad=True)
    losses = F.ctc_loss(x.log_softmax(2), TOO_LONG, INPUTS, [5, 5, 5], reduction="none")
    assert np.isinf(losses.detach().numpy()).tolist() == [False, False, True]
    F.ctc_loss(x.log_softmax(2), TOO_LONG, INPUTS, [5, 5, 5], zero_infinity=True).backward()
    assert np.isfinite(x.grad.numpy()).all() and not x.grad.numpy()[:, 2].any() and x.grad.numpy()[:, 0].any()
    unlikely = tg.tensor(np.where(np.arange(6) == 3, -np.inf, 0.0) + np.zeros((4, 1, 6)))  # class 3 has probability 0
    assert F.ctc_loss(unlikely, [[3]], [4], [1]).item() == np.inf


REFUSED = {
    "the blank as a label": (SCORES, np.zeros((3, 5), int), INPUTS, TARGETS, {}, DataError,
        "label 0 at place 0 of target 0 is the"),
    "a label out of range": (SCORES, PADDED + 3, INPUTS, TARGETS, {}, DataError, "label 6 at place 2 of target 0 is out of range"),
    "floating labels": (SCORES, PADDED * 1.0, INPUTS, TARGETS, {}, DTypeError, "targets must hold integers, not float64"),
    "floating lengths": (SCORES, PADDED, [1.5, 2, 3], TARGETS, {}, DTypeError, "input_lengths must hold integers"),
    "one length for three": (SCORES, PADDED, [12], TARGETS, {}, ShapeError, "a length for each of the 3 sequences"),
    "an input that is longer": (SCORES, PADDED, [13, 1, 1], TARGETS, {}, ShapeError,
        r"input_lengths \[13, 1, 1\] for log_probs of 12"),
    "a target that is longer": (SCORES, PADDED, INPUTS, [6, 1, 1], {}, ShapeError, r"targets of shape \(3, 5\) for 3 sequences"),
    "a row of another length": (SCORES, IN_A_ROW[:-1], INPUTS, TARGETS, {}, ShapeError, "9 targets in a row, .* add up to 10"),
    "a negative length": (SCORES, PADDED, INPUTS, [-1, 1, 1], {}, DataError, "target_lengths has a negative length, -1"),
    "four axes": (SCORES[None], PADDED, INPUTS, TARGETS, {}, ShapeError, r"\(T, N, C\) or \(T, C\)"),
    "a blank that is no class": (SCORES, PADDED, INPUTS, TARGETS, {"blank": 6}, ConfigError, "blank=6 is none of the 6 classes"),
    "an unknown reduction": (SCORES, PADDED, INPUTS, TARGETS, {"reduction": "max"}, ConfigError, "reduction is"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_named(name):
    *given, options, error, message = REFUSED[name]
    with pytest.raises(error, match="ctc_loss: .*" + message):
        F.ctc_loss(tg.tensor(given[0]), *given[1:], **options)
