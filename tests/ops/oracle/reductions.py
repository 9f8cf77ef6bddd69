"""Functions that go along axes: sums, moments, norms, extrema, orders, running totals, counts."""

# ruff: noqa: SIM905  # names in one string read better than each in quotes

from __future__ import annotations

import numpy as np

from tests.ops.oracle import A, Axis, Row, bools, ints, row

WHOLE = lambda x: np.round(x) + 0.0  # whole numbers, without −0
ROWS: dict[str, Row] = {}
X = A("+")

for (
    name
) in "sum mean prod std var norm amax amin nansum nanmean max min median nanmedian argmax argmin all any".split():
    ROWS[name] = row(lambda T, x, n=name: getattr(T, n)(x), A("ab"), complex=name in ("sum", "prod"))
    ROWS[f"x.{name}"] = row(lambda T, x, n=name: getattr(x, n)(), A("ab"))
for name in (
    "sum mean prod std var logsumexp amax amin nansum nanmean max min median nanmedian mode argmax argmin all any"
).split():
    ROWS[f"{name} dim"] = row(lambda T, x, d, n=name: getattr(T, n)(x, dim=d), A("abc"), Axis())
    ROWS[f"x.{name} dim keepdim"] = row(lambda T, x, d, n=name: getattr(x, n)(d, keepdim=True), A("abc"), Axis())
for name in "sum mean std var logsumexp amax amin nansum nanmean all any".split():
    ROWS[f"{name} dims"] = row(lambda T, x, n=name: getattr(x, n)(dim=(0, -1)), A("abc"))
    ROWS[f"{name} axis keepdims"] = row(lambda T, x, n=name: getattr(x, n)(axis=1, keepdims=True), A("abc"))
for name in "cumsum cumprod logcumsumexp cummax cummin diff sort argsort softmax log_softmax msort".split():
    if name != "msort":
        ROWS[f"{name} dim"] = row(lambda T, x, d, n=name: getattr(T, n)(x, dim=d), X, Axis())
        ROWS[f"x.{name} dim"] = row(lambda T, x, d, n=name: getattr(x, n)(dim=d), X, Axis())
for p in (0, 1, 2, 3, 2.5, float("inf"), float("-inf"), "fro"):
    ROWS[f"norm {p}"] = row(lambda T, x, p=p: T.norm(x, p), A("ab"), tolerance=5, gradient=p != 0)
    ROWS[f"norm {p} dim"] = row(lambda T, x, p=p: x.norm(p, dim=1), A("ab"), tolerance=5)

ROWS |= {
    "sum dtype": row(lambda T, x: T.sum(x, dtype=T.float64), X),
    "sum of integers": row(lambda T, x: x.sum(0), ints("+")),
    "sum of booleans": row(lambda T, x: T.sum(x), bools("+")),
    "prod of integers": row(lambda T, x: x.prod(), ints("+")),
    "prod with zeros": row(lambda T, x: x.prod(0), A("ab", fix=WHOLE)),
    "mean dtype": row(lambda T, x: x.mean(dtype=T.float32), ints("+")),
    "mean of nothing": row(lambda T, x: x[:0].mean(0), A("ab"), gradient=False),
    "sum of nothing": row(lambda T, x: x[:0].sum(), A("ab")),
    "var biased": row(lambda T, x: x.var(0, unbiased=False), A("abc")),
    "var False": row(lambda T, x: x.var(False), A("abc")),
    "var correction": row(lambda T, x: T.var(x, dim=1, correction=2, keepdim=True), A("a5")),
    "std correction": row(lambda T, x: x.std(1, correction=0), A("ab")),
    "std_mean": row(lambda T, x: T.std_mean(x, dim=1), A("ab")),
    "var_mean": row(lambda T, x: T.var_mean(x, 0, keepdim=True), A("ab")),
    "max of two": row(lambda T, x, y: T.max(x, y), A("ab"), A("b")),
    "min of two": row(lambda T, x, y: x.min(y), A("ab"), A("b")),
    "max named": row(lambda T, x: x.max(1).values - x.min(1).values, A("ab")),
    "max indices": row(lambda T, x: x.max(1)[1], A("ab")),
    "max of ties": row(lambda T, x: x.max(), A("ab", fix=WHOLE)),
    "amax of ties": row(lambda T, x: x.amax(0), A("ab", fix=WHOLE)),
    "median of ties": row(lambda T, x: x.median(), A("ab", fix=WHOLE)),
    "max of integers": row(lambda T, x: x.max(0), A("a", -50, 50, "i", None)),
    "aminmax": row(lambda T, x: T.aminmax(x), A("ab")),
    "aminmax dim": row(lambda T, x: x.aminmax(dim=0, keepdim=True), A("ab")),
    "argmax keepdim": row(lambda T, x: T.argmax(x, dim=1, keepdim=True), A("ab")),
    "nansum": row(lambda T, x: T.nansum(x.sqrt(), 0), A("ab"), gradient=False),
    "nanmean of nan": row(lambda T, x: T.nanmean(x.sqrt(), 0), A("ab"), gradient=False),
    "median of nan": row(lambda T, x: x.sqrt().median(0), A("ab"), gradient=False),
    "nanmedian of nan": row(lambda T, x: x.sqrt().nanmedian(0).values, A("ab"), gradient=False),
    "max of nan": row(lambda T, x: x.sqrt().max(0), A("ab"), gradient=False),
    "sort of nan": row(lambda T, x: x.sqrt().sort(dim=0, stable=True), A("ab"), gradient=False),
    "renorm": row(lambda T, x: T.renorm(x, 2, 0, 1.0), A("ab"), tolerance=10),
    "count_nonzero": row(lambda T, x: T.count_nonzero(x), ints("+")),
    "count_nonzero dim": row(lambda T, x: x.count_nonzero(dim=0), ints("+")),
    "all of integers": row(lambda T, x: x.all(0), ints("+")),
    "any of booleans": row(lambda T, x: T.any(x, 0), bools("+")),
    "cumsum of integers": row(lambda T, x: x.cumsum(0), ints("+")),
    "cumsum dtype": row(lambda T, x: x.cumsum(0, dtype=T.float64), X),
    "cumprod with zeros": row(lambda T, x: x.cumprod(0), A("ab", fix=WHOLE)),
    "cummax of ties": row(lambda T, x: x.cummax(0), A("ab", fix=WHOLE)),
    "diff n": row(lambda T, x: T.diff(x, n=2), A("a5")),
    "diff prepend": row(lambda T, x, y: T.diff(x, dim=1, prepend=y), A("ab"), A("a1")),
    "cov": row(lambda T, x: T.cov(x), A("a5"), tolerance=5),
    "cov correction": row(lambda T, x: x.cov(correction=0), A("a5")),
    "cov weights": row(lambda T, x, w: T.cov(x, aweights=w), A("a5"), A("5", 0.5, 2), tolerance=5),
    "corrcoef": row(lambda T, x: T.corrcoef(x), A("a5"), tolerance=20),
    "sort descending": row(lambda T, x: T.sort(x, dim=0, descending=True), X),
    "sort stable": row(lambda T, x: T.sort(x, stable=True, dim=-1, descending=True), ints("+")),
    "sort 0-d": row(lambda T, x: x.sum().sort(), A("ab")),
    "argsort": row(lambda T, x: x.argsort(descending=True), X),
    "msort": row(lambda T, x: T.msort(x), X),
    "topk": row(lambda T, x: T.topk(x, 2), A("ab")),
    "topk smallest": row(lambda T, x: x.topk(k=1, dim=0, largest=False), A("ab")),
    "kthvalue": row(lambda T, x: T.kthvalue(x, 2), A("ab")),
    "kthvalue dim": row(lambda T, x: x.kthvalue(1, dim=0, keepdim=True), A("ab")),
    "mode of ties": row(lambda T, x: T.mode(x, 0).values, A("6b", fix=WHOLE), gradient=False),
    "mode of integers": row(lambda T, x: x.mode().values, ints("ab")),
    "quantile": row(lambda T, x: T.quantile(x, 0.3), A("ab")),
    "quantile dim": row(lambda T, x: x.quantile(0.75, dim=1, keepdim=True), A("ab")),
    "quantile several": row(lambda T, x: T.quantile(x, T.tensor([0.1, 0.5, 1.0], dtype=x.dtype), dim=0), A("ab")),
    "quantile lower": row(lambda T, x: x.quantile(0.4, dim=0, interpolation="lower"), A("5b")),
    "quantile midpoint": row(lambda T, x: x.quantile(0.4, dim=0, interpolation="midpoint"), A("5b")),
    "nanquantile": row(lambda T, x: T.nanquantile(x.sqrt(), 0.4, dim=0), A("5b"), gradient=False),
    "unique": row(lambda T, x: T.unique(x), ints("+")),
    "unique all": row(lambda T, x: x.unique(return_inverse=True, return_counts=True), ints("+")),
    "unique dim": row(lambda T, x: T.unique(x, dim=0, return_counts=True), ints("5b", 0, 2)),
    "unique_consecutive": row(
        lambda T, x: T.unique_consecutive(x, return_inverse=True, return_counts=True), ints("9", 0, 2)
    ),
    "bincount": row(lambda T, x: T.bincount(x), ints("a", 0, 6)),
    "bincount weights": row(lambda T, x, w: x.bincount(w, minlength=8), ints("a", 0, 6), A("a"), gradient=False),
    "histc": row(lambda T, x: T.histc(x, bins=4), A("ab"), gradient=False),
    "histc range": row(lambda T, x: x.histc(5, -1, 1), A("ab"), gradient=False),
    "histogram": row(lambda T, x: T.histogram(x, 4, range=(-1.0, 1.0)), A("ab"), gradient=False),
    "histogram edges": row(
        lambda T, x: x.histogram(T.tensor([-1, 0.5, 2], dtype=x.dtype), density=True), A("ab"), gradient=False
    ),
    "searchsorted": row(
        lambda T, x, y: T.searchsorted(x.sort().values, y, right=True), A("a"), A("bc"), gradient=False
    ),
    "searchsorted rows": row(lambda T, x, y: T.searchsorted(x.sort().values, y), A("ab"), A("ac"), gradient=False),
    "bucketize": row(lambda T, x, y: T.bucketize(y, x.sort().values), A("a"), A("bc"), gradient=False),
    "isin": row(lambda T, x, y: T.isin(x, y), ints("ab"), ints("b")),
    "trapezoid": row(lambda T, x: T.trapezoid(x, dx=0.5), A("ab")),
    "trapezoid x": row(lambda T, y, x: T.trapezoid(y, x), A("ab"), A("b")),
    "cumulative_trapezoid": row(lambda T, y, x: T.cumulative_trapezoid(y, x), A("ab"), A("b")),
    "gradient": row(lambda T, x: T.gradient(x, spacing=0.5), A("45")),
    "logsumexp": row(lambda T, x: T.logsumexp(x, 0), A("ab"), complex=False),
}
for gone in ("norm 0 dim", "x.mode", "mode"):
    ROWS.pop(gone, None)
