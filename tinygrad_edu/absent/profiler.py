"""`profiler`: `autograd.profiler` with PyTorch's newer names."""

from __future__ import annotations

from enum import Enum
from typing import Any

from tinygrad_edu.autograd.profiler import profile as _profile
from tinygrad_edu.autograd.profiler import record_function as record_function


class ProfilerActivity(Enum):
    """What PyTorch can watch; here it is the CPU."""

    CPU = 0
    CUDA = 1


class profile(_profile):
    """`autograd.profiler.profile`; the activities, schedule and memory options change nothing."""

    def __init__(self, *, activities: Any = None, **_: Any) -> None:
        super().__init__()


def schedule(**_: Any) -> None:
    """Of no effect: there is one profile for the whole block."""
