"""`linearize`, `jet` and containers give the numbers that JAX gave (stored; `make_jax_results.py` made them)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.func.jax_programs import CASES, Library, named
from tinygrad_edu import func

RESULTS = json.loads(Path(__file__).with_name("jax_results.json").read_text(encoding="utf-8"))
OURS = Library(
    m=tg,
    array=lambda a: tg.tensor(np.asarray(a)),
    **{name: getattr(func, name) for name in Library._fields[2:]},
)


def test_every_case_has_a_stored_result():
    assert set(RESULTS) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_jaxs(name):
    got, want = dict(named(CASES[name](OURS))), RESULTS[name]
    assert set(got) == set(want)
    for path, value in want.items():
        scale = np.abs(value).max(initial=1)
        np.testing.assert_allclose(got[path], value, rtol=0, atol=1e-10 * scale, err_msg=path)
