"""`autograd.grad` and `backward` do what PyTorch's do, and what they return is the caller's own."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, func
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError, UnsupportedError

A, B = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -0.75])


def leaf(array=A):
    return tg.tensor(np.array(array), requires_grad=True)


def _both(program):
    """The arrays that a program `(library, x, w) -> results` gives in both libraries."""
    torch = pytest.importorskip("torch")
    ours = program(tg, autograd, leaf(A), leaf(B))
    theirs = program(torch, torch.autograd, *(torch.tensor(a, requires_grad=True) for a in (A, B)))
    return ours, theirs


def _agree(ours, theirs):
    if theirs is None:
        assert ours is None
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        _agree(tuple(ours.values()), tuple(theirs.values()))
    elif isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs)
        for o, t in zip(ours, theirs, strict=True):
            _agree(o, t)
    elif isinstance(theirs, bool):
        assert ours == theirs
    else:
        assert ours.requires_grad == theirs.requires_grad
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")


def _after_backward(lib, ag, x, w, tensors, *args, **kwargs):
    ag.backward(tensors, *args, **kwargs)
    return x.grad, w.grad


def _edges(ag, y, x):
    return ag.grad(ag.graph.get_gradient_edge(y), ag.graph.get_gradient_edge(x))


PROGRAMS = {
    "one input": lambda lib, ag, x, w: ag.grad((x * w).sum(), x),
    "a sequence": lambda lib, ag, x, w: ag.grad([(x * w).sum()], [x, w]),
    "a dict": lambda lib, ag, x, w: ag.grad((x * w).sum(), {"x": x, "w": w}),
    "the same input twice": lambda lib, ag, x, w: ag.grad((x * w).sum(), [x, x]),
    "several outputs": lambda lib, ag, x, w: ag.grad([(x * w).sum(), x.exp().sum()], [x, w]),
    "cotangents": lambda lib, ag, x, w: ag.grad([x * w, x.sum()], [x, w], [w.detach() * 2, None]),
    "a non-leaf": lambda lib, ag, x, w: (lambda h: ag.grad((h * h).sum(), [h, x]))(x * w),
    "the output itself": lambda lib, ag, x, w: (lambda y: ag.grad(y, y))((x * w).sum()),
    "create_graph": lambda lib, ag, x, w: ag.grad((x**3 * w).sum(), [x, w], create_graph=True),
    "second order": lambda lib, ag, x, w: ag.grad(
        ag.grad((x**3 * w).sum(), x, create_graph=True)[0].sum(), [x, w]
    ),
    "third order": lambda lib, ag, x, w: ag.grad(
        ag.grad(ag.grad((x**4 * w).sum(), x, create_graph=True)[0].sum(), x, create_graph=True)[0].sum(), [x, w]
    ),
    "retain_graph": lambda lib, ag, x, w: (
        lambda y: (ag.grad(y, x, retain_graph=True), ag.grad(y, w))
    )((x * w).exp().sum()),
    "allow_unused": lambda lib, ag, x, w: ag.grad(x.sum(), [x, w], allow_unused=True),
    "materialize_grads": lambda lib, ag, x, w: ag.grad(x.sum(), [x, w], materialize_grads=True),
    "batched": lambda lib, ag, x, w: ag.grad(x.exp() * w, [x, w], lib.eye(3, dtype=lib.float64), is_grads_batched=True),
    "batched, an output left out": lambda lib, ag, x, w: ag.grad(
        [x.exp() * w], [x, w], [lib.ones(2, 3, dtype=lib.float64)], is_grads_batched=True, allow_unused=True
    ),
    "batched with create_graph": lambda lib, ag, x, w: ag.grad(
        ag.grad(x**3 * w, x, lib.eye(3, dtype=lib.float64), is_grads_batched=True, create_graph=True)[0].sum(), [x, w]
    ),
    "gradient edges": lambda lib, ag, x, w: _edges(ag, (x * w).sum(), x),
    "backward": lambda lib, ag, x, w: _after_backward(lib, ag, x, w, [(x * w).sum(), w.exp().sum()]),
    "backward of one": lambda lib, ag, x, w: _after_backward(lib, ag, x, w, x * w, w.detach()),
    "backward with cotangents": lambda lib, ag, x, w: _after_backward(
        lib, ag, x, w, [x * w, w.sum()], [w.detach(), None]
    ),
    "backward into inputs": lambda lib, ag, x, w: _after_backward(lib, ag, x, w, (x * w).sum(), inputs=[w]),
    "backward into a dict": lambda lib, ag, x, w: _after_backward(lib, ag, x, w, (x * w).sum(), inputs={"w": w}),
    "backward with a graph": lambda lib, ag, x, w: _after_backward(lib, ag, x, w, (x * w).sum(), create_graph=True),
    "in no_grad": lambda lib, ag, x, w: (lambda y: _in_no_grad(lib, ag, y, x))((x * x * w).sum()),
    "Variable": lambda lib, ag, x, w: ag.Variable(x, requires_grad=True),
    "Variable without": lambda lib, ag, x, w: ag.Variable(x),
}  # fmt: skip


def _in_no_grad(lib, ag, y, x):
    with lib.no_grad():
        return ag.grad(y, x)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_agrees_with_pytorch(name):
    _agree(*_both(PROGRAMS[name]))


ERRORS = {
    "unused": (
        lambda x, w: autograd.grad(x.sum(), [x, w]), GraphError, ["input 1", "(3,)", "allow_unused=True", "materialize_grads"],
    ),
    "unused by name": (lambda x, w: autograd.grad(x.sum(), {"a": x, "b": w}), GraphError, ["input 'b'", "allow_unused"]),
    "contradiction": (
        lambda x, w: autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True), ConfigError, ["materialize_grads=True"],
    ),
    "no graph behind the input": (
        lambda x, w: autograd.grad(x.sum(), [x, w.detach()]), GraphError, ["input 1", "requires_grad=True"],
    ),
    "no graph behind the output": (lambda x, w: autograd.grad(x.detach().sum(), x), GraphError, ["output 0", "no_grad"]),
    "no tensor": (lambda x, w: autograd.grad(x.sum(), [1.0]), UnsupportedError, ["input 0", "float"]),
    "number of cotangents": (lambda x, w: autograd.grad(x * w, x, [w, w]), ShapeError, ["2 cotangents for 1 outputs"]),
    "shape of a cotangent": (lambda x, w: autograd.grad(x * w, x, tg.ones(2)), ShapeError, ["(2,)", "(3,)"]),
    "no cotangent": (lambda x, w: autograd.grad(x * w, x), GraphError, ["(3,)", "scalar"]),
    "batched without": (lambda x, w: autograd.grad(x.sum(), x, is_grads_batched=True), ShapeError, ["grad_outputs"]),
    "twice": (
        lambda x, w: (lambda y: (autograd.grad(y, x), autograd.grad(y, x)))((x * w).sum()), GraphError, ["retain_graph=True"],
    ),
    "no inputs": (lambda x, w: autograd.backward((x * w).sum(), inputs=[]), ConfigError, ["inputs is empty"]),
    "backward without a graph": (lambda x, w: autograd.backward(x.detach()), GraphError, ["tensor 0"]),
    "Variable of a list": (lambda x, w: autograd.Variable([1.0]), UnsupportedError, ["list", "tensor(data)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_the_error_says_what_met_and_what_to_do(name):
    call, kind, words = ERRORS[name]
    with pytest.raises(kind) as caught:
        call(leaf(A), leaf(B))
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)


def test_results_are_the_callers_own():
    x, w = leaf(A), leaf(B)
    seed = tg.tensor(np.ones(3))
    results = autograd.grad([x + w, x.reshape(3, 1).reshape(3)], [x, w], [seed, seed])
    for result in results:
        result.add_(5)
    assert seed.tolist() == [1.0, 1.0, 1.0]
    assert results[0].tolist() == [7.0, 7.0, 7.0] and results[1].tolist() == [6.0, 6.0, 6.0]
    (itself,) = autograd.grad(x, x, seed)
    itself.add_(1)
    batch = tg.eye(3, dtype=tg.float64)
    (rows,) = autograd.grad(x, x, batch, is_grads_batched=True)
    rows.add_(1)
    autograd.backward(x, seed, inputs=[x])
    x.grad.add_(1)
    x.grad = None
    autograd.backward(x + 0, seed, create_graph=True)
    x.grad.add_(1)
    assert seed.tolist() == [1.0, 1.0, 1.0] and batch.sum().item() == 3.0


def test_grad_inside_transforms():
    point = tg.tensor(np.array([0.3, 0.7]))

    def slope(x):
        return autograd.grad((x**3).sum(), x, create_graph=True)[0].sum()

    np.testing.assert_allclose(func.grad(slope)(point).numpy(), 6 * point.numpy())
    w = leaf([2.0, 3.0])
    inside = func.vmap(lambda x: autograd.grad((x * w * w).sum(), w)[0])(tg.tensor(np.ones((4, 2))))
    np.testing.assert_allclose(inside.numpy(), np.tile([4.0, 6.0], (4, 1)))


def test_variable_is_a_tensor_that_shares_memory_and_volatile_is_gone():
    data = tg.ones(2)
    v = autograd.Variable(data, requires_grad=True)
    assert isinstance(v, tg.Tensor) and v.requires_grad and v.array is data.array and not data.requires_grad
    with pytest.warns(UserWarning, match="volatile"):
        assert not autograd.Variable(data, volatile=True).requires_grad


def test_only_inputs_is_of_no_effect():
    x = leaf()
    with pytest.warns(FutureWarning, match="only_inputs"):
        autograd.grad(x.sum(), x, only_inputs=False)
    assert x.grad is None


def test_the_gradient_modes_are_here_too():
    x = leaf()
    for mode in (autograd.no_grad(), autograd.inference_mode(), autograd.set_grad_enabled(False)):
        with mode:
            assert not (x * 2).requires_grad
            with autograd.enable_grad():
                assert (x * 2).requires_grad
