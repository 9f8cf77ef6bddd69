"""A training step that ends in a number that isn't finite: the layer where it began is named."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import datasets, nn
from tinygrad_edu.cli._blame import blame
from tinygrad_edu.cli._settings import Settings, complete
from tinygrad_edu.cli._training import DivergedError, Run
from tinygrad_edu.nn import functional as F


class Block(nn.Module):
    """A layer, and an operation of its own that may break: x / (x − limit)."""

    def __init__(self, limit):
        super().__init__()
        self.inner = nn.Linear(3, 3)
        self.limit = limit

    def forward(self, x):
        y = self.inner(x)
        return y / (y - y if self.limit else tg.ones_like(y))


def network(*middle):
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), *middle, nn.Linear(3, 2))


def filled(model, **values):
    """The model with all numbers of some parameters set; an underscore in a name stands for a dot."""
    with tg.no_grad():
        for name, value in values.items():
            dict(model.named_parameters())[name.strip("_").replace("_", ".")].fill_(value)
    return model


X = tg.ones(5, 4)
LABELS = tg.zeros(5, dtype=tg.int64)
CASES = {
    "data": (lambda: (network(), tg.tensor(np.where(np.arange(20).reshape(5, 4) == 3, np.nan, 1.0).astype(np.float32))),
             "The data itself isn't finite: 1 of the batch's 20 numbers."),
    "a weight": (lambda: (filled(network(), _0_weight=np.nan, _2_bias=np.inf), X),
                 "Weights weren't finite any more before this step: 0.weight, 2.bias. So the gradient of the step before "
                 "wasn't; it flows from the loss back, and began in layer 2, Linear(in_features=3, out_features=2, bias=True) or "
                 "behind it."),
    "a layer's output": (lambda: (filled(network(), _0_weight=3e38), X),
                         "It began in layer 0, Linear(in_features=4, out_features=3, bias=True): 15 of the 15 numbers that it gave "
                         "for this batch aren't finite. Its input went up to 1, its weights up to 3e+38."),
    "a later layer": (lambda: (filled(network(), _0_bias=10.0, _2_weight=3e38), X), "It began in layer 2, Linear(in_features=3"),
    "an operation in a module": (lambda: (network(Block(True)), X), "It began in 2, a Block: 15 of the 15 numbers"),
    "a layer in a module": (lambda: (filled(network(Block(False)), _0_bias=10.0, _2_inner_weight=3e38), X),
                            "It began in layer 2.inner, Linear(in_features=3, out_features=3"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_the_layer_where_it_began_is_named(name):
    make, said = CASES[name]
    model, inputs = make()
    before = [dict(module._hooks) for module in model.modules()]
    assert blame(model, inputs, lambda outputs: F.cross_entropy(outputs, LABELS)).startswith(said)
    assert [dict(module._hooks) for module in model.modules()] == before
    assert all(p.grad is None for p in model.parameters())


def test_it_may_be_the_loss_or_nothing():
    finite = network()
    assert blame(finite, X, lambda outputs: (outputs * 0).log().sum()).startswith(
        "Every layer's output is finite, up to "
    )
    assert blame(finite, X, lambda outputs: outputs.sum()).startswith("Run once more, the step is finite")


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_diverges_says_the_step_and_the_layer():
    settings = complete(Settings(epochs=3, lr=1e30, optimizer="sgd"))
    with pytest.raises(DivergedError, match=r"in epoch 1, step \d+ of \d+.* It began in layer \d, Linear") as caught:
        Run(settings, datasets.digits()).epoch()
    assert "--lr 1e+29" in str(caught.value)
