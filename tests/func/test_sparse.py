"""Sparse Jacobians and Hessians: the dense ones' values from as many passes as colours, and never a wrong matrix."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import Tensor, func, nn
from tinygrad_edu.func import _sparse
from tinygrad_edu.func._coloring import is_column_coloring, is_star_coloring

R = np.random.default_rng(0)


def tridiagonal(u: Tensor) -> Tensor:
    wide = np.pad(u, 1)
    return wide[2:] - 2 * u + wide[:-2] + np.exp(u) * u


def laplacian(u: Tensor) -> Tensor:
    w = np.pad(u, 1)
    return w[2:, 1:-1] + w[:-2, 1:-1] + w[1:-1, 2:] + w[1:-1, :-2] - 4 * u + u**3


def brusselator(state: Tensor) -> Tensor:
    u, v = state[0], state[1]
    spread = lambda w: np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1) - 4 * w
    return np.stack([0.1 * spread(u) + 1 + u * u * v - 4.4 * u, 0.1 * spread(v) + 3.4 * u - u * u * v])


def conserved(u: Tensor) -> Tensor:
    return np.concatenate([np.sum(u * u).reshape(1), np.sin(u[1:])])


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def arrow(x: Tensor) -> Tensor:
    return (x[0] * x[1:] ** 2).sum() + (x**4).sum()


def network(x: Tensor) -> Tensor:
    return nn.functional.conv1d(tg.tanh(x).reshape(1, 2, 8), KERNEL, padding=1)


KERNEL = R.normal(size=(3, 2, 3))

# function, shape of the input, passes in the best mode, that mode
JACOBIANS = {
    "tridiagonal": (tridiagonal, (40,), 3, "forward"),
    "laplacian": (laplacian, (7, 9), 5, "forward"),
    "brusselator": (brusselator, (2, 10, 10), 12, "forward"),
    "diagonal": (lambda x: np.sin(x) * 2, (5, 3), 1, "forward"),
    "a full row": (conserved, (30,), 2, "reverse"),
    "many to one": (lambda x: (x**2).sum(), (12,), 1, "reverse"),
    "one to many": (lambda x: x[0] ** np.arange(1.0, 9.0), (1,), 1, "forward"),
    "wide": (lambda x: x[:9].reshape(3, 3).prod(1), (20,), 1, "reverse"),
    "convolution": (network, (2, 8), 6, "forward"),
    "constant": (lambda x: np.floor(x), (4,), 0, "forward"),
    "empty": (lambda x: x[:0], (4,), 0, "forward"),
    "a number": (lambda x: x * x, (), 1, "forward"),
    "under vmap": (func.vmap(lambda r: tg.softmax(r, 0)), (5, 4), 4, "forward"),
    "a gradient": (func.grad(rosenbrock), (20,), 3, "forward"),
}

HESSIANS = {
    "rosenbrock": (rosenbrock, (30,), 3),
    "arrow": (arrow, (30,), 2),
    "arrow from below": (lambda x: arrow(x[::-1]), (30,), 2),
    "diagonal": (lambda x: np.exp(x).sum(), (4, 5), 1),
    "bilinear": (lambda x: (x[:5] * x[5:]).sum(), (10,), 2),
    "linear": (lambda x: (x * 3).sum(), (6,), 0),
    "full": (lambda x: np.exp(x.sum()), (6,), 6),
    "blocks": (lambda x: (x.prod(1) ** 2).sum(), (4, 3), 3),
    "a grid": (lambda x: ((x[1:] - x[:-1]) ** 4).sum() + ((x[:, 1:] - x[:, :-1]) ** 4).sum(), (6, 6), 7),
}


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("name", JACOBIANS)
def test_a_sparse_jacobian_is_the_dense_one(name, mode):
    f, shape, passes, best = JACOBIANS[name]
    x = Tensor(R.normal(size=shape))
    jacobian = func.sparse_jacobian(f, mode=mode)
    found, want = jacobian(x), func.jacrev(f)(x).numpy()
    assert sp.issparse(found) and found.format == "csr" and found.dtype == np.float64
    rows = f(x).numel()
    assert np.allclose(found.toarray(), want.reshape(rows, x.numel()), rtol=1e-13, atol=1e-13)
    assert jacobian.mode == (best if mode == "auto" else mode)
    if mode in ("auto", best):
        assert jacobian.passes == passes
    across = jacobian.pattern if jacobian.mode == "forward" else sp.csr_matrix(jacobian.pattern.T)
    assert is_column_coloring(across, jacobian.colors)


@pytest.mark.parametrize("name", HESSIANS)
def test_a_sparse_hessian_is_the_dense_one_and_symmetric(name):
    f, shape, passes = HESSIANS[name]
    x = Tensor(R.normal(size=shape))
    hessian = func.sparse_hessian(f)
    found, n = hessian(x), x.numel()
    assert np.allclose(found.toarray(), func.hessian(f)(x).numpy().reshape(n, n), rtol=1e-12, atol=1e-12)
    assert (found != found.T).nnz == 0
    assert hessian.passes <= passes
    assert is_star_coloring(hessian.pattern, hessian.colors)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.integers(0, 40))
@settings(max_examples=60)
def test_random_programs_have_their_own_pattern_and_the_dense_values(seed, m, n, terms):
    rng = np.random.default_rng(seed)
    rows, left, right = rng.integers(0, m, terms), rng.integers(0, n, terms), rng.integers(0, n, terms)
    x = Tensor(rng.normal(size=n))
    f = lambda z: tg.zeros(m, dtype=tg.float64).index_add(0, rows, np.sin(z[left] * z[right]))
    want = np.zeros((m, n), bool)
    want[rows, left] = want[rows, right] = True
    assert np.array_equal(func.jacobian_sparsity(f, x).toarray(), want)
    for mode in ("auto", "forward", "reverse"):
        assert np.allclose(func.sparse_jacobian(f, mode=mode)(x).toarray(), func.jacrev(f)(x).numpy())
    energy = lambda z: f(z).sum()
    near = np.zeros((n, n), bool)
    near[left, right] = near[right, left] = near[left, left] = near[right, right] = True
    assert np.array_equal(func.hessian_sparsity(energy, x).toarray(), near)
    assert np.allclose(func.sparse_hessian(energy)(x).toarray(), func.hessian(energy)(x).numpy())


def directions(monkeypatch) -> list[int]:
    """How many directions each batch of tangents holds, from now on."""
    seen: list[int] = []

    def counted(f, primals, tangents):
        seen.append(tangents[0].value.shape[0])
        return func.jvp(f, primals, tangents)

    monkeypatch.setattr(_sparse, "jvp", counted)
    return seen


def test_a_large_tridiagonal_jacobian_takes_three_passes_and_a_check(monkeypatch):
    seen = directions(monkeypatch)
    x = Tensor(R.normal(size=10_000))
    jacobian = func.sparse_jacobian(tridiagonal)
    found = jacobian(x)
    assert jacobian.passes == 3 and seen == [4]
    values = x.numpy()
    assert np.allclose(found.diagonal(), np.exp(values) * (1 + values) - 2)
    assert np.array_equal(found.diagonal(1), np.ones(9_999)) and found.nnz == 29_998
    func.sparse_jacobian(tridiagonal, pattern=found, check=False)(x)
    assert seen == [4, 3]


@pytest.mark.parametrize(("f", "shape"), [(rosenbrock, 10_000), (arrow, 10_000), (laplacian, (100, 100))])
def test_large_problems_take_as_many_passes_as_colours(monkeypatch, f, shape):
    seen = directions(monkeypatch)
    derivative = (func.sparse_jacobian if f is laplacian else func.sparse_hessian)(f)
    derivative(Tensor(R.normal(size=shape)))
    assert seen == [derivative.passes + 1] and derivative.passes == {rosenbrock: 3, arrow: 2, laplacian: 5}[f]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("chunk_size", [1, 2, 3, 100])
def test_the_passes_may_be_run_a_few_at_a_time(mode, chunk_size):
    x = Tensor(R.normal(size=(2, 6, 6)))
    found = func.sparse_jacobian(brusselator, mode=mode, chunk_size=chunk_size)(x)
    assert np.array_equal(found.toarray(), func.sparse_jacobian(brusselator, mode=mode)(x).toarray())


def test_little_memory_makes_chunks(monkeypatch):
    seen = directions(monkeypatch)
    monkeypatch.setattr(_sparse, "MEMORY", 1)
    jacobian = func.sparse_jacobian(tridiagonal)
    jacobian(Tensor(R.normal(size=9)))
    assert seen == [1, 1, 1, 1]
    monkeypatch.setattr(_sparse, "MEMORY", 2**20)
    jacobian(Tensor(R.normal(size=12)))  # another size has another pattern, and another need of memory
    assert seen[4:] == [4]


@dataclasses.dataclass
class State:
    position: Tensor
    speed: Tensor


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_containers_are_flattened_in_order(mode):
    f = lambda s, k: {"speed": s.speed * 2, "force": [-k * s.position, s.speed[:1] ** 2]}
    s = State(Tensor(R.normal(size=(2, 2))), Tensor(R.normal(size=4)))
    k = Tensor(R.normal(size=(2, 2)))
    found = func.sparse_jacobian(f, (0, 1), mode=mode)(s, k).toarray()
    assert found.shape == (9, 12)
    dense = func.jacfwd(f, (0, 1))(s, k)
    rows = []
    for block in (dense["speed"], *dense["force"]):
        parts = [block[0].position, block[0].speed, block[1]]
        m = int(np.prod(parts[1].shape[:-1]))
        rows.append(np.concatenate([p.numpy().reshape(m, -1) for p in parts], axis=1))
    assert np.allclose(found, np.concatenate(rows))


def test_hessians_of_containers_and_chosen_arguments():
    f = lambda a, b, scale=1.0: scale * (a[0] ** 2 * b["w"]).sum() + (a[1] ** 3).sum()
    a = (Tensor(R.normal(size=3)), Tensor(R.normal(size=2)))
    b = {"w": Tensor(R.normal(size=3))}
    found = func.sparse_hessian(f, (0, 1))(a, b, scale=2.0).toarray()
    x, y, w = a[0].numpy(), a[1].numpy(), b["w"].numpy()
    want = np.diag(np.concatenate([4 * w, 6 * y, np.zeros(3)]))
    want[:3, 5:] = want[5:, :3] = np.diag(4 * x)
    assert np.allclose(found, want)
    assert np.allclose(func.sparse_hessian(f, -1)(a, b).toarray(), np.zeros((3, 3)))
    assert np.array_equal(
        func.hessian_sparsity(lambda p, q: (p * q).sum(), x, w).toarray(), np.kron([[0, 1], [1, 0]], np.eye(3)) > 0
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_matrix_has_the_inputs_dtype(dtype):
    x = Tensor(R.normal(size=12).astype(dtype))
    assert func.sparse_jacobian(tridiagonal)(x).dtype == dtype
    assert func.sparse_hessian(rosenbrock)(x).dtype == dtype


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(("inside", "outside"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_a_change_of_precision_on_the_way_is_no_wrong_matrix(mode, inside, outside):
    f = lambda x: np.cumsum(np.exp(x.astype(inside)) * 1e3)[3:].astype(outside)
    for dtype in (np.float32, np.float64):
        x = Tensor(R.normal(size=30).astype(dtype))
        found = func.sparse_jacobian(f, mode=mode)(x)
        assert np.allclose(found.toarray(), func.jacfwd(f)(x).numpy(), rtol=1e-5)
        assert found.dtype == (outside if mode == "forward" else dtype)


def test_a_model_whose_parameters_require_gradients_is_differentiated_in_its_input():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = tg.randn(5, 3)
    jacobian = func.sparse_jacobian(model)
    assert np.allclose(jacobian(x).toarray(), func.jacrev(model)(x).detach().numpy().reshape(10, 15), atol=1e-6)
    assert jacobian.passes == 2 and jacobian.mode == "reverse"
    assert all(p.grad is None for p in model.parameters())


def test_infinite_derivatives_come_through():
    f = lambda x: np.sqrt(x) + np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0)
    found = func.sparse_jacobian(f)(Tensor(np.array([0.0, 1.0, 4.0])))
    assert found.diagonal().tolist() == [np.inf, 1.5, 0.5]


# -- used again -----------------------------------------------------------------------------------------------------


def counting(f):
    calls = []

    def counted(*args):
        calls.append(args)
        return f(*args)

    return counted, calls


def test_the_pattern_is_found_once_for_many_points_and_again_for_another_size():
    f, calls = counting(tridiagonal)
    jacobian = func.sparse_jacobian(f)
    jacobian(Tensor(R.normal(size=8)))
    before, pattern = len(calls), jacobian.pattern
    x = Tensor(R.normal(size=8))
    found = jacobian(x)
    assert len(calls) == before + 1 and jacobian.pattern is pattern
    assert np.allclose(found.toarray(), func.jacfwd(tridiagonal)(x).numpy())
    assert jacobian(Tensor(R.normal(size=11))).shape == (11, 11)


def test_other_arguments_that_decide_the_pattern_are_noticed_and_others_change_freely():
    f = lambda x, neighbours, k, power: k * (x[neighbours] - x) ** power
    jacobian = func.sparse_jacobian(f)
    x, k = R.normal(size=5), R.normal(size=5)
    for neighbours in (np.roll(np.arange(5), 1), np.roll(np.arange(5), 2)):
        found = jacobian(x, neighbours, k, 2).toarray()
        assert np.allclose(found, func.jacfwd(f)(x, neighbours, k, 2).numpy())
    pattern = jacobian.pattern
    assert np.allclose(jacobian(x, neighbours, k + 1, 2).toarray(), found * ((k + 1) / k)[:, None])
    assert jacobian.pattern is pattern
    jacobian(x, neighbours, k, 3)
    assert jacobian.pattern is not pattern


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_array, sp.coo_matrix, sp.csr_array])
def test_a_pattern_may_be_given(form):
    x = Tensor(R.normal(size=10))
    i, j = np.indices((10, 10))
    given = form((abs(i - j) <= 2).astype(float))
    jacobian = func.sparse_jacobian(tridiagonal, pattern=given)
    assert jacobian.passes == 5
    assert np.allclose(jacobian(x).toarray(), func.jacfwd(tridiagonal)(x).numpy())
    hessian = func.sparse_hessian(rosenbrock, pattern=given)
    assert np.allclose(hessian(x).toarray(), func.hessian(rosenbrock)(x).numpy())


def test_random_draws_are_the_same_in_all_passes_and_leave_no_trace():
    model = lambda x: nn.functional.dropout(x, 0.5) * x
    x = tg.tensor(R.normal(size=50))
    tg.manual_seed(3)
    want = func.jacfwd(model)(x).numpy()
    tg.manual_seed(3)
    assert np.allclose(func.sparse_jacobian(model, chunk_size=1)(x).toarray(), want)


def test_it_says_what_it_is():
    jacobian = func.sparse_jacobian(tridiagonal)
    assert repr(jacobian) == "sparse_jacobian(tridiagonal), not called yet"
    jacobian(Tensor(np.ones(4)))
    assert repr(jacobian) == "sparse_jacobian(tridiagonal): 4 × 4, 10 entries, 3 forward passes"
