"""DOT text in, SVG text out, by whichever layout program there is; what the DOT says is decided elsewhere.

>>> picture = render("digraph { a -> b }")
>>> if picture.svg is None:
...     print(picture.message)

Two programs are known: Graphviz's own ``dot``, and ``graphviz-pure``, one executable that ``pip install
"tinygrad-edu[cli]"`` brings, for systems without Graphviz.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_INSTALL = (
    'no layout program was found: pip install "tinygrad-edu[cli]" brings one, or install Graphviz for your system '
    "(apt install graphviz, brew install graphviz); without it the graph is kept as DOT text"
)
_SVG_ROOT = "{http://www.w3.org/2000/svg}svg"


class LayoutWarning(UserWarning):
    """A layout program failed, and the next one is tried."""


class _EngineError(Exception):
    """A layout program gave no picture; the message says why."""


@dataclass(frozen=True)
class Rendered:
    """What became of a graph's DOT text.

    Attributes:
        svg: the picture, an XML document; None if there is none.
        engine: the program that drew it, ``"dot"`` or ``"graphviz-pure"``; None if none did.
        message: why there is no picture and what to do about it; empty if there is one.
    """

    svg: str | None
    engine: str | None
    message: str


def render(dot: str, *, timeout: float = 20.0) -> Rendered:
    """Lay out a graph.

    Never fails for want of a program: without one that draws the graph, ``svg`` is None and ``message`` says why.

    Args:
        dot: the graph in the DOT language.
        timeout: seconds that each program may take; it is killed after that.

    Warns:
        LayoutWarning: a program failed, and another is tried.
    """
    engines = list(_find_engines())
    if not engines:
        return Rendered(svg=None, engine=None, message=_INSTALL)
    failures: list[str] = []
    for position, (name, path) in enumerate(engines):
        try:
            return Rendered(svg=_run(path, dot, timeout=timeout), engine=name, message="")
        except _EngineError as error:
            failures.append(f"{name} ({path}): {error}")
        if position + 1 < len(engines):
            warnings.warn(f"{failures[-1]}; trying {engines[position + 1][0]}", LayoutWarning, stacklevel=2)
    message = "the graph couldn't be drawn: " + "; ".join(failures)
    if len(engines) == 1 and engines[0][0] == "dot":
        message += '; pip install "tinygrad-edu[cli]" brings another layout program to try'
    return Rendered(svg=None, engine=None, message=message)


def _find_engines() -> Iterator[tuple[str, str]]:
    """The name and path of every layout program there is, in the order to try them."""
    if path := shutil.which("dot"):
        yield "dot", path
    # A virtual environment that isn't activated isn't on PATH, but its programs lie beside its interpreter.
    beside = os.pathsep.join([str(Path(sys.executable).parent), sysconfig.get_path("scripts")])
    if path := shutil.which("graphviz-pure", path=beside) or shutil.which("graphviz-pure"):
        yield "graphviz-pure", path


def _run(path: str, dot: str, *, timeout: float) -> str:
    """The SVG that the program at ``path`` makes of ``dot``. Raises _EngineError if it makes none."""
    try:
        # A session of its own, so that a wrapper script's children can be killed with it.
        process = subprocess.Popen(
            [path, "-Tsvg"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _EngineError(f"can't be started: {error.strerror or error}") from error
    with process:
        try:
            out, err = process.communicate(dot.encode("utf-8", errors="replace"), timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise _EngineError(f"took more than {timeout:g} s and was stopped") from None
        except BaseException:
            _kill(process)
            raise
    if process.returncode != 0:
        # An HTML-like label that it can't read makes dot print a picture without it *and* fail: not a picture to use.
        raise _EngineError(f"ended with status {process.returncode}{_complaint(err)}")
    return _checked(out, complaint=_complaint(err))


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        # It may have ended by itself in the meantime; macOS then says "not permitted".
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _checked(out: bytes, *, complaint: str) -> str:
    """``out`` as text if it is an SVG document, else _EngineError."""
    if not out.strip():
        raise _EngineError(f"printed nothing{complaint}")
    try:
        root = ElementTree.fromstring(out)
        text = out.decode("utf-8")
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise _EngineError(f"printed something that isn't SVG ({error}){complaint}") from error
    if root.tag != _SVG_ROOT:
        raise _EngineError(f"printed something that isn't SVG (its root is <{root.tag}>){complaint}")
    return text


def _complaint(err: bytes) -> str:
    """What a program said on stderr, as the end of a sentence."""
    said = " ".join(err.decode("utf-8", errors="replace").split())
    if len(said) > 300:
        said = said[:300] + "…"
    return f": {said}" if said else ""
