"""Structures by groups: which axes an op's output shares with an argument, and what belongs together there.

A structure is a product of boolean matrices from an argument's elements to the output's, both counted row by row. It
holds whatever the floating values are: only shapes, metadata, and constant indices and masks are looked at.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import Array
from tinygrad_edu.errors import UnsupportedError

Matrix = Any  # a scipy.sparse CSR matrix
Labels = Sequence[Any]


def scipy_sparse(name: str) -> Any:
    """The module `scipy.sparse`, for the function `name`, which needs it."""
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError:
        raise UnsupportedError(
            f'{name}: needs SciPy, which isn\'t installed: pip install "tinygrad-edu[sparse]"'
        ) from None


class Groups(NamedTuple):
    """A structure of groups: an output element depends on the argument's elements of the same number, −1 on none."""

    outs: Array
    args: Array
    total: int

    def matrices(self) -> list[Matrix]:
        return [selection(self.outs, self.total), selection(self.args, self.total).T.tocsr()]


def selection(numbers: Array, count: int) -> Matrix:
    """The boolean matrix (len(numbers), count) with a one in each row, at that column; −1 leaves the row empty."""
    there = numbers >= 0
    starts = np.concatenate([[0], np.cumsum(there)])
    columns = numbers[there]
    return scipy_sparse("sparsity").csr_matrix(
        (np.ones(len(columns), bool), columns, starts), shape=(len(numbers), count)
    )


class Call(NamedTuple):
    """An op's call, seen from one differentiable argument and one output.

    An argument that varies with the inputs is a Spec; what is constant is there with its values.
    """

    op: Op
    position: int
    args: Sequence[Any]
    params: dict[str, Any]
    out: Spec

    @property
    def arg(self) -> Any:
        return self.args[self.position]


def shape_of(a: Any) -> tuple[int, ...]:
    return tuple(getattr(a, "shape", ()))


def numbers_of(shape: Sequence[int], start: int = 0) -> Array:
    """The elements' own numbers, in their shape."""
    return np.arange(start, start + math.prod(shape)).reshape(tuple(shape))


def identity(n: int) -> Matrix:
    return scipy_sparse("sparsity").identity(n, dtype=bool, format="csr")


# -- axes that are shared ------------------------------------------------------------------------------------------------


def shared_axes(arg: Labels, arg_shape: Sequence[int], out: Labels, out_shape: Sequence[int]) -> Groups:
    """Elements that agree in the axes of the same label belong together; an axis labelled None is no one's.

    An axis of length 1 in one of the two is broadcast or was summed: it doesn't tell elements apart.
    """
    common = [
        label
        for label in dict.fromkeys(arg)
        if label is not None and label in out and arg_shape[arg.index(label)] == out_shape[list(out).index(label)]
    ]
    sizes = [arg_shape[arg.index(label)] for label in common]
    numbers = numbers_of(sizes)

    def spread(labels: Labels, shape: Sequence[int]) -> Array:
        labels = list(labels)
        places = [labels.index(label) for label in common]
        order = sorted(range(len(common)), key=places.__getitem__)
        full = [1] * len(shape)
        for label, place in zip(common, places, strict=True):
            full[place] = sizes[common.index(label)]
        return np.broadcast_to(np.transpose(numbers, order).reshape(full), tuple(shape)).ravel()

    return Groups(spread(out, out_shape), spread(arg, arg_shape), math.prod(sizes))


def leading(shape: Sequence[int], core: int) -> list[Any]:
    """Labels for the axes before the last `core`, counted from the right: those that NumPy lines up."""
    return [("lead", i) for i in range(len(shape) - core, 0, -1)]


def dense(call: Call) -> Groups:
    return Groups(np.zeros(call.out.size, int), np.zeros(math.prod(shape_of(call.arg)), int), 1)


def _axes_of(params: dict[str, Any], ndim: int) -> set[int]:
    axes = params["axes"] if "axes" in params else params["axis"]
    return {a % ndim for a in ((axes,) if isinstance(axes, int) else axes)} if axes is not None else set(range(ndim))


def reduced(call: Call) -> Groups:
    """Sums, extrema: one output for the elements along `axis`."""
    shape = shape_of(call.arg)
    gone = _axes_of(call.params, len(shape))
    keep = call.params.get("keepdims", False)
    labels = list(range(len(shape)))
    out = [None if i in gone else i for i in labels if keep or i not in gone]
    return shared_axes(labels, shape, out, call.out.shape)


def along(call: Call) -> Groups:
    """Every output along `axis` from every element along it."""
    shape = shape_of(call.arg)
    gone = _axes_of(call.params, len(shape))
    labels = [None if i in gone else i for i in range(len(shape))]
    return shared_axes(labels, shape, labels, call.out.shape)


def running(call: Call) -> Any:
    """Every output along `axis` from the elements up to its own."""
    shape = shape_of(call.arg)
    axis = call.params["axis"] % len(shape)
    n, before, after = shape[axis], math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    sp = scipy_sparse("sparsity")
    triangle = sp.csr_matrix(np.tri(n, dtype=bool)) if n * n <= 2**24 else None
    if triangle is None:
        return along(call)
    return [sp.kron(sp.kron(identity(before), triangle), identity(after), format="csr").astype(bool)]


def normalized(call: Call) -> Groups:
    """The normalized values, and the statistics beside them, from a whole group; weight and bias element by element."""
    shape, x = shape_of(call.arg), shape_of(call.args[0])
    if call.position:
        return shared_axes(leading(shape, 0), shape, leading(call.out.shape, 0), call.out.shape)
    gone = _axes_of(call.params, len(x))
    labels = [None if i in gone else i for i in range(len(x))]
    return shared_axes(labels, x, labels, call.out.shape)


# -- products ------------------------------------------------------------------------------------------------------------


def matmul(call: Call) -> Groups:
    a, b = (shape_of(x) for x in call.args)
    labels = [
        ["k"] if len(a) == 1 else [*leading(a, 2), "i", "k"],
        ["k"] if len(b) == 1 else [*leading(b, 2), "k", "j"],
    ]
    core = ["i"] * (len(a) > 1) + ["j"] * (len(b) > 1)
    out = [*leading(call.out.shape, len(core)), *core]
    return shared_axes(labels[call.position], shape_of(call.arg), out, call.out.shape)


def linear_layer(call: Call) -> Groups:
    x = shape_of(call.args[0])
    labels = ([*leading(x, 1), "i"], ["o", "i"], ["o"])[call.position]
    return shared_axes(labels, shape_of(call.arg), [*leading(call.out.shape, 1), "o"], call.out.shape)


def einsum(call: Call) -> Groups:
    inputs, _, out = call.params["subscripts"].partition("->")
    return shared_axes(list(inputs.split(",")[call.position]), shape_of(call.arg), list(out), call.out.shape)


def banded(call: Call) -> Any:
    """The products of `convolve` and `correlate` over windows along the last axis."""
    shape, other = shape_of(call.arg), shape_of(call.args[1 - call.position])
    n, m, out = shape[-1], other[-1], call.out.shape[-1]
    k, j = np.arange(out)[:, None], np.arange(n)[None, :]
    if call.op.name == "correlate":
        if call.position:
            return lead_only(call, 1, 1)
        inside = (j >= k) & (j < k + m)
    else:
        inside = (k - j >= 0) & (k - j < m)
    if len(shape) > 1 or len(call.out.shape) > 1 or out * n > 2**24:
        return lead_only(call, 1, 1)
    return [scipy_sparse("sparsity").csr_matrix(inside)]


# -- matrices ------------------------------------------------------------------------------------------------------------


def lead_only(call: Call, core: int, out_core: int) -> Groups:
    shape = shape_of(call.arg)
    return shared_axes(leading(shape, core), shape, leading(call.out.shape, out_core), call.out.shape)


def per_matrix(call: Call) -> Groups:
    """Whatever is computed of one matrix, or of a stack of them, item by item."""
    shape = shape_of(call.arg)
    lead = list(range(len(shape) - 2))
    return shared_axes([*lead, None, None], shape, [*lead, *[None] * (call.out.ndim - len(lead))], call.out.shape)


def solved(call: Call) -> Groups:
    shape = shape_of(call.arg)
    labels = [*leading(shape, 2), None, "j" if call.position else None]
    return shared_axes(labels, shape, [*leading(call.out.shape, 2), None, "j"], call.out.shape)


def attended(call: Call) -> Groups:
    shape = shape_of(call.arg)
    if len(shape) < 2:
        return dense(call)
    row = "l" if call.position == 0 else None
    return shared_axes([*leading(shape, 2), row, None], shape, [*leading(call.out.shape, 2), "l", None], call.out.shape)


def per_sequence(call: Call) -> Groups:
    """Recurrent layers: (T, N, …) inputs and outputs, (N, H) states; the examples don't meet."""
    kinds = {3: [None, "n", None], 2: ["n", None]}
    shape = shape_of(call.arg)
    if call.position >= _STATES[call.op.name] or len(shape) not in kinds or call.out.ndim not in kinds:
        return dense(call)
    return shared_axes(kinds[len(shape)], shape, kinds[call.out.ndim], call.out.shape)


_STATES = {"rnn": 2, "lstm": 3, "gru": 2}
"""How many arguments come before the weights."""


def labelled(call: Call) -> Groups:
    """The softmax beside a cross-entropy has a row per example; the loss joins them all."""
    shape = shape_of(call.arg)
    rest = [None] * (len(shape) - 1)
    if call.out.shape != shape:
        return dense(call)
    return shared_axes(["n", *rest], shape, ["n", *rest], call.out.shape)
