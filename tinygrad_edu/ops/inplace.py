"""Writing into a tensor: in place in its memory, and in the graph as an op whose node the tensor takes over.

What is allowed is what PyTorch allows: not a leaf that requires a gradient, nor a view of one, while recording. Inside a
transform the written tensor becomes a value of the transform, as do the tensors that look into the same memory.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Input, Leaf, Node, Pick
from tinygrad_edu.engine.memory import note_write, owner, tick
from tinygrad_edu.engine.modes import STATE, no_grad
from tinygrad_edu.engine.promotion import kind_rank
from tinygrad_edu.engine.tensor import Tensor, as_value, become, is_recording, make
from tinygrad_edu.engine.views import NO_GRAD, alive, bases, origin_of, outdate, settle, settle_values
from tinygrad_edu.errors import DTypeError, GraphError, InPlaceError, ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import index, shape


def overwrite(x: Tensor, name: str, function: Callable[..., Any], *others: Any, casts: bool = False) -> Tensor:
    """`x` takes over the value of `function(x, *others)`, of its own shape, and its place in the graph.

    Raises InPlaceError where the write can't be recorded or made, ShapeError and DTypeError where the value doesn't fit;
    `casts` lets any dtype be converted to that of `x`.
    """
    recorded = _check(x, name, others)
    others = tuple([_operand(o) for o in others])
    if x.level or any(isinstance(o, Tensor) and o.level for o in others):
        settle_values(x, _fitting(function(x.with_node(x.node), *others), x, name, casts))
        return x
    _spare(x)
    if not recorded:
        with no_grad():
            new = _fitting(function(make(x.array, None), *others), x, name, casts)
        _copy(x, new)
        outdate(x)
        return x
    # The old values have to outlive the write if a rule of `function` reads them. Which it does is seen afterwards, unless
    # someone else took them (a pack hook), or they can't be told from those of another operand, which are lost.
    told = STATE.grad is True and not any(isinstance(o, Tensor) and owner(o.array) is owner(x.array) for o in others)
    start = tick()
    new = _fitting(function(make(x.array if told else x.array.copy(), x.node), *others), x, name, casts)
    node = new.node
    if told:
        _keep_old(node, start, x)
    _copy(x, new)
    if node is not None and node is not x.node and not any(isinstance(o, Tensor) and o.node is node for o in others):
        if node.y is new.array:
            node.y = x.array  # what was written is what the rule reads
        if not any(isinstance(o, Tensor) and owner(o.array) is owner(x.array) for o in others):
            node.order = tick()  # the write came first; a value it overwrote under the rule's eyes stays older
    settle(x, node)
    return x


def assign(x: Tensor, key: Any, value: Any) -> None:
    """`x[key] = value` in place."""
    name = "x[index] = value"
    if _is_mask(x, key):
        overwrite(x, name, lambda old, v: e.where(key, v, old), value, casts=True)
        return
    spec, indices = index.parse(x, key)
    if isinstance(value, Tensor) and not indices and _is_that_view(x, value, spec):
        return  # x[i] += v: the sum was written through the view already
    recorded = _check(x, name, (value,))
    value = _operand(value)
    if isinstance(value, Tensor):
        value = _trimmed(value if value.dtype == x.dtype else value.to(x.dtype))
    if any(isinstance(v, Tensor) and v.level for v in (x, value, *indices)):
        settle_values(x, index.setitem(x.with_node(x.node), value, *indices, spec=spec))
        return
    plain = [i.array if isinstance(i, Tensor) else i for i in indices]
    _spare(x)
    try:
        x.array[index.key_of(spec, plain)] = value.array if isinstance(value, Tensor) else value
    except ValueError as error:
        given = tuple(value.shape) if isinstance(value, Tensor) else np.shape(value)
        raise ShapeError(
            f"{name}: a value of shape {given} doesn't fit into that part of a tensor of shape {x.shape}: {error}."
        ) from None
    note_write(x.array)
    if recorded:
        settle(x, index.setitem.record([x, value, *plain], {"spec": spec}, x.array))
    else:
        outdate(x)


def _is_mask(x: Tensor, key: Any) -> bool:
    """Whether the key is one mask of a transform: it has no positions, but each element knows whether it is replaced."""
    return isinstance(key, Tensor) and bool(key.level) and key.dtype.kind == "b" and key.shape == x.shape


def _is_that_view(x: Tensor, value: Tensor, spec: Any) -> bool:
    origin = origin_of(value)
    return (
        origin is not None
        and origin.base is x
        and origin.op is index.getitem
        and not origin.rest
        and origin.params["spec"] == spec
    )


def _trimmed(value: Tensor) -> Tensor:
    """Without leading axes of length 1, which an assigned value may have more of than the region has axes."""
    first = next((i for i, n in enumerate(value.shape) if n != 1), value.ndim)
    return shape.reshape(value, shape=value.shape[first:]) if first else value


def _operand(value: Any) -> Any:
    """What is written: numbers and Tensors as they are, anything else as a Tensor."""
    return value if isinstance(value, Tensor | int | float | complex) else as_value(np.asarray(value))


def _check(x: Tensor, name: str, others: tuple[Any, ...]) -> bool:
    """Whether a write has to be recorded; raises where it can't be."""
    if x.level == 0 and not x.array.flags.writeable:
        raise InPlaceError(
            f"{name}: this tensor of shape {x.shape} is an expanded or read-only view, in which several elements may share one "
            "place in memory; write to x.clone()."
        )
    origin = origin_of(x)
    unseen = origin is not None and origin.limit == NO_GRAD and is_recording(*bases(x))
    if not (unseen or is_recording(x, *others)):
        return False
    if isinstance(x.node, Leaf | Input):
        what = "leaf that requires a gradient" if isinstance(x.node, Leaf) else "function's own input"
        raise InPlaceError(
            f"{name}: a {what} can't be overwritten while recording: the gradient is asked for the old value. Compute a new tensor "
            "(x = x + 1), write to a copy (x.clone()), or write inside `with no_grad():`."
        )
    for base in bases(x):
        if isinstance(base.node, Leaf | Input):
            raise InPlaceError(
                f"{name}: this is a view of a leaf that requires a gradient (shape {base.shape}), which can't be overwritten while "
                "recording. Write to a copy (x.clone()), or inside `with no_grad():`."
            )
    if origin is not None and origin.limit:
        raise InPlaceError(f"{name}: this view {origin.limit}. Write to a copy (x.clone()), or to the base by index.")
    return True


def _fitting(new: Any, x: Tensor, name: str, casts: bool) -> Tensor:
    new = as_value(new)
    if new.shape != x.shape:
        raise ShapeError(f"{name}: the result has shape {new.shape}; an in-place write keeps the tensor's, {x.shape}.")
    if new.dtype == x.dtype:
        return new
    if not casts and kind_rank(new.dtype) > kind_rank(x.dtype):
        raise DTypeError(
            f"{name}: the result has dtype {new.dtype}, which doesn't go into a tensor of {x.dtype} without loss. Convert the "
            "tensor first, e.g. x.float()."
        )
    return new.to(x.dtype)


def _spare(x: Tensor) -> None:
    """Before `x` is written to: what an `overwritable` op's rules read of it, or of what it is a view of, moves to a copy."""
    for written in (x, *bases(x)):
        node = written.node
        if type(node) is Pick:
            node = node.edges[0]
        if node is not None and node.y is not None and node.op is not None and node.op.overwritable:
            node.y = _apart(node.y, x.array)


def _keep_old(node: Node | None, start: int, x: Tensor) -> None:
    """Of the values that the nodes made since `start` keep, those that lie in the memory of `x` move to a copy."""
    pending, seen = [node], set()
    while pending:
        found = pending.pop()
        if found is None or found.order <= start or found in seen:
            continue
        seen.add(found)
        if found.xs:
            found.xs = [_apart(value, x.array) for value in found.xs]
        found.y = _apart(found.y, x.array)
        pending += found.edges


def _apart(value: Any, memory: Any) -> Any:
    """A kept value, or where it lies in that memory, a copy."""
    if type(value) is tuple:
        return tuple([_apart(part, memory) for part in value])
    return value.copy() if type(value) is np.ndarray and owner(value) is owner(memory) else value


def _copy(x: Tensor, new: Tensor) -> None:
    np.copyto(x.array, new.array)
    note_write(x.array)


# -- what is built of these --------------------------------------------------------------------------------------------


def replaced(old: Any, value: Any) -> Any:
    """`value` in the shape of `old`, which it depends on with derivative zero: what `copy_` and `fill_` record."""
    return e.where(np.broadcast_to(np.True_, old.shape), value, old)


def outliving(x: Any, out: Any) -> Any:
    """An argument that is also the `out` of its call, as a copy that lasts as long as a rule may read it."""
    if is_recording(x) and x.level == 0 and any(x is o for o in out):
        return make(x.array.copy(), x.node)
    return x


def store(out: Any, result: Any, name: str) -> Any:
    """NumPy's `out=`: write a result into the tensor that the caller gave for it, and return that."""
    if isinstance(out, tuple):
        if len(out) == 1:
            return store(out[0], result, name)
        return tuple(r if o is None else store(o, r, name) for o, r in zip(out, result, strict=True))
    if not isinstance(out, Tensor):
        raise GraphError(
            f"{name}: out= is a plain {type(out).__name__}, in which the result would lose its gradient. Give a Tensor, or take "
            "the returned value."
        )
    if out.shape != result.shape:
        raise ShapeError(f"{name}: out= has shape {out.shape}, the result {result.shape}; they must be equal.")
    return overwrite(out, f"{name} with out=", replaced, result)


def reshaped_in_place(x: Tensor, name: str, y: Tensor) -> Tensor:
    """`x` itself in the shape of its view `y`. What `x` was lives on under no name, as the base of both it and its views."""
    if y is x:
        return x
    _check(x, name, ())
    if x.level:
        become(x, y)
        return x
    was = make(x.array, x.node)
    if (origin := origin_of(x)) is not None:
        was.origin = origin
    was.views = getattr(x, "views", [])
    for view in alive(x):
        view.origin = view.origin._replace(base=was)
    was.views.append(weakref.ref(x))
    x.views = []
    x.origin = y.origin._replace(base=was)
    x.array, x.node = y.array, y.node
    return x


def detach_in_place(x: Tensor) -> Tensor:
    """`x` itself outside the graph."""
    if origin_of(x) is not None and x.node is not None:
        raise InPlaceError(
            "detach_: this is a view, whose base stays in the graph; use x.detach() for a tensor outside."
        )
    x.node = None
    return x


def fill_diagonal(x: Tensor, value: Any, wrap: bool = False) -> None:
    """NumPy's `fill_diagonal`: the elements x[i, i, …] in place."""
    if x.ndim < 2 or (x.ndim > 2 and len(set(x.shape)) > 1):
        raise ShapeError(f"fill_diagonal: needs a matrix, or an array of equal sides, got shape {x.shape}.")
    if x.ndim == 2 and wrap:
        rows, columns = x.shape
        places = np.arange(0, rows * columns, columns + 1)
        key = tuple(np.unravel_index(places, x.shape))
    else:
        key = (np.arange(min(x.shape)),) * x.ndim
    if np.ndim(value) == 1:
        value = (
            np.resize(value, len(key[0]))
            if not isinstance(value, Tensor)
            else value[np.arange(len(key[0])) % len(value)]
        )
    assign(x, key, value)
