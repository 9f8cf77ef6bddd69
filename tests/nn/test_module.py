"""What every Module does: finding its parts, its modes, hooks, attributes, its print."""

import copy
import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine.tensor import LEVEL0
from tinygrad_edu.errors import ConfigError, DTypeError, UnsupportedError


def fill(model, library, tensor):
    """A little of everything: nesting, a tied weight, a list, a dict, buffers, a missing bias."""
    model.encode = library.Linear(3, 4)
    model.scale = library.Parameter(tensor([2.0]))
    model.blocks = library.ModuleList([library.Linear(4, 4, bias=False) for _ in range(3)])
    model.heads = library.ModuleDict({"a": library.Linear(4, 2), "b": library.Tanh()})
    model.register_buffer("mean", tensor([0.5, 0.5]))
    model.register_buffer("scratch", tensor([0.0]), persistent=False)
    model.tied = library.Linear(4, 4, bias=False)
    model.tied.weight = model.blocks[0].weight
    model.again = model.encode


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        fill(self, nn, tg.tensor)

    def forward(self, x):
        x = self.encode(x)
        for block in self.blocks:
            x = block(x).tanh()
        return self.heads["a"](x * self.scale)


def test_parts_are_found_by_name_in_order_and_shared_ones_once():
    model = Model()
    assert [name for name, _ in model.named_parameters()] == [
        "scale",
        "encode.weight",
        "encode.bias",
        "blocks.0.weight",
        "blocks.1.weight",
        "blocks.2.weight",
        "heads.a.weight",
        "heads.a.bias",
    ]
    assert [name for name, _ in model.named_parameters(recurse=False)] == ["scale"]
    assert [name for name, _ in model.named_buffers()] == ["mean", "scratch"]
    assert [name for name, _ in model.named_children()] == ["encode", "blocks", "heads", "tied"]
    assert len(list(model.modules())) == 10
    assert "again.weight" in dict(model.named_parameters(remove_duplicate=False))
    assert model.get_submodule("blocks.1") is model.blocks[1]


@pytest.mark.oracle
def test_names_and_the_printed_tree_are_pytorch_s():
    import torch

    theirs = type("Model", (torch.nn.Module,), {})()
    fill(theirs, torch.nn, torch.tensor)
    ours = Model()
    for names in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [name for name, _ in getattr(ours, names)()] == [name for name, _ in getattr(theirs, names)()], names
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)


def test_the_tree_that_is_printed():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
            self.rest = nn.ModuleList([nn.Tanh(), nn.Tanh()])

        def extra_repr(self):
            return "depth=2"

    assert repr(Net()) == (
        "Net(\n"
        "  depth=2\n"
        "  (body): Sequential(\n"
        "    (0): Linear(in_features=2, out_features=2, bias=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (rest): ModuleList(\n"
        "    (0-1): 2 x Tanh()\n"
        "  )\n"
        ")"
    )


def test_a_parameter_is_a_tensor_on_the_short_way_through_ops():
    data = np.ones(3, np.float32)
    p = nn.Parameter(data)
    assert nn.Parameter in LEVEL0
    assert p.requires_grad and p.is_leaf and p.array is data
    assert isinstance(p, nn.Parameter) and type(p * 2) is tg.Tensor
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert repr(nn.Parameter(tg.tensor([1.0]))).startswith("Parameter containing:\ntensor([1.")
    read_only = np.broadcast_to(np.float32(1), (2, 2))
    assert nn.Parameter(read_only).array.flags.writeable
    with pytest.raises(DTypeError, match="only floating and complex tensors have gradients, this one is int64"):
        nn.Parameter(tg.tensor([1, 2]))


def test_reaching_an_attribute_costs_nothing_extra():
    # Parameters and children are plain attributes, so a missing one is Python's own error, which knows what was meant.
    layer = nn.Linear(2, 2)
    assert layer.__dict__["weight"] is layer.weight
    with pytest.raises(AttributeError, match="wieght"):
        layer.wieght


def test_assigning_and_deleting_keep_the_registers_in_step():
    layer = nn.Linear(2, 2)
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    layer.bias = nn.Parameter(tg.zeros(2))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    with pytest.raises(
        UnsupportedError, match=r"Linear\.weight is a parameter, so it can't be set to Tensor; give a Parameter"
    ):
        layer.weight = tg.zeros(2, 2)
    del layer.weight
    layer.weight = tg.zeros(2, 2)  # as forward-mode lessons do, to put a dual in its place
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
    layer.note = "anything"
    assert layer(tg.ones(1, 2)).tolist() == [[0, 0]]


def test_a_parameter_can_be_replaced_by_a_dual_for_forward_mode():
    layer = nn.Linear(3, 2)
    weight = layer.weight.detach()

    def output(w):
        del layer.weight
        layer.weight = w
        return layer(tg.ones(3)).sum()

    _, tangent = tg.func.jvp(output, (weight,), (tg.ones(2, 3),))
    assert tangent.item() == 6


def test_registering_by_name():
    module = nn.Module()
    module.register_parameter("a", None)
    module.register_buffer("b", tg.ones(2))
    module.add_module("c", nn.Linear(1, 1))
    module.b = tg.zeros(2)
    assert [list(m) for m in (module._parameters, module._buffers, module._modules)] == [["a"], ["b"], ["c"]]
    assert module.state_dict()["b"].tolist() == [0, 0]


REFUSED = [
    (
        lambda m: m.add_module("a.b", nn.ReLU()),
        ConfigError,
        "Linear: a module's name is a string without dots, not 'a.b'.",
    ),
    (lambda m: m.add_module("", nn.ReLU()), ConfigError, "Linear: a module's name is a string without dots, not ''."),
    (
        lambda m: m.add_module("forward", nn.ReLU()),
        ConfigError,
        "Linear has an attribute 'forward' already: choose another name for the module.",
    ),
    (lambda m: m.add_module("x", 3), UnsupportedError, "add_module: x must be a Module or None, not int."),
    (
        lambda m: m.register_parameter("x", tg.ones(1)),
        UnsupportedError,
        "register_parameter: x must be a Parameter or None, not Tensor.",
    ),
    (
        lambda m: m.register_buffer("x", [1.0]),
        UnsupportedError,
        "register_buffer: x must be a Tensor or None, not list.",
    ),
    (lambda m: m.to("floaty"), DTypeError, "Module.to: expected a dtype or a device, got 'floaty'."),
    (
        lambda m: m.to(np.int64),
        DTypeError,
        "Module.to: parameters are floating or complex, so they can't become int64.",
    ),
    (lambda m: m.get_submodule("x"), ConfigError, "Linear has no module 'x'; named_modules() lists them."),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call(nn.Linear(1, 1))
    assert str(caught.value) == message


def test_forgetting_super_init_or_forward_is_said():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    with pytest.raises(ConfigError) as caught:
        Forgetful()
    assert str(caught.value) == "Forgetful: call super().__init__() before assigning self.layer, a module."

    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty needs a method forward\(self, x\)"):
        Empty()(1)


def test_modes_reach_every_module():
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout()))
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    model.train()
    assert all(m.training for m in model.modules())


def test_gradients_are_forgotten_or_made_zero():
    model = Model()
    model(tg.ones(2, 3)).sum().backward()
    model.zero_grad(set_to_none=False)
    assert (model.encode.weight.grad.numpy() == 0).all()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_frozen_parameters_get_no_gradient():
    model = Model()
    model.encode.requires_grad_(False)
    model(tg.ones(2, 3)).sum().backward()
    assert model.encode.weight.grad is None and model.scale.grad is not None


def test_converting_acts_in_place_on_what_is_floating():
    model = Model()
    model.register_buffer("count", tg.tensor([3]))
    model(tg.ones(2, 3)).sum().backward()
    kept = model.encode.weight
    assert model.double() is model
    assert model.encode.weight is kept and type(kept) is nn.Parameter
    assert kept.dtype == kept.grad.dtype == model.mean.dtype == np.float64
    assert model.count.dtype == np.int64
    model(tg.ones(2, 3).double()).sum().backward()
    assert model.to("cuda:0").to(device="cpu", dtype=np.float32).encode.weight.dtype == np.float32
    assert model.to(tg.ones(1).double()).scale.dtype == np.float64
    assert model.half().float().scale.dtype == np.float32


def test_apply_goes_from_the_inside_out():
    order = []
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.ReLU()))
    assert model.apply(lambda m: order.append(type(m).__name__)) is model
    assert order == ["Linear", "ReLU", "Sequential", "Sequential"]


def test_hooks_see_and_may_replace_what_goes_in_and_out():
    layer, seen = nn.ReLU(), []
    before = layer.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    watch = layer.register_forward_hook(
        lambda module, args, output: seen.append((module, args[0].item(), output.item()))
    )
    after = layer.register_forward_hook(lambda module, args, output: output + 1)
    assert layer(tg.tensor(3.0)).item() == 7
    assert seen == [(layer, 6, 6)]
    for handle in (before, watch, after):
        handle.remove()
        handle.remove()
    assert layer(tg.tensor(3.0)).item() == 3
    with layer.register_forward_hook(lambda module, args, output: -output):
        assert layer(tg.tensor(3.0)).item() == -3
    assert layer(tg.tensor(3.0)).item() == 3


def test_a_deep_copy_learns_on_its_own():
    model = Model()
    model(tg.ones(2, 3)).sum().backward()
    twin = copy.deepcopy(model)
    assert twin.tied.weight is twin.blocks[0].weight is not model.tied.weight
    assert (twin.encode.weight.grad.numpy() == model.encode.weight.grad.numpy()).all()
    before = model.encode.weight.grad.numpy().copy()
    twin(tg.ones(2, 3)).sum().backward()
    assert (model.encode.weight.grad.numpy() == before).all()
    assert (twin.encode.weight.grad.numpy() == 2 * before).all()
    with tg.no_grad():
        twin.encode.weight.zero_()
    assert model.encode.weight.detach().numpy().any()


def test_a_module_that_nobody_holds_is_freed_at_once():
    # Without waiting for the garbage collector: a graph that was built with it must not keep a circle alive.
    gc.disable()
    try:
        model = nn.Linear(2, 2)
        model(tg.ones(1, 2)).sum().backward()
        gone = weakref.ref(model.weight)
        del model
        assert gone() is None
    finally:
        gc.enable()


# -- containers ----------------------------------------------------------------------------------------------------


def test_a_sequential_is_a_list_of_layers():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    model.append(nn.Linear(3, 1)).insert(0, nn.Tanh())
    assert [type(m).__name__ for m in model] == ["Tanh", "Linear", "ReLU", "Linear"]
    assert len(model) == 4 and model[-1].out_features == 1
    assert [name for name, _ in model[1:3].named_children()] == ["1", "2"]
    assert model[1:3][0] is model[1]
    del model[0]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    model[1] = nn.Sigmoid()
    assert repr(model[1]) == "Sigmoid()"
    with pytest.raises(IndexError, match="Sequential: index 5 is out of range, there are 3 modules"):
        model[5]
    named = nn.Sequential({"in": nn.Linear(2, 2), "out": nn.ReLU()})
    assert named(tg.zeros(1, 2)).shape == (1, 2) and isinstance(named.out, nn.ReLU)


def test_a_module_list_is_a_list():
    layers = nn.ModuleList(nn.Linear(n, n) for n in (1, 2))
    layers += [nn.Linear(3, 3)]
    layers.extend([nn.Linear(4, 4)]).append(nn.Linear(5, 5)).insert(0, nn.Linear(0, 0))
    assert [layer.in_features for layer in layers] == [0, 1, 2, 3, 4, 5]
    assert [layer.in_features for layer in layers[::2]] == [0, 2, 4]
    assert [name for name, _ in layers[2:4].named_children()] == ["0", "1"]


def test_a_module_dict_is_a_dict():
    parts = nn.ModuleDict([("a", nn.ReLU()), ("b", nn.Tanh())])
    parts.update({"c": nn.Sigmoid()})
    parts["a"] = nn.Tanh()
    assert list(parts) == list(parts.keys()) == ["a", "b", "c"]
    assert "b" in parts and "z" not in parts and len(parts) == 3
    assert [repr(m) for m in parts.values()] == ["Tanh()", "Tanh()", "Sigmoid()"]
    assert repr(parts.pop("c")) == "Sigmoid()"
    assert [key for key, _ in parts.items()] == ["a", "b"]
    with pytest.raises(ConfigError, match="ModuleDict has an attribute 'keys' already"):
        parts["keys"] = nn.ReLU()
