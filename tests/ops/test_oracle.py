"""Every function that PyTorch and this library both have gives the same: values, dtypes and gradients, for random shapes,
axes, dtypes, and arrays that lie in memory in any way."""

from __future__ import annotations

import importlib
import math
import pkgutil
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.ops.oracle
import tinygrad_edu as tg
from tests.ops.oracle import A, Axis, Places

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # PyTorch's about names and layouts it will drop
]

TABLES = [
    importlib.import_module(f"tests.ops.oracle.{m.name}").ROWS for m in pkgutil.iter_modules(tests.ops.oracle.__path__)
]
NAMED = {name: row for table in TABLES for name, row in table.items()}
EXAMPLES = 6
TOLERANCE = {"float32": 2e-5, "float64": 1e-10, "complex64": 2e-5, "complex128": 1e-10}


def test_no_name_stands_in_two_tables():
    assert len(NAMED) == sum(map(len, TABLES))


@pytest.mark.parametrize("name", NAMED)
def test_agrees_with_torch(name):
    row = NAMED[name]

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(st.integers(0, 2**32 - 1))
    def agrees(seed):
        check(row, np.random.default_rng(seed))

    agrees()


def check(row, rng):
    dtype = rng.choice(row.dtypes)
    if row.complex and rng.random() < 0.4:
        dtype = {"float32": "complex64", "float64": "complex128"}[dtype]
    drawn = Drawn(rng, dtype)
    values = [drawn.value(kind) for kind in row.kinds]
    ours, theirs = run(tg, row, values), run(torch, row, values)
    tolerance, weights, gradients = compare(ours, theirs, dtype, row, rng)
    if weights:
        forward_agrees(row, values, weights, gradients, tolerance, rng)


def forward_agrees(row, values, weights, gradients, tolerance, rng):
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩: forward mode fits the gradients that fit PyTorch's."""
    moving = [i for i, v in enumerate(values) if isinstance(v, np.ndarray) and v.dtype.kind in "fc"]
    directions = [rng.uniform(-1, 1, values[i].shape) for i in moving]
    primals = [tg.from_numpy(copied_as_it_lies(values[i])) for i in moving]

    def f(*xs):
        given = [v if not isinstance(v, np.ndarray) else tg.from_numpy(v) for v in values]
        for i, x in zip(moving, xs, strict=True):
            given[i] = x
        found = flat(row.f(tg, *given))
        return tuple(y for y in found if isinstance(y, tg.Tensor) and y.dtype.kind in "fc")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tangents = tuple(tg.tensor(d, dtype=p.dtype) for d, p in zip(directions, primals, strict=True))
        outputs = tg.func.jvp(f, tuple(primals), tangents)[1]
    if len(outputs) != len(weights):
        return  # some outputs have no gradient
    forward = sum(np.sum(np.conj(w) * y.numpy()).real for w, y in zip(weights, outputs, strict=True))
    backward = sum(np.sum(np.conj(g) * d).real for g, d in zip(gradients, directions, strict=True))
    assert abs(forward - backward) <= 1000 * tolerance * max(1.0, abs(backward))


class Drawn:
    """The arguments of one call, whose axes of one name have one length."""

    def __init__(self, rng, dtype):
        self.rng = rng
        self.dtype = dtype
        self.lengths = {}
        self.first = None

    def value(self, kind):
        if isinstance(kind, Axis):
            ndim = self.first.ndim + kind.new
            return int(self.rng.integers(-ndim, ndim))
        if isinstance(kind, Places):
            n = self.first.shape[kind.axis]
            shape = self.shape(kind.shape)
            if kind.unique:
                return self.rng.permutation(n)[: math.prod(shape)].copy()
            return self.rng.integers(0, n, shape)
        if not isinstance(kind, A):
            return kind
        value = self.array(kind)
        self.first = value if self.first is None else self.first
        return value

    def shape(self, text):
        if text in ("*", "+"):
            return tuple(int(n) for n in self.rng.integers(1, 5, self.rng.integers(text == "+", 4)))
        if text == "~":
            shape = [1 if self.rng.random() < 0.3 else n for n in self.first.shape]
            return tuple(shape[self.rng.integers(0, len(shape) + 1) :])
        return tuple(int(c) if c.isdigit() else self.lengths.setdefault(c, int(self.rng.integers(2, 5))) for c in text)

    def array(self, kind):
        shape = self.shape(kind.shape)
        if kind.kind == "b":
            return self.laid(np.asarray(self.rng.random(shape) < 0.5))
        if kind.kind == "i":
            return self.laid(np.asarray(self.rng.integers(int(kind.low), int(kind.high), shape)))
        value = self.rng.uniform(kind.low, kind.high, shape)
        if self.dtype.startswith("complex"):
            value = value + 1j * self.rng.uniform(kind.low, kind.high, shape)
        value = np.asarray(value, self.dtype)
        return self.laid(np.asarray(value if kind.fix is None else kind.fix(value), self.dtype))

    def laid(self, value):
        """The same elements in memory in some other way: with axes exchanged, with gaps, or side by side."""
        how = self.rng.integers(0, 4)
        if how == 0 and value.ndim > 1:
            return np.ascontiguousarray(value.T).T
        if how == 1 and value.ndim:
            wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
            wide[..., ::2] = value
            return wide[..., ::2]
        return value


def run(lib, row, values):
    """The floating arguments as leaves, and what the call returns."""
    arguments, leaves = [], []
    for value in values:
        if isinstance(value, np.ndarray):
            value = lib.from_numpy(copied_as_it_lies(value))
            if row.gradient and value.dtype in (lib.float32, lib.float64, lib.complex64, lib.complex128):
                value.requires_grad_()
                leaves.append(value)
        arguments.append(value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return flat(row.f(lib, *arguments)), leaves


def copied_as_it_lies(value):
    base = value.base if value.base is not None and value.base.size > value.size else None
    return value.copy(order="K") if base is None else base.copy()[..., ::2]


def flat(y):
    if isinstance(y, tuple | list):
        return [leaf for part in y for leaf in flat(part)]
    return [y]


def compare(ours, theirs, dtype, row, rng):
    (ours, our_leaves), (theirs, their_leaves) = ours, theirs
    assert len(ours) == len(theirs)
    coarsest = max((TOLERANCE.get(str(a.dtype), 0) for a in ours if hasattr(a, "dtype")), default=0)
    tolerance = max(TOLERANCE[dtype], coarsest) * row.tolerance
    weights, mine, other = [], [], []
    for a, b in zip(ours, theirs, strict=True):
        if not isinstance(b, torch.Tensor):
            assert type(a) is type(b)
            assert a == b
            continue
        close(a, b, tolerance)
        if b.requires_grad:
            w = rng.uniform(-1, 1, tuple(b.shape))
            w = np.asarray(w + 1j * rng.uniform(-1, 1, w.shape) if b.is_complex() else w, str(a.dtype))
            weights.append(w)
            mine.append(a)
            other.append(b)
    if not other:
        return tolerance, [], []
    assert all(a.requires_grad for a in mine), "PyTorch's result requires a gradient"
    got = tg.autograd.grad(mine, our_leaves, [tg.tensor(w) for w in weights], allow_unused=True)
    want = torch.autograd.grad(other, their_leaves, [torch.from_numpy(np.array(w)) for w in weights], allow_unused=True)
    gradients = []
    for a, b, leaf in zip(got, want, their_leaves, strict=True):
        zero = torch.zeros_like(leaf)
        gradients.append(zero.numpy() if a is None else a.numpy())
        close(tg.from_numpy(gradients[-1]), zero if b is None else b, 10 * tolerance)
    return tolerance, weights, gradients


def close(a, b, tolerance):
    got, want = a.detach().numpy(), b.numpy(force=True)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    scale = np.abs(want[np.isfinite(want)]).max(initial=1.0) if want.size and want.dtype.kind in "fc" else 1.0
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)
