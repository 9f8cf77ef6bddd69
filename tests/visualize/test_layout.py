"""`render`: which program draws, and what becomes of programs that hang, fail or print something else."""

import os
import sys
import time
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygrad_edu.visualize import layout
from tinygrad_edu.visualize.layout import LayoutWarning, Rendered, render

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake programs are shell scripts")

GRAPH = 'digraph { a [label="v₃ = ẋ·∂f"]; a -> b }'
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
DRAWS = f'cat > /dev/null; echo "{SVG}"'

Install = Callable[[str, str], Path]


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


def test_dot_is_asked_for_svg_and_given_the_graph_as_utf8(install: Install, tmp_path: Path) -> None:
    install("dot", f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/given; echo "{SVG}"')
    assert render(GRAPH) == Rendered(svg=f"{SVG}\n", engine="dot", message="")
    assert (tmp_path / "arguments").read_text() == "-Tsvg\n"
    assert (tmp_path / "given").read_text(encoding="utf-8") == GRAPH


def test_dot_comes_before_graphviz_pure(install: Install) -> None:
    install("dot", DRAWS)
    install("graphviz-pure", DRAWS)
    assert render(GRAPH).engine == "dot"


def test_graphviz_pure_serves_without_dot(install: Install) -> None:
    install("graphviz-pure", DRAWS)
    assert render(GRAPH) == Rendered(svg=f"{SVG}\n", engine="graphviz-pure", message="")


@pytest.mark.parametrize("place", ["interpreter", "scripts"])
def test_graphviz_pure_is_found_in_an_environment_that_isnt_activated(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    program = install("graphviz-pure", DRAWS)
    (tmp_path / "venv").mkdir()
    program.rename(tmp_path / "venv" / "graphviz-pure")
    if place == "interpreter":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    else:
        monkeypatch.setattr(layout.sysconfig, "get_path", lambda name: str(tmp_path / "venv"))
    assert render(GRAPH).engine == "graphviz-pure"


def test_without_a_program_the_message_says_how_to_get_one(install: Install) -> None:
    found = render(GRAPH)
    assert (found.svg, found.engine) == (None, None)
    assert 'pip install "tinygrad-edu[cli]"' in found.message
    assert "Graphviz" in found.message


FAILURES = {
    "hangs": ("sleep 600", "s and was stopped"),
    "hangs after closing its input": ("exec < /dev/null; sleep 600", "s and was stopped"),
    "leaves a child that holds its output": ("sleep 600 &", "s and was stopped"),
    "fails": ("cat > /dev/null; echo 'syntax error' >&2; exit 1", "ended with status 1: syntax error"),
    "fails after a picture": (f"{DRAWS}; echo 'no font' >&2; exit 3", "ended with status 3: no font"),
    "doesn't read": ("exit 1", "ended with status 1"),
    "is killed": ("kill -9 $$", "ended with status -9"),
    "prints garbage": ("cat > /dev/null; echo hello", "printed something that isn't SVG (syntax error"),
    "prints half a picture": ("echo '<svg xmlns=\"http://www.w3.org/2000/svg\"><g>'", "isn't SVG (no element found"),
    "prints other XML": ("echo '<html/>'", "printed something that isn't SVG (its root is <html>)"),
    "prints nothing": ("cat > /dev/null; echo 'too big' >&2", "printed nothing: too big"),
}


def limit(expected: str, *, hanging: float) -> float:
    """``hanging`` seconds for a program that hangs anyway; else long, for a machine that stalls."""
    return hanging if "was stopped" in expected else 60.0


@pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
def test_whatever_dot_does_graphviz_pure_draws_and_a_warning_says_why(
    install: Install, script: str, expected: str
) -> None:
    dot = install("dot", script)
    install("graphviz-pure", DRAWS)
    with pytest.warns(LayoutWarning) as caught:
        found = render(GRAPH, timeout=limit(expected, hanging=2))
    assert found == Rendered(svg=f"{SVG}\n", engine="graphviz-pure", message="")
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith(f"dot ({dot}): ")
    assert expected in message
    assert message.endswith("; trying graphviz-pure")
    assert warning.filename == __file__


@pytest.mark.parametrize(("script", "expected"), FAILURES.values(), ids=FAILURES)
def test_when_the_only_program_fails_the_message_says_why(install: Install, script: str, expected: str) -> None:
    install("graphviz-pure", script)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = render(GRAPH, timeout=limit(expected, hanging=0.3))
    assert (found.svg, found.engine) == (None, None)
    assert found.message.startswith("the graph couldn't be drawn: graphviz-pure (")
    assert expected in found.message


def test_when_both_fail_the_message_has_both_reasons(install: Install) -> None:
    install("dot", "exit 1")
    install("graphviz-pure", "exit 2")
    with pytest.warns(LayoutWarning):
        message = render(GRAPH).message
    assert "status 1" in message
    assert "status 2" in message


def test_when_only_dot_is_there_and_fails_the_other_program_is_recommended(install: Install) -> None:
    install("dot", "exit 1")
    assert "pip install" in render(GRAPH).message


def test_a_program_that_cant_be_started(install: Install, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "graphviz-pure"
    path.write_bytes(b"\x7fELF, but for another machine")
    path.chmod(0o755)
    assert "can't be started: Exec format error" in render(GRAPH).message


def test_a_graph_longer_than_a_pipe_holds_meets_a_program_that_doesnt_read(install: Install) -> None:
    install("graphviz-pure", "exit 1")
    assert "status 1" in render("x" * 1_000_000).message
    install("graphviz-pure", "sleep 600")
    assert "took more than 0.5 s" in render("x" * 1_000_000, timeout=0.5).message


def test_a_stopped_program_takes_its_children_with_it(install: Install, tmp_path: Path) -> None:
    install("graphviz-pure", f"(sleep 1.5; touch {tmp_path}/alive) & wait")
    render(GRAPH, timeout=0.3)
    time.sleep(2)
    assert not (tmp_path / "alive").exists()


def test_a_lone_surrogate_is_drawn_as_a_question_mark(install: Install, tmp_path: Path) -> None:
    install("dot", f'cat > {tmp_path}/given; echo "{SVG}"')
    assert render("digraph { \udc80 }").svg
    assert (tmp_path / "given").read_bytes() == b"digraph { ? }"


@pytest.fixture
def real() -> Callable[[str], Rendered]:
    if not list(layout._find_engines()):
        pytest.skip("no layout program is installed")
    return render


def test_a_real_program_draws_labels_clusters_and_ids(real: Callable[[str], Rendered]) -> None:
    found = real(
        'digraph { node [fontname="Courier"]; subgraph cluster_0 { label="слой ∂"; a [label="v₃ = ẋ × x̄", id="n-1"] }'
        " b [shape=plain, label=<<TABLE><TR><TD>σ(x)</TD></TR></TABLE>>]; a -> b [id=e1] }"
    )
    assert found.svg is not None, found.message
    root = ElementTree.fromstring(found.svg.encode())
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"v₃ = ẋ × x̄", "слой ∂", "σ(x)"} <= texts
    assert {"n-1", "e1"} <= {element.get("id") for element in root.iter()}


def test_a_real_program_refuses_bad_dot_and_the_message_has_its_words(real: Callable[[str], Rendered]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayoutWarning)
        found = real("digraph { a -> ")
    assert found.svg is None
    assert "syntax error" in found.message
