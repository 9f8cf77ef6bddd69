# ruff: noqa: SIM905  # names in one string read better than each in quotes
"""The modules `linalg`, `fft` and `special`."""

from __future__ import annotations

import numpy as np

from tests.ops.oracle import A, Row, row
from tests.ops.oracle.products import SPD, SQUARE, even

ROWS: dict[str, Row] = {}

# -- linalg --------------------------------------------------------------------------------------------------------

for name in "inv det pinv matrix_exp".split():
    ROWS[f"linalg.{name}"] = row(lambda T, x, n=name: getattr(T.linalg, n)(x), SQUARE, tolerance=50)
for order in ("fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")):
    ROWS[f"linalg.matrix_norm {order}"] = row(lambda T, x, o=order: T.linalg.matrix_norm(x, o), A("34"), tolerance=50)
    if isinstance(order, float | int):
        ROWS[f"linalg.vector_norm {order}"] = row(
            lambda T, x, o=order: T.linalg.vector_norm(x, o, dim=1), A("ab"), tolerance=10
        )
ROWS |= {
    "linalg.slogdet": row(lambda T, x: T.linalg.slogdet(x)[1], SQUARE, tolerance=10),
    "linalg.solve": row(lambda T, x, y: T.linalg.solve(x, y), SQUARE, A("ab"), tolerance=20),
    "linalg.solve vector": row(lambda T, x, y: T.linalg.solve(x, y), SQUARE, A("a"), tolerance=20),
    "linalg.solve_triangular": row(
        lambda T, x, y: T.linalg.solve_triangular(x, y, upper=True), SQUARE, A("ab"), tolerance=20
    ),
    "linalg.cholesky": row(lambda T, x: T.linalg.cholesky(x), SPD, tolerance=20),
    "linalg.eigvalsh": row(lambda T, x: T.linalg.eigvalsh(x), SPD, tolerance=50),
    "linalg.eigh": row(lambda T, x: [T.linalg.eigh(x)[0], T.linalg.eigh(x)[1].abs()], SPD, tolerance=1000),
    "linalg.svdvals": row(lambda T, x: T.linalg.svdvals(x), A("34"), tolerance=50),
    "linalg.svd": row(lambda T, x: [p.abs() for p in T.linalg.svd(x, full_matrices=False)], A("43"), tolerance=1000),
    "linalg.qr": row(lambda T, x: [p.abs() for p in T.linalg.qr(x)], A("43"), tolerance=100),
    "linalg.norm": row(lambda T, x: [T.linalg.norm(x), T.linalg.norm(x, dim=0), T.linalg.norm(x, 1, (0, 1))], A("ab")),
    "linalg.matrix_power": row(
        lambda T, x: [T.linalg.matrix_power(x, 2), T.linalg.matrix_power(x, -1)], SQUARE, tolerance=20
    ),
    "linalg.multi_dot": row(lambda T, x, y, z: T.linalg.multi_dot([x, y, z]), A("ab"), A("bc"), A("cd")),
    "linalg.cross": row(lambda T, x, y: T.linalg.cross(x, y), A("a3"), A("a3")),
    "linalg.vecdot": row(lambda T, x, y: T.linalg.vecdot(x, y, dim=0), A("ab"), A("ab"), complex=True),
    "linalg.diagonal": row(lambda T, x: T.linalg.diagonal(x, offset=1), A("abc")),
    "linalg.cond": row(lambda T, x: T.linalg.cond(x), SQUARE, tolerance=100),
    "linalg.matrix_rank": row(lambda T, x: T.linalg.matrix_rank(x), A("34"), gradient=False),
    "linalg.lstsq": row(lambda T, x, y: T.linalg.lstsq(x, y)[0], A("43"), A("4b"), tolerance=300),
    "linalg.tensorinv": row(
        lambda T, x: T.linalg.tensorinv(x.reshape(2, 2, 4)), A("44", fix=lambda x: x + 5 * np.eye(4))
    ),
    "linalg.inv of even": row(lambda T, x: T.linalg.inv(even(x)), SPD, tolerance=20),
}

# -- fft -----------------------------------------------------------------------------------------------------------

for name in "fft ifft rfft ihfft".split():
    ROWS[f"fft.{name}"] = row(lambda T, x, n=name: getattr(T.fft, n)(x), A("ab"), complex=name in ("fft", "ifft"))
    ROWS[f"fft.{name} n dim"] = row(lambda T, x, n=name: getattr(T.fft, n)(x, n=5, dim=0, norm="ortho"), A("ab"))
for name in "fft2 ifft2 fftn ifftn rfft2 rfftn".split():
    ROWS[f"fft.{name}"] = row(lambda T, x, n=name: getattr(T.fft, n)(x), A("abc"), complex="r" not in name)
for name in "irfft hfft".split():
    ROWS[f"fft.{name}"] = row(lambda T, x, n=name: getattr(T.fft, n)(T.fft.fft(x), n=6), A("a4"), tolerance=5)
for name in "irfft2 irfftn".split():
    ROWS[f"fft.{name}"] = row(lambda T, x, n=name: getattr(T.fft, n)(T.fft.fft2(x)), A("44"), tolerance=5)
ROWS |= {
    "fft.fftshift": row(lambda T, x: [T.fft.fftshift(x), T.fft.ifftshift(x, dim=1)], A("ab")),
    "fft.fftfreq": row(lambda T, x: [T.fft.fftfreq(5, 0.5), T.fft.rfftfreq(6)], A("a"), gradient=False),
}

# -- special -------------------------------------------------------------------------------------------------------

for name in (
    "digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammaln i0 i0e i1 i1e log1p log_ndtr logit ndtr ndtri psi sinc "
    "bessel_j0 bessel_j1 modified_bessel_i0 modified_bessel_i1"
).split():
    grad = not name.startswith(("bessel", "modified"))  # PyTorch has no derivative of these
    ROWS[f"special.{name}"] = row(
        lambda T, x, n=name: getattr(T.special, n)(x), A("*", 0.1, 0.9), gradient=grad, tolerance=20
    )
ROWS |= {
    "special.xlogy": row(
        lambda T, x, y: [T.special.xlogy(x, y), T.special.xlog1py(x, y)], A("*", 0.2, 2), A("~", 0.2, 2)
    ),
    "special.polygamma": row(lambda T, x: T.special.polygamma(2, x), A("*", 0.5, 3), tolerance=20),
    "special.multigammaln": row(lambda T, x: T.special.multigammaln(x, 3), A("*", 2, 4)),
    "special.gammainc": row(
        lambda T, x: T.special.gammainc(T.full_like(x.detach(), 1.5), x), A("*", 0.2, 3), tolerance=20
    ),
    "special.gammaincc": row(
        lambda T, x: T.special.gammaincc(T.full_like(x.detach(), 1.5), x), A("*", 0.2, 3), tolerance=20
    ),
    "special.logsumexp": row(lambda T, x: T.special.logsumexp(x, 0), A("ab")),
    "special.softmax": row(lambda T, x: [T.special.softmax(x, 0), T.special.log_softmax(x, 1)], A("ab")),
    "special.round": row(lambda T, x: T.special.round(x), A()),
}
