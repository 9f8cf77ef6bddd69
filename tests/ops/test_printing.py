"""Tensors are printed as PyTorch prints them, to the character."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg

DTYPES = ["float32", "float64", "float16", "int64", "int32", "uint8", "bool", "complex64", "complex128"]


@pytest.fixture(autouse=True)
def _default_options():
    yield
    tg.set_printoptions(profile="default")


PRINTED = {
    "whole floats": (lambda: tg.tensor([1.0, 2.0]), "tensor([1., 2.])"),
    "four digits": (lambda: tg.tensor([1.5, 2.25]), "tensor([1.5000, 2.2500])"),
    "powers of ten": (lambda: tg.tensor([1e-5, 1.0]), "tensor([1.0000e-05, 1.0000e+00])"),
    "a number": (lambda: tg.tensor(3), "tensor(3)"),
    "nested": (lambda: tg.tensor([[1, -2], [3, 4]]), "tensor([[ 1, -2],\n        [ 3,  4]])"),
    "special": (lambda: tg.tensor([1.0, np.nan, -np.inf]), "tensor([1., nan, -inf])"),
    "dtype": (lambda: tg.tensor(np.ones(2)), "tensor([1., 1.], dtype=float64)"),
    "a leaf": (lambda: tg.ones(1, requires_grad=True), "tensor([1.], requires_grad=True)"),
    "a sum": (lambda: tg.ones(2, requires_grad=True) + 1, "tensor([2., 2.], grad_fn=<AddBackward0>)"),
    "empty": (lambda: tg.zeros(0), "tensor([])"),
    "empty with a size": (lambda: tg.zeros(2, 0, dtype=tg.int64), "tensor([], size=(2, 0), dtype=int64)"),
    "complex": (lambda: tg.tensor([1 + 2j, -0.5j]), "tensor([1.+2.0000j, -0.-0.5000j])"),
    "truth": (lambda: tg.tensor([True, False]), "tensor([ True, False])"),
    "a summary": (lambda: tg.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_prints(name):
    make, text = PRINTED[name]
    assert repr(make()) == text
    assert str(make()) == text


def test_a_number_takes_a_format_and_several_do_not():
    assert f"{tg.tensor(1.23456):.2f}" == "1.23"
    assert f"{tg.tensor(3)}" == "3"
    assert f"{tg.tensor([1.0])}" == "tensor([1.])"
    with pytest.raises(TypeError, match="unsupported format string"):
        f"{tg.ones(2):.2f}"


def test_a_parameter_says_so():
    assert repr(tg.nn.Parameter(tg.ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"


def test_options_change_what_is_printed():
    x = tg.tensor([1.23456789, 1000.0])
    tg.set_printoptions(precision=2)
    assert repr(x) == "tensor([   1.23, 1000.00])"
    tg.set_printoptions(profile="short", sci_mode=True)
    assert repr(x) == "tensor([1.23e+00, 1.00e+03])"
    tg.set_printoptions(profile="full")
    assert "..." not in repr(tg.arange(2000))


# -- against PyTorch -----------------------------------------------------------------------------------------------


def as_ours(text: str) -> str:
    """PyTorch's text with this library's names of dtypes, and what stands behind the elements on one line."""
    return re.sub(r",\n +(size|dtype|grad_fn|requires_grad)", r", \1", text.replace("torch.", ""))


def arrays():
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    return st.sampled_from(DTYPES).flatmap(lambda d: hnp.arrays(d, shapes, elements=elements(d)))


def elements(dtype):
    kind = np.dtype(dtype).kind
    if kind not in "fc":
        return None
    width = 16 if dtype == "float16" else 32
    some = st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 100.0, 1e-3, 1e4, float("inf"), float("-inf"), float("nan")]),
        st.floats(width=width),
        st.integers(-1000, 1000).map(float),
    )
    return st.builds(complex, some, some) if kind == "c" else some


@pytest.mark.oracle
@settings(max_examples=300)
@given(arrays())
@example(np.arange(3000.0).reshape(3, 1000))
@example(np.arange(1200, dtype=np.int64).reshape(10, 10, 12))
@example(np.linspace(0, 1, 1001, dtype=np.float32))
@example(np.full((2, 2), 1e9, np.float32))
@example(np.zeros((0,), np.int64))
def test_any_array_is_printed_as_pytorch_prints_it(array):
    torch = pytest.importorskip("torch")
    assert as_ours(repr(tg.tensor(array))) == as_ours(repr(torch.tensor(array)))


OPTIONS = [
    {"precision": 2}, {"sci_mode": True}, {"sci_mode": False}, {"linewidth": 40}, {"threshold": 5, "edgeitems": 1},
    {"threshold": 3, "edgeitems": 2}, {"profile": "short"}, {"precision": 7, "linewidth": 120},
]  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_are_pytorchs(options):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    texts = []
    for lib in (tg, torch):
        lib.set_printoptions(profile="default")
        lib.set_printoptions(**options)
        rng = np.random.default_rng(0)
        made = [rng.normal(size=s) * scale for s in [(), (7,), (4, 9), (3, 4, 5)] for scale in (1, 1e5)]
        texts.append("\n".join(as_ours(repr(lib.from_numpy(np.asarray(a)))) for a in [*made, np.arange(12.0)]))
        lib.set_printoptions(profile="default")
    assert texts[0] == texts[1]


NODES = {
    "add": lambda T, x: x + 1, "sub": lambda T, x: x - 1, "mul": lambda T, x: x * x, "div": lambda T, x: x / 2,
    "neg": lambda T, x: -x, "pow": lambda T, x: x**2, "pow of tensors": lambda T, x: x**x,
    "exp": lambda T, x: x.exp(), "log": lambda T, x: x.log(), "log1p": lambda T, x: x.log1p(),
    "expm1": lambda T, x: x.expm1(), "sqrt": lambda T, x: x.sqrt(), "abs": lambda T, x: x.abs(),
    "sin": lambda T, x: x.sin(), "asin": lambda T, x: x.asin(), "tanh": lambda T, x: x.tanh(),
    "relu": lambda T, x: x.relu(), "sigmoid": lambda T, x: x.sigmoid(), "sum": lambda T, x: x.sum(),
    "sum dim": lambda T, x: x.sum(0), "mm": lambda T, x: x @ x, "clone": lambda T, x: x.t().contiguous(),
    "cat": lambda T, x: T.cat([x, x]), "where": lambda T, x: T.where(x > 0, x, 0.0),
    "softmax": lambda T, x: x.softmax(0), "log_softmax": lambda T, x: x.log_softmax(0),
    "maximum": lambda T, x: T.maximum(x, x * 2), "clamp": lambda T, x: x.clamp(0, 1), "amax": lambda T, x: x.amax(0),
    "flip": lambda T, x: x.flip(0), "expand": lambda T, x: x.expand(3, 2, 2), "view": lambda T, x: x.view(4),
    "permute": lambda T, x: x.permute(1, 0), "to": lambda T, x: x.double(), "index": lambda T, x: x[[0, 1]],
    "select": lambda T, x: x[0], "slice": lambda T, x: x[1:], "erf": lambda T, x: x.erf(),
    "cumsum": lambda T, x: x.cumsum(0), "logsumexp": lambda T, x: x.logsumexp(0),
    "square root's": lambda T, x: x.rsqrt(), "atan2": lambda T, x: T.atan2(x, x),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", NODES)
def test_nodes_have_pytorchs_names(name):
    torch = pytest.importorskip("torch")
    f = NODES[name]
    data = [[0.5, 0.25], [0.125, 0.75]]
    ours, theirs = (f(lib, lib.tensor(data, requires_grad=True)) for lib in (tg, torch))
    assert as_ours(repr(ours)) == as_ours(repr(theirs))
