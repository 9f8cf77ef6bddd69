"""PyTorch's names: what comes back, which keywords are taken, and what is refused in words."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError, TinygradEduError, UnsupportedError


def t(*shape: int) -> tg.Tensor:
    return tg.tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)


def test_extrema_and_orders_come_with_their_indices():
    x = tg.tensor([[3.0, 1.0, 2.0]])
    for found in (x.max(1), x.min(1), x.sort(1), x.topk(2), x.median(1), x.mode(1), x.kthvalue(2), x.cummax(1)):
        values, indices = found
        assert values is found.values
        assert indices is found.indices
        assert indices.dtype == np.int64
    assert x.max().item() == 3.0
    assert isinstance(x.max(), tg.Tensor)


def test_a_view_shares_memory_or_is_refused():
    x = tg.arange(6).view(2, 3)
    assert np.shares_memory(x.view(-1).numpy(), x.numpy())
    with pytest.raises(ShapeError, match=r"reshape"):
        x.t().view(6)
    assert x.t().reshape(6).tolist() == [0, 3, 1, 4, 2, 5]
    assert x.t().contiguous().view(6).tolist() == [0, 3, 1, 4, 2, 5]
    assert x[:, [0, 2]].view(-1).tolist() == [0, 2, 3, 5]  # whose memory nobody else has
    assert x.contiguous() is x
    assert x.stride() == (3, 1)
    assert not x.t().is_contiguous()


def test_functions_take_lists_arrays_tensors_and_keep_arrays_arrays():
    assert tg.sum([1, 2, 3]).item() == 6
    assert isinstance(tg.exp(np.ones(3)), np.ndarray)
    assert isinstance(tg.exp([0.0]), tg.Tensor)
    for f in (tg.round, tg.std, tg.norm, tg.flatten, tg.log_softmax, tg.max, tg.squeeze):
        assert not isinstance(f(np.ones((2, 2))), tg.Tensor)
    assert tg.exp(0.0) == 1.0
    assert tg.abs(input=tg.tensor(-1.0)).item() == 1.0
    with pytest.raises(TypeError, match="input"):
        tg.exp()


def test_out_takes_the_result():
    out = tg.zeros(2)
    assert tg.add(tg.ones(2), 1.0, out=out) is out
    assert out.tolist() == [2.0, 2.0]


def test_a_single_place_may_be_a_number():
    row, at = tg.zeros(3), tg.tensor(2)
    assert row.scatter(0, at, 1.0).tolist() == row.scatter_add(0, at, tg.tensor(1.0)).tolist() == [0, 0, 1]
    assert row.scatter(0, at, tg.tensor([5.0, 6.0])).tolist() == [0, 0, 5]
    assert tg.arange(3).gather(0, at).shape == () and tg.arange(3).gather(0, at).item() == 2
    with pytest.raises(ShapeError, match=r"an index of shape \(\)"):
        tg.zeros(2, 2).scatter(0, at, 1.0)


def test_random_tensors_take_what_the_others_take():
    out = tg.zeros(2, 2)
    tg.manual_seed(0)
    want = tg.rand(2, 2)
    tg.manual_seed(0)
    assert tg.rand(2, 2, out=out, device="cpu", pin_memory=True) is out and tg.equal(out, want)
    assert tg.randn(size=(3,)).shape == tg.rand_like(tg.ones(3), device="cpu").shape == (3,)
    assert (
        tg.randint(5, size=(4,)).shape
        == tg.randint(0, 5, size=(4,)).shape
        == tg.randint(low=0, high=5, size=(4,)).shape
    )
    with pytest.raises(TypeError, match="shape"):
        tg.rand(2, shape=3)


def test_new_makes_a_tensor_of_the_same_dtype():
    x = tg.ones(2, dtype=tg.float64)
    for made, shape in (
        (x.new(2, 3), (2, 3)),
        (x.new([1, 2]), (2,)),
        (x.new(np.ones(4, np.float32)), (4,)),
        (x.new(), (0,)),
    ):
        assert made.shape == shape and made.dtype == np.float64


def test_numpys_keywords_mean_the_same():
    x = t(3, 4)
    assert tg.allclose(x.std(axis=0, ddof=0, keepdims=True), x.std(0, correction=0, keepdim=True))
    assert x.argmax(axis=1).tolist() == x.argmax(1).tolist()
    assert x.transpose().shape == (4, 3)
    assert t(2, 3, 4).transpose((2, 0, 1)).shape == (4, 2, 3)
    assert x.astype(np.float32).dtype == np.float32
    assert tg.allclose(x.ptp(), x.max() - x.min())
    with pytest.raises(TypeError, match="axis and dim"):
        x.std(dim=0, axis=0)


def test_to_understands_dtypes_tensors_and_devices():
    x = tg.ones(2)
    assert x.to("cpu") is x
    assert x.to(tg.device("cuda:0"), tg.float64).dtype == np.float64
    assert x.to(tg.ones(1, dtype=tg.int64)).dtype == np.int64
    assert x.to(tg.float32) is x
    assert x.to(tg.float32, copy=True) is not x
    assert x.to(device="cpu", dtype=tg.float16, non_blocking=True).dtype == np.float16
    assert x.type() == "torch.FloatTensor"
    assert x.type("torch.LongTensor").dtype == np.int64
    assert x.device == tg.device("cpu")
    assert repr(x.device) == "device(type='cpu')"
    assert tg.LongTensor([1, 2]).dtype == np.int64
    assert tg.FloatTensor(2, 3).shape == (2, 3)


def test_equal_is_one_answer_and_eq_is_one_per_element():
    x = tg.tensor([1.0, 2.0])
    assert tg.equal(x, x.clone()) is True
    assert tg.equal(x, x[:1]) is False
    assert tg.eq(x, 1.0).tolist() == [True, False]


def test_new_tensors_of_the_same_dtype():
    x = tg.ones(2, dtype=tg.float64)
    assert x.new_zeros(2, 3).dtype == np.float64
    assert x.new_full((2,), 3).tolist() == [3.0, 3.0]
    assert x.new_ones((1, 2), dtype=tg.int32).dtype == np.int32
    assert x.new_tensor([1, 2]).dtype == np.float64


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'cumsum'"):
        tg.cumsun
    assert not hasattr(tg, "surely_not_there")


@pytest.mark.parametrize("name", ["min", "gather", "squeeze", "log_softmax", "var", "roll", "einsum", "where", "flip"])
def test_functions_carry_the_name_and_the_words_of_their_method(name):
    function = getattr(tg, name)
    assert function.__name__ == name
    assert function.__doc__ or name in ("flip", "log_softmax")


@pytest.mark.oracle
def test_parameters_have_pytorchs_names():
    overrides = pytest.importorskip("torch").overrides.get_testing_overrides()
    # Where that list itself has other names than PyTorch's functions, and what stands for memory or threads.
    unlike = {
        "diag_embed",
        "dot",
        "histogram",
        "index_reduce",
        "isin",
        "meshgrid",
        "msort",
        "permute",
        "polar",
        "relu",
        "split_with_sizes",
    }
    unlike |= {"swapaxes", "swapdims", "topk", "where", "xlogy"}
    idle = {"out", "layout", "device", "pin_memory", "memory_format", "names", "generator", "compute_mode", "out_dtype"}
    for function, signature in overrides.items():
        name = getattr(function, "__name__", "")
        if (
            name in unlike
            or name not in tg.__all__
            or getattr(pytest.importorskip("torch"), name, None) is not function
        ):
            continue
        ours = inspect.signature(getattr(tg, name)).parameters.values()
        theirs = [p for p in inspect.signature(signature).parameters if p not in idle]
        if all(p.kind != p.VAR_KEYWORD for p in ours):
            assert set(theirs[1:]) <= {p.name for p in ours}, name


REFUSED = {
    "view of bits": (lambda: t(2).view(tg.int64), UnsupportedError, ["view", "x.to(dtype)"]),
    "bfloat16": (lambda: t(2).bfloat16(), DTypeError, ["bfloat16", "half"]),
    "mean of integers": (lambda: tg.tensor([1, 2]).mean(), DTypeError, ["mean", "int64", "float()"]),
    "to a strange dtype": (lambda: t(2).to("nonsense"), DTypeError, ["to", "nonsense"]),
    "max over several": (lambda: t(2, 3).max((0, 1)), ShapeError, ["amax"]),
    "t of three axes": (lambda: t(2, 3, 4).t(), ShapeError, ["(2, 3, 4)", "mT"]),
    "H of three axes": (lambda: t(2, 3, 4).H, ShapeError, ["(2, 3, 4)", "mH"]),
    "mm of stacks": (lambda: t(2, 3, 4).mm(t(4, 2)), ShapeError, ["mm", "(2, 3, 4)"]),
    "repeat too short": (lambda: t(2, 3).repeat(2), ShapeError, ["repeat", "(2, 3)"]),
    "is_nonzero": (lambda: t(2).is_nonzero(), ShapeError, ["is_nonzero", "any()"]),
    "norm": (lambda: t(2).norm("spectral"), ShapeError, ["norm", "spectral"]),
    "rounding_mode": (lambda: t(2).div(2, rounding_mode="up"), ShapeError, ["rounding_mode", "up"]),
    "narrow": (lambda: t(3).narrow(0, 2, 2), ShapeError, ["narrow"]),
    "sum_to_size": (lambda: t(2, 3).sum_to_size(2), ShapeError, ["sum_to_size", "(2, 3)"]),
    "flatten": (lambda: t(2, 3).flatten(1, 0), ShapeError, ["flatten", "start_dim"]),
    "device": (lambda: tg.device("abacus"), DTypeError, ["abacus", "cpu"]),
    "clamp": (lambda: t(2).clamp(), ShapeError, ["clamp", "min", "max"]),
    "broadcast_shapes": (lambda: tg.broadcast_shapes((2,), (3,)), ShapeError, ["(2,)", "(3,)"]),
    "profile": (lambda: tg.set_printoptions(profile="long"), ConfigError, ["long", "short"]),
    "iteration": (lambda: list(tg.tensor(1.0)), TypeError, ["0-d"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, TinygradEduError) or kind is TypeError
    for word in words:
        assert word in str(caught.value)
