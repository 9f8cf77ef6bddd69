"""Differentiating a fixed point without going back through the iteration that found it.

A layer that returns the x with x = g(p, x) has, by the implicit function theorem, the derivative that solves a linear
equation at that x, however x was found (Bai, Kolter and Koltun 2019, "Deep equilibrium models"). `custom_vjp` says so to
the library: nothing of the iteration is kept, and the gradient comes out as if it had been differentiated step by step.
"""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.func import custom_vjp, grad, hessian, vjp, vmap

STEPS = 200  # each halves the distance, at least


def iterate(g: Callable[..., Any], params: Any, x: Any) -> Any:
    for _ in range(STEPS):
        x = g(params, x)
    return x


@custom_vjp
def fixed_point(g: Callable[..., Any], params: Any, start: Any) -> Any:
    """The x with x = g(params, x), for a g that draws every x nearer to it."""
    return iterate(g, params, start)


def forward(g: Callable[..., Any], params: Any, start: Any) -> Any:
    x = iterate(g, params, start)
    return x, (g, params, x)


def backward(kept: Any, x_bar: Any) -> Any:
    # dx = ∂g/∂p dp + ∂g/∂x dx, so the cotangent of g at x is w = x̄ + (∂g/∂x)ᵀ w: a fixed point itself.
    g, params, x = kept
    _, pull = vjp(g, params, x)
    w = iterate(lambda x_bar, w: x_bar + pull(w)[1], x_bar, x_bar)
    return None, pull(w)[0], None  # g is no tensor, and where the iteration starts makes no difference


fixed_point.defvjp(forward, backward)


def layer(params: Any, x: Any) -> Any:
    return np.tanh(params["w"] @ x + params["b"])


def main() -> None:
    rng = np.random.default_rng(0)
    n = 50
    w = rng.normal(size=(n, n))
    params = {"w": tg.tensor(0.5 * w / np.linalg.norm(w, 2)), "b": tg.tensor(rng.normal(size=n))}
    start = tg.zeros(n, dtype=tg.float64)

    implicit = grad(lambda p: (fixed_point(layer, p, start) ** 2).sum())
    unrolled = grad(lambda p: (iterate(layer, p, start) ** 2).sum())

    found = {}
    for name, gradient in (("implicit", implicit), ("unrolled", unrolled)):
        tracemalloc.start()
        found[name] = gradient(params)
        print(f"{name}: peak memory {tracemalloc.get_traced_memory()[1] / 1e6:.2f} MB")
        tracemalloc.stop()
    x = fixed_point(layer, params, start)
    worst = max(np.abs(found["implicit"][k].numpy() - found["unrolled"][k].numpy()).max() for k in params)
    print(f"|g(x) − x| = {np.abs((layer(params, x) - x).numpy()).max():.0e}")
    print(f"the two gradients differ by {worst:.0e}")
    assert worst < 1e-12

    # The rule is made of transforms, so it can be differentiated again, and batched.
    few = {"w": params["w"][:3, :3], "b": params["b"][:3]}
    second = hessian(lambda b: (fixed_point(layer, {"w": few["w"], "b": b}, start[:3]) ** 2).sum())(few["b"])
    check = hessian(lambda b: (iterate(layer, {"w": few["w"], "b": b}, start[:3]) ** 2).sum())(few["b"])
    print(f"second derivatives differ by {np.abs(second.numpy() - check.numpy()).max():.0e}")
    batch = tg.tensor(rng.normal(size=(4, n)))
    each = vmap(grad(lambda b: (fixed_point(layer, {"w": params["w"], "b": b}, start) ** 2).sum()))(batch)
    print(f"a gradient for each of a batch: shape {each.shape}")


if __name__ == "__main__":
    main()
