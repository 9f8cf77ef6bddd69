"""Calls that PyTorch and this library both take, for `test_oracle.py`: one module per family, each with its `ROWS`.

A row is a function `f(T, *arguments)`, run with `T = torch` and with `T = tinygrad_edu`, and the kinds of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class A:
    """An array of floats between `low` and `high` (a row's `complex` may make it complex); all its elements differ.

    `shape` names its axes: letters stand for lengths, the same letter for the same; "*" are any axes, "+" at least one,
    "~" means that it broadcasts with the first array; a digit is that length. `kind` is "f", "i" or "b"; `fix` is applied
    to the array that was drawn.
    """

    shape: str = "*"
    low: float = -2.0
    high: float = 2.0
    kind: str = "f"
    fix: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Axis:
    """An axis of the first array, counted from either end; `new` for one that it doesn't have yet."""

    new: bool = False


@dataclass(frozen=True)
class Places:
    """Integers that index the first array along its axis `axis`; of the given shape."""

    shape: str
    axis: int = 0
    unique: bool = False


@dataclass(frozen=True)
class Row:
    """`f(T, *arguments)`; `gradient=False` where there is none to compare; `complex` where complex arrays are tried."""

    f: Callable[..., Any]
    kinds: tuple[Any, ...]
    gradient: bool = True
    complex: bool = False
    tolerance: float = 1.0
    dtypes: tuple[str, ...] = field(default=("float32", "float64"))


def row(f: Callable[..., Any], *kinds: Any, **options: Any) -> Row:
    return Row(f, kinds, **options)


def ints(shape: str = "*", low: int = -4, high: int = 5) -> A:
    return A(shape, low, high, "i")


def bools(shape: str = "*") -> A:
    return A(shape, kind="b")
