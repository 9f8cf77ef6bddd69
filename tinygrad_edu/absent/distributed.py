"""`distributed`: there is one process, and no way to others."""

from __future__ import annotations

from tinygrad_edu.absent import refuse
from tinygrad_edu.names import no_such_name

_WHY = "there is one process here, and no way to others. Ask distributed.is_available() first, which is False."


def is_available() -> bool:
    return False


is_initialized = is_torchelastic_launched = is_available

is_nccl_available = is_gloo_available = is_mpi_available = is_available

init_process_group, destroy_process_group, new_group, get_backend = (
    refuse(f"distributed.{name}", _WHY)
    for name in ("init_process_group", "destroy_process_group", "new_group", "get_backend")
)
get_rank, get_world_size, barrier = (
    refuse(f"distributed.{name}", _WHY) for name in ("get_rank", "get_world_size", "barrier")
)
all_reduce, all_gather, broadcast, reduce, reduce_scatter, all_to_all = (
    refuse(f"distributed.{name}", _WHY)
    for name in ("all_reduce", "all_gather", "broadcast", "reduce", "reduce_scatter", "all_to_all")
)
scatter, gather, send, recv, isend, irecv = (
    refuse(f"distributed.{name}", _WHY) for name in ("scatter", "gather", "send", "recv", "isend", "irecv")
)
__getattr__ = no_such_name(__name__)
