"""A `Function` under `vmap`, where it doesn't say itself how it acts on a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.autograd._context import Made, Reference
from tinygrad_edu.autograd._function_op import FunctionOp, specs
from tinygrad_edu.engine.levels import Batched, opened
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import LevelError
from tinygrad_edu.ops import shape as shapes


class BatchedFunctionOp(FunctionOp):
    """A Function over a batch: its forward, backward and jvp are those of one example, run under a `vmap` of their own."""

    def __init__(self, one: FunctionOp, flags: Sequence[bool], size: int, randomness: str) -> None:
        super().__init__(one.function, one.full([make(np.empty(0), None)] * len(flags)))
        self.one, self.flags, self.size, self.randomness = one, tuple(flags), size, randomness
        self.needs = one.needs

    def _opened(self) -> Any:
        return opened(batch=self.size, randomness=self.randomness)

    def _split(self, values: Sequence[Any], flags: Sequence[bool], level: int) -> list[Any]:
        return [Batched(v, level) if flag and v is not None else v for v, flag in zip(values, flags, strict=True)]

    def _joined(self, v: Any, level: int) -> Any:
        if v is None or (isinstance(v, Batched) and v.level == level):
            return v if v is None else v.value
        return shapes.broadcasted(v, (self.size, *v.shape))

    def _outer(self, inner: Made, level: int, ys: Sequence[Tensor], xs: Sequence[Tensor]) -> Made:
        batched = tuple(isinstance(e, Batched) and e.level == level for e in inner.extras)
        extras = tuple(
            e.value if isinstance(e, Batched) and b else e for e, b in zip(inner.extras, batched, strict=True)
        )
        return replace(
            inner,
            extras=extras,
            inputs=specs(xs),
            outputs=specs(ys),
            batched=batched,
            inner=replace(inner, extras=()),
        )

    def compute(self, ctx: Any, xs: Sequence[Tensor]) -> tuple[list[Tensor], Made]:
        with self._opened() as level:
            try:
                inner_ys, inner = self.one.compute(ctx, self._split(xs, self.flags, level))
            except LevelError as error:
                raise LevelError(
                    f"{self.name}: its forward can't be run on a batch: {error} Or give it a static method vmap(info, in_dims, "
                    "*args)."
                ) from error
            self.structure, self.single = self.one.structure, self.one.single
            ys = [self._joined(y, level) for y in inner_ys]
        return ys, self._outer(inner, level, ys, xs)

    def set_up(self, ctx: Any, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Made:
        with self._opened() as level:
            split = self._split(ys, [True] * len(ys), level)
            inner = self.one.set_up(ctx, self._split(xs, self.flags, level), split)
        return self._outer(inner, level, ys, xs)

    def example(self, level: int) -> Made | None:
        """What one example left behind, as a value of the given level."""
        made = self.made
        if made is None or made.inner is None:
            return None
        return replace(
            made.inner, extras=tuple(self._split(made.extras, made.batched, level)), incomplete=made.incomplete
        )

    def _saved(self, made: Made, references: Sequence[Reference | None], saved: Sequence[Any], level: int) -> list[Any]:
        flags = {"x": self.flags, "y": (True,) * len(made.outputs), "extra": made.batched}
        return self._split(saved, [r is not None and flags[r.kind][r.number] for r in references], level)

    def pull_back(self, made: Made, saved: Sequence[Any], y_bars: Sequence[Any]) -> list[Any]:
        assert made.inner is not None
        with self._opened() as level:
            inner_bars = self._split(y_bars, [True] * len(y_bars), level)
            inner = self.one.pull_back(made.inner, self._saved(made, made.backward, saved, level), inner_bars)
            x_bars = [self._joined(x_bar, level) for x_bar in inner]
        return [
            x_bar if flag or x_bar is None else np.sum(x_bar, axis=0)
            for x_bar, flag in zip(x_bars, self.flags, strict=True)
        ]

    def push_forward(self, made: Made, saved: Sequence[Any], x_dots: Sequence[Any]) -> list[Any]:
        assert made.inner is not None
        with self._opened() as level:
            inner_saved = self._saved(made, made.forward, saved, level)
            y_dots = self.one.push_forward(made.inner, inner_saved, self._split(x_dots, self.flags, level))
            return [self._joined(y_dot, level) for y_dot in y_dots]
