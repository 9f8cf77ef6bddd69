"""Optimizers: their steps, their state, their cost, and what they refuse. `test_parity.py` holds them to PyTorch's."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import CheckpointError, InPlaceError

OPTIONS = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "weight_decay": 0.05},
        {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05, "maximize": True},
        {"lr": 0.01, "maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "amsgrad": True},
        {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1, "maximize": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.1, "weight_decay": 0.0, "betas": (0.0, 0.0)},
        {"lr": 0.1, "amsgrad": True, "maximize": True},
    ],
    "NAdam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.9), "momentum_decay": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True, "maximize": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": (0.7, 0.9), "weight_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True, "maximize": True},
    ],
    "Adamax": [{}, {"lr": 0.1, "betas": (0.7, 0.9), "weight_decay": 0.1, "eps": 1e-3}, {"lr": 0.1, "maximize": True}],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
        {"lr": 0.1, "eps": 1e-3, "maximize": True},
    ],
    "Adadelta": [{}, {"lr": 0.1, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1}, {"maximize": True}],
    "RMSprop": [
        {},
        {"lr": 0.05, "alpha": 0.8, "eps": 1e-3},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "centered": True},
        {"lr": 0.05, "centered": True, "momentum": 0.5, "weight_decay": 0.1, "maximize": True},
    ],
}
CASES = [(name, options) for name, tried in OPTIONS.items() for options in tried]
SHAPES = [(3, 2), (4,), ()]


def start(dtype):
    return [np.random.default_rng(i).normal(size=shape).astype(dtype) for i, shape in enumerate(SHAPES)]


def loss_of(params, step):
    """Different in every step, and not of the last parameter in every third: that one has no gradient then."""
    used = params[:2] if step % 3 == 1 else params
    return sum((((i + 1) * p + 0.3 * step - 2) ** 2).sum() for i, p in enumerate(used))


@pytest.mark.parametrize("name", OPTIONS)
def test_each_goes_downhill_with_its_defaults(name):
    x = tg.tensor([3.0, -2.0], requires_grad=True)
    optimizer = getattr(optim, name)([x])
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)


def test_a_closure_is_called_with_recording_on_and_its_loss_returned():
    x = tg.tensor(3.0, requires_grad=True)
    optimizer = optim.SGD([x], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = x * x
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 9
    assert x.item() == 0


def test_a_step_counts_as_an_in_place_write():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    stale = (w * w).sum()
    optimizer.step()
    assert w._version == 1
    with pytest.raises(InPlaceError, match="overwritten in place"):
        stale.backward()


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n} {o}" for n, o in CASES])
def test_steps_write_in_place_and_allocate_nothing_to_speak_of(name, options):
    p = nn.Parameter(np.ones((200, 500), np.float32))  # 400 kB
    memory = p.array
    optimizer = getattr(optim, name)([p], **options)
    p.grad = tg.ones(200, 500)
    optimizer.step()
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()
    assert p.array is memory


def test_gradients_are_left_as_they_are():
    for name, options in CASES:
        p = nn.Parameter(np.ones(3))
        optimizer = getattr(optim, name)([p], **options)
        p.grad = tg.tensor(np.array([1.0, -2.0, 3.0]))
        for _ in range(3):
            optimizer.step()
        assert p.grad.tolist() == [1, -2, 3], (name, options)


def test_zero_grad_forgets_or_makes_zero():
    x = tg.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([x], lr=1.0)
    (x * 2).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert x.grad.tolist() == [0]
    optimizer.zero_grad()
    assert x.grad is None
    optimizer.step()  # nothing to do
    assert x.item() == 1


def test_groups_have_settings_of_their_own_and_print():
    a, b = tg.ones(1, requires_grad=True), tg.ones(2, requires_grad=True)
    optimizer = optim.SGD([{"params": a, "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [b], "momentum": 0.9})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.1]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.0, 0.9]
    assert repr(optimizer).startswith(
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n    lr: 0.5\n"
    )


def test_a_subclass_gives_the_rule_alone():
    class SignDescent(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def _update(self, p, value, grad, group):
            value -= group["lr"] * np.sign(grad)

    x = tg.tensor([3.0, -2.0], requires_grad=True)
    optimizer = SignDescent([x], 0.5)
    (x * x).sum().backward()
    optimizer.step()
    assert x.tolist() == [2.5, -1.5]


# -- state ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n} {o}" for n, o in CASES])
def test_a_state_goes_through_a_file_and_the_run_goes_on_as_if_nothing_had_happened(name, options, tmp_path):
    def steps(params, optimizer, numbers):
        for step in numbers:
            optimizer.zero_grad()
            loss_of(params, step).backward()
            optimizer.step()

    whole = [tg.tensor(v, requires_grad=True) for v in start("float32")]
    optimizer = getattr(optim, name)(whole, **options)
    steps(whole, optimizer, range(4))
    tg.save(optimizer.state_dict(), tmp_path / "optimizer")
    resumed = [p.detach().clone().requires_grad_() for p in whole]
    other = getattr(optim, name)(resumed, lr=7.0)
    other.load_state_dict(tg.load(tmp_path / "optimizer"))
    assert other.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
    steps(whole, optimizer, range(4, 8))
    steps(resumed, other, range(4, 8))
    for p, q in zip(whole, resumed, strict=True):
        assert (p.detach().numpy() == q.detach().numpy()).all()


def make(shapes=((2,), (3,)), kind=optim.Adam, **options):
    params = [tg.ones(*shape, requires_grad=True) for shape in shapes]
    optimizer = kind(params, lr=0.1, **options)
    sum((p * p).sum() for p in params).backward()
    optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        (lambda: make([(2,)]).state_dict(), "groups of [1] parameters in the state, of [2] here"),
        (
            lambda: make([(2,), (4,)]).state_dict(),
            "parameter 1: exp_avg has shape (4,) in the state, the parameter (3,)\n"
            "  parameter 1: exp_avg_sq has shape (4,) in the state, the parameter (3,)",
        ),
        (
            lambda: make(kind=optim.SGD).state_dict(),
            "group 0: no betas, eps, amsgrad in the state; it seems to be of another kind of optimizer",
        ),
        (
            lambda: {"state": {}, "param_groups": [{**make().state_dict()["param_groups"][0], "eps": -1.0}]},
            "group 0: Adam: eps must be a number that isn't negative, got -1.0.",
        ),
    ],
)
def test_a_state_of_something_else_is_refused_whole(state, complaint):
    optimizer = make()
    before = {p: {k: np.array(v) for k, v in remembered.items()} for p, remembered in optimizer.state.items()}
    with pytest.raises(CheckpointError) as caught:
        optimizer.load_state_dict(state())
    assert str(caught.value) == (
        f"Adam.load_state_dict: this state isn't of this optimizer; nothing was changed.\n  {complaint}"
    )
    for p, remembered in before.items():
        for key, value in remembered.items():
            assert (np.array(optimizer.state[p][key]) == value).all()


@pytest.mark.parametrize("state", [None, 3, {}, {"param_groups": [{}]}, {"state": {}, "param_groups": [3]}, []])
def test_what_is_no_state_is_refused(state):
    with pytest.raises(CheckpointError, match="expected what state_dict"):
        make().load_state_dict(state)


def test_a_schedule_that_ended_at_zero_can_be_loaded():
    optimizer = make()
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 2)
    scheduler.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0
    state = optimizer.state_dict()
    make().load_state_dict(state)
