"""A third witness, who knows no rules: the derivative as the function's values suggest it, and where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygrad_edu.compare import _journal
from tinygrad_edu.compare._problem import Array, Problem
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.func._graph import Value
from tinygrad_edu.ops._unit import unit_directions
from tinygrad_edu.ops.create import as_tensor

_STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
_COMPLEX_STEP = 1e-20
_FAR, _NEAR = 1e-4, 1e-6  # a slope's jump is as large at both; a curvature's effect is a hundredth at the nearer
_MOST = 3  # kinks that are looked for


@dataclass(frozen=True, slots=True)
class Witness:
    """J v for a direction v of length 1: `exact` by forward mode in float64, and the `estimate`; both flat, (m,)."""

    name: str
    step: float
    exact: Array
    estimate: Array
    wide: Line


@dataclass(frozen=True, slots=True)
class Kink:
    """A place where the function has no derivative: element `input` of the inputs, laid end to end, against element `output`.

    `left` and `right` are the slopes on both sides, `chosen` is what forward mode says. `input` is None where only several
    inputs together show it. At a `jump` the values themselves differ, and a slope is as large as the step is small.
    """

    input: int | None
    output: int
    left: float
    right: float
    chosen: float
    jump: bool


class Line:
    """The function in float64 along directions through the point; `scale` is the size of a step of 1."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.scale = max(1.0, *(float(np.abs(x.numpy()).max(initial=0)) for x in problem.inputs))
        self.here = _flat(problem.outputs)

    def at(self, step: complex, direction: Sequence[Tensor]) -> Array:
        """The outputs, flat, a step along the direction."""
        with np.errstate(all="ignore"):  # outside of the domain is an answer, not a warning
            return _flat(self.problem(*(x + step * d for x, d in zip(self.problem.inputs, direction, strict=True))))

    def slopes(self, step: float, direction: Sequence[Tensor]) -> tuple[Array, Array]:
        """The differences to the left and to the right over `step` times the scale."""
        h = step * self.scale
        with np.errstate(all="ignore"):
            return (self.here - self.at(-h, direction)) / h, (self.at(h, direction) - self.here) / h


def ask(problem: Problem, v: Sequence[Tensor]) -> Witness | None:
    """What the values say of the derivative along v; None where the function doesn't compute in float64."""
    try:
        wide = problem.in_float64()
    except Exception:  # a function that takes float32 only may say so by any exception
        return None
    if any(y.dtype != np.float64 for y in wide.outputs):
        return None
    length = float(np.sqrt(sum(np.vdot(x.numpy(), x.numpy()) for x in (d.to(np.float64) for d in v)))) or 1.0
    direction = [d.to(np.float64) / length for d in v]
    exact, line = _flat(wide.tangent(direction)), Line(wide)
    if (estimate := _by_complex_step(wide, line, direction)) is not None:
        return Witness("complex step", _COMPLEX_STEP, exact, estimate, line)
    best: tuple[float, float, Array] | None = None
    for step in _STEPS:
        left, right = line.slopes(step, direction)
        estimate = (left + right) / 2
        with np.errstate(invalid="ignore"):
            off = float(np.abs(estimate - exact).max())
        if best is None or off < best[0]:
            best = off, step * line.scale, estimate
    assert best is not None
    return Witness("central differences", best[1], exact, best[2], line)


def _by_complex_step(problem: Problem, line: Line, direction: Sequence[Tensor]) -> Array | None:
    """Im f(x + ihv) / h, without any cancellation (Squire & Trapp 1998); None where it doesn't apply.

    It needs a function that is analytic as computed: one that takes the absolute value, a real part or a conjugate of a
    number that depends on x, or looks at it, isn't.
    """
    points = [
        as_tensor(x.numpy() + 1j * _COMPLEX_STEP * d.numpy()) for x, d in zip(problem.inputs, direction, strict=True)
    ]
    try:
        found = _journal.of_primal(problem, points)
    except Exception:  # refused somewhere, in whatever words
        return None
    complex_ = {number for number, _ in found.inputs}
    for equation in found.equations:
        if not complex_.isdisjoint(a.number for a in equation.args if isinstance(a, Value)):
            if equation.op.name in ("conj", "conjugate") or any(spec.dtype.kind != "c" for spec in equation.specs):
                return None
            complex_.update(value.number for value in equation.outputs)
    if found.looks:
        return None
    with np.errstate(all="ignore"):
        return np.concatenate([y.numpy().ravel().imag / _COMPLEX_STEP for y in problem(*points)])


def kinks(witness: Witness, v: Sequence[Tensor]) -> list[Kink]:
    """The first few places, up to three, where the slopes to the left and to the right disagree; none of a smooth function.

    Asked along the direction v first, then along ever smaller parts of it.
    """
    line = witness.wide
    found: list[Kink] = []
    total = sum(x.numel() for x in line.problem.inputs)
    parts = [np.arange(total)]
    while parts and len(found) < _MOST:
        part = parts.pop()
        direction = _part_of(line.problem.inputs, v, part)
        outputs, left, right = _bent(line, direction)
        if not len(outputs):
            continue
        halves = np.array_split(part, 2) if len(part) > 1 else []
        split = [half for half in halves if len(_bent(line, _part_of(line.problem.inputs, v, half))[0])]
        if split:
            parts += split[::-1]
            continue
        if len(part) == 1:
            direction = [d[0] for d in unit_directions(line.problem.inputs, int(part[0]), int(part[0]) + 1)]
            left, right = line.slopes(_NEAR, direction)
        j = int(outputs[0])
        further = line.slopes(_FAR, direction)
        chosen = _flat(line.problem.tangent(direction))
        low, high = sorted((float(left[j]), float(right[j])))
        room = 1e-3 * max(abs(low), abs(high))
        if not (low - room <= chosen[j] <= high + room) and np.isfinite([low, high]).all():
            continue  # no slope of a side or between them: it only bends too fast for the step
        jump = abs(right[j] - left[j]) > 10 * abs(further[1][j] - further[0][j])
        which = int(part[0]) if len(part) == 1 else None
        found.append(Kink(which, j, float(left[j]), float(right[j]), float(chosen[j]), bool(jump)))
    return found


def _bent(line: Line, direction: Sequence[Tensor]) -> tuple[Array, Array, Array]:
    """The outputs that bend at the point, and the slopes of all of them."""
    far_left, far_right = line.slopes(_FAR, direction)
    left, right = line.slopes(_NEAR, direction)
    with np.errstate(all="ignore"):
        near, far = np.abs(right - left), np.abs(far_right - far_left)
        # A thousand roundings of the values, seen through the step.
        noise = 1e3 * np.finfo(float).eps * np.abs(line.here).max(initial=0) / (_NEAR * line.scale)
        size = np.nanmax(np.abs([left, right]), initial=0.0, where=np.isfinite([left, right]))
        bent = (near > 0.3 * far) & (near > 1e-6 * size + noise)
        bent |= np.isfinite(line.here) & ~(np.isfinite(left) & np.isfinite(right))  # one side is outside of the domain
    return np.flatnonzero(bent), left, right


def _part_of(like: Sequence[Tensor], v: Sequence[Tensor], part: Array) -> list[Tensor]:
    """v where the numbers in `part` are, and 0 elsewhere, in float64."""
    flat = np.concatenate([d.numpy().ravel().astype(np.float64) for d in v])
    masked = np.zeros_like(flat)
    masked[part] = flat[part]
    masked /= np.linalg.norm(masked) or 1.0
    ends = np.cumsum([x.numel() for x in like])[:-1]
    return [as_tensor(piece.reshape(x.shape)) for piece, x in zip(np.split(masked, ends), like, strict=True)]


def _flat(ys: Sequence[Tensor]) -> Array:
    return np.concatenate([y.numpy().ravel() for y in ys])
