"""Calls of NumPy's functions, for the generated test in `test_numpy.py`: one module per family, each with its `ROWS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.ops.checks import Sampler


@dataclass(frozen=True)
class Row:
    """A call `f(*arrays)` that runs on arrays and on Tensors alike; floating and complex arrays are differentiated.

    `order` is how often it can be differentiated; `loops` says that `vmap` runs it once per example; `batch=False` that
    it can't run under `vmap` at all (a result whose shape depends on values).
    """

    f: Callable
    arrays: tuple[np.ndarray, ...]
    order: int = 2
    loops: bool = False
    batch: bool = True


def row(f: Callable, *arrays: np.ndarray, order: int = 2, loops: bool = False, batch: bool = True) -> Row:
    return Row(f, arrays, order, loops, batch)


def sampler(seed: int) -> Sampler:
    """`r(3, 4)`, `r(3, low=0.5, high=2.0)`, `r.complex(2, 2)`, `r.booleans(3)`."""
    return Sampler(seed)
