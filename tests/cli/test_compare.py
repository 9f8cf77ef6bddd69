"""`tinygrad-edu compare` on functions and models in files, its sweep, and its errors in words."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tinygrad_edu.cli import _compare
from tinygrad_edu.cli._app import app
from tinygrad_edu.compare._sweep import sweep

PROGRAM = """
import numpy as np
from tinygrad_edu import nn

model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5), nn.Tanh())
plain = nn.Tanh()


def f(x1, x2):
    return np.log(x1) + x1 * x2 - np.sin(x2)


def noisy(x):
    return x * np.random.rand()


def bad(x):
    return x @ np.ones(7)


def broken(x):
    return {}["x"]
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.py").write_text(PROGRAM)
    Path("full").write_text("")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["compare", *arguments], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def sizes(said: str) -> tuple[int, int]:
    found = json.loads(said)["counts"]
    return found["inputs"], found["outputs"]


def test_a_function_at_a_point() -> None:
    code, said, _ = run("file.py:f", "--at", "2,5", "--repeats", "1")
    assert code == 0
    assert "f: n = 2 in, m = 1 out" in said
    assert re.search(r"passes for the whole Jacobian +│ 2 \(n\)", said)
    assert "J v against complex step in float64" in said  # numbers are in double precision


@pytest.mark.parametrize(
    ("form", "start"), [("markdown", "### f: n = 2 in"), ("json", "{"), ("html", "<!doctype html>")]
)
def test_what_is_printed_in_other_forms_is_that_alone(form: str, start: str) -> None:
    code, said, aside = run("file.py:f", "--at", "2,5", "--repeats", "1", "--format", form, "--out", "found.txt")
    assert code == 0
    assert said.startswith(start)
    assert "Wrote" not in said
    assert aside == "Wrote found.txt\n"
    assert Path("found.txt").read_text(encoding="utf-8").startswith("f: n = 2 in")


@pytest.mark.parametrize("ending", ["html", "md", "json", "png"])
def test_out(ending: str) -> None:
    code, said, _ = run("file.py:f", "--at", "2,5", "--repeats", "1", "--out", f"found.{ending}")
    assert code == 0
    assert f"Wrote found.{ending}" in said
    assert Path(f"found.{ending}").stat().st_size > 1000


def test_a_model_is_a_function_of_its_inputs_or_of_its_parameters() -> None:
    json_of = ["--shape", "4,3", "--repeats", "1", "--format", "json"]
    assert sizes(run("file.py:model", *json_of)[1]) == (12, 8)
    assert sizes(run("file.py:model", *json_of, "--parameters")[1]) == (3 * 2 + 2, 8)


def test_the_options_reach_the_comparison() -> None:
    few = ["--shape", "50,3", "--repeats", "2", "--format", "json"]
    found = json.loads(run("file.py:model", *few, "--memory", "20k", "--seed", "3")[1])
    assert found["times"]["forward"]["extrapolated"]
    assert found["times"]["primal"]["runs"] == 2
    assert run("file.py:noisy", "--at", "2", "--function-seed", "1", "--repeats", "1")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name a function, FILE.py:FUNC, or give --sweep"),
        (["file.py:f", "--sweep"], 2, "one of the two"),
        (["absent.py:f"], 2, "there is no file absent.py"),
        (["file.py:f", "--at", "2"], 2, "takes (x1, x2), and --at gives 1"),
        (["file.py:f", "--at", "2,5", "--format", "latex"], 2, "--format must be one of table, markdown"),
        (["file.py:f", "--at", "2,5", "--out", "a.gif"], 2, "it can be saved as .html, .md, .json, .txt or .png"),
        (["file.py:f", "--at", "2,5", "--out", "absent/a.md"], 2, "there is no folder absent"),
        (["file.py:f", "--at", "2,5", "--memory", "much"], 2, "a memory of much"),
        (["file.py:f", "--at", "2,5", "--repeats", "0"], 2, "repeats=0; give at least 1"),
        (["file.py:f", "--at", "2,5", "--parameters"], 2, "file.py:f isn't a model"),
        (["file.py:plain", "--at", "2", "--parameters"], 2, "file.py:plain has none"),
        (["file.py:noisy", "--at", "2"], 2, "two calls of the function at the same point"),
        (["file.py:bad", "--at", "[1,2]"], 1, "matmul: shapes (2,) and (7,) don't meet"),
        (["file.py:broken", "--at", "2"], 1, "file.py:broken raised KeyError: 'x'"),
        (["--sweep", "--largest", "0"], 2, "from 1 to 65,536"),
        (["--sweep", "--repeats", "0"], 2, "--repeats 0: give at least 1"),
        (["--sweep", "--out", "full"], 2, "can't be written to"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], code: int, message: str) -> None:
    found, said, aside = run(*arguments)
    assert (found, said) == (code, "")
    assert message in aside
    assert aside.startswith("tinygrad-edu compare: ")
    assert not aside.startswith("tinygrad-edu compare: compare")
    assert aside.count("\n") == 1


def test_a_sweep_is_written_and_says_where_the_modes_cross() -> None:
    code, said, _ = run("--sweep", "--largest", "256", "--repeats", "1", "--out", "found")
    assert code == 0
    with Path("found/sweep.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25
    for row in rows:
        assert float(row["forward_seconds"]) > 0
        assert row["faster"] in ("forward", "reverse")
    (wide,) = [row for row in rows if (row["n"], row["m"]) == ("256", "1")]
    assert (wide["forward_passes"], wide["reverse_passes"]) == ("256", "1")
    assert wide["recommended"] in ("forward", "reverse")  # by times, and a busy machine may turn them round
    assert Path("found/sweep.png").read_bytes().startswith(b"\x89PNG")
    assert "Wrote sweep.csv and sweep.png to found" in said
    assert re.search(r"The mode with fewer passes was the faster in \d+ of 20", said)
    assert len(re.findall(r"^│ +(?:1|4|16|64|256) │", said, re.MULTILINE)) == 5


def test_an_interrupted_sweep_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **options: Any) -> Iterator[Any]:
        for count, found in enumerate(sweep(*args, **options)):
            if count == 3:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(_compare, "sweep", interrupted)
    code, said, _ = run("--sweep", "--largest", "16", "--repeats", "1", "--out", "found")
    assert code == 130
    assert "Interrupted after 3 of 9." in said
    assert "Wrote sweep.csv and sweep.png to found" in said
    assert len(Path("found/sweep.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3
