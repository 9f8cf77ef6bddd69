"""What NumPy has no function for, or no derivative: order statistics by PyTorch, ties, and integers."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.ops import order, scan
from tinygrad_edu.ops.search import searchsorted

rng = np.random.default_rng(0)
DISTINCT = rng.permutation(24).reshape(2, 4, 3) * 0.37 - 2
TIES = rng.integers(0, 3, (2, 5, 3)) * 1.0
HOLES = np.where(rng.random((2, 4, 3)) < 0.3, np.nan, DISTINCT)

CALLS = {
    "sort": lambda t, x: t.sort(x, dim=1, stable=True),
    "sort, descending": lambda t, x: t.sort(x, dim=-1, descending=True, stable=True),
    "argsort": lambda t, x: (t.argsort(x, dim=1, stable=True),),
    "msort": lambda t, x: (t.msort(x),),
    "topk": lambda t, x: t.topk(x, 2, 1),
    "topk, smallest": lambda t, x: t.topk(x, 2, 1, largest=False),
    "kthvalue": lambda t, x: t.kthvalue(x, 2, 1, keepdim=True),
    "median": lambda t, x: t.median(x, 1),
    "median of all": lambda t, x: (t.median(x),),
    "nanmedian": lambda t, x: t.nanmedian(x, 1),
    "nanmedian of all": lambda t, x: (t.nanmedian(x),),
    "mode": lambda t, x: t.mode(x, 1),
    "cummax": lambda t, x: t.cummax(x, 1),
    "cummin": lambda t, x: t.cummin(x, -1),
    "cumsum": lambda t, x: (t.cumsum(x, 1),),
    "cumprod": lambda t, x: (t.cumprod(x, 1),),
    "logcumsumexp": lambda t, x: (t.logcumsumexp(x, 1),),
}
UNSPECIFIED = {"topk", "topk, smallest", "kthvalue"}
"""Which of several equal values PyTorch takes isn't said, so ties are left out."""


class Ours:
    """Our functions under PyTorch's names."""

    def __getattr__(self, name):
        return getattr(order, name, None) or getattr(scan, name)


@pytest.mark.oracle
@pytest.mark.parametrize("data", ["distinct", "ties", "holes"])
@pytest.mark.parametrize("name", CALLS)
def test_values_indices_and_gradients_are_pytorchs(name, data):
    torch = pytest.importorskip("torch")
    if (data == "ties" and name in UNSPECIFIED) or (data == "holes" and name in ("kthvalue", "mode", "logcumsumexp")):
        pytest.skip("PyTorch leaves open which it takes")
    values = {"distinct": DISTINCT, "ties": TIES, "holes": HOLES}[data]
    ours, theirs = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    ys, ts = CALLS[name](Ours(), ours), CALLS[name](torch, theirs)
    for i, (y, t) in enumerate(zip(ys, ts, strict=True)):
        if data == "holes" and i == 1 and name == "topk":
            continue
        np.testing.assert_allclose(y.detach().numpy(), t.detach().numpy(), rtol=1e-12)
    if name != "argsort" and not (data == "holes" and name in ("topk", "median of all", "cumsum", "cumprod")):
        weights = rng.normal(size=ys[0].shape)
        (ys[0] * weights).sum().backward()
        (ts[0] * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CALLS)
def test_they_run_under_vmap(name):
    got = func.vmap(lambda a: tuple(CALLS[name](Ours(), a)))(tg.tensor(np.stack([DISTINCT, TIES[:, :4], -DISTINCT])))
    want = [CALLS[name](Ours(), tg.tensor(a)) for a in (DISTINCT, TIES[:, :4], -DISTINCT)]
    for y, column in zip(got, zip(*want, strict=True), strict=True):
        np.testing.assert_array_equal(y.numpy(), np.stack([w.numpy() for w in column]))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_in_a_row_of_its_own_for_each_example(side):
    a, v = np.sort(rng.integers(0, 4, (3, 5)) * 1.0), rng.integers(-1, 5, (3, 2, 4)) * 1.0
    got = func.vmap(lambda a, v: searchsorted(a, v, side))(tg.tensor(a), tg.tensor(v)).numpy()
    np.testing.assert_array_equal(got, np.stack([np.searchsorted(*pair, side) for pair in zip(a, v, strict=True)]))


INTEGER = {
    "mean": (lambda a: np.mean(a, axis=0), np.float32),
    "var": (lambda a: np.var(a, axis=0), np.float32),
    "std": (lambda a: np.std(a), np.float32),
    "average": (lambda a: np.average(a, axis=1, weights=[1, 2, 1]), np.float32),
    "median": (lambda a: np.median(a), np.float32),
    "quantile": (lambda a: np.quantile(a, 0.3, axis=1), np.float32),
    "quantile, lower": (lambda a: np.quantile(a, 0.3, axis=1, method="lower"), np.int32),
    "gradient": (lambda a: np.gradient(a, axis=1), np.float32),
    "cov": (lambda a: np.cov(a), np.float32),
    "sum": (lambda a: np.sum(a, axis=0), np.int64),
    "prod": (lambda a: np.prod(a, axis=1), np.int64),
    "sum in a dtype": (lambda a: np.sum(a, dtype=np.float32), np.float32),
    "max": (lambda a: np.max(a, axis=0, initial=-5, where=[True, False, True]), np.int32),
    "nanmax": (lambda a: np.nanmax(a), np.int32),
    "nanmean": (lambda a: np.nanmean(a), np.float32),
    "ptp": (lambda a: np.ptp(a, axis=1), np.int32),
    "cumsum": (lambda a: np.cumsum(a, axis=1), np.int64),
    "cumprod": (lambda a: np.cumprod(a), np.int64),
    "maximum.accumulate": (lambda a: np.maximum.accumulate(a, axis=1), np.int32),
    "diff": (lambda a: np.diff(a), np.int32),
    "sort": (lambda a: np.sort(a, axis=None), np.int32),
    "unique": (lambda a: np.unique(a), np.int32),
    "bincount": (lambda a: np.bincount(a.reshape(-1)), np.int64),
    "histogram": (lambda a: np.histogram(a, 3)[0], np.int64),
    "histogram's edges": (lambda a: np.histogram(a, 3)[1], np.float32),
    "trapezoid": (lambda a: np.trapezoid(a), np.float32),
    "all": (lambda a: np.all(a, axis=1), np.bool_),
    "count_nonzero": (lambda a: np.count_nonzero(a, axis=1), np.int64),
    "ediff1d": (lambda a: np.ediff1d(a, to_begin=7), np.int32),
}


@pytest.mark.parametrize("name", INTEGER)
def test_integers_are_numpys_with_floats_in_the_default_dtype(name):
    f, dtype = INTEGER[name]
    a = np.array([[3, 1, 2], [2, 5, 0]], np.int32)
    got = f(tg.tensor(a))
    assert got.dtype == dtype
    np.testing.assert_allclose(got.numpy(), f(a), rtol=1e-6)


TIED = {
    "np.max": (lambda x: np.max(x), [0.5, 0.5, 0]),
    "np.sort": (lambda x: np.sort(x)[-1], [0, 1, 0]),
    "np.median": (lambda x: np.median(x), [1, 0, 0]),
    "np.maximum.accumulate": (lambda x: np.maximum.accumulate(x)[-1], [0, 1, 0]),
    "np.unique": (lambda x: np.unique(x)[-1], [1, 0, 0]),
    "np.ptp": (lambda x: np.ptp(x), [0.5, 0.5, -1]),
    "np.std of equals": (lambda x: np.std(x[:2]), [0, 0, 0]),
    "np.nanstd of equals": (lambda x: np.nanstd(x[:2]), [0, 0, 0]),
    "torch.median": (lambda x: order.median(x), [0.5, 0.5, 0]),
    "torch.median of a dim": (lambda x: order.median(x, 0).values, [1, 0, 0]),
}


@pytest.mark.parametrize("name", TIED)
def test_ties(name):
    f, want = TIED[name]
    x = tg.tensor(np.array([2.0, 2.0, 1.0]))
    np.testing.assert_array_equal(func.grad(f)(x).numpy(), want)
    np.testing.assert_array_equal(func.jacfwd(f)(x).numpy(), want)


def test_products_are_right_at_zeros_to_second_order():
    x = tg.tensor(np.array([2.0, 0.0, 3.0, 0.0]))
    for f in (lambda x: np.prod(x), lambda x: np.cumprod(x)[-1], lambda x: np.multiply.accumulate(x)[3]):
        hessian = func.hessian(f)(x).numpy()
        want = np.zeros((4, 4))
        want[1, 3] = want[3, 1] = 6.0
        np.testing.assert_array_equal(hessian, want)


def test_logcumsumexp_begins_at_minus_infinity():
    x = tg.tensor(np.array([-np.inf, -np.inf, 0.0, 1.0]), requires_grad=True)
    y = scan.logcumsumexp(x, 0)
    y[2:].sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0, 0, 1 + 1 / (1 + np.e), np.e / (1 + np.e)])


def test_masked_nans_reach_neither_values_nor_gradients():
    x = tg.tensor(np.array([1.0, np.nan, 4.0]), requires_grad=True)
    keep = np.array([True, False, True])
    for f in (np.sum, np.prod, np.mean, np.var, np.std, lambda a, where: np.max(a, initial=0.0, where=where)):
        x.grad = None
        f(x, where=keep).backward()
        assert np.isfinite(x.grad.numpy()).all()
        assert x.grad.numpy()[1] == 0


def test_infinities_in_quantiles():
    x = tg.tensor(np.array([1.0, np.inf, -np.inf, np.inf]))
    assert np.quantile(x, [0, 0.2, 1 / 3, 0.5, 0.9, 1]).tolist() == [-np.inf, -np.inf, 1, np.inf, np.inf, np.inf]
    assert np.median(x).item() == np.inf
