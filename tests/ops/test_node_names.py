"""Nodes are named as PyTorch names them: in print, by their class, by `name()`, and for walkers of the graph."""

from __future__ import annotations

import functools
import re
import subprocess
import sys

import pytest

import tinygrad_edu as tg
from tests.ops import node_expressions
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.ops.node_names import METHODS

DATA = [[0.5, 0.25], [0.125, 0.75]]


def split(table):
    return [text.strip() for line in table.strip().splitlines() for text in line.split("|")]


def evaluate(lib, text):
    """The expression's value in this library. It is one of those in this repository, so `eval` is safe."""
    x, b, c = (lib.tensor(data, requires_grad=True) for data in (DATA, [DATA], [[DATA]]))
    names = {"T": lib, "nn": lib.nn, "F": lib.nn.functional, "x": x, "b": b, "c": c, "y": x * 1}
    lib.manual_seed(0)
    return eval(text, names | {"t": lib.tensor([[0.25, 0.25], [0.5, 1.0]])})


@functools.cache
def described(library, text):
    """What is printed behind the elements, the class of the node, and its name."""
    import torch

    y = evaluate(tg if library == "ours" else torch, text)
    shown = re.search(r"(requires_grad=True|grad_fn=<.*>)?\)$", repr(y))[1]
    node = y.grad_fn
    return (shown, None, None) if node is None else (shown, type(node).__name__, node.name())


@pytest.mark.oracle
@pytest.mark.parametrize("table", ["TENSORS", "IN_PLACE", "FUNCTIONS", "MODULES"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nodes_have_pytorchs_names(table):
    pytest.importorskip("torch")
    texts = split(getattr(node_expressions, table))
    wrong = {
        text: (ours, theirs)
        for text in texts
        if (ours := described("ours", text)) != (theirs := described("theirs", text))
    }
    assert not wrong and len(texts) > 15


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_listed_as_different_is_different():
    pytest.importorskip("torch")
    same = [
        text for text in split(node_expressions.DIFFERENT) if described("ours", text)[0] == described("theirs", text)[0]
    ]
    assert not same


@pytest.mark.oracle
def test_a_walk_over_the_graph_meets_pytorchs_names():
    torch = pytest.importorskip("torch")
    walks = []
    for lib in (tg, torch):
        x, w = lib.ones(2, 3, requires_grad=True), lib.ones(3, requires_grad=True)
        stack, seen = [((x * w).exp().sum() - 1).grad_fn], []
        while stack:
            node = stack.pop()
            seen.append((type(node).__name__, node.name(), getattr(node, "variable", None) is not None))
            stack += [following for following, _ in node.next_functions if following is not None]
        walks.append(seen)
    assert walks[0] == walks[1]
    assert [name for name, *_ in walks[0]][-1] == "AccumulateGrad"


def test_a_name_changes_nothing_else():
    x = tg.ones(3, requires_grad=True)
    y = x.mean()
    node = y.grad_fn
    assert node is y.grad_fn is y.node and isinstance(node, Node)
    assert (node.name, node.name(), node.op.name) == ("divide", "MeanBackward0", "divide")
    y.backward()
    assert (type(node).__name__, y.grad_fn.name()) == ("MeanBackward0", "MeanBackward0")
    assert x.grad.tolist() == [pytest.approx(1 / 3)] * 3
    several = tg.tensor(DATA, requires_grad=True)
    u, s, v = tg.linalg.svd(several @ several)
    assert u.grad_fn is s.grad_fn is v.grad_fn  # one node, as in PyTorch
    s.sum().backward()
    assert several.grad is not None


def test_what_was_there_before_keeps_its_name():
    x = tg.ones(2, 2, requires_grad=True)
    y = x * 2
    assert y.squeeze(0) is y and y.grad_fn.name() == "MulBackward0"
    assert tg.nn.functional.pad(y, (0, 0)).shape == (2, 2) and y.grad_fn.name() == "MulBackward0"
    assert x.squeeze(0).grad_fn is None  # a leaf stays one
    assert y.max(y).grad_fn.name() == "MaximumBackward0"
    assert tg.ones(2).mean().grad_fn is None


def test_a_name_of_after_the_sweep_is_that_of_before():
    for make in (lambda x: 1 - x, lambda x: 2**x, lambda x: x**2, lambda x: 3 / x, lambda x: x**x):
        y = make(tg.tensor(DATA, requires_grad=True))
        before = repr(y)
        y.sum().backward()
        assert repr(y) == before


def test_a_function_of_the_users_has_its_own_name():
    class Twice(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    y = Twice.apply(tg.ones(1, requires_grad=True))
    assert repr(y) == "tensor([2.], grad_fn=<TwiceBackward>)" and type(y.grad_fn).__name__ == "TwiceBackward"


def test_every_titled_method_is_there():
    missing = [name for name in METHODS if not hasattr(tg.Tensor, name)]
    assert missing in ([], ["rsub"])


def test_a_node_prints_as_pytorchs_in_a_script_for_pytorch():
    code = (
        "from tinygrad_edu import as_torch; as_torch.install(); import torch\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "print((x * 2).grad_fn, (x * 2).exp().grad_fn.next_functions)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    node = r"<MulBackward0 object at 0x[0-9a-f]+>"
    assert re.fullmatch(rf"{node} \(\({node}, 0\),\)\n", done.stdout), done.stdout + done.stderr
