"""Functions of several tensors that broadcast."""

# ruff: noqa: SIM905  # names in one string read better than each in quotes

from __future__ import annotations

from tests.ops.oracle import A, Row, bools, ints, row

ROWS: dict[str, Row] = {}
X, Y, POSITIVE, OTHER = A("*"), A("~"), A("*", 0.3, 3), A("~", 0.3, 3)

for name in (
    "add sub subtract mul multiply maximum minimum fmax fmin eq ne lt le gt ge not_equal less less_equal greater greater_equal "
    "arctan2 atan2 hypot copysign logaddexp logaddexp2 logical_and logical_or logical_xor nextafter"
).split():
    for spelled, f in (
        (name, lambda T, x, y, n=name: getattr(T, n)(x, y)),
        (f"x.{name}", lambda T, x, y, n=name: getattr(x, n)(y)),
    ):
        grad = name not in ("nextafter",)
        ROWS[spelled] = row(f, X, Y, complex=name in ("add", "sub", "mul", "eq", "ne"), gradient=grad)
for name in "div divide true_divide floor_divide remainder fmod pow float_power xlogy".split():
    some = {"tolerance": 10, "gradient": name != "floor_divide"}  # PyTorch has no derivative of that one
    ROWS[name] = row(lambda T, x, y, n=name: getattr(T, n)(x, y), POSITIVE, OTHER, **some)
    ROWS[f"x.{name}"] = row(lambda T, x, y, n=name: getattr(x, n)(y), POSITIVE, OTHER, **some)
for name in "bitwise_and bitwise_or bitwise_xor gcd lcm".split():
    ROWS[name] = row(lambda T, x, y, n=name: getattr(T, n)(x, y), ints(), ints("~"))
for name in "bitwise_and bitwise_or bitwise_xor".split():
    ROWS[f"{name} of booleans"] = row(lambda T, x, y, n=name: getattr(x, n)(y), bools(), bools("~"))
for name in "bitwise_left_shift bitwise_right_shift".split():
    ROWS[name] = row(lambda T, x, y, n=name: getattr(T, n)(x, y), ints(), ints("~", 0, 5))

OPERATORS = {
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y, "**": lambda x, y: x**y,
    "//": lambda x, y: x // y, "%": lambda x, y: x % y, "<": lambda x, y: x < y, "==": lambda x, y: x == y,
}  # fmt: skip
for name, f in OPERATORS.items():
    grad = name != "//"
    ROWS[f"x {name} y"] = row(lambda T, x, y, f=f: f(x, y), POSITIVE, OTHER, tolerance=10, gradient=grad)
    ROWS[f"x {name} 2"] = row(lambda T, x, f=f: f(x, 2), POSITIVE, gradient=grad)
    ROWS[f"x {name} 1.5"] = row(lambda T, x, f=f: f(x, 1.5), POSITIVE, gradient=grad)
    ROWS[f"2.5 {name} x"] = row(lambda T, x, f=f: f(2.5, x), POSITIVE, gradient=name not in ("//", "%"))
    ROWS[f"integers {name} integers"] = row(lambda T, x, y, f=f: f(x, y), ints("*", -5, 6), ints("~", 1, 4))

ROWS |= {
    "add alpha": row(lambda T, x, y: T.add(x, y, alpha=3), X, Y),
    "sub alpha": row(lambda T, x, y: x.sub(y, alpha=0.5), X, Y),
    "rsub": row(lambda T, x, y: T.rsub(x, y), X, Y),
    "div floor": row(lambda T, x, y: T.div(x, y, rounding_mode="floor"), X, OTHER),
    "div trunc": row(lambda T, x, y: x.div(y, rounding_mode="trunc"), X, OTHER),
    "div trunc of integers": row(lambda T, x, y: x.div(y, rounding_mode="trunc"), ints("*", -9, 9), ints("~", 1, 4)),
    "div floor of integers": row(lambda T, x, y: x.div(y, rounding_mode="floor"), ints("*", -9, 9), ints("~", 1, 4)),
    "remainder of negatives": row(lambda T, x, y: T.remainder(x, y), X, OTHER),
    "fmod of negatives": row(lambda T, x, y: T.fmod(x, y), X, OTHER),
    "float_power of integers": row(lambda T, x: T.float_power(x, 2), ints()),
    # PyTorch's own derivative is zero at negative exponents.
    "ldexp": row(lambda T, x, y: T.ldexp(x, y), X, ints("~"), gradient=False),
    "heaviside": row(lambda T, x, y: T.heaviside(x, y), X, Y, gradient=False),
    "lerp": row(lambda T, x, y, w: T.lerp(x, y, w), A("ab"), A("ab"), A("ab")),
    "lerp number": row(lambda T, x, y: x.lerp(y, 0.3), A("ab"), A("ab")),
    "addcmul": row(lambda T, x, y, z: T.addcmul(x, y, z, value=0.5), A("ab"), A("b"), A("ab")),
    "addcdiv": row(lambda T, x, y, z: x.addcdiv(y, z, value=2), A("ab"), A("b"), A("ab", 0.5, 2)),
    "clamp": row(lambda T, x: T.clamp(x, -0.5, 0.7), X),
    "clamp min": row(lambda T, x: x.clamp(min=0.1), X),
    "clamp max": row(lambda T, x: x.clamp(max=0.1), X),
    "clamp tensors": row(lambda T, x, y, z: T.clamp(x, y, z), A("ab"), A("ab", -1, 0), A("b", 0, 1)),
    "clip": row(lambda T, x: T.clip(x, 0.0, 1.0), X),
    "clamp_min": row(lambda T, x: x.clamp_min(0.1), X),
    "clamp_max": row(lambda T, x: T.clamp_max(x, 0.1), X),
    "clamp of integers": row(lambda T, x: x.clamp(-1, 2), ints()),
    "where": row(lambda T, x, y, c: T.where(c, x, y), A("ab"), A("b"), bools("ab")),
    "where numbers": row(lambda T, x: T.where(x > 0, x, 0.0), X),
    "x.where": row(lambda T, x, y: x.where(x > y, y), A("ab"), A("b")),
    "where alone": row(lambda T, x: T.where(x > 0), A("ab"), gradient=False),
    "masked_fill": row(lambda T, x, m: x.masked_fill(m, -1.5), A("ab"), bools("b")),
    "masked_fill infinity": row(lambda T, x: T.softmax(x.masked_fill(x < x.mean(), float("-inf")), 1), A("1b")),
    "shifts": row(lambda T, x, y: [x << y, x >> y, 1 << y], ints(), ints("~", 0, 4)),
    "in": row(lambda T, x: [1 in x, 100 in x], ints("ab")),
    "equal": row(lambda T, x, y: [T.equal(x, y), T.equal(x, x), x.equal(x[:1])], A("ab"), A("ab")),
    "isclose": row(lambda T, x: T.isclose(x, x * (1 + 1e-6)), X),
    "allclose": row(
        lambda T, x, y: [T.allclose(x, y), x.allclose(x * 1.0000001), T.allclose(x, y, atol=9.0)], A("ab"), A("ab")
    ),
    "dist": row(lambda T, x, y: T.dist(x, y), A("ab"), A("ab")),
    "dist p": row(lambda T, x, y: x.dist(y, 3), A("ab"), A("ab")),
    "out=": row(lambda T, x, y: T.add(x, y, out=T.zeros(2, 2, dtype=x.dtype)), A("22"), A("22"), gradient=False),
    "input=": row(lambda T, x, y: T.mul(input=x, other=y), A("ab"), A("ab")),
    "complex": row(lambda T, x, y: T.complex(x, y), A("ab"), A("ab")),
    "polar": row(lambda T, x, y: T.polar(x, y), A("ab", 0.2, 2), A("ab")),
    "view_as_real": row(lambda T, x, y: T.view_as_real(T.complex(x, y)), A("ab"), A("ab")),
    "view_as_complex": row(lambda T, x: T.view_as_complex(x.contiguous()), A("ab2")),
    "nan in maximum": row(lambda T, x: T.maximum(x.sqrt(), x), X, gradient=False),
    "nan in fmax": row(lambda T, x: T.fmax(x.sqrt(), x), X, gradient=False),
}
