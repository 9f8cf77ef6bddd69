"""Every optimizer is PyTorch's over fifty steps, in both precisions; and where one library stopped, the other goes on."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.parity import TOLERANCE, agree
from tests.optim.test_optimizers import CASES, loss_of, start
from tinygrad_edu import optim

pytestmark = [pytest.mark.oracle]
HALF, STEPS = 25, 50
LBFGS = [
    {"lr": 1e-3, "max_iter": 2},
    {"lr": 0.02, "max_iter": 1, "history_size": 3},
    {"lr": 0.02, "max_iter": 3, "history_size": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 0.1, "max_iter": 2, "max_eval": 5, "line_search_fn": "strong_wolfe"},
    {"lr": 0.1, "line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2, "tolerance_change": 1e-3},
]
MUON = [
    {},
    {"lr": 0.02, "nesterov": False, "weight_decay": 0.0},
    {"lr": 0.01, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3},
]
# A quasi-Newton step divides differences of gradients, which near the minimum are float32's last digits, and a line search
# may then stop one trial earlier.
LOOSER = {("LBFGS", "float32"): 1e-2}
ALL = [*CASES, *(("LBFGS", options) for options in LBFGS), *(("Muon", options) for options in MUON)]


def bowl(params, step):
    """The same in every step, as a line search needs, and convex: in a winding valley float32's paths part."""
    x, y = params
    return ((1 - x) ** 2).sum() + 3 * ((y + 0.5 * x) ** 2).sum() + 0.1 * (x**4).sum()


def product(params, step):
    """Two matrices multiplied shall be a third."""
    a, b = params
    goal = np.random.default_rng(1).normal(size=(4, 3))
    return ((a @ b - type(a)(goal.tolist()).to(a.dtype)) ** 2).sum()


PROBLEMS = {
    "LBFGS": (bowl, lambda: [np.array([-1.2, 0.3, 0.8]), np.array([1.0, -0.4, 2.0])]),
    "Muon": (product, lambda: [np.random.default_rng(2).normal(size=shape) for shape in ((4, 5), (5, 3))]),
}


class Training:
    """An optimizer in one library with what it optimizes, in one precision."""

    def __init__(self, lib, name, options, dtype):
        self.lib, self.name = lib, name
        self.loss, values = PROBLEMS.get(name, (loss_of, lambda: start("float64")))
        self.params = [lib.tensor(v.astype(dtype), requires_grad=True) for v in values()]
        self.optimizer = self.made(options)
        self.losses = []

    def made(self, options):
        first, *rest = self.params
        groups = [{"params": [first], "lr": 0.03, "weight_decay": 0.2}, {"params": rest}]
        return getattr(self.lib.optim, self.name)(self.params if self.name == "LBFGS" else groups, **options)

    def steps(self, numbers):
        for step in numbers:

            def closure(step=step):
                self.optimizer.zero_grad()
                loss = self.loss(self.params, step)
                loss.backward()
                return loss

            self.losses.append(self.optimizer.step(closure).item())

    def take(self, values, state):
        """Go on from these values and this state, of either library, with a new optimizer."""
        with self.lib.no_grad():
            for p, value in zip(self.params, values, strict=True):
                p.copy_(self.lib.tensor(value))
        self.optimizer = self.made({"lr": 7.0})
        self.optimizer.load_state_dict(state)

    def values(self):
        return [p.detach().numpy().copy() for p in self.params]


def for_torch(value):
    """A state of ours with PyTorch's tensors. Theirs is taken here as it is."""
    import torch

    if isinstance(value, tg.Tensor):
        return torch.tensor(value.numpy())
    if isinstance(value, dict):
        return {key: for_torch(v) for key, v in value.items()}
    return [for_torch(v) for v in value] if isinstance(value, list) else value


def flat(state):
    """What a state remembers, by parameter and name; PyTorch's None left out."""
    found = {}
    for i, remembered in state["state"].items():
        for key, value in remembered.items():
            if key in ("al", "prev_loss", "t") or value is None:  # PyTorch's scratch; floats that differ in their type
                continue
            for j, v in enumerate(value if isinstance(value, list) else [value]):
                found[f"{i} {key} {j}"] = np.asarray(v, np.float64)
    return found


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "options"), ALL, ids=[f"{n} {o}" for n, o in ALL])
def test_fifty_steps_are_pytorch_s_also_when_the_other_library_made_half_of_them(name, options, dtype):
    import torch

    runs, states, halves = {}, {}, {}
    for lib in (tg, torch):
        run = runs[lib] = Training(lib, name, options, dtype)
        run.steps(range(HALF))
        halves[lib], states[lib] = run.values(), copy.deepcopy(run.optimizer.state_dict())
        run.steps(range(HALF, STEPS))
    tolerance = LOOSER.get((name, dtype), TOLERANCE[dtype])
    same(runs[tg], runs[torch], tolerance)
    if (name, dtype) not in LOOSER:
        same_memory(runs[tg], runs[torch], tolerance)
    groups = [run.optimizer.state_dict()["param_groups"] for run in runs.values()]
    assert [group.items() for group in groups[0]] == [group.items() for group in groups[1]]
    for lib, other, turn in ((tg, torch, lambda state: state), (torch, tg, for_torch)):
        run = Training(lib, name, options, dtype)
        run.losses = runs[other].losses[:HALF]
        run.take(halves[other], turn(states[other]))
        run.steps(range(HALF, STEPS))
        same(run, runs[torch], tolerance)


def same_memory(ours, theirs, tolerance):
    mine, other = (flat(run.optimizer.state_dict()) for run in (ours, theirs))
    assert mine.keys() == other.keys()
    scale = max((np.abs(value).max(initial=0) for value in other.values()), default=0)
    for key, value in other.items():
        np.testing.assert_allclose(mine[key], value, rtol=tolerance, atol=tolerance * scale, err_msg=key)


def same(ours, theirs, tolerance):
    losses = np.array(theirs.losses)
    np.testing.assert_allclose(ours.losses, losses, rtol=tolerance, atol=tolerance * np.abs(losses).max())
    mine, other = (run.params for run in (ours, theirs))
    if ours.lib is theirs.lib:
        mine = [tg.tensor(p.detach().numpy()) for p in mine]
    agree(mine, other, tolerance, "parameter")


def test_every_optimizer_is_in_the_table():
    public = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    assert public - {name for name, _ in ALL} == {"Optimizer"}
