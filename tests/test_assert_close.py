"""`testing.assert_close` passes and fails where PyTorch's does, and says what differs."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg

X = np.array([1.0, 2.0, 3.0])
CASES = [
    (X, X, {}),
    (X, X + 1e-8, {}),
    (X, X + 1e-6, {}),
    (X.astype("f4"), (X + 1e-6).astype("f4"), {}),
    (X.astype("f4"), (X + 1e-4).astype("f4"), {}),
    (X.astype("f4"), X, {}),
    (X.astype("f4"), X, {"check_dtype": False}),
    (X, X[:2], {}),
    (X, X + 0.1, {"rtol": 0, "atol": 0.2}),
    (np.array([np.nan]), np.array([np.nan]), {}),
    (np.array([np.nan]), np.array([np.nan]), {"equal_nan": True}),
    (np.array([np.inf]), np.array([np.inf]), {}),
    (np.array([1, 2]), np.array([1, 3]), {}),
    (np.array(1.0), np.array(1.5), {}),
    (np.array([1 + 1j]), np.array([1 + 1.1j]), {}),
]


@pytest.mark.oracle
@pytest.mark.parametrize(("a", "b", "options"), CASES, ids=range(len(CASES)))
def test_it_decides_as_pytorch_does(a, b, options):
    import torch

    decided = []
    for lib in (tg, torch):
        for x, y in (
            (lib.tensor(a), lib.tensor(b)),
            ([lib.tensor(a)], [lib.tensor(b)]),
            ({"k": lib.tensor(a)}, {"k": lib.tensor(b)}),
        ):
            try:
                lib.testing.assert_close(x, y, **options)
                decided.append(True)
            except AssertionError:
                decided.append(False)
    assert decided[:3] == decided[3:]


def test_what_differs_is_said():
    with pytest.raises(AssertionError) as caught:
        tg.testing.assert_close({"w": [tg.tensor([1.0, 2.0]), 3]}, {"w": [tg.tensor([1.0, 2.5]), 3]})
    assert str(caught.value) == (
        "Tensor-likes at ['w'] at [0] are not close!\n\nMismatched elements: 1 / 2 (50.0%)\n"
        "Greatest absolute difference: 0.5 at index (1,) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.2 (up to 1.3e-06 allowed)"
    )
    with pytest.raises(AssertionError, match="own words"):
        tg.testing.assert_close(1.0, 2.0, msg="own words")
    with pytest.raises(ValueError, match="give both rtol and atol"):
        tg.testing.assert_close(1.0, 1.0, rtol=1)
