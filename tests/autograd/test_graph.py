"""Hooks on saved tensors, hooks on gradients, and nodes, as PyTorch shows them."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func
from tinygrad_edu.autograd import graph
from tinygrad_edu.errors import DTypeError, GraphError, InPlaceError, ShapeError, UnsupportedError

X = np.array([0.5, -1.0, 2.0])


def leaf(array=X):
    return tg.tensor(np.array(array), requires_grad=True)


def program(x, w):
    return ((x * w).exp() * x.sin()).sum()


def test_every_saved_tensor_goes_through_the_hooks_and_back():
    x, w = leaf(), leaf(X + 1)
    want = autograd.grad(program(x, w), [x, w])
    packed, unpacked = [], []

    def pack(t):
        assert not t.requires_grad and not tg.is_grad_enabled()
        packed.append(t)
        return len(packed) - 1

    def unpack(i):
        unpacked.append(i)
        return packed[i]

    with graph.saved_tensors_hooks(pack, unpack):
        y = program(x, w)
    assert len(packed) == 6 and not unpacked
    got = autograd.grad(y, [x, w], retain_graph=True)
    for g, v in zip(got, want, strict=True):
        np.testing.assert_array_equal(g.numpy(), v.numpy())
    assert sorted(unpacked) == list(range(6))
    y.backward()
    with pytest.raises(GraphError, match="freed by an earlier backward"):
        y.backward()


@pytest.mark.oracle
def test_compression_gives_what_it_gives_in_pytorch():
    torch = pytest.importorskip("torch")

    def halved(lib, ag, x):
        with ag.graph.saved_tensors_hooks(lambda t: t.to(lib.float16), lambda t: t.to(lib.float64)):
            y = (x * x).exp().sum()
        (g,) = ag.grad(y, x, create_graph=True)
        (second,) = ag.grad(g.sum(), x)
        return g.detach().numpy(), second.detach().numpy()

    theirs = halved(torch, torch.autograd, torch.tensor(X / 3, requires_grad=True))
    for ours, want in zip(halved(tg, autograd, leaf(X / 3)), theirs, strict=True):
        np.testing.assert_allclose(ours, want, rtol=1e-12)


def test_they_work_at_every_level_and_the_innermost_is_used():
    calls = []
    hooks = lambda name: graph.saved_tensors_hooks(lambda t: (calls.append(name), t)[1], lambda t: t)
    with hooks("outer"):
        a = func.vmap(func.grad(lambda z: z.sin() * z))(tg.tensor(X))
        with hooks("inner"):
            b = func.hessian(lambda z: (z**3).sum())(tg.tensor(X))
    np.testing.assert_allclose(a.numpy(), np.cos(X) * X + np.sin(X))
    np.testing.assert_allclose(b.numpy(), np.diag(6 * X))
    assert set(calls) == {"outer", "inner"} and calls.index("inner") > calls.index("outer")
    before = len(calls)
    (leaf() * leaf()).sum().backward()
    assert len(calls) == before


def test_what_is_packed_is_freed_with_the_graph():
    x = leaf()
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x.exp()
    kept = weakref.ref(y.array)
    z = y.sum()
    del y
    gc.collect()
    assert kept() is None
    z.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(X))


def test_save_on_cpu_changes_nothing_and_hooks_can_be_forbidden():
    x = leaf()
    with graph.save_on_cpu(pin_memory=True):
        program(x, x).backward()
    got = x.grad.numpy()
    x.grad = None
    program(x, x).backward()
    np.testing.assert_array_equal(got, x.grad.numpy())
    with (
        graph.disable_saved_tensors_hooks("not here, please"),
        pytest.raises(GraphError, match="not here, please"),
        graph.save_on_cpu(),
    ):
        pass


def _scribble(t):
    return t.add_(1)


@pytest.mark.parametrize(
    ("pack", "unpack", "kind", "words"),
    [
        (lambda t: t, lambda t: 3.0, UnsupportedError, ["unpack hook", "float", "exp"]),
        (lambda t: t, lambda t: t.sum(), ShapeError, ["unpack hook", "()", "(3,)", "exp"]),
        (_scribble, lambda t: t, InPlaceError, ["pack hook", "exp"]),
    ],
    ids=["no tensor", "shape", "in place"],
)
def test_a_mistaken_hook_is_named(pack, unpack, kind, words):
    with pytest.raises(kind) as caught, graph.saved_tensors_hooks(pack, unpack):
        leaf().exp().sum().backward()
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


def test_hooks_belong_to_their_thread():
    calls, results = [], []
    with graph.saved_tensors_hooks(lambda t: calls.append(t) or t, lambda t: t):
        thread = threading.Thread(target=lambda: results.append(program(leaf(), leaf()).requires_grad))
        thread.start()
        thread.join()
    assert results == [True] and not calls


# -- hooks on gradients ------------------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_hooks_and_retain_grad_agree_with_pytorch():
    torch = pytest.importorskip("torch")

    def run(x):
        seen = []
        y = x * 2
        y.retain_grad()
        y.retain_grad()
        y.register_hook(lambda g: g * 10)
        handle = x.register_hook(lambda g: seen.append(g.sum().item()))
        with x.register_hook(lambda g: g + 1):
            (y * y).sum().backward(retain_graph=True)
        (y * y).sum().backward()
        handle.remove()
        handle.remove()
        (x * 3).sum().backward()
        return x.grad.tolist(), y.grad.tolist(), y.retains_grad, x.retains_grad, seen

    for ours, theirs in zip(run(leaf()), run(torch.tensor(X, requires_grad=True)), strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_a_retained_gradient_is_the_tensors_own():
    x, seed = leaf(), tg.tensor(np.ones(3))
    y = x * 2
    y.retain_grad()
    y.backward(seed)
    y.grad.add_(5)
    assert seed.tolist() == [1.0] * 3 and x.grad.tolist() == [2.0] * 3
    ref = weakref.ref(y)
    del y
    assert ref() is None  # no cycle to collect


def test_a_mistaken_hook_on_a_gradient_is_named():
    x = leaf()

    def shrink(g):
        return g.sum()

    with x.register_hook(shrink), pytest.raises(ShapeError, match=r"hook shrink returned.*\(\).*\(3,\)"):
        (x * 2).sum().backward()
    with x.register_hook(lambda g: 3.0), pytest.raises(DTypeError, match=r"must return a Tensor or None, not float"):
        (x * 2).sum().backward()
    for method in ("register_hook", "retain_grad"):
        with pytest.raises(GraphError, match=method):
            getattr(tg.ones(2), method)(*([print] if method == "register_hook" else []))


class Halves(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x[:1].clone(), x[1:].clone()

    @staticmethod
    def backward(ctx, g, h):
        return tg.cat([g, h])


# -- nodes -------------------------------------------------------------------------------------------------------------


def test_nodes_can_be_walked():
    x, w = leaf(), leaf()
    y = (x * w).sum()
    ((product, index),) = y.grad_fn.next_functions
    assert (y.grad_fn.name, product.name, index) == ("sum", "multiply", 0)
    assert [node.variable for node, _ in product.next_functions] == [x, w]
    assert isinstance(y.grad_fn, graph.Node) and len({y.grad_fn, product}) == 2
    y.grad_fn.metadata["note"] = "kept"
    assert y.grad_fn.metadata == {"note": "kept"}
    second = Halves.apply(x)[1]
    assert (second * 2).grad_fn.next_functions[0] == (second.grad_fn, 1)
    edge = graph.get_gradient_edge(second)
    assert edge.output_nr == 1
    assert autograd.grad(edge, x, tg.tensor(np.ones(2)))[0].tolist() == [0.0, 1.0, 1.0]
    with pytest.raises(GraphError, match="get_gradient_edge"):
        graph.get_gradient_edge(tg.ones(2))


def test_increment_version_is_noticed():
    w = tg.tensor(X)
    y = leaf() * w
    graph.increment_version(w)
    with pytest.raises(InPlaceError):
        y.sum().backward()
