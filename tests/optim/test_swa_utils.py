"""Averaged models against PyTorch's."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.optim.swa_utils import AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn

AVERAGES = {
    "mean": lambda swa: {},
    "mean by function": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "mean by list": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "ema": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.9)},
    "ema by function": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9)},
    "own": lambda swa: {"avg_fn": lambda a, v, n: 0.5 * a + 0.5 * v},
}


@pytest.mark.oracle
@pytest.mark.parametrize("how", AVERAGES.values(), ids=AVERAGES)
def test_averages_are_pytorch_s(how):
    import torch

    found = []
    for lib in (tg, torch):
        lib.manual_seed(3)
        model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 1))
        average = lib.optim.swa_utils.AveragedModel(model, **how(lib.optim.swa_utils))
        optimizer = lib.optim.SGD(model.parameters(), lr=0.1)
        x = lib.tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3))
        for _ in range(5):
            optimizer.zero_grad()
            (model(x) ** 2).sum().backward()
            optimizer.step()
            average.update_parameters(model)
        assert int(average.n_averaged) == 5
        found.append([*average.state_dict().items()] + [("y", average(x).detach())])
    for (name, ours), (their_name, theirs) in zip(*found, strict=True):
        assert name == their_name
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-7)


def test_one_of_the_two_functions_is_given():
    with pytest.raises(ConfigError, match="give avg_fn or multi_avg_fn"):
        AveragedModel(nn.Linear(1, 1), avg_fn=get_ema_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn())
    with pytest.raises(ConfigError, match=r"between 0 and 1, not 1\.5"):
        get_ema_avg_fn(1.5)
