"""Where boxes and arrows go: by `dot` of Graphviz, else by `graphviz-pure`, else by the layout of this package.

>>> placement = place([Box("a", 30, 20), Box("b", 30, 20)], [Arrow("e", "a", "b")])

`graphviz-pure` is one executable that ``pip install "tinygrad-edu[cli]"`` brings, for systems without Graphviz. Whoever lays
out, the picture is written by `_svg.py`, so that it has the same ids and looks the same.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinygrad_edu.visualize._layered import place_layered
from tinygrad_edu.visualize._placement import (
    Curve,
    Frame,
    PlacedArrow,
    PlacedBox,
    Placement,
    Point,
    common_frame,
    path_text,
)

__all__ = ["Frame", "LayoutWarning", "PlacedArrow", "PlacedBox", "Placement", "path_text", "place"]

TIMEOUT = 20.0
"""Seconds that each program may take by default; it is killed after that."""


class LayoutWarning(UserWarning):
    """A layout program failed, and the next one is tried."""


class _EngineError(Exception):
    """A layout program gave no picture; the message says why."""


def place(
    boxes: Sequence[PlacedBox],
    arrows: Sequence[PlacedArrow],
    frames: Sequence[Frame] = (),
    *,
    rankdir: str = "TB",
    timeout: float | None = None,
) -> Placement:
    """Lay out boxes and arrows. Never fails for want of a program.

    Args:
        boxes: with their sizes, in points.
        arrows: between boxes; one with a label gets room for it.
        frames: around boxes, a parent before its children.
        rankdir: where the arrows go: TB (down), BT, LR or RL.
        timeout: seconds that each program may take, `TIMEOUT` by default; it is killed after that.

    Warns:
        LayoutWarning: a program failed, and the next way is tried.
    """
    timeout = TIMEOUT if timeout is None else timeout
    asked = _Question(boxes, arrows, frames, rankdir)
    engines = list(_find_engines())
    for position, (name, path) in enumerate(engines):
        try:
            return asked.answer(_run(path, asked.dot, timeout=timeout), name)
        except _EngineError as error:
            following = engines[position + 1][0] if position + 1 < len(engines) else "the built-in layout"
            warnings.warn(f"{name} ({path}): {error}; trying {following}", LayoutWarning, stacklevel=2)
    made = place_layered(boxes, arrows, frames, across=rankdir in ("LR", "RL"), timeout=timeout)
    return _flipped(made, rankdir) if rankdir in ("BT", "RL") else made


def _flipped(made: Placement, rankdir: str) -> Placement:
    def flip(point: Point) -> Point:
        return (point[0], made.height - point[1]) if rankdir == "BT" else (made.width - point[0], point[1])

    made.boxes = {id: flip(point) for id, point in made.boxes.items()}
    made.labels = {id: flip(point) for id, point in made.labels.items()}
    made.curves = {id: [flip(point) for point in curve] for id, curve in made.curves.items()}
    made.frames = {
        id: (x, made.height - y - h, w, h) if rankdir == "BT" else (made.width - x - w, y, w, h)
        for id, (x, y, w, h) in made.frames.items()
    }
    return made


class _Question:
    """A layout as DOT asks for it: boxes of fixed sizes without a text; a label is a box between the halves of its arrow."""

    def __init__(
        self, boxes: Sequence[PlacedBox], arrows: Sequence[PlacedArrow], frames: Sequence[Frame], rankdir: str
    ) -> None:
        self.arrows = arrows
        self.boxes = [box.id for box in boxes]
        self.frames = [frame.id for frame in frames]
        number = {id: i for i, id in enumerate(self.boxes)}
        self.lines = [
            f"digraph {{ rankdir={rankdir}; nodesep=0.25; ranksep=0.22;",
            'node [shape=box, fixedsize=true, margin=0, label=""]; edge [arrowhead=none];',
        ]
        parent = {frame.id: frame.parent for frame in frames} | {box.id: box.frame for box in boxes}
        self.inside: dict[str, list[str]] = defaultdict(list)  # the lines of a frame
        for i, box in enumerate(boxes):
            self.inside[box.frame].append(f"n{i} [{_size(box.width, box.height)}];")
        for i, arrow in enumerate(arrows):
            if arrow.label_width:
                frame = common_frame(arrow.source, arrow.target, parent)
                self.inside[frame].append(f"l{i} [{_size(arrow.label_width, arrow.label_height)}];")
        self._frame("", frames)
        for i, arrow in enumerate(arrows):
            a, b = f"n{number[arrow.source]}", f"n{number[arrow.target]}"
            if arrow.label_width:
                self.lines += [f'{a} -> l{i} [id="{i}"];', f'l{i} -> {b} [id="{i}+"];']
            else:
                self.lines.append(f'{a} -> {b} [id="{i}"];')
        self.dot = "\n".join([*self.lines, "}"])

    def _frame(self, inside: str, frames: Sequence[Frame]) -> None:
        for i, frame in enumerate(frames):
            if frame.parent == inside:
                title = "0" * max(1, round(frame.title_width / 6.6))
                self.lines.append(f'subgraph cluster_{i} {{ label="{title}"; fontname=Courier; fontsize=11; margin=10;')
                self._frame(frame.id, frames)
                self.lines.append("}")
        self.lines += self.inside[inside]

    def answer(self, text: str, engine: str) -> Placement:
        """The placement from what a program printed. Raises _EngineError if that isn't one."""
        try:
            return self._answer(json.loads(text), engine)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise _EngineError(f"printed something that isn't a layout ({error})") from error

    def _answer(self, found: Any, engine: str) -> Placement:
        _, _, width, height = map(float, found["bb"].split(","))
        made = Placement(width=width, height=height, engine=engine)

        def point(text: str) -> Point:
            x, y = text.split(",")
            return float(x), height - float(y)

        for item in found["objects"]:
            kind, index = item["name"][0], item["name"].removeprefix("cluster_").lstrip("nl")
            if kind == "n":
                made.boxes[self.boxes[int(index)]] = point(item["pos"])
            elif kind == "l":
                made.labels[self.arrows[int(index)].id] = point(item["pos"])
            else:
                x0, y0, x1, y1 = map(float, item["bb"].split(","))
                made.frames[self.frames[int(index)]] = (x0, height - y1, x1 - x0, y1 - y0)
        curves: dict[str, Curve] = {
            edge["id"]: [point(part) for part in edge["pos"].split() if not part.startswith(("e,", "s,"))]
            for edge in found.get("edges", ())
        }
        for i, arrow in enumerate(self.arrows):
            curve = curves[f"{i}"]
            if arrow.label_width:
                second = curves[f"{i}+"]
                curve = [*curve, curve[-1], second[0], *second]
            made.curves[arrow.id] = curve
        if len(made.boxes) != len(self.boxes):
            raise ValueError("boxes are missing")
        return made


def _size(width: float, height: float) -> str:
    return f"width={width / 72:.4f}, height={height / 72:.4f}"


def _find_engines() -> Iterator[tuple[str, str]]:
    """The name and path of every layout program there is, in the order to try them."""
    if path := shutil.which("dot"):
        yield "dot", path
    # A virtual environment that isn't activated isn't on PATH, but its programs lie beside its interpreter.
    beside = os.pathsep.join([str(Path(sys.executable).parent), sysconfig.get_path("scripts")])
    if path := shutil.which("graphviz-pure", path=beside) or shutil.which("graphviz-pure"):
        yield "graphviz-pure", path


def _run(path: str, dot: str, *, timeout: float) -> str:
    """The layout, as JSON, that the program at ``path`` makes of ``dot``. Raises _EngineError if it makes none."""
    try:
        # A session of its own, so that a wrapper script's children can be killed with it.
        process = subprocess.Popen(
            [path, "-Tjson0"],
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
        raise _EngineError(f"ended with status {process.returncode}{_complaint(err)}")
    if not out.strip():
        raise _EngineError(f"printed nothing{_complaint(err)}")
    return out.decode("utf-8", errors="replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        # It may have ended by itself in the meantime; macOS then says "not permitted".
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _complaint(err: bytes) -> str:
    """What a program said on stderr, as the end of a sentence."""
    said = " ".join(err.decode("utf-8", errors="replace").split())
    if len(said) > 300:
        said = said[:300] + "…"
    return f": {said}" if said else ""
