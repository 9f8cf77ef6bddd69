"""PyTorch's sparse tensors, kept dense: the same values and derivatives, in the memory of all their elements.

A graph network's adjacency matrix is used as it is there. What would show which elements are stored (`indices()`, a softmax of
the stored ones) isn't here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, tensor_of
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops.create import zeros


def sparse_coo_tensor(
    indices: Any,
    values: Any = None,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **_: Any,
) -> Tensor:
    """A tensor that is zero but for `values` (nse, …) at `indices` (ndim, nse), those at the same place added: a dense one.

    Without `size` it is as large as the indices ask for. Differentiable in `values`. Raises ShapeError where indices and
    values differ in number, or an index is outside.
    """
    places = np.asarray(indices.array if isinstance(indices, Tensor) else indices, np.int64)
    if values is None:  # no element at all: sparse_coo_tensor(size)
        return zeros(*places.tolist(), dtype=dtype, requires_grad=requires_grad)
    given = values if isinstance(values, Tensor) else tensor_of(values, dtype)
    given = given if dtype is None else given.to(dtype)
    if places.ndim != 2 or given.ndim < 1 or places.shape[1] != given.shape[0]:
        raise ShapeError(
            f"sparse_coo_tensor: indices of shape (ndim, nse) and values of shape (nse, …) are wanted, they have {places.shape} "
            f"and {tuple(given.shape)}."
        )
    least = [int(row.max()) + 1 if row.size else 0 for row in places] + list(given.shape[1:])
    shape = least if size is None else [int(n) for n in size]
    if len(shape) != len(least) or any(n < m for n, m in zip(shape, least, strict=True)) or (places < 0).any():
        raise ShapeError(f"sparse_coo_tensor: the indices and values need a size of {least} or more, it is {shape}.")
    dense = zeros(*shape, dtype=given.dtype).index_put(tuple(places), given, accumulate=True)
    return dense.detach().requires_grad_() if requires_grad else dense


class FloatTensor:
    """`sparse.FloatTensor(indices, values, size)`, PyTorch's older name for `sparse_coo_tensor`."""

    def __new__(cls, indices: Any, values: Any = None, size: Any = None) -> Any:
        return sparse_coo_tensor(indices, values, size, dtype=None if values is not None else get_default_dtype())
