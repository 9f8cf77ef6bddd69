"""Ops whose rules for several arguments begin with the same computation, which is done once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.engine.families import Given, Primitive
from tinygrad_edu.engine.op import Rule


class Shared(Primitive):
    """A primitive op whose `pull`s get, in the place of the cotangent, what `prepare` made of it."""

    prepare: Callable[..., Any]

    def vjp(self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        return super().vjp(self.prepare(y_bar, y, *xs, **params), y, xs, edges, params)


def shared(
    name: str, forward: Callable[..., Any], prepare: Callable[..., Any], *given: Given | None, math: str, **rest: Any
) -> Shared:
    """Declare an op as `primitive` does; `prepare(y_bar, y, *xs, **metadata)` is what all `pull`s begin with.

    What it reads, every rule has to name.
    """
    rules = [None if g is None else Rule(g.text, frozenset(g.reads), g.push, g.pull) for g in given]
    op = Shared(name, forward, math=math, rules=rules, **rest)
    op.prepare = prepare
    return op
