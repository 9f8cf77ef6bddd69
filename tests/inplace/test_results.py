"""Whose result may be written over: wherever PyTorch allows it, it is allowed here, with PyTorch's gradients; and where only
PyTorch refuses, the gradients are right all the same.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.parity import _Run, _turned, agree, leaves
from tests.nn.test_parity import FUNCTIONS as FUNCTION_ROWS
from tests.nn.test_parity import ROWS as MODULE_ROWS
from tests.ops.test_oracle import NAMED, Drawn, run
from tinygrad_edu.errors import InPlaceError

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]


def of_op(name):
    def call(lib):
        rng = np.random.default_rng(0)
        drawn = Drawn(rng, "float64")
        return run(lib, NAMED[name], [drawn.value(kind) for kind in NAMED[name].kinds])

    return call


def of_function(name, inputs, options, fixed=()):
    def call(lib):
        lib.manual_seed(5)
        turn = _turned(lib, "float64")
        given = [turn(a) for a in inputs]
        moving = [
            a.requires_grad_()
            for i, (a, value) in enumerate(zip(given, inputs, strict=True))
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and i not in fixed
        ]
        taken = [given[0].clone(), *given[1:]] if name.endswith("_") else given
        return leaves(getattr(lib.nn.functional, name)(*taken, **{k: turn(v) for k, v in options.items()})), moving

    return call


def of_module(row):
    def call(lib):
        made = _Run(lib, row, "float64")
        made.take_shapes()
        made.module.to(lib.float64)
        lib.manual_seed(12)
        return leaves(row.call(lib, made.module, made.given)), made.learned

    return call


CASES = {name: of_op(name) for name, row in NAMED.items() if row.gradient}
CASES |= {f"F.{p.id}": of_function(*p.values[0]) for p in FUNCTION_ROWS}
CASES |= {f"nn.{p.id}": of_module(p.values[0]) for p in MODULE_ROWS}


def gradients(lib, call, number, written):
    """Of the sum of all results, one of them doubled: in place, or in a copy. None where that is refused."""
    ys, moving = call(lib)
    ys = [y for y in ys if isinstance(y, lib.Tensor) and y.requires_grad]
    if number >= len(ys) or ys[number].dtype != lib.float64:
        return ()
    if not written:
        ys[number] = ys[number] * 2
    refusal = InPlaceError if lib is tg else RuntimeError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if written:
                ys[number].mul_(2)
            sum(abs(y).sum() for y in ys).backward()
        except refusal:
            return None
    return [x.grad for x in moving if x.grad is not None]


@pytest.mark.parametrize("name", CASES)
def test_a_result_may_be_written_over_as_in_pytorch(name):
    for number in range(3):
        theirs = gradients(torch, CASES[name], number, True)
        if theirs == ():
            return
        ours = gradients(tg, CASES[name], number, True)
        assert theirs is None or ours is not None, "only refused here"
        if ours is not None:
            wanted = gradients(tg, CASES[name], number, False)
            agree(ours, wanted, 1e-12, name, 1.0)


@pytest.mark.parametrize("name", ["exp", "sqrt", "tanh", "sigmoid", "F.softmax dim", "relu"])
def test_what_a_rule_reads_is_refused_in_both(name):
    call = next(call for key, call in CASES.items() if key.strip().startswith(name))
    assert gradients(torch, call, 0, True) is None
    assert gradients(tg, call, 0, True) is None


def test_pooled_then_rectified_in_place():
    """conv → max_pool → relu(inplace), and a residual added in place."""
    found = []
    for T in (torch, tg):
        x = T.tensor(np.random.default_rng(1).normal(size=(2, 3, 6, 6)), requires_grad=True)
        w = T.tensor(np.random.default_rng(2).normal(size=(4, 3, 3, 3)), requires_grad=True)
        y = T.nn.functional.max_pool2d(T.nn.functional.conv2d(x, w), 2)
        T.nn.functional.relu(y, inplace=True)
        z = T.nn.functional.max_pool2d(y * 1, 2)
        z += z.detach().mean()
        z[0] *= 3
        (z * 0.5).sum().backward()
        found.append((x.grad.numpy(), w.grad.numpy()))
    for ours, theirs in zip(*found[::-1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)
