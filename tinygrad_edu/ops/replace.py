"""Numbers in the place of NaN and the infinities."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.choice import where
from tinygrad_edu.ops.complex import complex_from
from tinygrad_edu.ops.inplace import store


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`x` with numbers for NaN and the infinities, by default 0 and the largest numbers of its dtype.

    What is replaced has a derivative of zero. `copy=False` writes into `x`.
    """
    source, x = x, as_value(x)
    if x.dtype.kind == "c":
        parts = (nan_to_num(part, True, nan, posinf, neginf) for part in (np.real(x), np.imag(x)))
        y = complex_from(*parts)
    elif x.dtype.kind == "f":
        limits = np.finfo(x.dtype)
        y = where(np.isnan(x), nan, x)
        y = where(x == np.inf, float(limits.max) if posinf is None else posinf, y)
        y = where(x == -np.inf, float(limits.min) if neginf is None else neginf, y)
    else:
        y = np.positive(x) if x.dtype.kind != "b" else x
    return y if copy else store(source, y, "np.nan_to_num")
