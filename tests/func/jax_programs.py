"""What is compared with JAX: programs and transforms written once for both libraries, as functions of their namespaces."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

RNG = np.random.default_rng(11)
X, Y, U, V = (RNG.uniform(0.3, 1.5, 3) for _ in range(4))
W, WDOT = RNG.normal(size=(2, 3, 3))
BATCH = RNG.normal(size=(4, 3))
PATH = [RNG.normal(size=3) for _ in range(5)]
OTHER_PATH = [RNG.normal(size=3) for _ in range(5)]
MATRIX_PATH = [RNG.normal(size=(3, 3)) for _ in range(5)]


class Point(NamedTuple):
    position: Any
    weight: Any


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any


class Library(NamedTuple):
    """The names by which a library's parts are called below."""

    m: Any  # NumPy's functions
    array: Callable[[Any], Any]
    linearize: Any
    jet: Any
    jvp: Any
    vjp: Any
    grad: Any
    jacfwd: Any
    jacrev: Any
    vmap: Any


# -- linearize -----------------------------------------------------------------------------------------------------


def _program(lib: Library) -> Callable[..., Any]:
    m, w = lib.m, lib.array(W)
    return lambda x, y: {"y": m.tanh(w @ x) * m.exp(y), "s": (m.sin(x * y) / (1 + y * y)).sum()}


def _linearize(lib: Library) -> Any:
    y, f_jvp = lib.linearize(_program(lib), lib.array(X), lib.array(Y))
    return {"value": y, "first": f_jvp(lib.array(U), lib.array(V)), "second": f_jvp(lib.array(V), lib.array(U))}


def _linearize_batch(lib: Library) -> Any:
    _, f_jvp = lib.linearize(_program(lib), lib.array(X), lib.array(Y))
    return lib.vmap(f_jvp)(lib.array(BATCH), lib.array(BATCH[::-1].copy()))


def _linearize_gradient(lib: Library) -> Any:
    gradient = lib.grad(lambda x: (_program(lib)(x, x)["y"] ** 2).sum())
    value, product = lib.linearize(gradient, lib.array(X))
    return [value, product(lib.array(U)), product(lib.array(V))]


# -- jet -----------------------------------------------------------------------------------------------------------

SMOOTH = {
    "sin": lambda m, x: m.sin(x),
    "cos": lambda m, x: m.cos(x),
    "exp": lambda m, x: m.exp(x),
    "log": lambda m, x: m.log(x),
    "sqrt": lambda m, x: m.sqrt(x),
    "tanh": lambda m, x: m.tanh(x),
    "reciprocal": lambda m, x: 1 / x,
    "cube": lambda m, x: x**3,
    "arithmetic": lambda m, x: (x * x - 2 * x + 3) / (x + 1) - x / 4,
    "composition": lambda m, x: m.exp(m.sin(x * x)) * m.log(1 + x),
    "reductions and reshapes": lambda m, x: (x * x).sum() + m.reshape(x, (3, 1)) * x,
    "index": lambda m, x: x[1:] * x[:-1],
}


def _jet_curved(name: str) -> Callable[[Library], Any]:
    return lambda lib: lib.jet(lambda x: SMOOTH[name](lib.m, x), (lib.array(X),), ([lib.array(d) for d in PATH],))


def _jet_several(lib: Library) -> Any:
    m = lib.m
    f = lambda x, y, w: m.tanh(w @ (x * y)) / (1 + y * y) + (w @ w).sum() * x
    series = [[lib.array(d) for d in path] for path in (PATH, OTHER_PATH, MATRIX_PATH)]
    return lib.jet(f, (lib.array(X), lib.array(Y), lib.array(W)), series)


def _jet_straight(lib: Library) -> Any:
    series = [lib.array(U), *[lib.array(0 * U)] * 4]
    return lib.jet(lambda x: lib.m.exp(lib.m.sin(x)).sum(), (lib.array(X),), (series,))


def _grad_of_jet(lib: Library) -> Any:
    def third(x: Any) -> Any:
        _, terms = lib.jet(lambda z: (lib.m.sin(z) * z).sum(), (x,), ([lib.array(d) for d in PATH[:3]],))
        return terms[2]

    return lib.grad(third)(lib.array(X))


def _jet_of_constant(lib: Library) -> Any:
    return lib.jet(lambda x, y: (y * 2, x), (lib.array(X), lib.array(Y)), ([lib.array(U)] * 2, [lib.array(V)] * 2))


# -- pytrees -------------------------------------------------------------------------------------------------------


def _tree(lib: Library) -> Any:
    a = lib.array
    return {
        "layers": [Layer(a(W), a(X)), Layer(a(WDOT), a(Y))],
        "point": Point(a(U), (a(V), None)),
        "nothing": None,
        "empty": [],
        "a scalar": a(np.float64(0.7)),
    }


def _of_tree(lib: Library) -> Callable[..., Any]:
    m = lib.m

    def f(t: Any, x: Any) -> Any:
        for layer in t["layers"]:
            x = m.tanh(layer.w @ x + layer.b)
        moved = t["point"].position * x + t["point"].weight[0]
        return {"layer": Layer(x, t["a scalar"] * moved), "point": Point(moved.sum(), None), "list": [x.sum()]}

    return f


def _loss(lib: Library) -> Callable[..., Any]:
    def loss(t: Any, x: Any) -> Any:
        y = _of_tree(lib)(t, x)
        return (y["layer"].b ** 2).sum() + y["point"].position * y["list"][0]

    return loss


def _tree_linearize(lib: Library) -> Any:
    y, f_jvp = lib.linearize(_of_tree(lib), _tree(lib), lib.array(X))
    return y, f_jvp(_tree(lib), lib.array(V))


def _tree_vjp(lib: Library) -> Any:
    y, pullback = lib.vjp(_of_tree(lib), _tree(lib), lib.array(X))
    return pullback(y)


def _tree_vmap(lib: Library) -> Any:
    return lib.vmap(lib.grad(_loss(lib)), in_dims=(None, 0))(_tree(lib), lib.array(BATCH))


CASES: dict[str, Callable[[Library], Any]] = {
    "linearize": _linearize,
    "linearize under vmap": _linearize_batch,
    "linearize of grad": _linearize_gradient,
    **{f"jet of {name} along a curve": _jet_curved(name) for name in SMOOTH},
    "jet of several inputs": _jet_several,
    "jet along a direction": _jet_straight,
    "grad of jet": _grad_of_jet,
    "jet with results that are linear": _jet_of_constant,
    "grad of a tree": lambda lib: lib.grad(_loss(lib))(_tree(lib), lib.array(X)),
    "jvp of a tree": lambda lib: lib.jvp(_of_tree(lib), (_tree(lib), lib.array(X)), (_tree(lib), lib.array(V))),
    "vjp of a tree": _tree_vjp,
    "linearize of a tree": _tree_linearize,
    "jacfwd of a tree": lambda lib: lib.jacfwd(_of_tree(lib))(_tree(lib), lib.array(X)),
    "jacrev of a tree": lambda lib: lib.jacrev(_of_tree(lib))(_tree(lib), lib.array(X)),
    "vmap of grad of a tree": _tree_vmap,
}


def named(tree: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every leaf as `(where it is, nested lists)`, without the help of either library: it is their containers that are tested."""
    if tree is None:
        return
    if dataclasses.is_dataclass(tree):
        children = [(f".{f.name}", getattr(tree, f.name)) for f in dataclasses.fields(tree)]
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        children = [(f".{name}", child) for name, child in zip(tree._fields, tree, strict=True)]
    elif isinstance(tree, dict):
        children = [(f"[{key!r}]", tree[key]) for key in sorted(tree)]
    elif isinstance(tree, list | tuple):
        children = [(f"[{i}]", child) for i, child in enumerate(tree)]
    else:
        yield path, tree.tolist()
        return
    for name, child in children:
        yield from named(child, path + name)
