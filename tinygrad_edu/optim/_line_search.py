"""A line search for a step that meets the strong Wolfe conditions, with PyTorch's choices, so that it tries the same
steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
_TOLERANCE = 1e-9


class _Point(NamedTuple):
    t: Any
    loss: float
    grad: Array
    slope: Any  # along the direction


def strong_wolfe(
    at: Callable[[Any, Array], tuple[float, Array]],
    t: Any,
    d: Array,
    loss: float,
    grad: Array,
    slope: Any,
    most: int,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[float, Array, Any, int]:
    """A step t along `d` from `loss`, `grad` and `slope` at 0 with f(t) ≤ f(0) + c1·t·f′(0) and |f′(t)| ≤ −c2·f′(0): the
    loss and gradient there, t, and how often `at` was called, at most `most` times and once (Nocedal & Wright, 2006,
    algorithms 3.5 and 3.6).
    """
    origin = _Point(0, loss, grad, slope)

    def look(t: Any) -> _Point:
        f, g = at(t, d)
        return _Point(t, f, g, g.dot(d))

    previous, now, tries = origin, look(t), 0
    bracket: list[_Point] = []
    while tries < most:
        if now.loss > loss + c1 * now.t * slope or (tries > 1 and now.loss >= previous.loss):
            bracket = [previous, now]
            break
        if abs(now.slope) <= -c2 * slope:
            return now.loss, now.grad, now.t, tries + 1
        if now.slope >= 0:
            bracket = [previous, now]
            break
        bounds = now.t + 0.01 * (now.t - previous.t), now.t * 10
        previous, now = now, look(_cubic_minimum(previous, now, bounds))
        tries += 1
    if tries == most:
        bracket = [origin, now]
    best, tries = _zoom(look, bracket, loss, slope, tries, most, float(np.abs(d).max()), c1, c2)
    return best.loss, best.grad, best.t, tries + 1


def _zoom(
    look: Callable[[Any], _Point],
    bracket: list[_Point],
    loss: float,
    slope: Any,
    tries: int,
    most: int,
    scale: float,
    c1: float,
    c2: float,
) -> tuple[_Point, int]:
    """The lower end of a bracket that is narrowed until it meets the conditions."""
    stalled = False
    low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
    while tries < most:
        a, b = bracket
        if abs(b.t - a.t) * scale < _TOLERANCE:
            break
        t = _cubic_minimum(a, b)
        first, last = min(a.t, b.t), max(a.t, b.t)
        margin = 0.1 * (last - first)
        if min(last - t, t - first) < margin:  # close to an end: twice in a row is too little progress
            if stalled or t >= last or t <= first:
                t = last - margin if abs(t - last) < abs(t - first) else first + margin
                stalled = False
            else:
                stalled = True
        else:
            stalled = False
        now = look(t)
        tries += 1
        if now.loss > loss + c1 * now.t * slope or now.loss >= bracket[low].loss:
            bracket[high] = now
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
        else:
            done = abs(now.slope) <= -c2 * slope
            if not done and now.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = now
            if done:
                break
    return bracket[low], tries


def _cubic_minimum(a: _Point, b: _Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two points with their slopes is least, between the bounds."""
    if a.t > b.t:
        a, b = b, a
    low, high = bounds or (a.t, b.t)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = np.sqrt(square)
    least = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(least, low), high)
