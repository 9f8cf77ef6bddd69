"""Transforms: functions that take a function and return one that computes its derivatives, or its values over a batch.

They nest freely, in any order. Arguments and results may be tensors, arrays, numbers, or nested tuples, lists and dicts
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.backward import seed_for
from tinygrad_edu.engine.graph import Node, ancestors
from tinygrad_edu.engine.levels import Batched, Dual, fresh_level, opened
from tinygrad_edu.engine.modes import STATE, enable_grad
from tinygrad_edu.engine.sweeps import pull
from tinygrad_edu.engine.tensor import Tensor, as_value, make, payload
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.errors import DTypeError, GraphError, LevelError, ShapeError
from tinygrad_edu.ops import shape as shapes
from tinygrad_edu.ops.create import as_tensor, zeros_like
from tinygrad_edu.ops.elementwise import positive

Argnums = int | Sequence[int]
Function = Callable[..., Any]


# -- reverse mode --------------------------------------------------------------------------------------------------


def _as_inputs(tree: Any, name: str) -> Any:
    """The leaves as tensors that can be differentiated."""

    def convert(leaf: Any) -> Tensor:
        x = as_tensor(leaf)
        if x.dtype.kind not in "fc":
            raise DTypeError(
                f"{name}: only floating and complex inputs can be differentiated, this one is {x.dtype} with shape {x.shape}. "
                "Convert it (x.float()), or leave it out of argnums."
            )
        return x

    return map_tree(convert, tree)


def _alias(x: Tensor) -> Tensor:
    """A new name for `x` at which a reverse sweep stops."""
    kept = payload(x)
    node = Node(positive, [x.node], None, None, {}, x.shape, x.dtype)
    if x.node is None:
        node.root = fresh_level()
    return make(kept, node) if x.level == 0 else kept.with_node(node)


class _Pullback:
    """A recorded call of a function, ready to be swept back: what `vjp` and the rest of reverse mode are made of."""

    def __init__(self, function: Function, args: Sequence[Any], name: str, has_aux: bool) -> None:
        self.name = name
        leaves, self.structure = flatten(_as_inputs(tuple(args), name))
        watched = STATE.grad
        with enable_grad():
            aliases = [_alias(x) for x in leaves]
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
        # Where a root that isn't this call's own is reached (a parameter, the input of an outer transform, be it through the
        # arguments), what is computed here is part of a graph beyond it.
        own = set(self.inputs)
        self.record = watched and any(
            any(node.edges) if node in own else not any(node.edges) for node in ancestors(reached, own)
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
        record = self.record or (STATE.grad and any(isinstance(c, Tensor) and c.node is not None for c in cotangents))
        seeds = [
            (y.node, seed_for(y, y_bar, self.name, record))
            for y, y_bar in zip(self.outputs, cotangents, strict=True)
            if y.node is not None
        ]
        found = pull(seeds, set(self.inputs), record=record, stop=True)
        given = [y_bar for _, y_bar in seeds]
        return unflatten(self.structure, [_result(found.get(n), n, given) for n in self.inputs])

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


def _result(x_bar: Any, node: Node, seeds: Sequence[Any]) -> Tensor:
    """A cotangent as the caller's own: zeros if none came, a copy if it is a view or was itself a seed."""
    if x_bar is None:
        return make(np.zeros(node.shape, node.dtype), None)
    if type(x_bar) is np.ndarray and (x_bar.base is not None or any(x_bar is seed for seed in seeds)):
        x_bar = x_bar.copy()
    return as_value(x_bar)


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f` and its pull-back: `(y, pullback)`, or `(y, pullback, aux)`.

    `pullback(y_bar)` returns the cotangents of all primals as a tuple, and may be called any number of times. Cost: one
    pass forward now, one pass back per call.
    """
    recorded = _Pullback(f, primals, "vjp", has_aux)

    def pullback(y_bar: Any) -> Any:
        given, structure = flatten(y_bar)
        if structure != recorded.out_structure:
            raise ShapeError("vjp: the cotangents must have the structure of the function's result.")
        return recorded.pull(given)

    return (recorded.value(), pullback, recorded.aux) if has_aux else (recorded.value(), pullback)


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns `f`'s scalar value and its gradient in the arguments `argnums`: `(value, gradient)`.

    With `has_aux`, `f` returns `(value, aux)` and the result is `((value, aux), gradient)`. Cost: one pass each way.
    """

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        chosen, call = _choose(f, argnums, args, kwargs, "grad")
        recorded = _Pullback(call, chosen, "grad", has_aux)
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


def _choose(
    f: Function, argnums: Argnums, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> tuple[list[Any], Function]:
    """The arguments to differentiate, and `f` as a function of them alone."""
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -len(args) <= i < len(args) for i in wanted):
        raise ShapeError(f"{name}: argnums={argnums} of a call with {len(args)} positional arguments.")
    places = [i % len(args) for i in wanted]
    if len(set(places)) != len(places):
        raise ShapeError(f"{name}: argnums={argnums} names an argument twice.")

    def call(*chosen: Any) -> Any:
        full = list(args)
        for i, x in zip(places, chosen, strict=True):
            full[i] = x
        return f(*full, **kwargs)

    return [args[i] for i in places], call


# -- forward mode --------------------------------------------------------------------------------------------------


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of `f` and its derivative along `tangents`: `(y, y_dot)`, or `(y, y_dot, aux)`.

    Each tangent has its primal's shape and dtype. Nothing is recorded and nothing kept. Cost: one pass for both.
    """
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple):
        raise ShapeError("jvp: primals and tangents must be tuples, one entry per argument: jvp(f, (x,), (x_dot,)).")
    xs, structure = flatten(_as_inputs(tuple(primals), "jvp"))
    x_dots, tangent_structure = flatten(tuple(tangents))
    if structure != tangent_structure:
        raise ShapeError(f"jvp: {len(x_dots)} tangents in another structure than the {len(xs)} primals.")
    with opened() as level:
        duals = [Dual(x, _tangent_of(x, x_dot), level) for x, x_dot in zip(xs, x_dots, strict=True)]
        result = f(*unflatten(structure, duals))
    if has_aux:
        result, aux = result
    y = map_tree(lambda v: _part(v, level, 0), result)
    y_dot = map_tree(lambda v: _part(v, level, 1), result)
    return (y, y_dot, map_tree(lambda v: _part(v, level, 0), aux)) if has_aux else (y, y_dot)


def _tangent_of(x: Tensor, x_dot: Any) -> Tensor:
    tangent = (
        x_dot
        if isinstance(x_dot, Tensor)
        else make(np.asarray(x_dot, None if hasattr(x_dot, "dtype") else x.dtype), None)
    )
    if tangent.shape != x.shape:
        raise ShapeError(
            f"jvp: a tangent of shape {tangent.shape} for a primal of shape {x.shape}; they must be equal."
        )
    if tangent.dtype != x.dtype:
        raise DTypeError(
            f"jvp: a tangent of dtype {tangent.dtype} for a primal of dtype {x.dtype}; convert one of them."
        )
    return tangent


def _part(v: Any, level: int, which: int) -> Any:
    """The primal (0) or the tangent (1) of a result."""
    if isinstance(v, Dual) and v.level == level:
        return v.tangent if which else v.primal
    if not which:
        return v
    return zeros_like(as_tensor(v))


# -- batching ------------------------------------------------------------------------------------------------------


def vmap(f: Function, in_dims: Any = 0, out_dims: Any = 0) -> Function:
    """`f` over a batch: written for one example, called with many along an axis, all at once.

    `in_dims` says along which axis each argument holds its examples, None for one that all share: an int for all
    arguments, or a tuple with an entry (or a tree of entries) each. `out_dims` says where the batch axis goes in the
    results.
    """

    def batched(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = flatten(args)
        dims = _spread(in_dims if isinstance(in_dims, tuple | list) else (in_dims,) * len(args), args, "in_dims")
        leaves = [x if d is None else as_tensor(x) for x, d in zip(leaves, dims, strict=True)]
        sizes = {x.shape[d] for x, d in zip(leaves, dims, strict=True) if d is not None}
        if len(sizes) != 1:
            seen = [(tuple(as_tensor(x).shape), d) for x, d in zip(leaves, dims, strict=True)]
            what = f"different batch sizes {sorted(sizes)}" if sizes else "no argument to batch over"
            raise ShapeError(f"vmap: {what}; the arguments' (shape, in_dim) are {seen}.")
        (size,) = sizes
        with opened() as level:
            inner = [
                x if d is None else Batched(shapes.moveaxis(x, d, 0), level) for x, d in zip(leaves, dims, strict=True)
            ]
            results, out_structure = flatten(f(*unflatten(structure, inner), **kwargs))
        out = [out_dims] * len(results) if isinstance(out_dims, int | None) else _spread(
            out_dims, unflatten(out_structure, results), "out_dims"
        )  # fmt: skip
        return unflatten(out_structure, [_unbatch(y, level, size, d) for y, d in zip(results, out, strict=True)])

    return batched


def _unbatch(y: Any, level: int, size: int, dim: int | None) -> Any:
    if isinstance(y, Batched) and y.level == level:
        if dim is None:
            raise LevelError("vmap: out_dims=None for a result that differs by example; give the axis for its batch.")
        return shapes.moveaxis(y.value, 0, dim) if dim else y.value
    y = as_tensor(y)
    return y if dim is None else shapes.moveaxis(shapes.broadcasted(y, (size, *y.shape)), 0, dim)


def _spread(dims: Any, tree: Any, name: str) -> list[Any]:
    """One entry per leaf: an entry that stands for a whole subtree is repeated."""
    if isinstance(dims, int | None):
        return [dims] * len(flatten(tree)[0])
    children = list(tree.values()) if isinstance(tree, dict) else list(tree) if isinstance(tree, tuple | list) else None
    entries = [dims[k] for k in tree] if isinstance(dims, dict) and isinstance(tree, dict) else list(dims)
    if children is None or len(entries) != len(children):
        raise ShapeError(f"vmap: {name}={dims!r} doesn't match the structure it is for.")
    return [d for entry, child in zip(entries, children, strict=True) for d in _spread(entry, child, name)]


# -- Jacobians and Hessians ----------------------------------------------------------------------------------------


def _basis(leaves: Sequence[Any]) -> list[Tensor]:
    """Every unit direction of a list of tensors: for each of them, one tensor of shape (total size, *its shape)."""
    total = sum(int(np.prod(x.shape)) for x in leaves)
    directions, start = [], 0
    for x in leaves:
        n = int(np.prod(x.shape))
        eye = np.zeros((total, n), x.dtype)
        eye[np.arange(start, start + n), np.arange(n)] = 1
        directions.append(make(eye.reshape(total, *x.shape), None))
        start += n
    return directions


def _blocks(columns: Any, leaves: Sequence[Any], axis: int) -> list[Any]:
    """Cut the batch axis of directions into one block per tensor and give each its shape, at `axis`."""
    moved = shapes.moveaxis(columns, 0, axis)
    sizes = [int(np.prod(x.shape)) for x in leaves]
    at = axis % moved.ndim
    parts = shapes.split(moved, sizes, at) if len(sizes) > 1 else (moved,)
    return [np.reshape(p, (*p.shape[:at], *x.shape, *p.shape[at + 1 :])) for p, x in zip(parts, leaves, strict=True)]


def jacfwd(f: Function, argnums: Argnums = 0) -> Function:
    """The Jacobian of `f` by forward mode: shape (*y.shape, *x.shape), one tangent per input element, all in one
    batched pass.

    Best where the inputs are few. For trees: the result's structure, each leaf holding the structure of the inputs.
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, call = _choose(f, argnums, args, kwargs, "jacfwd")
        leaves, structure = flatten(_as_inputs(chosen, "jacfwd"))

        def along(*direction: Any) -> Any:
            return jvp(lambda *xs: call(*unflatten(structure, xs)), tuple(leaves), direction)[1]

        y_dots = vmap(along)(*_basis(leaves))
        return map_tree(lambda y_dot: _in_structure(_blocks(y_dot, leaves, -1), structure, argnums), y_dots)

    return jacobian


def jacrev(f: Function, argnums: Argnums = 0) -> Function:
    """The Jacobian of `f` by reverse mode: shape (*y.shape, *x.shape), one cotangent per output element, all in one
    batched pass.

    Best where the outputs are few. For trees: the result's structure, each leaf holding the structure of the inputs.
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, call = _choose(f, argnums, args, kwargs, "jacrev")
        recorded = _Pullback(call, chosen, "jacrev", False)
        rows = vmap(lambda *y_bars: recorded.pull(y_bars))(*_basis(recorded.outputs))
        leaves, structure = flatten(rows)
        by_input = [_blocks(x_bar, recorded.outputs, 0) for x_bar in leaves]
        by_output = [_in_structure(list(row), structure, argnums) for row in zip(*by_input, strict=True)]
        return unflatten(recorded.out_structure, by_output)

    return jacobian


def _in_structure(parts: Sequence[Any], structure: Any, argnums: Argnums) -> Any:
    whole = unflatten(structure, parts)
    return whole[0] if isinstance(argnums, int) else tuple(whole)


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The matrix of second derivatives of a scalar function: forward mode over reverse mode, in one batched pass."""
    return jacfwd(jacrev(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The gradient of a scalar function and its Hessian times a vector: `(gradient, H v)`.

    Forward mode over reverse mode: about the cost of two gradients, without the Hessian. With one primal both are
    single tensors, else tuples.
    """
    one = len(primals) == 1
    gradient = grad(f, 0 if one else tuple(range(len(primals))))
    return jvp(gradient, tuple(primals), tuple(tangents))  # type: ignore[no-any-return]
