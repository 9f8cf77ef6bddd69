"""`mps` as on a PyTorch without it."""

from tinygrad_edu.absent import refuse

_WHY = "there is no MPS device: everything is computed on the CPU."


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


synchronize, empty_cache, manual_seed = (
    refuse(f"mps.{n}", _WHY) for n in ("synchronize", "empty_cache", "manual_seed")
)
