"""NumPy's own spelling: every row is run on arrays and on Tensors, and its value, dtypes, both derivatives to second order
and batching must fit."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Sequence

import numpy as np
import pytest

import tests.ops.rows
import tinygrad_edu as tg
from tests.ops.checks import TOLERANCE, central, direction, in_precision, inner, wider
from tests.ops.rows import Row
from tinygrad_edu import Tensor, func
from tinygrad_edu.errors import BatchLoopWarning

TABLES = [
    importlib.import_module(f"tests.ops.rows.{m.name}").ROWS for m in pkgutil.iter_modules(tests.ops.rows.__path__)
]
NAMED = [(name, row) for table in TABLES for name, rows in table.items() for row in rows]


def leaves(y: object) -> list:
    """The arrays and Tensors of a result, which may be nested tuples and lists."""
    if isinstance(y, Sequence) and not isinstance(y, str | Tensor):
        return [leaf for part in y for leaf in leaves(part)]
    return [] if y is None else [y]


def plain(y: object) -> np.ndarray:
    return y.detach().numpy() if isinstance(y, Tensor) else np.asarray(y)


class Call:
    """A row in one precision: which arguments move, and its results as a flat tuple of the differentiable ones."""

    def __init__(self, row: Row, dtype: str) -> None:
        self.row = row
        self.args = [in_precision(np.asarray(a), dtype) for a in row.arrays]
        self.places = [i for i, a in enumerate(self.args) if a.dtype.kind in "fc"]
        rng = np.random.default_rng(7)
        self.xs = [self.args[i] for i in self.places]
        self.x_dots = [direction(rng, x) for x in self.xs]
        self.want = [np.asarray(y) for y in leaves(row.f(*self.args))]
        # float32 in, float32 out, also where NumPy itself widens (np.cov)
        self.y_bars = [in_precision(direction(rng, y), dtype) for y in self.want if y.dtype.kind in "fc"]
        self.tolerance = TOLERANCE[dtype]

    def all(self, *xs: object) -> list:
        args = list(self.args)
        for i, x in zip(self.places, xs, strict=True):
            args[i] = x
        return leaves(self.row.f(*args))

    def floating(self, *xs: object) -> tuple:
        return (
            tuple(y for y in self.all(*xs) if plain(y).dtype.kind in "fc")
            if not any(getattr(x, "level", 0) for x in xs)
            else tuple(y for y in self.all(*xs) if y.dtype.kind in "fc")
        )

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(Tensor(x) for x in self.xs)

    def scalar(self, *xs: object) -> object:
        total = 0.0
        for y, w in zip(self.floating(*xs), self.y_bars, strict=True):
            curved = np.real(np.conj(w) * y + 0.5 * np.conj(y) * y) if y.dtype.kind == "c" else w * y + 0.5 * y * y
            total = total + curved.sum()
        return total


def close(got: Sequence, want: Sequence, tolerance: float, what: str) -> None:
    assert len(got) == len(want), f"{what}: {len(got)} results, expected {len(want)}"
    for g, w in zip(map(plain, got), map(plain, want), strict=True):
        assert g.shape == w.shape, f"{what}: shape {g.shape}, expected {w.shape}"
        both_nan = np.isnan(g) & np.isnan(w) if w.dtype.kind in "fc" and g.dtype.kind in "fc" else False
        with np.errstate(invalid="ignore"):
            off = np.where(both_nan | (g == w), 0, np.abs(wider(g) - wider(w)))
        finite = np.abs(w[np.isfinite(w)]) if w.size else w
        worst = float(np.max(off, initial=0)) / max(1.0, float(np.max(finite, initial=0)))
        assert worst <= tolerance, f"{what}: off by {worst:.2e} (allowed {tolerance:.0e})"


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", [pytest.param(row, id=f"{name}-{i}") for i, (name, row) in enumerate(NAMED)])
def test_numpys_spelling(row: Row, dtype: str) -> None:
    call = Call(row, dtype)
    if dtype == "float32" and "float64" in row.f.__code__.co_names:
        return  # The row asks for the wide dtype itself.
    got = call.all(*call.tensors())
    close(got, call.want, call.tolerance, "value")
    for g in got:
        kind = plain(g).dtype.kind
        if kind in "fc" and isinstance(g, Tensor):
            assert g.dtype == in_precision(np.zeros((), g.dtype), dtype).dtype, f"result is {g.dtype} for {dtype}"
    if not call.xs or not call.y_bars or row.order == 0:
        return
    tolerance = max(1e-7, call.tolerance)
    # forward, and reverse by the adjoint identity
    y_dots = func.jvp(call.floating, call.tensors(), tuple(call.x_dots))[1]
    exact = Call(row, "float64")
    close(
        y_dots, central(exact.floating, exact.xs, [wider(d) for d in call.x_dots]), tolerance, "JVP against differences"
    )
    x_bars = func.vjp(call.floating, *call.tensors())[1](tuple(map(Tensor, call.y_bars)))
    assert [d.dtype for d in y_dots] == [y.dtype for y in call.y_bars], "a tangent of another dtype than its output"
    assert [(b.shape, b.dtype) for b in x_bars] == [(x.shape, x.dtype) for x in call.xs], (
        "a cotangent unlike its argument"
    )
    forward = sum(inner(w, plain(d)) for w, d in zip(call.y_bars, y_dots, strict=True))
    reverse = sum(inner(plain(b), d) for b, d in zip(x_bars, call.x_dots, strict=True))
    assert abs(forward - reverse) <= call.tolerance * max(1.0, abs(forward)), (
        f"⟨w, Jv⟩ = {forward}, ⟨Jᵀw, v⟩ = {reverse}"
    )
    if dtype == "float64" and row.order > 1:
        second_order(call)
    if dtype == "float64":
        batching(call)


def second_order(call: Call) -> None:
    argnums = tuple(range(len(call.xs)))
    gradient = func.grad(call.scalar, argnums)
    want = central(lambda *xs: tuple(g.numpy() for g in gradient(*map(Tensor, xs))), call.xs, call.x_dots)
    forward = func.jvp(gradient, call.tensors(), tuple(call.x_dots))[1]
    close(forward, want, 1e-6, "forward over reverse")

    def directional(*xs: Tensor) -> Tensor:
        pairs = zip(gradient(*xs), call.x_dots, strict=True)
        return sum(
            (np.real(np.conj(g) * d).sum() if d.dtype.kind == "c" else (g * d).sum() for g, d in pairs),
            start=tg.tensor(0.0),
        )

    close(func.grad(directional, argnums)(*call.tensors()), want, 1e-6, "reverse over reverse")


def batching(call: Call) -> None:
    row = call.row
    if not row.batch:
        return
    rng = np.random.default_rng(3)
    stacked = [np.stack([x, x * (1 + 0.01 * rng.normal()), x]) for x in call.xs]
    for chosen in [*({i} for i in range(len(call.xs))), set(range(len(call.xs)))]:
        args = [stacked[i] if i in chosen else x for i, x in enumerate(call.xs)]
        dims = tuple(0 if i in chosen else None for i in range(len(args)))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", BatchLoopWarning)
            got = func.vmap(call.floating, in_dims=dims)(*map(Tensor, args))
        assert bool(caught) <= row.loops, f"vmap over {sorted(chosen)} ran a loop: {caught[0].message}"
        want = [call.floating(*(a[k] if i in chosen else a for i, a in enumerate(args))) for k in range(3)]
        close(
            got,
            [np.stack([plain(y) for y in column]) for column in zip(*want, strict=True)],
            1e-9,
            f"vmap over {sorted(chosen)}",
        )
