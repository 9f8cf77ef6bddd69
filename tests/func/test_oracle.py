"""Every nesting of transforms agrees with `torch.func` to 1e-10 in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import func

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

RNG = np.random.default_rng(0)
X, V, W = RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=(3, 4))
BATCH = RNG.normal(size=(5, 4))


def as_ours(a):
    return tg.tensor(np.asarray(a))


def as_torch(a):
    return torch.tensor(np.asarray(a))


def scalar_program(m, make):
    """A function R⁴ → R written once for both libraries: elementwise, products, reductions, a softmax, an index."""
    w = make(W)

    def f(x):
        h = m.tanh(w @ x) * m.sin(w @ x)
        p = m.softmax(x * x, -1)
        return h.sum() + (x**3).prod() + (p * x).sum() + m.exp(-x[1:] * x[:-1]).sum() + m.logsumexp(x, 0)

    return f


def vector_program(m, make):
    """A function R⁴ → R³."""
    w = make(W)
    return lambda x: m.sin(w @ x) * x[:3] + m.log_softmax(x, -1)[1:] * m.sigmoid(x[0])


def agree(got, want, tolerance=1e-10):
    if isinstance(want, tuple):
        for g, w in zip(got, want, strict=True):
            agree(g, w, tolerance)
        return
    want = want.detach().numpy()
    got = got.detach().numpy()
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * max(1.0, np.abs(want).max(initial=0)))


def run(build, *arrays, program=scalar_program):
    """The same transform of the same program in both libraries."""
    ours = build(func, program(tg, as_ours))(*map(as_ours, arrays))
    theirs = build(torch.func, program(torch, as_torch))(*map(as_torch, arrays))
    return ours, theirs


def jvp_of(t, f):
    return lambda x, v: t.jvp(f, (x,), (v,))


def vjp_of(t, f):
    return lambda x, v: t.vjp(f, x)[1](v)


TRANSFORMS = {
    "grad": (lambda t, f: t.grad(f), (X,), scalar_program),
    "jvp": (jvp_of, (X, V), scalar_program),
    "jvp of grad (hvp)": (lambda t, f: jvp_of(t, t.grad(f)), (X, V), scalar_program),
    "grad of jvp": (lambda t, f: lambda x, v: t.grad(lambda z: jvp_of(t, f)(z, v)[1])(x), (X, V), scalar_program),
    "grad of vjp": (
        lambda t, f: lambda x, v: t.grad(lambda z: (vjp_of(t, f)(z, v)[0] ** 2).sum())(x), (X, V[:3]), vector_program,
    ),
    "vjp": (vjp_of, (X, V[:3]), vector_program),
    "jacfwd": (lambda t, f: t.jacfwd(f), (X,), vector_program),
    "jacrev": (lambda t, f: t.jacrev(f), (X,), vector_program),
    "hessian": (lambda t, f: t.hessian(f), (X,), scalar_program),
    "hessian of a vector": (lambda t, f: t.hessian(f), (X,), vector_program),
    "vmap": (lambda t, f: t.vmap(f), (BATCH,), vector_program),
    "vmap of grad": (lambda t, f: t.vmap(t.grad(f)), (BATCH,), scalar_program),
    "grad of vmap": (lambda t, f: t.grad(lambda b: (t.vmap(f)(b) ** 2).sum()), (BATCH,), vector_program),
    "vmap of hessian": (lambda t, f: t.vmap(t.hessian(f)), (BATCH,), scalar_program),
    "vmap of jvp": (lambda t, f: t.vmap(jvp_of(t, f), in_dims=(0, None)), (BATCH, V), scalar_program),
    "jacrev of vmap": (lambda t, f: t.jacrev(t.vmap(f)), (BATCH,), vector_program),
    "jacfwd of vmap of grad": (lambda t, f: t.jacfwd(t.vmap(t.grad(f))), (BATCH,), scalar_program),
    "vmap of vmap": (
        lambda t, f: t.vmap(t.vmap(lambda x, y: f(x * y), in_dims=(None, 0)), in_dims=(0, None)), (BATCH, BATCH), vector_program,
    ),
    "value and gradient": (
        lambda t, f: lambda x: (t.grad_and_value if t is torch.func else _swapped(t))(f)(x), (X,), scalar_program,
    ),
}  # fmt: skip


def _swapped(t):
    return lambda f: lambda x: t.value_and_grad(f)(x)[::-1]


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform_agrees(name):
    build, arrays, program = TRANSFORMS[name]
    agree(*run(build, *arrays, program=program))


@pytest.mark.parametrize("modes", list(itertools.product("fr", repeat=2)) + list(itertools.product("fr", repeat=3)))
def test_second_and_third_derivatives_in_every_order_of_modes(modes):
    def build(t, f):
        for mode in modes:
            f = t.jacfwd(f) if mode == "f" else t.jacrev(f)
        return f

    agree(*run(build, X))


def test_a_parameter_reached_through_an_inner_grad():
    ours, theirs = tg.tensor(W, requires_grad=True), torch.tensor(W, requires_grad=True)
    func.grad(lambda x: tg.sin(ours @ x).sum())(as_ours(X)).square().sum().backward()
    # torch.func takes a captured parameter for part of the graph only outside its transforms: differentiate by autograd.
    x = torch.tensor(X, requires_grad=True)
    (g,) = torch.autograd.grad(torch.sin(theirs @ x).sum(), x, create_graph=True)
    g.square().sum().backward()
    agree(ours.grad, theirs.grad)


CONFUSING = {
    "forward in forward": (jvp_of, jvp_of),
    "reverse in reverse": ("grad", "grad"),
    "forward in reverse": ("grad", jvp_of),
    "reverse in forward": (jvp_of, "grad"),
}


@pytest.mark.parametrize("name", CONFUSING)
def test_perturbations_are_not_confused(name):
    outer, inner = CONFUSING[name]

    def derivative(t, kind, f):
        if kind == "grad":
            return t.grad(f)
        return lambda x: t.jvp(f, (x,), (x * 0 + 1,))[1]

    def build(t, _):
        f = lambda x: x * derivative(t, inner, lambda y: x * y * y + (x + y) ** 3)(x)
        return derivative(t, outer, f)

    agree(*run(build, np.float64(1.3)))


KINDS = st.sampled_from(["grad", "jvp", "vmap", "jac f", "jac r"])


@settings(max_examples=40)
@given(st.lists(KINDS, min_size=1, max_size=4), st.integers(0, 5))
def test_random_nestings_agree(kinds, seed):
    """Random towers of transforms, each level reduced to a scalar function again, to depth four."""
    v = np.random.default_rng(seed).normal(size=4)

    def build(t, f):
        make = as_ours if t is func else as_torch
        for kind in kinds:
            f = _wrapped(t, kind, f, make(v))
        return f

    agree(*run(build, X), tolerance=1e-9)


def _wrapped(t, kind, f, v):
    if kind == "grad":
        return lambda x: (t.grad(f)(x) * v).sum()
    if kind == "jvp":
        return lambda x: t.jvp(f, (x,), (v,))[1]
    if kind == "vmap":
        return lambda x: (t.vmap(lambda s: f(x * s))(v) * v).sum()
    jacobian = t.jacfwd if kind == "jac f" else t.jacrev
    return lambda x: (jacobian(lambda z: f(z) * z)(x) * v).sum() / 10
