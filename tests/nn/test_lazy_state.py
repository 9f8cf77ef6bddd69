"""A state is loaded into layers that don't know their size yet: they take it from the state."""

from __future__ import annotations

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError

# the lazy layer, the one it becomes, an input
PAIRS = {
    "Linear": (lambda: nn.LazyLinear(4), lambda: nn.Linear(3, 4), (2, 3)),
    "Linear without bias": (lambda: nn.LazyLinear(4, bias=False), lambda: nn.Linear(3, 4, bias=False), (2, 3)),
    "Conv2d": (lambda: nn.LazyConv2d(4, 3, padding=1), lambda: nn.Conv2d(2, 4, 3, padding=1), (1, 2, 4, 4)),
    "Conv1d in groups": (lambda: nn.LazyConv1d(4, 3, groups=2), lambda: nn.Conv1d(6, 4, 3, groups=2), (1, 6, 4)),
    "ConvTranspose2d": (lambda: nn.LazyConvTranspose2d(4, 3), lambda: nn.ConvTranspose2d(2, 4, 3), (1, 2, 4, 4)),
    "BatchNorm1d": (lambda: nn.LazyBatchNorm1d(), lambda: nn.BatchNorm1d(3), (5, 3)),
    "BatchNorm2d, no affine": (lambda: nn.LazyBatchNorm2d(affine=False), lambda: nn.BatchNorm2d(3, affine=False), (2, 3, 2, 2)),
    "InstanceNorm2d": (
        lambda: nn.LazyInstanceNorm2d(affine=True, track_running_stats=True),
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        (2, 3, 2, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_it_takes_its_size_from_the_state(name):
    lazy, ordinary, shape = PAIRS[name]
    tg.manual_seed(3)
    source = nn.Sequential(ordinary(), nn.Flatten())
    x = tg.randn(*shape)
    source(x)  # moves running statistics
    model = nn.Sequential(lazy(), nn.Flatten())
    parameters = list(model.parameters())
    before = tg.get_rng_state()
    assert repr(model.load_state_dict(source.state_dict())) == "<All keys matched successfully>"
    assert (tg.get_rng_state() == before).all()  # nothing is drawn
    assert repr(model) == repr(source) and type(model[0]) is type(source[0])
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))  # an optimizer has them already
    assert model.eval()(x).tolist() == source.eval()(x).tolist()


@pytest.mark.oracle
def test_pytorch_computes_the_same_from_the_same_state():
    torch = pytest.importorskip("torch")
    values = []
    for lib in (tg, torch):
        source, model = lib.nn.Linear(3, 4), lib.nn.Sequential(lib.nn.LazyLinear(4))
        with lib.no_grad():
            source.weight.copy_(lib.arange(12.0).reshape(4, 3))
            source.bias.zero_()
        model.load_state_dict({f"0.{key}": value for key, value in source.state_dict().items()})
        values.append(model(lib.ones(1, 3)).tolist())
    assert values[0] == values[1]


def test_a_state_that_does_not_fit_changes_nothing():
    model = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d())
    state = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(4)).state_dict()
    with pytest.raises(CheckpointError) as caught:
        model.load_state_dict(state)
    assert "0.weight: shape (5, 3) in the state, (4, 3) in the module" in str(caught.value)
    assert "0.bias: shape (5,) in the state, (4,) in the module" in str(caught.value)
    assert "1." not in str(caught.value).partition("\n")[2]
    assert type(model[0]) is nn.LazyLinear and type(model[1]) is nn.LazyBatchNorm1d


def test_what_a_partial_state_leaves_out_is_drawn():
    tg.manual_seed(0)
    model = nn.Sequential(nn.LazyLinear(4))
    unmatched = model.load_state_dict({"0.weight": tg.ones(4, 3)}, strict=False)
    assert unmatched.missing_keys == ["0.bias"]
    assert model[0].weight.tolist() == [[1.0] * 3] * 4
    assert 0 < model[0].bias.abs().max().item() <= 3**-0.5
    other = nn.Sequential(nn.LazyLinear(4))
    other.load_state_dict({}, strict=False)
    assert type(other[0]) is nn.LazyLinear and other(tg.ones(1, 7)).shape == (1, 4)
