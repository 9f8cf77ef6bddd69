"""Newton's method on the 20-variable Rosenbrock function: derivatives of derivatives, exactly, in a line each.

The Hessian is forward mode over reverse mode (`hessian`); along one direction it costs about two gradients (`hvp`).
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.func import hessian, hvp, value_and_grad


def rosenbrock(x: tg.Tensor) -> tg.Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def main() -> None:
    x = tg.tensor(np.full(20, 0.9))
    for step in range(20):
        value, gradient = value_and_grad(rosenbrock)(x)
        print(f"step {step}: f = {value.item():.3e}, |gradient| = {np.linalg.norm(gradient.numpy()):.1e}")
        if np.linalg.norm(gradient.numpy()) < 1e-10:
            break
        direction = tg.tensor(np.linalg.solve(hessian(rosenbrock)(x).numpy(), -gradient.numpy()))
        _, curvature = hvp(rosenbrock, (x,), (direction,))
        assert np.allclose(curvature.numpy(), -gradient.numpy())  # the same Hessian, without forming it
        x = x + direction
    print(f"the minimum, all ones, was reached in {step} steps to {np.abs(x.numpy() - 1).max():.0e}")


if __name__ == "__main__":
    main()
