"""Sparsity patterns hold every entry that can be nonzero: of every op, at other points too, and none too many where it is said."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Case, samples
from tinygrad_edu import Tensor, func, nn
from tinygrad_edu.engine.families import bilinear, linear, primitive
from tinygrad_edu.engine.op import REGISTRY

DIFFERENTIABLE = [name for name, op in REGISTRY.items() if op.differentiable and op.samples is not None]

# Whose pattern has no entry too many at a point in general position. The others join what they might join: both sides of a
# choice, a whole group of channels, a whole matrix.
EXACT = [
    "multiply", "divide", "power", "exp", "sin", "tanh", "arctan2", "hypot", "logaddexp", "sigmoid", "floor", "round", "copysign",
    "cast", "getitem", "scatter_add", "setitem", "reshape", "transpose", "broadcast_to", "concatenate", "must_vanish",
    "einsum", "matmul", "sum", "logsumexp", "softmax", "log_softmax", "cross_entropy", "inv", "solve", "det",
    "flip", "roll", "logcumsumexp", "eigh", "take_rows", "sum_rows", "packed", "matrix_exp", "diagonal", "diagonal_embed",
    "windows", "overlap_add", "svd", "svdvals", "pinv", "pad", "window_take", "window_put", "window_sum", "window_spread",
]  # fmt: skip


def flat(ys: object) -> list:
    return list(ys) if isinstance(ys, tuple | list) else [ys]


def in_real_parts(case: Case) -> tuple:
    """A case as a function of real tensors with real results: complex ones come and go as two."""
    kinds = [x.dtype.kind for x in case.xs]
    xs = [part for x in case.xs for part in ((x.real.copy(), x.imag.copy()) if x.dtype.kind == "c" else (x,))]

    def f(*parts: Tensor) -> list[Tensor]:
        rest = iter(parts)
        ys = flat(case.call(*[next(rest) + 1j * next(rest) if kind == "c" else next(rest) for kind in kinds]))
        real = [y for y in ys if y.dtype.kind == "f"]
        return real + [part for y in ys if y.dtype.kind == "c" for part in (np.real(y), np.imag(y))]

    return f, [Tensor(x) for x in xs]


def dense(f, xs: list[Tensor]) -> np.ndarray:
    """The Jacobian (elements of all results, elements of all inputs), made dense."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a loop over the batch is as good here
        jacobian = func.jacfwd(lambda *zs: flat(f(*zs)), tuple(range(len(xs))))(*xs)
    sizes = [x.numel() for x in xs]
    rows = [
        [np.reshape(b.numpy(), (y.numel(), n)) for b, n in zip(row, sizes, strict=True)]
        for y, row in zip(flat(f(*xs)), jacobian, strict=True)
    ]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def lacking(pattern, matrix: np.ndarray) -> int:
    """How many entries of the matrix aren't in the pattern."""
    assert pattern.shape == matrix.shape
    return int(np.sum(~(np.abs(matrix) <= 1e-13) & ~pattern.toarray()))


def cases(name: str) -> list[Case]:
    found = [Case(REGISTRY[name], sample, "float64") for sample in samples(REGISTRY[name])]
    return [case for case in found if case.xs]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_pattern_of_every_op_holds_its_jacobian(name):
    for case in cases(name):
        f, xs = in_real_parts(case)
        assert lacking(func.jacobian_sparsity(f, *xs), dense(f, xs)) == 0, case.params


@pytest.mark.parametrize("name", EXACT)
def test_the_pattern_of_a_structured_op_is_no_larger(name):
    for case in cases(name):
        if any(x.dtype.kind == "c" for x in [*case.xs, *case.ys]):
            continue  # a product of complex numbers joins all their parts
        f, xs = in_real_parts(case)
        assert func.jacobian_sparsity(f, *xs).nnz == np.count_nonzero(np.abs(dense(f, xs)) > 1e-13), case.params


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_pattern_of_every_gradient_holds_its_hessian(name):
    for case in cases(name)[:3]:
        f, xs = in_real_parts(case)
        sizes = [x.numel() for x in xs]
        if sum(sizes) > 60:
            continue
        rng = np.random.default_rng(3)
        weights = [rng.normal(size=y.shape) for y in f(*xs)]
        scalar = lambda *zs, f=f, ws=weights: functools.reduce(
            lambda a, b: a + b, [(y * w).sum() for y, w in zip(f(*zs), ws, strict=True)]
        )
        gradient = func.grad(scalar, tuple(range(len(xs))))
        pattern = func.hessian_sparsity(scalar, *xs)
        assert lacking(pattern, dense(gradient, xs)) == 0, case.params
        assert (pattern != pattern.T).nnz == 0


# -- at every point --------------------------------------------------------------------------------------------------

R = np.random.default_rng(0)
WEIGHT = R.normal(size=(2, 2))


def as_indices(x: Tensor, n: int) -> Tensor:
    """Numbers below n that depend on x, without a derivative."""
    return np.floor(np.abs(x * 100)).long() % n


def written(x: Tensor) -> Tensor:
    y = x * 1.0
    y[as_indices(x[:2], 6)] = x[2:4] * 2
    return y


AT_ANY_POINT = {
    "sort": np.sort,
    "sort of rows": lambda x: np.sort(x.reshape(2, 3), axis=1),
    "median": np.median,
    "quantile": lambda x: np.quantile(x, 0.3),
    "topk": lambda x: tg.topk(x, 2).values,
    "max, and where": lambda x: x[np.argmax(x)],
    "max": lambda x: np.max(x.reshape(2, 3), axis=1),
    "running maximum": lambda x: tg.cummax(x, 0).values,
    "either side": lambda x: np.where(x > 0, x, x[::-1]),
    "larger": lambda x: np.maximum(x, x[::-1]),
    "clipped": lambda x: np.clip(x, -0.5, 0.5),
    "relu": lambda x: tg.relu(x) * x[0],
    "times nothing": lambda x: x * 0 + x[::-1] * (x > 0),
    "picked by value": lambda x: x[as_indices(x, 6)],
    "rows picked by value": lambda x: x.reshape(3, 2)[as_indices(x[:2], 3)],
    "columns picked by value": lambda x: x.reshape(3, 2)[:, as_indices(x[:2], 2)],
    "pairs picked by value": lambda x: x.reshape(3, 2)[as_indices(x[:2], 3), np.array([0, 1])],
    "taken along an axis by value": lambda x: np.take_along_axis(
        x.reshape(2, 3), as_indices(x[:2].reshape(2, 1), 3), 1
    ),
    "written by value": written,
    "looked up by value": lambda x: nn.functional.embedding(as_indices(x[:2], 3), x.reshape(3, 2)),
    "pooled": lambda x: nn.functional.max_pool1d(x.reshape(1, 1, 6), 2),
    "tangent of pooled": lambda x: func.jvp(lambda z: nn.functional.max_pool1d(z.reshape(1, 1, 6), 3, 1), (x,), (x,))[
        1
    ],
    "attending to itself": lambda x: nn.functional.scaled_dot_product_attention(*[x.reshape(1, 3, 2)] * 3),
    "interpolated": lambda x: np.interp(x[:3], np.array([-1.0, 0.0, 1.0]), x[3:]),
    "gradient of pooled": func.grad(lambda x: (nn.functional.max_pool1d(x.reshape(1, 1, 6), 3, 1) ** 2).sum()),
    "gradient of sorted": func.grad(lambda x: (np.sort(x) * x).sum()),
    "gradient of looked up": func.grad(lambda x: (x.reshape(3, 2)[as_indices(x[:2], 3)] ** 2).sum()),
    "gradient of max": func.grad(lambda x: np.max(x) * np.min(x)),
    "integers of it": lambda x: np.round(x) * x[0] + np.floor(x[::-1]),
}


@pytest.mark.parametrize("name", AT_ANY_POINT)
def test_the_pattern_found_at_one_point_holds_at_others(name):
    f = AT_ANY_POINT[name]
    pattern = func.jacobian_sparsity(f, Tensor(R.normal(size=6)))
    for seed in range(30):
        x = Tensor(np.random.default_rng(seed).normal(size=6))
        assert lacking(pattern, dense(f, [x])) == 0, (name, seed)


BLOCKS = {
    "along the axis of a sort": (lambda x: np.sort(x.reshape(2, 3), axis=1), np.kron(np.eye(2), np.ones((3, 3)))),
    "along the axis of an index by value": (
        lambda x: x.reshape(2, 3)[:, as_indices(x[:2], 3)],
        np.kron(np.eye(2), np.ones((2, 3))),
    ),
    "within a constant mask": (
        lambda x: np.where(np.array([True, False] * 3), x, x[::-1]),
        np.where(np.array([True, False] * 3)[:, None], np.eye(6), np.eye(6)[::-1]),
    ),
    "nothing through integers": (lambda x: np.floor(x) + np.sign(x) + (x > 0), np.zeros((6, 6))),
    "up to it, of a running sum": (lambda x: np.cumsum(x), np.tri(6)),
    "a constant result": (lambda x: [x[:2], np.ones(2)], np.eye(4, 6) * np.array([[1], [1], [0], [0]])),
    "one example at a time, of a layer": (
        lambda x: nn.functional.linear(x.reshape(3, 2), WEIGHT),
        np.kron(np.eye(3), np.ones((2, 2))),
    ),
    "under vmap": (func.vmap(lambda row: tg.softmax(row, 0)), np.kron(np.eye(2), np.ones((3, 3)))),
    "under vmap of a gradient": (
        func.vmap(func.grad(lambda r: r[0] * r[1] ** 2 + r[2])),
        np.kron(np.eye(2), np.array([[0, 1, 0], [1, 1, 0], [0, 0, 0]])),
    ),
    "constants' zeros count as anything": (lambda x: np.zeros((2, 6)) @ x, np.ones((2, 6))),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_pattern_is_as_small_as_the_structure_says(name):
    f, want = BLOCKS[name]
    x = R.normal(size=6)
    found = func.jacobian_sparsity(f, Tensor(x.reshape(2, 3) if "vmap" in name else x))
    assert np.array_equal(found.toarray(), want.astype(bool)), found.toarray().astype(int)


def test_an_op_of_ones_own_is_tried_if_it_is_linear_and_else_joins_everything():
    rest: dict = {"math": "y", "registry": {}}
    every_other = linear("every_other_", lambda x: x[::2] - x[1::2], lambda g, x: np.repeat(g, 2), text="", **rest)
    twisted = bilinear(
        "twisted_", lambda a, b: a * b[::-1], lambda g, a, b: g * b[::-1], lambda g, a, b: (g * a)[::-1], texts=[""], **rest
    )  # fmt: skip
    opaque = primitive("opaque_", lambda x: x * 2, None, **rest)
    x = Tensor(R.normal(size=6))
    halves = func.jacobian_sparsity(every_other, x).toarray()
    assert np.array_equal(halves, np.kron(np.eye(3), [[1, 1]]).astype(bool))
    assert np.array_equal(func.jacobian_sparsity(twisted, x, x).toarray(), np.hstack([np.eye(6), np.eye(6)[::-1]]) > 0)
    assert func.jacobian_sparsity(opaque, x).nnz == 0


def test_a_rule_of_ones_own_joins_everything_whatever_its_name():
    def flip(z):
        return z * z.sum()

    custom = func.custom_jvp(flip)
    custom.defjvp(lambda primals, tangents: (flip(*primals), func.jvp(flip, primals, tangents)[1]))
    assert func.jacobian_sparsity(custom, Tensor(R.normal(size=6))).nnz == 36
