"""Random towers of transforms over random programs: each storey agrees with finite differences of the one below it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import func

N = 3
RNG = np.random.default_rng(0)
W = RNG.normal(size=(N, N)) / 2
C = RNG.uniform(0.5, 1.5, N)

# Steps of a program ℝ³ → ℝ³, smooth and of moderate size, with something of every family of ops.
STEPS = {
    "sine": tg.sin,
    "tanh": lambda x: tg.tanh(x) + 0.3 * x,
    "sigmoid": tg.sigmoid,
    "bell": lambda x: tg.exp(-x * x),
    "product": lambda x: W @ x,
    "quotient": lambda x: x / (1 + x * x),
    "root": lambda x: tg.sqrt(1 + x**2),
    "softmax": lambda x: tg.softmax(x) * C,
    "normalised": lambda x: (x - x.mean()) / (1 + x.var()),
    "index": lambda x: tg.stack([x[0] * x[2], x[1] - x[0], x[2]]) / 2,
    "reversed": lambda x: x[::-1] * C,
    "cumulative": lambda x: tg.concatenate([x[:1], x[:1] * x[1:]]),
    "logsumexp": lambda x: x / 2 + tg.logsumexp(x),
    "outer": lambda x: tg.outer(x, tg.cos(x)).sum(0) / 2,
    "a gradient inside": lambda x: func.grad(lambda z: tg.sin(z * x).sum())(x * 0.5),
    "a choice": lambda x: tg.where(x > 100, x**5, x * 0.9),
    "a branch": lambda x: x if N < 0 else x * 0.7,
}


def program(steps):
    def f(x):
        for step in steps:
            x = STEPS[step](x)
        return (x * C).sum()

    return f


def weighted(v, t):
    return (v * t).sum()


# A storey: the scalar function above, given the scalar function f below and a vector v; each is smooth again.
STOREYS = {
    "grad": lambda f, v: lambda x: weighted(v, func.grad(f)(x)),
    "jvp": lambda f, v: lambda x: func.jvp(f, (x,), (tg.tensor(v),))[1],
    "vjp": lambda f, v: lambda x: weighted(v, func.vjp(lambda z: f(z) * tg.sin(z), x)[1](tg.tensor(v))[0]),
    "vmap": lambda f, v: lambda x: weighted(v, func.vmap(lambda s: f(x * s))(tg.tensor(v))),
    "jacfwd": lambda f, v: lambda x: weighted(np.outer(v, v), func.jacfwd(lambda z: f(z) * tg.sin(z))(x)),
    "jacrev": lambda f, v: lambda x: weighted(np.outer(v, v), func.jacrev(lambda z: f(z) * tg.sin(z))(x)),
}


def along(f, x, v, h=3e-3):
    """The derivative of `f` at `x` along `v`, by central differences of sixth order."""
    at = lambda k: np.asarray(f(tg.tensor(x + k * h * v)).detach())
    return (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + (at(3) - at(-3))) / (60 * h)


# What each storey should be, from values of f alone.
DIFFERENCES = {
    "grad": lambda f, v, x: along(f, x, v),
    "jvp": lambda f, v, x: along(f, x, v),
    "vjp": lambda f, v, x: along(lambda z: weighted(v, f(z) * tg.sin(z)), x, v),
    "vmap": lambda f, v, x: sum(s * f(tg.tensor(x * s)).item() for s in v),
    "jacfwd": lambda f, v, x: v @ along(lambda z: f(z) * tg.sin(z), x, v),
    "jacrev": lambda f, v, x: v @ along(lambda z: f(z) * tg.sin(z), x, v),
}


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4),
    st.lists(st.sampled_from(sorted(STOREYS)), min_size=1, max_size=4),
    st.integers(0, 100),
)
def test_every_storey_agrees_with_differences_of_the_one_below(steps, kinds, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, N)
    f = program(steps)
    for kind in kinds:
        v = rng.uniform(0.3, 0.8, N) * rng.choice([-1, 1], N)
        below, f = f, STOREYS[kind](f, v)
        got, want = f(tg.tensor(x)).item(), float(DIFFERENCES[kind](below, v, x))
        assert abs(got - want) <= 2e-6 * max(1.0, abs(want), abs(got)), (kind, got, want)


@settings(max_examples=15)
@given(st.lists(st.sampled_from(sorted(STOREYS)), min_size=2, max_size=3), st.integers(0, 100))
def test_the_storeys_of_two_variables_keep_apart(kinds, seed):
    """Each storey's function is closed over the variable of the one around it: x, and the y of an inner derivative."""
    rng = np.random.default_rng(seed)
    x, v = rng.uniform(-1, 1, N), rng.uniform(0.3, 0.8, N)
    f = lambda y: (tg.sin(y) * y).sum()
    for kind in kinds:
        below = f
        entangled = lambda y, below=below, kind=kind: STOREYS[kind](lambda z: below(z * y) + (z * z * y).sum(), v)(y)
        # Frozen, the outer variable is a constant of the inner function, so differences can be taken of it.
        frozen = lambda z, below=below: below(z * x) + (z * z * x).sum()
        want = float(DIFFERENCES[kind](frozen, v, x))
        got = entangled(tg.tensor(x)).item()
        assert abs(got - want) <= 2e-6 * max(1.0, abs(want)), (kind, got, want)
        slope = func.grad(entangled)(tg.tensor(x))
        assert abs(float(weighted(v, slope).item()) - float(along(entangled, x, v))) <= 2e-6 * max(
            1.0, float(np.abs(slope.numpy()).max())
        )
        f = entangled
