"""Distributions against PyTorch's: draws from the same seed, densities, entropies, divergences and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError, DataError, ShapeError, UnsupportedError

A = np.array([[0.2, -1.0, 0.7], [1.5, 0.1, -0.3]])
P = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
COV = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 0.7]])
CASES = {
    "Normal": (lambda D, a, b: D.Normal(a, b.exp()), A, A[::-1].copy(), A + 0.3),
    "Uniform": (lambda D, a, b: D.Uniform(a, a + b.exp()), A, A[::-1].copy(), A + 0.3),
    "Bernoulli of probs": (lambda D, a, b: D.Bernoulli(a), P, P, np.round(P)),
    "Bernoulli of logits": (lambda D, a, b: D.Bernoulli(logits=a), A * 10, A, np.round(P)),
    "Categorical of probs": (lambda D, a, b: D.Categorical(a), P * 2, P, np.array([2, 0])),
    "Categorical of logits": (lambda D, a, b: D.Categorical(logits=a), A, A, np.array([[2], [1], [0]])),
    "Independent": (lambda D, a, b: D.Independent(D.Normal(a, b.exp()), 1), A, A[::-1].copy(), A + 0.3),
    "Independent over nothing": (lambda D, a, b: D.Independent(D.Bernoulli(a), 0), P, P, np.round(P)),
    "MultivariateNormal": (lambda D, a, b: D.MultivariateNormal(a, b), A, COV, A + 0.3),
    "MultivariateNormal of a factor": (
        lambda D, a, b: D.MultivariateNormal(a, scale_tril=b.tril()), A, COV, A + 0.3,
    ),
    "MultivariateNormal of a precision": (lambda D, a, b: D.MultivariateNormal(a, precision_matrix=b), A, COV, A + 0.3),
}  # fmt: skip


def plain(x):
    return np.asarray(x.detach(), dtype=np.float64)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_a_distribution_is_pytorch_s(name, dtype):
    import torch

    make, *given, at = CASES[name]
    found = []
    for lib in (tg, torch):
        lib.manual_seed(4)
        a, b = (lib.tensor(x, dtype=getattr(lib, dtype), requires_grad=True) for x in given)
        value = lib.tensor(at) if at.dtype.kind == "i" else lib.tensor(at, dtype=getattr(lib, dtype))
        d = make(lib.distributions, a, b)
        values = [d.sample(), d.sample((3,)), d.sample((2, 4))]
        assert not values[0].requires_grad
        log_prob, entropy = d.log_prob(value), d.entropy()
        total = (log_prob * log_prob).sum() + entropy.sum()
        if d.has_rsample:
            drawn = d.rsample((2,))
            total = total + (drawn * drawn).sum()
            values.append(drawn)
        values += [log_prob, entropy, lib.rand(1)]
        if not name.startswith("Categorical"):
            values += [d.mean, d.variance, d.stddev]
        grads = lib.autograd.grad(total, [a, b], allow_unused=True)
        values += [g for g in grads if g is not None]
        found.append(([plain(v) for v in values], tuple(d.batch_shape), tuple(d.event_shape), repr(d)))
    assert found[0][1:] == found[1][1:]
    for ours, theirs in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=2e-5 if dtype == "float32" else 1e-9, atol=3e-6 if dtype == "float32" else 1e-9
        )


@pytest.mark.oracle
@pytest.mark.parametrize("name", [n for n in CASES if "precision" not in n])
def test_divergences_are_pytorch_s(name):
    import torch

    make, a, b, _ = CASES[name]
    found = []
    for lib in (tg, torch):
        x, y = lib.tensor(a, requires_grad=True), lib.tensor(b)
        p, q = make(lib.distributions, x, y), make(lib.distributions, lib.tensor(a[::-1].copy()), y)
        kl = lib.distributions.kl_divergence(p, q)
        found.append((plain(kl), plain(lib.autograd.grad(kl[kl.isfinite()].sum() + 0 * x.sum(), x)[0])))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


REFUSED = [
    (lambda: tg.distributions.Normal(0.0, -1.0), ConfigError, "Normal: scale must be greater than 0, got -1.0."),
    (lambda: tg.distributions.Uniform(1.0, 0.0), ConfigError, "Uniform: high − low must be greater than 0"),
    (lambda: tg.distributions.Bernoulli(1.5), ConfigError, "Bernoulli: probs must be from 0 to 1, got 1.5."),
    (lambda: tg.distributions.Bernoulli(), ConfigError, "Bernoulli: give either probs or logits."),
    (
        lambda: tg.distributions.Categorical(tg.tensor([-1.0, 2.0])),
        ConfigError,
        "Categorical: probs must be probabilities",
    ),
    (lambda: tg.distributions.Categorical(0.5), ShapeError, "Categorical: needs probabilities of shape (…, n)"),
    (
        lambda: tg.distributions.Categorical(tg.ones(3)).log_prob(tg.tensor(3)),
        DataError,
        "Categorical.log_prob: categories go from 0 to 2, got 3.",
    ),
    (
        lambda: tg.distributions.Categorical(tg.ones(3)).rsample(),
        UnsupportedError,
        "Categorical.rsample: its values don't depend smoothly on its parameters.",
    ),
    (
        lambda: tg.distributions.kl_divergence(tg.distributions.Normal(0.0, 1.0), tg.distributions.Bernoulli(0.5)),
        NotImplementedError,
        "kl_divergence: no formula for Normal and Bernoulli",
    ),
    (
        lambda: tg.distributions.MultivariateNormal(tg.zeros(2)),
        ShapeError,
        "MultivariateNormal: needs loc of shape (…, n)",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[m[:40] for *_, m in REFUSED])
def test_what_makes_no_sense_is_refused(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_an_independent_takes_axes_of_the_batch():
    D = tg.distributions
    base = D.Normal(tg.zeros(4, 2, 3), tg.ones(4, 2, 3))
    made = D.Independent(base, 2)
    assert (made.batch_shape, made.event_shape) == ((4,), (2, 3))
    assert made.log_prob(tg.zeros(4, 2, 3)).shape == (4,)
    assert D.Independent(base, 0).log_prob(tg.zeros(4, 2, 3)).shape == (4, 2, 3)
    assert D.kl_divergence(made, made).tolist() == [0.0] * 4
    with pytest.raises(ConfigError, match="reinterpreted_batch_ndims must be between 0 and 3"):
        D.Independent(base, 4)
    with pytest.raises(NotImplementedError, match="over 2 axes and one over 1"):
        D.kl_divergence(made, D.Independent(base, 1))
