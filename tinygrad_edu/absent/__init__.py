"""Names for what isn't here: graphics cards, compilers, other machines. They answer as on a PyTorch without that, or refuse.

A lesson asks `cuda.is_available()` and goes on without; what it can't go on without raises an error that says so. Each file
here is seen as a module of the package: `absent/cuda.py` is `tinygrad_edu.cuda`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from tinygrad_edu.errors import NotHereError


def refuse(name: str, why: str) -> Callable[..., NoReturn]:
    """A function that says why it can't do anything here."""

    def refused(*_: Any, **__: Any) -> NoReturn:
        raise NotHereError(f"{name}: {why}")

    refused.__name__ = refused.__qualname__ = name.rpartition(".")[2]
    refused.__doc__ = f"Raises NotHereError: {why}"
    setattr(refused, "__mro_entries__", refused)  # noqa: B010  # a class that is derived from it says so as well
    return refused


def publish(*modules: ModuleType) -> None:
    """Let modules of this folder be imported as modules of the package."""
    for module in modules:
        sys.modules[module.__name__.replace(".absent.", ".")] = module
        vars(module).setdefault("__path__", [])  # so that their own submodules can be imported
