"""Functions of one tensor, element by element."""

# ruff: noqa: SIM905  # names in one string read better than each in quotes

from __future__ import annotations

import numpy as np

from tests.ops.oracle import A, Row, bools, ints, row

APART = lambda x: np.where(np.abs(x - np.round(x)) < 0.05, x + 0.1, x)  # from integers, where some have a step


def _same(name: str, low: float, high: float, **options) -> dict[str, Row]:
    """The function and the method of one name."""
    return {
        name: row(lambda T, x: getattr(T, name)(x), A("*", low, high), **options),
        f"x.{name}": row(lambda T, x: getattr(x, name)(), A("*", low, high), **options),
    }


DOMAINS = {
    (
        -2,
        2,
    ): "abs absolute arcsinh arctan asinh atan ceil cos cosh deg2rad erf exp exp2 expm1 fix floor frac neg negative positive "
    "rad2deg relu round sgn sigmoid sign sin sinc sinh square tanh trunc i0 logical_not isfinite isinf isnan isneginf isposinf "
    "signbit",
    (-0.9, 0.9): "acos arccos arcsin asin atanh arctanh erfinv",
    (0.3, 3): "log log10 log2 reciprocal rsqrt sqrt digamma lgamma",
    (-0.5, 3): "log1p erfc",
    (-1.2, 1.2): "tan",
    (1.2, 3): "acosh arccosh",
    (0.1, 0.9): "logit",
}
COMPLEX = set(
    "abs absolute angle arctan asinh atan cos cosh exp log log10 log2 neg negative reciprocal rsqrt sgn sigmoid sin sinh sqrt "
    "square tan tanh isfinite isnan isinf positive conj".split()
)
STEPS = set("ceil floor fix frac round trunc".split())
ROWS: dict[str, Row] = {}
for (low, high), names in DOMAINS.items():
    for name in names.split():
        ROWS |= _same(name, low, high, complex=name in COMPLEX and low < 0.2)

ROWS |= {
    "conj": row(lambda T, x: T.conj(x), A(), complex=True),
    "conj_physical": row(lambda T, x: x.conj_physical(), A(), complex=True),
    "x.real": row(lambda T, x: x.real, A(), complex=True),
    "x.imag": row(lambda T, x: (x + 0j).imag, A(), complex=True),
    "angle": row(lambda T, x: T.angle(x), A(), complex=True),
    "round decimals": row(lambda T, x: T.round(x, decimals=2), A()),
    "logit eps": row(lambda T, x: T.logit(x, eps=0.2), A("*", 0.01, 0.99)),
    "nan_to_num": row(
        lambda T, x: T.nan_to_num(T.log(x), nan=1.5, neginf=-3.0), A("*", -1, 1, fix=np.round), gradient=False
    ),
    "softmax": row(lambda T, x: T.softmax(x, -1), A("+")),
    "softmax dtype": row(lambda T, x: x.softmax(0, dtype=T.float64), A("+")),
    "log_softmax": row(lambda T, x: x.log_softmax(dim=0), A("+")),
    "isreal": row(lambda T, x: T.isreal(x), A(), complex=True),
    "bitwise_not": row(lambda T, x: T.bitwise_not(x), ints()),
    "bitwise_not of booleans": row(lambda T, x: ~x, bools()),
    "exp of integers": row(lambda T, x: T.exp(x), ints()),
    "sqrt of integers": row(lambda T, x: x.sqrt(), ints("*", 0, 9)),
    "abs of integers": row(lambda T, x: x.abs(), ints()),
    "sign of integers": row(lambda T, x: x.sign(), ints()),
    "neg of integers": row(lambda T, x: -x, ints()),
    "square of integers": row(lambda T, x: x.square(), ints()),
    "sigmoid of booleans": row(lambda T, x: x.sigmoid(), bools()),
    "reciprocal of integers": row(lambda T, x: x.reciprocal(), ints("*", 1, 9)),
    "floor of integers": row(lambda T, x: x.floor(), ints()),
    "round of integers": row(lambda T, x: x.round(), ints()),
    "isnan of integers": row(lambda T, x: x.isnan(), ints()),
    "mvlgamma": row(lambda T, x: T.mvlgamma(x, 2), A("*", 1, 4)),
    "polygamma": row(lambda T, x: T.polygamma(1, x), A("*", 0.5, 3), tolerance=10),
    "frexp": row(lambda T, x: T.frexp(x)[1], A(), gradient=False),
}
