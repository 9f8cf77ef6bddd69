"""`custom_vjp` and `custom_jvp`: their rules are used, in every transform, and wrong ones are refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import GraphError, ShapeError, UnsupportedError
from tinygrad_edu.func import custom_jvp, custom_vjp

X, Y, V = np.array([0.5, 1.0, -2.0]), np.array([2.0, -1.0, 0.3]), np.array([1.0, 2.0, 3.0])
BATCH = np.stack([X, Y, V, X + Y])
SCALE = 10.0  # the rules below are too large by this factor, so that it shows whose rule was used


def by_vjp(scale=1.0):
    """x² sin(y), with its derivative by a rule."""

    @custom_vjp
    def f(x, y):
        return x**2 * tg.sin(y)

    f.defvjp(
        lambda x, y: (x**2 * tg.sin(y), (x, y)),
        lambda kept, g: (scale * 2 * kept[0] * tg.sin(kept[1]) * g, scale * kept[0] ** 2 * tg.cos(kept[1]) * g),
    )
    return f


def by_jvp(scale=1.0):
    @custom_jvp
    def f(x, y):
        return x**2 * tg.sin(y)

    def rule(primals, tangents):
        (x, y), (x_dot, y_dot) = primals, tangents
        return f(x, y), scale * (2 * x * tg.sin(y) * x_dot + x**2 * tg.cos(y) * y_dot)

    f.defjvp(rule)
    return f


KINDS = {"custom_vjp": by_vjp, "custom_jvp": by_jvp}


def plain(x, y):
    return x**2 * tg.sin(y)


def total(f):
    return lambda x, y: (f(x, y) * tg.tensor(V)).sum()


REVERSE = {
    "grad": lambda f: func.grad(total(f), (0, 1))(X, Y),
    "grad in one argument": lambda f: func.grad(total(f), 1)(X, Y),
    "value and grad": lambda f: func.value_and_grad(total(f))(X, Y),
    "jacrev": lambda f: func.jacrev(f, (0, 1))(X, Y),
    "grad of grad": lambda f: func.jacrev(func.grad(total(f), 0), (0, 1))(X, Y),
    "grad of grad of grad": lambda f: func.jacrev(func.jacrev(func.grad(total(f))))(X, Y),
    "grad of vjp in the cotangent": lambda f: func.grad(lambda g: func.vjp(f, X, Y)[1](g)[0].sum())(V),
    "vmap": lambda f: func.vmap(f, in_dims=(0, None))(BATCH, Y),
    "vmap of grad": lambda f: func.vmap(func.grad(total(f), (0, 1)), in_dims=(0, None))(BATCH, Y),
    "vmap of grad over both": lambda f: func.vmap(func.grad(total(f), (0, 1)))(BATCH, BATCH[::-1].copy()),
    "grad of vmap": lambda f: func.grad(lambda b, y: (func.vmap(f, in_dims=(0, None))(b, y) ** 2).sum(), (0, 1))(BATCH, Y),
    "vmap of second derivatives": lambda f: func.vmap(func.jacrev(func.grad(total(f))), in_dims=(0, None))(BATCH, Y),
    "vmap of vmap": lambda f: func.vmap(func.vmap(f, in_dims=(None, 0)), in_dims=(0, None))(BATCH, BATCH),
    "hessian": lambda f: func.hessian(total(f), (0, 1))(X, Y),
    "grad of jvp of grad": lambda f: func.grad(
        lambda p: func.jvp(lambda x: func.grad(total(f))(x * p, Y), (X,), (V,))[1].sum()
    )(np.float64(2.0)),
    "one argument for both": lambda f: func.grad(lambda x: total(f)(x, x))(X),
}  # fmt: skip
FORWARD = {
    "jvp": lambda f: func.jvp(f, (X, Y), (V, Y)),
    "jacfwd": lambda f: func.jacfwd(f, (0, 1))(X, Y),
    "linearize": lambda f: func.linearize(f, X, Y)[1](V, V),
    "jvp of jvp": lambda f: func.jvp(lambda x: func.jvp(f, (x, Y), (V, V))[1], (X,), (V,)),
    "grad of jvp": lambda f: func.grad(lambda x: func.jvp(f, (x, Y), (V, V))[1].sum())(X),
    "vmap of jvp": lambda f: func.vmap(lambda x, v: func.jvp(f, (x, Y), (v, v)))(BATCH, BATCH),
    "jvp of vmap": lambda f: func.jvp(lambda b: func.vmap(f, in_dims=(0, None))(b, Y), (BATCH,), (BATCH,)),
    "jvp in one argument": lambda f: func.jvp(lambda y: f(X, y), (Y,), (V,)),
}


def agree(got, want):
    got, want = (func_leaves(t) for t in (got, want))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert not g.requires_grad
        np.testing.assert_allclose(g.numpy(), w.numpy(), rtol=1e-12, atol=1e-12)


def func_leaves(tree):
    from tinygrad_edu.engine.tree import flatten

    return flatten(tree)[0]


@pytest.mark.parametrize("name", REVERSE)
@pytest.mark.parametrize("kind", KINDS)
def test_reverse_mode_agrees_with_the_plain_function(kind, name):
    agree(REVERSE[name](KINDS[kind]()), REVERSE[name](plain))


@pytest.mark.parametrize("name", FORWARD)
def test_forward_mode_agrees_with_the_plain_function(name):
    agree(FORWARD[name](by_jvp()), FORWARD[name](plain))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_rule_that_is_used(kind):
    f = KINDS[kind](SCALE)
    np.testing.assert_allclose(func.grad(total(f))(X, Y).numpy(), SCALE * func.grad(total(plain))(X, Y).numpy())
    per_example = func.vmap(func.grad(total(f)), in_dims=(0, None))(BATCH, Y).numpy()
    np.testing.assert_allclose(
        per_example, SCALE * func.vmap(func.grad(total(plain)), in_dims=(0, None))(BATCH, Y).numpy()
    )
    leaf = tg.tensor(X, requires_grad=True)
    f(leaf, tg.tensor(Y)).sum().backward()
    np.testing.assert_allclose(leaf.grad.numpy(), SCALE * 2 * X * np.sin(Y))


def test_a_rule_in_forward_mode_is_used_too():
    got = func.jvp(by_jvp(SCALE), (X, Y), (V, Y))[1].numpy()
    np.testing.assert_allclose(got, SCALE * func.jvp(plain, (X, Y), (V, Y))[1].numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_derivative_it_is_just_the_function(kind):
    f = KINDS[kind]()
    np.testing.assert_allclose(f(X, Y).numpy(), X**2 * np.sin(Y))
    assert not f(tg.tensor(X), tg.tensor(Y)).requires_grad
    assert f.__name__ == "f"


def test_forward_mode_of_a_reverse_rule_is_refused():
    with pytest.raises(UnsupportedError, match=r"f was given a rule for reverse mode only \(defvjp\)"):
        func.jvp(by_vjp(), (X, Y), (V, V))


def test_containers_statics_and_integers():
    @custom_vjp
    def scaled(params, index, name, times):
        assert name == "scale"
        return {"y": params["w"][index] * times, "all": [params["w"].sum()]}

    def fwd(params, index, name, times):
        return scaled.f(params, index, name, times), (params["w"], index, times)

    def bwd(kept, g):
        w, index, times = kept
        onehot = tg.tensor(np.arange(3)) == index
        return {"w": tg.where(onehot, times * g["y"], 0.0) + g["all"][0] + 0 * w, "b": None}, None, None, None

    scaled.defvjp(fwd, bwd)

    def loss(p):
        out = scaled(p, tg.tensor(1), "scale", 5)
        return out["y"] * 2 + out["all"][0]

    got = func.grad(loss)({"w": X, "b": Y})
    assert got["w"].tolist() == [1.0, 11.0, 1.0] and got["b"].tolist() == [0.0] * 3
    batched = func.vmap(func.grad(lambda w: loss({"w": w, "b": Y})))(BATCH)
    assert batched.tolist() == [[1.0, 11.0, 1.0]] * 4


def test_custom_jvp_with_containers_and_statics():
    @custom_jvp
    def f(p, n):
        return [p["x"] ** n, p["x"].sum()]

    def rule(primals, tangents):
        (p, n), (p_dot, _) = primals, tangents
        return f(p, n), [n * p["x"] ** (n - 1) * p_dot["x"], p_dot["x"].sum()]

    f.defjvp(rule)
    _, y_dot = func.jvp(lambda x: f({"x": x}, 3), (X,), (V,))
    np.testing.assert_allclose(y_dot[0].numpy(), 3 * X**2 * V)
    assert y_dot[1].item() == 6.0
    np.testing.assert_allclose(func.grad(lambda x: f({"x": x}, 3)[0].sum())(X).numpy(), 3 * X**2)


def test_residuals_are_freed_with_the_graph():
    leaf = tg.tensor(X, requires_grad=True)
    y = by_vjp()(leaf, tg.tensor(Y)).sum()
    y.backward()
    with pytest.raises(GraphError, match="freed"):
        y.backward()


@pytest.mark.parametrize("kind", KINDS)
def test_a_tensor_that_it_closes_over_is_refused_instead_of_forgotten(kind):
    w = tg.tensor(X, requires_grad=True)
    decorate = {"custom_vjp": custom_vjp, "custom_jvp": custom_jvp}[kind]
    f = decorate(lambda x: x * w)
    if kind == "custom_vjp":
        f.defvjp(lambda x: (x * w, None), lambda _, g: (g * w,))
    else:
        f.defjvp(lambda p, t: (p[0] * w, t[0] * w))
    with pytest.raises(GraphError, match="pass it as an argument"):
        func.grad(lambda x: f(x).sum())(X)
    with pytest.raises(GraphError, match="pass it as an argument"):
        f(tg.tensor(X))
    # So is the variable of an outer transform.
    by_closure = lambda x: func.grad(lambda z: _closing(decorate, x, kind)(z).sum())(tg.tensor(Y)).sum()
    with pytest.raises(GraphError, match="pass it as an argument"):
        func.grad(by_closure)(tg.tensor(X))


def _closing(decorate, x, kind):
    f = decorate(lambda z: z * x)
    if kind == "custom_vjp":
        f.defvjp(lambda z: (z * x, None), lambda _, g: (g * x,))
    else:
        f.defjvp(lambda p, t: (p[0] * x, t[0] * x))
    return f


def with_bwd(bwd):
    f = custom_vjp(plain)
    f.defvjp(lambda x, y: (plain(x, y), None), bwd)
    return f


BAD_RULES = {
    "too few": (with_bwd(lambda _, g: (g,)), ShapeError, "a tuple of 2 cotangents, one per argument"),
    "too many": (with_bwd(lambda _, g: (g, g, g)), ShapeError, "a tuple of 2 cotangents"),
    "no tuple": (with_bwd(lambda _, g: g), ShapeError, "a tuple of 2 cotangents"),
    "a wrong shape": (with_bwd(lambda _, g: (g.sum(), g)), ShapeError, r"shape \(\) for an argument of shape \(3,\)"),
    "no rule": (custom_vjp(plain), UnsupportedError, r"plain.defvjp\(fwd, bwd\)"),
    "no rule forward": (custom_jvp(plain), UnsupportedError, r"plain.defjvp\(rule\)"),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_wrong_rules_are_refused(name):
    f, error, message = BAD_RULES[name]
    with pytest.raises(error, match=message):
        func.grad(total(f), (0, 1))(X, Y)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda p, t: plain(*p), "a pair"),
        (lambda p, t: (plain(*p), [t[0]]), "structure"),
        (lambda p, t: (plain(*p), t[0].sum()), r"shape \(\) for an output of shape \(3,\)"),
    ],
    ids=["no pair", "another structure", "another shape"],
)
def test_wrong_forward_rules_are_refused(rule, message):
    f = custom_jvp(plain)
    f.defjvp(rule)
    with pytest.raises(ShapeError, match=message):
        func.jvp(f, (X, Y), (V, V))


def test_a_rule_that_returns_none_has_a_zero_gradient_there():
    f = with_bwd(lambda _, g: (g, None))
    x_bar, y_bar = func.grad(total(f), (0, 1))(X, Y)
    assert x_bar.tolist() == V.tolist() and y_bar.tolist() == [0.0] * 3


def test_a_gradient_may_be_replaced_for_stability():
    """The classic: log(1 + eˣ), whose derivative as written overflows."""

    @custom_jvp
    def log1pexp(x):
        return tg.log(1 + tg.exp(x))

    log1pexp.defjvp(lambda p, t: (log1pexp(p[0]), (1 - 1 / (1 + tg.exp(p[0]))) * t[0]))
    with np.errstate(over="ignore", invalid="ignore"):
        assert func.grad(log1pexp)(tg.tensor(100.0)).item() == 1.0
        assert np.isnan(func.grad(lambda x: tg.log(1 + tg.exp(x)))(tg.tensor(100.0)).item())
