"""Random programs of views and in-place writes agree with PyTorch's; `make test-programs` runs ten thousand."""

from __future__ import annotations

import os

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.inplace.programs import compare

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

COUNT = int(os.environ.get("TINYGRAD_EDU_PROGRAMS", "400"))
CHUNKS = 8


@pytest.mark.filterwarnings("ignore")  # PyTorch warns of its own deprecations
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs(chunk):
    totals = {}
    with np.errstate(all="ignore"):
        for seed in range(chunk, COUNT, CHUNKS):
            for what, count in compare(seed, torch, tg).items():
                totals[what] = totals.get(what, 0) + count
    # The programs must be worth their name.
    assert totals["gradients"] > COUNT // CHUNKS
    assert totals["refused"] > COUNT // CHUNKS // 4
    assert totals["steps"] > 10 * (COUNT // CHUNKS)
