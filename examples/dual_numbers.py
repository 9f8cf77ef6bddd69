"""Dual numbers from scratch: a number a + bε with ε² = 0 differentiates whatever is computed with it, also a neural network.

First everything is made here, in plain Python: the arithmetic, derivatives, Newton's method, a gradient by one pass for each
parameter, and a network that learns exclusive or. Then the package's own dual numbers do the same, with the same numbers.

python examples/dual_numbers.py [--steps 300]
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.func import DualNumber, DualTensor, derivative, jacfwd


class Dual:
    """a + bε: `real` is a, the value, and `dual` is b, its derivative."""

    def __init__(self, real: float, dual: float = 0.0) -> None:
        self.real = real
        self.dual = dual

    def __add__(self, other: Any) -> Dual:
        other = dual(other)
        return Dual(self.real + other.real, self.dual + other.dual)

    def __mul__(self, other: Any) -> Dual:
        other = dual(other)
        return Dual(self.real * other.real, self.real * other.dual + self.dual * other.real)  # and bd ε², which is 0

    def __truediv__(self, other: Any) -> Dual:
        other = dual(other)
        return Dual(self.real / other.real, (self.dual * other.real - self.real * other.dual) / other.real**2)

    def __neg__(self) -> Dual:
        return Dual(-self.real, -self.dual)

    def __sub__(self, other: Any) -> Dual:
        return self + -dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return dual(other) - self

    def __rtruediv__(self, other: Any) -> Dual:
        return dual(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    # A function has to be told once what it does with a + bε: f(a) + f′(a) b ε. NumPy looks for methods of these names, so
    # that np.sin(x) works for x a Dual and for the package's dual numbers alike.
    def sin(self) -> Dual:
        return Dual(math.sin(self.real), math.cos(self.real) * self.dual)

    def exp(self) -> Dual:
        return Dual(math.exp(self.real), math.exp(self.real) * self.dual)

    def log(self) -> Dual:
        return Dual(math.log(self.real), self.dual / self.real)

    def tanh(self) -> Dual:
        y = math.tanh(self.real)
        return Dual(y, (1 - y * y) * self.dual)

    def __repr__(self) -> str:
        return f"{self.real:.6g} {'-' if self.dual < 0 else '+'} {abs(self.dual):.6g}ε"


def dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(float(x))


# -- derivatives ----------------------------------------------------------------------------------------------------

FUNCTIONS: list[tuple[str, Callable[[Any], Any], float]] = [
    ("x² + 3x", lambda x: x * x + 3 * x, 2.0),
    ("sin x / x", lambda x: np.sin(x) / x, 1.0),
    ("e^(−x²)", lambda x: np.exp(-x * x), 0.5),
    ("x ln x", lambda x: x * np.log(x), 2.0),
]


def derivatives() -> None:
    print("f             x     f(x) + f′(x)ε, made here          the package's            derivative(f, x)")
    for name, f, x in FUNCTIONS:
        ours, theirs, slope = f(Dual(x, 1.0)), f(DualNumber(x, 1.0)), derivative(f, x)
        print(f"{name:10} {x:4}     {ours!r:32}  {format(theirs, '.6g'):23}  {slope:.6g}")
        assert math.isclose(ours.real, theirs.real)
        assert math.isclose(ours.dual, theirs.dual)
        assert math.isclose(ours.dual, slope)


def newton(f: Callable[[Any], Any], x: float, number: Callable[[float, float], Any]) -> tuple[float, int]:
    """A zero of `f` near `x`, and the steps it took: each evaluation gives the value and the slope."""
    steps = 0
    while abs((y := f(number(x, 1.0))).real) > 1e-14:
        x -= y.real / y.dual
        steps += 1
    return x, steps


# -- a network ------------------------------------------------------------------------------------------------------

POINTS = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
TARGETS = [0.0, 1.0, 1.0, 0.0]  # one or the other, not both
HIDDEN = 3
SIZE = 4 * HIDDEN + 1  # for each hidden unit two weights in, a bias and a weight out; and a bias at the end


def network(w: Sequence[Any], x: tuple[float, float]) -> Any:
    """One number for a point: a hidden layer of tanh, and a weighted sum of it."""
    units = [np.tanh(w[4 * i] * x[0] + w[4 * i + 1] * x[1] + w[4 * i + 2]) * w[4 * i + 3] for i in range(HIDDEN)]
    return sum(units[1:], units[0]) + w[SIZE - 1]


def loss(w: Sequence[Any]) -> Any:
    """The mean squared error over the four points."""
    errors = [network(w, x) - target for x, target in zip(POINTS, TARGETS, strict=True)]
    return sum((e * e for e in errors[1:]), errors[0] * errors[0]) / len(errors)


def gradient(f: Callable[[Sequence[Any]], Any], w: Sequence[float]) -> list[float]:
    """One pass for each parameter: in pass i it is parameter i that carries the 1 before ε."""
    return [f([Dual(v, float(i == j)) for j, v in enumerate(w)]).dual for i in range(len(w))]


def in_one_batch(w: np.ndarray) -> Any:
    """The same gradient by `jacfwd`: all the passes at once, as one batch of tangents."""
    return jacfwd(loss)(tg.tensor(w)).numpy()


def train(slope: Callable[[Any], Any], w: np.ndarray, steps: int, rate: float = 0.3) -> np.ndarray:
    for _ in range(steps):
        w = w - rate * np.asarray(slope(w))
    return w


def main() -> None:
    parser = argparse.ArgumentParser(description="Dual numbers from scratch to a network.")
    parser.add_argument("--steps", type=int, default=1000, help="of gradient descent")
    options = parser.parse_args()

    derivatives()

    print("\nNewton's method: the slope comes with the value")
    cubic = lambda x: x * x * x - 2 * x - 5
    for name, number in (("made here", Dual), ("the package's", DualNumber)):
        root, steps = newton(cubic, 2.0, number)
        print(f"x³ − 2x − 5 = 0 at x = {root:.12f}, in {steps} steps, with the dual numbers {name}")

    drawn = random.Random(1)
    start = np.array([drawn.uniform(-1, 1) for _ in range(SIZE)])
    passes, batch = gradient(loss, start), in_one_batch(start)
    directed = loss(DualTensor(start, np.eye(SIZE)[0])).dual
    print(f"\nA network with {SIZE} parameters: its gradient takes {SIZE} passes, or one batch of {SIZE} tangents")
    print(f"first elements: {', '.join(f'{g:.6f}' for g in passes[:3])}; by DualTensor the first one: {directed:.6f}")
    print(f"one by one and in one batch they differ by {np.abs(np.array(passes) - batch).max():.0e}")

    ours = train(lambda w: gradient(loss, w.tolist()), start, options.steps)
    theirs = train(in_one_batch, start, min(options.steps, 100))
    same = train(lambda w: gradient(loss, w.tolist()), start, min(options.steps, 100))
    print(f"loss before {loss(start):.4f}, after {options.steps} steps {loss(ours):.4f}")
    print(f"weights after {min(options.steps, 100)} steps of each: they differ by {np.abs(same - theirs).max():.0e}")
    for point, target in zip(POINTS, TARGETS, strict=True):
        print(f"{point[0]:.0f} xor {point[1]:.0f}: {network(ours, point):6.3f}, should be {target:.0f}")


if __name__ == "__main__":
    main()
