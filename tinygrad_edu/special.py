"""Special functions under PyTorch's names (`torch.special`). Those that SciPy computes need it installed."""

from tinygrad_edu.ops.activation import logit
from tinygrad_edu.ops.activation import sigmoid as expit
from tinygrad_edu.ops.bessel import (
    bessel_j0,
    bessel_j1,
    bessel_y0,
    bessel_y1,
    i0,
    i0e,
    i1,
    i1e,
    modified_bessel_k0,
    modified_bessel_k1,
)
from tinygrad_edu.ops.bessel import i0 as modified_bessel_i0
from tinygrad_edu.ops.bessel import i1 as modified_bessel_i1
from tinygrad_edu.ops.error_function import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from tinygrad_edu.ops.exponential import entr, exp2, expm1, log1p, xlog1py, xlogy
from tinygrad_edu.ops.fused import log_softmax, softmax
from tinygrad_edu.ops.gamma import digamma, gammainc, gammaincc, polygamma, zeta
from tinygrad_edu.ops.gamma import digamma as psi
from tinygrad_edu.ops.gamma import lgamma as gammaln
from tinygrad_edu.ops.gamma import mvlgamma as multigammaln
from tinygrad_edu.ops.reduce import logsumexp
from tinygrad_edu.ops.rounding import round as round
from tinygrad_edu.ops.trigonometric import sinc

__all__ = [
    "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2",
    "expit", "expm1", "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "log1p", "log_ndtr", "log_softmax",
    "logit", "logsumexp", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1",
    "multigammaln", "ndtr", "ndtri", "polygamma", "psi", "round", "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip
