"""The table in docs/kinks.md, row by row, in both modes; and against PyTorch."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func

TABLE = (Path(__file__).parents[2] / "docs" / "kinks.md").read_text(encoding="utf-8")
ROWS = [
    (code, float(at), float(slope))
    for code, at, slope in re.findall(r"^\| `(.+?)` \| (\S+) \| (\S+) \|", TABLE, re.MULTILINE)
]
OF_MODELS = [
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "hardshrink",
    "softshrink",
    "softsign",
    "max_pool1d",
    "margin_ranking_loss",
]
OURS = {
    **{name: getattr(tg, name) for name in dir(tg) if not name.startswith("_")},
    **{name: getattr(tg.nn.functional, name) for name in OF_MODELS},
}


def test_the_table_was_read():
    assert len(ROWS) > 20


@pytest.mark.filterwarnings(
    "ignore:divide by zero", "ignore:invalid value"
)  # log(0) itself: NumPy's warning about the value
@pytest.mark.parametrize(("code", "at", "slope"), ROWS, ids=[f"{code} at {at:g}" for code, at, _ in ROWS])
def test_kink(code, at, slope):
    f = eval(f"lambda x: {code}", OURS)
    x = tg.tensor(np.float64(at))
    assert func.grad(f)(x).item() == slope
    forward = func.jvp(f, (x,), (tg.ones_like(x),))[1].item()
    assert forward == slope or (math.isinf(slope) and forward == slope)


@pytest.mark.oracle
@pytest.mark.parametrize(("code", "at", "slope"), ROWS, ids=[f"{code} at {at:g}" for code, at, _ in ROWS])
def test_kink_is_pytorchs(code, at, slope):
    torch = pytest.importorskip("torch")
    names = {name: getattr(torch, name) for name in dir(torch)}
    names |= {name: getattr(torch.nn.functional, name) for name in OF_MODELS}
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    eval(f"lambda x: {code}", names)(x).backward()
    assert x.grad.item() == slope
