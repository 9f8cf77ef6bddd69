"""The functions that make tensors, with all the keywords that PyTorch has for them: `size=`, `device=`, `out=`, …"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops import create
from tinygrad_edu.ops.device import device as Device
from tinygrad_edu.ops.inplace import store

_NO_EFFECT = ("layout", "pin_memory", "memory_format", "non_blocking")  # there is one of each here


def anywhere(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function with PyTorch's keywords: `device` (checked, then ignored), `size` for `*size`, `input`, `out`."""

    @functools.wraps(function)
    def call(*args: Any, device: Any = None, out: Any = None, **kwargs: Any) -> Tensor:
        if device is not None:
            Device(device)
        for name in _NO_EFFECT:
            kwargs.pop(name, None)
        for name in ("size", "input"):
            if name in kwargs and not args:
                args = (kwargs.pop(name),)
        made = function(*args, **kwargs)
        return made if out is None else store(out, made, function.__name__)

    return call


tensor, as_tensor = anywhere(create.tensor), anywhere(create.as_tensor)
zeros, ones = anywhere(create.zeros), anywhere(create.ones)
empty, full = anywhere(create.empty), anywhere(create.full)
zeros_like, ones_like = anywhere(create.zeros_like), anywhere(create.ones_like)
empty_like, full_like = anywhere(create.empty_like), anywhere(create.full_like)
eye, linspace, logspace = anywhere(create.eye), anywhere(create.linspace), anywhere(create.logspace)


@anywhere
def arange(
    start: float = 0, end: float | None = None, step: float = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """`start`, `start + step`, … below `end`; with one argument, from 0 below it."""
    return create.arange(start, end, step, dtype=dtype, requires_grad=requires_grad)


@anywhere
def range(  # PyTorch's name, and its end
    start: float, end: float | None = None, step: float = 1, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """`start`, `start + step`, … up to `end`, which is included, in the default dtype."""
    first, last = (0, start) if end is None else (start, end)
    if not step or (last - first) / step < 0:
        raise ConfigError(f"range: a step of {step} doesn't lead from {first} to {last}.")
    count = int((last - first) / step) + 1
    values = make((first + step * np.arange(count)).astype(dtype or get_default_dtype()), None)
    return values.requires_grad_() if requires_grad else values


@anywhere
def asarray(obj: Any, *, dtype: Any = None, copy: bool | None = None, requires_grad: bool = False) -> Tensor:
    """`obj` as a tensor, sharing its memory where it can unless `copy`."""
    made = create.tensor(obj, dtype=dtype) if copy else create.as_tensor(obj, dtype=dtype)
    return made.requires_grad_() if requires_grad else made


@anywhere
def scalar_tensor(s: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor, in the default dtype unless given another."""
    return create.tensor(s, dtype=dtype or get_default_dtype(), requires_grad=requires_grad)


def _window(name: str, numpy: Callable[..., Any], *default: float) -> Callable[..., Tensor]:
    def window(
        window_length: int, periodic: bool = True, *shape: float, dtype: Any = None, requires_grad: bool = False
    ) -> Tensor:
        values = numpy(window_length + bool(periodic and window_length > 1), *(shape or default))[:window_length]
        made = make(values.astype(dtype or get_default_dtype()), None)
        return made.requires_grad_() if requires_grad else made

    window.__name__ = name
    window.__doc__ = f"As `np.{numpy.__name__}`; if `periodic`, one more is computed and the last left out."
    return anywhere(window)


hann_window, hamming_window = _window("hann_window", np.hanning), _window("hamming_window", np.hamming)
blackman_window, bartlett_window = _window("blackman_window", np.blackman), _window("bartlett_window", np.bartlett)
kaiser_window = _window("kaiser_window", np.kaiser, 12.0)
