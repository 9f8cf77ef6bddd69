"""Structures of ops that move elements: views, indexing, and windows over a grid, convolutions among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.tensor import Array
from tinygrad_edu.func._groups import (
    Call,
    Groups,
    Matrix,
    identity,
    numbers_of,
    scipy_sparse,
    selection,
    shape_of,
    shared_axes,
)
from tinygrad_edu.ops.index import ARRAY, key_of


def moved(call: Call) -> Groups:
    """Every output is one element of the argument, or zero: found by sending the elements' numbers through the op."""
    sent = [
        numbers_of(shape_of(a), 1)
        if i == call.position
        else np.zeros(shape_of(a), int)
        if call.op.rule(i) is not None
        else a
        for i, a in enumerate(call.args)
    ]
    got = np.asarray(call.op.forward(*sent, **call.params)).ravel().astype(np.int64) - 1
    size = math.prod(shape_of(call.arg))
    return Groups(got, np.arange(size), size)


def gathered_back(call: Call) -> Groups:
    """Every element of the argument goes to one output, or nowhere: found by pulling the outputs' numbers back."""
    rule = call.op.rule(call.position)
    assert rule is not None
    specs = [
        Spec(shape_of(a), np.dtype(np.int64)) if call.op.rule(i) is not None else a for i, a in enumerate(call.args)
    ]
    got = np.asarray(rule.pull(numbers_of(call.out.shape, 1), None, *specs, **call.params)).ravel() - 1
    return Groups(np.arange(call.out.size), got, call.out.size)


def _index_parts(call: Call, first: int, ndim: int) -> tuple[list[Any], list[int]]:
    """The index arrays of a call, zeros for those that vary, and the axes of the indexed value that those run over."""
    indices = list(call.args[first:])
    spec = call.params["spec"]
    used = sum(_width(part, i) for part, i in _with_arrays(spec, indices))
    varying, axis = [], 0
    for part, index in _with_arrays(spec, indices):
        if part is Ellipsis:
            axis += ndim - used
            continue
        if isinstance(index, Spec):
            varying.append(axis)
        axis += _width(part, index)
    return [np.zeros(i.shape, int) if isinstance(i, Spec) else i for i in indices], varying


def _with_arrays(spec: Sequence[Any], indices: Sequence[Any]) -> list[tuple[Any, Any]]:
    rest = iter(indices)
    return [(part, next(rest) if part is ARRAY else None) for part in spec]


def _width(part: Any, index: Any) -> int:
    """How many axes of the value a part of the index takes."""
    if part is None or part is Ellipsis:
        return 0
    return index.ndim if index is not None and index.dtype == bool else 1


def _collapsed(shape: Sequence[int], axes: Sequence[int]) -> Array:
    """The elements' numbers, the same for all that differ only in these axes."""
    numbers = numbers_of(shape)
    for axis in axes:
        numbers = np.broadcast_to(np.take(numbers, [0] if shape[axis] else [], axis), tuple(shape))
    return numbers


def indexed(call: Call) -> Groups:
    """`getitem`; an index that itself depends on the inputs may pick anything along its axis."""
    shape = shape_of(call.arg)
    indices, varying = _index_parts(call, 1, len(shape))
    numbers = _collapsed(shape, varying)
    return Groups(numbers[key_of(call.params["spec"], indices)].ravel(), numbers.ravel(), numbers.size)


def scattered(call: Call) -> Groups:
    """`scatter_add`, the transpose of `getitem`."""
    indices, varying = _index_parts(call, 1, call.out.ndim)
    numbers = _collapsed(call.out.shape, varying)
    return Groups(numbers.ravel(), numbers[key_of(call.params["spec"], indices)].ravel(), numbers.size)


def item_set(call: Call) -> Any:
    indices, varying = _index_parts(call, 2, call.out.ndim)
    if call.position == 0:
        return None if varying else moved(call)
    numbers = _collapsed(call.out.shape, varying)
    if not varying:
        return moved(call)
    # An element of v, repeated over the region, may land anywhere along the axes of the indices that vary.
    region = numbers[key_of(call.params["spec"], indices)]
    source = np.broadcast_to(numbers_of(shape_of(call.arg)), region.shape).ravel()
    sp = scipy_sparse("sparsity")
    lands = sp.csr_matrix(
        (np.ones(region.size, bool), (region.ravel(), source)), shape=(numbers.size, math.prod(shape_of(call.arg)))
    )
    return [selection(numbers.ravel(), numbers.size), lands]


def rows_taken(call: Call) -> Groups:
    if not isinstance(call.args[1], Spec):
        return moved(call)
    shape = shape_of(call.arg)
    numbers = _collapsed(shape, [0])
    got = numbers[np.zeros(call.args[1].shape, int)]
    return Groups(got.ravel(), numbers.ravel(), numbers.size)


def rows_summed(call: Call) -> Groups:
    if not isinstance(call.args[1], Spec):
        return gathered_back(call)
    numbers = _collapsed(call.out.shape, [0])
    return Groups(numbers.ravel(), numbers[np.zeros(call.args[1].shape, int)].ravel(), numbers.size)


# -- windows over a grid -------------------------------------------------------------------------------------------------


def _grid_taps(grid: Sequence[int], out: Sequence[int], windows: dict[str, Any]) -> Matrix:
    """Which of a grid's elements each window meets: (windows, elements)."""
    per_axis = zip(grid, out, windows["kernel"], windows["stride"], windows["lead"], windows["dilation"], strict=True)
    sp = scipy_sparse("sparsity")
    axes = [identity(1)]
    for n, count, k, s, lo, d in per_axis:
        at = np.arange(count)[:, None] * s + np.arange(k)[None, :] * d - lo
        rows = np.broadcast_to(np.arange(count)[:, None], at.shape)
        inside = (at >= 0) & (at < n)
        axes.append(sp.csr_matrix((np.ones(inside.sum(), bool), (rows[inside], at[inside])), shape=(count, n)))
    return _chain(axes)


def pooled(call: Call) -> list[Matrix]:
    """Each window from all its elements: `max_pool`, `window_sum`, and `window_take` at places that vary."""
    shape, out = shape_of(call.arg), call.params["out"]
    d = len(out)
    taps = _grid_taps(shape[len(shape) - d :], out, call.params)
    lead = call.out.shape[: call.out.ndim - d]
    spread = np.broadcast_to(numbers_of(shape[: len(shape) - d]), lead).ravel()
    return [_chain([selection(spread, math.prod(shape[: len(shape) - d])), taps])]


def unpooled(call: Call) -> list[Matrix]:
    """The transpose of `pooled`: `window_spread`, and `window_put` at places that vary."""
    shape, grid = shape_of(call.arg), call.params["grid"]
    d = len(grid)
    taps = _grid_taps(grid, shape[len(shape) - d :], call.params).T.tocsr()
    lead = call.out.shape[: call.out.ndim - d]
    spread = np.broadcast_to(numbers_of(shape[: len(shape) - d]), lead).ravel()
    return [_chain([selection(spread, math.prod(shape[: len(shape) - d])), taps])]


def placed(call: Call) -> Any:
    """`window_take` and `window_put`: exact where the places are known."""
    if isinstance(call.args[1], Spec):
        return (pooled if call.op.name == "window_take" else unpooled)(call)
    return moved(call) if call.op.name == "window_take" else gathered_back(call)


def _chain(factors: Sequence[Matrix]) -> Matrix:
    """The Kronecker product: one factor for each axis, or group of axes, that the elements are counted along."""
    sp = scipy_sparse("sparsity")
    whole = factors[0]
    for factor in factors[1:]:
        whole = sp.kron(whole, factor, format="csr")
    return whole.astype(bool)


def convolved(call: Call) -> Any:
    """`conv` and `conv_transpose` in their grid: by windows, and the channels of a group with one another.

    Of `conv`, weights (O, C/groups, *k) and bias (O,) go to their output channel; of `conv_transpose`, weights
    (O, C/groups, *k) to the input channel that they give, where there is one group.
    """
    shape, params, transposed = shape_of(call.arg), call.params, call.op.name == "conv_transpose"
    groups = params["groups"]
    if call.position:
        labels = ["o", *[None] * (len(shape) - 1)]
        if transposed:
            labels = [None, "o" if groups == 1 else None, *[None] * (len(shape) - 2)]
        return shared_axes(labels, shape, [None, "o", *[None] * (call.out.ndim - 2)], call.out.shape)
    windows = {**params, "kernel": shape_of(call.args[1])[2:]}
    if transposed:
        taps = _grid_taps(params["grid"], shape[2:], windows).T.tocsr()
    else:
        taps = _grid_taps(shape[2:], params["out"], windows)
    here, there = shape[1] // groups, call.out.shape[1] // groups
    items = identity(shape[0] * groups)
    # The channels of a group are joined, moved over the grid, and spread over the group's outputs.
    return [
        _chain([items, _ones(there, 1), identity(taps.shape[0])]),
        _chain([items, taps]),
        _chain([items, _ones(1, here), identity(taps.shape[1])]),
    ]


def _ones(rows: int, columns: int) -> Matrix:
    return scipy_sparse("sparsity").csr_matrix(np.ones((rows, columns), bool))


def weighed(call: Call) -> Groups:
    """`conv_weight`: w (O, C/groups, *k) from x (N, C, *grid) and y (N, O, *out)."""
    label = "o" if call.position else "c" if call.params["groups"] == 1 else None
    rest = [None] * (call.out.ndim - 2)
    return shared_axes([None, label, *rest], shape_of(call.arg), ["o", "c", *rest], call.out.shape)
