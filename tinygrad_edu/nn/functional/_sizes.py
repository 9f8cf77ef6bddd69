"""What layers over grids look at before they compute: sizes given as one number or one for each axis, and the input's shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn.functional._checks import with_axes
from tinygrad_edu.utils._checks import is_integer

Sizes = tuple[int, ...]


def per_axis(value: Any, rank: int, name: str, what: str, least: int = 1) -> Sizes:
    """One integer for each of `rank` axes, from one for all or a sequence; ConfigError for anything else."""
    given = tuple(value) if isinstance(value, list | tuple | np.ndarray) else (value,)
    if len(given) == 1:
        given *= rank
    if len(given) != rank or not all(is_integer(n) and n >= least for n in given):
        sort = {0: "that isn't negative", 1: "above zero"}[least]
        raise ConfigError(f"{name}: {what} is an integer {sort}, or {rank} of them, one for each axis; got {value!r}.")
    return tuple(int(n) for n in given)


def grid(input: Any, rank: int, name: str) -> Any:
    """The input as a Tensor of shape (N, C, *grid) or (C, *grid)."""
    x = with_axes(input)
    if x.ndim not in (rank + 1, rank + 2):
        axes = ", ".join("DHW"[3 - rank :] if rank > 1 else "L")
        raise ShapeError(f"{name}: the input must have shape (N, C, {axes}) or (C, {axes}), it has {x.shape}.")
    return x
