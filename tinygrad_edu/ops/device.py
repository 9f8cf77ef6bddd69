"""The one device there is, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import DTypeError

_TYPES = ("cpu", "cuda", "mps", "xpu", "meta")


class device:
    """Where a tensor is said to be: `device("cpu")`. Other names are accepted, and everything stays on the CPU.

    As a context it changes nothing.
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        given: Any = type
        if isinstance(given, device):
            given, index = given.type, given.index
        name, _, number = str(given).partition(":")
        if name not in _TYPES or (number and not number.isdigit()):
            raise DTypeError(f"device: expected one of {', '.join(_TYPES)}, perhaps with :number, got {given!r}.")
        self.type: str = name
        self.index: int | None = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"


CPU = device("cpu")


def is_device(given: Any) -> bool:
    """Whether `given` is a device or the name of one, rather than a dtype."""
    return isinstance(given, device) or (isinstance(given, str) and given.partition(":")[0] in _TYPES)


def get_default_device() -> device:
    """Where new tensors are made."""
    return CPU


def set_default_device(device_: Any) -> None:
    """Checks the name; new tensors are made on the CPU all the same."""
    device(device_)
