"""Every option of every transform agrees with `torch.func` (or, where it has none, with a dense formula)."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func, nn
from tinygrad_edu.engine.tree import flatten

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings(
        "ignore:Attempted to insert a get_attr:UserWarning"
    ),  # torch's linearize, of its own tracing
]

RNG = np.random.default_rng(3)
X, Y, V, U = RNG.normal(size=(4, 3))
W, B = RNG.normal(size=(2, 3)), RNG.normal(size=2)
BATCH, OTHER = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 5))


class Ours:
    name, m, t = "ours", tg, func

    @staticmethod
    def make(a):
        return tg.tensor(np.asarray(a))


class Theirs:
    name, m, t = "torch", torch, torch.func

    @staticmethod
    def make(a):
        return torch.tensor(np.asarray(a))


def agree(got, want, tolerance=1e-10):
    """Two trees of tensors, of one structure."""
    from torch.utils._pytree import tree_flatten

    theirs, _ = tree_flatten(want)
    ours, _ = flatten(got)
    assert len(ours) == len(theirs)
    for g, w in zip(ours, theirs, strict=True):
        g, w = (v.detach().numpy() if hasattr(v, "detach") else np.asarray(v) for v in (g, w))
        assert g.shape == w.shape
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


def scalar(lib):
    m = lib.m
    return lambda x, y, *, scale=1.0: scale * (m.sin(x) * y * y).sum() + m.exp(x * y).sum()


def scalar_with_aux(lib):
    f = scalar(lib)
    return lambda x, y, *, scale=1.0: (f(x, y, scale=scale), {"sum": x + y, "pair": (x * y, y)})


def vector(lib):
    m = lib.m
    return lambda x, y, *, scale=1.0: m.stack([(x * y).sum(), (m.sin(x) * y**2).sum()]) * scale


def vector_with_aux(lib):
    f = vector(lib)
    return lambda x, y, *, scale=1.0: (f(x, y, scale=scale), [x - y])


def trees(lib):
    """Containers in, containers out."""
    m = lib.m

    def f(p, x):
        h = m.tanh(p["w"] @ x + p["b"][0])
        return {"h": h, "rest": [(h * h).sum(), x * p["b"][0].sum()]}

    return f


def params(lib):
    return {"w": lib.make(W), "b": [lib.make(B)]}


def loss(lib):
    f = trees(lib)
    return lambda p, x: f(p, x)["rest"][0]


def _known(lib, argnums):
    """PyTorch 2.13's jacfwd and hessian return zeros for a negative argnums."""
    if lib is Ours:
        return argnums
    return argnums % 2 if isinstance(argnums, int) else tuple(n % 2 for n in argnums)


ARGNUMS = {"0": 0, "1": 1, "−1": -1, "(0,)": (0,), "(0, 1)": (0, 1), "(1, 0)": (1, 0), "(−1, 0)": (-1, 0)}
CASES = {}
for _name, _n in ARGNUMS.items():
    for _t in ("grad", "grad_and_value"):
        CASES[f"{_t}, argnums {_name}"] = lambda l, n=_n, t=_t: getattr(l.t, t)(scalar(l), n)(l.make(X), l.make(Y))
    for _t in ("jacfwd", "jacrev", "hessian"):
        CASES[f"{_t}, argnums {_name}"] = lambda l, n=_n, t=_t: getattr(l.t, t)(vector(l), _known(l, n))(
            l.make(X), l.make(Y)
        )
for _t in ("grad", "grad_and_value"):
    CASES[f"{_t}, has_aux"] = lambda l, t=_t: getattr(l.t, t)(scalar_with_aux(l), (0, 1), has_aux=True)(
        l.make(X), l.make(Y)
    )
    CASES[f"{_t}, keywords"] = lambda l, t=_t: getattr(l.t, t)(scalar(l))(l.make(X), l.make(Y), scale=2.5)
    CASES[f"{_t}, containers"] = lambda l, t=_t: getattr(l.t, t)(loss(l))(params(l), l.make(X))
for _t in ("jacfwd", "jacrev"):
    CASES[f"{_t}, has_aux"] = lambda l, t=_t: getattr(l.t, t)(vector_with_aux(l), has_aux=True)(l.make(X), l.make(Y))
    CASES[f"{_t}, containers"] = lambda l, t=_t: getattr(l.t, t)(trees(l))(params(l), l.make(X))
    CASES[f"{_t}, containers, two arguments"] = lambda l, t=_t: getattr(l.t, t)(trees(l), (0, 1))(params(l), l.make(X))
CASES |= {
    **{
        f"jacrev, chunk_size {n}": lambda l, n=n: l.t.jacrev(trees(l), (0, 1), chunk_size=n)(params(l), l.make(X))
        for n in (1, 2, 4, 100)
    },
    "hessian, containers": lambda l: l.t.hessian(loss(l))(params(l), l.make(X)),
    "jvp": lambda l: l.t.jvp(vector(l), (l.make(X), l.make(Y)), (l.make(V), l.make(U))),
    "jvp, has_aux": lambda l: l.t.jvp(vector_with_aux(l), (l.make(X), l.make(Y)), (l.make(V), l.make(U)), has_aux=True),
    "jvp, containers": lambda l: l.t.jvp(trees(l), (params(l), l.make(X)), (params(l), l.make(V))),
    "vjp": lambda l: l.t.vjp(vector(l), l.make(X), l.make(Y))[1](l.make(B)),
    "vjp, has_aux": lambda l: _vjp_with_aux(l),
    "vjp, containers": lambda l: _vjp_of_trees(l),
    "vjp of one argument": lambda l: l.t.vjp(lambda x: l.m.sin(x), l.make(X))[1](l.make(V)),
    "linearize": lambda l: _linearized(l, vector(l), (l.make(X), l.make(Y)), (l.make(V), l.make(U))),
    "linearize, containers": lambda l: _linearized(l, trees(l), (params(l), l.make(X)), (params(l), l.make(V))),
    "linearize, batched": lambda l: l.t.vmap(l.t.linearize(lambda x: l.m.sin(x) * x, l.make(X))[1])(l.make(BATCH)),
    "vmap": lambda l: l.t.vmap(lambda x: vector(l)(x, x))(l.make(BATCH)),
    "vmap, in_dims 1": lambda l: l.t.vmap(l.m.sin, in_dims=1)(l.make(OTHER)),
    "vmap, in_dims −1": lambda l: l.t.vmap(l.m.sin, in_dims=-1)(l.make(OTHER)),
    "vmap, in_dims per argument": lambda l: l.t.vmap(vector(l), in_dims=(0, 1))(l.make(BATCH), l.make(OTHER)),
    "vmap, in_dims None": lambda l: l.t.vmap(vector(l), in_dims=(0, None))(l.make(BATCH), l.make(Y)),
    "vmap, in_dims a tree": lambda l: l.t.vmap(
        lambda p, x: p["w"] @ x + p["b"][0], in_dims=({"w": None, "b": [0]}, 1)
    )({"w": l.make(W), "b": [l.make(RNG5)]}, l.make(OTHER)),
    "vmap, in_dims for a subtree": lambda l: l.t.vmap(lambda p, x: p[0] * p[1] + x, in_dims=(0, None))(
        [l.make(BATCH), l.make(BATCH)], l.make(X)
    ),
    "vmap, keywords": lambda l: l.t.vmap(lambda x, *, s: x * s)(l.make(BATCH), s=3.0),
    "vmap, out_dims 1": lambda l: l.t.vmap(l.m.sin, out_dims=1)(l.make(BATCH)),
    "vmap, out_dims −1": lambda l: l.t.vmap(l.m.sin, out_dims=-1)(l.make(BATCH)),
    "vmap, out_dims per result": lambda l: l.t.vmap(lambda x: (x, l.m.outer(x, x)), out_dims=(1, 2))(l.make(BATCH)),
    "vmap, out_dims None": lambda l: l.t.vmap(lambda x: (x, l.make(Y)), out_dims=(0, None))(l.make(BATCH)),
    "vmap, out_dims a tree": lambda l: l.t.vmap(lambda x: {"a": x, "b": (x, x)}, out_dims={"a": 1, "b": (0, 1)})(
        l.make(BATCH)
    ),
    "vmap of a constant": lambda l: l.t.vmap(lambda x: l.make(Y))(l.make(BATCH)),
    **{
        f"vmap, chunk_size {n}": lambda l, n=n: l.t.vmap(
            lambda x, y: (x * y, l.m.outer(x, y)), in_dims=(0, 1), out_dims=(1, 2), chunk_size=n
        )(l.make(BATCH), l.make(OTHER))
        for n in (1, 2, 3, 5, 9)
    },
    "grad of vmap with chunks": lambda l: l.t.grad(
        lambda b: (l.t.vmap(lambda x: l.m.sin(x) * x, chunk_size=2)(b) ** 2).sum()
    )(l.make(BATCH)),
    "vmap of vmap, mixed dims": lambda l: l.t.vmap(
        l.t.vmap(lambda x, y: x * y, in_dims=(0, None), out_dims=0), in_dims=(1, 0), out_dims=1
    )(l.make(OTHER), l.make(RNG5)),
    "vmap of jacrev": lambda l: l.t.vmap(l.t.jacrev(vector(l), (0, 1)), in_dims=(0, None))(l.make(BATCH), l.make(Y)),
    "vmap of vjp": lambda l: l.t.vmap(lambda x, v: l.t.vjp(l.m.sin, x)[1](v))(l.make(BATCH), l.make(BATCH)),
}  # fmt: skip
RNG5 = RNG.normal(size=(5, 2))


def _vjp_with_aux(lib):
    y, pullback, aux = lib.t.vjp(vector_with_aux(lib), lib.make(X), lib.make(Y), has_aux=True)
    return y, pullback(lib.make(B)), aux


def _vjp_of_trees(lib):
    y, pullback = lib.t.vjp(trees(lib), params(lib), lib.make(X))
    return y, pullback(y)


def _linearized(lib, f, primals, tangents):
    y, f_jvp = lib.t.linearize(f, *primals)
    return y, f_jvp(*tangents), f_jvp(*primals)


@pytest.mark.parametrize("name", CASES)
def test_option_agrees(name):
    agree(CASES[name](Ours), CASES[name](Theirs))


def test_every_parameter_of_torchs_transforms_is_one_here():
    # What torch has for its own compiler, or that has no meaning without threads of a device; `strict` is a promise to raise.
    left_out = {"_preallocate_and_copy", "tie_weights", "strict"}
    for name in ("grad", "grad_and_value", "vjp", "jvp", "linearize", "jacfwd", "jacrev", "hessian", "vmap"):
        theirs = set(inspect.signature(getattr(torch.func, name)).parameters) - left_out
        ours = set(inspect.signature(getattr(func, name)).parameters)
        assert {"f" if p == "func" else p for p in theirs} <= ours, name


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("transform", ["jacfwd", "jacrev", "hessian", "laplacian"])
def test_chunks_change_nothing(transform, n):
    t = getattr(func, transform)
    f = lambda x: (tg.sin(x) * x * x).sum() + x.prod()
    np.testing.assert_allclose(t(f, chunk_size=n)(Ours.make(X)).numpy(), t(f)(Ours.make(X)).numpy(), rtol=1e-14)


@pytest.mark.parametrize("transform", ["jacfwd", "jacrev", "hessian"])
def test_keywords_are_passed_on(transform):
    got = getattr(func, transform)(vector(Ours))(Ours.make(X), Ours.make(Y), scale=2.5)
    scaled = lambda x, y: vector(Theirs)(x, y, scale=2.5)  # PyTorch's take positional arguments only
    agree(got, getattr(torch.func, transform)(scaled)(Theirs.make(X), Theirs.make(Y)))


def test_value_and_grad_is_grad_and_value_the_other_way_round():
    f, x, y = scalar_with_aux(Ours), Ours.make(X), Ours.make(Y)
    gradient, (value, aux) = func.grad_and_value(f, (0, 1), has_aux=True)(x, y)
    (value2, aux2), gradient2 = func.value_and_grad(f, (0, 1), has_aux=True)(x, y)
    for one, other in zip(flatten((gradient, value, aux))[0], flatten((gradient2, value2, aux2))[0], strict=True):
        assert one.tolist() == other.tolist()


# -- products with second derivatives ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hvp", "vhp"])
def test_products_with_the_hessian_agree_with_autograd_functional(name):
    _, want = getattr(torch.autograd.functional, name)(
        scalar(Theirs), (Theirs.make(X), Theirs.make(Y)), (Theirs.make(V), Theirs.make(U))
    )
    gradient, got = getattr(func, name)(scalar(Ours), (Ours.make(X), Ours.make(Y)), (Ours.make(V), Ours.make(U)))
    agree(got, want)
    agree(gradient, torch.func.grad(scalar(Theirs), (0, 1))(Theirs.make(X), Theirs.make(Y)))
    one = lambda lib: lambda x: scalar(lib)(x, lib.make(Y))
    _, want = getattr(torch.autograd.functional, name)(one(Theirs), Theirs.make(X), Theirs.make(V))
    agree(getattr(func, name)(one(Ours), (Ours.make(X),), (Ours.make(V),))[1], want)


def test_the_laplacian_is_the_trace_of_the_hessian():
    one = lambda lib: lambda x: scalar(lib)(x, lib.make(Y))
    agree(func.laplacian(one(Ours))(Ours.make(X)), torch.func.hessian(one(Theirs))(Theirs.make(X)).trace())
    several = lambda lib: lambda x: vector(lib)(x, lib.make(Y))
    hessian = torch.func.hessian(several(Theirs))(Theirs.make(X))
    agree(func.laplacian(several(Ours))(Ours.make(X)), torch.einsum("kii->k", hessian))
    matrix = lambda lib: lambda x: (lib.m.sin(x) * x).sum()
    hessian = torch.func.hessian(matrix(Theirs))(Theirs.make(W)).reshape(6, 6)
    agree(func.laplacian(matrix(Ours))(Ours.make(W)), hessian.trace())


def test_the_gauss_newton_product_is_the_dense_one():
    model = lambda lib: lambda w, x: lib.m.tanh(w @ x)
    cost = lambda lib: lambda y: (lib.m.exp(y) * y).sum()
    primals, tangents = (W, X), (RNG.normal(size=W.shape), V)
    given = [Theirs.make(p) for p in primals]
    blocks = torch.func.jacrev(model(Theirs), (0, 1))(*given)
    j = torch.cat([b.reshape(2, -1) for b in blocks], 1)
    h = torch.func.hessian(cost(Theirs))(model(Theirs)(*given))
    flat = j.T @ h @ j @ torch.cat([Theirs.make(t).reshape(-1) for t in tangents])
    got = func.ggn_vp(model(Ours), cost(Ours), tuple(map(Ours.make, primals)), tuple(map(Ours.make, tangents)))
    agree(got, (flat[:6].reshape(2, 3), flat[6:]))
    one = func.ggn_vp(lambda w: model(Ours)(w, Ours.make(X)), cost(Ours), (Ours.make(W),), (Ours.make(tangents[0]),))
    agree(one, ((j[:, :6].T @ h @ j[:, :6]) @ flat.new_tensor(tangents[0].reshape(-1))).reshape(2, 3))


def test_the_forward_gradient_is_unbiased():
    rng = np.random.default_rng(0)
    value, estimate = func.forward_gradient(scalar(Ours), 20_000, argnums=(0, 1), generator=rng)(
        Ours.make(X), Ours.make(Y)
    )
    want = torch.func.grad(scalar(Theirs), (0, 1))(Theirs.make(X), Theirs.make(Y))
    agree(value, scalar(Theirs)(Theirs.make(X), Theirs.make(Y)))
    norm = float(torch.cat(want).norm())
    for g, w in zip(estimate, want, strict=True):
        # The standard error of one entry is at most √2 |∇f| / √directions; five of them.
        np.testing.assert_allclose(g.numpy(), w.numpy(), atol=5 * 2**0.5 * norm / 20_000**0.5)


# -- modules -------------------------------------------------------------------------------------------------------


def model_of(library):
    return library.Sequential(library.Linear(3, 4), library.Tanh(), library.Linear(4, 2))


def both_models():
    theirs = model_of(torch.nn).double()
    ours = model_of(nn).double()
    ours.load_state_dict({name: tg.tensor(v.detach().numpy()) for name, v in theirs.state_dict().items()})
    return ours, theirs


def test_functional_call_and_its_gradients_agree():
    ours, theirs = both_models()

    def gradient(lib, model):
        given = {name: p.detach() for name, p in model.named_parameters()}

        def loss(p, x):
            return (lib.t.functional_call(model, p, (x,)) ** 2).sum()

        return {
            "all": lib.t.grad(loss)(given, lib.make(BATCH)),
            "some": lib.t.grad(loss)({"0.weight": given["0.weight"]}, lib.make(BATCH)),
            "per example": lib.t.vmap(lib.t.grad(loss), in_dims=(None, 0))(given, lib.make(BATCH)),
            "hessian": lib.t.hessian(loss)({"2.bias": given["2.bias"]}, lib.make(X)),
            "tangent": lib.t.jvp(lambda p: loss(p, lib.make(X)), (given,), (given,)),
        }

    agree(gradient(Ours, ours), gradient(Theirs, theirs))


def test_an_ensemble_of_stacked_models_agrees():
    pairs = [both_models() for _ in range(3)]

    def outputs(lib, models):
        parameters, buffers = lib.t.stack_module_state(models)
        call = lambda p, b, x: lib.t.functional_call(models[0], (p, b), (x,))
        return parameters, lib.t.vmap(call, in_dims=(0, 0, None))(parameters, buffers, lib.make(BATCH))

    got, want = outputs(Ours, [o for o, _ in pairs]), outputs(Theirs, [t for _, t in pairs])
    agree(got, want)
    assert all(p.requires_grad and p.is_leaf for p in got[0].values())
    got[1].sum().backward()
    want[1].sum().backward()
    agree({k: p.grad for k, p in got[0].items()}, {k: p.grad for k, p in want[0].items()})


def test_a_tied_parameter_is_replaced_everywhere():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(3, 3, bias=False)
            self.b = nn.Linear(3, 3, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    model, x = Tied(), tg.ones(3)
    new = tg.tensor(np.eye(3, dtype=np.float32) * 2)
    assert func.functional_call(model, {"a.weight": new}, x).tolist() == [4.0] * 3
    assert func.functional_call(model, {"b.weight": new}, x).tolist() == [4.0] * 3
    assert model.a.weight is model.b.weight
