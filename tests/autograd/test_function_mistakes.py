"""A mistake in a `Function` is named: which function, what was expected, what came."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.autograd.function import Function
from tinygrad_edu.errors import DTypeError, GraphError, InPlaceError, LevelError, ShapeError, UnsupportedError

X = np.array([0.5, -1.25, 2.0])
BATCH = np.ones((4, 3))


def leaf():
    return tg.tensor(X, requires_grad=True)


class Numpy(Function):
    @staticmethod
    def forward(ctx, x):
        return tg.tensor(x.detach().numpy() ** 3)


class OwnVmap(Function):
    @staticmethod
    def forward(ctx, x, w):
        return (x * w).sum()

    @staticmethod
    def vmap(info, in_dims, x, w):
        return (x * w).sum(-1), 0


def _saves_on_the_way(ctx, x):
    ctx.save_for_backward(2 * x)
    return x * x


def _by_saved(ctx, g):
    return g * ctx.saved_tensors[0]


def returning(backward=lambda ctx, g: g, forward=lambda ctx, x: x * 2, **more):
    methods = {"forward": forward, "backward": backward, **more}
    return type("Mine", (Function,), {name: staticmethod(f) for name, f in methods.items()})


def swept(f, *args):
    return lambda: f.apply(leaf(), *args).sum().backward()


def dual(f):
    return lambda: func.jvp(f.apply, (tg.tensor(X),), (tg.tensor(X),))


MISTAKES = {
    "too few": (
        swept(returning(forward=lambda ctx, x, k: x * k), 2.0), GraphError, ["Mine", "one gradient for each", "2", "returned 1"],
    ),
    "too many": (swept(returning(lambda ctx, g: (g, g))), GraphError, ["Mine", "1 here", "returned 2"]),
    "for a number": (
        swept(returning(lambda ctx, g: (g, g), lambda ctx, x, k: x * k), 2.0), GraphError, ["Mine", "argument 1", "no Tensor"],
    ),
    "shape": (swept(returning(lambda ctx, g: tg.ones(2))), ShapeError, ["Mine", "(2,)", "argument 0", "(3,)"]),
    "a scalar for a vector": (swept(returning(lambda ctx, g: g.sum())), ShapeError, ["Mine", "()", "(3,)"]),
    "not a Tensor": (swept(returning(lambda ctx, g: 2.0)), DTypeError, ["Mine", "argument 0", "float"]),
    "an array": (swept(returning(lambda ctx, g: np.ones(3))), DTypeError, ["Mine", "ndarray"]),
    "no backward": (
        lambda: type("Mine", (Function,), {"forward": staticmethod(lambda ctx, x: x * 2)}).apply(leaf()).sum().backward(),
        UnsupportedError, ["Mine", "reverse mode", "backward(ctx"],
    ),
    "no jvp": (dual(returning()), UnsupportedError, ["Mine", "forward mode", "jvp(ctx"]),
    "no forward": (lambda: type("Mine", (Function,), {}).apply(leaf()), UnsupportedError, ["forward"]),
    "jvp count": (dual(returning(jvp=lambda ctx, t: (t, t))), GraphError, ["Mine", "one tangent for each output", "returned 2"]),
    "jvp shape": (dual(returning(jvp=lambda ctx, t: t.sum())), ShapeError, ["Mine", "()", "output 0", "(3,)"]),
    "jvp not a Tensor": (dual(returning(jvp=lambda ctx, t: 1.0)), ShapeError, ["Mine", "float"]),
    "forward returns a number": (lambda: returning(forward=lambda ctx, x: 2.0).apply(leaf()), UnsupportedError, ["Mine", "float"]),
    "forward returns an array": (lambda: returning(forward=lambda ctx, x: X).apply(leaf()), UnsupportedError, ["Mine", "ndarray"]),
    "forward returns nothing": (
        lambda: returning(forward=lambda ctx, x: None).apply(leaf()), UnsupportedError, ["Mine", "NoneType"],
    ),
    "saving a number": (
        lambda: returning(forward=lambda ctx, x: ctx.save_for_backward(2.0) or x * 2).apply(leaf()), UnsupportedError,
        ["Mine", "save_for_backward", "float", "ctx.name = value"],
    ),
    "mark_dirty": (
        lambda: returning(forward=lambda ctx, x: ctx.mark_dirty(x) or x).apply(leaf()), UnsupportedError, ["mark_dirty"],
    ),
    "writing into an input": (
        lambda: returning(forward=lambda ctx, x: x.add_(1) * 1).apply(leaf()), InPlaceError, ["Mine", "inputs"],
    ),
    "called as an object": (lambda: returning()(leaf()), UnsupportedError, ["Mine.apply"]),
    "NumPy under vmap": (lambda: func.vmap(Numpy.apply)(tg.tensor(BATCH)), LevelError, ["Numpy", "batch", "vmap(info"]),
    "two rules for vmap": (
        lambda: func.vmap(
            type("Mine", (OwnVmap,), {"generate_vmap_rule": True}).apply)(tg.tensor(BATCH), tg.tensor(BATCH)),
        UnsupportedError, ["Mine", "generate_vmap_rule"],
    ),
    "vmap returns one thing": (
        lambda: func.vmap(returning(vmap=lambda info, d, x: x).apply)(tg.tensor(BATCH)), UnsupportedError,
        ["Mine", "(output, out_dims)"],
    ),
    "a value from outside": (
        lambda: func.jvp(lambda z: returning(forward=lambda ctx, x: x * z).apply(tg.tensor(X)), (tg.tensor(X),), (tg.tensor(X),)),
        GraphError, ["Mine", "outside", "argument"],
    ),
    "saved on the way, then a tangent": (
        lambda: func.jvp(
            func.grad(lambda z: returning(_by_saved, _saves_on_the_way, jvp=lambda ctx, t: t).apply(z).sum()),
            (tg.tensor(X),), (tg.tensor(X),),
        ),
        UnsupportedError, ["Mine", "neither input nor output", "setup_context"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    call, kind, words = MISTAKES[name]
    with pytest.raises(kind) as caught:
        call()
    assert not [word for word in words if word not in str(caught.value)], str(caught.value)
