"""A `Function` acts as PyTorch's does, at every level of nested transforms, and its mistakes are named."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func
from tinygrad_edu.autograd import forward_ad
from tinygrad_edu.autograd.function import Function, once_differentiable
from tinygrad_edu.errors import GraphError, InPlaceError

X = np.array([0.5, -1.25, 2.0])
BATCH = np.random.default_rng(0).normal(size=(4, 3)) + 2.0


def leaf(array=X):
    return tg.tensor(np.array(array), requires_grad=True)


def functions(lib, base):
    """The same Functions in either library."""

    class Cube(base):
        """Both rules by hand; keeps an input and the output."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x * x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            (x,) = inputs
            ctx.save_for_backward(x, output)
            ctx.save_for_forward(x)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * 3 * y / x

        @staticmethod
        def jvp(ctx, x_dot):
            (x,) = ctx.saved_tensors
            return 3 * x * x * x_dot

    class Older(base):
        """forward(ctx, …), with a number, an attribute, and an argument that isn't needed."""

        @staticmethod
        def forward(ctx, x, k, w):
            ctx.k = k
            ctx.save_for_backward(x, None, w)
            return lib.sin(x) * k * w

        @staticmethod
        def backward(ctx, g):
            x, nothing, w = ctx.saved_tensors
            assert nothing is None
            w_bar = g * lib.sin(x) * ctx.k if ctx.needs_input_grad[2] else None
            return g * lib.cos(x) * ctx.k * w, None, w_bar

    class Two(base):
        """Two outputs and two inputs."""

        generate_vmap_rule = True

        @staticmethod
        def forward(x, w):
            return x * w, x + w

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g, h):
            x, w = ctx.saved_tensors
            return g * w + h, g * x + h

        @staticmethod
        def jvp(ctx, x_dot, w_dot):
            x, w = ctx.saved_tensors
            return x_dot * w + x * w_dot, x_dot + w_dot

    class Marked(base):
        """An output without a derivative, and no zeros made up."""

        @staticmethod
        def forward(ctx, x):
            order, sign = lib.argmax(x), lib.sign(x)
            ctx.mark_non_differentiable(order, sign)
            ctx.set_materialize_grads(False)
            return x * 2, x * 5, order, sign

        @staticmethod
        def backward(ctx, g, h, o, s):
            assert o is None and s is None
            return (0 if g is None else g * 2) + (0 if h is None else h * 5)

    class OwnVmap(base):
        """Says itself how it acts on a batch."""

        @staticmethod
        def forward(x, w):
            return (x * w).sum()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g * w, g * x

        @staticmethod
        def vmap(info, in_dims, x, w):
            x_dim, w_dim = in_dims
            assert info.batch_size == 4 and info.randomness == "error"
            x = x if x_dim is None else lib.moveaxis(x, x_dim, -1) if lib is not tg else tg.moveaxis(x, x_dim, -1)
            w = w[:, None] if w_dim is None else lib.moveaxis(w, w_dim, -1)
            return (x * w).sum(0), 0

    return {f.__name__: f for f in (Cube, Older, Two, Marked, OwnVmap)}


def grad_of_grad(lib, ag, y, x):
    (g,) = ag.grad(y.sum(), x, create_graph=True)
    return [g, *ag.grad((g * g).sum(), x)]


def forward_mode(ag, f, x, x_dot):
    with ag.forward_ad.dual_level():
        y = f(ag.forward_ad.make_dual(x.detach(), x_dot))
        ys = y if isinstance(y, tuple) else (y,)
        return [ag.forward_ad.unpack_dual(v).tangent for v in ys]


PROGRAMS = {
    "value and gradient": lambda lib, ag, f, x, w, b: [f["Cube"].apply(x), *ag.grad(f["Cube"].apply(x).sum(), x)],
    "second order": lambda lib, ag, f, x, w, b: grad_of_grad(lib, ag, f["Cube"].apply(x), x),
    "forward mode": lambda lib, ag, f, x, w, b: forward_mode(ag, f["Cube"].apply, x, w.detach()),
    "forward mode, two outputs": lambda lib, ag, f, x, w, b: forward_mode(
        ag, lambda z: f["Two"].apply(z, w.detach()), x, w.detach()
    ),
    "older style": lambda lib, ag, f, x, w, b: [
        f["Older"].apply(x, 2.0, w), *ag.grad(f["Older"].apply(x, 2.0, w).sum(), [x, w]),
        *ag.grad(f["Older"].apply(x, 2.0, w.detach()).sum(), x),
    ],
    "older style, second order": lambda lib, ag, f, x, w, b: grad_of_grad(lib, ag, f["Older"].apply(x, 2.0, w), x),
    "two outputs": lambda lib, ag, f, x, w, b: [
        *ag.grad(f["Two"].apply(x, w)[0].sum(), [x, w]), *ag.grad(f["Two"].apply(x, w)[1].sum(), [x, w]),
        *ag.grad((f["Two"].apply(x, w)[0] * f["Two"].apply(x, w)[1]).sum(), [x, w]),
    ],
    "marked": lambda lib, ag, f, x, w, b: [
        *ag.grad(f["Marked"].apply(x)[0].sum(), x), *ag.grad(f["Marked"].apply(x)[1].sum(), x), f["Marked"].apply(x)[3],
        f["Marked"].apply(x)[2],
    ],
    "func.grad": lambda lib, ag, f, x, w, b: lib.func.grad(lambda z: f["Cube"].apply(z).sum())(x.detach()),
    "func.jvp": lambda lib, ag, f, x, w, b: lib.func.jvp(f["Cube"].apply, (x.detach(),), (w.detach(),)),
    "hessian": lambda lib, ag, f, x, w, b: lib.func.hessian(lambda z: f["Cube"].apply(z).sum())(x.detach()),
    "jacrev of jacrev": lambda lib, ag, f, x, w, b: lib.func.jacrev(lib.func.jacrev(f["Cube"].apply))(x.detach()),
    "jacrev of jacfwd": lambda lib, ag, f, x, w, b: lib.func.jacrev(lib.func.jacfwd(f["Cube"].apply))(x.detach()),
    "vmap": lambda lib, ag, f, x, w, b: lib.func.vmap(f["Cube"].apply)(b),
    "vmap of grad": lambda lib, ag, f, x, w, b: lib.func.vmap(lib.func.grad(lambda z: f["Cube"].apply(z).sum()))(b),
    "vmap of hessian": lambda lib, ag, f, x, w, b: lib.func.vmap(lib.func.hessian(lambda z: f["Cube"].apply(z).sum()))(b),
    "jvp of vmap": lambda lib, ag, f, x, w, b: lib.func.jvp(lib.func.vmap(f["Cube"].apply), (b,), (b,)),
    "vmap of vmap": lambda lib, ag, f, x, w, b: lib.func.vmap(lib.func.vmap(f["Cube"].apply))(b),
    "vmap, one argument shared": lambda lib, ag, f, x, w, b: lib.func.vmap(f["Two"].apply, in_dims=(0, None))(b, w.detach()),
    "grad of that in the shared one": lambda lib, ag, f, x, w, b: lib.func.grad(
        lambda v: sum((y**2).sum() for y in lib.func.vmap(f["Two"].apply, in_dims=(0, None))(b, v))
    )(w.detach()),
    "its own vmap": lambda lib, ag, f, x, w, b: lib.func.vmap(f["OwnVmap"].apply, in_dims=(0, None))(b, w.detach()),
    "its own vmap, other axes": lambda lib, ag, f, x, w, b: lib.func.vmap(f["OwnVmap"].apply, in_dims=(1, 0))(b.T, b),
    "vmap of grad with its own vmap": lambda lib, ag, f, x, w, b: lib.func.vmap(lib.func.grad(f["OwnVmap"].apply))(b, b * 2),
}  # fmt: skip


def _arrays(result):
    if isinstance(result, tuple | list):
        return [array for r in result for array in _arrays(r)]
    return [result.detach().numpy()]


@pytest.mark.oracle
@pytest.mark.parametrize("name", PROGRAMS)
def test_agrees_with_pytorch(name):
    torch = pytest.importorskip("torch")
    program = PROGRAMS[name]
    arrays = X, X[::-1].copy(), BATCH
    xt, wt = (torch.tensor(a, requires_grad=True) for a in arrays[:2])
    theirs = program(torch, torch.autograd, functions(torch, torch.autograd.Function), xt, wt, torch.tensor(BATCH))
    x, w = leaf(arrays[0]), leaf(arrays[1])
    ours = program(tg, autograd, functions(tg, Function), x, w, tg.tensor(BATCH))
    for o, t in zip(_arrays(ours), _arrays(theirs), strict=True):
        assert o.shape == t.shape and o.dtype == t.dtype
        np.testing.assert_allclose(o, t, rtol=1e-11, atol=1e-12)


OURS = functions(tg, Function)


@pytest.mark.parametrize(
    ("ours", "formula"),
    [
        (lambda x: OURS["Older"].apply(x, 2.0, x), lambda x: tg.sin(x) * 2.0 * x),
        (OURS["Cube"].apply, lambda x: x**3),
        (lambda x: OURS["Two"].apply(x, x * x)[0], lambda x: x * (x * x)),
    ],
    ids=["older style", "setup_context", "two outputs"],
)
@pytest.mark.parametrize(
    "transform",
    [
        func.vmap,
        lambda f: func.vmap(func.jacrev(f)),
        lambda f: func.jacrev(func.vmap(f)),
        lambda f: func.jacrev(func.jacrev(func.vmap(f))),
        lambda f: func.vmap(func.jacrev(func.jacrev(f))),
        lambda f: func.jacrev(func.vmap(func.jacrev(f))),
    ],
    ids=["vmap", "vmap of jacrev", "jacrev of vmap", "jacrev² of vmap", "vmap of jacrev²", "jacrev of vmap of jacrev"],
)
def test_it_batches_at_any_depth_in_the_older_style_too(transform, ours, formula):
    got, want = transform(ours)(tg.tensor(BATCH)), transform(formula)(tg.tensor(BATCH))
    np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-11, atol=1e-11)


class Numpy(Function):
    """Computes with NumPy: what is outside of it can't look in."""

    @staticmethod
    def forward(x):
        return tg.tensor(x.detach().numpy() ** 3)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x

    @staticmethod
    def jvp(ctx, x_dot):
        (x,) = ctx.saved_tensors
        return 3 * x * x * x_dot


@pytest.mark.parametrize("inner", [func.jacfwd, func.jacrev])
@pytest.mark.parametrize("outer", [func.jacfwd, func.jacrev])
@pytest.mark.parametrize("third", [None, func.jacfwd, func.jacrev])
def test_an_opaque_forward_has_every_derivative(outer, inner, third):
    f, g = outer(inner(Numpy.apply)), outer(inner(lambda x: x**3))
    if third:
        f, g = third(f), third(g)
    np.testing.assert_allclose(f(tg.tensor(X)).numpy(), g(tg.tensor(X)).numpy(), atol=1e-12)


def test_it_is_recorded_pushed_and_listed():
    value, f_jvp = func.linearize(Numpy.apply, tg.tensor(X))
    np.testing.assert_allclose(f_jvp(tg.tensor(np.ones(3))).numpy(), 3 * X**2)
    graph = func.record(lambda x: Numpy.apply(x).sum())(tg.tensor(X))
    assert [equation.op.name for equation in graph] == ["Numpy", "sum"]
    np.testing.assert_allclose(graph.pull(tg.tensor(np.float64(1.0)))[0].numpy(), 3 * X**2)
    assert value.shape == (3,)
    assert Numpy.apply(leaf()).grad_fn.name == "Numpy"


def test_gradcheck_of_functions():
    for f in (Numpy.apply, OURS["Cube"].apply):
        assert autograd.gradcheck(f, leaf(), check_forward_ad=True)
        assert autograd.gradgradcheck(f, leaf(), check_fwd_over_rev=True)
    assert autograd.gradcheck(OURS["Cube"].apply, leaf(), check_batched_grad=True, check_batched_forward_grad=True)
    assert autograd.gradcheck(lambda x, w: OURS["Older"].apply(x, 2.0, w), (leaf(), leaf(X + 1)))


def returning(backward=lambda ctx, g: g, forward=lambda ctx, x: x * 2, **more):
    methods = {"forward": forward, "backward": backward, **more}
    return type("Mine", (Function,), {name: staticmethod(f) for name, f in methods.items()})


def test_what_a_rule_may_return():
    x = leaf()
    wider = returning(lambda ctx, g: tg.ones(2, 3))
    assert autograd.grad(wider.apply(x).sum(), x)[0].tolist() == [2.0, 2.0, 2.0]  # summed, as in PyTorch
    assert autograd.grad(returning(lambda ctx, g: g.float()).apply(x).sum(), x)[0].dtype == np.float64
    assert autograd.grad(returning(lambda ctx, g: (g, None)).apply(x).sum(), x)[0].tolist() == [1.0] * 3
    assert autograd.grad(returning(lambda ctx, g: None).apply(x).sum(), x, allow_unused=True) == (None,)
    out, label = returning(lambda ctx, g, _: g, lambda ctx, x: (x * 2, "label")).apply(x)
    assert label == "label" and out.requires_grad
    named = type(
        "Mine", (Function,), {"forward": staticmethod(lambda ctx, x: x), "vjp": staticmethod(lambda ctx, g: g)}
    )
    y = named.apply(x)
    assert y is not x and not y.is_leaf
    assert autograd.grad(y.sum(), x)[0].tolist() == [1.0] * 3


def test_the_context_holds_attributes_and_frees_what_it_saved():
    seen = []

    class Mine(Function):
        @staticmethod
        def forward(ctx, x):
            seen.append((ctx.needs_input_grad, tg.is_grad_enabled()))
            made = x.exp()
            seen.append(weakref.ref(made.array))
            ctx.save_for_backward(made)
            ctx.calls = 0
            return made * 2

        @staticmethod
        def backward(ctx, g):
            ctx.calls += 1
            seen.append((ctx.calls, tg.is_grad_enabled()))
            return g * 2 * ctx.saved_tensors[0]

    x = leaf()
    y = Mine.apply(x).sum()
    assert seen[0] == ((True,), False)
    gc.collect()
    assert seen[1]() is not None
    y.backward(retain_graph=True)
    y.backward()
    assert seen[2:] == [(1, False), (2, False)]
    gc.collect()
    assert seen[1]() is None and y.requires_grad
    with pytest.raises(GraphError, match=r"freed by an earlier backward"):
        y.backward()
    with tg.no_grad():
        assert not Mine.apply(x).requires_grad
    assert not Mine.apply(x.detach()).requires_grad


def test_an_overwritten_saved_value_is_an_error():
    w = tg.tensor(np.ones(3))
    y = OURS["Older"].apply(leaf(), 2.0, w)
    w.add_(1)
    with pytest.raises(InPlaceError, match="Older"):
        y.sum().backward()


def test_once_differentiable_says_so_the_second_time():
    f = returning(once_differentiable(lambda ctx, g: tg.tensor(g.detach().numpy() * 2)))
    x = leaf()
    assert autograd.grad(f.apply(x).sum(), x)[0].tolist() == [2.0] * 3
    (g,) = autograd.grad((f.apply(x) ** 2).sum(), x, create_graph=True)
    with pytest.raises(GraphError, match="once_differentiable"):
        g.sum().backward()


def test_a_straight_through_estimator_and_a_clipped_gradient():
    class Round(Function):
        @staticmethod
        def forward(ctx, x):
            return tg.round(x)

        @staticmethod
        def backward(ctx, g):
            return g.clamp(-1, 1)

    x = leaf()
    (Round.apply(x) * 3).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]


def test_forward_ad_goes_through_the_jvp():
    with forward_ad.dual_level():
        y = Numpy.apply(forward_ad.make_dual(tg.tensor(X), tg.tensor(np.ones(3))))
        np.testing.assert_allclose(forward_ad.unpack_dual(y).tangent.numpy(), 3 * X**2)
