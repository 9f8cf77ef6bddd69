"""Version counters without a cost on the hot path: a clock of in-place writes.

Recording and writing share one counter, `tick`. A node knows the tick at which it was recorded; a piece of memory knows
the tick at which it was last written. A saved value has been overwritten exactly if its memory's tick is the later one,
so recording needs no bookkeeping per value, and a sweep compares one number per node unless something was written
since.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

tick = itertools.count(1).__next__
"""The next moment: one sequence for recorded nodes and for writes."""


class _Clock:
    """The moment of the latest write to any memory; what a sweep compares before it looks any closer."""

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest = 0


CLOCK = _Clock()
_writes: dict[int, tuple[weakref.ref[Array], int, int]] = {}  # id(owner) -> (owner, moment of last write, writes)


def owner(array: Array) -> Array:
    """The array that owns the memory which `array` looks into."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def note_write(array: Array) -> None:
    """Remember that the memory of `array` is being overwritten now."""
    memory = owner(array)
    key = id(memory)
    known = _writes.get(key)
    moment = CLOCK.latest = tick()
    if known is not None:
        _writes[key] = (known[0], moment, known[2] + 1)
    else:
        _writes[key] = (weakref.ref(memory, lambda _: _writes.pop(key, None)), moment, 1)


def last_write(array: Array) -> int:
    """The moment at which the memory of `array` was last overwritten; 0 if never."""
    known = _writes.get(id(owner(array)))
    return 0 if known is None else known[1]


def version(array: Array) -> int:
    """How often the memory of `array` has been overwritten in place."""
    known = _writes.get(id(owner(array)))
    return 0 if known is None else known[2]


def is_fresh(made: Any, given: Any, y: Any, xs: Iterable[Any]) -> bool:
    """Whether a rule, given a (co)tangent and the values it reads, made this array anew, so that no one else holds it or
    the memory it looks into.
    """
    if type(made) is not np.ndarray or made.base is not None or made is given or made is y:
        return False
    for x in xs:  # noqa: SIM110  # a generator costs more than the loop
        if x is made:
            return False
    return True
