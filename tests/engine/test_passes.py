"""The counters of directions pushed and pulled: one for each sweep, a batch for as many as it holds."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.engine.passes import PASSES


def passes(run: Callable[[], Any]) -> tuple[int, int]:
    before = PASSES.pushed, PASSES.pulled
    run()
    return PASSES.pushed - before[0], PASSES.pulled - before[1]


def squares(x: Any) -> Any:
    return (x * x).sum()


X = tg.tensor(np.ones(10))


def test_each_sweep_counts_its_directions() -> None:
    def backward() -> None:
        squares(X.clone().requires_grad_()).backward()

    def linear() -> None:
        _, f_jvp = func.linearize(squares, X)
        f_jvp(X)
        f_jvp(X)

    for run, pushed, pulled in [
        (lambda: squares(X), 0, 0),
        (lambda: func.jvp(squares, (X,), (X,)), 1, 0),
        (lambda: func.grad(squares)(X), 0, 1),
        (backward, 0, 1),
        (linear, 2, 0),
        (lambda: func.jacfwd(squares)(X), 10, 0),
        (lambda: func.jacfwd(squares, chunk_size=3)(X), 10, 0),
        (lambda: func.jacrev(lambda x: x * 2)(X), 0, 10),
        (lambda: func.hvp(squares, (X,), (X,)), 1, 1),
        (lambda: func.hessian(squares)(X), 10, 10),  # as many gradients as columns, each with a tangent
        (lambda: func.vmap(func.grad(squares))(tg.tensor(np.ones((4, 3)))), 0, 4),
    ]:
        assert passes(run) == (pushed, pulled)


def test_each_thread_counts_its_own() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(passes(lambda: func.grad(squares)(X))))
    assert passes(lambda: (thread.start(), thread.join())) == (0, 0)
    assert found == [(0, 1)]
