"""Which classes and functions a checkpoint may name: everything that loading may call is here, or was added here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_safe: list[Any] = []
KINDS: dict[str, type] = {}
"""Classes of the layers above, which register themselves: `Module`, whose subclasses can be stored whole, and `Parameter`."""


def register(**kinds: type) -> None:
    """Tell this layer of the classes above that it stores."""
    KINDS.update(kinds)


def add_safe_globals(safe_globals: Sequence[Any]) -> None:
    """From now on let checkpoints name these classes and functions; `(object, "module.name")` gives one another name."""
    _safe.extend(safe_globals)


def get_safe_globals() -> list[Any]:
    """What was added by `add_safe_globals`."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Take back all of it."""
    _safe.clear()


@contextmanager
def safe_globals(safe_globals: Sequence[Any]) -> Iterator[None]:
    """Inside the block let checkpoints name these classes and functions as well."""
    before = list(_safe)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _safe[:] = before


def added(name: str) -> Callable[..., Any] | None:
    """The class or function that the user allowed under this full name."""
    for given in _safe:
        known, given = (given[1], given[0]) if isinstance(given, tuple) else (full_name(given), given)
        if known == name:
            found: Callable[..., Any] = given
            return found
    return None


def full_name(obj: Any) -> str:
    return f"{getattr(obj, '__module__', None)}.{getattr(obj, '__qualname__', None)}"


def imported(module: str, name: str) -> Any:
    """A class of modules, or a function of `nn.functional`, that this program has imported already; None for all else."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if is_module_class(found) or module.startswith("tinygrad_edu.nn.functional"):
        return found
    return None


def is_module_class(obj: Any) -> bool:
    kind = KINDS.get("Module")
    return kind is not None and isinstance(obj, type) and issubclass(obj, kind)
