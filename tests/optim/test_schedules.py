"""Every scheduler is PyTorch's over sixty steps: rates, momenta, warnings; and where one stopped, the other goes on."""

import copy
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.optim.test_lr_scheduler import CASES, COMBINED, OPTIONS, optimizer, rates
from tinygrad_edu import optim
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.optim import lr_scheduler

pytestmark = [pytest.mark.oracle]
HALF, STEPS = 25, 60


def two_at_once(s, o, lib):
    """Which act on one optimizer without knowing of each other."""
    return s.LinearLR(o, 0.1, total_iters=4), s.ExponentialLR(o, 0.9), s.MultiStepLR(o, [6, 9])


class Falling:
    """A function that is an object, whose attributes are part of the state."""

    def __init__(self, share):
        self.share = share

    def __call__(self, t):
        return self.share**t


def of(name, options):
    return lambda s, o, lib: getattr(s, name)(o, **options)


MAKERS = {
    **{case.id: of(*case.values) for case in CASES},
    **{f"combined {i}": make for i, make in enumerate(COMBINED)},
    "two at once": two_at_once,
    "an object": lambda s, o, lib: s.LambdaLR(o, Falling(0.9)),
    "a scaling object": lambda s, o, lib: s.CyclicLR(o, 0.1, 0.5, 4, scale_fn=Falling(0.9)),
}


def made(make, lib, o):
    found = make(lib.optim.lr_scheduler, o, lib)
    return found if isinstance(found, tuple) else (found,)


def steps_of(name):
    """A OneCycleLR ends."""
    return min(
        [
            STEPS,
            *[options.get("total_steps", 32) for n, options in [MAKERS_OF.get(name, ("", {}))] if n == "OneCycleLR"],
        ]
    )


MAKERS_OF = {case.id: case.values for case in CASES}


@pytest.mark.parametrize("name", MAKERS)
def test_rates_are_pytorch_s_also_when_the_other_library_made_half_of_the_steps(name):
    import torch

    found, states, count = {}, {}, steps_of(name)
    half = min(HALF, count // 2)
    for lib in (tg, torch):
        o = optimizer(lib)
        schedulers = made(MAKERS[name], lib, o)
        first = rates(o, *schedulers, steps=half)
        states[lib] = copy.deepcopy([part.state_dict() for part in (o, *schedulers)])
        found[lib] = first + rates(o, *schedulers, steps=count - half)
    np.testing.assert_allclose(found[tg], found[torch], rtol=1e-12, atol=1e-17)
    for lib, other in ((tg, torch), (torch, tg)):
        o = optimizer(lib)
        schedulers = made(MAKERS[name], lib, o)
        for part, state in zip((o, *schedulers), states[other], strict=True):
            part.load_state_dict(state)
        rest = rates(o, *schedulers, steps=count - half)
        np.testing.assert_allclose(rest, found[torch][half:], rtol=1e-12, atol=1e-17)


def test_every_scheduler_is_in_the_tables():
    known = {*OPTIONS, "SequentialLR", "ChainedScheduler"}  # of which the last two are the combined ones
    assert set(lr_scheduler.__all__) - known == {"LRScheduler", "ReduceLROnPlateau"}


PLATEAU = [
    {},
    {"patience": 1, "factor": 0.5, "cooldown": 2},
    {"patience": 0, "mode": "max", "threshold": 0.1, "min_lr": [0.1, 0.01]},
    {"patience": 2, "threshold_mode": "abs", "threshold": 0.05, "min_lr": 1e-3},
    {"patience": 0, "mode": "max", "threshold_mode": "abs", "eps": 0.02},
]


@pytest.mark.parametrize("options", PLATEAU)
def test_rates_on_a_plateau_are_pytorch_s(options):
    import torch

    metrics = np.random.default_rng(0).normal(size=STEPS) / np.arange(1, STEPS + 1)
    found, states = {tg: [], torch: []}, {}
    for lib in (tg, torch):
        o = optimizer(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(o, **options)
        for i, metric in enumerate(metrics):
            if i == HALF:
                states[lib] = copy.deepcopy([o.state_dict(), scheduler.state_dict()])
            scheduler.step(lib.tensor(metric))
            found[lib].append(scheduler.get_last_lr())
        states[lib].append(scheduler.state_dict())
    np.testing.assert_allclose(found[tg], found[torch], rtol=1e-12)
    assert states[tg][2] == states[torch][2]
    for lib, other in ((tg, torch), (torch, tg)):
        o = optimizer(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(o)
        o.load_state_dict(states[other][0])
        scheduler.load_state_dict(states[other][1])
        for i in range(HALF, STEPS):
            scheduler.step(metrics[i])
            np.testing.assert_allclose(scheduler.get_last_lr(), found[torch][i], rtol=1e-12)


@pytest.mark.filterwarnings("ignore")  # PyTorch would rather have it called without
def test_a_step_to_a_given_epoch_is_pytorch_s():
    import torch

    for name in (
        "StepLR",
        "ExponentialLR",
        "CosineAnnealingLR",
        "LinearLR",
        "PolynomialLR",
        "MultiStepLR",
        "ConstantLR",
    ):
        found = []
        for lib in (tg, torch):
            o = optimizer(lib)
            scheduler = getattr(lib.optim.lr_scheduler, name)(o, **OPTIONS[name][0])
            o.step()
            for epoch in (4, 1, 7):
                scheduler.step(epoch)
                found.append(scheduler.get_last_lr())
        np.testing.assert_allclose(found[:3], found[3:], rtol=1e-12)
    found = []
    for lib in (tg, torch):
        o = optimizer(lib)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2)
        for i in range(30):
            scheduler.step(i / 3)
            found.append(scheduler.get_last_lr())
    np.testing.assert_allclose(found[:30], found[30:], rtol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_a_step_before_the_optimizer_s_first_warns_where_pytorch_does(name):
    import torch

    found = []
    for lib in (tg, torch):
        o = optimizer(lib)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            schedulers = made(MAKERS[name], lib, o)
            for _ in range(2):
                for scheduler in schedulers:
                    scheduler.step()
            o.step()
            for scheduler in schedulers:
                scheduler.step()
        assert all(w.category is UserWarning for w in caught)
        found.append([str(w.message).startswith("Detected call of `lr_scheduler.step()` before") for w in caught])
    assert found[0] == found[1]
    assert all(found[0])


@pytest.mark.parametrize("kind", ["SGD", "LBFGS", "own"])
def test_a_step_of_any_optimizer_counts(kind):
    class Own(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            pass

    o = {"own": Own}.get(kind) or getattr(optim, kind)
    p = tg.ones(1, requires_grad=True)
    o = o([p], lr=0.1)
    scheduler = lr_scheduler.ExponentialLR(o, 0.5)
    o.step(lambda: (p * p).sum())
    scheduler.step()
    assert scheduler.get_last_lr() == [0.05]


def test_attributes_of_a_function_go_with_the_state():
    kept = lr_scheduler.LambdaLR(optimizer(), Falling(0.9)).state_dict()
    other = lr_scheduler.LambdaLR(optimizer(), Falling(0.1))
    other.load_state_dict(kept)
    assert other.lr_lambdas[0].share == 0.9


# -- learning rates that are tensors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [name for name in optim.__all__ if name[0].isupper() and name not in ("Optimizer", "LBFGS")]
)
def test_a_learning_rate_may_be_a_tensor_that_others_write_into(kind):
    import torch

    ends = []
    for lib in (tg, torch):
        w = lib.tensor(np.linspace(-1, 1, 6).reshape(2, 3), requires_grad=True)
        lr = lib.tensor(0.1, dtype=lib.float64)
        o = getattr(lib.optim, kind)([w], lr=lr)
        scheduler = lib.optim.lr_scheduler.StepLR(o, 2, 0.5)
        for i in range(6):
            o.zero_grad()
            ((w - 1) ** 4).sum().backward()
            o.step()
            scheduler.step()
            if i == 3:
                lr.fill_(0.2)
        assert o.param_groups[0]["lr"] is lr
        assert scheduler.get_last_lr()[0] is not lr
        ends.append((w.detach().numpy(), lr.item(), scheduler.get_last_lr()[0].item()))
    for ours, theirs in zip(*ends, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@pytest.mark.parametrize("name", MAKERS)
def test_every_schedule_writes_into_a_rate_that_is_a_tensor(name):
    import torch

    found = []
    for lib in (tg, torch):
        o = lib.optim.SGD([lib.ones(1, requires_grad=True)], lr=lib.tensor(0.5), momentum=0.7)
        o.add_param_group({"params": [lib.ones(1, requires_grad=True)], "lr": lib.tensor(0.02)})
        schedulers = made(MAKERS[name], lib, o)
        found.append([])
        for _ in range(12):
            found[-1].append([group["lr"].item() for group in o.param_groups])
            o.step()
            for scheduler in schedulers:
                scheduler.step()
    np.testing.assert_allclose(found[0], found[1], rtol=2e-5, atol=1e-8)


def test_a_saved_rate_that_is_a_tensor_isn_t_shared():
    def made():
        return optim.SGD([tg.ones(1, requires_grad=True)], lr=tg.tensor(0.1))

    one, other = made(), made()
    other.load_state_dict(one.state_dict())
    one.param_groups[0]["lr"].fill_(0.7)
    assert other.param_groups[0]["lr"].item() == np.float32(0.1)


@pytest.mark.parametrize(
    ("lr", "message"),
    [
        (tg.tensor([0.1, 0.2]), "SGD: lr as a tensor is one number that is given; this one has shape (2,)."),
        (
            tg.tensor(0.1, requires_grad=True),
            "SGD: lr as a tensor is one number that is given; this one needs a gradient, which steps don't give it.",
        ),
        (tg.tensor(-0.1), "SGD: lr must be a number that isn't negative, got tensor(-0.1000)."),
    ],
)
def test_a_tensor_that_is_no_rate_is_refused(lr, message):
    with pytest.raises(ConfigError) as caught:
        optim.SGD([tg.ones(1, requires_grad=True)], lr=lr)
    assert str(caught.value) == message
