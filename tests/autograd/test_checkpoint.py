"""Checkpoints give the same gradients in less memory, and do no more work than they say."""

from __future__ import annotations

import math
import threading
import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func, nn
from tinygrad_edu.autograd import checkpoint, checkpoint_chain, checkpoint_sequential
from tinygrad_edu.autograd._chain import reach, recomputations
from tinygrad_edu.errors import ConfigError, GraphError, UnsupportedError

X, W = np.array([0.5, -1.0, 2.0]), np.array([0.25, 0.5, -0.75])


def leaf(array=X):
    return tg.tensor(np.array(array), requires_grad=True)


def block(x, w=None, *, scale=1.0):
    h = tg.sin(x) * scale
    h = h.exp() * x
    return h if w is None else tg.tanh(h * w)


def plain(function, *args, **kwargs):
    return function(*args, **kwargs)


PROGRAMS = {
    "one": lambda c, x, w: c(block, x).sum(),
    "arguments": lambda c, x, w: c(block, x, w, scale=2.0).sum(),
    "from outside": lambda c, x, w: c(lambda z: block(z, w), x).sum(),
    "two after another": lambda c, x, w: c(block, c(block, x, w), w).sum(),
    "nested": lambda c, x, w: c(lambda z: c(block, block(z) * 1.5, w) * z, x).sum(),
    "several outputs": lambda c, x, w: sum(v.sum() for v in c(lambda z: (block(z), z * w), x)),
    "an input that needs no gradient": lambda c, x, w: c(block, x.detach(), w).sum(),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradients_are_the_same_to_the_bit(name):
    x, w = leaf(), leaf(W)
    want = autograd.grad(PROGRAMS[name](plain, x, w), [x, w], materialize_grads=True, create_graph=True)
    got = autograd.grad(PROGRAMS[name](checkpoint, x, w), [x, w], materialize_grads=True, create_graph=True)
    total = lambda gradients: sum((g * g).sum() for g in gradients if g.requires_grad)
    for g, v in zip(got, want, strict=True):
        np.testing.assert_array_equal(g.detach().numpy(), v.detach().numpy())
    for g, v in zip(
        autograd.grad(total(got), [x, w], allow_unused=True), autograd.grad(total(want), [x, w], allow_unused=True), strict=True
    ):  # fmt: skip
        assert (g is None) == (v is None)
        if g is not None:
            np.testing.assert_array_equal(g.numpy(), v.numpy())


@pytest.mark.oracle
@pytest.mark.parametrize(
    "name", [name for name in PROGRAMS if name not in ("from outside", "nested", "several outputs")]
)
def test_agrees_with_pytorch(name):
    torch = pytest.importorskip("torch")

    def block_(x, w=None, *, scale=1.0):
        h = torch.sin(x) * scale
        h = h.exp() * x
        return h if w is None else torch.tanh(h * w)

    def theirs(function, *args, **kwargs):
        function = block_ if function is block else function
        return torch.utils.checkpoint.checkpoint(function, *args, use_reentrant=False, **kwargs)

    xt, wt = torch.tensor(X, requires_grad=True), torch.tensor(W, requires_grad=True)
    want = torch.autograd.grad(PROGRAMS[name](theirs, xt, wt), [xt, wt], materialize_grads=True)
    x, w = leaf(), leaf(W)
    for g, v in zip(autograd.grad(PROGRAMS[name](checkpoint, x, w), [x, w], materialize_grads=True), want, strict=True):
        np.testing.assert_allclose(g.numpy(), v.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "transform",
    [
        func.jacrev,
        func.jacfwd,
        func.vmap,
        lambda f: func.vmap(func.jacrev(f)),
        lambda f: func.jacrev(func.vmap(f)),
        lambda f: func.jacfwd(func.jacrev(f)),
        lambda f: func.jacrev(func.jacrev(f)),
    ],
)
@pytest.mark.parametrize("kind", ["checkpoint", "chain"])
def test_under_transforms(transform, kind):
    point = tg.tensor(np.stack([X[:2], W[:2]]))
    if kind == "checkpoint":
        f, g = lambda x: checkpoint(block, x), block
    else:
        f = lambda x: checkpoint_chain([block, lambda x: tg.sin(x), block], x, slots=1)
        g = lambda x: block(tg.sin(block(x)))
    np.testing.assert_allclose(transform(f)(point).numpy(), transform(g)(point).numpy(), rtol=1e-12, atol=1e-13)


def test_the_function_runs_again_once_per_sweep_and_draws_the_same_numbers():
    calls = []

    def noisy(x):
        mask = tg.bernoulli(tg.full((3,), 0.5))
        calls.append(mask.tolist())
        return (x * mask).exp()

    tg.manual_seed(0)
    x = leaf()
    y = checkpoint(noisy, x).sum()
    after = tg.rand(2).tolist()
    y.backward(retain_graph=True)
    y.backward()
    assert len(calls) == 3 and calls[0] == calls[1] == calls[2]
    tg.manual_seed(0)
    z = noisy(x).sum()
    assert tg.rand(2).tolist() == after and z.item() == y.item()
    with tg.no_grad():
        assert not checkpoint(noisy, x).requires_grad
    assert len(calls) == 5


def test_it_stops_as_soon_as_all_is_there():
    reached = []

    def function(x):
        y = x.exp()
        reached.append("end")
        return y.sum()

    checkpoint(function, leaf()).backward()
    assert reached == ["end"]  # the first time


def test_a_function_that_does_something_else_the_second_time_is_an_error():
    sizes, counts = iter([1, 2]), iter([2, 1])

    def grows(x):
        return tg.tensor(np.ones(next(sizes))) * x

    def shrinks(x):
        for _ in range(next(counts)):
            x = x.exp()
        return x

    y = checkpoint(grows, leaf(np.float64(2.0))).sum()
    with pytest.raises(GraphError, match=r"kept tensor 0 of grows had shape \(1,\), float64, and has \(2,\)"):
        y.backward()
    y = checkpoint(shrinks, leaf()).sum()
    with pytest.raises(GraphError, match=r"shrinks kept 2 tensors when it was called and 1 when"):
        y.backward()
    with pytest.raises(ConfigError, match="determinism_check"):
        checkpoint(block, leaf(), determinism_check="maybe")


@pytest.mark.parametrize("segments", [1, 2, 3, 7])
def test_a_sequence_in_segments(segments):
    layers = [nn.Linear(3, 3) for _ in range(7)]
    model = nn.Sequential(*layers)
    x = tg.ones(2, 3)
    model(x).sum().backward()
    want = [p.grad.numpy().copy() for p in model.parameters()]
    for functions in (model, layers):
        for p in model.parameters():
            p.grad = None
        checkpoint_sequential(functions, segments, x).sum().backward()
        for p, g in zip(model.parameters(), want, strict=True):
            np.testing.assert_array_equal(p.grad.numpy(), g)
    with pytest.raises(ConfigError, match="from 1 to 7"):
        checkpoint_sequential(model, 8, x)


# -- the binomial schedule ---------------------------------------------------------------------------------------------


def test_the_formula_is_the_optimum():
    """t(l, s) against dynamic programming over every schedule."""
    best = {}
    for s in range(1, 6):
        for n in range(1, 40):
            if n == 1:
                best[n, s] = 0
            elif s == 1:
                best[n, s] = n * (n - 1) // 2
            else:
                best[n, s] = min(m + best[n - m, s - 1] + best[m, s] for m in range(1, n))
            assert recomputations(n, s) == best[n, s], (n, s)
    assert reach(3, 2) == 10 and recomputations(10, 3) == 15  # the paper's example


@pytest.mark.parametrize(
    ("n", "slots"), [(1, 1), (2, 1), (7, 1), (10, 3), (11, 3), (40, 4), (100, 5), (1000, 10), (30, 40)]
)
def test_it_evaluates_exactly_as_many_steps_as_the_formula_says(n, slots):
    count = 0

    def step(x):
        nonlocal count
        count += 1
        return tg.sin(x) * 0.5 + x * 0.5

    x = leaf()
    y = checkpoint_chain([step] * n, x, slots=slots)
    assert count == n
    (got,) = autograd.grad(y.sum(), x)
    assert count == recomputations(n, slots) + n
    z = x
    for _ in range(n):
        z = step(z)
    np.testing.assert_array_equal(got.numpy(), autograd.grad(z.sum(), x)[0].numpy())


def test_a_chain_with_parameters_state_trees_and_random_numbers():
    w, v, x = leaf(W), leaf(W * 2), leaf()
    twice = w * 2  # from outside, and not a leaf

    def step(state):
        position, (speed,) = state
        noise = tg.randn(3, dtype=tg.float64)
        speed = speed - tg.sin(position * twice) * 0.1 + noise * v * 0.01
        return position + speed, (speed,)

    def run(chain):
        tg.manual_seed(3)
        position, (speed,) = chain([step] * 12, (x, (x * 0.5,)))
        y = (position * position).sum() + speed.sum()
        return [y, *autograd.grad(y, [x, w, v], create_graph=True)]

    def plainly(steps, state):
        for s in steps:
            state = s(state)
        return state

    want, got = run(plainly), run(lambda steps, state: checkpoint_chain(steps, state, slots=3))
    for g, u in zip(got, want, strict=True):
        np.testing.assert_allclose(g.detach().numpy(), u.detach().numpy(), rtol=1e-12)
    second = [autograd.grad(sum((g * g).sum() for g in r[1:]), [x, w, v], retain_graph=True) for r in (got, want)]
    for g, u in zip(*second, strict=True):
        np.testing.assert_allclose(g.numpy(), u.numpy(), rtol=1e-10)


def test_a_chain_may_be_swept_twice_and_says_when_it_is_freed():
    x = leaf()
    y = checkpoint_chain([block] * 5, x, slots=2).sum()
    first = autograd.grad(y, x, retain_graph=True)[0].tolist()
    assert autograd.grad(y, x)[0].tolist() == first
    with pytest.raises(GraphError, match="freed by an earlier backward"):
        y.backward()
    assert checkpoint_chain([], x) is x
    with tg.no_grad():
        assert not checkpoint_chain([block] * 3, x).requires_grad
    assert not checkpoint_chain([block] * 3, x.detach()).requires_grad


def test_mistakes_with_chains():
    with pytest.raises(ConfigError, match="slots must be at least 1"):
        checkpoint_chain([block], leaf(), slots=0)
    with pytest.raises(UnsupportedError, match="step 1 returned a state of another structure"):
        checkpoint_chain([block, lambda x: (x, x)], leaf())


def test_threads_recompute_side_by_side():
    results = {}

    def run(name, chain):
        x = leaf()
        for _ in range(5):
            x.grad = None
            chain(x).sum().backward()
        results[name] = x.grad.tolist()

    chains = {
        "checkpoint": lambda x: checkpoint(block, checkpoint(block, x)),
        "chain": lambda x: checkpoint_chain([block] * 2, x, slots=1),
        "plain": lambda x: block(block(x)),
    }
    threads = [threading.Thread(target=run, args=item) for item in chains.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["checkpoint"] == results["chain"] == results["plain"]


# -- memory ------------------------------------------------------------------------------------------------------------

SIZE = 20_000  # 160 kB a state


def peak_states(run, n):
    """The peak memory of value and gradient of a chain of `n` steps, in states."""
    x = tg.tensor(np.linspace(0.1, 1.0, SIZE), requires_grad=True)
    steps = [lambda s: s * (2.0 - s)] * n
    run(steps[:2], x).sum().backward()
    x.grad = None
    tracemalloc.start()
    run(steps, x).sum().backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / (8 * SIZE)


def chained(steps, x):
    for step in steps:
        x = step(x)
    return x


def test_peak_memory_is_linear_plain_a_root_in_segments_and_logarithmic_by_the_binomial_schedule():
    def in_segments(steps, x):
        return checkpoint_sequential(steps, max(math.isqrt(len(steps)), 1), x)

    whole = {n: peak_states(chained, n) for n in (100, 400)}
    assert 3.5 < whole[400] / whole[100] < 4.5 and whole[400] > 400
    root = {n: peak_states(in_segments, n) for n in (100, 1000)}
    assert root[1000] < 5 * math.sqrt(1000) and 2 < root[1000] / root[100] < 5
    log = {n: peak_states(checkpoint_chain, n) for n in (100, 1000)}
    assert log[1000] < 4 * math.log2(1000) and log[1000] - log[100] < 10
