"""How modules answer for names: the nearest one where a name is unknown, and PyTorch's import paths beside those here."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn


def no_such_name(module: str) -> Callable[[str], NoReturn]:
    """A module's `__getattr__`: an AttributeError that names the nearest of the names there are."""

    def missing(name: str) -> NoReturn:
        own: dict[str, Any] = vars(sys.modules[module])
        known = own.get("__all__") or [n for n in own if not n.startswith("_")]
        near = [] if name.startswith("__") else difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}", name=name)

    return missing


def submodule(name: str, doc: str = "", **names: Any) -> ModuleType:
    """A module made of these names, importable by its full name."""
    module = ModuleType(name, doc)
    vars(module).update(names, __path__=[])  # a path, so that modules can be imported from below it
    sys.modules[name] = module
    return module


def alias(home: str, *names: str) -> None:
    """Make `home.name` importable for each of the names, with all that `home` has: PyTorch spreads it over several files."""
    parent = sys.modules[home]
    for name in names:
        path = home
        for part in name.split("."):
            holder, path = sys.modules[path], f"{path}.{part}"
            if path not in sys.modules:
                module = submodule(path, f"PyTorch's place for some of what is in `{home}`.")
                module.__getattr__ = lambda wanted: getattr(parent, wanted)  # type: ignore[method-assign]
                setattr(holder, part, module)
