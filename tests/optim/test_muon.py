"""Muon against PyTorch's, which iterates in bfloat16: equal to that precision."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import optim
from tinygrad_edu.errors import ConfigError, ShapeError

OPTIONS = [
    {},
    {"lr": 0.1, "nesterov": False, "weight_decay": 0.0},
    {"lr": 0.05, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw", "ns_steps": 3},
]


@pytest.mark.oracle
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_steps_are_pytorch_s(options, shape):
    import torch

    value, pull = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    ends = []
    for lib in (tg, torch):
        w = lib.tensor(value, requires_grad=True)
        optimizer = lib.optim.Muon([w], **options)
        for _ in range(20):
            optimizer.zero_grad()
            ((w - lib.tensor(pull)) ** 2).sum().backward()
            optimizer.step()
        ends.append(w.detach().numpy())
    moved = np.abs(ends[1] - value).max()
    np.testing.assert_allclose(ends[0], ends[1], atol=0.01 * moved)


def test_a_step_is_nearly_orthogonal():
    w = tg.zeros(8, 5, requires_grad=True)
    w.grad = tg.tensor(np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32))
    optim.Muon([w], lr=1.0, weight_decay=0.0).step()
    singular = np.linalg.svd(w.detach().numpy() / np.sqrt(8 / 5), compute_uv=False)
    assert singular.min() > 0.5 and singular.max() < 1.5


def test_what_is_refused_is_said():
    with pytest.raises(ShapeError, match=r"parameter 1 of group 0 has shape \(3,\); it updates matrices only"):
        optim.Muon([tg.ones(2, 2, requires_grad=True), tg.ones(3, requires_grad=True)])
    with pytest.raises(ConfigError, match='adjust_lr_fn is "original"'):
        optim.Muon([tg.ones(2, 2, requires_grad=True)], adjust_lr_fn="x")
