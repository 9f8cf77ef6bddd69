"""Tensor's methods that compare elements along an axis: extrema, sorting, quantiles, counting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tinygrad_edu.engine.tensor import Tensor as _Tensor
from tinygrad_edu.engine.tensor import tensor_of
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops import order, reduce, shape
from tinygrad_edu.ops._found import FOUND, Found
from tinygrad_edu.ops.index import take_along_axis
from tinygrad_edu.ops.methods._spelling import either_spelling, np
from tinygrad_edu.ops.printing import results_text

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Ends(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return results_text(self, "aminmax")


class Histogram(NamedTuple):
    """What `histogram` returns."""

    hist: Tensor
    bin_edges: Tensor

    def __repr__(self) -> str:
        return results_text(self, "histogram")


class Order:
    """`dim` is one axis; `axis` and `keepdims` are accepted for `dim` and `keepdim`."""

    __slots__ = ()

    # -- extrema ---------------------------------------------------------------------------------------------------

    def max(self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest value; with `dim` also its index there, and an elementwise maximum if `dim` is a Tensor."""
        dim = axis if dim is None else dim
        return _extremum(self, dim, keepdim or keepdims, "max", reduce.max, reduce.argmax, e.maximum)

    def min(self, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
        """The smallest value; with `dim` also its index there, and an elementwise minimum if `dim` is a Tensor."""
        dim = axis if dim is None else dim
        return _extremum(self, dim, keepdim or keepdims, "min", reduce.min, reduce.argmin, e.minimum)

    @either_spelling
    def amax(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The largest value over one or several axes."""
        return reduce.max(self, dim, keepdims=keepdim)

    @either_spelling
    def amin(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The smallest value over one or several axes."""
        return reduce.min(self, dim, keepdims=keepdim)

    @either_spelling
    def aminmax(self: Any, *, dim: int | None = None, keepdim: bool = False) -> Ends:
        return Ends(reduce.min(self, dim, keepdims=keepdim), reduce.max(self, dim, keepdims=keepdim))

    @either_spelling
    def ptp(self: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
        """From the smallest to the largest, NumPy's "peak to peak"."""
        return reduce.ptp(self, dim, keepdims=keepdim)

    @either_spelling
    def argmax(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return reduce.argmax(self, dim, keepdims=keepdim)

    @either_spelling
    def argmin(self: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
        return reduce.argmin(self, dim, keepdims=keepdim)

    # -- sorting ---------------------------------------------------------------------------------------------------

    sort = either_spelling(order.sort)
    argsort = either_spelling(order.argsort)
    msort = order.msort
    topk = either_spelling(order.topk)
    kthvalue = either_spelling(order.kthvalue)
    median = either_spelling(order.median)
    nanmedian = either_spelling(order.nanmedian)
    mode = either_spelling(order.mode)

    @either_spelling
    def quantile(
        self: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """The value below which the share `q` lies; several `q` make a first axis."""
        return np.quantile(self, _plain(q), axis=dim, keepdims=keepdim, method=interpolation)

    @either_spelling
    def nanquantile(
        self: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """The quantile of what isn't NaN."""
        return np.nanquantile(self, _plain(q), axis=dim, keepdims=keepdim, method=interpolation)

    # -- counting --------------------------------------------------------------------------------------------------

    def unique(
        self: Any,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """Each value once, in order; where asked also which of them every element is, and how often each occurs."""
        return np.unique(self, return_inverse=return_inverse, return_counts=return_counts, axis=dim)

    def unique_consecutive(
        self: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """Each run of equal elements once."""
        x = shape.ravel(self) if dim is None else shape.moveaxis(self, dim, 0)
        rows = np.asarray(_plain(x))
        new = np.ones(len(rows), bool)
        if len(rows):
            new[1:] = (rows[1:] != rows[:-1]).reshape(len(rows) - 1, -1).any(1)
        (starts,) = np.nonzero(new)
        runs = x[starts] if dim is None else shape.moveaxis(x[starts], 0, dim)
        inverse = (np.cumsum(new) - 1).reshape(self.shape if dim is None else -1)
        extra = [inverse] * return_inverse + [np.diff(np.append(starts, len(rows)))] * return_counts
        return (runs, *[tensor_of(a) for a in extra]) if extra else runs

    def bincount(self: Any, weights: Any = None, minlength: int = 0) -> Tensor:
        """How often each of 0, 1, 2, … occurs, or the sums of its `weights`."""
        return np.bincount(self, weights, minlength)

    def histc(self: Any, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
        """How many elements fall into each of `bins` equal parts of [min, max] (by default of the tensor's range)."""
        values = np.asarray(_plain(self))
        low, high = (min, max) if min != max or not values.size else (values.min(), values.max())
        low, high = (low - 1, high + 1) if low == high else (low, high)
        counts, _ = np.histogram(values.astype(np.float64), bins, (float(low), float(high)))
        return tensor_of(counts.astype(values.dtype))

    def histogram(
        self: Any, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False
    ) -> Histogram:
        """How many elements (or what weight of them) fall between the edges of `bins`, a number or the edges."""
        counts, edges = np.histogram(_plain(self), _plain(bins), range, density, _plain(weight))
        return Histogram(tensor_of(counts).to(self.dtype), tensor_of(edges).to(self.dtype))

    def searchsorted(self: Any, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
        """NumPy's: where in this sorted row each of `v` would go."""
        return np.searchsorted(self, v, side=side, sorter=sorter)


def _extremum(x: Any, dim: Any, keepdim: bool, name: str, whole: Any, arg: Any, pairwise: Any) -> Any:
    if dim is None:
        return whole(x, keepdims=keepdim) if keepdim else whole(x)
    if isinstance(dim, _Tensor | np.ndarray):
        return pairwise(x, dim)
    if isinstance(dim, tuple | list):
        raise ShapeError(f"max, min: one dim has an index to return, {dim} are several; use amax or amin.")
    return _taken(FOUND[name], x, arg(x, dim, keepdims=True), dim, keepdim)


def _taken(kind: type[Found], x: Any, indices: Any, dim: int, keepdim: bool) -> Found:
    if not x.ndim:
        return kind(x, shape.reshape(indices, shape=()))
    values = take_along_axis(x, indices, dim)
    return kind(values, indices) if keepdim else kind(shape.squeeze(values, dim), shape.squeeze(indices, dim))


def _plain(x: Any) -> Any:
    return x.detach().numpy() if isinstance(x, _Tensor) else x
