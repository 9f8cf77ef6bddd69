"""`functorch`: models as functions of tuples of parameters, as PyTorch's tutorials of that time call them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.test_as_torch import run
from tinygrad_edu import functorch, nn
from tinygrad_edu.errors import ConfigError

SCRIPT = """
import torch
from functorch import make_functional, make_functional_with_buffers, combine_state_for_ensemble, grad, vmap
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1)).eval()
f, params, buffers = make_functional_with_buffers(model)
x = torch.arange(6.0).reshape(2, 3)
print([tuple(p.shape) for p in params], [tuple(b.shape) for b in buffers], all(p.requires_grad for p in params))
loss = lambda p, b, row: f(p, b, row[None]).sum()
each = vmap(grad(loss), in_dims=(None, None, 0))(params, buffers, x)
print([tuple(g.shape) for g in each], [round(float(g.sum()), 4) for g in each])
g, weights = make_functional(model[0], disable_autograd_tracking=True)
print(weights[0].requires_grad, torch.allclose(g(weights, x), model[0](x)))
"""
ENSEMBLE = """
many, stacked, _ = combine_state_for_ensemble([torch.nn.Linear(3, 1) for _ in range(5)])
print([tuple(p.shape) for p in stacked], tuple(vmap(many, in_dims=(0, None, None))(stacked, (), x).shape))
"""


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_a_tutorial_s_script_prints_what_it_prints_under_pytorch(tmp_path):
    pytest.importorskip("torch")
    ours = run(tmp_path, SCRIPT + ENSEMBLE)
    quiet = os.environ | {"PYTHONWARNINGS": "ignore"}
    theirs = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, encoding="utf-8", env=quiet
    )
    assert ours.stdout.splitlines() == theirs.stdout.splitlines(), ours.stderr + theirs.stderr
    assert len(ours.stdout.splitlines()) == 4


def test_the_parameters_are_copies_and_the_model_stays_as_it_is():
    model = nn.Linear(2, 1)
    f, params = functorch.make_functional(model)
    before = model.weight.detach().clone()
    with tg.no_grad():
        params[0].zero_()
    assert (model.weight == before).all() and f(params, tg.ones(1, 2)).item() == params[1].item()
    assert np.allclose(model(tg.ones(1, 2)).item(), before.sum().item() + model.bias.item())


def test_what_does_not_fit_is_said():
    with pytest.raises(ConfigError, match="make_functional: the model has buffers"):
        functorch.make_functional(nn.BatchNorm1d(2))
    f, params = functorch.make_functional(nn.Linear(2, 1))
    with pytest.raises(ConfigError, match="Linear has 2 parameters, got 1: weight, bias"):
        f(params[:1], tg.ones(1, 2))
