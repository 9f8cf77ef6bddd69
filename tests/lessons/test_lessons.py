"""Each script in this folder, unchanged, under PyTorch and under `tinygrad-edu run`: what they print is the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPTS = sorted(path for path in HERE.glob("*.py") if path.name != Path(__file__).name)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\binf\b|\bnan\b)")


def output(*command: str, folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout


def places(text: str) -> str:
    """The words between the numbers, whatever the width of the columns."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", text)).replace("[ ", "[")


@pytest.mark.oracle
@pytest.mark.parametrize("script", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_a_lesson_prints_the_same_numbers_as_under_pytorch(script, tmp_path):
    here = output(sys.executable, "-m", "tinygrad_edu", "run", str(script), folder=tmp_path)
    there = output(sys.executable, str(script), folder=tmp_path)
    assert places(here) == places(there)
    ours, theirs = ([float(word) for word in NUMBER.findall(text)] for text in (here, there))
    assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("script", SCRIPTS[:3], ids=[path.stem for path in SCRIPTS[:3]])
def test_a_lesson_runs_where_there_is_no_pytorch(script, tmp_path):
    assert output(sys.executable, "-m", "tinygrad_edu", "run", str(script), folder=tmp_path)
