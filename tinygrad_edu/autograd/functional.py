"""Jacobians, Hessians and products with them, with PyTorch's arguments: tensors or tuples of them, in and out.

`func` has the same as transforms, which nest and take containers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, ancestors
from tinygrad_edu.engine.modes import enable_grad
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError, UnsupportedError
from tinygrad_edu.func import jvp as _jvp
from tinygrad_edu.func import vmap
from tinygrad_edu.func._jacobian import _blocks
from tinygrad_edu.func._reverse import Recorded, alias
from tinygrad_edu.ops._unit import unit_directions
from tinygrad_edu.ops.join import stack

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]
FORWARD, REVERSE = "forward-mode", "reverse-mode"


class _Call:
    """A function of tensors and the tensors it is called with, as tuples, and how to give the results back."""

    def __init__(self, func: Function, inputs: Any, name: str, create_graph: bool, strict: bool) -> None:
        self.name, self.create_graph, self.strict = name, create_graph, strict
        self.several = isinstance(inputs, tuple | list)
        listed = list(inputs) if self.several else [inputs]
        for i, x in enumerate(listed):
            if not isinstance(x, Tensor):
                raise UnsupportedError(f"{name}: input {i} must be a Tensor, not {type(x).__name__}.")
        self.xs = [x if create_graph else x.detach() for x in listed]
        self.several_out = False
        self.func = func

    def __call__(self, *xs: Any) -> tuple[Tensor, ...]:
        output = self.func(*xs)
        self.several_out = isinstance(output, tuple | list)
        ys = tuple(output) if self.several_out else (output,)
        for i, y in enumerate(ys):
            if not isinstance(y, Tensor):
                raise UnsupportedError(
                    f"{self.name}: output {i} of the function must be a Tensor, not {type(y).__name__}."
                )
        return ys

    def scalar(self, *xs: Any) -> Tensor:
        """The one element that the function returns, as a scalar."""
        ys = self(*xs)
        if self.several_out or math.prod(ys[0].shape) != 1:
            raise ShapeError(
                f"{self.name}: the function must return one Tensor with one element, it returned shape "
                f"{', '.join(str(y.shape) for y in ys)}."
            )
        return ys[0]

    def directions(self, v: Any, like: Sequence[Tensor], several: bool) -> tuple[Any, ...]:
        """`v` as a tuple with a tensor for each of `like`, one for a single element."""
        if v is None:
            if len(like) != 1 or math.prod(like[0].shape) != 1:
                raise GraphError(
                    f"{self.name}: v may be left out only where there is one Tensor of one element; here the shapes are "
                    f"{', '.join(str(x.shape) for x in like)}."
                )
            return (make(np.ones(like[0].shape, like[0].dtype), None),)
        vs = tuple(v) if isinstance(v, tuple | list) else (v,)
        if len(vs) != len(like) or any(a.shape != x.shape for a, x in zip(vs, like, strict=True)):
            raise ShapeError(
                f"{self.name}: v has shape {', '.join(str(a.shape) for a in vs)}; it must match "
                f"{', '.join(str(x.shape) for x in like)}."
            )
        return tuple(a if self.create_graph else a.detach() for a in vs)

    # -- results ---------------------------------------------------------------------------------------------------

    def _free(self, y: Tensor) -> Tensor:
        return y if self.create_graph else y.detach()

    def as_inputs(self, values: Sequence[Tensor]) -> Any:
        freed = tuple(map(self._free, values))
        return freed if self.several else freed[0]

    def as_outputs(self, values: Sequence[Any]) -> Any:
        freed = tuple(map(self._free, values))
        return freed if self.several_out else freed[0]

    # -- strict mode -----------------------------------------------------------------------------------------------

    def check(self, ys: Sequence[Tensor], inputs: Sequence[Node | None], what: str = "output") -> None:
        """Raise GraphError where an output doesn't depend on an input, in the graph."""
        if not self.strict:
            return
        for i, y in enumerate(ys):
            stop = {node for node in inputs if node is not None}
            reached = set() if y.node is None else set(ancestors([y.node], stop))
            for j, node in enumerate(inputs):
                if node not in reached:
                    raise GraphError(
                        f"{self.name}: {what} {i} doesn't depend on input {j}, which strict=True doesn't allow; without it the "
                        "derivative is zero."
                    )

    def recorded(self, function: Function) -> Recorded:
        recorded = Recorded(function, self.xs, self.name, False)
        self.check(recorded.outputs, recorded.inputs)
        return recorded

    def strictly_twice(self) -> None:
        """In strict mode, raise where the function or its gradient doesn't depend on an input."""
        if not self.strict:
            return
        with enable_grad():
            aliases = [alias(x) for x in self.xs]
            nodes = [x.node for x in aliases]
            self.check([self.scalar(*aliases)], nodes)
            _, gradient = _gradient(self)(*aliases)
        self.check(gradient, nodes, "the gradient, entry")


def _gradient(call: _Call) -> Function:
    """From the inputs to the scalar value and the gradients."""

    def value_and_gradient(*xs: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
        recorded = Recorded(call.scalar, xs, call.name, False)
        y_bar = make(np.ones(recorded.outputs[0].shape, recorded.outputs[0].dtype), None)
        return recorded.value(), recorded.pull([y_bar])

    return value_and_gradient


def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of `func`, and `v` times its Jacobian: `(output, vjp)`, shaped as output and inputs. Reverse mode.

    `v` is shaped as the output, and may be left out for a single element. With `create_graph` the results are joined to
    the graph of the inputs; with `strict` an output that doesn't depend on an input is an error.
    """
    call = _Call(func, inputs, "vjp", create_graph, strict)
    recorded = call.recorded(call)
    v_bars = call.directions(v, recorded.outputs, call.several_out)
    x_bars = recorded.pull(v_bars)
    return call.as_outputs(recorded.value()), call.as_inputs(x_bars)


def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of `func`, and its Jacobian times `v`: `(output, jvp)`, both shaped as the output. Forward mode.

    `v` is shaped as the inputs. For functions that have no forward rule the reverse sweep is transposed, as PyTorch
    always does here. `create_graph` and `strict` are as in `vjp`.
    """
    call = _Call(func, inputs, "jvp", create_graph, strict)
    vs = call.directions(v, call.xs, call.several)
    if strict:
        call.recorded(call)
    try:
        ys, y_dots = _jvp(call, tuple(call.xs), vs)
    except UnsupportedError:
        recorded = Recorded(call, call.xs, "jvp", False)
        ys = recorded.value()
        zeros = [make(np.zeros(y.shape, y.dtype), None) for y in ys]
        transposed = Recorded(lambda *y_bars: recorded.pull(y_bars), zeros, "jvp", False)
        y_dots = transposed.pull(vs)
    return call.as_outputs(ys), call.as_outputs(y_dots)


def hvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar `func`, and its Hessian times `v`: `(output, hvp)`. Forward mode over reverse mode.

    Arguments as in `jvp`; with `strict` the gradient must depend on each input as well.
    """
    call = _Call(func, inputs, "hvp", create_graph, strict)
    vs = call.directions(v, call.xs, call.several)
    call.strictly_twice()
    try:
        (y, _), (_, products) = _jvp(_gradient(call), tuple(call.xs), vs)
    except UnsupportedError:
        return vhp(func, inputs, v, create_graph, strict)
    return call.as_outputs((y,)), call.as_inputs(products)


def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """The output of a scalar `func`, and `v` times its Hessian: `(output, vhp)`. Reverse mode over reverse mode.

    The Hessian is symmetric: this is `hvp`, which costs less, for functions whose ops have no forward rule.
    """
    call = _Call(func, inputs, "vhp", create_graph, strict)
    vs = call.directions(v, call.xs, call.several)
    call.strictly_twice()
    recorded = Recorded(_gradient(call), call.xs, "vhp", False)
    y, _ = recorded.value()
    products = recorded.pull([make(np.zeros(y.shape, y.dtype), None), *vs])
    return call.as_outputs((y,)), call.as_inputs(products)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = REVERSE,
) -> Any:
    """The Jacobian of `func`, of shape (*output.shape, *input.shape); for tuples of inputs or outputs a tuple (of
    tuples) of them, outputs first.

    `strategy` is "reverse-mode", one sweep per output element, or "forward-mode", one per input element. They are done
    one after the other, or with `vectorize` as one batch, which is faster and takes more memory. `create_graph` and
    `strict` are as in `vjp`.
    """
    if strategy not in (FORWARD, REVERSE):
        raise ConfigError(f"jacobian: strategy must be {FORWARD!r} or {REVERSE!r}, not {strategy!r}.")
    call = _Call(func, inputs, "jacobian", create_graph, strict)
    if strategy == FORWARD:
        if strict:
            call.recorded(call)
        # blocks[output][input]
        columns = _each(lambda *v: _jvp(call, tuple(call.xs), v)[1], unit_directions(call.xs), vectorize)
        blocks = [_blocks(column, call.xs, -1) for column in columns]
    else:
        recorded = call.recorded(call)
        rows = _each(lambda *v: recorded.pull(v), unit_directions(recorded.outputs), vectorize)
        blocks = list(zip(*(_blocks(row, recorded.outputs, 0) for row in rows), strict=True))  # type: ignore[arg-type]
    by_output = [call.as_inputs(row) for row in blocks]
    return tuple(by_output) if call.several_out else by_output[0]


def _each(sweep: Function, basis: Sequence[Tensor], vectorize: bool) -> list[Tensor]:
    """The results of `sweep` along each direction, stacked."""
    if vectorize or not basis[0].shape[0]:
        return list(vmap(sweep)(*basis))
    found = [sweep(*(b[i] for b in basis)) for i in range(basis[0].shape[0])]
    return [stack(list(column)) for column in zip(*found, strict=True)]


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = REVERSE,
) -> Any:
    """The second derivatives of `func`, which returns one element: shape (*input.shape, *input.shape), or a tuple of
    tuples for a tuple of inputs.

    The Jacobian, by `outer_jacobian_strategy`, of the gradient. Arguments as in `jacobian`; with `strict` the gradient
    must depend on each input as well.
    """
    call = _Call(func, inputs, "hessian", create_graph, strict)
    call.strictly_twice()
    gradient = _gradient(call)
    whole = jacobian(
        lambda *xs: gradient(*xs)[1], tuple(call.xs), create_graph, False, vectorize, outer_jacobian_strategy
    )
    return whole if call.several else whole[0][0]
