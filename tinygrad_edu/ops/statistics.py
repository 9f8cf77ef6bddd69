"""Weighted averages, covariances and correlations. Means and variances are in `reduce.py`, medians in `quantile.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import ConfigError, DataError, DTypeError, ShapeError
from tinygrad_edu.ops import reduce
from tinygrad_edu.ops._axes import many_axes, one_axis
from tinygrad_edu.ops._found import concrete, is_concrete
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.shape import broadcast_to, expand_dims, transpose


def aligned_weights(weights: Any, x: Any, axis: Any, name: str) -> Any:
    """The weights in a shape that broadcasts to that of `x`: they have either its shape, or that of the given axes."""
    weights = as_value(weights)
    if weights.shape == x.shape:
        return weights
    if axis is None:
        raise ShapeError(
            f"{name}: weights of shape {weights.shape} for values of shape {x.shape}; say with axis= what they belong to."
        )
    axes = tuple(one_axis(a, x.ndim, name) for a in (axis if isinstance(axis, tuple) else (axis,)))
    if weights.shape != tuple(x.shape[a] for a in axes):
        raise ShapeError(
            f"{name}: weights of shape {weights.shape} have neither the shape {x.shape} of the values nor that of axis {axis}."
        )
    weights = transpose(weights, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__)))
    return expand_dims(weights, tuple(a for a in range(x.ndim) if a not in axes))


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """The mean over `axis`, weighted; with `returned` also the sum of the weights."""
    a = as_value(a)
    axes = many_axes(axis, a.ndim, "average")
    if weights is None:
        mean = np.mean(a, axes, keepdims=keepdims)
        total = as_value(np.full((), reduce.count(a, axes, True, "average"), mean.dtype))
    else:
        weights = aligned_weights(weights, a, axis, "average")
        total = reduce.sum(broadcast_to(weights, shape=a.shape), axes, keepdims=keepdims)
        if is_concrete(total) and (concrete(total, "average") == 0).any():
            raise ZeroDivisionError("average: the weights sum to zero, so there is no average.")
        mean = reduce.sum(a * weights, axes, keepdims=keepdims) / total
    return (mean, broadcast_to(total, shape=mean.shape)) if returned else mean


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """The covariances of variables, one in each row (column without `rowvar`); `fweights` count repeated observations,
    `aweights` weigh them. As in NumPy the sum is divided by n − 1, by n with `bias`, or by n − `ddof`.
    """
    if ddof is not None and ddof != int(ddof):
        raise ConfigError(f"cov: ddof is an integer, not {ddof!r}.")
    x = _variables(m, "cov", dtype)
    if not rowvar and x.ndim == 2 and as_value(m).ndim != 1:
        x = np.transpose(x)
    if y is not None:
        other = _variables(y, "cov", dtype)
        x = np.concatenate([x, np.transpose(other) if not rowvar and other.shape[0] != 1 else other], axis=0)
    ddof = (0 if bias else 1) if ddof is None else int(ddof)
    weights, total, freedom = _weights_of(x, fweights, aweights, ddof)
    centred = x - (
        np.mean(x, 1, keepdims=True) if weights is None else reduce.sum(x * weights, 1, keepdims=True) / total
    )
    product = np.matmul(centred if weights is None else centred * weights, np.transpose(np.conjugate(centred)))
    with np.errstate(divide="ignore", invalid="ignore"):  # too few observations are infinite or NaN, as in PyTorch
        return np.squeeze(product / freedom)


def _variables(m: Any, name: str, dtype: Any) -> Any:
    m = as_value(m)
    if m.ndim > 2:
        raise ShapeError(f"{name}: takes a vector or a matrix, not shape {m.shape}.")
    m = reduce.in_dtype(m, dtype)
    return m if m.ndim == 2 else np.reshape(m, (1, -1))


def _weights_of(x: Any, fweights: Any, aweights: Any, ddof: int) -> tuple[Any, Any, Any]:
    """The product of both kinds of weights, their sum, and the degrees of freedom that divide the covariance."""
    n = x.shape[1]
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is not None:
            weights = as_value(weights)
            if weights.shape != (n,):
                raise ShapeError(f"cov: {name} of shape {weights.shape} for {n} observations.")
            if name == "fweights" and weights.dtype.kind not in "iu":
                raise DTypeError(f"cov: fweights count observations, so they are integers, not {weights.dtype}.")
            if is_concrete(weights) and (concrete(weights, "cov") < 0).any():
                raise DataError(f"cov: {name} can't be negative.")
    if fweights is None and aweights is None:
        return None, n, max(n - ddof, 0)
    frequencies = None if fweights is None else as_value(fweights)
    if aweights is None:
        total = reduce.sum(frequencies)
        return frequencies, total, np.maximum(total - ddof, 0)
    importance = as_value(aweights)
    weights = importance if frequencies is None else importance * frequencies
    total = reduce.sum(weights)
    return weights, total, total - ddof * reduce.sum(weights * importance) / total if ddof else total


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlations of variables, one in each row (column without `rowvar`)."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    spread = np.sqrt(np.real(np.diagonal(c)))
    r = c / np.reshape(spread, (-1, 1)) / spread
    if c.dtype.kind == "c":
        return np.clip(np.real(r), -1, 1) + np.clip(np.imag(r), -1, 1) * 1j
    return np.clip(r, -1, 1)
