"""SciPy's special functions, for the few that have no short formula: imported when one is first called, and optional."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from tinygrad_edu.errors import UnsupportedError


def scipy_special(name: str) -> Callable[..., Any]:
    """`scipy.special.<name>` as a function that imports SciPy when it is called."""

    def function(*args: Any) -> Any:
        try:
            module = importlib.import_module("scipy.special")
        except ImportError:
            raise UnsupportedError(f"{name}: is computed by SciPy, which isn't installed: pip install scipy") from None
        return getattr(module, name)(*args)

    return function
