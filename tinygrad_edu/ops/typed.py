"""PyTorch's older constructors, one per dtype: `LongTensor([1, 2])`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.create import zeros


def _of(name: str, dtype: Any) -> Callable[..., Tensor]:
    def make(*data: Any) -> Tensor:
        if len(data) == 1 and not isinstance(data[0], int):
            return Tensor(data[0], dtype=dtype)
        return zeros(*(data or (0,)), dtype=dtype)

    make.__name__ = name
    make.__doc__ = f"A {np.dtype(dtype)} tensor of the data in a sequence, or of the given sizes (then zeros)."
    return make


HalfTensor, FloatTensor = _of("HalfTensor", np.float16), _of("FloatTensor", np.float32)
DoubleTensor, BoolTensor = _of("DoubleTensor", np.float64), _of("BoolTensor", np.bool_)
ByteTensor, CharTensor = _of("ByteTensor", np.uint8), _of("CharTensor", np.int8)
ShortTensor, IntTensor = _of("ShortTensor", np.int16), _of("IntTensor", np.int32)
LongTensor = _of("LongTensor", np.int64)
