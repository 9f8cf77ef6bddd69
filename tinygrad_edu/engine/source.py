"""Where in the user's program we are: the line that errors, recorded graphs and anomaly mode name."""

from __future__ import annotations

import dis
import linecache
import sys
from pathlib import Path

_STORE = dis.opmap["STORE_SUBSCR"]
_PACKAGE = str(Path(__file__).parents[1])


def caller() -> tuple[str, str]:
    """Where outside the package the current operation was called, `file:line`, and the code there."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{Path(name).name}:{line}", linecache.getline(name, line).strip()


def stores_item(depth: int) -> bool:
    """Whether the function `depth` calls above the caller's is a special method run by `container[index] = value`."""
    frame = sys._getframe(depth + 1)
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _STORE
