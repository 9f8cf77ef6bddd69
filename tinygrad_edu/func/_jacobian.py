"""Jacobians, Hessians, and products with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten, map_tree, unflatten
from tinygrad_edu.func._arguments import Argnums, Function, choose, inputs_of
from tinygrad_edu.func._batch import vmap
from tinygrad_edu.func._forward import jvp
from tinygrad_edu.func._reverse import Recorded, grad, vjp
from tinygrad_edu.ops import shape as shapes
from tinygrad_edu.ops._unit import unit_directions
from tinygrad_edu.ops.split import split


def _blocks(columns: Any, leaves: Sequence[Any], axis: int) -> list[Any]:
    """Cut the batch axis of directions into one block per tensor and give each its shape, at `axis`."""
    if (
        columns.level == 0 and not columns.array.flags.writeable
    ):  # the unit directions, which the function handed through
        columns = columns.clone()
    moved = shapes.moveaxis(columns, 0, axis)
    sizes = [math.prod(x.shape) for x in leaves]
    at = axis % moved.ndim
    parts = split(moved, sizes, at) if len(sizes) > 1 else (moved,)
    return [np.reshape(p, (*p.shape[:at], *x.shape, *p.shape[at + 1 :])) for p, x in zip(parts, leaves, strict=True)]


def jacfwd(
    f: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
    randomness: str = "same",
) -> Function:
    """The Jacobian of `f` by forward mode: shape (*y.shape, *x.shape), one tangent per input element.

    Best where the inputs are few. The tangents go through `f` as one batch, or `chunk_size` at a time; `randomness` is
    that of `vmap`, where "same" makes it the Jacobian of one function. For containers: the result's structure, each
    leaf holding the structure of the inputs. With `has_aux`, `f` returns `(y, aux)` and the result is `(jacobian,
    aux)`. Cost: one pass with n tangents, n the number of input elements.
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, call = choose(f, argnums, args, kwargs, "jacfwd")
        leaves, structure = inputs_of(chosen, "jacfwd")

        def along(*direction: Any) -> Any:
            return jvp(lambda *xs: call(*unflatten(structure, xs)), tuple(leaves), direction, has_aux)[1:]

        out_dims = (0, None) if has_aux else 0
        y_dots, *aux = vmap(along, 0, out_dims, randomness, chunk_size=chunk_size)(*unit_directions(leaves))
        whole = map_tree(lambda y_dot: _in_structure(_blocks(y_dot, leaves, -1), structure, argnums), y_dots)
        return (whole, *aux) if has_aux else whole

    return jacobian


def jacrev(f: Function, argnums: Argnums = 0, has_aux: bool = False, *, chunk_size: int | None = None) -> Function:
    """The Jacobian of `f` by reverse mode: shape (*y.shape, *x.shape), one cotangent per output element.

    Best where the outputs are few. The cotangents go back as one batch, or `chunk_size` at a time. For containers: the
    result's structure, each leaf holding the structure of the inputs. With `has_aux`, `f` returns `(y, aux)` and the
    result is `(jacobian, aux)`. Cost: one pass forward, one back with m cotangents, m the number of output elements.
    """

    def jacobian(*args: Any, **kwargs: Any) -> Any:
        chosen, call = choose(f, argnums, args, kwargs, "jacrev")
        recorded = Recorded(call, chosen, "jacrev", has_aux)
        rows = vmap(lambda *y_bars: recorded.pull(y_bars), chunk_size=chunk_size)(*unit_directions(recorded.outputs))
        leaves, structure = flatten(rows)
        by_input = [_blocks(x_bar, recorded.outputs, 0) for x_bar in leaves]
        by_output = [_in_structure(list(row), structure, argnums) for row in zip(*by_input, strict=True)]
        whole = unflatten(recorded.out_structure, by_output)
        return (whole, recorded.aux) if has_aux else whole

    return jacobian


def _in_structure(parts: Sequence[Any], structure: Any, argnums: Argnums) -> Any:
    whole = unflatten(structure, parts)
    return whole[0] if isinstance(argnums, int) else tuple(whole)


def hessian(f: Function, argnums: Argnums = 0, *, chunk_size: int | None = None) -> Function:
    """The matrix of second derivatives: forward mode over reverse mode, `jacfwd(jacrev(f))`.

    Shape (*x.shape, *x.shape) for a scalar function. Cost: n tangents through a gradient, as one batch or `chunk_size`
    at a time.
    """
    return jacfwd(jacrev(f, argnums), argnums, chunk_size=chunk_size)


def _gradient(f: Function, count: int) -> Function:
    return grad(f, 0 if count == 1 else tuple(range(count)))


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The gradient of a scalar function and its Hessian times a vector: `(gradient, H v)`.

    Forward mode over reverse mode: about the cost of two gradients, without the Hessian. With one primal both are
    single tensors, else tuples.
    """
    return jvp(_gradient(f, len(primals)), tuple(primals), tuple(tangents))  # type: ignore[no-any-return]


def vhp(f: Function, primals: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, Any]:
    """The gradient of a scalar function and a vector times its Hessian: `(gradient, vᵀ H)`, by reverse mode over
    reverse mode.

    The Hessian is symmetric, so this is `hvp`, which costs less; it is here for functions whose ops have no forward
    rule.
    """
    gradient, pullback = vjp(_gradient(f, len(primals)), *primals)
    given = tuple(cotangents)
    product = pullback(given[0] if len(primals) == 1 else given)
    return gradient, (product[0] if len(primals) == 1 else product)


def laplacian(f: Function, *, chunk_size: int | None = None) -> Function:
    """The trace of the Hessian, Σᵢ ∂²f/∂xᵢ², of a function of one tensor; shape that of `f(x)`.

    Forward mode over forward mode along each unit direction, in one batch or `chunk_size` at a time; the Hessian is
    never formed. Cost: one pass with n pairs of tangents.
    """

    def trace(x: Any) -> Any:
        (point,), _ = inputs_of((x,), "laplacian")

        def second(v: Tensor) -> Any:
            return jvp(lambda z: jvp(f, (z,), (v,))[1], (point,), (v,))[1]

        return np.sum(vmap(second, randomness="same", chunk_size=chunk_size)(*unit_directions([point])), axis=0)

    return trace


def ggn_vp(model: Function, loss: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The generalized Gauss–Newton matrix of `loss(model(*primals))` times a vector: Jᵀ H J v, J the Jacobian of
    `model` and H the Hessian of `loss` (Schraudolph 2002, "Fast curvature matrix-vector products").

    It is the Hessian without the model's own curvature, and positive semi-definite for a convex loss. The result has
    the structure of `primals`, without the tuple if there is one. Cost: about three gradients; no matrix is formed.
    """
    recorded = Recorded(model, primals, "ggn_vp", False)
    leaves, _ = flatten(tuple(tangents))
    j_v = recorded.push(leaves)
    _, h_j_v = hvp(loss, (recorded.value(),), (j_v,))
    product = recorded.pull(flatten(h_j_v)[0])
    return product[0] if len(primals) == 1 else product
