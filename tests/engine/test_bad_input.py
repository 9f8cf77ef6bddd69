"""Bad input: the error names the operation, what met, and what to do."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import DTypeError, GraphError, LevelError, ShapeError, UnsupportedError


def t(*shape: int, grad: bool = True) -> tg.Tensor:
    return tg.tensor(np.ones(shape), requires_grad=grad)


def _escaped(transform):
    held = []
    transform(lambda x: held.append(x) or x * 2)
    return held[0]


CASES = {
    "add": (lambda: t(2, 3) + t(4), ShapeError, ["add", "(2, 3)", "(4,)", "axis -1", "3 and 4"]),
    "where": (lambda: tg.where(t(2) > 0, t(3), 0.0), ShapeError, ["where", "(2,)", "(3,)"]),
    "matmul": (lambda: t(2, 3) @ t(4, 5), ShapeError, ["matmul", "(2, 3)", "(4, 5)", "axis -1", "axis -2"]),
    "matmul 0-d": (lambda: t() @ t(2), ShapeError, ["matmul", "0-d", "use *"]),
    "matmul 1-d": (lambda: t(3) @ t(4), ShapeError, ["matmul", "(3,)", "(4,)"]),
    "reshape": (lambda: t(2, 3).reshape(4, -1), ShapeError, ["reshape", "6 elements", "(4, -1)"]),
    "expand": (lambda: t(2, 3).expand(4, 3), ShapeError, ["broadcast_to", "(2, 3)", "(4, 3)"]),
    "cat": (lambda: tg.cat([t(2, 3), t(2, 4)]), ShapeError, ["concatenate", "(2, 3)", "(2, 4)", "axis=0"]),
    "stack": (lambda: tg.stack([t(2), t(3)]), ShapeError, ["stack", "(2,)", "(3,)"]),
    "sum axis": (lambda: t(2, 3).sum(2), ShapeError, ["sum", "axis 2", "2 axes"]),
    "permute": (lambda: t(2, 3).permute(0, 0), ShapeError, ["transpose", "(0, 0)", "(2, 3)"]),
    "squeeze": (lambda: np.squeeze(t(2, 3), 0), ShapeError, ["squeeze", "(2, 3)", "length 1"]),
    "split": (lambda: tg.split(t(5), [2, 2]), ShapeError, ["split", "[2, 2]", "5"]),
    "index": (lambda: t(3)[5], IndexError, ["getitem", "(3,)", "5"]),
    "indices": (lambda: t(3)[0, 0], IndexError, ["2 indices", "1 axes", "(3,)"]),
    "float index": (lambda: t(3)[tg.tensor([0.5])], DTypeError, ["index", "float32"]),
    "max of nothing": (lambda: t(0).max(), ShapeError, ["max", "(0,)"]),
    "einsum": (lambda: tg.einsum("ij,jk->ik", t(2, 3), t(4, 5)), ShapeError, ["einsum", "'j'", "3", "4"]),
    "einsum rank": (lambda: tg.einsum("ijk->i", t(2, 3)), ShapeError, ["einsum", "'ijk'", "(2, 3)"]),
    "integer grad": (lambda: tg.tensor([1, 2], requires_grad=True), DTypeError, ["int64", "float"]),
    "integer mean": (lambda: tg.tensor([1, 2]).mean(), DTypeError, ["mean", "int64"]),
    "a string": (lambda: tg.tensor(["a"]), DTypeError, ["numbers"]),
    "ragged": (lambda: tg.tensor([[1.0], [1.0, 2.0]]), DTypeError, ["tensor"]),
    "add a string": (lambda: t(2) + "1", DTypeError, ["add", "str", "'1'"]),
    "backward of many": (lambda: (t(2, 3) * 2).backward(), GraphError, ["(2, 3)", "y.sum()"]),
    "backward of none": (lambda: t(2, grad=False).sum().backward(), GraphError, ["requires_grad=True"]),
    "backward seed": (lambda: (t(2) * 2).backward(tg.ones(3)), ShapeError, ["(3,)", "(2,)"]),
    "asarray": (lambda: np.asarray(t(2)), GraphError, ["requires a gradient", "detach"]),
    "into an array": (lambda: np.zeros(2).__setitem__(slice(None), t(2)), GraphError, ["requires a gradient"]),
    "numpy()": (lambda: t(2).numpy(), GraphError, ["detach().numpy()"]),
    "no rule": (lambda: np.packbits(t(3)), UnsupportedError, ["np.packbits", "no derivative rule", "detach"]),
    "no ufunc rule": (lambda: np.isnat(t(3)), UnsupportedError, ["np.isnat", "no derivative rule"]),
    "ufunc keyword": (lambda: np.add(t(3), 1, where=np.ones(3, bool)), UnsupportedError, ["np.add", "where"]),
    "function keyword": (lambda: np.reshape(t(3), 3, ordre="C"), TypeError, ["reshape", "ordre"]),
    "detach non-leaf": (lambda: (t(2) * 2).requires_grad_(False), GraphError, ["multiply", "detach()"]),
    "grad of vector": (lambda: func.grad(lambda x: x * 2)(t(3)), ShapeError, ["scalar", "(3,)", "jacrev"]),
    "grad of ints": (lambda: func.grad(lambda x: x.sum())(tg.tensor([1, 2])), DTypeError, ["grad", "int64"]),
    "complex output": (lambda: func.grad(lambda x: (x * 1j).sum())(t(2)), DTypeError, ["complex"]),
    "tangent shape": (lambda: func.jvp(tg.sin, (t(2),), (tg.ones(3),)), ShapeError, ["jvp", "(3,)", "(2,)"]),
    "tangent dtype": (lambda: func.jvp(tg.sin, (t(2),), (tg.ones(2),)), DTypeError, ["float32", "float64"]),
    "argnums": (lambda: func.grad(tg.sum, argnums=2)(t(2)), ShapeError, ["argnums=2", "1 positional"]),
    "vmap sizes": (lambda: func.vmap(tg.add)(t(2), t(3)), ShapeError, ["vmap", "[2, 3]"]),
    "vmap of nothing": (lambda: func.vmap(tg.sin, in_dims=None)(t(2)), ShapeError, ["vmap", "no argument"]),
    "branch in vmap": (
        lambda: func.vmap(lambda x: x if x > 0 else -x)(t(2)), LevelError,
        ["`if`", "vmap", "np.where", "test_bad_input.py:", "x if x > 0 else -x"],
    ),
    "escaped from jvp": (
        lambda: _escaped(lambda f: func.jvp(f, (t(2, grad=False),), (t(2, grad=False),))) + 1, LevelError, ["add", "jvp has ended"],
    ),
    "escaped from vmap": (lambda: _escaped(lambda f: func.vmap(f)(t(2))) + 1, LevelError, ["add", "vmap has ended"]),
    "mask in vmap": (lambda: func.vmap(lambda x: x[x > 0])(t(2, 3)), LevelError, ["mask", "np.where"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_error_says_what_met_and_what_to_do(name):
    call, kind, words = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    missing = [word for word in words if word not in message]
    assert not missing, f"{missing} not in: {message}"


def test_a_failed_op_leaves_its_arguments_and_the_mode_as_they_were():
    x = t(2)
    with pytest.raises(ShapeError):
        func.grad(lambda y: (y + t(3)).sum())(x)
    assert tg.is_grad_enabled()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
