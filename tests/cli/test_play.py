"""`tinygrad-edu play FILE.py:FUNC`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tinygrad_edu.cli._app import app

FILE = """
import tinygrad_edu as tg

def f(x1, x2):
    return tg.log(x1) + x1 * x2 - tg.sin(x2)

def broken(x):
    return tg.sin(x) @ tg.ones(7, 2)
"""


def play(folder: Path, *arguments: str) -> Result:
    (folder / "lesson.py").write_text(FILE, encoding="utf-8")
    return CliRunner().invoke(app, ["play", *arguments, "--out", str(folder / "page.html")], env={"COLUMNS": "120"})


def test_it_writes_the_page(tmp_path: Path) -> None:
    result = play(tmp_path, f"{tmp_path}/lesson.py:f", "--at", "2,5", "--seed", "1")
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "page.html") in result.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "11.652" in page and '"seed":1' in page


def test_a_cut_is_said(tmp_path: Path) -> None:
    result = play(tmp_path, f"{tmp_path}/lesson.py:f", "--at", "2,5", "--max-steps", "2")
    assert result.exit_code == 0
    assert "3 earlier operations aren't shown" in result.output


def test_where_the_function_raised_there_is_a_page_and_an_exit_code(tmp_path: Path) -> None:
    result = play(tmp_path, f"{tmp_path}/lesson.py:broken", "--at", "[1,2,3]")
    assert result.exit_code == 1
    assert "ShapeError" in result.output
    assert "matmul" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lesson.py"], "FILE.py:FUNC"),
        (["{}/lesson.py:g", "--at", "2"], "has no 'g'"),
        (["{}/lesson.py:f", "--at", "2"], "takes (x1, x2)"),
        (["{}/lesson.py:f", "--at", "2,5", "--seed", "7"], "seed"),
        (["{}/lesson.py:f", "--at", "2,5", "--max-steps", "0"], "max_steps=0"),
    ],
)
def test_wrong_options_are_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = play(tmp_path, *(text.format(tmp_path) for text in arguments))
    assert result.exit_code == 2
    assert said in re.sub(r"\s+", " ", result.output)
    assert not (tmp_path / "page.html").exists()
