"""Threads that differentiate at the same time don't see each other's modes, levels or batches."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import LevelError

X = np.linspace(0.1, 1.0, 6)


def test_one_under_no_grad_one_inside_vmap_one_differentiating():
    meet = Barrier(3)
    w = tg.tensor(X, requires_grad=True)

    def without_a_graph():
        with tg.no_grad():
            meet.wait()  # all three are inside now
            found = (w * w).requires_grad
            meet.wait()
        return found

    def batched():
        def row(x):
            meet.wait()
            draw = tg.rand(2)
            meet.wait()
            return draw.sum() * 0 + x.sum()

        return func.vmap(row, randomness="different")(np.ones((3, 2))).tolist()

    def differentiating():
        def f(x):
            meet.wait()
            y = (tg.sin(x) * w).sum() + tg.rand(()).item() * 0  # not inside that vmap
            meet.wait()
            return y

        return func.grad(f)(X)

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(job) for job in (without_a_graph, batched, differentiating)]
        recorded, sums, gradient = (job.result(timeout=30) for job in jobs)
    assert recorded is False and sums == [2.0] * 3
    assert gradient.requires_grad  # w is a parameter from outside
    np.testing.assert_allclose(gradient.detach().numpy(), np.cos(X) * X)


def test_many_nested_transforms_at_once_agree_with_one_after_the_other():
    def job(k):
        f = lambda x: (tg.sin(x * k) * x).sum()
        hessian = func.vmap(func.hessian(f))(np.stack([X, X + k])).numpy()
        return hessian, func.jvp(func.grad(f), (X,), (X,))[1].numpy()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(job, range(1, 25)))
    finally:
        sys.setswitchinterval(interval)
    for k, results in enumerate(found, start=1):
        for got, want in zip(results, job(k), strict=True):
            np.testing.assert_array_equal(got, want)


def test_a_value_handed_to_another_thread_is_refused_there():
    def f(x):
        with ThreadPoolExecutor(1) as pool, pytest.raises(LevelError, match="a value of jvp"):
            pool.submit(lambda: x * 2).result()
        return x

    func.jvp(f, (X,), (X,))
