"""Transforms on their own terms: nesting, perturbation confusion, outer parameters, structures, batching, costs."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, func
from tinygrad_edu.engine import sweeps
from tinygrad_edu.errors import BatchLoopWarning, LevelError


def scalar(value: float) -> Tensor:
    return tg.tensor(np.float64(value))


def d_fwd(f):
    return lambda x: func.jvp(f, (x,), (tg.ones_like(x),))[1]


MODES = {"forward": d_fwd, "reverse": func.grad}


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_nested_derivatives_do_not_confuse_their_perturbations(outer, inner):
    do, di = MODES[outer], MODES[inner]
    three = scalar(3.0)
    # d/dx [x · d/dy (x + y)] = 1; confusing the two gives 2 (Siskind and Pearlmutter 2005).
    assert do(lambda x: x * di(lambda y: x + y)(x))(three).item() == pytest.approx(1.0)
    assert do(lambda x: x * di(lambda y: x * y)(x))(three).item() == pytest.approx(6.0)
    assert do(lambda x: x * di(lambda y: x * y * y)(x))(three).item() == pytest.approx(6 * 9.0)
    assert do(lambda x: di(lambda y: tg.sin(x * y))(scalar(2.0)) * x)(three).item() == pytest.approx(
        # d/dx [x² cos 2x]
        6 * np.cos(6) - 18 * np.sin(6)
    )


@pytest.mark.parametrize("kinds", ["fff", "rrr", "ffr", "frf", "rff", "rrf", "rfr", "frr"])
def test_third_derivatives_in_every_order_of_modes(kinds):
    f = lambda x: tg.sin(x) * x * x
    for kind in kinds:
        f = {"f": d_fwd, "r": func.grad}[kind](f)
    x = 0.7
    want = 6 * np.cos(x) - 6 * x * np.sin(x) - x * x * np.cos(x)
    assert f(scalar(x)).item() == pytest.approx(want, abs=1e-12)


def test_confusion_through_a_recursion_a_closure_and_a_container():
    def power(x: Tensor, n: int) -> Tensor:
        return x if n == 0 else x * func.grad(lambda y: y * power(x, n - 1))(x)

    assert func.grad(lambda x: power(x, 3))(scalar(2.0)).item() == pytest.approx(4 * 8.0)  # x⁴

    box: dict[str, Tensor] = {}

    def outer(x: Tensor) -> Tensor:
        box["x"] = x
        return func.jvp(lambda y: box["x"] * y, (x,), (tg.ones_like(x),))[1]

    assert func.grad(outer)(scalar(5.0)).item() == 1.0


@pytest.mark.parametrize("inner", MODES)
def test_a_parameter_reached_through_an_inner_derivative_gets_its_gradient(inner):
    w = tg.tensor(np.float64(2.0), requires_grad=True)
    y = MODES[inner](lambda x: w * w * x**3)(scalar(3.0))
    y.backward()
    assert w.grad.item() == pytest.approx(2 * 2.0 * 27)


def test_a_parameter_beside_an_outer_dual_is_not_taken_for_a_constant():
    y = scalar(3.0)
    got = func.grad(lambda y: func.jvp(lambda t: func.grad(lambda z: t * z * z)(y), (scalar(2.0),), (scalar(1.0),))[1])(
        y
    )
    assert got.item() == 2.0


def test_results_leave_the_graph_unless_something_outside_is_watching():
    x = scalar(3.0)
    value, gradient = func.value_and_grad(lambda x: x * x)(x)
    assert not value.requires_grad and not gradient.requires_grad
    y, pullback = func.vjp(tg.sin, x)
    assert not y.requires_grad and not pullback(scalar(1.0))[0].requires_grad
    (gradient, aux) = func.grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(x)
    assert aux["twice"].item() == 6.0 and not aux["twice"].requires_grad
    leaf = tg.tensor(np.float64(3.0), requires_grad=True)
    assert func.grad(lambda x: x**3)(leaf).requires_grad
    with tg.no_grad():
        assert not func.grad(lambda x: x**3)(leaf).requires_grad


def test_results_of_an_outer_transform_are_not_joined_to_an_inner_one_that_has_ended():
    two, three = scalar(2.0), scalar(3.0)
    f = lambda x: lambda z: z**2 * x**2
    _, pullback = func.vjp(lambda a, b: a * b * b, two, three)
    _, push = func.linearize(tg.sin, two)
    got = {
        "grad of grad": (func.grad(lambda x: func.grad(f(x))(three))(two), 24.0),
        "grad of vjp": (func.grad(lambda x: func.vjp(f(x), three)[1](scalar(1.0))[0])(two), 24.0),
        "jacrev of jacrev": (func.jacrev(lambda x: func.jacrev(f(x))(three))(two), 24.0),
        "grad of a pullback": (func.grad(lambda g: pullback(g)[1])(two), 12.0),
        "grad of a linear function": (func.grad(push)(three), np.cos(2)),
    }
    for name, (value, want) in got.items():
        assert value.item() == pytest.approx(want) and not value.requires_grad, name


def test_a_pullback_may_be_called_again_and_differentiated():
    x = scalar(2.0)
    _, pullback = func.vjp(lambda a, b: a * b * b, x, scalar(3.0))
    assert [v.item() for v in pullback(scalar(1.0))] == [9.0, 12.0]
    assert [v.item() for v in pullback(scalar(2.0))] == [18.0, 24.0]
    assert func.grad(lambda g: pullback(g)[1])(scalar(1.0)).item() == 12.0


def test_arguments_and_results_may_be_nested_containers():
    def f(params, x):
        return {"y": params["w"] @ x + params["b"][0], "n": (params["w"] ** 2).sum()}

    params = {"w": tg.tensor(np.arange(6.0).reshape(2, 3)), "b": [tg.tensor(np.ones(2))]}
    x = tg.tensor(np.array([1.0, 2.0, 3.0]))
    gradient = func.grad(lambda p, x: sum(v.sum() for v in f(p, x).values()))(params, x)
    np.testing.assert_allclose(gradient["w"].numpy(), 2 * params["w"].numpy() + x.numpy())
    forward, reverse = func.jacfwd(f)(params, x), func.jacrev(f)(params, x)
    assert forward["y"]["w"].shape == (2, 2, 3) and forward["n"]["b"][0].shape == (2,)
    for key in ("y", "n"):
        np.testing.assert_allclose(forward[key]["w"].numpy(), reverse[key]["w"].numpy())
        np.testing.assert_allclose(forward[key]["b"][0].numpy(), reverse[key]["b"][0].numpy())
    both = func.jacrev(lambda a, b: a * b, argnums=(0, 1))(x, x)
    np.testing.assert_allclose(both[1].numpy(), np.diag(x.numpy()))


def test_an_unused_input_has_a_zero_gradient_and_tangent():
    x = tg.tensor(np.ones(3))
    assert func.grad(lambda x, y: (y * 2).sum(), argnums=0)(x, x).tolist() == [0.0, 0.0, 0.0]
    assert func.jvp(lambda x: tg.ones(2), (x,), (x,))[1].tolist() == [0.0, 0.0]
    assert func.jacrev(lambda x: tg.ones(2))(x).shape == (2, 3)


def test_vmap_axes_in_and_out():
    x = tg.tensor(np.arange(6.0).reshape(2, 3))
    w = tg.tensor(np.arange(3.0))
    assert func.vmap(lambda row: (row * w).sum())(x).tolist() == [5.0, 14.0]
    assert func.vmap(lambda column: column.sum(), in_dims=1)(x).tolist() == [3.0, 5.0, 7.0]
    assert func.vmap(lambda row, s: row * s, in_dims=(0, None), out_dims=1)(x, 2.0).shape == (3, 2)
    got = func.vmap(lambda t: {"a": t["x"] + t["y"], "b": 1.0}, in_dims=({"x": 0, "y": None},))({"x": x, "y": w})
    assert got["a"].shape == (2, 3) and got["b"].tolist() == [1.0, 1.0]
    nested = func.vmap(func.vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))(w, w)
    np.testing.assert_allclose(nested.numpy(), np.outer(w.numpy(), w.numpy()))


def test_jacobians_compute_the_primal_once_and_only_tangents_carry_the_batch(monkeypatch):
    calls = []
    f = lambda x: calls.append(x.shape) or tg.sin(x) * x
    x = tg.tensor(np.arange(5.0))
    np.testing.assert_allclose(func.jacfwd(f)(x).numpy(), func.jacrev(f)(x).numpy())
    assert calls == [(5,), (5,)]
    passes = []
    pull = sweeps.pull
    monkeypatch.setattr("tinygrad_edu.func._reverse.pull", lambda *a, **k: passes.append(1) or pull(*a, **k))
    func.jacrev(f)(x)
    assert len(passes) == 1


def test_per_example_gradients_leave_no_graph_behind():
    """The parts of a batched value aren't recorded for a gradient that is taken example by example."""
    w, x = tg.tensor(np.ones(3)), tg.tensor(np.arange(6.0).reshape(2, 3))
    got = func.vmap(func.grad(lambda w, x: tg.tanh(w * x).sum()), in_dims=(None, 0))(w, x)
    assert not got.requires_grad
    np.testing.assert_allclose(got.numpy(), x.numpy() * (1 - np.tanh(x.numpy()) ** 2))
    tangent = func.jvp(lambda x: func.grad(lambda w: tg.tanh(w * x).sum())(w), (x[0],), (x[1],))[1]
    assert not tangent.requires_grad
    # A parameter from outside is another matter.
    p = tg.tensor(np.ones(3), requires_grad=True)
    func.vmap(func.grad(lambda w, x: tg.tanh(w * p * x).sum()), in_dims=(None, 0))(w, x).sum().backward()
    assert p.grad.shape == (3,)


def test_an_op_without_a_batching_rule_loops_and_says_so():
    from tinygrad_edu.engine.families import Given, primitive

    op = primitive(
        "test_cube", lambda x: x**3, Given("3x²", lambda g, y, x: 3 * x * x * g, lambda g, y, x: 3 * x * x * g, reads=[0]),
        math="y = x³", registry={},
    )  # fmt: skip
    x = tg.tensor(np.array([1.0, 2.0]))
    with pytest.warns(BatchLoopWarning, match="test_cube has no batching rule"):
        assert func.vmap(op)(x).tolist() == [1.0, 8.0]
    with pytest.warns(BatchLoopWarning):
        assert func.vmap(func.grad(op))(x).tolist() == [3.0, 12.0]


def test_values_of_a_transform_refuse_to_be_looked_at_from_inside_vmap():
    with pytest.raises(LevelError, match="numpy"):
        func.vmap(lambda x: x.numpy())(tg.ones(2))
    assert func.jvp(lambda x: x if x > 0 else -x, (scalar(-2.0),), (scalar(1.0),))[1].item() == -1.0


def test_hvp_is_the_hessian_times_a_vector():
    f = lambda x: (x**3).sum() + x.prod()
    x, v = tg.tensor(np.array([1.0, 2.0, 3.0])), tg.tensor(np.array([0.5, -1.0, 2.0]))
    gradient, product = func.hvp(f, (x,), (v,))
    np.testing.assert_allclose(product.numpy(), func.hessian(f)(x).numpy() @ v.numpy())
    np.testing.assert_allclose(gradient.numpy(), func.grad(f)(x).numpy())
    _, both = func.hvp(lambda a, b: (a * a * b).sum(), (x, v), (v, x))
    np.testing.assert_allclose(both[0].numpy(), 2 * v.numpy() * v.numpy() + 2 * x.numpy() * x.numpy())


def test_products_with_zeros_have_the_right_derivatives_of_every_order():
    x = tg.tensor(np.array([0.0, 2.0, 0.0, 3.0]))
    assert func.grad(tg.prod)(x).tolist() == [0.0] * 4
    assert func.hessian(tg.prod)(x).tolist()[0] == [0.0, 0.0, 6.0, 0.0]


def test_a_gradient_is_the_callers_own_to_write_to():
    x, seed = tg.tensor(np.ones(3)), tg.tensor(np.ones(3))
    gradient = func.grad(lambda x: x.sum())(x)
    gradient.add_(1)
    (passed_on,) = func.vjp(lambda x: x + 0, x)[1](seed)
    passed_on.add_(1)
    assert (gradient.tolist(), passed_on.tolist(), seed.tolist()) == ([2.0] * 3, [2.0] * 3, [1.0] * 3)


def test_an_inner_transforms_value_keeps_the_outer_tangent():
    x = scalar(2.0)
    value_and_gradient = lambda x: func.value_and_grad(lambda z: z**3)(x)
    y_dot, g_dot = func.jvp(value_and_gradient, (x,), (scalar(1.0),))[1]
    assert (y_dot.item(), g_dot.item()) == (12.0, 12.0)
    assert func.jvp(lambda x: func.vjp(tg.sin, x)[0], (x,), (scalar(1.0),))[1].item() == pytest.approx(np.cos(2))
    aux = func.jvp(lambda x: func.grad(lambda z: (z**3, z * z), has_aux=True)(x)[1], (x,), (scalar(1.0),))[1]
    assert aux.item() == 4.0
