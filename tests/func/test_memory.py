"""What each mode keeps alive, measured: forward mode frees as it goes, reverse mode keeps every layer."""

from __future__ import annotations

import tracemalloc

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import func

X = np.linspace(0.1, 1.0, 2_000)  # 16 kB a value


def layers(depth):
    def f(x):
        for _ in range(depth):
            x = tg.sin(x) * 0.9
        return x.sum()

    return f


def peak(call):
    """The most bytes at one time beyond what was there before; the smaller of two runs, for what is made only once."""
    found = []
    for _ in range(2):
        tracemalloc.start()
        call()
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(found)


def test_forward_mode_does_not_grow_with_depth():
    x = tg.tensor(X)
    at = {depth: peak(lambda d=depth: func.jvp(layers(d), (x,), (x,))) for depth in (10, 1000)}
    assert at[1000] < 1.5 * at[10] and at[1000] < 20 * X.nbytes


def test_a_derivative_by_forward_mode_over_forward_mode_does_not_either():
    x = tg.tensor(X)
    twice = lambda d: func.jvp(lambda z: func.jvp(layers(d), (z,), (x,))[1], (x,), (x,))
    assert peak(lambda: twice(300)) < 1.5 * peak(lambda: twice(10))


def test_taylor_mode_does_not_either():
    x = tg.tensor(X)
    run = lambda d: func.jet(layers(d), (x,), ([x, 0, 0],))
    assert peak(lambda: run(200)) < 1.5 * peak(lambda: run(10))


def test_reverse_mode_keeps_every_layer():
    x = tg.tensor(X)
    at = {depth: peak(lambda d=depth: func.grad(layers(d))(x)) for depth in (100, 1000)}
    assert 7 < at[1000] / at[100] < 13
    assert at[1000] > 900 * X.nbytes  # what sin's rule reads, in each layer


def test_chunks_bound_the_memory_of_a_jacobian():
    x = tg.tensor(X[:200])
    f = lambda x: tg.sin(x) * x.sum()
    whole = func.jacfwd(f)(x).numpy().nbytes
    extra = lambda n: peak(lambda: func.jacfwd(f, chunk_size=n)(x)) - whole
    assert extra(10) < 0.7 * extra(None)


def test_per_example_gradients_leave_nothing_behind():
    w, batch = tg.tensor(np.ones((50, 50))), np.ones((20, 50))
    gradients = func.vmap(func.grad(lambda w, x: tg.tanh(w @ x).sum()), in_dims=(None, 0))
    gradients(w, batch)
    tracemalloc.start()
    for _ in range(5):
        gradients(w, batch)
    assert tracemalloc.get_traced_memory()[0] < 50_000
    tracemalloc.stop()
