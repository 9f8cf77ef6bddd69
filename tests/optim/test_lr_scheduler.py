"""Schedulers: the closed forms they follow, their state in a file, and what they refuse. `test_schedules.py` has PyTorch's."""

import math

import pytest

import tinygrad_edu as tg
from tinygrad_edu import optim
from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.optim import lr_scheduler

OPTIONS = {
    "LambdaLR": [{"lr_lambda": lambda t: 0.9**t}, {"lr_lambda": [lambda t: 1 / (t + 1), lambda t: t / 10]}],
    "StepLR": [{"step_size": 3}, {"step_size": 1, "gamma": 0.5}, {"step_size": 50}],
    "MultiStepLR": [{"milestones": [2, 5, 5, 9], "gamma": 0.5}, {"milestones": []}],
    "ExponentialLR": [{"gamma": 0.9}, {"gamma": 1.1}],
    "LinearLR": [
        {},
        {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 12},
        {"start_factor": 1.0, "end_factor": 0.0},
    ],
    "MultiplicativeLR": [{"lr_lambda": lambda t: 0.9 + t / 100}],
    "ConstantLR": [{}, {"factor": 0.5, "total_iters": 9}, {"factor": 1.0, "total_iters": 2}],
    "PolynomialLR": [{}, {"total_iters": 12, "power": 2.5}],
    "CosineAnnealingWarmRestarts": [{"T_0": 4}, {"T_0": 3, "T_mult": 2, "eta_min": 1e-3}],
    "OneCycleLR": [
        {"max_lr": 0.1, "total_steps": 40},
        {"max_lr": [0.1, 0.3], "epochs": 4, "steps_per_epoch": 8, "anneal_strategy": "linear", "pct_start": 0.5},
        {"max_lr": 0.1, "total_steps": 30, "three_phase": True, "div_factor": 5, "base_momentum": 0.5},
        {"max_lr": 0.1, "total_steps": 30, "cycle_momentum": False, "final_div_factor": 10.0},
    ],
    "CyclicLR": [
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4},
        {"base_lr": 0.1, "max_lr": [0.5, 0.7], "step_size_up": 3, "step_size_down": 5, "mode": "triangular2"},
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4, "mode": "exp_range", "gamma": 0.9, "cycle_momentum": False},
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 4, "scale_fn": lambda x: 1 / x, "max_momentum": 0.95},
    ],
    "CosineAnnealingLR": [{"T_max": 7}, {"T_max": 30, "eta_min": 1e-3}, {"T_max": 1}],
}
CLOSED = {
    "StepLR": lambda t, step_size, gamma=0.1: gamma ** (t // step_size),
    "MultiStepLR": lambda t, milestones, gamma=0.1: gamma ** sum(m <= t for m in milestones),
    "ConstantLR": lambda t, factor=1 / 3, total_iters=5: factor if t < total_iters else 1,
    "PolynomialLR": lambda t, total_iters=5, power=1.0: (1 - min(t, total_iters) / total_iters) ** power,
    "ExponentialLR": lambda t, gamma: gamma**t,
    "LinearLR": lambda t, start_factor=1 / 3, end_factor=1.0, total_iters=5: (
        start_factor + (end_factor - start_factor) * min(t, total_iters) / total_iters
    ),
    "CosineAnnealingLR": lambda t, T_max, eta_min=0.0: (
        eta_min / 0.5 + (1 - eta_min / 0.5) * (1 + math.cos(math.pi * t / T_max)) / 2
    ),
}
CASES = [
    pytest.param(name, options, id=f"{name} {i}") for name, tried in OPTIONS.items() for i, options in enumerate(tried)
]


def optimizer(lib=tg):
    groups = [{"params": [lib.ones(1, requires_grad=True)]}, {"params": [lib.ones(1, requires_grad=True)], "lr": 0.02}]
    return lib.optim.SGD(groups, lr=0.5, momentum=0.7)


def rates(optimizer, *schedulers, steps=30):
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        assert schedulers[-1].get_last_lr() == found[-1]
        found[-1] += [group["momentum"] for group in optimizer.param_groups]
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


def sequential(s, o, lib):
    warm, cosine = s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 9, eta_min=1e-3)
    return s.SequentialLR(o, [warm, cosine, s.ExponentialLR(o, 0.8)], [4, 12])


def chained(s, o, lib):
    return s.ChainedScheduler([s.StepLR(o, 2, 0.9), s.ExponentialLR(o, 0.95)])


COMBINED = [
    sequential,
    chained,
    lambda s, o, lib: s.SequentialLR(o, [s.ConstantLR(o, 0.2, 3), s.StepLR(o, 2, 0.5)], [3]),
    lambda s, o, lib: s.SequentialLR(o, [s.PolynomialLR(o, 6), s.MultiStepLR(o, [1, 3], 0.5)], milestones=[7]),
    lambda s, o, lib: s.SequentialLR(o, [s.LambdaLR(o, lambda t: t / 5), s.CosineAnnealingWarmRestarts(o, 3)], [5]),
    lambda s, o, lib: s.ChainedScheduler([s.LinearLR(o), s.CosineAnnealingLR(o, 20)], optimizer=o),
    lambda s, o, lib: lib.optim.swa_utils.SWALR(o, 0.05),
    lambda s, o, lib: lib.optim.swa_utils.SWALR(o, [0.05, 0.9], anneal_epochs=4, anneal_strategy="linear"),
    lambda s, o, lib: lib.optim.swa_utils.SWALR(o, 0.05, anneal_epochs=0),
]


@pytest.mark.parametrize("make", COMBINED)
def test_a_state_of_combined_ones_goes_through_a_file(make, tmp_path):
    o = optimizer()
    scheduler = make(lr_scheduler, o, tg)
    rates(o, scheduler, steps=6)
    tg.save([o.state_dict(), scheduler.state_dict()], tmp_path / "states")
    other = optimizer()
    resumed = make(lr_scheduler, other, tg)
    for part, state in zip((other, resumed), tg.load(tmp_path / "states"), strict=True):
        part.load_state_dict(state)
    assert rates(other, resumed, steps=9) == rates(o, scheduler, steps=9)


@pytest.mark.parametrize(("name", "options"), [case.values for case in CASES if case.values[0] in CLOSED])
def test_rates_follow_the_closed_form_of_the_docstring(name, options):
    o = optimizer()
    for t, (first, *_) in enumerate(rates(o, getattr(lr_scheduler, name)(o, **options))):
        assert first == pytest.approx(0.5 * CLOSED[name](t, **options), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_state_goes_through_a_file_and_the_schedule_goes_on(name, options, tmp_path):
    o = optimizer()
    scheduler = getattr(lr_scheduler, name)(o, **options)
    rates(o, scheduler, steps=4)
    tg.save([o.state_dict(), scheduler.state_dict()], tmp_path / "states")
    other = optimizer()
    resumed = getattr(lr_scheduler, name)(other, **options)
    for part, state in zip((other, resumed), tg.load(tmp_path / "states"), strict=True):
        part.load_state_dict(state)
    assert rates(other, resumed, steps=9) == rates(o, scheduler, steps=9)


def test_a_schedule_can_start_in_the_middle():
    o = optimizer()
    for group in o.param_groups:
        group["initial_lr"] = 0.5
    assert lr_scheduler.LambdaLR(o, lambda t: 0.5**t, last_epoch=2).get_last_lr() == [0.5 * 0.5**3] * 2


def test_a_subclass_may_give_get_lr_alone():
    class Halving(lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    o = optimizer()
    scheduler = Halving(o)
    o.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.25, 0.01]


S = lr_scheduler
REFUSED = [
    (lambda o: S.StepLR(o, 0), "StepLR: step_size must be a positive integer, got 0."),
    (lambda o: S.StepLR(o, True), "StepLR: step_size must be a positive integer, got True."),
    (lambda o: S.StepLR(o, "2"), "StepLR: step_size must be a positive integer, got '2'."),
    (lambda o: S.StepLR(o, 2.5), "StepLR: step_size must be a positive integer, got 2.5."),
    (lambda o: S.StepLR(o, 2, gamma=-1), "StepLR: gamma must be a positive number, got -1."),
    (lambda o: S.ExponentialLR(o, math.nan), "ExponentialLR: gamma must be a positive number, got nan."),
    (lambda o: S.LinearLR(o, 0.0), "LinearLR: start_factor must be above 0 and at most 1, got 0.0."),
    (lambda o: S.LinearLR(o, 1.0, 2.0), "LinearLR: end_factor must be between 0 and 1, got 2.0."),
    (lambda o: S.LinearLR(o, total_iters=0), "LinearLR: total_iters must be positive, got 0."),
    (lambda o: S.CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max must be positive, got 0."),
    (lambda o: S.StepLR("adam", 3), "StepLR: needs an optimizer, got str."),
    (
        lambda o: S.StepLR(o, 3, last_epoch=4),
        "StepLR: to continue from last_epoch=4, group 0 needs its 'initial_lr', as an optimizer's saved state has it.",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, message):
    with pytest.raises(ConfigError) as caught:
        call(optimizer())
    assert str(caught.value) == message


def test_one_function_for_two_groups_too_few_is_refused():
    with pytest.raises(ConfigError, match="LambdaLR: needs one function, or one for each of the 2 groups"):
        S.LambdaLR(optimizer(), [abs])


def test_a_state_of_another_scheduler_is_refused():
    with pytest.raises(CheckpointError) as caught:
        S.StepLR(optimizer(), 3).load_state_dict(S.ExponentialLR(optimizer(), 0.5).state_dict())
    assert str(caught.value) == (
        "StepLR.load_state_dict: expected step_size, gamma, base_lrs, last_epoch, _last_lr; got gamma, base_lrs, last_epoch, "
        "_last_lr."
    )
    single = optim.SGD([tg.ones(1, requires_grad=True)], lr=0.1)
    with pytest.raises(CheckpointError, match="the state is for 1 groups, the optimizer has 2"):
        S.StepLR(optimizer(), 3).load_state_dict(S.StepLR(single, 3).state_dict())
