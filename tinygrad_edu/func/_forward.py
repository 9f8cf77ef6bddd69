"""Forward mode: tangents beside values, nothing recorded and nothing kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.levels import Dual, opened
from tinygrad_edu.engine.passes import PASSES, directions
from tinygrad_edu.engine.tensor import LEVEL0, Tensor, make
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Argnums, Function, choose, inputs_of
from tinygrad_edu.func._batch import check_chunk_size, in_chunks, rewinding, vmap
from tinygrad_edu.ops._unit import unit_directions
from tinygrad_edu.ops.create import as_tensor, zeros_like
from tinygrad_edu.ops.join import concatenate


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
    PASSES.pushed += directions()
    with opened() as level:
        duals = [Dual(x, tangent_of(x, x_dot), level) for x, x_dot in zip(xs, x_dots, strict=True)]
        result = f(*unflatten(structure, duals))
    if has_aux:
        result, aux = result
    y = map_tree(lambda v: part_of(v, level, 0), result)
    y_dot = map_tree(lambda v: part_of(v, level, 1), result)
    return (y, y_dot, map_tree(lambda v: part_of(v, level, 0), aux)) if has_aux else (y, y_dot)


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


def part_of(v: Any, level: int, which: int) -> Any:
    """The primal (0) or the tangent (1) of a result."""
    if isinstance(v, Dual) and v.level == level:
        return v.tangent if which else v.primal
    if not which:
        return v
    return zeros_like(as_tensor(v))


def forward_gradient(
    f: Function,
    directions: int | None = 1,
    argnums: Argnums = 0,
    generator: np.random.Generator | None = None,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    leafwise: bool = False,
) -> Function:
    """A function that returns `f`'s scalar value and its gradient, or an estimate of it, by forward mode alone.

    With a number of `directions` it is an unbiased estimate: the mean over random directions v ~ N(0, 1) of (∇f · v) v
    (Baydin, Pearlmutter, Syme, Wood and Torr 2022, "Gradients without backpropagation", eq. 3), of variance
    (|∇f|² + (∂f/∂xᵢ)²) / `directions` in the element i. `generator` makes it reproducible. With `directions=None` it is the
    gradient itself, from a tangent for each element of the inputs. With `leafwise` as well one tensor at a time has its
    tangents, so that what is computed before it enters has none; else those of all go together.

    The tangents go through `f` as one batch, or `chunk_size` at a time (`chunk_for_memory` finds it from a budget); random
    functions in `f` draw the same for all. With `has_aux`, `f` returns `(value, aux)` and the result is `((value, aux),
    gradient)`. Nothing is kept for a way back; inputs that require gradients are recorded all the same, outside
    `no_grad()`. Cost: one pass with a batch of `directions` tangents, or of one for each element.

    Raises ConfigError for `directions` or a `chunk_size` below 1, UnsupportedError for the whole gradient in complex inputs.
    """
    name = "forward_gradient"
    check_directions(directions, name)
    check_chunk_size(chunk_size, name)
    if leafwise and directions is not None:
        raise ConfigError(
            f"{name}: leafwise is a way to the whole gradient (directions=None); random directions ({directions}) go through "
            "all inputs together."
        )

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        chosen, call = choose(f, argnums, args, kwargs, name)
        xs, structure = inputs_of(chosen, name)

        def slopes(places: Sequence[int], x_dots: Sequence[Tensor]) -> tuple[Any, Tensor]:
            """The value, and for each direction (k, …) of the inputs at `places` the derivative of it (k,)."""

            def along(*v: Tensor) -> Any:
                def at(*zs: Any) -> Any:
                    moved = dict(zip(places, zs, strict=True))
                    return call(*unflatten(structure, [moved.get(i, x) for i, x in enumerate(xs)]))

                return jvp(at, tuple(xs[i] for i in places), v, has_aux)

            y, y_dot, *aux = vmap(along, out_dims=(None, 0, None)[: 2 + has_aux], randomness="same")(*x_dots)
            if not isinstance(y_dot, Tensor) or y_dot.ndim != 1:
                raise ShapeError(f"{name}: the function must return one scalar, it returned {_shapes(y)}.")
            return ((y, *aux) if has_aux else y), y_dot

        if directions is None:
            value, gradients = _whole(xs, slopes, chunk_size, leafwise)
        else:
            value, gradients = _estimate(xs, slopes, directions, chunk_size, generator or np.random.default_rng())
        whole = unflatten(structure, gradients)
        return value, (whole[0] if isinstance(argnums, int) else tuple(whole))

    return differentiated


def check_directions(directions: int | None, name: str) -> None:
    """Raise ConfigError unless it is a number of directions, or None for all."""
    if directions is not None and (not isinstance(directions, int | np.integer) or directions < 1):  # type: ignore[redundant-expr]
        raise ConfigError(f"{name}: directions={directions!r}; give a number of random directions, 1 or more.")


def _shapes(y: Any) -> str:
    return f"shape {y.shape}" if isinstance(y, Tensor) else f"a {type(y).__name__}"


def _whole(xs: Sequence[Tensor], slopes: Function, chunk_size: int | None, leafwise: bool) -> tuple[Any, list[Tensor]]:
    """The value and the gradient in each of `xs`, from a slope along every unit direction."""
    if any(x.dtype.kind == "c" for x in xs):
        raise UnsupportedError(
            "forward_gradient: directions=None counts real inputs; give complex ones as their real and imaginary parts."
        )
    value: Any = None
    gradients: list[Tensor] = []
    again = rewinding()
    everything = range(len(xs))
    for places in [[i] for i in everything] if leafwise else [everything]:
        leaves = [xs[i] for i in places]
        sizes = [math.prod(x.shape) for x in leaves]
        run = lambda start, stop, p=places, ls=leaves: slopes(p, unit_directions(ls, start, stop))
        again()
        found = list(in_chunks(run, sum(sizes), chunk_size, "same"))
        value = found[0][0]
        joined = found[0][1] if len(found) == 1 else concatenate([y_dot for _, y_dot in found])
        ends = np.cumsum(sizes).tolist()
        for x, size, end in zip(leaves, sizes, ends, strict=True):
            part: Any = np.reshape(joined[end - size : end], x.shape)
            gradients.append(part.to(x.dtype))
    return value, gradients


def _estimate(
    xs: Sequence[Tensor], slopes: Function, directions: int, chunk_size: int | None, rng: np.random.Generator
) -> tuple[Any, list[Tensor]]:
    """The value, and for each of `xs` the mean of the slopes along random directions times these."""
    values: list[Any] = []
    totals: list[Any] = [0] * len(xs)

    def run(start: int, stop: int) -> tuple[Any, list[Any]]:
        drawn = random_directions(xs, stop - start, rng)
        y, y_dot = slopes(range(len(xs)), drawn)
        return y, [np.tensordot(y_dot, v, 1) for v in drawn]

    for value, parts in in_chunks(run, directions, chunk_size, "same"):
        values = values or [value]
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    return values[0], [total / directions for total in totals]


def random_directions(like: Sequence[Any], count: int, rng: np.random.Generator) -> list[Tensor]:
    """Directions drawn from N(0, 1): for each tensor (count, *its shape). One after the other, so that it makes no
    difference in how many calls they are drawn. Real and imaginary part of a complex element have one each.
    """
    sizes = [math.prod(x.shape) * (2 if x.dtype.kind == "c" else 1) for x in like]
    single = all(x.dtype in (np.float32, np.complex64) for x in like)
    drawn = rng.standard_normal((count, sum(sizes)), np.float32 if single else np.float64)
    found, end = [], 0
    for x, size in zip(like, sizes, strict=True):
        end += size
        part = drawn[:, end - size : end]
        v = part[:, ::2] + 1j * part[:, 1::2] if x.dtype.kind == "c" else part
        found.append(make(v.astype(x.dtype, copy=False).reshape(count, *x.shape), None))
    return found
