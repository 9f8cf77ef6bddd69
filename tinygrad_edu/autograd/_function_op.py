"""How a call of a `Function` acts: as an op with one node, at every level of nested transforms.

At each level of values the function's context is set up anew from that level's inputs and outputs, so what it saved is
whatever its rules are asked for: arrays, tensors joined to the graph (second derivatives), duals, batches.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.autograd._context import Context, Made, Reference, VmapInfo, implemented
from tinygrad_edu.engine.families import unbroadcast
from tinygrad_edu.engine.graph import Node, Pick, Spec
from tinygrad_edu.engine.levels import OPEN, Batched, Dual
from tinygrad_edu.engine.memory import CLOCK, last_write
from tinygrad_edu.engine.modes import STATE, Observer, no_grad
from tinygrad_edu.engine.tensor import Tensor, as_value, is_recording, make, payload
from tinygrad_edu.errors import DTypeError, GraphError, InPlaceError, ShapeError, UnsupportedError
from tinygrad_edu.func._custom import CustomOp
from tinygrad_edu.ops import shape as shapes

_BY_SETUP = (
    "Write it with forward(*args) and setup_context(ctx, inputs, output), which can be called again for each transform; see "
    "docs/autograd.md."
)


def specs(values: Sequence[Any]) -> tuple[Spec, ...]:
    return tuple(Spec(v.shape, v.dtype) for v in values)


class FunctionOp(CustomOp):
    """One call of a Function, as an op of its tensor arguments."""

    family = "function"

    def __init__(self, function: Any, args: Sequence[Any]) -> None:
        self.function = function
        self.count = len(args)
        self.statics = {i: a for i, a in enumerate(args) if not isinstance(a, Tensor)}
        # Of all levels together: forward may run at one and save for the rules at another.
        self.needs = tuple(isinstance(a, Tensor) and _has_graph(a) for a in args)
        self.made: Made | None = None
        self.structure: list[Any] = []  # of what forward returned: an index for each Tensor, else (value,)
        self.single = True
        super().__init__(function.__name__, _no_run, None, None)
        self.forward = _no_run  # not a bound method, through which a copy would keep the original and what it saved

    @property
    def sets_up(self) -> bool:
        """Whether the context can be set up without running forward."""
        return implemented(self.function.setup_context)

    # -- arguments and results -------------------------------------------------------------------------------------

    def full(self, tensors: Sequence[Any], static: bool = True) -> list[Any]:
        """All arguments, the tensors among them these; without the others (None) unless `static`."""
        rest = iter(tensors)
        return [(self.statics[i] if static else None) if i in self.statics else next(rest) for i in range(self.count)]

    def results(self, ys: Sequence[Any]) -> Any:
        """What forward returned, its tensors replaced by `ys`."""
        whole = tuple(ys[place] if isinstance(place, int) else place[0] for place in self.structure)
        return whole[0] if self.single else whole

    def tensors_of(self, output: Any) -> list[Tensor]:
        """The tensors of what forward returned, whose structure is remembered."""
        self.single = not isinstance(output, tuple | list)
        listed = [output] if self.single else list(output)
        ys = [y for y in listed if isinstance(y, Tensor)]
        if not ys:
            raise UnsupportedError(
                f"{self.name}: forward must return a Tensor, or a tuple with Tensors in it, not {type(output).__name__} "
                f"({str(output)[:60]})."
            )
        count = iter(range(len(ys)))
        self.structure = [next(count) if isinstance(y, Tensor) else (y,) for y in listed]
        return ys

    # -- forward ---------------------------------------------------------------------------------------------------

    def compute(self, ctx: Any, xs: Sequence[Tensor]) -> tuple[list[Tensor], Made]:
        """Run forward on these values."""
        before = CLOCK.latest
        with no_grad():
            if self.sets_up:
                output = self.function.forward(*self.full(xs))
                self.function.setup_context(ctx, tuple(self.full(xs)), output)
            else:
                output = self.function.forward(ctx, *self.full(xs))
        if before != CLOCK.latest and any(x.level == 0 and last_write(x.array) > before for x in xs):
            raise InPlaceError(
                f"{self.name}: forward wrote into one of its inputs, which would make the gradients of what else uses it "
                "wrong. Return a new tensor."
            )
        ys = self.tensors_of(output)
        if any(y.level > max((x.level for x in xs), default=0) for y in ys):
            raise GraphError(
                f"{self.name}: forward uses a value of a transform from outside, of which its rules can't know: pass it as an "
                "argument."
            )
        return ys, self._made(ctx, xs, ys)

    def set_up(self, ctx: Any, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Made:
        """Set up the context from values of another level than forward ran at."""
        with no_grad():
            self.function.setup_context(ctx, tuple(self.full(xs)), self.results(ys))
        return self._made(ctx, xs, ys)

    def _made(self, ctx: Any, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Made:
        extras: list[Tensor] = []

        def refer(tensor: Any) -> Reference | None:
            if tensor is None:
                return None
            for kind, known in (("x", xs), ("y", ys), ("extra", extras)):
                for i, value in enumerate(known):
                    if value is tensor:
                        return Reference(kind, i)
            if not isinstance(tensor, Tensor):
                raise UnsupportedError(
                    f"{self.name}: ctx.save_for_backward takes Tensors and None, not {type(tensor).__name__}. Set anything else "
                    "as an attribute: ctx.name = value."
                )
            extras.append(tensor)
            return Reference("extra", len(extras) - 1)

        for_backward, for_forward, marked = ctx.take()
        backward, forward = tuple(map(refer, for_backward)), tuple(map(refer, for_forward))
        constant = frozenset(i for i, y in enumerate(ys) if any(y is v for v in marked))
        return Made(ctx, backward, forward, constant, tuple(extras), specs(xs), specs(ys))

    # -- the call --------------------------------------------------------------------------------------------------

    def __call__(self, *xs: Any, **params: Any) -> Any:
        level = max((x.level for x in xs), default=0)
        ctx = Context(self.needs)
        if not level:
            ys, self.made = self.compute(ctx, xs)
        else:
            top = next(x for x in xs if x.level == level)
            lifted = top.lift(self, level, list(xs), params)  # leaves `made` of the level below
            ys = [as_value(y) for y in lifted]
            if self.sets_up:
                self.made = self.set_up(ctx, xs, ys)
            elif self.made is not None and type(top) is not Batched:
                differentiable = any(e.dtype.kind in "fc" for e in self.made.extras)
                self.made = replace(self.made, incomplete=isinstance(top, Dual) and differentiable)
        return self._recorded(xs, ys, is_recording(*xs))

    def _recorded(self, xs: Sequence[Tensor], ys: Sequence[Tensor], record: bool) -> tuple[Tensor, ...]:
        """The outputs, joined to a node that keeps what was saved and nothing else."""
        values = [payload(y) for y in ys]
        if not record:
            return tuple(v if isinstance(v, Tensor) else make(v, None) for v in values)
        made = self._usable()
        kept = {r for r in (*made.backward, *made.forward) if r is not None}
        edges: list[Node | None] = [*(x.node for x in xs), *(None for _ in made.extras)]
        saved_xs: list[Any] | None = [
            payload(x) if Reference("x", i) in kept else Spec(x.shape, x.dtype) for i, x in enumerate(xs)
        ] + [payload(e) for e in made.extras]
        saved_ys: Any = tuple(v if Reference("y", i) in kept else Spec(v.shape, v.dtype) for i, v in enumerate(values))
        if not kept:  # nothing to free, so it may be swept any number of times
            saved_xs = saved_ys = None
        elif all(r.kind != "y" for r in kept):
            saved_ys = None
        op = copy.copy(self)
        op.made = replace(made, extras=())
        shapes_: Any = tuple(v.shape for v in values)
        node = Node(op, edges, saved_xs, saved_ys, {}, shapes_, values[0].dtype)
        if isinstance(STATE.grad, Observer):
            STATE.grad.recorded(node)
        outputs = []
        for i, v in enumerate(values):
            tracked = v.dtype.kind in "fc" and i not in made.constant
            pick = Pick(node, i, v.shape, v.dtype) if tracked else None
            outputs.append(v.with_node(pick) if isinstance(v, Tensor) else make(v, pick))
        return tuple(outputs)

    def _usable(self) -> Made:
        if self.made is None or self.made.incomplete:
            what = "has a vmap of its own" if self.made is None else "saves a tensor that is neither input nor output"
            raise UnsupportedError(
                f"{self.name}: it {what}, and its forward(ctx, ...) can't be called again to save what this transform needs. "
                f"{_BY_SETUP}"
            )
        return self.made

    # -- reverse ---------------------------------------------------------------------------------------------------

    def vjp(
        self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Node | None], params: dict[str, Any]
    ) -> Sequence[Any]:
        made, n = self._usable(), self.count - len(self.statics)
        plain = not any(isinstance(v, Tensor) for v in (*xs, *(y or ()), *y_bar))
        saved = made.find(xs, y, xs[n:])
        with no_grad() if plain else contextlib.nullcontext():
            x_bars = self.pull_back(made, saved, [None if b is None else as_value(b) for b in y_bar])
        found: list[Any] = [
            None if edge is None or x_bar is None else payload(x_bar) if plain else x_bar
            for edge, x_bar in zip(edges[:n], x_bars, strict=True)
        ]
        return found + [None] * (len(edges) - n)

    def pull_back(self, made: Made, saved: Sequence[Any], y_bars: Sequence[Any]) -> list[Any]:
        """The cotangents of the tensor arguments by the Function's `backward`, checked."""
        bars = _filled(y_bars, made.outputs, made.ctx.materialize_grads)
        rule = self.function.backward if implemented(self.function.backward) else self.function.vjp
        if not implemented(rule):
            raise UnsupportedError(
                f"{self.name} has no rule for reverse mode. Give it a static method backward(ctx, *gradients) that returns "
                "a gradient for each argument of forward."
            )
        answer = rule(made.ctx.with_saved(saved), *self._per_output(bars))
        given = list(answer) if isinstance(answer, tuple | list) else [answer]
        if len(given) < self.count or any(g is not None for g in given[self.count :]):
            raise GraphError(
                f"{self.name}: backward must return one gradient for each argument of forward, {self.count} here (None for one "
                f"that isn't differentiated); it returned {len(given)}."
            )
        x_bars, inputs = [], iter(made.inputs)
        for i, g in enumerate(given[: self.count]):
            if i in self.statics:
                if g is not None:
                    raise GraphError(
                        f"{self.name}: backward returned a gradient for argument {i}, which is no Tensor; return None there."
                    )
                continue
            x_bars.append(self._checked_bar(i, g, next(inputs)))
        return x_bars

    def _checked_bar(self, i: int, g: Any, x: Spec) -> Any:
        if g is None:
            return None
        if not isinstance(g, Tensor):
            raise DTypeError(
                f"{self.name}: backward must return Tensors or None; for argument {i} it returned {type(g).__name__}."
            )
        if g.shape != x.shape:
            # PyTorch sums a gradient that has the shape of something the argument broadcasts to.
            if len(x.shape) > g.ndim or any(
                a not in (b, 1) for a, b in zip(x.shape[::-1], g.shape[::-1], strict=False)
            ):
                raise ShapeError(
                    f"{self.name}: backward returned a gradient of shape {g.shape} for argument {i}, whose shape is {x.shape}; "
                    "they must be equal."
                )
            g = unbroadcast(g, x.shape)
        if g.dtype != x.dtype:
            g = g.to(x.dtype)
        return g

    def _per_output(self, values: Sequence[Any]) -> list[Any]:
        return [values[place] if isinstance(place, int) else None for place in self.structure]

    # -- forward mode ----------------------------------------------------------------------------------------------

    def jvp(self, x_dots: Sequence[Any], y: Any, xs: Sequence[Any], params: dict[str, Any], spec: Any = None) -> Any:
        made, n = self._usable(), self.count - len(self.statics)
        saved = made.find(xs, y, xs[n:] if len(xs) > n else made.extras, forward=True)
        return tuple(self.push_forward(made, saved, [None if d is None else as_value(d) for d in x_dots[:n]]))

    def push_forward(self, made: Made, saved: Sequence[Any], x_dots: Sequence[Any]) -> list[Any]:
        """The tangents of the outputs by the Function's `jvp`, checked; None for an output without."""
        if not implemented(self.function.jvp):
            raise UnsupportedError(
                f"{self.name} has no rule for forward mode. Give it a static method jvp(ctx, *tangents) that returns the tangent "
                "of each output, or use reverse mode."
            )
        dots = _filled(x_dots, made.inputs, made.ctx.materialize_grads)
        answer = self.function.jvp(made.ctx.with_saved(saved), *self.full(dots, static=False))
        given = list(answer) if isinstance(answer, tuple | list) else [answer]
        if len(given) != len(self.structure):
            raise GraphError(
                f"{self.name}: jvp must return one tangent for each output of forward, {len(self.structure)} here; it returned "
                f"{len(given)}."
            )
        y_dots: list[Any] = [None] * len(made.outputs)
        for place, y_dot in zip(self.structure, given, strict=True):
            if y_dot is None or not isinstance(place, int) or place in made.constant:
                continue
            if not isinstance(y_dot, Tensor) or y_dot.shape != made.outputs[place].shape:
                met = f"a Tensor of shape {y_dot.shape}" if isinstance(y_dot, Tensor) else type(y_dot).__name__
                raise ShapeError(
                    f"{self.name}: jvp returned {met} for output {place}, whose shape is {made.outputs[place].shape}."
                )
            y_dots[place] = y_dot
        return y_dots

    # -- batches ---------------------------------------------------------------------------------------------------

    def batched(self, size: int, args: list[Any], flags: list[bool], params: dict[str, Any]) -> Any:
        randomness = OPEN.batches[-1].randomness if OPEN.batches else "error"
        if not implemented(self.function.vmap):
            from tinygrad_edu.autograd._function_batch import BatchedFunctionOp  # it is made of this class

            op = BatchedFunctionOp(self, flags, size, randomness)
            ys = op(*args)
            if not self.sets_up:
                self.made = op.example(OPEN.batches[-1].level)
            return ys
        if self.function.generate_vmap_rule:
            raise UnsupportedError(
                f"{self.name}: it has a vmap of its own and generate_vmap_rule=True; leave one of them out."
            )
        dims = tuple(self.full([0 if flag else None for flag in flags], static=False))
        answer = self.function.vmap(VmapInfo(size, randomness), dims, *self.full(args))
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise UnsupportedError(f"{self.name}: vmap must return (output, out_dims), not {str(answer)[:60]}.")
        ys = self.tensors_of(answer[0])
        out = [answer[1]] * len(ys) if isinstance(answer[1], int | None) else list(answer[1])
        self.made = None
        return tuple(
            shapes.broadcasted(y, (size, *y.shape)) if d is None else shapes.moveaxis(y, d, 0)
            for y, d in zip(ys, out, strict=True)
        )


def _has_graph(x: Tensor) -> bool:
    return x.node is not None or any(map(_has_graph, x.parts()))


def _no_run(*_: Any, **__: Any) -> Any:
    raise AssertionError("a Function is run by compute")


def _filled(values: Sequence[Any], specs: Sequence[Spec], zeros: bool) -> list[Any]:
    return [
        make(np.zeros(s.shape, s.dtype), None) if v is None and zeros and s.dtype.kind in "fc" else v
        for v, s in zip(values, specs, strict=True)
    ]
