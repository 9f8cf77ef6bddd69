"""What all optimizers share: names of parameters, hooks around a step, steps that are part of the graph."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.optim.test_optimizers import CASES
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ConfigError


def test_named_parameters_are_taken_and_their_names_kept():
    layer = nn.Linear(2, 1)
    optimizer = optim.SGD(layer.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == [id(p) for p in layer.parameters()]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


@pytest.mark.parametrize("kind", [optim.SGD, optim.LBFGS])
def test_hooks_run_around_a_step_until_they_are_removed(kind):
    w = tg.ones(2, requires_grad=True)
    optimizer, seen = kind([w], lr=0.1), []

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", o, w.detach().tolist())))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", o, w.detach().tolist())))
    optimizer.step(closure)
    assert [name for name, *_ in seen] == ["before", "after"]
    assert seen[0] == ("before", optimizer, [1, 1]) and seen[1][2] != [1, 1]
    before.remove()
    optimizer.step(closure)
    assert [name for name, *_ in seen] == ["before", "after", "after"]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n} {o}" for n, o in CASES])
def test_differentiable_steps_are_the_same_steps_in_the_graph(name, options):
    value = np.array([0.7, -1.3, 0.4])

    def inner(w0, recorded):
        w = w0.clone()
        optimizer = getattr(optim, name)(
            [w if recorded else w.detach().requires_grad_()], **options, differentiable=recorded
        )
        (w,) = optimizer.param_groups[0]["params"]
        for _ in range(4):
            (grad,) = tg.autograd.grad((w**4).sum() + w.prod(), w, create_graph=recorded)
            w.grad = grad
            optimizer.step()
        return w

    start = tg.tensor(value, requires_grad=True)
    end = inner(start, True)
    np.testing.assert_allclose(end.detach().numpy(), inner(start, False).detach().numpy(), rtol=1e-12)
    weights = tg.tensor(np.array([1.0, 2.0, -0.5]))
    (end * weights).sum().backward()
    step = 1e-6
    for i in range(3):
        shift = np.zeros(3)
        shift[i] = step
        up, down = (
            (inner(tg.tensor(value + s, requires_grad=True), False) * weights).sum().item() for s in (shift, -shift)
        )
        assert start.grad[i].item() == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)


def test_differentiable_steps_need_clones_of_the_leaves():
    with pytest.raises(ConfigError, match="is a leaf; with differentiable=True the steps become part of the graph"):
        optim.SGD([tg.ones(2, requires_grad=True)], lr=0.1, differentiable=True)
