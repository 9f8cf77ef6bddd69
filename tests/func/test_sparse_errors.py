"""What sparse derivatives refuse, and what they say: never a wrong matrix."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, func
from tinygrad_edu.errors import ConfigError, DTypeError, GraphError, LevelError, ShapeError, UnsupportedError


def tridiagonal(u: Tensor) -> Tensor:
    wide = np.pad(u, 1)
    return wide[2:] - 2 * u + wide[:-2] + np.exp(u) * u


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def branching(x: Tensor) -> Tensor:
    return x**2 if x[0] > 0 else x[::-1] ** 2


X = Tensor(np.arange(1.0, 5.0))


def at_another_branch(derivative) -> None:
    derivative(X)
    derivative(-X)


def grown() -> None:
    shift = [0]
    jacobian = func.sparse_jacobian(lambda x: x * np.roll(x, shift[0]))
    jacobian(X)
    shift[0] = 1
    jacobian(X)


J, H = func.sparse_jacobian, func.sparse_hessian

BAD = {
    "another branch": (lambda: at_another_branch(J(branching)), GraphError, ["test_sparse_errors.py", "np.where", "pattern="]),
    "another branch, reverse": (lambda: at_another_branch(J(branching, mode="reverse")), GraphError, ["column 0"]),
    "another branch of a Hessian": (
        lambda: at_another_branch(H(lambda x: (x**2).sum() if x[0] > 0 else x[0] * x[1])),
        GraphError,
        ["sparse_hessian", "branch"],
    ),
    "a changed closure": (grown, GraphError, ["from outside"]),
    "a given pattern that lacks entries": (lambda: J(tridiagonal, pattern=np.eye(4))(X), GraphError, ["jacobian_sparsity"]),
    "a given Hessian that lacks entries": (lambda: H(rosenbrock, pattern=np.eye(4))(X), GraphError, ["hessian_sparsity"]),
    "a pattern with other columns": (lambda: J(tridiagonal, pattern=np.eye(5))(X), ShapeError, ["(5, 5)", "4 columns"]),
    "a pattern with other rows": (lambda: J(tridiagonal, pattern=np.ones((3, 4)))(X), ShapeError, ["(3, 4)", "4 rows"]),
    "the same in reverse": (
        lambda: J(tridiagonal, pattern=np.ones((3, 4)), mode="reverse")(X), ShapeError, ["(3, 4)", "4 rows"],
    ),
    "a pattern that is no matrix": (lambda: J(tridiagonal, pattern=np.ones(4)), ShapeError, ["(4,)"]),
    "a pattern that isn't square": (lambda: H(rosenbrock, pattern=np.ones((3, 4))), ShapeError, ["square"]),
    "a pattern that isn't symmetric": (lambda: H(rosenbrock, pattern=np.tri(4)), ConfigError, ["p + p.T"]),
    "an unknown mode": (lambda: J(tridiagonal, mode="backward"), ConfigError, ["auto, forward, reverse", "'backward'"]),
    "a chunk of none": (lambda: J(tridiagonal, chunk_size=0), ConfigError, ["sparse_jacobian", "at least 1"]),
    "integers in": (lambda: J(tridiagonal)(np.arange(4)), DTypeError, ["int64", "argnums"]),
    "complex in": (lambda: J(tridiagonal)(np.ones(4) * 1j), DTypeError, ["complex128", "imaginary"]),
    "complex out": (lambda: J(lambda x: x * 1j)(X), DTypeError, ["complex128", "imaginary"]),
    "integers out": (lambda: J(lambda x: x.long())(X), DTypeError, ["int64", "float"]),
    "text out": (lambda: J(lambda x: "no")(X), UnsupportedError, ["str", "real tensors"]),
    "nothing out": (lambda: J(lambda x: None)(X), UnsupportedError, ["no tensor"]),
    "nothing in": (lambda: J(lambda x: tg.ones(3))(()), ShapeError, ["no input"]),
    "a vector's Hessian": (lambda: H(lambda x: x * 2)(X), ShapeError, ["sparse_hessian", "scalar", "(4,)"]),
    "a missing argument": (lambda: J(tridiagonal, 1)(X), ShapeError, ["argnums=1"]),
    "asked too early": (lambda: J(tridiagonal).colors, GraphError, ["colors", "first call"]),
    "inside a transform": (lambda: func.jvp(J(tridiagonal), (X,), (X,)), LevelError, ["jvp", "jacfwd"]),
    "inside vmap": (lambda: func.vmap(J(tridiagonal))(X.reshape(2, 2)), LevelError, ["vmap"]),
    "not sparse": (
        lambda: func.jacobian_sparsity(lambda x: x / x.sum(), np.ones(10_000)),
        UnsupportedError,
        ["divide", "test_sparse_errors.py", "100,000,000", "jacrev"],
    ),
    "a pattern of complex": (lambda: func.jacobian_sparsity(lambda x: x, np.ones(2) * 1j), DTypeError, ["complex128"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_can_not_be_right_is_refused_with_what_to_do(name):
    call, error, words = BAD[name]
    with pytest.raises(error) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_without_scipy_the_extra_is_named(monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "scipy"]:
        monkeypatch.delitem(sys.modules, name)

    def without(name, *args):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", without)
    calls = {
        "jacobian": lambda: J(tridiagonal)(X),
        "sparsity": lambda: func.hessian_sparsity(rosenbrock, X),
        "pattern": lambda: J(tridiagonal, pattern=np.eye(4)),
    }
    for call in calls.values():
        with pytest.raises(UnsupportedError, match=r"tinygrad-edu\[sparse\]"):
            call()
