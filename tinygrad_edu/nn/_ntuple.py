"""A number for each axis of a kernel, from one for all or from a sequence: seen as `nn.modules.utils`, where PyTorch has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """A function that repeats a number `n` times, and gives a sequence back as a tuple."""

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


def reverse_repeat_tuple(t: Any, n: int) -> tuple[Any, ...]:
    """The elements from the last to the first, each `n` times: a padding for each axis as `F.pad` takes it."""
    return tuple(x for x in reversed(t) for _ in range(n))


NAMES: dict[str, Any] = {
    "_ntuple": ntuple,
    **{name: ntuple(n, name) for n, name in enumerate(("_single", "_pair", "_triple", "_quadruple"), 1)},
    "_reverse_repeat_tuple": reverse_repeat_tuple,
}
"""PyTorch's names for them."""
