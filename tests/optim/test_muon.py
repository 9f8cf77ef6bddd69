"""What Muon's steps are, and what it refuses."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import optim
from tinygrad_edu.errors import ConfigError, ShapeError


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
