"""`accelerator`: there is none."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.absent import refuse

_WHY = (
    "there is no accelerator: everything is computed on the CPU. Ask accelerator.is_available() first, which is False."
)


def is_available() -> bool:
    return False


def current_accelerator(check_available: bool = False) -> Any:
    return None


def device_count() -> int:
    return 0


current_device_index, set_device_index = (
    refuse(f"accelerator.{name}", _WHY) for name in ("current_device_index", "set_device_index")
)
synchronize = refuse("accelerator.synchronize", _WHY)
