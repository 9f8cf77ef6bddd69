"""What the rows of NumPy's calls don't reach: PyTorch's functions of shapes and products, `r_` and `c_`, memory, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import central
from tinygrad_edu import func
from tinygrad_edu.ops import create, grid, join, product, rearrange, shape, split, take, triangle, window

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(5)
V, M, N, Q = (RNG.normal(size=s) for s in ((4,), (3, 4), (4, 3), (2, 3, 4)))
P, Z = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3))

# name: ours, PyTorch's, arguments. Values and gradients are compared.
TWINS = {
    "narrow": (split.narrow, torch.narrow, M, 1, 1, 2),
    "narrow from the end": (split.narrow, torch.narrow, M, 0, -2, 1),
    "select": (split.select, torch.select, M, -1, -2),
    "chunk": (split.chunk, torch.chunk, V, 3),
    "tensor_split": (split.tensor_split, torch.tensor_split, V, 3),
    "tensor_split at": (split.tensor_split, torch.tensor_split, M, (1, 3), 1),
    "split": (split.split, torch.split, M, [1, 3], 1),
    "unfold": (window.unfold, torch.Tensor.unfold, M, 1, 2, 2),
    "unflatten": (shape.unflatten, torch.unflatten, M, 1, (2, -1)),
    "repeat_interleave": (rearrange.repeat, torch.repeat_interleave, M, 2, 0),
    "tile": (rearrange.tile, torch.tile, M, (2, 1, 2)),
    "index_select": (take.index_select, torch.index_select, M, 1, np.array([2, 0, 2])),
    "masked_select": (take.masked_select, torch.masked_select, M, V > 0),
    "block_diag": (triangle.block_diag, torch.block_diag, M, V, N),
    "diag_embed": (triangle.diag_embed, torch.diag_embed, M, 1),
    "diag_embed in a plane": (triangle.diag_embed, torch.diag_embed, Q, -1, 0, 2),
    "cartesian_prod": (grid.cartesian_prod, torch.cartesian_prod, V, V[:2]),
    "cartesian_prod of one": (grid.cartesian_prod, torch.cartesian_prod, V),
    "combinations": (grid.combinations, torch.combinations, V, 3),
    "combinations with replacement": (grid.combinations, torch.combinations, V, 2, True),
    "bmm": (product.bmm, torch.bmm, Q, P),
    "mv": (product.mv, torch.mv, M, V),
    "ger": (product.ger, torch.ger, V, V),
    "addmm": (lambda *a: product.addmm(*a, beta=2, alpha=0.5), lambda *a: torch.addmm(*a, beta=2, alpha=0.5), M[:, :3], M, N),
    "addmv": (product.addmv, torch.addmv, M[:, 0], M, V),
    "addr": (product.addr, torch.addr, M, M[:, 0], V),
    "baddbmm": (product.baddbmm, torch.baddbmm, Q[:, :, :3], Q, P),
    "addbmm": (product.addbmm, torch.addbmm, M[:, :3], Q, P),
    "chain_matmul": (product.chain_matmul, lambda *ms: torch.linalg.multi_dot(ms), M, N, M),
    "cdist": (product.cdist, torch.cdist, M, M + np.eye(3, 4)),
    "cdist at zero": (product.cdist, torch.cdist, M, M[:2]),
    "tril": (triangle.tril, torch.tril, M, -1),
    "diagonal": (triangle.diagonal, torch.diagonal, Q, 1, -1, 0),
    "vdot": (product.vdot, torch.vdot, Z[0], Z[1]),
    "complex matmul": (product.matmul, torch.matmul, Z, Z),
}  # fmt: skip


def _leaves(y):
    return list(y) if isinstance(y, tuple | list) else [y]


@pytest.mark.parametrize("name", TWINS)
def test_pytorchs_functions_give_what_pytorch_gives(name):
    ours, theirs, *args = TWINS[name]
    moving = [i for i, a in enumerate(args) if isinstance(a, np.ndarray) and a.dtype.kind in "fc"]
    mine = [tg.tensor(a, requires_grad=i in moving) if isinstance(a, np.ndarray) else a for i, a in enumerate(args)]
    other = [torch.tensor(a, requires_grad=i in moving) if isinstance(a, np.ndarray) else a for i, a in enumerate(args)]
    got, want = _leaves(ours(*mine)), _leaves(theirs(*other))
    assert [g.shape for g in got] == [tuple(w.shape) for w in want]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g.detach().numpy(), w.detach().numpy(), atol=1e-12)
    weights = [RNG.normal(size=g.shape) for g in got]
    sum(
        abs(g * w).sum() if g.dtype.kind == "c" else (g * w).sum() for g, w in zip(got, weights, strict=True)
    ).backward()
    pairs = zip(want, map(torch.tensor, weights), strict=True)
    sum((y * w).abs().sum() if y.is_complex() else (y * w).sum() for y, w in pairs).backward()
    for i in moving:
        np.testing.assert_allclose(mine[i].grad.numpy(), other[i].grad.numpy(), atol=1e-12)


# -- r_ and c_ -----------------------------------------------------------------------------------------------------

A, B = np.array([1.0, 2.0]), np.array([[3.0, 4.0]])
JOINS = {
    "numbers and a range": lambda r_, c_, a, b: r_[a, 0.1, 1:4, a],
    "points": lambda r_, c_, a, b: r_[0:1:5j, a],
    "an axis": lambda r_, c_, a, b: r_["1", b, b],
    "rows": lambda r_, c_, a, b: r_["0,2", a, b],
    "columns": lambda r_, c_, a, b: r_["0,2,0", a, a],
    "three axes": lambda r_, c_, a, b: r_["1,3,1", a, a],
    "c_": lambda r_, c_, a, b: c_[a, a, b.T],
    "c_ of a range": lambda r_, c_, a, b: c_[a, 0:2],
}


@pytest.mark.parametrize("name", JOINS)
def test_r_and_c_join_as_numpys_do(name):
    f = JOINS[name]
    want = f(np.r_, np.c_, A, B)
    a, b = tg.tensor(A), tg.tensor(B)
    got = f(join.r_, join.c_, a, b)
    np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=0)
    gradient = func.grad(lambda a, b: (f(join.r_, join.c_, a, b) * tg.tensor(want)).sum(), (0, 1))(a, b)
    slope = sum((g.numpy() * x).sum() for g, x in zip(gradient, (A, B), strict=True))
    assert slope == pytest.approx(central(lambda a, b: (f(np.r_, np.c_, a, b) * want).sum(), [A, B], [A, B])[0])


def test_r_makes_matrices_of_its_letters():
    assert join.r_["r", tg.tensor(A)].shape == (1, 2)
    assert join.r_["c", tg.tensor(A)].shape == (2, 1)


# -- numbers beside tensors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.append(x, 0.1),
        lambda x: np.concatenate([[0.1], x]),
        lambda x: np.stack([x, [0.1, 0.2]]),
        lambda x: join.r_[x, 0.1],
        lambda x: np.insert(x, 0, 0.1),
        lambda x: np.pad(x, 1, constant_values=0.1),
        lambda x: np.linspace(x, 0.1, 3),
        lambda x: np.geomspace(x, 0.1, 3),
        lambda x: np.polyadd(x, [0.1]),
        lambda x: np.polyder(x),
        lambda x: np.polyint(x),
        lambda x: np.vander(x),
        lambda x: np.convolve(x, [0.1]),
        lambda x: np.kron(x, 0.1),
        lambda x: np.full_like(x, 0.1),
    ],
)
def test_numbers_take_the_tensors_precision_and_are_not_rounded_on_the_way(f, dtype):
    got, want = f(tg.tensor(A.astype(dtype))), f(A)
    assert got.dtype == dtype
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6 if dtype == np.float32 else 1e-15)


# -- memory --------------------------------------------------------------------------------------------------------

X = tg.tensor(np.arange(12.0).reshape(3, 4))
VIEWS = {
    "reshape": lambda: np.reshape(X, (4, 3)),
    "transpose": lambda: np.transpose(X),
    "expand_dims": lambda: np.expand_dims(X.mT, 1),
    "squeeze": lambda: np.squeeze(X[:, :1]),
    "broadcast_to": lambda: np.broadcast_to(X, (2, 3, 4)),
    "diagonal": lambda: np.diagonal(X),
    "split": lambda: split.split(X, 2)[1],
    "unstack": lambda: np.unstack(X)[1],
    "narrow": lambda: split.narrow(X, 1, 0, 2),
}
COPIES = {
    "flip": lambda: np.flip(X),
    "roll by nothing": lambda: np.roll(X, 0),
    "rot90 by nothing": lambda: np.rot90(X, 0),
    "tile once": lambda: np.tile(X, 1),
    "repeat once": lambda: np.repeat(X, 1, axis=0),
    "resize to the same": lambda: np.resize(X, (3, 4)),
    "pad by nothing": lambda: np.pad(X, 0, "edge"),
    "windows": lambda: np.lib.stride_tricks.sliding_window_view(X, 1, 0),
    "concatenate one": lambda: np.concatenate([X]),
    "block": lambda: join.block(X),
    "delete nothing": lambda: np.delete(X, [], 0),
    "diag": lambda: np.diag(X),
    "tril": lambda: np.tril(X, 9),
    "einsum": lambda: np.einsum("ij->ji", X),
    "einsum of a diagonal": lambda: np.einsum("ii->i", X[:, :3]),
    "meshgrid": lambda: np.meshgrid(X[0], X[0])[0],
    "full": lambda: np.full((2, 4), X[0], like=X),
    "copy": lambda: np.copy(X),
    "array": lambda: np.array(X, like=X),
    "polyder of order zero": lambda: np.polyder(X[0], 0),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shares_memory(name):
    assert np.shares_memory(VIEWS[name](), X)


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_shares_no_memory(name):
    assert not np.shares_memory(COPIES[name](), X)


def test_a_diagonal_can_be_written_to():
    x = tg.zeros(2, 3)
    np.diagonal(x, 1)[...] = tg.tensor([1.0, 2.0])
    assert x.tolist() == [[0, 1, 0], [0, 0, 2]]


def test_a_write_to_a_diagonal_reaches_the_graph():
    x = tg.tensor(np.ones((2, 3, 3)), requires_grad=True)
    v = tg.tensor([[2.0, 3.0], [4.0, 5.0]], requires_grad=True)
    y = x * 1
    np.diagonal(y, -1, 1, 2)[...] = v
    (y * y).sum().backward()
    assert v.grad.tolist() == [[4, 6], [8, 10]]
    assert np.array_equal(x.grad.numpy(), 2 * (1 - np.eye(3, k=-1)) * np.ones((2, 1, 1)))


# -- the rest ------------------------------------------------------------------------------------------------------


def test_pad_by_a_function_that_writes_in_place():
    def border(vector, width, axis, kwargs):
        vector[: width[0]] = vector[width[0]] * kwargs["factor"]

    want = np.pad(M, ((2, 0), (1, 0)), border, factor=3.0)
    x = tg.tensor(M, requires_grad=True)
    y = np.pad(x, ((2, 0), (1, 0)), border, factor=3.0)
    np.testing.assert_allclose(y.detach().numpy(), want)
    y.sum().backward()
    ones = [np.eye(12)[i].reshape(3, 4) for i in range(12)]
    slopes = [np.pad(e, ((2, 0), (1, 0)), border, factor=3.0).sum() for e in ones]
    np.testing.assert_allclose(x.grad.numpy(), np.reshape(slopes, (3, 4)))


def test_pad_with_constants_to_differentiate_by():
    c = tg.tensor(2.0, requires_grad=True)
    np.pad(tg.ones(2, 2), 1, constant_values=c).sum().backward()
    assert c.grad.item() == 12


def test_roots_split_off_zeros_at_both_ends():
    p = np.array([0.0, 1.0, -3.0, 2.0, 0.0])
    np.testing.assert_allclose(sorted(np.roots(tg.tensor(p)).numpy().real), [0, 1, 2], atol=1e-12)
    assert np.roots(tg.zeros(3)).shape == (0,)


def test_leading_zeros_stay_where_numpy_drops_them():
    assert np.polymul(tg.tensor([0.0, 1.0]), [1.0, 2.0]).tolist() == [0, 1, 2]


def test_makers_of_constants():
    assert create.full((2,), 3.5).dtype == np.float32
    assert create.logspace(0, 2, 3, base=2).tolist() == [1, 2, 4]
    assert create.full_like(X, 7).dtype == np.float64
    assert create.empty(2, 3).shape == create.empty_like(tg.ones(2, 3)).shape == (2, 3)
    assert create.ones_like(X, requires_grad=True).requires_grad
    assert create.eye(2, 3, requires_grad=True).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert np.zeros((2, 3), like=X).dtype == np.float32


def test_questions_about_dtypes():
    assert np.result_type(X, np.float32) == np.float64
    assert np.can_cast(X.dtype, np.float64)
    assert np.min_scalar_type(tg.tensor(200)) == np.uint8
    assert np.common_type(X) is np.float64


def test_indices_of_triangles():
    assert np.array_equal(triangle.tril_indices(2, 3, -1).numpy(), torch.tril_indices(2, 3, -1).numpy())
    assert np.array_equal(triangle.triu_indices(2, 3, 1).numpy(), torch.triu_indices(2, 3, 1).numpy())


def test_beta_zero_ignores_even_nan():
    y = product.addmm(tg.full((3, 3), np.nan), tg.tensor(M), tg.tensor(N), beta=0)
    np.testing.assert_allclose(y.numpy(), M @ N)


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
def test_the_cross_product_of_vectors_in_a_plane():
    a, b = M[:, :2], M[:, 1:3]
    np.testing.assert_allclose(np.cross(tg.tensor(a), tg.tensor(b)).numpy(), a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    space = np.concatenate([a, np.zeros((3, 1))], 1)
    np.testing.assert_allclose(np.cross(tg.tensor(a), tg.tensor(M[:, :3])).numpy(), np.cross(space, M[:, :3]))
