"""`tinygrad-edu draw`, `trace` and `summary` on functions in files, and their errors in words."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tinygrad_edu.cli._app import app

PROGRAM = """
import numpy as np
from helper import two
from tinygrad_edu import nn

model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
number = 3


def f(x1, x2):
    return np.log(x1) + x1 * x2 - np.sin(x2)


def norm(x):
    return (x * x).sum() * two / two


def bad(x):
    return np.sin(x) @ np.ones(7)


def nothing():
    return 1.0


def make():
    return nn.Linear(3, 2)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.py").write_text("two = 2.0\n")
    (tmp_path / "file.py").write_text(PROGRAM)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    return "file.py"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_trace(file: str) -> None:
    code, said = run("trace", f"{file}:f", "--at", "2,5")
    assert code == 0
    assert "11.652" in said
    assert "v̄₀ = 1.716" in said


@pytest.mark.parametrize("form", ["markdown", "latex", "html", "json"])
def test_trace_in_other_forms(file: str, form: str) -> None:
    code, said = run("trace", f"{file}:f", "--at", "2,5", "--format", form, "--seed", "1")
    assert code == 0
    assert "11.652" in said
    if form == "json":
        assert json.loads(said)[-1]["tangent"] == pytest.approx(1.716, abs=1e-3)


@pytest.mark.parametrize("ending", ["svg", "dot", "html"])
def test_draw(file: str, ending: str) -> None:
    code, said = run("draw", f"{file}:f", "--at", "2,5", "--out", f"a.{ending}")
    assert code == 0
    assert f"12 boxes in a.{ending}" in said
    assert "v₅" in Path(f"a.{ending}").read_text(encoding="utf-8")


def test_arrays_and_models(file: str) -> None:
    assert run("trace", f"{file}:norm", "--at", "[1,2,3]")[0] == 0
    code, said = run("draw", f"{file}:model", "--shape", "4,3", "--depth", "1")
    assert code == 0
    assert "0 Linear" in Path("graph.svg").read_text(encoding="utf-8")
    code, said = run("summary", f"{file}:model", "--shape", "4,3")
    assert code == 0
    assert re.search(r"all\s*│ Sequential │ \(4, 2\)", said)
    code, said = run("summary", f"{file}:make", "--shape", "4x3", "--format", "json")
    assert json.loads(said)[-1]["parameters"] == 8


def test_a_function_that_raises_is_shown_up_to_there(file: str) -> None:
    code, said = run("draw", f"{file}:bad", "--at", "[1,2,3]")
    assert code == 1
    assert "bad stopped at file.py:19: return np.sin(x) @ np.ones(7)" in said
    assert "ShapeError: matmul" in said
    assert "✗ matmul" in Path("graph.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["file.py"], "should be FILE.py:FUNC"),
        (["absent.py:f"], "there is no file absent.py"),
        (["file.py:g", "--at", "1"], "file.py has no 'g'; there are model, f, norm, bad, nothing, make"),
        (["broken.py:f"], "broken.py couldn't be run: ZeroDivisionError"),
        (["file.py:number"], "number is int, not a function"),
        (["file.py:nothing"], "takes no arguments"),
        (["file.py:f", "--at", "two"], "should be numbers and lists of numbers"),
        (["file.py:f", "--at", "'a',1"], "should be numbers and lists of numbers"),
        (["file.py:f", "--at", "[[1],[1,2]],1"], "should be numbers and lists of numbers"),
        (["file.py:f", "--at", "2"], "takes (x1, x2), and --at gives 1"),
        (["file.py:f", "--at", "2,5", "--seed", "7"], "seed=7, but there are 2 inputs"),
        (["file.py:f", "--shape", "a"], "should be sizes"),
        (["file.py:f", "--at", "2,5", "--out", "a.gif"], ".svg, .png, .dot or .html"),
        (["file.py:f", "--at", "2,5", "--out", "absent/a.svg"], "No such file or directory"),
        (["file.py:f", "--at", "2,5", "--rankdir", "up"], "TB, BT, LR, RL"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(file: str, arguments: list[str], message: str) -> None:
    code, said = run("draw", *arguments)
    assert code == 2
    assert message in said
    assert said.startswith("tinygrad-edu draw: ")
    assert said.count("\n") == 1


def test_summary_is_of_models(file: str) -> None:
    code, said = run("summary", f"{file}:f", "--at", "2,5")
    assert code == 2
    assert "isn't a model" in said
