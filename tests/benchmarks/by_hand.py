"""The floor: each workload as a person would write it in NumPy who knows the derivative, with buffers made beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def chain(a: Array, b: Array, length: int) -> Callable[[], list[Array]]:
    """`b = b*a + a`, again and again, and the gradients of the sum of the last b in a and b."""
    bs = np.empty((length + 1, *b.shape), b.dtype)
    bs[0] = b
    values = list(bs)
    a_bar, b_bar, product = np.empty_like(a), np.empty_like(b), np.empty_like(b)

    def step() -> list[Array]:
        for before, after in itertools.pairwise(values):
            np.multiply(before, a, out=after)
            np.add(after, a, out=after)
        values[-1].sum()
        a_bar.fill(0)
        b_bar.fill(1)
        for before in values[-2::-1]:
            np.add(a_bar, b_bar, out=a_bar)
            np.multiply(b_bar, before, out=product)
            np.add(a_bar, product, out=a_bar)
            np.multiply(b_bar, a, out=b_bar)
        return [a_bar, b_bar]

    return step


class MLP:
    """Linear layers with relu between them; `parameters` is the flat list of weights (out, in) and biases (out,)."""

    def __init__(self, parameters: list[Array], x: Array) -> None:
        self.parameters = [p.copy() for p in parameters]
        self.weights, self.biases = self.parameters[::2], self.parameters[1::2]
        self.gradients = [np.empty_like(p) for p in parameters]
        self.scratch = [np.empty_like(p) for p in parameters]
        widths = [len(w) for w in self.weights]
        self.hs = [x, *(np.empty((len(x), n), x.dtype) for n in widths)]  # each layer's input, and the output
        self.bars = [np.empty_like(h) for h in self.hs]
        self.dots = [np.empty_like(h) for h in self.hs]
        self.products = [np.empty_like(h) for h in self.hs]
        self.positive = [np.empty(h.shape, bool) for h in self.hs]
        self.rows = np.arange(len(x))
        self.column = np.empty((len(x), 1), x.dtype)

    def forward(self) -> Array:
        last = len(self.weights) - 1
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            y = np.matmul(self.hs[i], w.T, out=self.hs[i + 1])
            y += b
            if i < last:
                np.maximum(y, 0, out=y)
        return self.hs[-1]

    def cross_entropy(self, labels: Array) -> Any:
        """The mean loss, and its cotangent of the output in `bars[-1]`."""
        y, p, column = self.hs[-1], self.bars[-1], self.column
        np.subtract(y, np.maximum.reduce(y, axis=1, keepdims=True, out=column), out=p)
        picked = p[self.rows, labels]
        np.exp(p, out=p)
        np.add.reduce(p, axis=1, keepdims=True, out=column)
        loss = (np.log(column[:, 0]) - picked).mean()
        column *= len(y)
        np.divide(p, column, out=p)
        p[self.rows, labels] -= 1 / len(y)
        return loss

    def backward(self, y_bar: Array) -> list[Array]:
        """The gradients in the parameters."""
        for i in range(len(self.weights) - 1, -1, -1):
            np.matmul(y_bar.T, self.hs[i], out=self.gradients[2 * i])
            np.add.reduce(y_bar, axis=0, out=self.gradients[2 * i + 1])
            if i:
                np.greater(self.hs[i], 0, out=self.positive[i])
                y_bar = np.matmul(y_bar, self.weights[i], out=self.bars[i])
                np.multiply(y_bar, self.positive[i], out=y_bar)
        return self.gradients

    def tangent(self, dots: list[Array]) -> Array:
        """The tangent of the output for tangents of the parameters; goes with a `forward`."""
        h_dot, last = None, len(self.weights) - 1
        for i, (w_dot, b_dot) in enumerate(zip(dots[::2], dots[1::2], strict=True)):
            y_dot = np.matmul(self.hs[i], w_dot.T, out=self.dots[i + 1])
            y_dot += b_dot
            if h_dot is not None:
                y_dot += np.matmul(h_dot, self.weights[i].T, out=self.products[i + 1])
            if i < last:
                np.greater(self.hs[i + 1], 0, out=self.positive[i + 1])
                np.multiply(y_dot, self.positive[i + 1], out=y_dot)
            h_dot = y_dot
        return self.dots[-1]

    def update(self, lr: float) -> None:
        for p, p_bar, product in zip(self.parameters, self.gradients, self.scratch, strict=True):
            np.multiply(p_bar, lr, out=product)
            p -= product

    def sgd_step(self, labels: Array, lr: float) -> list[Array]:
        self.forward()
        self.cross_entropy(labels)
        gradients = self.backward(self.bars[-1])
        self.update(lr)
        return gradients


def tanh_jacobian(w: Array, x: Array) -> Callable[[], Array]:
    """Of tanh(W x) in x: diag(1 − y²) W."""
    y, slope, jacobian = np.empty(len(w), w.dtype), np.empty((len(w), 1), w.dtype), np.empty_like(w)

    def step() -> Array:
        np.matmul(w, x, out=y)
        np.tanh(y, out=y)
        np.multiply(y, y, out=slope[:, 0])
        np.subtract(1, slope, out=slope)
        return np.multiply(slope, w, out=jacobian)

    return step


def rosenbrock_hessian(x: Array) -> Callable[[], Array]:
    """Of Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²: tridiagonal."""
    hessian = np.zeros((len(x), len(x)), x.dtype)
    flat, stride = hessian.reshape(-1), len(x) + 1
    diagonal, above, below = flat[::stride], flat[1::stride], flat[len(x) :: stride]

    def step() -> Array:
        np.multiply(x[:-1], -400, out=above)
        below[:] = above
        np.multiply(x, x, out=diagonal)
        np.multiply(diagonal, 1200, out=diagonal)
        diagonal[:-1] -= 400 * x[1:]
        diagonal[:-1] += 2
        diagonal[-1] = 200
        diagonal[1:-1] += 200
        return hessian

    return step
