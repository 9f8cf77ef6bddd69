"""PyTorch's older constructors, one per dtype: `LongTensor([1, 2])`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.create import zeros


class _OfDtype(type):
    """The class of these constructors: tensors of the dtype are instances, as PyTorch has it, though made by `Tensor`."""

    dtype: np.dtype[Any]  # so that one may be given for a dtype: x.type(torch.DoubleTensor)

    def __call__(cls, *data: Any) -> Tensor:
        if len(data) == 1 and not isinstance(data[0], int):
            return Tensor(data[0], dtype=cls.dtype)
        return zeros(*(data or (0,)), dtype=cls.dtype)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor) and value.dtype == cls.dtype


def _of(name: str, dtype: Any) -> _OfDtype:
    doc = f"A {np.dtype(dtype)} tensor of the data in a sequence, or of the given sizes (then zeros)."
    return _OfDtype(name, (), {"dtype": np.dtype(dtype), "__doc__": doc})


HalfTensor, FloatTensor = _of("HalfTensor", np.float16), _of("FloatTensor", np.float32)
DoubleTensor, BoolTensor = _of("DoubleTensor", np.float64), _of("BoolTensor", np.bool_)
ByteTensor, CharTensor = _of("ByteTensor", np.uint8), _of("CharTensor", np.int8)
ShortTensor, IntTensor = _of("ShortTensor", np.int16), _of("IntTensor", np.int32)
LongTensor = _of("LongTensor", np.int64)
