"""Forward mode: tangents beside values, nothing recorded and nothing kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.levels import Dual, opened
from tinygrad_edu.engine.tensor import LEVEL0, Tensor, make
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.func._arguments import Argnums, Function, choose, inputs_of
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.ops.create import as_tensor, zeros_like


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of `f` and its derivative along `tangents`: `(y, y_dot)`, or `(y, y_dot, aux)`.

    Each tangent has its primal's shape and dtype. Nothing is recorded and nothing kept. Cost: one pass for both.
    """
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple):
        raise ShapeError("jvp: primals and tangents must be tuples, one entry per argument: jvp(f, (x,), (x_dot,)).")
    xs, structure = inputs_of(tuple(primals), "jvp")
    x_dots, tangent_structure = flatten(tuple(tangents))
    if structure != tangent_structure:
        raise ShapeError(f"jvp: {len(x_dots)} tangents in another structure than the {len(xs)} primals.")
    with opened() as level:
        duals = [Dual(x, tangent_of(x, x_dot), level) for x, x_dot in zip(xs, x_dots, strict=True)]
        result = f(*unflatten(structure, duals))
    if has_aux:
        result, aux = result
    y = map_tree(lambda v: _part(v, level, 0), result)
    y_dot = map_tree(lambda v: _part(v, level, 1), result)
    return (y, y_dot, map_tree(lambda v: _part(v, level, 0), aux)) if has_aux else (y, y_dot)


def tangent_of(x: Any, x_dot: Any, name: str = "jvp") -> Tensor:
    """A tangent as a tensor, checked against its primal (a tensor or its node)."""
    if type(x_dot) in LEVEL0 and x_dot.array.shape == x.shape and x_dot.array.dtype is x.dtype:
        return x_dot  # type: ignore[no-any-return]
    tangent = (
        x_dot
        if isinstance(x_dot, Tensor)
        else make(np.asarray(x_dot, None if hasattr(x_dot, "dtype") else x.dtype), None)
    )
    if tangent.shape != x.shape:
        raise ShapeError(
            f"{name}: a tangent of shape {tangent.shape} for a primal of shape {x.shape}; they must be equal."
        )
    if tangent.dtype != x.dtype:
        raise DTypeError(
            f"{name}: a tangent of dtype {tangent.dtype} for a primal of dtype {x.dtype}; convert one of them."
        )
    return tangent


def _part(v: Any, level: int, which: int) -> Any:
    """The primal (0) or the tangent (1) of a result."""
    if isinstance(v, Dual) and v.level == level:
        return v.tangent if which else v.primal
    if not which:
        return v
    return zeros_like(as_tensor(v))


def forward_gradient(
    f: Function, directions: int = 1, argnums: Argnums = 0, generator: np.random.Generator | None = None
) -> Function:
    """A function that returns `f`'s value and an unbiased estimate of its gradient by forward mode alone.

    The estimate is the mean over random directions v ~ N(0, 1) of (∇f · v) v (Baydin, Pearlmutter, Syme, Wood and Torr
    2022, "Gradients without backpropagation", eq. 3); its variance falls as 1/`directions`. Nothing is recorded. Cost:
    one pass with a batch of `directions` tangents. `generator` makes it reproducible.
    """

    def estimate(*args: Any, **kwargs: Any) -> Any:
        chosen, call = choose(f, argnums, args, kwargs, "forward_gradient")
        xs, structure = inputs_of(chosen, "forward_gradient")
        rng = generator or np.random.default_rng()
        drawn = [make(rng.standard_normal((directions, *x.shape)).astype(x.dtype), None) for x in xs]

        def along(*v: Any) -> Any:
            return jvp(lambda *zs: call(*unflatten(structure, zs)), tuple(xs), v)

        value, slopes = vmap(along, out_dims=(None, 0), randomness="same")(*drawn)
        if slopes.ndim != 1:
            raise ShapeError(f"forward_gradient: the function must return one scalar, it returned shape {value.shape}.")
        estimates = [np.tensordot(slopes, v, 1) / directions for v in drawn]
        whole = unflatten(structure, estimates)
        return value, (whole[0] if isinstance(argnums, int) else tuple(whole))

    return estimate
