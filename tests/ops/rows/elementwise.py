"""Elementwise functions: arithmetic, powers, angles, rounding, choices, comparisons, complex numbers."""

from __future__ import annotations

import numpy as np

from tests.ops.rows import row, sampler

r = sampler(1)
positive = lambda *shape: r(*shape, low=0.5, high=2.0)
inside = lambda *shape: r(*shape, low=-0.8, high=0.8)
beyond_one = lambda *shape: r(*shape, low=1.2, high=3.0)
integers = np.array([[12, 18, 7], [3, 5, 0]])
few = np.array([2, 3, 1])


def unary(f, *domains, real=True, complex=True):
    """A function of one argument on real and on complex arrays."""
    draws = domains or (positive,)
    rows = [row(f, draw(*shape)) for draw in draws for shape in ((), (2, 3)) if real]
    return rows + [row(f, r.complex(2, 3, low=0.2, high=0.9))] * complex


def binary(f, a=positive, b=positive):
    return [row(f, a(2, 3), b(3)), row(f, a(2, 1), b(1, 3)), row(lambda x: f(x, 0.7), a(4))]


def plain(f, *arrays):
    """A call without a derivative."""
    return [row(f, *arrays, order=0)]


def ufunc_rows():
    """Every ufunc by itself; most take complex numbers."""
    of_complex = {
        "exp": r, "exp2": r, "expm1": r, "log": positive, "log2": positive, "log10": positive, "log1p": positive,
        "sqrt": positive, "square": r, "reciprocal": positive, "sin": r, "cos": r, "tan": inside, "sinh": r, "cosh": r,
        "tanh": r, "arcsin": inside, "arccos": inside, "arctan": r, "arcsinh": r, "arccosh": beyond_one, "arctanh": inside,
        "negative": r, "positive": r, "absolute": positive, "conjugate": r, "sign": positive,
    }  # fmt: skip
    of_reals = {
        "cbrt": positive, "fabs": positive, "degrees": r, "radians": r, "deg2rad": r, "rad2deg": r, "sinc": r,
        "floor": positive, "ceil": positive, "trunc": positive, "rint": positive, "fix": positive, "spacing": positive,
        "i0": r,
    }  # fmt: skip
    rows = {}
    for table, complex in ((of_complex, True), (of_reals, False)):
        for name, draw in table.items():
            f = getattr(np, name)
            rows[f"numpy.{name}"] = unary(lambda x, f=f: f(x), draw, complex=complex)
    for name in ("add", "subtract", "multiply", "divide", "power"):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = [
            *binary(lambda a, b, f=f: f(a, b)),
            row(lambda a, b, f=f: f(a, b), r.complex(2, 3, low=0.3, high=1.0), positive(3)),
        ]
    for name in (
        *("maximum", "minimum", "fmax", "fmin", "arctan2", "hypot", "logaddexp", "logaddexp2", "copysign", "nextafter"),
        "heaviside",
    ):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = binary(lambda a, b, f=f: f(a, b))
    for name in ("floor_divide", "remainder", "fmod", "divmod"):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = [
            row(lambda a, b, f=f: f(a, b), r(2, 3, low=1.3, high=1.4), r(3, low=0.5, high=0.6)),
            row(lambda a, b, f=f: f(a, b), r(2, 3, low=-1.4, high=-1.3), r(3, low=0.5, high=0.6)),
            row(lambda a, f=f: f(a, 0.4), r(3, low=0.5, high=0.6)),
        ]
    for name in (
        "greater",
        "greater_equal",
        "less",
        "less_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
    ):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = plain(lambda a, b, f=f: f(a, b), r(2, 3), np.zeros(3))
    for name in ("logical_not", "isnan", "isinf", "isfinite", "signbit", "isposinf", "isneginf", "isreal", "iscomplex"):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = plain(lambda x, f=f: f(x), np.array([1.0, -2.0, 0.0, -0.0, np.inf, -np.inf, np.nan]))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "gcd", "lcm"):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = plain(lambda a, b, f=f: f(a, b), integers, few)
    for name in ("invert", "bitwise_count", "iscomplexobj", "isrealobj"):
        f = getattr(np, name)
        rows[f"numpy.{name}"] = plain(lambda a, f=f: f(a), integers)
    return rows


awkward = np.array([1.5, np.nan, np.inf, -np.inf, -2.0])
awkward_complex = np.array([complex(a, b) for a, b in zip(awkward, awkward[::-1], strict=True)])
knots = np.array([0.0, 0.7, 1.5, 3.0])
heights = np.array([1.0, -2.0, 0.5, 4.0])
around = np.array([-1.0, 0.2, 3.4, 1.2])
angles = np.array([0.1, 2.9, -3.0, -0.5, 2.0, 5.5, 0.3, 9.0])


def interp(x, xp, fp, **keywords):
    """NumPy's own is of float64 whatever the dtypes; a Tensor's has theirs."""
    y = np.interp(x, xp, fp, **keywords)
    return np.astype(y, np.result_type(x.dtype, np.complex64) if y.dtype.kind == "c" else x.dtype)


ROWS = {
    **ufunc_rows(),
    "numpy.add": [*ufunc_rows()["numpy.add"], row(lambda a, b: np.add(a, b, dtype=np.float64), r(2, 3), r(3))],
    "numpy.arctan2.outer": [row(lambda a, b: np.arctan2.outer(a, b), positive(2), positive(3))],
    "numpy.logaddexp.reduce": [row(lambda x: np.logaddexp.reduce(x, axis=0), r(5, 2))],
    "numpy.hypot.reduce": [row(lambda x: np.hypot.reduce(x, axis=0), positive(5, 2))],
    "numpy.float_power": [row(lambda a, b: np.float_power(a, b, dtype=np.float64), positive(2, 3), positive(3))],
    "numpy.power": [
        *ufunc_rows()["numpy.power"],
        row(lambda a: np.power(a, 2), r(3)),
        row(lambda a: np.power(a, -3), r(3, low=-2.0, high=-0.5)),
        row(lambda b: np.power(2.0, b), r(3)),
        row(lambda a: np.power(a, integers.astype(np.int16)), positive(2, 3)),
    ],
    "numpy.sinc": [
        *ufunc_rows()["numpy.sinc"],
        row(lambda x: np.sinc(x), np.array([0.0, 1e-9, 1e-3, 0.3, 1.0, -7.3])),
        row(lambda x: np.sinc(x), r.complex(2, 3)),
    ],
    "numpy.i0": [*ufunc_rows()["numpy.i0"], row(lambda x: np.i0(x) / np.exp(np.abs(x)), np.array([-40.0, -3.0, 0.7, 15.0, 25.0]))],
    "numpy.ldexp": [row(lambda x: np.ldexp(x, few), r(2, 3)), row(lambda x: np.ldexp(x, 3), r(3))],
    "numpy.frexp": [row(lambda x: np.frexp(x), positive(2, 3)), row(lambda x: np.frexp(x), -positive(3))],
    "numpy.modf": [row(lambda x: np.modf(x), positive(2, 3)), row(lambda x: np.modf(x), -positive(3))],
    "numpy.round": [
        row(lambda x: np.round(x), positive(2, 3)),
        row(lambda x: np.round(x, 2), positive(3)),
        row(lambda x: np.round(x, decimals=1), r.complex(3)),
    ],
    "numpy.around": [row(lambda x: np.around(x, decimals=-1), 20 * positive(3))],
    "numpy.rint": [*ufunc_rows()["numpy.rint"], row(lambda x: np.rint(x), r.complex(3))],
    "numpy.bitwise_count": plain(lambda x: np.bitwise_count(x), np.array([0, 3, -7])),
    # -- choices
    "numpy.where": [
        row(lambda a, b: np.where(a > b, a, b), r(2, 3), r(3)),
        row(lambda a: np.where(a > 0, a, 0.5), r(2, 3)),
        row(lambda a: np.where([True, False, True], a, a * a), r.complex(2, 3)),
        row(lambda a: np.where(a > 0), r(2, 3), order=0),
    ],
    "numpy.clip": [
        row(lambda x: np.clip(x, -0.5, 0.7), r(3, 4)),
        row(lambda x: np.clip(x, None, 0.3), r(4)),
        row(lambda x: np.clip(x, a_min=0.1, a_max=None), r(4)),
        row(lambda x: np.clip(x, min=-0.2, max=0.4), r(4)),
        row(lambda x: np.clip(x, min=-0.2), r(4)),
        row(lambda x: np.clip(x), r(4)),
        row(lambda x, low, high: np.clip(x, low, high), r(3, 4), r(4, low=-1.0, high=0.0), r(3, 1, low=0.1, high=1.0)),
        row(lambda x, high: np.clip(x, None, high), r(3, 4), r(4)),
        row(lambda x, low: np.clip(x, low, 0.3), r(3, 4), r(4)),
        row(lambda x: np.clip(x, 0, 1, dtype=np.float64), r(3)),
        row(lambda x, low: np.clip(x, low, 1), awkward, np.array([np.nan, 0.0, 0.0, 0.0, -1.0]), order=0),
    ],
    "numpy.nan_to_num": [
        row(lambda x: np.nan_to_num(x), r(3)),
        row(lambda x: np.nan_to_num(x, posinf=7.0, neginf=-7.0, nan=3.0), awkward),
        row(lambda x: np.nan_to_num(x), awkward, order=0),
        row(lambda x: np.nan_to_num(x, posinf=7.0, neginf=-7.0), awkward_complex, order=0),
        row(lambda x: np.nan_to_num(x), integers),
    ],
    "numpy.select": [
        row(lambda x, y: np.select([x > 0.5, x > 0], [x**2, y], 3 * x), r(3, 4), r(4)),
        row(lambda x: np.select([x > 0.5, x < -0.5], [x, 2.0]), r(5)),
    ],
    "numpy.piecewise": [
        row(lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda v: -(v**3), lambda v: v**2]), r(3, 4)),
        row(lambda x: np.piecewise(x, [x < 0], [lambda v: np.sqrt(-v), lambda v: np.log(v)]), r(6)),
        row(lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [1.5, lambda v, k: k * v], 3.0), r(6)),
        row(lambda x: np.piecewise(x, x > 0, [lambda v: v**2]), r(6)),
        row(lambda x: np.piecewise(x, [x > 0, x <= 0], [np.sin, 0.0]), r()),
    ],
    "numpy.choose": [
        row(lambda a, b: np.choose([[0, 1, 0], [1, 1, 0]], [a, b]), r(2, 3), r(3)),
        row(lambda a: np.choose([0, -1, 4], [a, 2 * a], mode="clip"), r(3)),
        row(lambda a: np.choose([0, -1, 4], [a, 2 * a], mode="wrap"), r(3)),
        row(lambda a, b: np.choose((a > 0).astype(int), [a, b]), r(4), r(4)),
    ],
    "numpy.interp": [
        row(lambda x, xp, fp: interp(x, xp, fp), r(2, 3, low=0.1, high=2.9), knots, heights),
        row(lambda x, fp: interp(x, knots, fp, left=-7.0, right=9.0), around, heights),
        row(lambda x, xp, fp: interp(x, xp, fp), around, knots, heights),
        row(lambda x, xp, fp: interp(x, xp, fp, period=3.5), 3 * around, np.array([2.0, 0.3, 4.6]), r(3)),
        row(lambda x, fp: interp(x, knots, fp), around, r.complex(4)),
        row(lambda x: interp(x, [1.0], [2.0]), np.array([0.5, 2.0]), order=0),
        row(lambda x: interp(x, knots, heights), np.array([0.0, 0.7, 3.0, np.nan]), order=0),
    ],
    "numpy.unwrap": [
        row(lambda p: np.unwrap(p), angles),
        row(lambda p: np.unwrap(p, axis=0), 3 * r(5, 2)),
        row(lambda p: np.unwrap(p, discont=4.0), angles),
        row(lambda p: np.unwrap(p, period=1.5), angles),
        row(lambda p: np.unwrap(p, period=7), integers),
    ],
    # -- comparisons of whole arrays
    "numpy.isclose": [
        *plain(lambda a: np.isclose(a, a + 1e-9), awkward),
        *plain(lambda a: np.isclose(a, a[::-1], rtol=0.5, atol=0.5, equal_nan=True), awkward),
        *plain(lambda a, b: np.isclose(a, b, rtol=0.3), r.complex(4), r.complex(4)),
        *plain(lambda a: np.isclose(a, few), integers),
    ],
    "numpy.allclose": [*plain(lambda a: np.allclose(a, a + 1e-9), r(3)), *plain(lambda a: np.allclose(a, 0.0), r(3))],
    "numpy.array_equal": [
        *plain(lambda a: np.array_equal(a, a + 0), r(3)),
        *plain(lambda a: np.array_equal(a, a[:2]), r(3)),
        *plain(lambda a: np.array_equal(a, a + 0, equal_nan=True), awkward),
    ],
    "numpy.array_equiv": [
        *plain(lambda a: np.array_equiv(a, a[None]), r(3)),
        *plain(lambda a: np.array_equiv(a, a[:2]), r(3)),
    ],
    # -- complex numbers
    "numpy.real": [row(lambda z: np.real(z), r.complex(2, 3)), row(lambda z: np.real(z), r(3))],
    "numpy.imag": [row(lambda z: np.imag(z), r.complex(2, 3)), row(lambda z: np.imag(z), r(3))],
    "numpy.angle": [
        row(lambda z: np.angle(z), r.complex(2, 3)),
        row(lambda z: np.angle(z, deg=True), r.complex(3)),
        row(lambda z: np.angle(z), r(5)),
    ],
    "numpy.real_if_close": [
        row(lambda z: np.real_if_close(z + 1e-18j), r(3), batch=False),
        row(lambda z: np.real_if_close(z), r.complex(3), batch=False),
        row(lambda z: np.real_if_close(z, tol=100), r(3)),
    ],
    "numpy.isreal": plain(lambda z: np.isreal(z), np.array([1 + 0j, 2 + 1j])),
    "numpy.iscomplex": plain(lambda z: np.iscomplex(z), np.array([1 + 0j, 2 + 1j])),
    "numpy.iscomplexobj": plain(lambda z: np.iscomplexobj(z), r.complex(2)),
    # -- real or complex, by value
    **{
        f"numpy.lib.scimath.{name}": [
            row(lambda x, f=f: f(x), draw(2, 3), batch=False),
            row(lambda x, f=f: f(x), outside, batch=False),
            row(lambda x, f=f: f(x), r.complex(2, 3, low=0.2, high=0.9)),
        ]
        for name, f, draw, outside in (
            ("sqrt", np.emath.sqrt, positive, np.array([-1.5, 2.0])),
            ("log", np.emath.log, positive, np.array([-1.5, 2.0])),
            ("log2", np.emath.log2, positive, np.array([-1.5, 2.0])),
            ("log10", np.emath.log10, positive, np.array([-1.5, 2.0])),
            ("arccos", np.emath.arccos, inside, np.array([-0.5, 2.0])),
            ("arcsin", np.emath.arcsin, inside, np.array([-0.5, 2.0])),
            ("arctanh", np.emath.arctanh, inside, np.array([-0.5, 2.0])),
        )
    },
    "numpy.lib.scimath.logn": [
        row(lambda n, x: np.emath.logn(n, x), beyond_one(3), positive(3), batch=False),
        row(lambda n, x: np.emath.logn(n, x), beyond_one(2), np.array([-1.5, 2.0]), batch=False),
    ],
    "numpy.lib.scimath.power": [
        row(lambda x: np.emath.power(x, np.float32([1, 2, -3])), positive(3), batch=False),
        row(lambda x, p: np.emath.power(x, p), np.array([-1.5, 2.0]), positive(2), batch=False),
        row(lambda p: np.emath.power(np.int16([2, 4]), p), r(2), batch=False),
        row(lambda x: np.emath.power(x, -1), few, batch=False),
    ],
}  # fmt: skip
