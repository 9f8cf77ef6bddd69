"""`tinygrad-edu play`: the page that steps through a function in a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from tinygrad_edu.cli._see import called
from tinygrad_edu.visualize.player import play


def show_player(
    target: str, at: str, shapes: Sequence[str], out: Path, options: dict[str, Any], console: Console
) -> int:
    """Write the page; returns the exit code, one where the function raised."""
    f, inputs = called(target, at, shapes)
    page = play(f, *inputs, path=out, **options)
    console.print(f"[bold]{escape(str(out))}[/]: open it in a browser", highlight=False, soft_wrap=True)
    for note in page.notes:
        print(f"tinygrad-edu play: {note}", file=sys.stderr)
    return int(page.failed)
