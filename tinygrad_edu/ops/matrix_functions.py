"""Products and functions of whole matrices: matrix_power, matrix_exp, multi_dot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops._matrices import adjoint, floating, squares
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.product import matmul
from tinygrad_edu.ops.solve import inv

_PADE = (
    *(64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0),
    *(10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0),
)
_LARGEST = 5.371920351148152
"""The 1-norm up to which the approximant of degree 13 is exact to rounding in float64."""


def _matrix_exp(x: Any) -> Any:
    """Scaling and squaring around a Padé approximant: Higham (2005), "The scaling and squaring method for the matrix
    exponential revisited", algorithm 2.3.
    """
    if not x.size:
        return x.copy()
    n = x.shape[-1]
    size = np.abs(x).sum(-2).max(-1)
    halvings = np.ceil(np.log2(np.maximum(np.where(np.isfinite(size), size, 1) / _LARGEST, 1))).astype(int)
    x = x * (0.5**halvings).astype(size.dtype)[..., None, None]
    b, eye = _PADE, np.eye(n, dtype=x.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    odd = x @ (x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * eye)
    even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * eye
    y = np.linalg.solve(even - odd, even + odd)
    for i in range(int(halvings.max())):
        y = np.where((halvings > i)[..., None, None], y @ y, y)
    return y


def _along(x: Any, direction: Any) -> Any:
    """The derivative of the exponential at `x`: the upper right block of exp [[X, Ẋ], [0, X]].

    Mathias (1996), "A chain rule for matrix functions and applications".
    """
    n = x.shape[-1]
    upper = np.concatenate([x, direction], axis=-1)
    lower = np.concatenate([np.zeros(x.shape, x.dtype), x], axis=-1)
    return matrix_exp_(np.concatenate([upper, lower], axis=-2))[..., :n, n:]


matrix_exp_: Op = primitive(
    "matrix_exp",
    _matrix_exp,
    Given(
        "X̄ += the derivative of exp at Xᴴ along Ȳ",
        lambda x_dot, y, x: _along(x, x_dot),
        lambda y_bar, y, x: _along(adjoint(x), y_bar),
        reads=[0],
    ),
    math="Y = e^X = I + X + X²/2 + …",
    cost=lambda y, x: 20 * x.size * x.shape[-1],
    floating=True,
    batch=lambda size, args, flags: matrix_exp_(*args),
    samples=lambda r: [Sample((r(3, 3),)), Sample((r(2, 2, 2),)), Sample((r.complex(2, 2),))],
    reference=lambda x: _by_series(x),
)


def _by_series(x: Any) -> Any:
    term = total = np.eye(x.shape[-1]) + 0 * x
    for k in range(1, 60):
        term = term @ x / k
        total = total + term
    return total


def matrix_exp(A: Any) -> Any:
    """The exponential of each square matrix."""
    return matrix_exp_(squares(A, "matrix_exp"))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """The product of `n` copies of each matrix, by repeated squaring; of its inverse for negative `n`."""
    a = squares(a, "matrix_power")
    if not isinstance(n, int | np.integer):
        raise ConfigError(f"matrix_power: the exponent must be an integer, got {n!r}.")
    if n == 0:
        return as_value(np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy())
    if n < 0:
        a, n = inv(a), -n
    power = None
    while n:
        if n % 2:
            power = a if power is None else power @ a
        n //= 2
        a = a @ a if n else a
    return power


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """The product of matrices in the order of least cost; the first and the last may have one axis."""
    parts = [floating(a) for a in arrays]
    if len(parts) < 2:
        raise ShapeError(f"multi_dot: needs at least two arrays, got {len(parts)}.")
    row, column = parts[0].ndim == 1, parts[-1].ndim == 1
    if row:
        parts[0] = parts[0][None, :]
    if column:
        parts[-1] = parts[-1][:, None]
    for i, part in enumerate(parts):
        if part.ndim != 2:
            raise ShapeError(
                f"multi_dot: array {i} has shape {part.shape}; it must have two axes (the first and the last may have one)."
            )
    sizes = [part.shape[0] for part in parts] + [parts[-1].shape[1]]
    y = _product(parts, _splits(sizes), 0, len(parts) - 1)
    return np.reshape(y, (() if row else y.shape[:1]) + (() if column else y.shape[1:]))


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to split each run of matrices: Cormen et al., "Introduction to Algorithms", matrix-chain order."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            cost[i, j] = min(ways)
            split[i, j] = i + ways.index(cost[i, j])
    return split


def _product(parts: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = split[i, j]
    return matmul(_product(parts, split, i, k), _product(parts, split, k + 1, j))
