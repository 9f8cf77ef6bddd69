"""Piecewise linear interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.ops._numpy import implements


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The values at `x` of the line through the points (`xp`, `fp`), `xp` increasing.

    Before the first point it is `left`, after the last `right` (by default the values there). With a `period`, `xp` is
    taken modulo that, in any order. Differentiable in all of them; at a point, the slope is that of the piece behind
    it, at the last one of the piece before.
    """
    x, xp, fp = as_value(x), as_value(xp), as_value(fp)
    if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape or not xp.shape[0]:
        raise ShapeError(
            f"interp: xp and fp have one axis and one length of at least 1, got shapes {xp.shape} and {fp.shape}."
        )
    if period is not None:
        if not np.ndim(period) and not getattr(period, "level", 0) and period == 0:
            raise ConfigError("interp: the period mustn't be zero.")
        period, left, right = np.abs(period), None, None
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    first, last = fp[0], fp[-1]
    if xp.shape[0] > 1:
        piece = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, xp.shape[0] - 2)
        start, width = xp[piece], xp[piece + 1] - xp[piece]
        height = fp[piece + 1] - fp[piece]
        y = fp[piece] + height / np.where(width == 0, 1, width) * (x - start)
    else:
        y = x * 0 + first
    y = np.where(x < xp[0], first if left is None else left, y)
    y = np.where(x > xp[-1], last if right is None else right, y)
    return np.where(np.isnan(x), x, y)
