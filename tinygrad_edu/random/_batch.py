"""What a draw is inside `vmap`: the one place through which every random tensor goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.engine.levels import OPEN, Batched
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import LevelError


def drawn(name: str, shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Any]) -> Tensor:
    """`draw(shape)` as a Tensor; where a `vmap` around says randomness="different", a draw for each of its examples.

    Raises LevelError, naming the function, where one says "error".
    """
    if not OPEN.batches:
        return make(draw(shape), None)
    _check(name)
    each = [batch for batch in OPEN.batches if batch.randomness == "different"]  # the outermost first
    value = make(draw((*(batch.size for batch in each), *shape)), None)
    for batch in each:
        value = Batched(value, batch.level)
    return value


def check_fill(name: str) -> None:
    """Raise LevelError where a `vmap` around doesn't let an existing array, which all examples share, be filled."""
    if OPEN.batches:
        _check(name)
        if any(batch.randomness == "different" for batch in OPEN.batches):
            raise LevelError(
                f"{name}: fills one tensor, so it can't draw for each example of a vmap with randomness='different'. Draw a new "
                "tensor (rand, randn), or fill it before."
            )


def _check(name: str) -> None:
    if any(batch.randomness == "error" for batch in OPEN.batches):
        raise LevelError(
            f"{name}: a random draw inside vmap with randomness='error', the default. Say vmap(f, randomness='different') for a "
            "draw per example, 'same' for one that all share, or draw outside and pass it in."
        )
