"""`finfo` and `iinfo`: the limits of dtypes as Python numbers, with PyTorch's names for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import DTypeError


class finfo:
    """The limits of a floating dtype, by default the default one: `max`, `min`, `eps`, `tiny`, `bits`, `resolution`."""

    def __init__(self, dtype: Any = None) -> None:
        wanted = np.dtype(get_default_dtype() if dtype is None else dtype)
        if wanted.kind not in "fc":
            raise DTypeError(f"finfo: {wanted} isn't a floating dtype; iinfo has the limits of integers.")
        found = np.finfo(wanted)
        self.dtype: str = np.dtype(found.dtype).name
        self.bits: int = found.bits
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = float(f"1e-{found.precision}")

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype: `max`, `min`, `bits`."""

    def __init__(self, dtype: Any) -> None:
        wanted = np.dtype(dtype)
        if wanted.kind not in "iu":
            raise DTypeError(f"iinfo: {wanted} isn't an integer dtype; finfo has the limits of floating ones.")
        found = np.iinfo(wanted)
        self.dtype: str = wanted.name
        self.bits: int = found.bits
        self.max, self.min = int(found.max), int(found.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
