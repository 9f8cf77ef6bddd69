"""Which function here stands for which of SciPy's special functions, when one of those is called with a Tensor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import NUMPY
from tinygrad_edu.ops import activation, bessel, error_function, exponential, gamma
from tinygrad_edu.ops.activation import sigmoid, softplus
from tinygrad_edu.ops.arithmetic import cbrt


def log_expit(x: Any) -> Any:
    """ln(1/(1 + e⁻ˣ)), without overflow."""
    return -softplus(-x, beta=1.0, threshold=np.inf)


def rel_entr(x: Any, y: Any) -> Any:
    """x·ln(x/y), 0 where x = 0 and y ≥ 0, for x ≥ 0 and y > 0."""
    return exponential.xlogy(x, x) - exponential.xlogy(x, y)


def kl_div(x: Any, y: Any) -> Any:
    """x·ln(x/y) − x + y."""
    return rel_entr(x, y) - x + y


def exp10(x: Any) -> Any:
    """10ˣ."""
    return 10.0**x


BY_NAME: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(error_function, name)
        for name in ("erf", "erfc", "erfcx", "erfinv", "erfcinv", "ndtr", "ndtri", "log_ndtr")
    },
    **{name: getattr(exponential, name) for name in ("xlogy", "xlog1py", "entr", "exp2", "expm1", "log1p")},
    **{name: getattr(gamma, name) for name in ("gamma", "beta", "betaln", "gammainc", "gammaincc")},
    **{name: getattr(bessel, name) for name in ("i0", "i0e", "i1", "i1e")},
    **{f"{letter}{n}": getattr(bessel, f"bessel_{letter}{n}") for letter in "jy" for n in (0, 1)},
    **{f"k{n}": getattr(bessel, f"modified_bessel_k{n}") for n in (0, 1)},
    "gammaln": gamma.lgamma,
    "psi": gamma.digamma,
    "expit": sigmoid,
    "logit": activation.logit,
    "log_expit": log_expit,
    "rel_entr": rel_entr,
    "kl_div": kl_div,
    "exp10": exp10,
    "cbrt": cbrt,
}
"""By the name of SciPy's ufunc."""


def from_scipy(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """What stands for a ufunc of `scipy.special`, if it is one and something does. SciPy isn't imported for that."""
    scipy = sys.modules.get("scipy.special")
    found = BY_NAME.get(ufunc.__name__)
    if scipy is None or found is None or getattr(scipy, ufunc.__name__, None) is not ufunc:
        return None
    NUMPY[ufunc] = found
    return found
