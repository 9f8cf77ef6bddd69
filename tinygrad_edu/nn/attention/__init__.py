"""Which kernel computes `F.scaled_dot_product_attention`: PyTorch has several to choose from, here there is one.

The names are here so that a program that chooses runs; its results don't depend on the choice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

from tinygrad_edu.errors import ConfigError

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(IntEnum):
    """PyTorch's kernels, by its numbers."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __repr__(self) -> str:
        return f"<{self}: {self.value}>"

    def __str__(self) -> str:
        return f"SDPBackend.{self.name}"


@contextlib.contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """A context in which PyTorch may only use these kernels. Here it checks its argument and changes nothing."""
    given = [backends] if isinstance(backends, SDPBackend) else list(backends)
    if not given or not all(isinstance(backend, SDPBackend) for backend in given):
        raise ConfigError(f"sdpa_kernel: takes an SDPBackend or a list of some, got {backends!r}.")
    yield
