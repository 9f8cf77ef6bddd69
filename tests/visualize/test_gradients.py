"""The history of gradients: what is counted, what the figure needs, and how it goes on after an interruption."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.visualize import GradientHistory
from tinygrad_edu.visualize.gradients import LEAST


def recorded():
    model = nn.Linear(2, 3)
    model.weight.grad = tg.tensor([[1.0, 1.5], [0.0, 0.25], [float("nan"), 3.0]])
    model.bias.grad = tg.tensor([2.0**-50, 0.0, 0.0])
    history = GradientHistory(model)
    history.record()
    return model, history


def test_each_element_is_counted_once_in_the_bin_of_its_size():
    _, history = recorded()
    counts = history.counts("weight")[0]
    bins = {e: int(counts[1 + e - LEAST]) for e in (-2, 0, 1)}
    assert bins == {-2: 1, 0: 2, 1: 1}
    assert (counts[0], counts[-1], counts.sum()) == (1, 1, 6)
    bias = history.counts("bias")[0]
    assert (bias[0], bias[1]) == (2, 1)  # what is smaller than the least bin is counted there


def test_of_a_large_parameter_a_sample_is_counted():
    model = nn.Linear(300, 300)
    model(tg.ones(1, 300)).sum().backward()
    history = GradientHistory(model)
    history.record()
    assert 2000 < history.counts("weight").sum() <= 4096


def test_it_goes_on_after_an_interruption(tmp_path):
    model, history = recorded()
    other = GradientHistory(model)
    other.load_state_dict(history.state_dict())
    other.record(7)
    assert other.steps == [1, 7]
    np.testing.assert_array_equal(other.counts("weight")[0], history.counts("weight")[0])
    pytest.importorskip("matplotlib")
    assert other.plot(tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(CheckpointError, match="another model"):
        GradientHistory(nn.Linear(2, 3, bias=False)).load_state_dict(history.state_dict())


REFUSED = {
    "no parameters": (lambda path: GradientHistory(nn.ReLU()), "has no parameters"),
    "no gradient": (lambda path: GradientHistory(nn.Linear(2, 2)).record(), "call it after backward"),
    "nothing recorded": (lambda path: GradientHistory(nn.Linear(2, 2)).plot(path / "g.png"), "nothing is recorded yet"),
    "unknown format": (lambda path: recorded()[1].plot(path / "g.bmp"), r"give a name in \.png"),
    "unknown name": (lambda path: recorded()[1].counts("wight"), "no parameter is called 'wight'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_words(what, tmp_path):
    call, words = REFUSED[what]
    with pytest.raises(ConfigError, match=words):
        call(tmp_path)
