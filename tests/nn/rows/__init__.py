"""Modules and functions that PyTorch and this library both have, for `test_parity.py`: one file per family, each with its
`ROWS` (modules) and `FUNCTIONS` (name, inputs, options).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = tuple[str, tuple[Any, ...], dict[str, Any]]


def called(lib: Any, module: Any, given: list[Any]) -> Any:
    return module(*given)


@dataclass(frozen=True)
class Row:
    """`make(nn)` is the module, `call(lib, module, inputs)` one forward call; floating inputs learn with the parameters.

    Args:
        fixed: the numbers of floating inputs that don't: targets, additive masks.
        loss: what `call` gives is the loss; otherwise it is the mean square of the outputs' distance to fixed numbers.
        lr: of the 50 steps of descent with momentum, small enough that they go downhill.
        nearly: the first weights are equal but for their last digits: normal numbers come from a cosine, norms from a sum.
        learns: whether there is anything to learn; not where all is dropped.
        looser: a tolerance for what can't meet the usual one, by precision, with `why`.
    """

    make: Callable[[Any], Any]
    inputs: tuple[np.ndarray, ...]
    call: Callable[[Any, Any, list[Any]], Any] = called
    fixed: tuple[int, ...] = ()
    loss: bool = False
    lr: float = 0.1
    nearly: bool = False
    learns: bool = True
    looser: tuple[tuple[str, float], ...] = ()
    why: str = ""


def row(make: Callable[[Any], Any], *inputs: np.ndarray, **options: Any) -> Row:
    return Row(make, inputs, **options)


def x(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers away from 0, where an activation may have a kink; random, so that a transposed axis shows."""
    values = np.random.default_rng(math.prod(shape) + seed).normal(size=shape)
    return values + 0.1 * np.sign(values)


def made(kind: str, options: dict[str, Any]) -> Callable[[Any], Any]:
    """How to make a module some of whose options are tensors."""

    def make(nn: Any) -> Any:
        tensor = sys.modules[nn.__name__.partition(".")[0]].tensor
        return getattr(nn, kind)(**{k: tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()})

    return make
