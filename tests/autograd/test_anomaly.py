"""Anomaly mode names the op that made the first NaN and the line that called it, in its own thread only."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func, nn
from tinygrad_edu.autograd import detect_anomaly, set_detect_anomaly
from tinygrad_edu.errors import GraphError


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def zero_times_infinity(x):
    h = x * 1.0
    h = tg.sqrt(h)  # the culprit
    return (h * 0.0).sum()


def test_the_op_and_its_line_are_named():
    x = leaf(0.0, 1.0)
    with detect_anomaly():
        y = zero_times_infinity(x)
        with pytest.raises(GraphError) as caught:
            y.backward()
    message = str(caught.value)
    assert "derivative of sqrt made the first NaN" in message
    line = zero_times_infinity.__code__.co_firstlineno + 2
    assert f"test_anomaly.py:{line}: h = tg.sqrt(h)  # the culprit" in message
    zero_times_infinity(x).backward()
    assert np.isnan(x.grad.numpy()[0])


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Anomaly Detection:UserWarning", "ignore:Error detected:UserWarning")
@pytest.mark.parametrize(
    ("program", "name"),
    [
        (lambda lib, x: (lib.sqrt(x) * 0).sum(), "sqrt"),
        (lambda lib, x: (x / x * 0).sum(), None),
        (lambda lib, x: (lib.log(x) * 0).sum(), "log"),
        (lambda lib, x: (x * 2).sum(), None),
        (lambda lib, x: lib.exp(x).sum(), None),
    ],
)
def test_raises_where_pytorch_does(program, name):
    torch = pytest.importorskip("torch")
    xt, x = torch.tensor([0.0, 1.0], requires_grad=True), leaf(0.0, 1.0)

    def outcome(backward, lib, value):
        try:
            with lib.autograd.detect_anomaly(), np.errstate(all="ignore"):
                backward(program(lib, value))
        except RuntimeError as error:
            return str(error)
        return None

    theirs, ours = outcome(lambda y: y.backward(), torch, xt), outcome(lambda y: y.backward(), tg_with_autograd, x)
    assert (theirs is None) == (ours is None)
    if name:
        assert f"derivative of {name} " in ours and name.title() in theirs


class tg_with_autograd:
    autograd = autograd
    sqrt, log, exp = staticmethod(tg.sqrt), staticmethod(tg.log), staticmethod(tg.exp)


def test_a_nan_given_to_start_from_is_not_blamed_on_an_op():
    x = leaf(1.0, 2.0)
    with detect_anomaly(), pytest.raises(GraphError, match=r"gradient that was given to start from.*has a NaN"):
        (x * 2).backward(tg.tensor([np.nan, 1.0], dtype=tg.float64))


def test_a_graph_recorded_outside_says_that_its_line_is_not_known():
    y = zero_times_infinity(leaf(0.0))
    with detect_anomaly(), pytest.raises(GraphError, match=r"sqrt.*isn't known: compute the forward pass inside"):
        y.backward()


def test_the_line_is_remembered_without_the_check():
    with detect_anomaly(check_nan=False):
        assert autograd.is_anomaly_enabled() and not autograd.is_anomaly_check_nan_enabled()
        y = zero_times_infinity(leaf(0.0))
        y.backward()
    assert y.grad_fn.metadata["source"].endswith("return (h * 0.0).sum()")
    assert (leaf(1.0) * 2).grad_fn.metadata == {}


def test_inside_of_modules_transforms_and_second_derivatives():
    x = leaf(0.0, 1.0)
    with detect_anomaly():
        with pytest.raises(GraphError, match=r"sqrt.*test_anomaly.py"):
            func.vmap(func.grad(lambda z: tg.sqrt(z) * 0.0))(x.detach())
        (g,) = autograd.grad((x**1.5).sum(), x, create_graph=True)
        with pytest.raises(GraphError, match="made the first NaN"):
            (g * 0.0).sum().backward()
        layer = nn.Linear(2, 1)
        y = layer(tg.ones(1, 2))
        assert "layer(tg.ones(1, 2))" in y.grad_fn.metadata["source"]


def test_the_modes_combine_with_no_grad_in_any_order():
    x = leaf(1.0)

    def remembers():
        y = x * 2
        return y.requires_grad and "source" in y.grad_fn.metadata

    with detect_anomaly():
        with tg.no_grad():
            assert not (x * 2).requires_grad
            with tg.enable_grad():
                assert remembers()
        assert remembers()
    with tg.no_grad(), detect_anomaly():
        assert not (x * 2).requires_grad
        with tg.set_grad_enabled(True):
            assert remembers()
    with tg.no_grad():
        set_detect_anomaly(True)
    assert remembers()
    with set_detect_anomaly(False):
        assert not remembers()
    assert remembers()
    set_detect_anomaly(False)
    assert not remembers() and tg.is_grad_enabled() is True


def test_two_threads_do_not_see_each_others_modes():
    barrier, seen = threading.Barrier(3), {}
    x = leaf(0.0, 1.0)

    def run(name, mode):
        with mode:
            barrier.wait()
            y = zero_times_infinity(tg.tensor([0.0, 1.0], dtype=tg.float64, requires_grad=True))
            try:
                if y.requires_grad:
                    y.backward()
                seen[name] = y.requires_grad
            except GraphError as error:
                seen[name] = str(error)[:14]
            barrier.wait()

    threads = [
        threading.Thread(target=run, args=("no_grad", tg.no_grad())),
        threading.Thread(target=run, args=("anomaly", detect_anomaly())),
    ]
    for thread in threads:
        thread.start()
    barrier.wait()
    zero_times_infinity(x).backward()
    barrier.wait()
    for thread in threads:
        thread.join()
    assert seen == {"no_grad": False, "anomaly": "detect_anomaly"}
    assert np.isnan(x.grad.numpy()[0])
