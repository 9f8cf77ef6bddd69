"""state_dict and load_state_dict: whole or not at all, and everything that doesn't match said at once."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError, InPlaceError


def model():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_a_state_shares_memory_and_is_outside_the_graph():
    net = model()
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert not any(tensor.requires_grad for tensor in state.values())
    assert state["0.weight"].array is net[0].weight.array


def test_loading_copies_into_the_parameters_that_are_there():
    source, target = model(), model()
    kept = target[0].weight
    unmatched = target.load_state_dict(source.state_dict())
    assert repr(unmatched) == "<All keys matched successfully>"
    assert target[0].weight is kept and kept.array is not source[0].weight.array
    for a, b in zip(source.parameters(), target.parameters(), strict=True):
        assert (a.detach().numpy() == b.detach().numpy()).all()


def test_assigning_puts_the_state_s_tensors_in_place():
    source, target = model(), model().to("meta")
    target[0].bias.requires_grad = False
    state = {name: tensor.clone() for name, tensor in source.state_dict().items()}
    assert repr(target.load_state_dict(state, assign=True)) == "<All keys matched successfully>"
    assert all(p.array is state[name].array and isinstance(p, nn.Parameter) for name, p in target.named_parameters())
    assert target[0].weight.requires_grad and not target[0].bias.requires_grad
    norm = nn.BatchNorm1d(2)
    norm.load_state_dict({"running_mean": tg.ones(2)}, strict=False, assign=True)
    assert norm.running_mean.tolist() == [1, 1] and "running_mean" in dict(norm.named_buffers())
    assert repr(norm.load_state_dict({"weight": tg.ones(2), "x": 0}, strict=False)) == (
        "_IncompatibleKeys(missing_keys=['bias', 'running_mean', 'running_var', 'num_batches_tracked'], "
        "unexpected_keys=['x'])"
    )


def test_arrays_and_other_floating_dtypes_are_taken():
    net = model()
    net.load_state_dict({name: np.ones(t.shape) for name, t in net.state_dict().items()})
    assert net[0].weight.dtype == np.float32 and (net[0].weight.detach().numpy() == 1).all()


def test_a_tied_weight_has_all_its_names():
    net = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    net["b"].weight = net["a"].weight
    assert list(net.state_dict()) == ["a.weight", "b.weight"]
    net.load_state_dict(net.state_dict())


def test_everything_that_doesnt_match_is_listed_and_nothing_is_changed():
    net = model()
    before = [p.detach().numpy().copy() for p in net.parameters()]
    state = {
        "0.weight": tg.zeros(3, 4),
        "0.bias": tg.zeros(4),
        "2.weight": "a string",
        "2.gain": tg.zeros(2),
        "head.weight": tg.zeros(1),
    }
    with pytest.raises(CheckpointError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict: this state isn't of this Sequential; nothing was changed.\n"
        "  doesn't fit: 0.weight: shape (3, 4) in the state, (4, 3) in the module\n"
        "  doesn't fit: 2.weight: str in the state, where a tensor of shape (2, 4) belongs\n"
        "  missing: 2.bias, shape (2,): in the module, not in the state\n"
        "  unexpected: 2.gain: in the state, not in the module\n"
        "  unexpected: head.weight: in the state, not in the module"
    )
    for p, values in zip(net.parameters(), before, strict=True):
        assert (p.detach().numpy() == values).all()


def test_not_strict_lets_names_differ_but_never_shapes():
    net = model()
    unmatched = net.load_state_dict({"0.bias": tg.ones(4), "extra": tg.ones(1)}, strict=False)
    assert unmatched.missing_keys == ["0.weight", "2.weight", "2.bias"]
    assert unmatched.unexpected_keys == ["extra"]
    assert net[0].bias.tolist() == [1, 1, 1, 1]
    with pytest.raises(CheckpointError, match=r"0\.bias: shape \(5,\) in the state, \(4,\) in the module"):
        net.load_state_dict({"0.bias": tg.ones(5)}, strict=False)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("weights.npz", "expected a state, not the path of a file; load_state_dict(load('weights.npz'))."),
        ([1, 2], "expected a dict of tensors by name, as state_dict() gives, not list."),
    ],
)
def test_what_is_no_state_is_refused(state, message):
    with pytest.raises(CheckpointError) as caught:
        model().load_state_dict(state)
    assert str(caught.value) == f"load_state_dict: {message}"


def test_a_complex_value_doesnt_become_a_real_one_silently():
    net = nn.Linear(1, 1, bias=False)
    with pytest.raises(CheckpointError, match=r"weight: dtype complex128 in the state can't become float32"):
        net.load_state_dict({"weight": np.array([[1j]])})


def test_a_graph_that_saved_the_old_values_notices_a_load():
    net = nn.Linear(2, 2)
    x = tg.ones(1, 2, requires_grad=True)
    y = net(x).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(InPlaceError, match="overwritten in place"):
        y.backward()
