"""Tensor's methods about dtypes, devices, copies, memory and sizes, and those that make new tensors like it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor as _Tensor
from tinygrad_edu.engine.views import bases, origin_of
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops import create, layout
from tinygrad_edu.ops import elementwise as e
from tinygrad_edu.ops.device import CPU, device, is_device
from tinygrad_edu.ops.methods._spelling import sizes
from tinygrad_edu.ops.size import Size

if TYPE_CHECKING:
    import builtins

    from tinygrad_edu.engine.tensor import Tensor

_TYPE_NAMES = {
    "Half": np.float16, "Float": np.float32, "Double": np.float64, "Byte": np.uint8, "Char": np.int8, "Short": np.int16,
    "Int": np.int32, "Long": np.int64, "Bool": np.bool_, "ComplexFloat": np.complex64, "ComplexDouble": np.complex128,
}  # fmt: skip


class DTypes:
    """Conversions stay in the graph between floating and complex dtypes; integers and truth values leave it."""

    __slots__ = ()

    def to(
        self: Any, *target: Any, dtype: Any = None, device: Any = None, copy: builtins.bool = False, **_: Any
    ) -> Tensor:
        """In another dtype, or that of another tensor; a device changes nothing, as there is only one here."""
        for given in target:
            if isinstance(given, _Tensor):
                dtype = given.dtype
            elif given is not None and not is_device(given) and not isinstance(given, bool):
                dtype = given
        wanted = None if dtype is None else _dtype(dtype)
        if wanted is None or wanted == self.dtype:
            return DTypes.clone(self) if copy else self
        return e.cast(self, dtype=wanted) if wanted.kind in "fc" else e.to_integer(self, dtype=wanted)

    def type(self: Any, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """In another dtype; without one, PyTorch's name for this one's type."""
        if dtype is None:
            return f"torch.{next(name for name, t in _TYPE_NAMES.items() if np.dtype(t) == self.dtype)}Tensor"
        return self.to(dtype)

    def type_as(self: Any, other: Any) -> Tensor:
        return self.to(other.dtype)

    def to_sparse(self: Any, *_: Any, **__: Any) -> Tensor:
        """The tensor itself: what is sparse in PyTorch is kept dense here (`ops.sparse`)."""
        kept: Tensor = self
        return kept

    to_dense = to_sparse_coo = to_sparse_csr = coalesce = to_sparse

    @property
    def is_sparse(self) -> builtins.bool:
        return False

    def astype(self: Any, dtype: Any, copy: builtins.bool = True) -> Tensor:
        """NumPy's `to(dtype)`, which copies unless told otherwise."""
        return self.to(dtype, copy=copy)

    def float(self: Any) -> Tensor:
        return self.to(np.float32)

    def double(self: Any) -> Tensor:
        return self.to(np.float64)

    def half(self: Any) -> Tensor:
        return self.to(np.float16)

    def bfloat16(self: Any) -> Tensor:
        raise DTypeError("bfloat16: NumPy has no such dtype; use half() (fewer exponents) or float().")

    def long(self: Any) -> Tensor:
        return self.to(np.int64)

    def int(self: Any) -> Tensor:
        return self.to(np.int32)

    def short(self: Any) -> Tensor:
        return self.to(np.int16)

    def char(self: Any) -> Tensor:
        return self.to(np.int8)

    def byte(self: Any) -> Tensor:
        return self.to(np.uint8)

    def bool(self: Any) -> Tensor:
        return self.to(np.bool_)

    def cfloat(self: Any) -> Tensor:
        return self.to(np.complex64)

    def cdouble(self: Any) -> Tensor:
        return self.to(np.complex128)

    def is_floating_point(self: Any) -> builtins.bool:
        return self.dtype.kind == "f"

    def is_complex(self: Any) -> builtins.bool:
        return self.dtype.kind == "c"

    def is_signed(self: Any) -> builtins.bool:
        return self.dtype.kind in "ifc"

    def is_nonzero(self: Any) -> builtins.bool:
        """Whether the one element isn't zero."""
        if math.prod(self.shape) != 1:
            raise ShapeError(f"is_nonzero: needs one element, got shape {self.shape}; use x.any() or x.all().")
        return builtins_bool(self.item())

    # -- devices, copies, memory -----------------------------------------------------------------------------------

    @property
    def device(self) -> device:
        return CPU

    @property
    def is_cuda(self) -> builtins.bool:
        return False

    def get_device(self) -> builtins.int:
        return -1  # PyTorch's number for the CPU

    def cpu(self: Any) -> Tensor:
        return self

    def clone(self: Any, *, memory_format: Any = None) -> Tensor:
        """A copy of the values, in the graph."""
        return e.cast(self, dtype=self.dtype)

    def copy(self: Any) -> Tensor:
        """NumPy's name for `clone`."""
        return DTypes.clone(self)

    def contiguous(self: Any, *, memory_format: Any = None) -> Tensor:
        """The tensor, or a copy whose elements lie side by side in memory."""
        return layout.contiguous(self)

    def is_contiguous(self: Any) -> builtins.bool:
        return layout.is_contiguous(self)

    def stride(self: Any, dim: builtins.int | None = None) -> Any:
        """For each axis, or for `dim`, how many elements further in memory its next element lies."""
        strides = layout.strides(self)
        return strides if dim is None else strides[dim]

    def element_size(self: Any) -> builtins.int:
        """The bytes of one element."""
        return self.dtype.itemsize

    @property
    def itemsize(self: Any) -> builtins.int:
        return self.dtype.itemsize

    @property
    def nbytes(self: Any) -> builtins.int:
        return math.prod(self.shape) * self.dtype.itemsize

    def data_ptr(self: Any) -> builtins.int:
        """The address of the first element."""
        return self.array.ctypes.data

    def _is_view(self: Any) -> builtins.bool:
        """Whether this tensor looks into another's memory."""
        return origin_of(self) is not None

    @property
    def _base(self: Any) -> Any:
        """The tensor whose memory this view looks into; None for one that is nobody's view."""
        return next(iter([*bases(self)][-1:]), None)

    # -- sizes -----------------------------------------------------------------------------------------------------

    def size(self: Any, dim: Any = None) -> Any:
        """The shape as PyTorch prints it, or the length of one axis."""
        return Size(self.shape) if dim is None else self.shape[dim]

    def dim(self: Any) -> Any:
        return len(self.shape)

    ndimension = dim

    def numel(self: Any) -> Any:
        return math.prod(self.shape)

    nelement = numel

    def is_same_size(self: Any, other: Any) -> builtins.bool:
        return self.shape == other.shape

    # -- new tensors of this one's dtype ---------------------------------------------------------------------------

    def new_tensor(
        self: Any, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        return create.tensor(data, dtype=dtype or self.dtype, requires_grad=requires_grad)

    def new(self: Any, *data: Any) -> Tensor:
        """PyTorch's older way: a tensor of the data in a sequence, or of the given sizes (then zeros)."""
        if len(data) == 1 and not isinstance(data[0], int):
            return create.tensor(data[0], dtype=self.dtype)
        return create.zeros(*(data or (0,)), dtype=self.dtype)

    def new_zeros(self: Any, *size: Any, dtype: Any = None, device: Any = None, requires_grad: Any = False) -> Tensor:
        return create.zeros(*size, dtype=dtype or self.dtype, requires_grad=requires_grad)

    new_empty = new_zeros

    def new_ones(self: Any, *size: Any, dtype: Any = None, device: Any = None, requires_grad: Any = False) -> Tensor:
        return create.ones(*size, dtype=dtype or self.dtype, requires_grad=requires_grad)

    def new_full(
        self: Any, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: Any = False
    ) -> Tensor:
        return create.full(sizes((size,)), fill_value, dtype=dtype or self.dtype, requires_grad=requires_grad)


builtins_bool = bool


def _dtype(given: Any) -> Any:
    if isinstance(given, str) and given.endswith("Tensor"):
        given = _TYPE_NAMES.get(given.removeprefix("torch.").removesuffix("Tensor"), given)
    try:
        return np.dtype(given.dtype if isinstance(given, np.ndarray) else given)
    except DTypeError:
        raise
    except TypeError:
        raise DTypeError(f"to: expected a dtype, a tensor or a device name, got {given!r}.") from None
