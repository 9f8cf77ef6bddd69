"""`distributed`: there is one process, and no way to others."""

from __future__ import annotations

from tinygrad_edu.absent import refuse

_WHY = "there is one process here, and no way to others. Ask distributed.is_available() first, which is False."


def is_available() -> bool:
    return False


is_initialized = is_torchelastic_launched = is_available

init_process_group, destroy_process_group = (
    refuse(f"distributed.{name}", _WHY) for name in ("init_process_group", "destroy_process_group")
)
get_rank, get_world_size, barrier = (
    refuse(f"distributed.{name}", _WHY) for name in ("get_rank", "get_world_size", "barrier")
)
all_reduce, all_gather, broadcast = (
    refuse(f"distributed.{name}", _WHY) for name in ("all_reduce", "all_gather", "broadcast")
)
