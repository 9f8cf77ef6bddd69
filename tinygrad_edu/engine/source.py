"""Where in the user's program we are: the line that errors, recorded graphs and anomaly mode name."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

_PACKAGE = str(Path(__file__).parents[1])


def caller() -> tuple[str, str]:
    """Where outside the package the current operation was called, `file:line`, and the code there."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    return f"{Path(name).name}:{line}", linecache.getline(name, line).strip()
