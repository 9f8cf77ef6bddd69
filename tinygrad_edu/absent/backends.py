"""`backends`: what PyTorch could compute with. None of it is here; its switches can be set, and switch nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tinygrad_edu.names import submodule


def _no(*_: Any) -> bool:
    """It isn't here."""
    return False


@contextmanager
def _flags(**_: Any) -> Iterator[None]:
    """Changes nothing."""
    yield


mps = submodule("tinygrad_edu.backends.mps", is_available=_no, is_built=_no, is_macos13_or_newer=_no)
cudnn = submodule(
    "tinygrad_edu.backends.cudnn", is_available=_no, version=lambda: None, enabled=True, deterministic=False, benchmark=False,
    allow_tf32=True, flags=_flags,
)  # fmt: skip
cuda = submodule(
    "tinygrad_edu.backends.cuda", is_built=_no, sdp_kernel=_flags, matmul=SimpleNamespace(allow_tf32=False),
    flash_sdp_enabled=_no, mem_efficient_sdp_enabled=_no, math_sdp_enabled=lambda: True,
)  # fmt: skip
mkl = submodule("tinygrad_edu.backends.mkl", is_available=_no)
mkldnn = submodule("tinygrad_edu.backends.mkldnn", is_available=_no, flags=_flags)
openmp = submodule("tinygrad_edu.backends.openmp", is_available=_no)
