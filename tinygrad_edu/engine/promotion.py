"""Which dtype several arrays and numbers have in common, by PyTorch's rules; `Op.promote` casts to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype

_KINDS = "bifc"


def kind_rank(dtype: np.dtype[Any]) -> int:
    """Where a dtype stands among booleans, integers, floating and complex numbers."""
    return _KINDS.index("i" if dtype.kind == "u" else dtype.kind)


def result_dtype(arrays: Sequence[Any], numbers: Sequence[Any]) -> np.dtype[Any]:
    """The dtype for arrays, those with dimensions before 0-d ones, beside Python numbers that are floating or complex."""
    best = _KINDS[max(kind_rank(a.dtype) for a in arrays)]
    kinds = "fc" if best == "c" else "iu" if best == "i" else best  # a float's precision counts beside complex numbers
    deciding = [a.dtype for a in arrays if a.ndim and a.dtype.kind in kinds]
    wanted = np.result_type(*(deciding or [a.dtype for a in arrays if a.dtype.kind in kinds]))
    if best == "c":
        wanted = np.result_type(wanted, np.complex64)
    default = get_default_dtype()
    if any(isinstance(number, complex) for number in numbers) and wanted.kind != "c":
        return np.result_type(wanted if wanted.kind == "f" else default, np.complex64)
    if numbers and wanted.kind in "iub":
        return default
    return wanted
