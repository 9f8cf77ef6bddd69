"""Functions with a derivative rule of their own, whatever they are made of inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, root_levels
from tinygrad_edu.engine.levels import below
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.op import OUTPUT, Op, Rule
from tinygrad_edu.engine.tensor import Tensor, as_value, is_recording, is_watched, payload
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import GraphError, ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Function
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.func._reverse import vjp

_RULE = Rule("by its own rule", frozenset({*range(64), OUTPUT}))


class CustomOp(Op):
    """A Python function as an op: one node, differentiated by its own rule.

    `run(*leaves)` gives the outputs as a tuple of leaves. `push(x_dots, xs)` and `pull(y_bars, xs, ys)` are its rules,
    on Tensors; `ys` is None where they must be computed again to be joined to the graph.
    """

    family = "custom"

    def __init__(
        self,
        name: str,
        run: Callable[..., tuple[Any, ...]],
        push: Callable[..., Sequence[Any]] | None,
        pull: Callable[..., Sequence[Any]] | None,
    ) -> None:
        self.run, self.push, self.pull = run, push, pull
        super().__init__(
            name,
            self._forward,
            math=f"y = {name}(x), with a rule of its own",
            rules=lambda position: _RULE,
            registry={},
        )

    def _forward(self, *xs: Any) -> tuple[Any, ...]:
        with enable_grad():
            ys = [as_value(y) for y in self.run(*(as_value(x) if isinstance(x, np.ndarray) else x for x in xs))]
        if any(y.node is not None for y in ys):
            raise GraphError(
                f"{self.name}: it uses a tensor from outside that requires a gradient (or belongs to an outer transform). Its own "
                "rule can't know of it: pass it as an argument."
            )
        return tuple(payload(y) for y in ys)

    def _call_any(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        level = max((a.level for a in args if isinstance(a, Tensor)), default=0)
        if not (level and is_recording(*args)):
            return super()._call_any(args, params)
        nodes = [a.node if isinstance(a, Tensor) else None for a in args]
        if all(node is None or root_levels(node)[1] <= level for node in nodes):
            return super()._call_any(args, params)
        # The transform to which the rule answers is the innermost one, which records here; the ones outside it see what
        # is computed inside.
        ys = self.run(*(below(a, level) for a in args))
        return self._wrap_many(tuple(ys), [payload(a) for a in args], nodes, params, True)

    def jvp(self, x_dots: Sequence[Any], y: Any, xs: Sequence[Any], params: dict[str, Any], spec: Any = None) -> Any:
        if self.push is None:
            raise UnsupportedError(
                f"{self.name} was given a rule for reverse mode only (defvjp), and this is forward mode."
            )
        tensors = [as_value(x) if isinstance(x, np.ndarray) else x for x in xs]
        full = [
            as_value(np.zeros(x.shape, x.dtype)) if x_dot is None and isinstance(x, Tensor) else
            as_value(x_dot) if x_dot is not None else None
            for x, x_dot in zip(tensors, x_dots, strict=True)
        ]  # fmt: skip
        y_dots = tuple(self.push(full, tensors))
        for y_dot, v in zip(y_dots, y, strict=True):
            if np.shape(y_dot) != v.shape:
                raise ShapeError(
                    f"{self.name}: its rule returned a tangent of shape {np.shape(y_dot)} for an output of shape {v.shape}."
                )
        return y_dots

    def vjp(
        self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Node | None], params: dict[str, Any]
    ) -> Sequence[Any]:
        if self.pull is None:
            raise UnsupportedError(f"{self.name} has no rule for reverse mode.")
        plain = not any(isinstance(v, Tensor) for v in [*xs, *y_bar])
        y_bars = [
            as_value(np.zeros(v.shape, v.dtype)) if b is None else as_value(b) for b, v in zip(y_bar, y, strict=True)
        ]
        tensors = [as_value(x) if isinstance(x, np.ndarray) else x for x in xs]
        x_bars = self.pull(y_bars, tensors, [as_value(v) for v in y] if plain else None)
        checked: list[Any] = []
        for edge, x_bar in zip(edges, x_bars, strict=True):
            if edge is None or x_bar is None:
                checked.append(None)
                continue
            if np.shape(x_bar) != edge.shape:
                raise ShapeError(
                    f"{self.name}: its rule returned a cotangent of shape {np.shape(x_bar)} for an argument of shape {edge.shape}."
                )
            value = as_value(x_bar)
            checked.append(payload(value) if plain and value.level == 0 else value)
        return checked

    def batched(self, size: int, args: list[Any], flags: list[bool], params: dict[str, Any]) -> Any:
        dims = tuple(0 if flag else None for flag in flags)
        push, pull = self.push, self.pull

        def pushed(x_dots: Sequence[Any], xs: Sequence[Any]) -> Sequence[Any]:
            assert push is not None
            tangents = tuple(None if x_dot is None else d for x_dot, d in zip(x_dots, dims, strict=True))
            return tuple(vmap(lambda vs, zs: tuple(push(vs, zs)), in_dims=(tangents, dims))(tuple(x_dots), tuple(xs)))

        def pulled(y_bars: Sequence[Any], xs: Sequence[Any], ys: Sequence[Any] | None) -> Sequence[Any]:
            assert pull is not None
            given = (tuple(y_bars), tuple(xs), None if ys is None else tuple(ys))
            x_bars = vmap(lambda bs, zs, vs: tuple(pull(bs, zs, vs)), in_dims=(0, dims, 0))(*given)
            return [
                x_bar if flag or x_bar is None else np.sum(x_bar, axis=0)
                for x_bar, flag in zip(x_bars, flags, strict=True)
            ]

        op = CustomOp(self.name, vmap(self.run, in_dims=dims), push and pushed, pull and pulled)
        return op(*args)


class _Custom:
    """What the two decorators share: a function whose tensor arguments are found and handed to an op."""

    def __init__(self, f: Function) -> None:
        self.f = f
        self.__name__ = getattr(f, "__name__", "function")
        self.__doc__ = f.__doc__


class _Arguments:
    """The arguments of a call: which of their leaves are tensors, and how all are put together again."""

    def __init__(self, args: Any) -> None:
        leaves, self.structure = flatten(args)
        self.tensors = [a for a in leaves if isinstance(a, Tensor | np.ndarray)]
        self.count = len(leaves)
        self.statics = {i: a for i, a in enumerate(leaves) if not isinstance(a, Tensor | np.ndarray)}

    def full(self, tensors: Sequence[Any], static: bool = True) -> Any:
        """The arguments with other tensors; without the rest (None in its place) unless `static`."""
        rest = iter(tensors)
        leaves = [(self.statics[i] if static else None) if i in self.statics else next(rest) for i in range(self.count)]
        return unflatten(self.structure, leaves)


class custom_vjp(_Custom):  # used as a decorator, with JAX's name
    """A function with its own rule for reverse mode.

    After `f.defvjp(fwd, bwd)`: `fwd(*args)` returns `(y, residuals)`, and `bwd(residuals, y_bar)` returns a tuple with
    a cotangent for each argument (None for one that can't be differentiated). Gradients of gradients differentiate
    `fwd` and `bwd`; `vmap` batches them. Forward mode raises UnsupportedError.
    """

    fwd: Function | None = None
    bwd: Function

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """Give the rule; see the class."""
        self.fwd, self.bwd = fwd, bwd

    def __call__(self, *args: Any) -> Any:
        fwd = self.fwd
        if fwd is None:
            raise UnsupportedError(f"{self.__name__}: give its rule first, with {self.__name__}.defvjp(fwd, bwd).")
        given = _Arguments(args)
        recording = is_watched(*given.tensors)
        made: dict[str, Any] = {}

        def run(*tensors: Any) -> tuple[Any, ...]:
            """The outputs, and behind them the residuals, which the op keeps as further outputs."""
            y, residuals = fwd(*given.full(tensors)) if recording else (self.f(*given.full(tensors)), None)
            ys, made["structure"] = flatten(y)
            made["count"], made["residuals"] = len(ys), _Arguments(residuals)
            return (*ys, *made["residuals"].tensors)

        def pull(y_bars: Sequence[Any], xs: Sequence[Any], ys: Sequence[Any] | None) -> Sequence[Any]:
            full, count = given.full(xs), made["count"]
            residuals = fwd(*full)[1] if ys is None else made["residuals"].full(ys[count:])
            x_bars = self.bwd(residuals, unflatten(made["structure"], y_bars[:count]))
            if not isinstance(x_bars, tuple) or len(x_bars) != len(full):
                raise ShapeError(
                    f"{self.__name__}: bwd must return a tuple of {len(full)} cotangents, one per argument, not {x_bars!r:.80}."
                )
            found: list[Any] = []
            for arg, x_bar in zip(full, x_bars, strict=True):
                found += [None] * len(flatten(arg)[0]) if x_bar is None else flatten(x_bar)[0]
            return tuple(x_bar for i, x_bar in enumerate(found) if i not in given.statics)

        ys = CustomOp(self.__name__, run, None, pull)(*given.tensors)
        return unflatten(made["structure"], [as_value(y) for y in ys[: made["count"]]])


class custom_jvp(_Custom):
    """A function with its own rule for forward mode, from which reverse mode follows by transposition.

    After `f.defjvp(rule)`: `rule(primals, tangents)`, tuples with an entry per argument, returns `(y, y_dot)`, linear
    in the tangents. Reverse mode records the rule as a function of the tangents and sweeps back over it.
    """

    rule: Function | None = None

    def defjvp(self, rule: Function) -> None:
        """Give the rule; see the class."""
        self.rule = rule

    def __call__(self, *args: Any) -> Any:
        rule = self.rule
        if rule is None:
            raise UnsupportedError(f"{self.__name__}: give its rule first, with {self.__name__}.defjvp(rule).")
        given = _Arguments(args)
        made: dict[str, Any] = {}

        def run(*tensors: Any) -> tuple[Any, ...]:
            ys, made["structure"] = flatten(self.f(*given.full(tensors)))
            return tuple(ys)

        def push(x_dots: Sequence[Any], xs: Sequence[Any]) -> Sequence[Any]:
            result = rule(given.full(xs), given.full(x_dots, static=False))
            if not isinstance(result, tuple) or len(result) != 2:
                raise ShapeError(f"{self.__name__}: its rule must return a pair (y, y_dot), not {result!r:.80}.")
            y_dots, structure = flatten(result[1])
            if structure != made["structure"]:
                raise ShapeError(
                    f"{self.__name__}: its rule returned a tangent of another structure than the output's."
                )
            return tuple(y_dots)

        def pull(y_bars: Sequence[Any], xs: Sequence[Any], ys: Sequence[Any] | None) -> Sequence[Any]:
            floating = [i for i, x in enumerate(xs) if x.dtype.kind in "fc"]

            def linear(*tangents: Any) -> tuple[Any, ...]:
                full: list[Any] = [None] * len(xs)
                for i, tangent in zip(floating, tangents, strict=True):
                    full[i] = tangent
                return tuple(push(full, xs))

            _, pullback = vjp(linear, *(as_value(np.zeros(xs[i].shape, xs[i].dtype)) for i in floating))
            found = dict(zip(floating, pullback(tuple(y_bars)), strict=True))
            return tuple(found.get(i) for i in range(len(xs)))

        ys = CustomOp(self.__name__, run, push, pull)(*given.tensors)
        return unflatten(made["structure"], [as_value(y) for y in ys])
