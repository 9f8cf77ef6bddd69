"""Whether both modes compute the same derivative, and the one that the function's values suggest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygrad_edu.compare._measure import Chunks, Found
from tinygrad_edu.compare._problem import Array
from tinygrad_edu.compare._witness import Witness
from tinygrad_edu.engine.tensor import Tensor


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
        differences: J v against what the function's values say, in float64; None where it doesn't compute in float64.
        witness: how they were asked: "complex step" where the function takes complex numbers, else "central differences".
        step: the step; of central differences the one that agreed best.
    """

    adjoint: Difference
    jacobians: Difference
    columns: int
    rows: int
    differences: Difference | None
    witness: str | None
    step: float | None


def agree(found: Found, chunks: Chunks, witness: Witness | None) -> Agreement:
    """Compare the modes with each other and with what the values say."""
    forward, reverse = found.columns[chunks.rows], found.rows[:, chunks.columns]
    with np.errstate(invalid="ignore", over="ignore"):  # a difference of infinities is an answer, not a warning
        by_forward, by_reverse = inner(found.w, found.y_dots), inner(found.x_bars, found.v)
        size = float(np.sqrt(inner(found.x_bars, found.x_bars) * inner(found.v, found.v)))
        differences = None
        if witness is not None:
            differences = Difference(_largest(witness.estimate - witness.exact), _largest(witness.exact))
        return Agreement(
            adjoint=Difference(abs(by_forward - by_reverse), size),
            jacobians=Difference(_largest(forward - reverse), _largest(reverse)),
            columns=len(chunks.columns),
            rows=len(chunks.rows),
            differences=differences,
            witness=None if witness is None else witness.name,
            step=None if witness is None else witness.step,
        )


def inner(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    """The sum of the products of all their elements, in double precision."""
    return float(
        sum(np.vdot(x.numpy().astype(np.float64), y.numpy().astype(np.float64)) for x, y in zip(a, b, strict=True))
    )


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))
