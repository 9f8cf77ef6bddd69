"""Tensor's methods that go along axes: sums, moments, norms, truths, and running totals. Extrema are in `order.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import reduce, scan
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._found import Found
from tinygrad_edu.ops.methods._spelling import either_spelling, np
from tinygrad_edu.ops.node_names import entitle

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Reductions:
    """`dim` is an axis, several, or None for all; `axis` and `keepdims` are accepted for `dim` and `keepdim`."""

    __slots__ = ()

    def sum(
        self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False, dtype: Any = None
    ) -> Tensor:
        y: Any = reduce.sum(self, axis if dim is None else dim, dtype, keepdims=keepdim or keepdims)
        if not (dim is axis is None) and not y.ndim:  # which the node doesn't know from a sum of everything
            entitle(y, "SumBackward1")
        return y

    def mean(
        self: Any,
        dim: Any = None,
        keepdim: bool = False,
        *,
        axis: Any = None,
        keepdims: bool = False,
        dtype: Any = None,
    ) -> Tensor:
        if dtype is None and self.dtype.kind not in "fc":
            raise DTypeError(
                f"mean: needs a floating or complex dtype, got {self.dtype}; convert it first, e.g. x.float()."
            )
        return reduce.mean(self, axis if dim is None else dim, dtype, keepdims=keepdim or keepdims)

    @either_spelling
    def prod(self: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        return reduce.prod(self, dim, dtype, keepdims=keepdim)

    @either_spelling
    def var(
        self: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> Tensor:
        """The variance, divided by n − `correction`: 1 by default, 0 with `unbiased=False`."""
        return reduce.var(self, **_freedom(dim, unbiased, keepdim, correction))

    @either_spelling
    def std(
        self: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> Tensor:
        """The root of `var`."""
        return reduce.std(self, **_freedom(dim, unbiased, keepdim, correction))

    @either_spelling
    def logsumexp(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.logsumexp(self, dim, keepdims=keepdim)

    @either_spelling
    def nansum(self: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum of what isn't NaN."""
        return reduce.sum(e.where(e.isnan(self), 0.0, self), dim, dtype, keepdims=keepdim)

    @either_spelling
    def nanmean(self: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of what isn't NaN."""
        number = e.logical_not(e.isnan(self))
        count = reduce.sum(number, dim, keepdims=keepdim)
        return reduce.sum(e.where(number, self, 0.0), dim, dtype, keepdims=keepdim) / count

    @either_spelling
    def norm(self: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The p-norm of the elements: (Σ|x|ᵖ)^(1/p); `"fro"` is p = 2, `"nuc"` the sum of the singular values."""
        x = self if dtype is None else self.to(dtype)
        if p in (None, "fro", 2):
            return reduce.norm(x, dim, keepdims=keepdim)
        if p == "nuc":
            return np.linalg.norm(x, "nuc", axis=dim, keepdims=keepdim)
        if isinstance(p, str):
            raise ShapeError(f"norm: p is a number, 'fro' or 'nuc', not {p!r}.")
        return np.linalg.vector_norm(x, ord=p, axis=dim, keepdims=keepdim)

    def renorm(self: Any, p: float, dim: int, maxnorm: float) -> Tensor:
        """Each slice along `dim` scaled down to `maxnorm` where its p-norm is larger."""
        at = one_axis(dim, self.ndim, "renorm")
        size = Reductions.norm(self, p, tuple(i for i in range(self.ndim) if i != at), True)
        large = size > maxnorm
        # PyTorch's 1e-7 keeps the quotient finite.
        return e.where(large, self * (maxnorm / (e.where(large, size, maxnorm) + 1e-7)), self)

    @either_spelling
    def all(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.all(self, dim, keepdims=keepdim)

    @either_spelling
    def any(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        return reduce.any(self, dim, keepdims=keepdim)

    @either_spelling
    def count_nonzero(self: Any, dim: Any = None) -> Tensor:
        return reduce.count_nonzero(self, dim)

    # -- running totals --------------------------------------------------------------------------------------------

    @either_spelling
    def cumsum(self: Any, dim: int | None = None, *, dtype: Any = None) -> Tensor:
        """The sums of the first elements along `dim`; without it of all elements in one row, as in NumPy."""
        return scan.cumsum(self, dim, dtype)

    @either_spelling
    def cumprod(self: Any, dim: int | None = None, *, dtype: Any = None) -> Tensor:
        """The products of the first elements along `dim`; without it of all elements in one row, as in NumPy."""
        return scan.cumprod(self, dim, dtype)

    @either_spelling
    def logcumsumexp(self: Any, dim: int) -> Tensor:
        """ln Σ eˣ over the first elements along `dim`."""
        return scan.logcumsumexp(self, dim)

    @either_spelling
    def cummax(self: Any, dim: int) -> Found:
        """The largest of the first elements along `dim`, and where it stands (the last of equals)."""
        return scan.cummax(self, dim)

    @either_spelling
    def cummin(self: Any, dim: int) -> Found:
        """The smallest of the first elements along `dim`, and where it stands (the last of equals)."""
        return scan.cummin(self, dim)

    @either_spelling
    def diff(self: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Tensor:
        """The differences of neighbours along `dim`, `n` times over."""
        ends = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
        return np.diff(self, n, dim, **ends)

    # -- between variables -----------------------------------------------------------------------------------------

    def cov(self: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
        """The covariances of the rows, each a variable."""
        return np.cov(self, ddof=correction, fweights=fweights, aweights=aweights)

    def corrcoef(self: Any) -> Tensor:
        """The correlation coefficients of the rows, each a variable."""
        return np.corrcoef(self)


def _freedom(dim: Any, unbiased: bool, keepdim: bool, correction: float | None) -> dict[str, Any]:
    if isinstance(dim, bool):  # PyTorch's x.var(False)
        dim, unbiased = None, dim
    return {"axis": dim, "keepdims": keepdim, "correction": float(unbiased) if correction is None else correction}


def var_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Tensor, Tensor]:
    """The variance and the mean, from one call."""
    return _both(input.var(dim, **options), _mean_beside(input, dim, options), "VarMeanBackward0")


def std_mean(input: Any, dim: Any = None, **options: Any) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean, from one call."""
    return _both(input.std(dim, **options), _mean_beside(input, dim, options), "StdMeanBackward0")


def _both(spread: Tensor, mean: Tensor, title: str) -> tuple[Tensor, Tensor]:
    return entitle(spread, title), entitle(mean, title)


def _mean_beside(x: Any, dim: Any, options: dict[str, Any]) -> Any:
    return x.mean(None if isinstance(dim, bool) else dim, options.get("keepdim", options.get("keepdims", False)))


def sum_to_size(x: Any, size: Any) -> Any:
    """`x` summed down to a shape from which it could have been broadcast."""
    size = tuple(size)
    fits = len(size) <= x.ndim and math.prod(size) and all(
        m in (1, n) for m, n in zip(size[::-1], x.shape[::-1], strict=False)
    )  # fmt: skip
    if not fits and size != x.shape:
        raise ShapeError(f"sum_to_size: shape {x.shape} doesn't come from {size} by broadcasting.")
    return reduce.sum_to_shape(x, size)
