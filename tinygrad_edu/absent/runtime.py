"""Settings of PyTorch's machinery, which are remembered where they can be asked for again, and change nothing here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from tinygrad_edu.engine.modes import set_default_dtype
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, DTypeError


def compile(model: Any = None, **_: Any) -> Any:  # noqa: A001  # PyTorch's name
    """The function or module itself; without one, a decorator that changes nothing."""
    return (lambda f: f) if model is None else model


@dataclass
class _Settings:
    threads: int = os.cpu_count() or 1
    interop_threads: int = os.cpu_count() or 1
    precision: str = "highest"
    deterministic: bool = False


_settings = _Settings()


def set_num_threads(threads: Any) -> None:
    """Remembered for `get_num_threads`. NumPy's threads are set before Python starts: OPENBLAS_NUM_THREADS=1."""
    if not isinstance(threads, int) or threads < 1:
        raise ConfigError(f"set_num_threads: expected a positive number of threads, got {threads!r}.")
    _settings.threads = threads


def get_num_threads() -> int:
    return _settings.threads


def set_num_interop_threads(threads: int) -> None:
    _settings.interop_threads = threads


def get_num_interop_threads() -> int:
    return _settings.interop_threads


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered: products are computed in the precision of their tensors whatever it is."""
    if precision not in ("highest", "high", "medium"):
        raise ConfigError(f"set_float32_matmul_precision: one of highest, high, medium, not {precision!r}.")
    _settings.precision = precision


def get_float32_matmul_precision() -> str:
    return _settings.precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Everything here is deterministic already."""
    _settings.deterministic = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    return _settings.deterministic


def set_default_tensor_type(t: Any) -> None:
    """PyTorch's older way to set the default dtype: "torch.DoubleTensor" or the constructor of that name."""
    name = (t if isinstance(t, str) else getattr(t, "__name__", "")).rpartition(".")[2]
    dtypes = {"FloatTensor": np.float32, "DoubleTensor": np.float64, "HalfTensor": np.float16}
    if name not in dtypes:
        raise ConfigError(f"set_default_tensor_type: one of {', '.join(dtypes)}, not {t!r}.")
    set_default_dtype(np.dtype(dtypes[name]))


def typename(obj: Any) -> str:
    """PyTorch's name for a tensor's type, "torch.FloatTensor"; the full name of any other object's."""
    if isinstance(obj, Tensor):
        name: str = obj.type()
        return name
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class _Named:
    """A constant of PyTorch's that says how memory is laid out; there is one way here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class layout(_Named):
    """The type of `strided`."""


class memory_format(_Named):
    """The type of `contiguous_format`."""


strided, jagged, sparse_coo = layout("strided"), layout("jagged"), layout("sparse_coo")
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last = memory_format("channels_last")


class _BFloat16(_Named):
    """A dtype that can be named and compared, but that no tensor here has."""

    @property
    def dtype(self) -> NoReturn:  # what NumPy looks for where a dtype is wanted
        raise DTypeError("bfloat16: NumPy has no such dtype; use float16 (fewer exponents) or float32.")


bfloat16 = _BFloat16("bfloat16")
