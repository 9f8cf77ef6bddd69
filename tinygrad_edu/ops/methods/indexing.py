"""Tensor's methods that take elements out by position or mask, and those that put others there in a new tensor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor as _Tensor
from tinygrad_edu.engine.tensor import tensor_of
from tinygrad_edu.ops import scatter as write
from tinygrad_edu.ops import shape, split
from tinygrad_edu.ops import take as pick
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops.index import take_along_axis

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Indexing:
    """An index is a Tensor or array of integers, a mask one of truth values."""

    __slots__ = ()

    # -- taking ----------------------------------------------------------------------------------------------------

    def gather(self: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
        """`y[i][j] = x[i][index[i][j]]` for dim 1, and so on."""
        return write.gather(self, dim, index) if self.ndim else self

    def take_along_dim(self: Any, indices: Any, dim: int | None = None) -> Tensor:
        """`gather` whose other axes broadcast; without `dim` from the flattened tensor."""
        if dim is None:
            return take_along_axis(shape.ravel(self), shape.ravel(indices), 0)
        at = one_axis(dim, self.ndim, "take_along_dim")
        common = np.broadcast_shapes(_but(self.shape, at), _but(indices.shape, at))
        x = shape.broadcasted(self, (*common[:at], self.shape[at], *common[at + 1 :]))
        places = shape.broadcasted(indices, (*common[:at], indices.shape[at], *common[at + 1 :]))
        return take_along_axis(x, places, at)

    def take(self: Any, index: Any) -> Tensor:
        """The elements at places of the flattened tensor."""
        return shape.ravel(self)[index]

    index_select = pick.index_select
    select = split.select
    narrow = split.narrow

    masked_select = pick.masked_select

    def nonzero(self: Any, *, as_tuple: bool = False) -> Any:
        """Where the elements aren't zero: a row of indices for each, or with `as_tuple` an index array per axis."""
        if as_tuple:
            return tuple(tensor_of(places) for places in np.nonzero(np.atleast_1d(_concrete(self))))
        return tensor_of(np.argwhere(_concrete(self)))

    def argwhere(self: Any) -> Tensor:
        return tensor_of(np.argwhere(_concrete(self)))

    # -- putting, into a new tensor --------------------------------------------------------------------------------

    def scatter(
        self: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: str | None = None
    ) -> Tensor:
        """With `y[i][index[i][j]] = src[i][j]` for dim 1, and so on."""
        return write.scatter(self, dim, index, value if src is None else src, reduce=reduce)

    scatter_add = write.scatter_add
    scatter_reduce = write.scatter_reduce
    index_add = write.index_add
    index_reduce = write.index_reduce
    index_copy = write.index_copy
    index_fill = write.index_fill
    index_put = write.index_put
    masked_fill = write.masked_fill
    masked_scatter = write.masked_scatter
    select_scatter = write.select_scatter
    slice_scatter = write.slice_scatter

    def put(self: Any, index: Any, source: Any, accumulate: bool = False) -> Tensor:
        """With `source` at places of the flattened tensor, or added there."""
        return shape.reshape(write.index_put(shape.ravel(self), (index,), source, accumulate), shape=self.shape)

    def diagonal_scatter(self: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """With `src` on the diagonal."""
        places = np.arange(math.prod(self.shape)).reshape(self.shape).diagonal(offset, dim1, dim2)
        return Indexing.put(self, places, src)


def _but(sizes: tuple[int, ...], at: int) -> tuple[int, ...]:
    return tuple(1 if i == at else n for i, n in enumerate(sizes))


def _concrete(x: Any) -> Any:
    return x.detach().numpy() if isinstance(x, _Tensor) else np.asarray(x)
