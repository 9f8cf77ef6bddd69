"""`autograd.functional` agrees with PyTorch's in values, structure and errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.autograd import Function, functional
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError, UnsupportedError

X, W = np.array([0.5, -1.0, 2.0]), np.array([[1.0, 0.5, -2.0], [0.25, 1.5, -0.5]])

MAPS = {
    "one to one": (lambda lib: lambda x: lib.sin(x) * x.sum(), (X,)),
    "a tuple of one": (lambda lib: lambda x: (lib.sin(x),), (X,)),
    "several to one": (lambda lib: lambda x, w: lib.tanh(w @ x), (X, W)),
    "several to several": (lambda lib: lambda x, w: (w @ x, (w * x).sum()), (X, W)),
    "one left out": (lambda lib: lambda x, w: (x * 2, x.sum()), (X, W)),
    "a matrix": (lambda lib: lambda w: lib.exp(w) @ w.T, (W,)),
}  # fmt: skip
SCALARS = {
    "cubic": (lambda lib: lambda x: (x**3).sum(), (X,)),
    "two inputs": (lambda lib: lambda x, w: (lib.sin(w @ x) ** 2).sum(), (X, W)),
    "linear": (lambda lib: lambda x, w: (x * 2).sum() + w.sum(), (X, W)),
    "of shape (1,)": (lambda lib: lambda x: (x**2).sum().reshape(1), (X,)),
}


def _arrays(result):
    if isinstance(result, tuple | list):
        return tuple(map(_arrays, result))
    return result.detach().numpy()


def _compare(got, want):
    if isinstance(want, tuple):
        assert isinstance(got, tuple) and len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            _compare(g, w)
    else:
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


def _call(lib, make, module, name, build, arrays, v=None, **options):
    inputs = tuple(make(a) for a in arrays)
    given = inputs if len(inputs) > 1 else inputs[0]
    extra = () if v is None else (tuple(map(make, v)) if len(v) > 1 else make(v[0]),)
    result = getattr(module, name)(build(lib), given, *extra, **options)
    return _arrays(result)


def _both(name, build, arrays, v=None, ours=None, **options):
    torch = pytest.importorskip("torch")
    want = _call(torch, torch.tensor, torch.autograd.functional, name, build, arrays, v, **options)
    _compare(_call(tg, tg.tensor, functional, name, build, arrays, v, **(options if ours is None else ours)), want)


JACOBIANS = [{}, {"vectorize": True}, {"vectorize": True, "strategy": "forward-mode"}, {"create_graph": True}]


@pytest.mark.oracle
@pytest.mark.parametrize(("case", "options"), list(itertools.product(MAPS, JACOBIANS)))
def test_jacobian(case, options):
    _both("jacobian", *MAPS[case], **options)


def test_forward_mode_needs_no_vectorize():
    build, (x,) = MAPS["one to one"]
    one = functional.jacobian(build(tg), tg.tensor(x), strategy="forward-mode").numpy()
    np.testing.assert_allclose(one, functional.jacobian(build(tg), tg.tensor(x)).numpy())


@pytest.mark.oracle
@pytest.mark.parametrize("case", SCALARS)
@pytest.mark.parametrize(
    "options", [{}, {"vectorize": True}, {"vectorize": True, "outer_jacobian_strategy": "forward-mode"}, {"create_graph": True}]
)  # fmt: skip
def test_hessian(case, options):
    _both("hessian", *SCALARS[case], **options)


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "case"), list(itertools.product(["hvp", "vhp"], SCALARS)))
@pytest.mark.parametrize("create_graph", [False, True])
def test_products_with_hessians(name, case, create_graph):
    build, arrays = SCALARS[case]
    _both(name, build, arrays, [a * 0.5 + 1 for a in arrays], create_graph=create_graph)


@pytest.mark.oracle
@pytest.mark.parametrize("case", MAPS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_products_with_jacobians(case, create_graph):
    build, arrays = MAPS[case]
    _both("jvp", build, arrays, [a * 0.5 + 1 for a in arrays], create_graph=create_graph)
    outputs = build(tg)(*map(tg.tensor, arrays))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    v = [y.numpy() * 0.5 + 1 for y in outputs]
    if case != "a tuple of one":
        _both("vjp", build, arrays, v, create_graph=create_graph)


@pytest.mark.oracle
@pytest.mark.parametrize("case", ["cubic", "two inputs", "of shape (1,)"])
def test_a_vector_may_be_left_out_for_one_element(case):
    _both("vjp", *SCALARS[case])


def test_results_have_a_graph_only_if_asked_for():
    x = tg.tensor(X, requires_grad=True)
    f = lambda x: (x**3).sum()
    for call in (
        lambda **o: functional.jacobian(lambda x: x**3, x, **o),
        lambda **o: functional.hessian(f, x, **o),
        lambda **o: functional.hvp(f, x, tg.tensor(X), **o)[1],
        lambda **o: functional.vhp(f, x, tg.tensor(X), **o)[1],
        lambda **o: functional.jvp(f, x, tg.tensor(X), **o)[1],
        lambda **o: functional.vjp(f, x, **o)[1],
    ):
        assert not call().requires_grad
        x.grad = None
        call(create_graph=True).sum().backward()
        assert x.grad is not None
    functional.jacobian(lambda x: x**2, x, create_graph=True).sum().backward()


class OnlyReverse(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def test_what_has_no_forward_rule_is_transposed():
    x = tg.tensor(X)
    _, product = functional.jvp(OnlyReverse.apply, x, tg.tensor(X))
    np.testing.assert_allclose(product.numpy(), 3 * X**3)
    _, product = functional.hvp(lambda x: OnlyReverse.apply(x).sum(), x, tg.tensor(X))
    np.testing.assert_allclose(product.numpy(), 6 * X**2)


STRICT = {
    "vjp, independent": ("vjp", lambda lib: lambda x, w: x.sum(), (X, W), None),
    "jvp, independent": ("jvp", lambda lib: lambda x, w: x.sum(), (X, W), (X, W)),
    "jacobian, independent": ("jacobian", lambda lib: lambda x, w: (x * 2, w * 1), (X, W), None),
    "jacobian, no graph": ("jacobian", lambda lib: lambda x: x.detach(), (X,), None),
    "hessian, linear": ("hessian", lambda lib: lambda x: (x * 2).sum(), (X,), None),
    "hvp, linear": ("hvp", lambda lib: lambda x: (x * 2).sum(), (X,), (X,)),
    "vhp, linear": ("vhp", lambda lib: lambda x: (x * 2).sum(), (X,), (X,)),
    "hvp, independent": ("hvp", lambda lib: lambda x, w: (x**2).sum(), (X, W), (X, W)),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", STRICT)
def test_strict_refuses_what_pytorch_refuses(name):
    torch = pytest.importorskip("torch")
    method, build, arrays, v = STRICT[name]
    with pytest.raises(GraphError, match=r"doesn't depend on input \d"):
        _call(tg, tg.tensor, functional, method, build, arrays, v, strict=True)
    with pytest.raises(RuntimeError):
        _call(torch, torch.tensor, torch.autograd.functional, method, build, arrays, v, strict=True)
    _call(tg, tg.tensor, functional, method, build, arrays, v)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: functional.hessian(lambda x: x * 2, x), ShapeError, ["hessian", "(3,)", "one element"]),
        (lambda x: functional.hvp(lambda x: (x, x), x, x), ShapeError, ["hvp", "one Tensor"]),
        (lambda x: functional.vjp(lambda x: x * 2, x), GraphError, ["vjp", "(3,)", "v may be left out"]),
        (lambda x: functional.vjp(lambda x: x * 2, x, tg.ones(2)), ShapeError, ["vjp", "(2,)", "(3,)"]),
        (lambda x: functional.jvp(lambda x: x * 2, x, tg.ones(2)), ShapeError, ["jvp", "(2,)", "(3,)"]),
        (lambda x: functional.jacobian(lambda x: x, X), UnsupportedError, ["input 0", "ndarray"]),
        (lambda x: functional.jacobian(lambda x: 1.0, x), UnsupportedError, ["output 0", "float"]),
        (lambda x: functional.jacobian(lambda x: x, x, strategy="sideways"), ConfigError, ["sideways", "forward-mode"]),
    ],
)
def test_the_error_says_what_met(call, kind, words):
    with pytest.raises(kind) as caught:
        call(tg.tensor(X))
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)
