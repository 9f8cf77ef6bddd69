"""`gradcheck` passes what is right, and shows what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.autograd import Function, gradcheck, gradgradcheck
from tinygrad_edu.errors import ConfigError, GradcheckError, GraphError


def leaf(*shape, dtype=np.float64):
    return tg.tensor(np.random.default_rng(0).normal(size=shape).astype(dtype), requires_grad=True)


def cube(backward=lambda x, g: 3 * x * x * g, jvp=lambda x, t: 3 * x * x * t):
    class Cube(Function):
        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return backward(ctx.saved_tensors[0], g)

        @staticmethod
        def jvp(ctx, t):
            return jvp(ctx.saved_tensors[0], t)

    return Cube.apply


RIGHT = {
    "one": (lambda x: tg.sin(x), lambda: leaf(3)),
    "several": (lambda x, w: (w @ x, (w * w).sum()), lambda: (leaf(3), leaf(2, 3))),
    "a constant beside": (lambda x, w: w @ x, lambda: (leaf(3), leaf(2, 3).detach())),
    "a number beside": (lambda x, k: x**k, lambda: (leaf(3), 3)),
    "an unused input": (lambda x, w: x * 2, lambda: (leaf(3), leaf(2))),
    "an output without a graph": (lambda x: (x * 2, tg.ones(3, dtype=tg.float64)), lambda: leaf(3)),
    "integers beside": (lambda x: (x * 2, x.argmax()), lambda: leaf(3)),
    "0-d": (lambda x: x.exp(), lambda: leaf()),
    "complex in": (lambda z: (z * z).sum(), lambda: leaf(2, dtype=np.complex128)),
    "a Function": (cube(), lambda: leaf(3)),
}  # fmt: skip


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name, fast):
    f, inputs = RIGHT[name]
    options = {"check_forward_ad": True, "check_batched_grad": True, "check_grad_dtypes": True, "fast_mode": fast}
    assert gradcheck(f, inputs(), **options, check_batched_forward_grad=True) is True


@pytest.mark.parametrize("name", ["one", "several", "a Function", "0-d"])
def test_second_derivatives_pass(name):
    f, inputs = RIGHT[name]
    assert gradgradcheck(f, inputs(), check_fwd_over_rev=True) is True
    assert gradgradcheck(f, inputs(), fast_mode=True) is True


def test_grad_outputs_may_be_given():
    assert gradgradcheck(lambda x: x**3, leaf(2), tg.tensor(np.ones(2), requires_grad=True))


def _unsteady():
    calls = []
    return cube(lambda x, g: calls.append(1) or 3 * x * x * g + 1e-7 * len(calls))


WRONG = {
    "a factor": (cube(lambda x, g: 3.01 * x * x * g), {}, ["reverse-mode", "output 0", "input 0", "numerical:", "analytical:"]),
    "a factor, fast": (cube(lambda x, g: 3.01 * x * x * g), {"fast_mode": True}, ["reverse-mode (fast)", "numerical:"]),
    "forward mode": (
        cube(jvp=lambda x, t: 2 * x * x * t), {"check_forward_ad": True, "check_backward_ad": False}, ["forward-mode"],
    ),
    "forward mode, fast": (
        cube(jvp=lambda x, t: 2 * x * x * t), {"check_forward_ad": True, "fast_mode": True}, ["forward-mode (fast)"],
    ),
    "cut off": (lambda x: x.detach() ** 2, {}, ["in no graph", "numerical:"]),
    "not linear": (cube(lambda x, g: 3 * x * x * g + 1e-6), {}, ["zero gradient coming in"]),
    "unsteady": (_unsteady(), {}, ["two sweeps", "differ"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_shown(name):
    f, options, words = WRONG[name]
    with pytest.raises(GradcheckError) as caught:
        gradcheck(f, leaf(3), **options)
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)
    assert gradcheck(f, leaf(3), **options, raise_exception=False) is False


def test_a_wrong_second_derivative_is_found():
    hidden = cube(lambda x, g: 3 * x.detach() * x * g)
    assert gradcheck(hidden, leaf(3))
    with pytest.raises(GradcheckError):
        gradgradcheck(hidden, leaf(3))
    assert not gradgradcheck(hidden, leaf(3), raise_exception=False)


def test_the_message_reads_well():
    with pytest.raises(GradcheckError) as caught:
        gradcheck(cube(lambda x, g: x * g), tg.tensor([2.0], dtype=tg.float64, requires_grad=True))
    assert str(caught.value).splitlines() == [
        "gradcheck: the reverse-mode Jacobian of output 0 with respect to input 0 is wrong (rows: output elements, columns: input "
        "elements). Largest difference 10, at (0, 0).",
        "numerical:", "[[12.]]", "analytical:", "[[2.]]",
    ]  # fmt: skip
    assert isinstance(caught.value, GraphError)


def test_inputs_that_cannot_be_checked():
    with pytest.raises(ConfigError, match="requires_grad=True"):
        gradcheck(tg.sin, tg.ones(2))
    with pytest.raises(ConfigError, match="nothing to check"):
        gradcheck(tg.sin, leaf(2), check_backward_ad=False)
    with pytest.raises(ConfigError, match="clone"):
        gradcheck(tg.sin, tg.from_numpy(np.broadcast_to(np.ones(1), 3)).requires_grad_())
    with pytest.warns(UserWarning, match=r"float32; finite differences need float64"):
        gradcheck(lambda x: x * 1.0, leaf(2, dtype=np.float32), atol=1.0, rtol=1.0)


def test_the_inputs_are_left_as_they_were_and_may_be_used_from_outside():
    x = leaf(3)
    before = x.detach().numpy().copy()
    assert gradcheck(lambda _: (x**2).sum(), x)
    assert np.array_equal(before, x.detach().numpy()) and x.grad is None


@pytest.mark.oracle
@pytest.mark.parametrize("factor", [3.0, 3.01])
def test_the_verdict_is_pytorchs(factor):
    torch = pytest.importorskip("torch")

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return factor * ctx.saved_tensors[0] ** 2 * g

    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    theirs = torch.autograd.gradcheck(Cube.apply, x, raise_exception=False)
    ours = tg.tensor([0.5, 2.0], dtype=tg.float64, requires_grad=True)
    assert gradcheck(cube(lambda x, g: factor * x**2 * g), ours, raise_exception=False) == theirs == (factor == 3.0)
