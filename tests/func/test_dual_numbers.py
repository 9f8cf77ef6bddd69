"""Dual numbers made by hand: ordinary arithmetic, NumPy's functions, what mixes with them, and what is refused."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Sampler
from tinygrad_edu import func
from tinygrad_edu.engine.families import Elementwise
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.engine.tensor import NUMPY
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError, UnsupportedError
from tinygrad_edu.func import DualNumber, DualTensor, derivative

D = DualNumber(3.0, 1.0)
A = np.array([1.0, 2.0])

# An expression in d = 3 + ε, and what it is, worked out by hand.
ARITHMETIC = {
    "d + 2": (lambda d: d + 2, 5, 1),
    "2 + d": (lambda d: 2 + d, 5, 1),
    "d − 2": (lambda d: d - 2, 1, 1),
    "2 − d": (lambda d: 2 - d, -1, -1),
    "2d": (lambda d: 2 * d, 6, 2),
    "d · 2": (lambda d: d * 2.0, 6, 2),
    "d / 2": (lambda d: d / 2, 1.5, 0.5),
    "1 / d": (lambda d: 1 / d, 1 / 3, -1 / 9),
    "d²": (lambda d: d**2, 9, 6),
    "2^d": (lambda d: 2**d, 8, 8 * math.log(2)),
    "d^d": (lambda d: d**d, 27, 27 * (math.log(3) + 1)),
    "−d": (lambda d: -d, -3, -1),
    "+d": (lambda d: +d, 3, 1),
    "|−d|": (lambda d: abs(-d), 3, 1),
    "d mod 2": (lambda d: d % 2, 1, 1),
    "two duals": (lambda d: d * DualNumber(2, 5), 6, 17),
    "ε² = 0": (lambda d: DualNumber(0, 1) * DualNumber(0, 1), 0, 0),
    "a NumPy number": (lambda d: np.float64(2) * d, 6, 2),
    "a Tensor": (lambda d: tg.tensor(np.float64(2)) * d, 6, 2),
    "a sum": (lambda d: sum([d, d, 1]), 7, 2),
    "a branch": (lambda d: d * d if d > 0 else -d, 9, 6),
    "np.where": (lambda d: np.where(d < 0, -d, d * d), 9, 6),
    "np.maximum": (lambda d: np.maximum(d, 1.0), 3, 1),
    "this package's functions": (lambda d: tg.relu(d) + tg.exp(0 * d), 4, 1),
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_with_numbers_and_duals_on_either_side(name):
    expression, real, dual = ARITHMETIC[name]
    got = expression(D)
    assert type(got) is DualNumber and type(got.real) is float
    assert (got.real, got.dual) == (pytest.approx(real), pytest.approx(dual))


@pytest.mark.parametrize(
    "both", [lambda d: A * d, lambda d: d * A, lambda d: tg.tensor(A) * d], ids=["array first", "last", "Tensor"]
)
def test_a_dual_number_beside_an_array_is_a_dual_tensor(both):
    got = both(D)
    assert type(got) is DualTensor
    assert (got.real.tolist(), got.dual.tolist()) == ([3.0, 6.0], [1.0, 2.0])


UFUNCS = {
    function.__name__: (function, op)
    for function, op in NUMPY.items()
    if isinstance(function, np.ufunc) and isinstance(op, Elementwise) and all(op.rules)
}


@pytest.mark.parametrize("name", UFUNCS)
def test_every_ufunc_that_has_an_op(name):
    function, op = UFUNCS[name]
    sample = next(s for s in op.samples(Sampler(1)) if all(np.ndim(a) == 0 for a in s.args))
    values = [float(a) for a in sample.args]
    got = function(*(DualNumber(v, 1.0) for v in values))
    h = 1e-6
    slope = (function(*(v + h for v in values)) - function(*(v - h for v in values))) / (2 * h)
    assert (got.real, got.dual) == (pytest.approx(function(*values)), pytest.approx(slope, rel=1e-6, abs=1e-8))


def test_the_ufuncs_are_all_there():
    assert {"sin", "exp", "log", "sqrt", "tanh", "power", "maximum", "multiply", "divide"} <= set(UFUNCS)


def test_comparison_looks_at_the_real_part():
    two, more = 2, DualNumber(3, 7)
    assert two < D and two < D and D >= 3 and D == 3 and D != 4 and not more > D and more >= D
    assert max(D, DualNumber(5.0, 2.0)).dual == 2.0
    assert [d.real for d in sorted([D, DualNumber(1, 0), DualNumber(2, 0)])] == [1, 2, 3]
    assert bool(D) and not DualNumber(0, 1)


TEXTS = {
    "3.0 + 1.0ε": DualNumber(3.0, 1.0),
    "3.0 - 2.5ε": DualNumber(3, -2.5),
    "-3.0 + 0.0ε": DualNumber(-3.0, -0.0),
    "9.0 + 6.0ε": DualNumber(3.0, 1.0) ** 2,
    "0.5 + nanε": DualNumber(0.5, math.nan),
    "[1., 2.] + [1., 0.]ε": DualTensor([1.0, 2.0], [1.0, 0.0]),
}


@pytest.mark.parametrize("text", TEXTS)
def test_it_prints_as_it_is_written(text):
    assert repr(TEXTS[text]) == str(TEXTS[text]) == text


def test_format_rounds_both_parts():
    assert f"{np.sin(D):.3f}" == "0.141 - 0.990ε"


def test_parts_keep_their_dtype_and_python_numbers_are_float64():
    assert (DualNumber(2.1, 0.1).real, DualNumber(2.1, 0.1).dual) == (2.1, 0.1)  # to the last digit
    assert DualTensor([0.1, 2.1]).real.tolist() == [0.1, 2.1]
    assert DualNumber(1, 2).dtype == np.float64 and DualTensor([1, 2]).dtype == np.float64
    assert DualTensor(np.ones(2, np.float32), 1).dtype == np.float32
    assert DualTensor(np.ones(2, np.float32), 1).dual.tolist() == [1.0, 1.0]
    assert DualTensor(np.arange(3)).dual.tolist() == [0.0] * 3
    assert DualNumber(1 + 2j, 1).dtype == np.complex128
    mine = np.ones(2)
    dual = DualTensor(mine)
    mine[0] = 5
    assert dual.real.tolist() == [1.0, 1.0]


def test_dual_tensors_go_through_the_package():
    x = DualTensor([1.0, 2.0, 3.0], [1.0, 0.0, 0.0])
    w = tg.tensor(np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]))
    y = w @ x
    assert (y.real.tolist(), y.dual.tolist()) == ([14.0, 2.0], [1.0, 0.0])
    assert repr(x[0]) == "1.0 + 1.0ε" and repr((x * x).sum()) == "14.0 + 2.0ε"
    _, along = func.jvp(lambda z: tg.softmax(w @ z), (x.real,), (x.dual,))
    np.testing.assert_allclose(tg.softmax(w @ x).dual.numpy(), along.numpy(), rtol=1e-14)
    values, _ = x.max(0)
    assert repr(values) == "3.0 + 0.0ε"


def test_they_pass_through_transforms_and_carry_tensors_in_a_graph():
    assert repr(func.grad(lambda x: x**3)(D)) == "27.0 + 18.0ε"  # f″ for nothing
    assert func.vmap(lambda x: x**2)(DualTensor(A, 1)).dual.tolist() == [2.0, 4.0]
    leaf = tg.tensor(np.float64(3.0), requires_grad=True)
    square = DualNumber(leaf, 1.0) ** 2
    square.dual.backward()
    assert leaf.grad.item() == 2.0 and square.real.item() == 9.0


def test_another_thread_can_use_them_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(D * D))
    thread.start()
    thread.join()
    assert repr(found[0]) == "9.0 + 6.0ε"


# -- derivative ----------------------------------------------------------------------------------------------------


def test_the_textbook_derivative():
    f = lambda x: 3 * np.exp(np.sin(x)) + np.sin(x) ** 2
    slope = derivative(f, np.pi)
    assert type(slope) is float and slope == pytest.approx(-3.0, abs=1e-14)


def test_derivative_takes_numbers_arrays_and_tensors_and_returns_containers():
    assert derivative(lambda x: 5, 2.0) == 0
    assert derivative(lambda x: x * x, 3) == 6.0
    assert derivative(np.sin, A).tolist() == np.cos(A).tolist()
    assert derivative(lambda t: {"x": np.cos(t), "y": [t, np.sin(t)]}, 0.0) == {"x": 0.0, "y": [1.0, 1.0]}
    circle = derivative(lambda t: tg.stack([np.cos(t), np.sin(t)]), 0.0)
    assert circle.tolist() == [0.0, 1.0]
    assert derivative(lambda x: x * x, tg.tensor([3.0])).dtype == np.float32


def test_nested_derivatives_have_an_epsilon_each():
    assert derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0) == 1.0  # 2 if the two were confused
    assert derivative(lambda x: derivative(lambda y: derivative(np.sin, y), x), 0.5) == pytest.approx(-np.cos(0.5))
    three = tg.tensor(np.float64(3.0))
    assert func.grad(lambda x: x * derivative(lambda y: x * y * y, 2.0))(three).item() == 24.0
    assert derivative(lambda x: func.grad(lambda y: x * y**3)(three), 1.0) == 27.0
    assert func.vmap(lambda x: derivative(lambda y: y**3, x))(tg.tensor(A)).tolist() == [3.0, 12.0]
    assert derivative(lambda x: x * D, 1.0).real == 3.0  # a dual number from outside is a constant, with its own ε


# -- refused -------------------------------------------------------------------------------------------------------

ZERO = DualNumber(0.0, 1.0)
BY_ZERO = {
    "1 / ε": lambda: 1 / ZERO,
    "d / ε": lambda: D / ZERO,
    "d / 0": lambda: D / 0,
    "d // 0": lambda: D // 0,
    "d mod ε": lambda: D % ZERO,
    "ε⁻¹": lambda: ZERO**-1,
    "np.reciprocal": lambda: np.reciprocal(ZERO),
    "one of an array": lambda: 1 / DualTensor([1.0, 0.0], 1.0),
    "inside derivative": lambda: derivative(lambda x: 1 / x, 0.0),
}


@pytest.mark.parametrize("name", BY_ZERO)
def test_division_by_a_zero_real_part_says_so(name):
    with pytest.raises(ZeroDivisionError, match="the divisor's real part is zero"):
        BY_ZERO[name]()


def test_an_infinite_derivative_is_no_division_and_zero_powers_are_fine():
    assert np.sqrt(ZERO).dual == math.inf
    assert (ZERO**2).dual == 0.0 and (ZERO**1).dual == 1.0


REFUSED = {
    "float()": (lambda: float(D), UnsupportedError, "would drop its dual part"),
    "math.sin": (lambda: math.sin(D), TypeError, "np.sin instead of math.sin"),
    "int()": (lambda: int(D), UnsupportedError, "would drop its dual part"),
    "np.asarray": (lambda: np.asarray(D), LevelError, "would lose without a word"),
    "np.array of several": (lambda: np.array([D, D]), LevelError, "would lose without a word"),
    "a ufunc without an op": (lambda: np.frompyfunc(max, 2, 1)(D, D), UnsupportedError, "has no derivative rule"),
    "text": (lambda: DualNumber("3"), DTypeError, "holds numbers"),
    "an array for a number": (lambda: DualNumber([1.0, 2.0]), ShapeError, "DualTensor holds arrays"),
    "unequal shapes": (lambda: DualTensor([1.0, 2.0], [1.0]), ShapeError, r"shape \(1,\) beside a real part of shape \(2,\)"),
    "a dual of a dual": (lambda: DualNumber(D, 1), LevelError, r"derivative\(f, x\) or jvp"),
    "inside vmap": (lambda: func.vmap(lambda x: DualNumber(x, 1))(A), LevelError, "a value of vmap"),
    "derivative of text": (lambda: derivative(np.sin, "x"), DTypeError, "holds numbers"),
    "derivative at integers": (lambda: derivative(np.sin, np.arange(3)), DTypeError, "only floating"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        call()


def test_they_are_the_engines_duals_and_know_every_op():
    from tinygrad_edu.engine.levels import Dual

    assert issubclass(DualNumber, DualTensor) and issubclass(DualTensor, Dual)
    assert REGISTRY["sin"](D).dual == pytest.approx(math.cos(3))
