"""SciPy's sparse solver as an operation of this library: x = A⁻¹ b, with A's nonzero entries and b differentiable.

The op is declared as any other (docs/ops.md): it gets both modes, derivatives of any order and its checks from its two
rules. Here it recovers the conductivity of a rod from its temperatures.
"""

from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.func import grad, jacfwd, jacrev, jvp, value_and_grad

try:
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu
except ImportError:
    raise SystemExit("this example needs SciPy: python -m pip install scipy") from None


def _solve(entries: Any, b: Any, rows: Any, columns: Any) -> Any:
    n = b.shape[-1]
    return splu(coo_array((entries, (rows, columns)), shape=(n, n)).tocsc()).solve(b.T).T


def _times(entries: Any, x: Any, rows: Any, columns: Any) -> Any:
    """A x, for the entries of A."""
    where = (np.arange(x.shape[-1]) == rows[:, None]).astype(float)  # (entries, n); a large problem would use a scatter
    return (entries * x[..., columns]) @ where


def _entries_bar(w: Any, x: Any, rows: Any, columns: Any) -> Any:
    product = w[..., rows] * x[..., columns]
    return product if x.ndim == 1 else product.sum(0)


def _batch(size: int, args: list[Any], flags: list[bool]) -> Any:
    a, b, i, j = args
    if flags == [False, True, False, False]:  # one matrix, many right-hand sides: one factorization
        return np.reshape(sparse_solve(a, np.reshape(b, (-1, b.shape[-1])), i, j), b.shape)
    given = list(zip(args, flags, strict=True))
    return np.stack([sparse_solve(*(v[k] if flag else v for v, flag in given)) for k in range(size)])


# A x = b, so A ẋ = ḃ − Ȧ x, and back: b̄ = A⁻ᵀ x̄, and the cotangent of the entry at (i, j) is −b̄ᵢ xⱼ. Aᵀ has rows and
# columns swapped, so each rule is another solve and some indexing, which have rules themselves.
sparse_solve: Any = primitive(
    "sparse_solve",
    _solve,
    Given(
        "Āᵢⱼ += −(A⁻ᵀ X̄)ᵢ Xⱼ",
        lambda a_dot, x, a, b, i, j: -sparse_solve(a, _times(a_dot, x, i, j), i, j),
        lambda x_bar, x, a, b, i, j: -_entries_bar(sparse_solve(a, x_bar, j, i), x, i, j),
        reads=["y", 0, 2, 3],
    ),
    Given(
        "B̄ += A⁻ᵀ X̄",
        lambda b_dot, x, a, b, i, j: sparse_solve(a, b_dot, i, j),
        lambda x_bar, x, a, b, i, j: sparse_solve(a, x_bar, j, i),
        reads=[0, 2, 3],
    ),
    None,
    None,
    math="X = A⁻¹ B, A sparse, for each row of B",
    cost=lambda x, a, b, i, j: 2 * a.size + 2 * x.size,
    batch=_batch,
)


def rod(n: int) -> tuple[Any, Any]:
    """Where the entries of a tridiagonal matrix stand: the diagonal, then above it, then below it."""
    k = np.arange(n)
    return np.concatenate([k, k[:-1], k[1:]]), np.concatenate([k, k[1:], k[:-1]])


def temperatures(conductivity: Any, heat: Any) -> Any:
    """A rod of n points, held at zero at both ends: n + 1 pieces of given conductivity, and the heat put in at each point."""
    left, right = conductivity[:-1], conductivity[1:]
    entries = np.concatenate([left + right, -right[:-1], -right[:-1]])
    return sparse_solve(entries, heat, *rod(heat.shape[0]))


def main() -> None:
    n = 30
    heat = tg.tensor(np.ones(n))
    true = 1 + 0.5 * np.sin(np.linspace(0, 6, n + 1))
    measured = temperatures(tg.tensor(true), heat)

    x = tg.tensor(np.full(n + 1, 1.0))
    difference = np.abs(jacfwd(temperatures)(x, heat).numpy() - jacrev(temperatures)(x, heat).numpy()).max()
    print(f"forward and reverse Jacobians differ by {difference:.0e}")
    v = np.random.default_rng(0).normal(size=n + 1)
    step = 1e-6
    numeric = (temperatures(x + step * v, heat) - temperatures(x - step * v, heat)).numpy() / (2 * step)
    exact = jvp(lambda c: temperatures(c, heat), (x,), (v,))[1].numpy()
    print(f"against differences: {np.abs(exact - numeric).max() / np.abs(numeric).max():.0e}")
    curvature = jacfwd(grad(lambda c: (temperatures(c, heat) ** 2).sum()))(x).numpy()
    print(f"the Hessian is symmetric to {np.abs(curvature - curvature.T).max() / np.abs(curvature).max():.0e}")

    # Gauss-Newton: the Jacobian of 30 temperatures in 31 conductivities, and a least-squares step, damped.
    for _ in range(50):
        gap = (temperatures(x, heat) - measured).numpy()
        jacobian = jacfwd(temperatures)(x, heat).numpy()
        x = x - tg.tensor(np.linalg.lstsq(jacobian, gap, rcond=1e-10)[0])
    loss, gradient = value_and_grad(lambda c: ((temperatures(c, heat) - measured) ** 2).sum())(x)
    print(f"temperatures met to {np.sqrt(loss.item()):.0e}, gradient {np.abs(gradient.numpy()).max():.0e}")


if __name__ == "__main__":
    main()
