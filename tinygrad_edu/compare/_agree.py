"""Whether both modes compute the same derivative, and the one that differences of the function's values suggest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygrad_edu.compare._measure import Chunks
from tinygrad_edu.compare._problem import Array, Problem, random_directions, unit_directions
from tinygrad_edu.engine.tensor import Tensor

_STEPS = (1e-3, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest difference between two computations of the same, and `scale`, the size of what was compared."""

    largest: float
    scale: float

    @property
    def relative(self) -> float:
        """The difference as a part of the scale; 0 where there is none."""
        if not self.largest:
            return 0.0
        return self.largest / self.scale if self.scale else math.inf


@dataclass(frozen=True, slots=True)
class Agreement:
    """What `agree` found.

    Attributes:
        adjoint: ⟨w, J v⟩ by forward mode against ⟨Jᵀ w, v⟩ by reverse mode, for random v and w; the scale is |Jᵀ w| |v|.
        jacobians: forward against reverse mode, element by element.
        columns, rows: which part of the Jacobian that was: so many of its n columns and m rows.
        differences: J v against central differences of the function in float64; None where it doesn't compute in float64.
        step: the step of those differences that agreed best.
    """

    adjoint: Difference
    jacobians: Difference
    columns: int
    rows: int
    differences: Difference | None
    step: float | None


def agree(problem: Problem, chunks: Chunks, draw: np.random.Generator) -> Agreement:
    """Compare the modes with each other and with differences."""
    v, w = random_directions(problem.inputs, draw), random_directions(problem.outputs, draw)
    x_bars = problem.cotangent(w)
    by_forward, by_reverse = inner(w, problem.tangent(v)), inner(x_bars, v)
    columns = _matrix(problem.tangents(unit_directions(problem.inputs, chunks.columns)))  # (columns, m)
    rows = _matrix(problem.cotangents(unit_directions(problem.outputs, chunks.rows)))  # (rows, n)
    forward, reverse = columns[:, chunks.rows].T, rows[:, chunks.columns]
    differences, step = _against_differences(problem, v)
    return Agreement(
        adjoint=Difference(abs(by_forward - by_reverse), float(np.sqrt(inner(x_bars, x_bars) * inner(v, v)))),
        jacobians=Difference(float(np.abs(forward - reverse).max()), float(np.abs(reverse).max())),
        columns=len(chunks.columns),
        rows=len(chunks.rows),
        differences=differences,
        step=step,
    )


def inner(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    """The sum of the products of all their elements, in double precision."""
    return float(
        sum(np.vdot(x.numpy().astype(np.float64), y.numpy().astype(np.float64)) for x, y in zip(a, b, strict=True))
    )


def _matrix(directions: Sequence[Tensor]) -> Array:
    return np.concatenate([d.numpy().reshape(len(d), -1).astype(np.float64) for d in directions], axis=1)


def _flat(ys: Sequence[Tensor]) -> Array:
    return np.concatenate([y.numpy().ravel() for y in ys])


def _against_differences(problem: Problem, v: Sequence[Tensor]) -> tuple[Difference | None, float | None]:
    try:
        wide = problem.in_float64()
    except Exception:  # a function that takes float32 only may say so by any exception
        return None, None
    if any(y.dtype != np.float64 for y in wide.outputs):
        return None, None
    length = np.sqrt(inner(v, v)) or 1.0
    directions = [x.to(np.float64) / length for x in v]
    exact = _flat(wide.tangent(directions))
    scale = max(1.0, *(float(np.abs(x.numpy()).max(initial=0)) for x in wide.inputs))
    best: tuple[float, float] | None = None
    for step in (h * scale for h in _STEPS):
        ahead, behind = (
            _flat(wide(*(x + sign * step * d for x, d in zip(wide.inputs, directions, strict=True))))
            for sign in (1, -1)
        )
        off = float(np.abs((ahead - behind) / (2 * step) - exact).max())
        if best is None or off < best[0]:
            best = off, step
    assert best is not None
    return Difference(best[0], float(np.abs(exact).max())), best[1]
