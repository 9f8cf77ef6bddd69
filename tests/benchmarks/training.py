"""One step of training an MLP through PyTorch's names, for the two libraries that have them; also what is weighed for memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def parameters(draw: np.random.Generator, widths: Sequence[int]) -> list[Array]:
    """Weights (out, in) and biases (out,) by turns, of a size that keeps the activations' (He et al. 2015)."""
    made: list[Array] = []
    for n_in, n_out in itertools.pairwise(widths):
        made.append(draw.standard_normal((n_out, n_in), np.float32) * np.float32((2 / n_in) ** 0.5))
        made.append(draw.standard_normal(n_out, np.float32) * np.float32(0.1))
    return made


def batch(draw: np.random.Generator, widths: Sequence[int], size: int) -> tuple[Array, Array]:
    """Inputs (size, in) and labels (size,)."""
    return draw.standard_normal((size, widths[0]), np.float32), draw.integers(0, widths[-1], size)


def sgd_step(lib: Any, start: Sequence[Array], x: Array, labels: Array, lr: float) -> Callable[[], list[Any]]:
    """Forward, backward, update by `lib`'s modules and optimizer; returns the gradients."""
    nn = lib.nn
    layers: list[Any] = []
    for w in start[::2]:
        layers += [nn.Linear(w.shape[1], w.shape[0]), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    names = list(model.state_dict())
    model.load_state_dict({name: lib.array(p) for name, p in zip(names, start, strict=True)})
    loss_of, optimizer = nn.CrossEntropyLoss(), lib.optim.SGD(model.parameters(), lr=lr)
    inputs, targets = lib.array(x), lib.array(labels)
    tensors = list(model.parameters())

    def step() -> list[Any]:
        optimizer.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return [p.grad for p in tensors]

    return step
