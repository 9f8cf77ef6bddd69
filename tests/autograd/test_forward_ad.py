"""Duals by hand agree with PyTorch's, and their tangents die with their level."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func, nn
from tinygrad_edu.autograd import forward_ad as fw
from tinygrad_edu.errors import DTypeError, LevelError, ShapeError, UnsupportedError

X, V = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.5, -2.0])


def programs(lib, fad, ag, x, v):
    """What is computed inside one level, by name; `x` requires a gradient."""
    d, c = fad.make_dual(x, v), fad.make_dual(x.detach(), v)
    unpack = fad.unpack_dual
    return {
        "tangent": unpack((c.sin() * c).sum()).tangent,
        "primal": unpack((c.sin() * c).sum()).primal,
        "matmul": unpack(lib.outer(c, c) @ c).tangent,
        "with a constant": unpack(c * x.detach() + 1.0).tangent,
        "reverse over forward": ag.grad(unpack((d**3).sum()).tangent, x)[0],
        "forward over reverse": unpack(ag.grad((d**3).sum(), d)[0]).tangent,
        "gradient of a dual": unpack(ag.grad((d**3).sum(), d)[0]).primal,
        "gradient behind a dual": unpack(ag.grad((d**3).sum(), x)[0]).primal,
        "gradient of the primal": unpack(ag.grad(unpack((d**3).sum()).primal, x)[0]).primal,
    }


NAMES = [
    "tangent", "primal", "matmul", "with a constant", "reverse over forward", "forward over reverse", "gradient of a dual",
    "gradient behind a dual", "gradient of the primal",
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_pytorch(name):
    torch = pytest.importorskip("torch")
    with fw.dual_level():
        got = programs(tg, fw, autograd, tg.tensor(X, requires_grad=True), tg.tensor(V))[name]
    with torch.autograd.forward_ad.dual_level():
        x, v = torch.tensor(X, requires_grad=True), torch.tensor(V)
        want = programs(torch, torch.autograd.forward_ad, torch.autograd, x, v)[name].detach().numpy()
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-12)


def test_the_tangent_is_the_very_one_given():
    x, v = tg.tensor(X), tg.tensor(V)
    with fw.dual_level():
        d = fw.make_dual(x, v)
        assert fw.unpack_dual(d).tangent is v and fw.unpack_dual(d).primal is x
        assert fw.unpack_dual(x) == (x, None)
        assert repr(fw.unpack_dual(x)).startswith("UnpackedDualTensor(primal=")


def test_a_tangent_dies_with_its_level():
    dead = _dead()
    assert fw.unpack_dual(dead).tangent is None
    assert fw.unpack_dual(dead).primal.tolist() == X.tolist()


def test_parameters_may_be_replaced_by_duals():
    model, x = nn.Linear(3, 2), tg.tensor(np.ones((4, 3), np.float32))
    params = dict(model.named_parameters())
    tangents = {name: tg.ones_like(p) for name, p in params.items()}
    with fw.dual_level():
        for name, p in params.items():
            delattr(model, name)
            setattr(model, name, fw.make_dual(p, tangents[name]))
        y, y_dot = fw.unpack_dual(model(x))
    assert y.shape == (4, 2) and np.all(y_dot.detach().numpy() == 4.0)


def test_levels_nest_which_gives_second_derivatives():
    x, one = tg.tensor(np.float64(3.0)), tg.tensor(np.float64(1.0))
    with fw.dual_level() as outer:
        a = fw.make_dual(x, one)
        with fw.dual_level():
            b = fw.make_dual(a, one)
            first = fw.unpack_dual(b**4).tangent
            assert fw.unpack_dual(b, level=outer).tangent is None
        assert fw.unpack_dual(first).tangent.item() == pytest.approx(12 * 9.0)


def test_transforms_inside_a_level():
    with fw.dual_level():
        d = fw.make_dual(tg.tensor(X), tg.tensor(V))
        np.testing.assert_allclose(fw.unpack_dual(func.grad(lambda x: (x**3).sum())(d)).tangent.numpy(), 6 * X * V)
        np.testing.assert_allclose(fw.unpack_dual(func.vmap(tg.sin)(d)).tangent.numpy(), np.cos(X) * V)


def _dead():
    with fw.dual_level():
        return fw.make_dual(tg.tensor(X), tg.tensor(V))


def _inside(call):
    with fw.dual_level():
        return call()


ERRORS = {
    "no level": (lambda: fw.make_dual(tg.tensor(X), tg.tensor(V)), LevelError, ["make_dual", "dual_level()"]),
    "use outside": (lambda: _dead() + 1, LevelError, ["add", "ended", "Unpack"]),
    "exit without": (lambda: fw.exit_dual_level(), LevelError, ["exit_dual_level"]),
    "exit another": (lambda: _inside(lambda: fw.exit_dual_level(level=0)), LevelError, ["level 0"]),
    "shape": (lambda: _inside(lambda: fw.make_dual(tg.tensor(X), tg.ones(2))), ShapeError, ["(2,)", "(3,)"]),
    "dtype": (lambda: _inside(lambda: fw.make_dual(tg.tensor(X), tg.ones(3))), DTypeError, ["float32", "float64"]),
    "integers": (lambda: _inside(lambda: fw.make_dual(tg.tensor([1]), tg.tensor([1]))), DTypeError, ["int64", "float()"]),
    "no tensor": (lambda: _inside(lambda: fw.make_dual(1.0, 1.0)), UnsupportedError, ["float"]),
    "unpack no tensor": (lambda: fw.unpack_dual(1.0), UnsupportedError, ["float"]),
    "numpy": (lambda: _inside(lambda: fw.make_dual(tg.tensor(X), tg.tensor(V)).numpy()), LevelError, ["tangent"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_the_error_says_what_met_and_what_to_do(name):
    call, kind, words = ERRORS[name]
    with pytest.raises(kind) as caught:
        call()
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)
    assert fw.unpack_dual(tg.tensor(X)).tangent is None  # every level was left


def test_a_level_may_be_entered_and_left_by_calls():
    level = fw.enter_dual_level()
    d = fw.make_dual(tg.tensor(X), tg.tensor(V), level=level)
    assert fw.unpack_dual(d * 2).tangent.tolist() == (2 * V).tolist()
    fw.exit_dual_level(level=level)
