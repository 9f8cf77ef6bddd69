"""Fused ops: what models do all the time, in one node each, held by the tests to a reference composed of plain ops."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, conjugate, primitive, to_plain
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import LEVEL0, Tensor
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._unit import first_unit
from tinygrad_edu.ops.product import matmul
from tinygrad_edu.ops.reduce import logsumexp

# -- linear --------------------------------------------------------------------------------------------------------


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else np.reshape(x, (-1, x.shape[-1]))


def _linear(x: Any, w: Any, b: Any = None) -> Any:
    y = np.dot(_rows(x), w.T)  # (n, out): one product over all rows, whatever the rank of x
    if b is not None:
        y += b
    return y if x.ndim == 2 else y.reshape((*x.shape[:-1], w.shape[0]))


def _times_weight(y_bar: Any, x: Any, w: Any) -> Any:
    g = _product(_rows(y_bar), conjugate(w))
    return g if x.ndim == 2 else np.reshape(g, x.shape)


def _weight_bar(y_bar: Any, x: Any) -> Any:
    return _product(_rows(y_bar).mT, conjugate(_rows(x)))


def _product(a: Any, b: Any) -> Any:
    return a.dot(b) if type(a) is type(b) is np.ndarray else np.matmul(a, b)


def _bias_bar(y_bar: Any) -> Any:
    rows = _rows(y_bar)
    if type(rows) is np.ndarray:
        return _ones(len(rows), rows.dtype).dot(rows)  # a quarter of the time of np.add.reduce over few rows
    return np.add.reduce(rows, axis=0)


def _on_each_row(v: Any, lead: tuple[int, ...]) -> Any:
    shape = (*lead, v.shape[-1])
    if type(v) is np.ndarray and v.flags.c_contiguous:  # as broadcast_to, without its five microseconds of Python
        return np.ndarray(shape, v.dtype, v, 0, (*(0,) * len(lead), v.itemsize))
    return np.broadcast_to(v, shape)


@lru_cache(maxsize=8)
def _ones(size: int, dtype: Any) -> Any:
    return np.ones(size, dtype)


def _linear_reference(x: Any, w: Any, b: Any = None) -> Any:
    y = matmul(x, w.mT)
    return y if b is None else y + b


def _along_units(x: Any, shape: tuple[int, ...], first: int) -> Any:
    """X Wᵀ for a batch of matrices W, `shape` (size, out, in), that are unit directions: a column of X each, and zeros."""
    size, n_out, n_in = shape
    rows = _rows(x) if x.ndim > 1 else x[None]
    y = np.zeros((size, len(rows), n_out), x.dtype)
    for unit in range(max(0, first // n_in), min(n_out, -(-(first + size) // n_in))):
        start, stop = max(first, unit * n_in), min(first + size, (unit + 1) * n_in)  # positions within the matrix
        y[start - first : stop - first, :, unit] = rows.T[start - unit * n_in : stop - unit * n_in]
    return y.reshape((size, *x.shape[:-1], n_out))


def _linear_batch(size: int, args: list[Any], flags: list[bool]) -> Any:
    x, w, *b = args
    if flags[0] and flags[1]:
        return NotImplemented
    constant = not isinstance(x, Tensor) or (type(x) in LEVEL0 and x.node is None)
    units = first_unit(w) if flags[1] and constant else None
    if units is not None:
        y = _along_units(to_plain(x), w.shape, units)
    elif flags[1]:  # all the matrices side by side, for one product with them all
        y = linear_(x, np.reshape(w, (-1, w.shape[-1])))  # (…, size · out)
        y = np.moveaxis(np.reshape(y, (*x.shape[:-1], size, w.shape[1])), -2, 0)
    elif flags[0]:
        # A batch of directions that came out of the line above lies in memory by rows first, and is copied otherwise.
        by_rows = x.ndim > 2 and isinstance(x, Tensor) and not x.level and not x.array.flags.c_contiguous
        y = np.moveaxis(linear_(np.moveaxis(x, 0, -2), w), -2, 0) if by_rows else linear_(x, w)
    else:
        y = linear_(x, w)
    if not b or b[0] is None:
        return y
    return y + (np.reshape(b[0], (size, *(1,) * (x.ndim - 1 - flags[0]), -1)) if flags[2] else b[0])


linear_: Op = primitive(
    "linear",
    _linear,
    Given(
        "X̄ += Ȳ W",
        lambda x_dot, y, x, w, b=None: linear_(x_dot, w),
        lambda y_bar, y, x, w, b=None: _times_weight(y_bar, x, w),
        reads=[1],
    ),
    Given(
        "W̄ += Ȳᵀ X",
        lambda w_dot, y, x, w, b=None: linear_(x, w_dot),
        lambda y_bar, y, x, w, b=None: _weight_bar(y_bar, x),
        reads=[0],
    ),
    Given(
        "b̄ += Σ Ȳ",
        lambda b_dot, y, x, w, b=None: _on_each_row(b_dot, x.shape[:-1]),
        lambda y_bar, y, x, w, b=None: _bias_bar(y_bar),
    ),
    math="Y = X Wᵀ + b",
    cost=lambda y, x, w, b=None: 2 * y.size * x.shape[-1] + (0 if b is None else y.size),
    promotes=True,
    batch=_linear_batch,
    reference=_linear_reference,
    samples=lambda r: [
        Sample((r.complex(2, 3), r.complex(4, 3), r.complex(4))),
        Sample((r(4, 3), r(2, 3), r(2))),
        Sample((r(2, 4, 3), r(2, 3))),
        Sample((r(3), r(2, 3), r(2))),
    ],
)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """`x @ weight.T + bias`: x (…, in), weight (out, in), bias (out,) → (…, out)."""
    rows, shape = x.shape, weight.shape
    if len(shape) != 2 or not rows or rows[-1] != shape[1]:
        raise ShapeError(
            f"linear: the input of shape {rows} doesn't meet the weight of shape {shape}: its last axis must have "
            f"{shape[-1] if shape else 'as many'} features."
        )
    if bias is None:
        return linear_(x, weight)
    if bias.shape != shape[:1]:
        raise ShapeError(
            f"linear: the bias of shape {bias.shape} doesn't meet the weight of shape {shape}: it must be ({shape[0]},)."
        )
    return linear_(x, weight, bias)


# -- softmax -------------------------------------------------------------------------------------------------------


def _softmax(x: Any, *, axis: int) -> Any:
    if not x.flags.c_contiguous:
        x = np.ascontiguousarray(x)  # as in PyTorch the result lies so, which decides on the mask of a dropout
    y = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    y /= np.add.reduce(y, axis=axis, keepdims=True)
    return y


def _log_softmax(x: Any, *, axis: int) -> Any:
    if not x.flags.c_contiguous:
        x = np.ascontiguousarray(x)
    y = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    y -= np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True))
    return y


def _along(g: Any, axis: int) -> Any:
    return np.add.reduce(g, axis=axis, keepdims=True)


def _softmax_rule(g: Any, y: Any, x: Any, *, axis: int) -> Any:
    # The Jacobian diag(y) − y yᵀ is symmetric: one rule serves both modes.
    return y * (g - _along(y * g, axis))


_SOFTMAX_SAMPLES: Any = lambda r: [
    Sample((r(3, 4),), {"axis": 1}),
    Sample((r(2, 3, 2),), {"axis": 1}),
    Sample((r(3),), {"axis": 0}),
]

softmax_: Op = primitive(
    "softmax",
    _softmax,
    Given("X̄ += Y ∘ (Ȳ − Σ Y ∘ Ȳ)", _softmax_rule, _softmax_rule, reads="y"),
    math="yᵢ = e^(xᵢ) / Σⱼ e^(xⱼ)",
    cost=lambda y, x, **_: 5 * x.size,
    floating=True,
    complex=False,
    batch=lambda size, args, flags, *, axis: softmax_(*args, axis=axis + 1),
    reference=lambda x, *, axis: np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True),
    samples=_SOFTMAX_SAMPLES,
)
log_softmax_: Op = primitive(
    "log_softmax",
    _log_softmax,
    Given(
        "X̄ += Ȳ − e^Y Σ Ȳ",
        lambda x_dot, y, x, *, axis: x_dot - _along(np.exp(y) * x_dot, axis),
        lambda y_bar, y, x, *, axis: y_bar - np.exp(y) * _along(y_bar, axis),
        reads="y",
    ),
    math="yᵢ = xᵢ − ln Σⱼ e^(xⱼ)",
    cost=lambda y, x, **_: 5 * x.size,
    floating=True,
    complex=False,
    batch=lambda size, args, flags, *, axis: log_softmax_(*args, axis=axis + 1),
    reference=lambda x, *, axis: x - logsumexp(x, axis, keepdims=True),
    samples=_SOFTMAX_SAMPLES,
)


def softmax(x: Any, axis: int = -1) -> Any:
    """e^x / Σ e^x along `axis`, without overflow: positive, and summing to one."""
    return softmax_(x, axis=one_axis(axis, x.ndim, "softmax"))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, computed without leaving the logarithm."""
    return log_softmax_(x, axis=one_axis(axis, x.ndim, "log_softmax"))


# -- cross entropy -------------------------------------------------------------------------------------------------


def _cross_entropy(x: Any, labels: Any, weights: Any) -> Any:
    p = x - np.maximum.reduce(x, axis=1, keepdims=True)
    picked = p.take(np.arange(0, p.size, p.shape[1]) + labels)
    np.exp(p, out=p)
    total = np.add.reduce(p, axis=1, keepdims=True)
    p /= total
    return np.dot(weights, np.log(total[:, 0]) - picked), p


def _onehot(labels: Any, like: Any) -> Any:
    return (labels[..., None] == np.arange(like.shape[-1])) * np.ones((), like.dtype)


def _cross_entropy_push(x_dot: Any, y: Any, x: Any, labels: Any, weights: Any) -> Any:
    p = y[1]
    loss_dot = np.sum(weights[..., None] * (p - _onehot(labels, p)) * x_dot)
    return loss_dot, p * (x_dot - _along(p * x_dot, 1))


def _cross_entropy_pull(y_bar: Any, y: Any, x: Any, labels: Any, weights: Any) -> Any:
    loss_bar, p_bar = y_bar
    p = y[1]
    x_bar = None
    if loss_bar is not None:
        scale = weights[..., None] * loss_bar
        if isinstance(p, Tensor) or isinstance(scale, Tensor) or isinstance(labels, Tensor):
            x_bar = scale * (p - _onehot(labels, p))
        else:  # the same in place, without a matrix of zeros and ones
            x_bar = np.multiply(p, scale, order="C")  # so that the flat view below is one
            at = np.arange(0, x_bar.size, x_bar.shape[1]) + labels
            x_bar.reshape(-1)[at] -= scale[:, 0]
    if p_bar is not None:
        from_p = p * (p_bar - _along(p * p_bar, 1))
        x_bar = from_p if x_bar is None else x_bar + from_p
    return x_bar


def _cross_entropy_reference(x: Any, labels: Any, weights: Any) -> Any:
    picked = np.sum(log_softmax(x, 1) * _onehot(labels, x), axis=1)
    return -np.sum(weights * picked), softmax(x, 1)


cross_entropy_ = primitive(
    "cross_entropy",
    _cross_entropy,
    Given("X̄ += ȳ · w ∘ (softmax(X) − onehot(labels))", _cross_entropy_push, _cross_entropy_pull, reads=["y1", 1, 2]),
    None,
    None,
    math="y = Σₙ wₙ (ln Σⱼ e^(xₙⱼ) − xₙ[labelₙ]), and the softmax of x beside it",
    cost=lambda y, x, *_: 6 * x.size,
    reference=_cross_entropy_reference,
    samples=lambda r: [Sample((r(4, 3), np.array([0, 2, 1, 2]), r.constant(4)))],
)


def _scores_slope(x: Any, labels: Any, weights: Any) -> Any:
    p = softmax(x, 1)
    return weights[..., None] * (p - _onehot(labels, p))


# With a batch of tangents, that of the softmax costs as much as all else here, and only a way back needs it.
cross_entropy_loss_ = primitive(
    "cross_entropy_loss",
    lambda x, labels, weights: _cross_entropy(x, labels, weights)[0],
    Given(
        "X̄ += ȳ · w ∘ (softmax(X) − onehot(labels))",
        lambda x_dot, y, x, labels, weights: np.sum(_scores_slope(x, labels, weights) * x_dot),
        lambda y_bar, y, x, labels, weights: y_bar * _scores_slope(x, labels, weights),
        reads=[0, 1, 2],
    ),
    None,
    None,
    math="y = Σₙ wₙ (ln Σⱼ e^(xₙⱼ) − xₙ[labelₙ]): the same alone, for values that nothing records",
    cost=lambda y, x, *_: 6 * x.size,
    reference=lambda x, labels, weights: _cross_entropy_reference(x, labels, weights)[0],
    samples=lambda r: [Sample((r(4, 3), np.array([0, 2, 1, 2]), r.constant(4)))],
)


def cross_entropy(x: Any, labels: Any, weights: Any) -> Any:
    """Σ of `weights` (n,) times the cross entropies of the rows of scores `x` (n, classes) with `labels` (n,)."""
    if isinstance(x, Tensor) and x.level and x.node is None:
        return cross_entropy_loss_(x, labels, weights)
    return cross_entropy_(x, labels, weights)[0]
