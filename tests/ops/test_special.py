"""SciPy's own functions on Tensors, PyTorch's names, the far ends of the special functions, and complex views."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func, special
from tinygrad_edu.ops import complex as c
from tinygrad_edu.ops.special import BY_NAME

scipy_special = pytest.importorskip("scipy.special")

PAIRS = ("xlogy", "xlog1py", "beta", "betaln", "gammainc", "gammaincc", "rel_entr", "kl_div")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_scipys_ufunc_takes_tensors(name):
    f = getattr(scipy_special, name)
    low, high = np.array([0.3, 0.55, 0.8]), np.array([0.7, 0.2, 0.4])
    args = (low, high) if name in PAIRS else (low,)
    x = tg.tensor(args[-1], requires_grad=True)
    y = f(*args[:-1], x)
    np.testing.assert_allclose(y.detach().numpy(), f(*args), rtol=1e-12)
    y.sum().backward()
    step = 1e-5
    slope = (f(*args[:-1], args[-1] + step) - f(*args[:-1], args[-1] - step)) / (2 * step)
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=1e-7)


def test_scipys_ufunc_without_one_here_is_refused():
    with pytest.raises(tg.errors.UnsupportedError, match="has no derivative rule"):
        scipy_special.sindg(tg.tensor(1.0))


SMALL = [-2.0, -1.0, -1e-3, 0.0, 1e-9, 0.7, 2.0]
FAR = np.array([-np.inf, -300.0, -40.0, -20.5, -6.0, *SMALL, 5.0, 19.9, 20.1, 26.0, 300.0, 712.0, np.inf])


@pytest.mark.parametrize(
    "name", ["erf", "erfc", "erfcx", "ndtr", "log_ndtr", "i0", "i1", "i0e", "i1e", "expit", "log_expit"]
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 3e-13), ("float32", 1e-5)])
@pytest.mark.filterwarnings("ignore:overflow")
def test_the_tails_keep_their_digits(name, dtype, tolerance):
    x = FAR.astype(dtype) if name not in ("i0", "i1") else FAR[1:-2].astype(dtype)
    with np.errstate(all="ignore"):
        want = getattr(scipy_special, name)(x.astype(np.float64)).astype(dtype)
        got = getattr(scipy_special, name)(tg.tensor(x)).numpy()
        missing = getattr(scipy_special, name)(tg.tensor(np.array(np.nan, dtype))).item()
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=np.finfo(dtype).tiny)
    assert np.isnan(missing)


def test_i0_overflows_no_earlier_than_it_must():
    """SciPy's does, and is NaN at infinity."""
    assert np.i0(tg.tensor(np.float64(712.0))).item() == pytest.approx(
        math.exp(356) * scipy_special.i0e(712) * math.exp(356)
    )
    with np.errstate(over="ignore"):
        assert np.i0(tg.tensor([800.0, -np.inf])).tolist() == [math.inf, math.inf]


def test_log_ndtr_has_its_slope_where_ndtr_underflows():
    assert func.grad(special.log_ndtr)(tg.tensor(np.float64(-40.0))).item() == pytest.approx(40.02496884727)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_sinc_is_differentiable_at_zero_to_any_order(order):
    f = np.sinc
    for _ in range(order):
        f = func.grad(f)
    exact = 0.0 if order % 2 else (-1) ** (order // 2) * math.pi**order / (order + 1)
    assert f(tg.tensor(np.float64(0.0))).item() == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(("order", "exact"), [(1, 0.0), (2, 0.5), (3, 0.0), (4, 0.375)])
def test_i0_is_differentiable_at_zero_to_any_order(order, exact):
    f = np.i0
    for _ in range(order):
        f = func.grad(f)
    assert f(tg.tensor(np.float64(0.0))).item() == pytest.approx(exact, abs=1e-12)


def test_parts_and_views_share_memory():
    z = tg.tensor(np.array([[1 + 2j, 3 - 1j]]))
    for part in (np.real(z), np.imag(z), c.view_as_real(z), c.view_as_real(z.T), c.view_as_complex(c.view_as_real(z))):
        assert np.shares_memory(part.numpy(), z.numpy())


def test_polar_is_undone_by_abs_and_angle():
    size, turn = tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([0.3, -2.0], requires_grad=True)
    z = c.polar(size, turn)
    assert z.dtype == np.complex64
    (abs(z) + 3 * np.angle(z)).sum().backward()
    np.testing.assert_allclose(size.grad.numpy(), [1, 1], rtol=1e-6)
    np.testing.assert_allclose(turn.grad.numpy(), [3, 3], rtol=1e-6)


def test_complex_keeps_infinite_parts_apart():
    z = c.complex_from(tg.tensor([1.0]), tg.tensor([np.inf]))
    assert z.real.tolist() == [1.0]


@pytest.mark.oracle
@pytest.mark.parametrize("name", [n for n in special.__all__ if n not in ("log_softmax", "softmax", "logsumexp")])
def test_torch_special_agrees(name):
    torch = pytest.importorskip("torch")
    theirs, ours = getattr(torch.special, name), getattr(special, name)
    before = {
        "gammainc": (2.5,),
        "gammaincc": (2.5,),
        "zeta": (2.5,),
        "polygamma": (2,),
        "xlogy": (1.5,),
        "xlog1py": (1.5,),
    }
    values = np.array([0.15, 0.4, 0.85]) + 2 * (name == "multigammaln")
    x, t = tg.tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    after = (3,) if name == "multigammaln" else ()
    first = before.get(name, ())
    y = ours(*first, x, *after)
    first = (
        first if name in ("polygamma", "xlogy", "xlog1py") else [torch.tensor(v, dtype=torch.float64) for v in first]
    )
    u = theirs(*first, t, *after)
    np.testing.assert_allclose(y.detach().numpy(), u.detach().numpy(), rtol=1e-9)
    if not u.requires_grad:
        return
    y.sum().backward()
    try:
        u.sum().backward()
    except (RuntimeError, NotImplementedError):
        return  # without a derivative there
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-9)


BESIDE_A_NUMBER = {
    "gammainc": lambda x: special.gammainc(2.5, x),
    "gammaincc": lambda x: special.gammaincc(2, x),
    "zeta": lambda x: special.zeta(2.5, x),
    "xlogy first": lambda x: special.xlogy(x, 2.0),
    "xlogy last": lambda x: special.xlogy(2.0, x),
    "xlog1py": lambda x: special.xlog1py(x, 2),
    "power of zero": lambda x: 0.0**x,
    "power": lambda x: 2.0**x + x**2.0,
    "clip": lambda x: np.clip(x, 0.1, x),
    "nan_to_num": lambda x: np.nan_to_num(x, nan=2.5, posinf=1.5),
    "hypot": lambda x: np.hypot(x, 1.0) + np.arctan2(1.0, x),
    "unwrap": lambda x: np.unwrap(x, period=1.5),
    "logit": lambda x: special.logit(x, 0.1),
    "polar": lambda x: np.angle(tg.polar(x, 0.5 * x), deg=True),
}


@pytest.mark.parametrize("name", BESIDE_A_NUMBER)
def test_a_number_beside_float32_doesnt_widen_it(name):
    x = tg.tensor([0.5, 1.5], requires_grad=True)
    y = BESIDE_A_NUMBER[name](x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)
    assert func.jvp(BESIDE_A_NUMBER[name], (x.detach(),), (tg.ones_like(x),))[1].dtype == np.float32


CONSTANT = {
    "isclose": lambda a, b: np.isclose(a, b, rtol=0.5),
    "array_equal": lambda a, b: np.array_equal(a, b),
    "array_equiv": lambda a, b: np.array_equiv(a, b),
    "allclose": lambda a, b: np.allclose(a, b, atol=1.0),
    "signbit": lambda a, b: np.signbit(a * b),
    "isreal": lambda a, b: np.isreal(a),
    "choose": lambda a, b: np.choose(np.trunc(a).to(int), [b, a], mode="wrap"),
    "frexp": lambda a, b: np.frexp(a)[1],
    "select": lambda a, b: np.select([a > b], [1], 2),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_what_has_no_derivative_runs_under_vmap(name):
    a, b = tg.tensor([[1.0, 2.0, 3.0], [1.5, -2.0, 0.0]]), tg.tensor([[1.0, 2.0, 3.0], [1.0, -1.0, 4.0]])
    got = func.vmap(CONSTANT[name])(a, b)
    want = [CONSTANT[name](a[i], b[i]) for i in range(2)]
    assert got.tolist() == [w.tolist() if isinstance(w, tg.Tensor) else w for w in want]
