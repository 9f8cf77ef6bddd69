"""What functions that search hand back, and how they get at values that only exist outside transforms."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import LevelError
from tinygrad_edu.ops.printing import results_text


class Found(NamedTuple):
    """Values of a tensor, and where along an axis they were found."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return results_text(self, type(self).__name__)


# Alike but for the name that they print.
FOUND: dict[str, type[Found]] = {
    name: type(name, (Found,), {"__slots__": (), "__module__": __name__})
    for name in ("max", "min", "sort", "topk", "kthvalue", "median", "nanmedian", "mode", "cummax", "cummin")
}


def concrete(x: Any, name: str) -> np.ndarray[Any, Any]:
    """The values of `x` as an array, for a function whose result's shape depends on them; LevelError inside `vmap`."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    try:
        return x.detach().numpy()
    except LevelError:
        raise LevelError(
            f"{name}: the shape of its result depends on values, which inside vmap differ from example to example. Call it "
            "outside of vmap, or keep the shape by a choice with np.where(condition, a, b)."
        ) from None


def is_concrete(x: Any) -> bool:
    """Whether the values of `x` can be looked at: whether it isn't hidden in a batch of `vmap`."""
    while isinstance(x, Tensor) and x.level:
        if len(x.parts()) == 1:
            return False
        x = x.parts()[0]
    return True
