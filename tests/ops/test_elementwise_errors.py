"""What the elementwise functions refuse, and how they say so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func, special
from tinygrad_edu.errors import ConfigError, DTypeError, GraphError, LevelError, ShapeError, UnsupportedError
from tinygrad_edu.ops.complex import complex_from, view_as_complex, view_as_real

x = tg.tensor([0.5, 1.5], requires_grad=True)
z = tg.tensor(np.array([1 + 2j, 3 - 1j]))
i = tg.tensor([1, 2])

REFUSED = [
    (lambda: np.maximum(z, z), DTypeError, "maximum: isn't defined for complex numbers"),
    (lambda: np.arctan2(z, x), DTypeError, "arctan2: isn't defined for complex numbers"),
    (lambda: np.floor(z), DTypeError, "floor: isn't defined for complex numbers"),
    (lambda: np.isposinf(z), DTypeError, "isposinf: isn't defined for complex numbers"),
    (lambda: np.hypot(x, tg.tensor([1.0, 2.0, 3.0])), ShapeError, "hypot: can't be applied to .* axis -1 has sizes 2 and 3"),
    (lambda: np.gcd(x, i), DTypeError, "gcd: can't be applied"),
    (lambda: np.left_shift(x, 1), DTypeError, "left_shift: can't be applied"),
    (lambda: np.ldexp(x, 0.5), DTypeError, "ldexp: can't be applied"),
    (lambda: np.clip(x, 0, 1, min=0), UnsupportedError, "clip: give the bounds"),
    (lambda: np.clip(x, 0, 1, where=x > 0), UnsupportedError, r"np.clip of a Tensor: .*where"),
    (lambda: np.round(x, out=np.zeros(2)), GraphError, "out= is a plain ndarray"),
    (lambda: np.select([], []), (ShapeError, ValueError), "select"),
    (lambda: np.select([x > 0], [x, x]), ShapeError, "select: needs as many conditions as choices"),
    (lambda: np.select([x], [x]), DTypeError, "select: condition 0 is float32"),
    (lambda: np.piecewise(x, [x > 0], [x, x, x]), ShapeError, "piecewise: with 1 conditions"),
    (lambda: np.choose(i, [x, x]), ShapeError, "choose: an index lies outside of the 2 choices"),
    (lambda: np.choose(i, [x, x], mode="other"), UnsupportedError, "choose: mode is 'raise', 'wrap' or 'clip'"),
    (lambda: np.choose(x, [x, x]), DTypeError, "choose: the indices are integers"),
    (lambda: np.interp(x, [0.0, 1.0], [1.0]), ShapeError, "interp: xp and fp have one axis and one length"),
    (lambda: np.interp(x, [0.0, 1.0], [1.0, 2.0], period=0), ConfigError, "interp: the period mustn't be zero"),
    (lambda: np.unwrap(tg.tensor(1.0)), ShapeError, "unwrap: a 0-d tensor"),
    (lambda: np.unwrap(x, axis=1), ShapeError, "unwrap: axis 1 is out of range"),
    (lambda: complex_from(z, z), DTypeError, "complex: the parts are real"),
    (lambda: view_as_real(x), DTypeError, "view_as_real: needs a complex dtype"),
    (lambda: view_as_complex(z), DTypeError, "view_as_complex: needs a real floating dtype"),
    (lambda: view_as_complex(tg.ones(2, 3)), ShapeError, "view_as_complex: the last axis holds pairs"),
    (lambda: view_as_complex(tg.ones(2, 3).T), ShapeError, "view_as_complex: the pairs .* don't lie side by side"),
    (lambda: special.polygamma(-1, x), ConfigError, "polygamma: the order n"),
    (lambda: special.multigammaln(x, 0), ConfigError, "mvlgamma: the dimension p"),
    (lambda: special.gammainc(x, x), UnsupportedError, "gammainc: has no derivative in a"),
    (lambda: special.zeta(x, 2.0), UnsupportedError, "zeta: has no derivative in s"),
    (lambda: func.jvp(lambda a: special.gammaincc(a, 2.0), (x,), (x,)), UnsupportedError, "gammaincc: has no derivative in a"),
    (lambda: func.vmap(np.emath.sqrt)(x), LevelError, r"np.emath.sqrt: whether .* inside vmap. Choose one with"),
    (lambda: func.vmap(np.real_if_close)(z), LevelError, r"real_if_close: whether .* inside vmap"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[f"{m[:30]}" for _, _, m in REFUSED])
def test_refused_in_words(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("name", ["erfinv", "gammaln", "bessel_j0", "digamma"])
def test_without_scipy_the_error_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(UnsupportedError, match="pip install scipy"):
        getattr(special, name)(x)


def test_the_rest_does_without_scipy():
    """And nothing imports it before it is needed."""
    program = (
        "import sys, numpy as np, tinygrad_edu as tg\n"
        "from tinygrad_edu import special as s\n"
        "x = tg.tensor([0.3, 0.6], requires_grad=True)\n"
        "fs = (s.erf, s.erfc, s.erfcx, s.expit, s.logit, s.i0, s.i1e, s.ndtr, s.log_ndtr, s.entr, s.sinc, np.i0)\n"
        "sum(f(x).sum() for f in fs).backward()\n"
        "assert 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
