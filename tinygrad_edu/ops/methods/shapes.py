"""Tensor's methods that move elements without computing: other shapes, other orders, repetition, pieces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.ops import complex as complex_
from tinygrad_edu.ops import layout, rearrange, shape, split, triangle, window
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops.methods._spelling import either_spelling, np, sizes
from tinygrad_edu.ops.methods.reductions import sum_to_size
from tinygrad_edu.ops.node_names import entitle

if TYPE_CHECKING:
    from tinygrad_edu.engine.tensor import Tensor


class Shapes:
    """Sizes and axes may be given one by one or as a sequence."""

    __slots__ = ()

    # -- transposes ------------------------------------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        return shape.transposed(self)

    @property
    def mT(self) -> Tensor:
        return entitle(shape.matrix_transpose(self), "TransposeBackward0")

    @property
    def H(self: Any) -> Tensor:
        """The conjugate transpose of a matrix."""
        if self.ndim not in (0, 2):
            raise ShapeError(f"H: needs a matrix, got shape {self.shape}; x.mH takes the last two axes.")
        return complex_.conjugate(shape.transposed(self))

    @property
    def mH(self) -> Tensor:
        return complex_.conjugate(shape.matrix_transpose(self))

    def adjoint(self) -> Tensor:
        """The conjugate transpose of the last two axes."""
        return complex_.conjugate(shape.matrix_transpose(self))

    def t(self: Any) -> Tensor:
        """The transpose of a matrix."""
        if self.ndim > 2:
            raise ShapeError(f"t: needs at most two axes, got shape {self.shape}; x.mT exchanges the last two.")
        return shape.transposed(self)

    def transpose(self, *dims: Any, dim0: int | None = None, dim1: int | None = None) -> Tensor:
        """PyTorch's exchange of two axes; as in NumPy, none reverses them all and a sequence is their new order."""
        dims = (*dims, *(d for d in (dim0, dim1) if d is not None))
        if len(dims) == 2:
            return shape.swapaxes(self, dims[0], dims[1])
        return shape.transposed(self, sizes(dims) if dims else None)

    def swapaxes(self, axis0: int, axis1: int) -> Tensor:
        return shape.swapaxes(self, axis0, axis1)

    def swapdims(self, dim0: int, dim1: int) -> Tensor:
        return shape.swapaxes(self, dim0, dim1)

    def permute(self, *order: Any, dims: Any = None) -> Tensor:
        return shape.transposed(self, sizes(order) if dims is None else dims)

    def movedim(self, source: Any, destination: Any) -> Tensor:
        return shape.moveaxis(self, source, destination)

    moveaxis = movedim

    # -- shapes ----------------------------------------------------------------------------------------------------

    def reshape(self, *shape_: Any, shape: Any = None) -> Tensor:  # PyTorch's keyword is `shape`
        return _reshaped(self, sizes(shape_) if shape is None else shape)

    def view(self: Any, *sizes_: Any, size: Any = None) -> Tensor:
        """The same memory in another shape; ShapeError where only a copy could have it."""
        if len(sizes_) == 1 and isinstance(sizes_[0], type | np.dtype | str):
            raise UnsupportedError(
                "view(dtype): reading memory as another dtype has no derivative; x.to(dtype) converts."
            )
        return layout.viewed(self, sizes(sizes_) if size is None else tuple(size))

    def view_as(self: Any, other: Any) -> Tensor:
        return layout.viewed(self, other.shape)

    def reshape_as(self, other: Any) -> Tensor:
        return shape.reshaped(self, other.shape)

    def ravel(self) -> Tensor:
        return shape.ravel(layout.contiguous(self))  # a copy of what doesn't lie side by side, even if a view would do

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        return flatten(self, start_dim, end_dim)

    unflatten = shape.unflatten

    def unsqueeze(self, dim: int) -> Tensor:
        return shape.expand_dims(self, dim)

    def squeeze(self: Any, *dims: Any, dim: Any = None, axis: Any = None) -> Tensor:
        """Without axes of length 1; with `dim`, without those of these that are of length 1 (the others stay)."""
        given = sizes(dims) or _sequence(axis if dim is None else dim)
        if given == (None,):
            return shape.squeeze(self)
        axes = [one_axis(d, self.ndim, "squeeze") for d in given] if self.ndim else []
        short = [d for d in axes if self.shape[d] == 1]
        return shape.squeeze(self, tuple(short)) if short else self

    def expand(self, *sizes_: Any, size: Any = None) -> Tensor:
        return shape.expand(self, sizes(sizes_) if size is None else size)

    def expand_as(self: Any, other: Any) -> Tensor:
        return shape.expand(self, other.shape)

    def broadcast_to(self, size: Any) -> Tensor:
        return shape.expand(self, size)

    def sum_to_size(self: Any, *size: Any) -> Tensor:
        """Summed down to a shape from which it could have been broadcast."""
        return sum_to_size(self, sizes(size))

    # -- repetition and order --------------------------------------------------------------------------------------

    def repeat(self: Any, *times_: Any, repeats: Any = None) -> Tensor:
        """The tensor laid side by side, so many times along each axis (NumPy's `tile`)."""
        times = sizes(times_) if repeats is None else tuple(repeats)
        if len(times) < self.ndim:
            raise ShapeError(f"repeat: {len(times)} numbers {times} for the {self.ndim} axes of shape {self.shape}.")
        return np.tile(self, times)

    def tile(self: Any, *times: Any, dims: Any = None) -> Tensor:
        return np.tile(self, sizes(times) if dims is None else dims)

    @either_spelling
    def repeat_interleave(self: Any, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
        """Each element so many times in a row (NumPy's `repeat`)."""
        return np.repeat(self, repeats.tolist() if hasattr(repeats, "tolist") else repeats, axis=dim)

    def flip(self: Any, *axes: Any, dims: Any = None, axis: Any = None) -> Tensor:
        return rearrange.flip(self, sizes(axes) if axes else axis if dims is None else tuple(dims))

    def fliplr(self) -> Tensor:
        return rearrange.flip(self, 1)

    def flipud(self) -> Tensor:
        return rearrange.flip(self, 0)

    def roll(self: Any, shifts: Any, dims: Any = None) -> Tensor:
        """Moved along, what falls off one end coming back at the other; without `dims` as one row."""
        return np.roll(self, shifts, axis=dims)

    def rot90(self: Any, k: int = 1, dims: Any = (0, 1)) -> Tensor:
        """Turned by 90° in the plane of `dims`, `k` times."""
        return np.rot90(self, k, axes=dims)

    # -- pieces ----------------------------------------------------------------------------------------------------

    @either_spelling
    def split(self: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces of the given size, the last perhaps smaller, or of the listed sizes."""
        return split.split(self, split_size_or_sections, dim)

    @either_spelling
    def split_with_sizes(self: Any, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """Pieces of the listed sizes."""
        return split.split(self, split_sizes, dim)

    @either_spelling
    def tensor_split(self: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """So many pieces as equal as can be, or cut before the given indices."""
        return split.tensor_split(self, _listed(indices_or_sections), dim)

    def hsplit(self: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
        return tuple(np.hsplit(self, _listed(indices_or_sections)))

    def vsplit(self: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
        return tuple(np.vsplit(self, _listed(indices_or_sections)))

    def dsplit(self: Any, indices_or_sections: Any) -> tuple[Tensor, ...]:
        return tuple(np.dsplit(self, _listed(indices_or_sections)))

    @either_spelling
    def chunk(self: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most so many pieces of equal size, the last perhaps smaller."""
        return split.chunk(self, chunks, dim)

    def unbind(self: Any, dim: int = 0) -> tuple[Tensor, ...]:
        """The slices along `dim`."""
        if not self.ndim:
            raise TypeError("iteration over a 0-d tensor: it has no axis to go along.")
        return split.unstack(self, axis=dim)

    unfold = window.unfold

    # -- diagonals and triangles -----------------------------------------------------------------------------------

    def diagonal(self: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        return np.diagonal(self, offset, dim1, dim2)

    def diag(self: Any, diagonal: int = 0) -> Tensor:
        """The diagonal of a matrix, or a matrix with this row on its diagonal."""
        return np.diag(self, diagonal)

    def diagflat(self: Any, offset: int = 0) -> Tensor:
        """A matrix with all elements on its diagonal."""
        return np.diagflat(self, offset)

    diag_embed = triangle.diag_embed

    def tril(self: Any, diagonal: int = 0) -> Tensor:
        """Matrices with zeros above the diagonal."""
        return np.tril(self, diagonal)

    def triu(self: Any, diagonal: int = 0) -> Tensor:
        """Matrices with zeros below the diagonal."""
        return np.triu(self, diagonal)


_reshaped = shape.reshaped


def _sequence(dim: Any) -> tuple[Any, ...]:
    return tuple(dim) if isinstance(dim, tuple | list) else (dim,)


def _listed(cuts: Any) -> Any:
    return cuts.tolist() if hasattr(cuts, "tolist") else cuts if isinstance(cuts, int) else list(cuts)


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """`x` with the axes from `start_dim` to `end_dim` made one."""
    if not x.ndim:
        return shape.reshape(x, shape=(1,))
    first, last = one_axis(start_dim, x.ndim, "flatten"), one_axis(end_dim, x.ndim, "flatten")
    if first > last:
        raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim} (shape {x.shape}).")
    if first == last:
        return x
    middle = math.prod(x.shape[first : last + 1])
    return shape.reshape(x, shape=(*x.shape[:first], middle, *x.shape[last + 1 :]))
