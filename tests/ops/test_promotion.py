"""Which dtype comes out of two others, a Python number or a 0-d tensor: as in PyTorch, for every pair.

NumPy has no complex32, which PyTorch makes of float16 beside a complex number; docs/differences.md lists what else is
left out here.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
NUMBERS = [True, 2, 2.0, 2j]
BINARY = {
    "add": lambda T, a, b: a + b,
    "mul": lambda T, a, b: a * b,
    "sub": lambda T, a, b: a - b,
    "div": lambda T, a, b: a / b,
    "floor_divide": lambda T, a, b: a // b,
    "remainder": lambda T, a, b: a % b,
    "pow": lambda T, a, b: a**b,
    "maximum": lambda T, a, b: T.maximum(a, b),
    "eq": lambda T, a, b: a == b,
    "lt": lambda T, a, b: a < b,
    "where": lambda T, a, b: T.where(T.tensor([True]), a, b),
    "result_type": lambda T, a, b: T.zeros(1, dtype=T.result_type(a, b)),
}
TENSORS_ONLY = {
    "cat": lambda T, a, b: T.cat([a.reshape(-1), b.reshape(-1)]),
    "stack": lambda T, a, b: T.stack([a.reshape(1), b.reshape(1)]),
    "bitwise_and": lambda T, a, b: a & b,
    "atan2": lambda T, a, b: T.atan2(a, b),
}
UNARY = {
    "sum": lambda T, a: a.sum(),
    "prod": lambda T, a: a.prod(),
    "cumsum": lambda T, a: a.cumsum(0),
    "mean": lambda T, a: a.mean(),
    "max": lambda T, a: a.max(),
    "abs": lambda T, a: a.abs(),
    "exp": lambda T, a: a.exp(),
    "sqrt": lambda T, a: a.sqrt(),
    "sigmoid": lambda T, a: a.sigmoid(),
    "floor": lambda T, a: a.floor(),
    "neg": lambda T, a: -a,
    "var": lambda T, a: a.var(),
    "all": lambda T, a: a.all(),
}


def outcome(f, lib, *values):
    """The dtype of the result, or that there is none."""
    made = [lib.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for v in values]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(f(lib, *made).dtype).removeprefix("torch.")
    except Exception:  # whatever kind each library raises
        return "refused"


def differing(f, pairs):
    """Where PyTorch has a result and this library another, or none."""
    found = {}
    for name, values in pairs:
        ours, theirs = outcome(f, tg, *values), outcome(f, torch, *values)
        if ours != theirs and theirs not in ("refused", "complex32"):
            found[name] = (ours, theirs)
    return found


def ones(dtype, *shape):
    return np.ones(shape, dtype)


@pytest.mark.parametrize("name", [*BINARY, *TENSORS_ONLY])
def test_two_dtypes(name):
    f = {**BINARY, **TENSORS_ONLY}[name]
    shapes = [(1,), ()] if name != "bitwise_and" else [(1,)]
    both = itertools.product(DTYPES, shapes, DTYPES, shapes)
    assert differing(f, [(pair, (ones(pair[0], *pair[1]), ones(pair[2], *pair[3]))) for pair in both]) == {}


@pytest.mark.parametrize("name", BINARY)
def test_a_dtype_and_a_number(name):
    f = BINARY[name]
    dtypes = DTYPES if name != "pow" else DTYPES[1:]
    left = [((a, s, n), (ones(a, *s), n)) for a in dtypes for n in NUMBERS for s in [(1,), ()]]
    right = [((n, a, s), (n, ones(a, *s))) for a in dtypes for n in NUMBERS for s in [(1,), ()]]
    assert differing(f, left + right) == {}


@pytest.mark.parametrize("name", UNARY)
def test_one_dtype(name):
    dtypes = [d for d in DTYPES if d != "uint8" or name not in ("sum", "prod", "cumsum", "all")]
    assert differing(UNARY[name], [((a,), (ones(a, 3),)) for a in dtypes]) == {}
