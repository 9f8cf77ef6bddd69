"""Taylor mode on its own terms: against nested jvp, to high order, inside other transforms, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Sampler
from tinygrad_edu import func
from tinygrad_edu.engine.families import Bilinear, Elementwise, Linear
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError, UnsupportedError

X, V = np.array([0.4, 0.9, 1.3]), np.array([1.0, -0.5, 0.3])


def nested(f, x, v, order):
    """The derivatives along a direction by jvp of jvp of …"""
    found = []
    for _ in range(order):
        f = lambda z, f=f: func.jvp(f, (z,), (tg.tensor(v),))[1]
        found.append(f(tg.tensor(x)).numpy())
    return found


def straight(f, x, v, order):
    return func.jet(f, (x,), ([v, *[0] * (order - 1)],))


PROGRAMS = {
    "elementwise": lambda x: tg.exp(tg.sin(x)) / (1 + x**2) + tg.sqrt(x) * tg.log(x),
    "both arguments of a power": lambda x: x ** (x + 1),
    "a number to a power": lambda x: 2.0**x,
    "both arguments of a quotient": lambda x: tg.sin(x) / (x + tg.cos(x)),
    "products": lambda x: tg.outer(x, x) @ tg.sin(x),
    "a product of three": lambda x: tg.einsum("i,i,i->", x, tg.sin(x), x),
    "reductions": lambda x: (x * x).mean() + tg.logsumexp(x) * x.prod(),
    "normalised": lambda x: (x - x.mean()) / (x.std() + 1),
    "a fused op by its reference": lambda x: tg.softmax(x) * tg.log_softmax(x),
    "shapes": lambda x: tg.concatenate([x[1:] * 2, tg.flip(x), tg.stack([x, x]).sum(0)]),
    "a choice": lambda x: tg.where(x > 0.5, x**3, -(x**2)),
    "a clamp": lambda x: tg.clamp(x, 0.5, 1.0) * x,
    "kinks away from them": lambda x: tg.relu(x - 0.5) * x + abs(x),
    "sigmoid and erf": lambda x: tg.sigmoid(x) * tg.erf(x),
    "broadcasting": lambda x: x[:, None] * x[None, :] / (1 + x[0]),
    "a branch": lambda x: x**3 if x[0] > 0 else x,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_agrees_with_nested_forward_mode(name):
    f = PROGRAMS[name]
    y, terms = straight(f, X, V, 4)
    np.testing.assert_allclose(y.numpy(), f(tg.tensor(X)).numpy(), rtol=1e-14)
    for got, want in zip(terms, nested(f, X, V, 4), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-9, atol=1e-10)


def smooth_ops():
    for op in REGISTRY.values():
        if isinstance(op, Elementwise | Linear | Bilinear) and op.differentiable and op.samples:
            yield pytest.param(op, id=op.name)


@pytest.mark.parametrize("op", list(smooth_ops()))
def test_every_elementwise_linear_and_bilinear_op_has_it(op):
    for sample in op.samples(Sampler(2)):
        places = [
            i for i, a in enumerate(sample.args) if isinstance(a, np.ndarray) and a.dtype.kind == "f" and op.rule(i)
        ]
        if not places:
            continue
        rng = np.random.default_rng(0)
        dots = [0.1 * rng.normal(size=sample.args[i].shape) for i in places]

        def f(*xs, sample=sample, places=places):
            args = list(sample.args)
            for i, x in zip(places, xs, strict=True):
                args[i] = x
            return op(*args, **sample.params)

        xs = tuple(tg.tensor(sample.args[i]) for i in places)
        _, got = func.jet(f, xs, [[d, 0, 0] for d in dots])
        along, directions = f, tuple(map(tg.tensor, dots))
        for k in range(3):
            along = lambda *zs, g=along, v=directions: func.jvp(g, zs, v)[1]
            want = along(*xs)
            for g, w in zip(
                got if isinstance(want, tuple) else (got,), want if isinstance(want, tuple) else (want,), strict=True
            ):
                np.testing.assert_allclose(g[k].numpy(), w.numpy(), rtol=1e-8, atol=1e-9)


KNOWN = {
    "exp": (tg.exp, lambda k: math.exp(0.3)),
    "sin": (tg.sin, lambda k: math.sin(0.3 + k * math.pi / 2)),
    "1/(1 − x)": (lambda x: 1 / (1 - x), lambda k: math.factorial(k) / 0.7 ** (k + 1)),
    "log": (tg.log, lambda k: (-1) ** (k + 1) * math.factorial(k - 1) / 0.3**k),
    "x^20": (lambda x: x**20, lambda k: math.perm(20, k) * 0.3 ** (20 - k)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_twentieth_derivative_costs_no_exponential(name, monkeypatch):
    f, want = KNOWN[name]
    calls = []
    call = Elementwise.__call__
    monkeypatch.setattr(Elementwise, "__call__", lambda self, *a, **k: calls.append(1) or call(self, *a, **k))
    _, terms = straight(f, np.float64(0.3), np.float64(1.0), 20)
    for k, term in enumerate(terms, start=1):
        assert term.item() == pytest.approx(want(k), rel=1e-9)
    assert len(calls) < 20_000


def test_inside_other_transforms():
    third = lambda x: straight(lambda z: (tg.sin(z) * z).sum(), x, tg.tensor(V), 3)[1][2]
    want = lambda x: (V**3 * (-np.cos(x) * x - 3 * np.sin(x))).sum()
    assert third(tg.tensor(X)).item() == pytest.approx(want(X))
    slope = V**3 * (np.sin(X) * X - np.cos(X) - 3 * np.cos(X))
    np.testing.assert_allclose(func.grad(third)(tg.tensor(X)).numpy(), slope, rtol=1e-12)
    np.testing.assert_allclose(func.jacfwd(third)(tg.tensor(X)).numpy(), slope, rtol=1e-12)
    batch = np.stack([X, 2 * X])
    np.testing.assert_allclose(func.vmap(third)(batch).numpy(), [want(X), want(2 * X)], rtol=1e-12)
    # And others inside it: the derivatives of a gradient.
    _, terms = straight(func.grad(lambda z: (z**4).sum()), X, V, 3)
    np.testing.assert_allclose(terms[2].numpy(), 24 * V**3, rtol=1e-12)


def test_a_parameter_inside_is_not_taken_for_a_constant():
    p = tg.tensor(np.float64(2.0), requires_grad=True)
    straight(lambda x: tg.sin(p * x), np.float64(0.5), np.float64(1.0), 2)[1][1].backward()
    want = -2 * 2 * math.sin(1.0) - 4 * 0.5 * math.cos(1.0)  # d/dp [−p² sin(p x)]
    assert p.grad.item() == pytest.approx(want)


def test_results_in_containers_and_constant_ones():
    value, terms = func.jet(lambda x, y: {"sum": x + y, "two": 2.0}, (X, X), ([V, 0], [0, V]))
    np.testing.assert_allclose(value["sum"].numpy(), 2 * X)
    assert [t.tolist() for t in terms["sum"]] == [V.tolist()] * 2
    assert [t.item() for t in terms["two"]] == [0.0, 0.0]


REFUSED = {
    "max": (lambda: straight(tg.max, X, V, 2), UnsupportedError, "jet: max is a primitive op"),
    "no series": (lambda: func.jet(tg.sin, (X,), ([],)), ShapeError, "at least 1"),
    "unequal series": (lambda: func.jet(tg.add, (X, X), ([V], [V, V])), ShapeError, r"lengths \[1, 2\]"),
    "too few series": (lambda: func.jet(tg.add, (X, X), ([V],)), ShapeError, "1 lists .* for 2 primals"),
    "a term of another shape": (lambda: func.jet(tg.sin, (X,), ([V[:2]],)), ShapeError, r"shape \(2,\)"),
    "a term of another dtype": (lambda: func.jet(tg.sin, (X,), ([V.astype(np.float32)],)), DTypeError, "dtype float32"),
    "integers": (lambda: func.jet(tg.sin, (np.arange(3),), ([1],)), DTypeError, "only floating"),
    "a container": (lambda: func.jet(lambda p: p["x"], ({"x": X},), ([V],)), ShapeError, "single tensor"),
    "a plain array of it": (lambda: straight(lambda x: np.asarray(x), X, V, 2), LevelError, "carries a series"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()


def test_a_value_that_escaped_is_named():
    kept = []
    straight(lambda x: kept.append(x) or x, X, V, 1)
    with pytest.raises(LevelError, match="a value of jet"):
        kept[0] + 1
