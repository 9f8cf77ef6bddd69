"""Reverse mode: a recorded call of a function, swept back (`vjp`, `grad`) or forward (`linearize`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.backward import seed_for
from tinygrad_edu.engine.graph import Input, Node, ancestors, root_levels
from tinygrad_edu.engine.levels import fresh_level
from tinygrad_edu.engine.modes import STATE, enable_grad
from tinygrad_edu.engine.sweeps import pull, push
from tinygrad_edu.engine.tensor import Tensor, as_value, is_recording, make, payload
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.errors import DTypeError, GraphError, ShapeError
from tinygrad_edu.func._arguments import Argnums, Function, choose, inputs_of
from tinygrad_edu.func._forward import tangent_of
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.elementwise import positive


def alias(x: Tensor) -> Tensor:
    """A new name for `x` at which a reverse sweep stops."""
    kept = payload(x)
    node = Input(positive, [x.node], None, None, {}, x.shape, x.dtype)
    level = fresh_level()
    node.roots = (level if x.node is None else root_levels(x.node)[0], level)
    return make(kept, node) if x.level == 0 else kept.with_node(node)


class Recorded:
    """A recorded call of a function, ready to be swept either way: what `vjp`, `linearize` and the rest are made of.

    A sweep is recorded where there is a graph beyond this call. Without one the values here are constants to it; it may
    still be differentiated in the cotangents or tangents that are given.
    """

    def __init__(self, function: Function, args: Sequence[Any], name: str, has_aux: bool) -> None:
        self.name = name
        leaves, self.structure = inputs_of(tuple(args), name)
        watched = bool(STATE.grad)
        with enable_grad():
            aliases = [alias(x) for x in leaves]
            result = function(*unflatten(self.structure, aliases))
        self.aux = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise GraphError(
                    f"{name}: with has_aux=True the function must return a pair (output, aux), not {result!r:.60}."
                )
            result, aux = result
        self.inputs = [x.node for x in aliases if x.node is not None]
        outputs, self.out_structure = flatten(result)
        self.outputs = [as_tensor(y) for y in outputs]
        reached = [y.node for y in self.outputs if y.node is not None]
        # Where a root that isn't this call's own is reached (a parameter, the input of an outer transform, be it
        # through the arguments), what is computed here is part of a graph beyond it. The inputs of inner transforms,
        # made later than its own, are roots of nothing any more.
        own = set(self.inputs)
        start = min((node.order for node in own), default=math.inf)
        self.record = watched and any(
            any(node.edges) if node in own else node.op is None or (node.order < start and not any(node.edges))
            for node in ancestors(reached, own)
        )
        if has_aux:
            self.aux = map_tree(self._release, aux)

    def _release(self, y: Any) -> Any:
        """A result as the caller may have it: in the graph only if there is one beyond this call."""
        return y.with_node(None) if isinstance(y, Tensor) and y.node is not None and not self.record else y

    def value(self) -> Any:
        return unflatten(self.out_structure, [self._release(y) for y in self.outputs])

    def pull(self, cotangents: Sequence[Any]) -> Any:
        """The cotangents of the arguments, in their structure; zeros where the output doesn't depend on one."""
        watched = self.record or is_recording(*cotangents)
        seeds = [
            (y.node, seed_for(y, y_bar, self.name, watched))
            for y, y_bar in zip(self.outputs, cotangents, strict=True)
            if y.node is not None
        ]
        found = pull(seeds, set(self.inputs), record=self.record, stop=True)
        given = [y_bar for _, y_bar in seeds]
        return unflatten(self.structure, [_result(found.get(n), n, given) for n in self.inputs])

    def push(self, tangents: Sequence[Any]) -> Any:
        """The tangents of the results, in their structure, from those of the arguments, without computing the values again."""
        watched = self.record or is_recording(*tangents)
        seeds = {node: t if watched or t.level else payload(t) for node, t in zip(self.inputs, tangents, strict=True)}
        outputs = [y.node for y in self.outputs if y.node is not None]
        dots = push(outputs, seeds, record=self.record)
        found = [None if y.node is None else dots.get(y.node) for y in self.outputs]
        given = list(seeds.values())
        return unflatten(
            self.out_structure, [_result(y_dot, y, given) for y, y_dot in zip(self.outputs, found, strict=True)]
        )

    def pull_scalar(self) -> Any:
        """The gradient of the one, scalar output."""
        if len(self.outputs) != 1 or self.outputs[0].ndim:
            shapes_ = ", ".join(str(y.shape) for y in self.outputs)
            raise ShapeError(
                f"{self.name}: the function must return one scalar, it returned shape {shapes_}. Sum it, or use jacrev or vjp."
            )
        if self.outputs[0].dtype.kind == "c":
            raise DTypeError(
                f"{self.name}: the function returned a complex number; take its real part or absolute value."
            )
        return self.pull([None])


def _result(x_bar: Any, like: Node | Tensor, seeds: Sequence[Any]) -> Tensor:
    """What a sweep found as the caller's own: zeros if nothing, a copy if it is a view or was itself a seed."""
    if x_bar is None:
        return make(np.zeros(like.shape, like.dtype), None)
    if type(x_bar) is np.ndarray and (x_bar.base is not None or any(x_bar is seed for seed in seeds)):
        x_bar = x_bar.copy()
    return as_value(x_bar)


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and its pull-back: `(y, pullback)`, or `(y, pullback, aux)`.

    `pullback(y_bar)` returns the cotangents of all primals as a tuple, and may be called any number of times. Cost: one
    pass forward now, one pass back per call.
    """
    recorded = Recorded(f, primals, "vjp", has_aux)

    def pullback(y_bar: Any) -> Any:
        given, structure = flatten(y_bar)
        if structure != recorded.out_structure:
            raise ShapeError("vjp: the cotangents must have the structure of the function's result.")
        return recorded.pull(given)

    return (recorded.value(), pullback, recorded.aux) if has_aux else (recorded.value(), pullback)


def linearize(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and its derivative as a linear function: `(y, f_jvp)`, or `(y, f_jvp, aux)`.

    `f_jvp(*x_dots)` takes a tangent for each primal and returns that of the result; it runs the forward sweep over the
    graph that was recorded here, so the values aren't computed again, however many directions are tried. Under `vmap`
    it takes a batch of them at once. Cost: one pass now, one forward sweep per call.
    """
    recorded = Recorded(f, primals, "linearize", has_aux)

    def f_jvp(*tangents: Any) -> Any:
        given, structure = flatten(tuple(tangents))
        if structure != recorded.structure:
            raise ShapeError("linearize: the tangents must have the structure of the primals, one for each.")
        return recorded.push([tangent_of(x, t, "linearize") for x, t in zip(recorded.inputs, given, strict=True)])

    return (recorded.value(), f_jvp, recorded.aux) if has_aux else (recorded.value(), f_jvp)


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns `f`'s scalar value and its gradient in the arguments `argnums`: `(value, gradient)`.

    With `has_aux`, `f` returns `(value, aux)` and the result is `((value, aux), gradient)`. Cost: one pass each way.
    """

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        chosen, call = choose(f, argnums, args, kwargs, "grad")
        recorded = Recorded(call, chosen, "grad", has_aux)
        gradients = recorded.pull_scalar()
        value = (recorded.value(), recorded.aux) if has_aux else recorded.value()
        return value, (gradients[0] if isinstance(argnums, int) else gradients)

    return differentiated


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of `f`, which returns a scalar, in the arguments `argnums` (a tuple for
    several).

    With `has_aux`, `f` returns `(value, aux)` and the result is `(gradient, aux)`. Cost: one pass each way.
    """
    with_value = value_and_grad(f, argnums, has_aux)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = with_value(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def grad_and_value(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """As `value_and_grad`, in `torch.func`'s order: `(gradient, value)`, or `(gradient, (value, aux))`."""
    with_value = value_and_grad(f, argnums, has_aux)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = with_value(*args, **kwargs)
        return gradient, value

    return differentiated
