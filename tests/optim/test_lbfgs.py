"""L-BFGS against PyTorch's: the same iterates, calls and losses, with and without a line search."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import optim
from tinygrad_edu.errors import ConfigError

OPTIONS = [
    {"lr": 1e-3, "max_iter": 7},
    {"lr": 0.1, "max_iter": 5, "history_size": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 1, "line_search_fn": "strong_wolfe"},
    {"lr": 2.5, "max_iter": 30, "max_eval": 12, "line_search_fn": "strong_wolfe"},
    {"lr": 0.5, "line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2, "tolerance_change": 1e-3},
]


def rosenbrock(params):
    x, y = params
    return ((1 - x) ** 2).sum() + 10 * ((y - x**2) ** 2).sum() + 0.1 * (x.sin() * y).sum()


def run(lib, optimizer, params, steps):
    found = []

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(params)
        loss.backward()
        found.append(loss.item())
        return loss

    for _ in range(steps):
        assert optimizer.step(closure).item() in found
    return found


def start(lib, dtype=np.float64):
    values = [np.array([-1.2, 0.3, 0.8], dtype), np.array([1.0, -0.4, 2.0], dtype)]
    return [lib.tensor(v, requires_grad=True) for v in values]


@pytest.mark.oracle
@pytest.mark.parametrize("options", OPTIONS)
def test_iterates_and_calls_are_pytorch_s(options):
    import torch

    histories, ends, states = [], [], []
    for lib in (tg, torch):
        params = start(lib)
        optimizer = lib.optim.LBFGS(params, **options)
        histories.append(run(lib, optimizer, params, 4))
        ends.append(np.concatenate([p.detach().numpy() for p in params]))
        states.append(optimizer.state[params[0]])
    assert len(histories[0]) == len(histories[1])
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-8)
    assert states[0]["func_evals"] == states[1]["func_evals"] and states[0]["n_iter"] == states[1]["n_iter"]


def test_it_reaches_the_minimum_in_float32():
    params = start(tg, np.float32)
    losses = run(tg, optim.LBFGS(params, line_search_fn="strong_wolfe"), params, 6)
    assert losses[-1] < 1e-2 * losses[0]
    assert all(p.dtype == np.float32 for p in params)


def test_a_state_goes_through_a_file(tmp_path):
    whole = start(tg)
    optimizer = optim.LBFGS(whole, lr=0.3, max_iter=3, line_search_fn="strong_wolfe")
    run(tg, optimizer, whole, 2)
    tg.save(optimizer.state_dict(), tmp_path / "state")
    resumed = [p.detach().clone().requires_grad_() for p in whole]
    other = optim.LBFGS(resumed)
    other.load_state_dict(tg.load(tmp_path / "state"))
    assert run(tg, optimizer, whole, 3) == run(tg, other, resumed, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: optim.LBFGS(p).step(), "LBFGS.step(closure): needs a function that computes the loss"),
        (lambda p: optim.LBFGS([{"params": [q]} for q in p]), "LBFGS: it moves all parameters along one direction"),
        (lambda p: optim.LBFGS(p, line_search_fn="wolfe"), 'LBFGS: line_search_fn is "strong_wolfe" or None'),
    ],
)
def test_what_is_refused_is_said(call, message):
    with pytest.raises(ConfigError) as caught:
        call(start(tg))
    assert str(caught.value).startswith(message)
