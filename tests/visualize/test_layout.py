"""`place`: which program lays out, what becomes of programs that hang, fail or print something else, and the built-in layout."""

import itertools
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.visualize import layout
from tinygrad_edu.visualize.layout import Frame, LayoutWarning, PlacedArrow, PlacedBox, Placement, place

BOXES = [PlacedBox("a", 36, 18), PlacedBox('ṽ:"{|}\\N', 72, 36)]
ARROWS = [PlacedArrow("e", "a", BOXES[1].id)]
ANSWER = (
    '{"bb": "0,0,72,100", "objects": [{"name": "n0", "pos": "36,91"}, {"name": "n1", "pos": "36,18"}], '
    '"edges": [{"id": "0", "pos": "e,36,36 36,82 36,70 36,60 36,46"}]}'
)
DRAWS = f"cat > /dev/null; echo '{ANSWER}'"

Install = Callable[[str, str], Path]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the fake programs are shell scripts")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a shell script of a name on PATH, on which there is no other layout program, nor beside the interpreter."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in ("sh", "cat", "sleep", "touch"):
        real = next(path for folder in os.defpath.split(os.pathsep) if (path := Path(folder, tool)).exists())
        (programs / tool).symlink_to(real)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setattr(layout.sysconfig, "get_path", lambda name: str(tmp_path / "nowhere"))

    def install(name: str, script: str) -> Path:
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return install


# -- programs ------------------------------------------------------------------------------------------------------


@posix
def test_dot_is_asked_for_positions_of_boxes_without_a_text(install: Install, tmp_path: Path) -> None:
    install("dot", f"echo \"$@\" > {tmp_path}/arguments; cat > {tmp_path}/given; echo '{ANSWER}'")
    made = place(BOXES, ARROWS)
    assert made.engine == "dot"
    assert made.boxes == {"a": (36, 9), BOXES[1].id: (36, 82)}
    assert made.paths == {"e": "M36.0,18.0C36.0,30.0 36.0,40.0 36.0,54.0"}
    assert (tmp_path / "arguments").read_text() == "-Tjson0\n"
    assert "ṽ" not in (tmp_path / "given").read_text(encoding="utf-8")


@posix
def test_dot_comes_before_graphviz_pure(install: Install) -> None:
    install("dot", DRAWS)
    install("graphviz-pure", DRAWS)
    assert place(BOXES, ARROWS).engine == "dot"


@posix
def test_graphviz_pure_serves_without_dot(install: Install) -> None:
    install("graphviz-pure", DRAWS)
    assert place(BOXES, ARROWS).engine == "graphviz-pure"


@posix
@pytest.mark.parametrize("where", ["interpreter", "scripts"])
def test_graphviz_pure_is_found_in_an_environment_that_isnt_activated(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    program = install("graphviz-pure", DRAWS)
    (tmp_path / "venv").mkdir()
    program.rename(tmp_path / "venv" / "graphviz-pure")
    if where == "interpreter":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    else:
        monkeypatch.setattr(layout.sysconfig, "get_path", lambda name: str(tmp_path / "venv"))
    assert place(BOXES, ARROWS).engine == "graphviz-pure"


def test_without_a_program_the_built_in_layout_serves_and_says_nothing(no_program: None) -> None:
    assert place(BOXES, ARROWS).engine == "built-in"


FAILURES = {
    "hangs": ("sleep 600", "s and was stopped"),
    "hangs after closing its input": ("exec < /dev/null; sleep 600", "s and was stopped"),
    "leaves a child that holds its output": ("sleep 600 &", "s and was stopped"),
    "fails": ("cat > /dev/null; echo 'syntax error' >&2; exit 1", "ended with status 1: syntax error"),
    "fails after an answer": (f"{DRAWS}; echo 'no font' >&2; exit 3", "ended with status 3: no font"),
    "doesn't read": ("exit 1", "ended with status 1"),
    "is killed": ("kill -9 $$", "ended with status -9"),
    "prints garbage": ("cat > /dev/null; echo hello", "printed something that isn't a layout"),
    "prints half an answer": ("cat > /dev/null; echo '{'", "printed something that isn't a layout"),
    "prints too few boxes": (
        'cat > /dev/null; echo \'{"bb": "0,0,1,1", "objects": [], "edges": [{"id": "0", "pos": "1,1 1,1 1,1 1,1"}]}\'',
        "boxes are missing",
    ),
    "prints other JSON": ("cat > /dev/null; echo '[]'", "printed something that isn't a layout"),
    "prints nothing": ("cat > /dev/null; echo 'too big' >&2", "printed nothing: too big"),
}


def limit(expected: str) -> float:
    """A short time for a program that hangs anyway; else long, for a machine that stalls."""
    return 0.5 if "was stopped" in expected else 60.0


@posix
@pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
def test_whatever_dot_does_graphviz_pure_lays_out_and_a_warning_says_why(
    install: Install, script: str, expected: str
) -> None:
    dot = install("dot", script)
    install("graphviz-pure", DRAWS)
    # Not the same limit for both: what is fast here may take longer than half a second on a machine that stalls.
    with pytest.warns(LayoutWarning) as caught:
        found = place(BOXES, ARROWS, timeout=max(2.0, limit(expected)))
    assert found.engine == "graphviz-pure"
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(f"dot ({dot}): ")
    assert expected in message
    assert message.endswith("; trying graphviz-pure")
    assert warning.filename == __file__


@posix
@pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
def test_when_the_only_program_fails_the_built_in_layout_serves(install: Install, script: str, expected: str) -> None:
    install("dot", script)
    with pytest.warns(LayoutWarning, match="trying the built-in layout") as caught:
        found = place(BOXES, ARROWS, timeout=limit(expected))
    assert found.engine == "built-in"
    assert expected in str(caught[0].message)


@posix
def test_when_both_fail_there_is_a_warning_for_each(install: Install) -> None:
    install("dot", "exit 1")
    install("graphviz-pure", "exit 2")
    with pytest.warns(LayoutWarning) as caught:
        assert place(BOXES, ARROWS).engine == "built-in"
    assert ["status 1" in str(caught[0].message), "status 2" in str(caught[1].message)] == [True, True]


@posix
def test_a_program_that_cant_be_started(install: Install, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "graphviz-pure"
    path.write_bytes(b"\x7fELF, but for another machine")
    path.chmod(0o755)
    with pytest.warns(LayoutWarning, match="can't be started: Exec format error"):
        place(BOXES, ARROWS)


@posix
def test_a_stopped_program_takes_its_children_with_it(install: Install, tmp_path: Path) -> None:
    install("graphviz-pure", f"(sleep 1.5; touch {tmp_path}/alive) & wait")
    with pytest.warns(LayoutWarning):
        place(BOXES, ARROWS, timeout=0.3)
    time.sleep(2)
    assert not (tmp_path / "alive").exists()


# -- every layout --------------------------------------------------------------------------------------------------


def graph(number: int) -> tuple[list[PlacedBox], list[PlacedArrow], list[Frame]]:
    """A random graph with labels, parallel arrows and nested frames."""
    r = np.random.default_rng(number)
    frames = [Frame("f", "", 60.0), Frame("g", "f", 20.0), Frame("h", "", 300.0)]
    inside = lambda i: "f" if 3 <= i < 6 else "g" if 6 <= i < 9 else "h" if 12 <= i < 14 else ""
    boxes = [PlacedBox(f"b{i}", float(r.integers(20, 150)), float(r.integers(15, 80)), inside(i)) for i in range(16)]
    arrows = [
        PlacedArrow(
            f"e{i}", f"b{a}", f"b{b}", *((float(r.integers(20, 120)), 12.0) if r.random() < 0.6 else (0.0, 0.0))
        )
        for i, (a, b) in enumerate(sorted(r.choice(16, 2, replace=False)) for _ in range(24))
    ]
    arrows += [PlacedArrow(f"{arrow.id}+", arrow.source, arrow.target, 30.0, 12.0) for arrow in arrows[:3]]
    return boxes, arrows, frames


def check(made: Placement, boxes: list[PlacedBox], arrows: list[PlacedArrow], frames: list[Frame]) -> None:
    rectangles = {}
    for box in boxes:
        x, y = made.boxes[box.id]
        rectangles[box.id] = (x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2)
        left, top, right, bottom = rectangles[box.id]
        assert -0.5 <= left < right <= made.width + 0.5
        assert -0.5 <= top < bottom <= made.height + 0.5
    for one, other in itertools.combinations(rectangles.values(), 2):
        apart = one[2] < other[0] + 0.5 or other[2] < one[0] + 0.5 or one[3] < other[1] + 0.5 or other[3] < one[1] + 0.5
        assert apart
    around = {frame.id: frame.parent for frame in frames}
    for frame in frames:
        x, y, w, h = made.frames[frame.id]
        assert w >= frame.title_width
        for box in boxes:
            chain, where = [], box.frame
            while where:
                chain.append(where)
                where = around[where]
            left, top, right, bottom = rectangles[box.id]
            if frame.id in chain:
                assert x <= left
                assert y <= top
                assert right <= x + w
                assert bottom <= y + h
            else:
                assert right <= x + 0.5 or left >= x + w - 0.5 or bottom <= y + 0.5 or top >= y + h - 0.5
    assert list(made.curves) == [arrow.id for arrow in arrows]
    for arrow in arrows:
        assert len(made.curves[arrow.id]) % 3 == 1
        for end, box in ((made.curves[arrow.id][0], arrow.source), (made.curves[arrow.id][-1], arrow.target)):
            left, top, right, bottom = rectangles[box]
            assert left - 12 <= end[0] <= right + 12
            assert top - 12 <= end[1] <= bottom + 12
    assert set(made.labels) == {arrow.id for arrow in arrows if arrow.label_width}


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("number", range(4))
def test_the_built_in_layout_keeps_boxes_apart_and_in_their_frames(no_program: None, number: int, rankdir: str) -> None:
    boxes, arrows, frames = graph(number)
    check(place(boxes, arrows, frames, rankdir=rankdir), boxes, arrows, frames)


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_so_does_a_program(rankdir: str) -> None:
    if not list(layout._find_engines()):
        pytest.skip("no layout program is installed")
    boxes, arrows, frames = graph(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(place(boxes, arrows, frames, rankdir=rankdir), boxes, arrows, frames)


def test_the_computation_goes_down(no_program: None) -> None:
    boxes = [PlacedBox(f"b{i}", 30, 20) for i in range(10)]
    made = place(boxes, [PlacedArrow(f"e{i}", f"b{i}", f"b{i + 1}", 40, 12) for i in range(9)])
    heights = [made.boxes[box.id][1] for box in boxes]
    assert heights == sorted(heights)
    assert len({made.boxes[box.id][0] for box in boxes}) == 1  # in a straight line


def test_frames_that_feed_each_other_are_placed_all_the_same(no_program: None) -> None:
    boxes = [PlacedBox("a", 30, 20, "f"), PlacedBox("b", 30, 20, "g"), PlacedBox("c", 30, 20, "f")]
    frames = [Frame("f"), Frame("g")]
    arrows = [PlacedArrow("e0", "a", "b"), PlacedArrow("e1", "b", "c")]
    check(place(boxes, arrows, frames), boxes, arrows, frames)


def test_nothing_at_all(no_program: None) -> None:
    assert place([], []).boxes == {}


def test_5000_boxes_in_a_row_without_recursion(no_program: None) -> None:
    boxes = [PlacedBox(f"b{i}", 60, 30) for i in range(5_000)]
    made = place(boxes, [PlacedArrow(f"e{i}", f"b{i}", f"b{i + 1}") for i in range(4_999)])
    assert len(made.boxes) == 5_000
