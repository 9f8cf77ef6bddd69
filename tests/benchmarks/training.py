"""One step of training an MLP or a CNN by PyTorch's names, for the two libraries that have them; and what is weighed for memory."""

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


def images(draw: np.random.Generator, side: int, size: int) -> tuple[Array, Array]:
    """Images of one channel (size, 1, side, side) and labels (size,)."""
    return draw.standard_normal((size, 1, side, side), np.float32), draw.integers(0, 10, size)


def kernels(draw: np.random.Generator, side: int) -> list[Array]:
    """The parameters of `cnn_step`'s network, of a size that keeps the activations'."""
    shapes = [(8, 1, 3, 3), (16, 8, 3, 3), (10, 16 * (side // 4) ** 2)]
    made: list[Array] = []
    for shape in shapes:
        scale = np.float32((2 / np.prod(shape[1:])) ** 0.5)
        made += [
            draw.standard_normal(shape, np.float32) * scale,
            draw.standard_normal(shape[0], np.float32) * np.float32(0.1),
        ]
    return made


def sgd_step(lib: Any, start: Sequence[Array], x: Array, labels: Array, lr: float) -> Callable[[], list[Any]]:
    """A step of the MLP with these weights and biases; returns the gradients."""
    nn = lib.nn
    layers: list[Any] = []
    for w in start[::2]:
        layers += [nn.Linear(w.shape[1], w.shape[0]), nn.ReLU()]
    return _step(lib, nn.Sequential(*layers[:-1]), start, x, labels, lr)


def cnn_step(lib: Any, start: Sequence[Array], x: Array, labels: Array, lr: float) -> Callable[[], list[Any]]:
    """A step of two 3×3 convolutions, each with a relu and a pool behind it, and a linear layer; returns the gradients."""
    nn = lib.nn
    layers: list[Any] = []
    for w in start[:-2:2]:
        layers += [nn.Conv2d(w.shape[1], w.shape[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(start[-2].shape[1], 10))
    return _step(lib, model, start, x, labels, lr)


def _step(lib: Any, model: Any, start: Sequence[Array], x: Array, labels: Array, lr: float) -> Callable[[], list[Any]]:
    """Forward, backward, update by `lib`'s modules and optimizer; returns the gradients."""
    nn = lib.nn
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
