"""`cuda` as on a PyTorch without CUDA: there is no device, seeding it does nothing, using it raises."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.absent import amp as _amp
from tinygrad_edu.absent import refuse
from tinygrad_edu.names import submodule

_WHY = "there is no CUDA device: everything is computed on the CPU. Ask cuda.is_available() first, which is False."


def is_available() -> bool:
    return False


is_initialized = is_bf16_supported = is_available


def device_count() -> int:
    return 0


def _nothing(*_: Any, **__: Any) -> None:
    """There is no device, so there is nothing to do."""


def _zero(*_: Any, **__: Any) -> int:
    """There is no device, so nothing is in its memory."""
    return 0


manual_seed = manual_seed_all = seed = seed_all = empty_cache = ipc_collect = _nothing
memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = _zero
synchronize, set_device, current_device = (
    refuse(f"cuda.{n}", _WHY) for n in ("synchronize", "set_device", "current_device")
)
get_device_name, get_device_properties = (
    refuse("cuda.get_device_name", _WHY),
    refuse("cuda.get_device_properties", _WHY),
)
get_device_capability, init = refuse("cuda.get_device_capability", _WHY), refuse("cuda.init", _WHY)
reset_peak_memory_stats, mem_get_info = refuse("cuda.reset_peak_memory_stats", _WHY), refuse("cuda.mem_get_info", _WHY)
Event, Stream, current_stream = (refuse(f"cuda.{n}", _WHY) for n in ("Event", "Stream", "current_stream"))

amp = submodule("tinygrad_edu.cuda.amp", autocast=_amp.cuda_autocast, GradScaler=_amp.GradScaler)
memory = submodule(
    "tinygrad_edu.cuda.memory",
    _record_memory_history=_nothing,
    _dump_snapshot=refuse("cuda.memory._dump_snapshot", _WHY),
)
