"""Writing into a tensor's own memory: outside the graph only, and counted, so that no gradient can come out wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.modes import STATE
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import InPlaceError, LevelError, ShapeError


def in_graph(x: Tensor, *others: Any) -> bool:
    """Whether writing `others` into `x` now would have to be recorded."""
    return bool(STATE.grad) and (
        x.node is not None or any(isinstance(o, Tensor) and o.node is not None for o in others)
    )


def writable(x: Tensor, name: str, *others: Any) -> np.ndarray[Any, Any]:
    """The array of `x`, about to be written to; raises where that would have to be recorded, and counts the write."""
    for value in (x, *others):
        if isinstance(value, Tensor) and value.level:
            raise LevelError(
                f"{name}: an in-place write inside {value.transform} would change memory that other examples or directions "
                "share. Compute a new tensor, e.g. np.where(mask, new, old)."
            )
    if in_graph(x, *others):
        if x.node is not None and x.is_leaf:
            raise InPlaceError(
                f"{name}: this leaf requires a gradient, so it can't be overwritten while recording. Write inside "
                "`with no_grad():`, or to a copy (x.clone())."
            )
        raise InPlaceError(
            f"{name}: an in-place write of or into a tensor in the graph isn't supported. Use the operation that returns a "
            "new tensor, or write before the graph is recorded, or inside `with no_grad():`."
        )
    if not x.array.flags.writeable:
        raise InPlaceError(
            f"{name}: this tensor of shape {x.shape} is a broadcast or read-only view; write to x.clone()."
        )
    note_write(x.array)
    return x.array


def plain(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def apply_(x: Tensor, name: str, ufunc: np.ufunc, other: Any) -> Tensor:
    """`x = ufunc(x, other)` in place; the result must keep the shape and kind of `x`."""
    if np.broadcast_shapes(x.shape, np.shape(plain(other))) != x.shape:
        raise ShapeError(
            f"{name}: shape {np.shape(plain(other))} doesn't fit into shape {x.shape}, which an in-place write keeps."
        )
    out = writable(x, name, other)
    ufunc(out, plain(other), out=out, casting="same_kind" if out.dtype.kind in "fc" else "safe")
    return x


def set_item(x: Tensor, key: Any, value: Any) -> None:
    """`x[key] = value` in place."""
    out = writable(x, "x[index] = value", value)
    out[tuple(plain(k) for k in key) if isinstance(key, tuple) else plain(key)] = plain(value)


def store(out: Any, result: Any, name: str) -> Any:
    """NumPy's `out=`: write a result into the tensor that the caller gave for it, and return that."""
    if isinstance(out, tuple):
        if len(out) == 1:
            return store(out[0], result, name)
        return tuple(r if o is None else store(o, r, name) for o, r in zip(out, result, strict=True))
    if not isinstance(out, Tensor):
        raise InPlaceError(
            f"{name}: out= is a plain {type(out).__name__}, in which the result would lose its gradient. Give a Tensor, or take "
            "the returned value."
        )
    if out.shape != result.shape:
        raise ShapeError(f"{name}: out= has shape {out.shape}, the result {result.shape}; they must be equal.")
    set_item(out, ..., result)
    return out
