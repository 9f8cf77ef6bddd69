"""Hooks on the gradients of a module's inputs and outputs: what they see, what they replace, beside PyTorch's."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.side_by_side import agree
from tinygrad_edu import nn


def seen_by(library, net, seen):
    def hook(module, grad_input, grad_output):
        seen.append((type(module).__name__, grad_input, grad_output))

    for module in net(library.nn):
        yield module, module.register_full_backward_hook(hook)


NETS = {
    "a row of layers": lambda nn: [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)],
    "convolutions": lambda nn: [nn.Unflatten(1, (3, 1)), nn.Conv1d(3, 2, 1), nn.BatchNorm1d(2), nn.Flatten()],
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("name", NETS)
def test_they_see_what_pytorch_s_see(name, tracked):
    torch = pytest.importorskip("torch")
    found = []
    for library in (tg, torch):
        library.manual_seed(0)
        seen = []
        x = library.tensor(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
        y = x.requires_grad_(tracked)
        for module, _ in seen_by(library, NETS[name], seen):
            y = module(y)
        (y**2).sum().backward()
        found.append(seen)
    assert [kind for kind, *_ in found[0]] == [kind for kind, *_ in found[1]]
    for (_, *ours), (_, *theirs) in zip(*found, strict=True):
        for got, want in zip(ours[0] + ours[1], theirs[0] + theirs[1], strict=True):
            assert (got is None) == (want is None)
            if want is not None:
                agree(got, want, 1e-5)


def test_several_run_in_order_and_each_gets_what_the_last_one_made():
    layer, seen = nn.Linear(2, 1, bias=False), []
    layer.register_full_backward_hook(lambda m, into, out: seen.append(into[0].tolist()))
    double = layer.register_full_backward_hook(lambda m, into, out: (2 * into[0],))
    layer.register_full_backward_hook(lambda m, into, out: seen.append(into[0].tolist()))
    weight = layer.weight.detach().clone()
    x = tg.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert seen == [weight.tolist(), (2 * weight).tolist()]
    assert x.grad.tolist() == (2 * weight).tolist() and layer.weight.grad.tolist() == [[1, 1]]
    double.remove()
    x.grad = None
    layer(x).sum().backward()
    assert x.grad.tolist() == weight.tolist()
    layer.register_full_backward_pre_hook(lambda m, out: (3 * out[0],))
    x.grad = None
    layer(x).sum().backward()
    assert x.grad.tolist() == (3 * weight).tolist() and layer.weight.grad.tolist() == [[5, 5]]


def test_several_inputs_and_outputs_and_calls():
    seen = []
    layer = nn.GRU(3, 4)

    def sizes(bars):
        return [None if bar is None else tuple(bar.shape) for bar in bars]

    layer.register_backward_hook(lambda m, into, out: seen.append((sizes(into), sizes(out))))
    x, h = tg.ones(2, 1, 3, requires_grad=True), tg.zeros(1, 1, 4)
    for _ in range(2):
        y, h = layer(x, h)
    (y.sum() + h.sum()).backward()
    later = ([(2, 1, 3), (1, 1, 4)], [(2, 1, 4), (1, 1, 4)])
    assert seen == [later, ([(2, 1, 3), None], [None, (1, 1, 4)])]  # nobody asked for the gradient of the zeros


def test_they_are_differentiated_too():
    layer = nn.Linear(3, 1)
    layer.register_full_backward_hook(lambda m, into, out: (into[0] * 3,))
    x = tg.ones(2, 3, requires_grad=True)
    (x_bar,) = tg.autograd.grad(layer(x).sum(), x, create_graph=True)
    (x_bar**2).sum().backward()
    assert tg.allclose(layer.weight.grad, 2 * 2 * 9 * layer.weight.detach())


def test_a_hook_keeps_no_module_alive():
    gc.disable()
    try:
        layer = nn.Linear(2, 2)
        layer.register_full_backward_hook(lambda m, into, out: None)
        layer(tg.ones(1, 2)).sum().backward()
        gone = weakref.ref(layer)
        del layer
        assert gone() is None
    finally:
        gc.enable()
