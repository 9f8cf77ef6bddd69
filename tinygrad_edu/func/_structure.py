"""Which elements of an op's output can depend on which elements of an argument: the table of the ops' structures.

An op without an entry here is taken to join every element with every other, which is never wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Bilinear, Elementwise, Linear
from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.func import _groups as groups
from tinygrad_edu.func import _moves as moves
from tinygrad_edu.func._groups import Call, Groups, Matrix, dense, numbers_of, scipy_sparse, selection, shape_of

PROBED = 1024
"""The largest argument of a linear op without an entry here that is pushed through it element by element."""


def structure_of(call: Call) -> list[Matrix] | None:
    """The structure of a call as matrices, to be applied from the last to the first; None for the identity."""
    op = call.op
    if isinstance(op, Elementwise):
        return _elementwise(call)
    rule = _RULES.get(op.name)
    own = REGISTRY.get(op.name) is op  # a custom op may have the name of one of the package's
    found = rule(call) if rule is not None and own else _probed(call)
    if found is None:
        return None
    return found.matrices() if isinstance(found, Groups) else found


def _elementwise(call: Call) -> list[Matrix] | None:
    shape = shape_of(call.arg)
    chosen = None
    if call.op.name == "where" and not isinstance(call.args[0], Spec):  # a mask that is known takes its side only
        mask = np.asarray(call.args[0], bool)
        chosen = np.broadcast_to(mask if call.position == 1 else ~mask, call.out.shape).ravel()
    if chosen is None and shape == call.out.shape:
        return None
    numbers = np.broadcast_to(numbers_of(shape), call.out.shape).ravel()
    return [selection(numbers if chosen is None else np.where(chosen, numbers, -1), math.prod(shape))]


def _same(call: Call) -> None:
    return None


def _probed(call: Call) -> Any:
    """An op without an entry: one that is linear in a small argument is tried with each element; another is dense.

    The other factors of a product get random values, for which no sum of products vanishes unless it always does.
    """
    op, shape = call.op, shape_of(call.arg)
    size = math.prod(shape)
    constants = [a for i, a in enumerate(call.args) if op.rule(i) is None]
    known = all(not isinstance(a, Spec) and getattr(a, "dtype", np.dtype(int)).kind in "biu" for a in constants)
    if not isinstance(op, Linear | Bilinear) or not known or not 0 < size <= PROBED or size * call.out.size > 2**22:
        return dense(call)
    rng = np.random.default_rng(0)
    low, high = (0.0, 0.0) if isinstance(op, Linear) else (0.5, 1.5)
    held = [a if op.rule(i) is None else rng.uniform(low, high, shape_of(a)) for i, a in enumerate(call.args)]
    columns = []
    for unit in np.eye(size).reshape(size, *shape):
        held[call.position] = unit
        columns.append(np.asarray(op.forward(*held, **call.params)).ravel() != 0)
    return [scipy_sparse("sparsity").csr_matrix(np.stack(columns, axis=1))]


_KINDS: dict[Callable[[Call], Any], str] = {
    _same: "cast must_vanish conjugate real imag from_parts packed",
    moves.moved: "reshape transpose broadcast_to concatenate flip roll diagonal diagonal_embed windows pad",
    moves.gathered_back: "overlap_add",
    moves.indexed: "getitem",
    moves.scattered: "scatter_add",
    moves.item_set: "setitem",
    moves.rows_taken: "take_rows",
    moves.rows_summed: "sum_rows",
    groups.reduced: "sum max min logsumexp",
    groups.along: "softmax log_softmax fft rfft irfft",
    groups.running: "cumsum cumprod logcumsumexp recurrence",
    groups.normalized: "normalize",
    groups.matmul: "matmul",
    groups.linear_layer: "linear",
    groups.einsum: "einsum",
    groups.banded: "convolve correlate",
    (lambda call: groups.lead_only(call, 1, 1)): "cross",
    (lambda call: groups.lead_only(call, 0, 1)): "view_as_real",
    (lambda call: groups.lead_only(call, 1, 0)): "view_as_complex",
    groups.per_matrix: "inv slogdet cofactors det cholesky qr eigh eigvalsh eig eigvals matrix_exp svd svdvals pinv",
    groups.solved: "solve",
    groups.attended: "attention",
    groups.per_sequence: "rnn lstm gru",
    groups.labelled: "cross_entropy",
    moves.pooled: "max_pool window_sum",
    moves.unpooled: "window_spread",
    moves.placed: "window_take window_put",
    moves.convolved: "conv conv_transpose",
    moves.weighed: "conv_weight",
}

_RULES = {name: rule for rule, names in _KINDS.items() for name in names.split()}
