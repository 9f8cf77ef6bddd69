"""Gradients by forward mode alone: the whole one, random estimates of it, and the memory that they take."""

from __future__ import annotations

import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func, nn
from tinygrad_edu.engine.passes import PASSES
from tinygrad_edu.errors import ConfigError, ShapeError, UnsupportedError
from tinygrad_edu.nn import functional as F

RNG = np.random.default_rng(3)
LABELS = np.arange(6) % 3


def mlp(*sizes: int, dropout: float = 0.0) -> nn.Sequential:
    tg.manual_seed(1)
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.GELU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers[:-2]).double()


MODELS = {
    "two layers": (lambda: mlp(5, 4, 3), (6, 5)),
    "deep": (lambda: mlp(5, 4, 4, 4, 3), (6, 5)),
    "without a bias": (lambda: nn.Sequential(nn.Linear(5, 4, bias=False), nn.Tanh(), nn.Linear(4, 3)).double(), (6, 5)),
    "convolution": (
        lambda: nn.Sequential(nn.Conv1d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(9, 3)).double(),
        (6, 2, 4),
    ),
    "float32": (lambda: mlp(5, 4, 3).float(), (6, 5)),
}


def problem(name="two layers"):
    make, shape = MODELS[name]
    model = make()
    parameters = {key: p.detach() for key, p in model.named_parameters()}
    x = tg.tensor(RNG.normal(size=shape).astype(next(iter(parameters.values())).dtype))
    return model, parameters, lambda p: F.cross_entropy(func.functional_call(model, p, x), LABELS), x


def far(got, want):
    assert list(got) == list(want)
    return max(np.abs(got[key].numpy() - w.numpy()).max() for key, w in want.items())


# -- the whole gradient --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("options", [{}, {"leafwise": True}, {"chunk_size": 7}, {"chunk_size": 5, "leafwise": True}])
def test_the_whole_gradient_is_that_of_reverse_mode(name, options):
    _, parameters, loss, _ = problem(name)
    value, gradient = func.value_and_grad(loss)(parameters)
    ours, found = func.forward_gradient(loss, None, **options)(parameters)
    tolerance = 1e-6 if name == "float32" else 1e-14
    assert abs(ours.item() - value.item()) < tolerance
    assert far(found, gradient) < tolerance
    assert all(found[key].dtype == w.dtype for key, w in gradient.items())


def test_several_arguments_and_an_auxiliary_result():
    f = lambda a, b, scale=1.0: (scale * (a * b.sum()).sum(), a + b.sum())
    a, b = tg.tensor([1.0, 2.0]), tg.tensor([[3.0], [4.0]])
    (value, aux), (at_b, at_a) = func.forward_gradient(f, None, argnums=(1, 0), has_aux=True)(a, b, scale=2.0)
    assert (value.item(), aux.tolist()) == (42.0, [8.0, 9.0])
    assert (at_a.tolist(), at_b.tolist()) == ([14.0, 14.0], [[6.0], [6.0]])


@pytest.mark.parametrize("options", [{}, {"leafwise": True}, {"chunk_size": 3}, {"directions": 8, "chunk_size": 3}])
def test_dropout_drops_the_same_for_all_tangents(options):
    model = mlp(5, 8, 3, dropout=0.5)
    parameters = {key: p.detach() for key, p in model.named_parameters()}
    x = tg.tensor(RNG.normal(size=(6, 5)))
    loss = lambda p: F.cross_entropy(func.functional_call(model, p, x), LABELS)
    tg.manual_seed(7)
    value, gradient = func.value_and_grad(loss)(parameters)
    after = tg.rand(1).item()
    tg.manual_seed(7)
    ours, found = func.forward_gradient(loss, **{"directions": None, **options})(parameters)
    assert ours.item() == pytest.approx(value.item(), abs=1e-14)
    assert "directions" in options or far(found, gradient) < 1e-14
    assert tg.rand(1).item() == after  # and the next step draws what it would have drawn


def test_a_layer_by_itself_leaves_those_before_it_without_tangents():
    _, parameters, loss, _ = problem("deep")
    sizes = [p.numel() for p in parameters.values()]
    for options in ({}, {"leafwise": True}):
        before = PASSES.pushed
        func.forward_gradient(loss, None, **options)(parameters)
        assert PASSES.pushed - before == sum(sizes)
    shapes = []

    def watched(p):
        shapes.append([type(p["0.weight"]).__name__, type(p["6.bias"]).__name__])
        return loss(p)

    func.forward_gradient(watched, None, leafwise=True)({**parameters})
    assert shapes[0] == ["Dual", "Tensor"] and shapes[-1][0] != "Dual" and len(shapes) == len(sizes)


# -- unit directions -----------------------------------------------------------------------------------------------


def test_the_jacobian_of_what_hands_its_input_through_is_an_array_of_its_own():
    for f in (lambda x: x, lambda x: x.reshape(4), lambda x: x.T, lambda x: x[:1]):
        x = tg.tensor(RNG.normal(size=(2, 2)))
        for made in (func.jacfwd(f)(x), tg.autograd.functional.jacobian(f, x, vectorize=True, strategy="forward-mode")):
            np.testing.assert_array_equal(made.numpy(), func.jacrev(f)(x).numpy())
            before = made.numpy().copy()
            made.numpy()[(0,) * made.ndim] += 5
            assert (made.numpy() != before).sum() == 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 7, 12, None])
@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_a_linear_layer_along_unit_directions_of_its_weight(chunk, lead):
    x = tg.tensor(RNG.normal(size=(*lead, 3)))
    w, b = tg.tensor(RNG.normal(size=(4, 3))), tg.tensor(RNG.normal(size=4))
    f = lambda w, b: F.linear(x, w, b)
    for got, want in zip(func.jacfwd(f, (0, 1), chunk_size=chunk)(w, b), func.jacrev(f, (0, 1))(w, b), strict=True):
        np.testing.assert_allclose(got.numpy(), want.numpy(), atol=1e-15)


def test_other_directions_that_lie_in_memory_like_unit_directions_are_not_mistaken_for_them():
    x, w = tg.tensor(RNG.normal(size=(4, 3))), RNG.normal(size=(2, 3))
    vector = np.zeros(8)
    for places, number in [((2, 5), 1.0), ((3,), 2.0), ((), 0.0)]:
        vector[:] = 0
        vector[list(places)] = number
        v = np.lib.stride_tricks.as_strided(vector[2:], (3, 2, 3), (-8, 24, 8))
        got = func.vmap(lambda v: func.jvp(lambda w: F.linear(x, w), (tg.tensor(w),), (v,))[1])(v)
        np.testing.assert_allclose(got.numpy(), x.numpy() @ v.swapaxes(1, 2), atol=1e-15)


# -- random estimates ----------------------------------------------------------------------------------------------

REPEATS, DIRECTIONS = 200, 50  # 10,000 directions in all


def unbiased(estimates, gradient, variance):
    """`estimates` (repeats, n) of `gradient` (n,): their mean within five standard errors, their spread as `variance` says."""
    error = np.sqrt(variance / len(estimates))
    assert (np.abs(estimates.mean(0) - gradient) < 5 * error).all()
    ratio = estimates.var(0, ddof=1) / variance
    assert 0.85 < ratio.mean() < 1.15, ratio.mean()
    assert ((ratio > 0.5) & (ratio < 1.6)).all(), ratio


def flat(gradient):
    return np.concatenate([g.numpy().reshape(-1) for g in gradient.values()])


def test_perturbing_weights_is_unbiased_with_the_variance_of_theory():
    _, parameters, loss, _ = problem()
    rng = np.random.default_rng(0)
    estimate = func.forward_gradient(loss, DIRECTIONS, generator=rng)
    found = np.array([flat(estimate(parameters)[1]) for _ in range(REPEATS)])
    g = flat(func.grad(loss)(parameters))
    unbiased(found, g, (g @ g + g * g) / DIRECTIONS)


@pytest.mark.parametrize("each", [False, True])
def test_perturbing_activities_is_unbiased_with_the_variance_of_theory(each):
    model, parameters, loss, x = problem()
    rng = np.random.default_rng(0)
    losses = lambda: F.cross_entropy(model(x), LABELS, reduction="none" if each else "mean")
    estimate = func.activity_gradient(losses, model, DIRECTIONS, rng)
    found = np.array([flat(estimate()[1]) for _ in range(REPEATS)])
    # What comes out of the two layers is z₁, z₂; the estimate of the gradient there has covariance (|g|² I + g gᵀ) / K, and
    # the layer's rule is linear: W̄ = Z̄ᵀ X.
    h = F.gelu(model[0](x)).detach()
    loss_at = lambda d1, d2: F.cross_entropy(model[3](F.gelu(model[0](x) + d1)) + d2, LABELS)
    at = func.grad(loss_at, (0, 1))(tg.zeros(6, 4, dtype=np.float64), tg.zeros(6, 3, dtype=np.float64))
    g1, g2 = (g.detach().numpy() for g in at)
    size = (g1**2).sum(1) + (g2**2).sum(1)  # |gₙ|² of each example
    variances = []
    for inputs, g in ((x.numpy(), g1), (h.numpy(), g2)):
        for reads in (inputs, np.ones((6, 1))):  # the weight, then the bias, whose input is one
            products = g[:, :, None] * reads[:, None, :]
            if each:
                spread = (size[:, None, None] * reads[:, None, :] ** 2 + products**2).sum(0)
            else:
                spread = size.sum() * (reads**2).sum(0)[None, :] + products.sum(0) ** 2
            variances.append(np.broadcast_to(spread, products.shape[1:]).reshape(-1) / DIRECTIONS)
    unbiased(found, flat(func.grad(loss)(parameters)), np.concatenate(variances))


def test_complex_inputs_are_perturbed_in_both_parts():
    z = tg.tensor(np.array([1 + 2j, 0.5 - 1j]))
    f = lambda z: (z.abs() ** 2).sum()
    found = func.forward_gradient(f, 20_000, generator=np.random.default_rng(0))(z)[1].numpy()
    np.testing.assert_allclose(found, 2 * z.numpy(), atol=5 * 2**0.5 * np.linalg.norm(2 * z.numpy()) / 20_000**0.5)


@pytest.mark.parametrize("make", [func.forward_gradient, None])
def test_chunks_and_a_seed_repeat_an_estimate(make):
    model, parameters, loss, x = problem()
    if make is None:
        run = lambda c: func.activity_gradient(
            lambda: F.cross_entropy(model(x), LABELS), model, 10, np.random.default_rng(5), chunk_size=c
        )()
        assert far(run(None)[1], run(10)[1]) < 1e-15
    else:
        run = lambda c: make(loss, 10, generator=np.random.default_rng(5), chunk_size=c)(parameters)
        assert far(run(None)[1], run(3)[1]) < 1e-14
    assert far(run(4)[1], run(4)[1]) == 0


# -- activities ----------------------------------------------------------------------------------------------------


def exactly(model, losses, directions=4000):
    """The estimate beside the gradient, both as one vector."""
    value, found = func.activity_gradient(losses, model, directions, np.random.default_rng(2))()
    model.zero_grad()
    losses().mean().backward()
    want = {name: p.grad for name, p in model.named_parameters()}
    assert value.item() == pytest.approx(losses().mean().item())
    g = flat(want)
    return np.linalg.norm(flat(found) - g) / np.linalg.norm(g)


def test_layers_of_other_kinds_and_weights_that_are_shared():
    conv = nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.Flatten(), nn.Linear(9, 3)).double()
    x = tg.tensor(RNG.normal(size=(6, 2, 4)))
    before = conv[1].running_mean.clone()
    assert exactly(conv, lambda: F.cross_entropy(conv(x), LABELS)) < 0.3
    assert not np.array_equal(before.numpy(), conv[1].running_mean.numpy())
    tied = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)).double()
    tied[2].weight = tied[0].weight
    y = tg.tensor(RNG.normal(size=(6, 3)))
    assert exactly(tied, lambda: F.cross_entropy(tied(y), LABELS, reduction="none")) < 0.1
    twice = nn.Linear(3, 3).double()
    assert exactly(twice, lambda: F.cross_entropy(twice(x=twice(y).tanh()), LABELS)) < 0.2


def test_running_averages_move_once_and_frozen_parameters_stay_out():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).double()
    x = tg.tensor(RNG.normal(size=(6, 3)))
    model[0].bias.requires_grad_(False)
    expected = 0.1 * model[0](x).detach().numpy().mean(0)
    _, found = func.activity_gradient(lambda: F.cross_entropy(model(x), LABELS), model, 2)()
    assert list(found) == ["0.weight", "1.weight", "1.bias"]
    np.testing.assert_allclose(model[1].running_mean.numpy(), expected, rtol=1e-12)


# -- memory --------------------------------------------------------------------------------------------------------


def peak(call):
    call()
    tracemalloc.start()
    call()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


@pytest.mark.parametrize("sizes", [(16, 40, 24, 10), (16, 16, 16, 16, 16, 16, 10), (8, 80, 10)])
def test_chunks_from_a_budget_stay_within_it(sizes):
    model, budget = mlp(*sizes), 2**20
    x, labels = tg.tensor(RNG.normal(size=(32, sizes[0]))), np.arange(32) % 10
    parameters = {key: p.detach() for key, p in model.named_parameters()}
    loss = lambda p: F.cross_entropy(func.functional_call(model, p, x), labels)
    n = func.chunk_for_memory("1M", loss, parameters)
    losses = lambda: F.cross_entropy(model(x), labels, reduction="none")
    k = func.directions_in(budget, func.activity_bytes(losses, model))
    used = {
        "whole": peak(lambda: func.forward_gradient(loss, None, chunk_size=n)(parameters)),
        "leaf by leaf": peak(lambda: func.forward_gradient(loss, None, chunk_size=n, leafwise=True)(parameters)),
        "weights": peak(lambda: func.forward_gradient(loss, 2 * n, chunk_size=n)(parameters)),
        "activities": peak(lambda: func.activity_gradient(losses, model, 2 * k, chunk_size=k)()),
    }
    assert n > 1 and k > 1
    assert max(used.values()) < 1.2 * budget, used
    assert used["weights"] > 0.5 * budget and used["activities"] > 0.5 * budget  # and make use of it


def test_unit_directions_take_no_memory():
    x = tg.tensor(RNG.normal(size=3000))
    assert peak(lambda: func.jacfwd(lambda x: (2 * x).sum())(x)) < 1.1 * 3000**2 * 8  # the twofold directions do


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256M", 2**28),
        ("64k", 2**16),
        ("1.5G", 3 * 2**29),
        ("4096", 4096),
        (4096, 4096),
        ("2 GiB", 2**31),
        ("8MB", 2**23),
    ],
)
def test_memory_is_given_in_bytes_or_as_people_write_it(text, size):
    assert func.parse_memory(text) == size


# -- bad input -----------------------------------------------------------------------------------------------------

X = np.ones((6, 5))


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(tg.ones(3))
        self.inner = nn.Linear(5, 3)

    def forward(self, x):
        return self.inner(x) * self.scale


class Noisy(nn.Linear):
    def forward(self, x):
        return super().forward(x) + tg.rand(3)


def of(model, reduction="mean", directions=1, **options):
    x = tg.tensor(X.astype(np.float32))
    return lambda: func.activity_gradient(
        lambda: F.cross_entropy(model(x), LABELS, reduction=reduction), model, directions, **options
    )()


def returning(model):
    return lambda: func.activity_gradient(lambda: model(tg.ones(6, 5))[0].sum(), model)()


def unreduced():
    model = nn.Linear(5, 3)
    return func.activity_gradient(lambda: model(tg.ones(6, 5)), model)()


MIXING = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3))
FROZEN = nn.Sequential(nn.Linear(5, 3)).requires_grad_(False)

REFUSED = {
    "no directions": (lambda: func.forward_gradient(np.sum, 0), ConfigError, "directions=0; give a number"),
    "a fraction": (lambda: func.forward_gradient(np.sum, 1.5), ConfigError, "directions=1.5"),
    "chunks of none": (lambda: func.forward_gradient(np.sum, None, chunk_size=0), ConfigError, "must be at least 1"),
    "leafwise at random": (lambda: func.forward_gradient(np.sum, 3, leafwise=True), ConfigError, "leafwise is a way"),
    "no scalar": (lambda: func.forward_gradient(lambda x: x, None)(X), ShapeError, "it returned shape (6, 5)"),
    "complex": (lambda: func.forward_gradient(np.sum, None)(X + 1j), UnsupportedError, "counts real inputs"),
    "too little memory": (lambda: func.chunk_for_memory(100, np.sum, X), ConfigError, "one direction takes 496. Give"),
    "memory of what": (lambda: func.parse_memory("lots"), ConfigError, "a memory of lots: give bytes"),
    "negative memory": (lambda: func.parse_memory("-5M"), ConfigError, "a memory of -5M"),
    "activities, none": (of(nn.Linear(5, 3), directions=0), ConfigError, "activity_gradient: directions=0"),
    "activities, all": (of(nn.Linear(5, 3), directions=None), ConfigError, "give a number of random directions"),
    "activities, no loss": (unreduced, ShapeError, "it returned shape (6, 3)"),
    "parameters above modules": (
        of(Holder()),
        UnsupportedError,
        "Holder holds parameters of its own and other modules",
    ),
    "a layer that returns a tuple": (returning(nn.LSTM(5, 3)), UnsupportedError, "LSTM returned a tuple"),
    "a layer that draws": (of(Noisy(5, 3)), UnsupportedError, "gave something else when it was called again"),
    "examples that mix": (of(MIXING, "none"), UnsupportedError, "BatchNorm1d (1) mixes them"),
    "nothing to learn": (of(FROZEN), ConfigError, "has no parameters that require"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, message = REFUSED[name]
    with pytest.raises(error) as raised:
        call()
    assert message in str(raised.value)


def test_a_budget_that_the_message_names_is_enough():
    _, parameters, loss, _ = problem()
    with pytest.raises(ConfigError) as raised:
        func.chunk_for_memory(10, loss, parameters)
    least, comfortable = (
        word.rstrip(".") for word in str(raised.value).split() if word[0].isdigit() and word != "10" and word != "64"
    )
    assert func.chunk_for_memory(least, loss, parameters) >= 1
    assert func.chunk_for_memory(comfortable, loss, parameters) >= 64
    assert math.isfinite(func.bytes_per_direction(loss, parameters))
