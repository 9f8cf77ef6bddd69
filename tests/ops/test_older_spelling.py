"""What older programs write: sparse matrices, scales before tensors, numbers that are rounded as PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ShapeError

INDICES, VALUES = [[0, 1, 1, 0], [2, 0, 2, 2]], [3.0, 4.0, 5.0, 0.5]

# To the last bit, under either library: (lib) → tensor.
SAME = {
    **{
        f"linspace {first} to {last} in {steps}": lambda lib, a=first, b=last, n=steps: lib.linspace(a, b, n)
        for first, last, steps in [
            (-5, 5, 20),
            (-7, 10, 13),
            (0, 25, 100),
            (-3.14159, 3.14159, 999),
            (0.1, 0.7, 2),
            (2, 3, 1),
        ]
    },
    "linspace in doubles": lambda lib: lib.linspace(0.1, 0.7, 33, dtype=lib.float64),
    "linspace of integers": lambda lib: lib.linspace(1, 10, 4, dtype=lib.int64),
    "cubes": lambda lib: lib.linspace(-3, 3, 1000) ** 3,
    "cubes of doubles": lambda lib: lib.linspace(-3, 3, 1000, dtype=lib.float64).pow(3.0),
    "cubes of integers": lambda lib: lib.arange(-4, 5) ** 3,
    "add with the scale first": lambda lib: lib.ones(3).add(-0.5, lib.arange(3.0)),
    "sub with the scale first": lambda lib: lib.ones(3).sub(2, lib.arange(3.0)),
    "add_ with the scale first": lambda lib: lib.ones(3).add_(-0.5, lib.arange(3.0)),
    "dropout2d of a matrix": lambda lib: (lib.manual_seed(0), lib.nn.functional.dropout2d(lib.ones(3, 4)))[1],
    "histogram of a hundred bins": lambda lib: lib.histogram(lib.arange(7.0)).hist,
    "a sparse matrix": lambda lib: lib.sparse_coo_tensor(lib.tensor(INDICES), lib.tensor(VALUES), (2, 4)).to_dense(),
    "as large as its indices": lambda lib: lib.sparse_coo_tensor(lib.tensor(INDICES), lib.tensor(VALUES)).to_dense(),
    "in another dtype": lambda lib: lib.sparse_coo_tensor(
        np.array(INDICES), lib.ones(4), (2, 3), dtype=lib.int64
    ).to_dense(),
    "of rows": lambda lib: lib.sparse_coo_tensor(lib.tensor([[1, 0]]), lib.ones(2, 3), (4, 3)).to_dense(),
    "sparse.FloatTensor": lambda lib: lib.sparse.FloatTensor(
        lib.tensor(INDICES), lib.tensor(VALUES), lib.Size([2, 3])
    ).to_dense(),
    "spmm": lambda lib: lib.spmm(lib.eye(3).to_sparse(), lib.arange(6.0).view(3, 2)),
    "sparse.mm": lambda lib: lib.sparse.mm(lib.eye(3).to_sparse().coalesce(), lib.arange(6.0).view(3, 2)),
}


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", SAME.values(), ids=SAME)
def test_the_result_is_pytorch_s_to_the_last_bit(case):
    torch = pytest.importorskip("torch")
    ours, theirs = case(tg).numpy(), case(torch).numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


def test_a_sparse_matrix_is_differentiated_in_its_values():
    values = tg.tensor(VALUES, requires_grad=True)
    product = tg.sparse.mm(tg.sparse_coo_tensor(INDICES, values, (2, 3)), tg.tensor([[1.0], [2.0], [3.0]]))
    product[0].sum().backward()
    assert values.grad.tolist() == [3.0, 0.0, 0.0, 3.0]


def test_indices_and_values_of_a_sparse_matrix_have_to_fit():
    with pytest.raises(ShapeError, match=r"they have \(2, 4\) and \(3,\)"):
        tg.sparse_coo_tensor(INDICES, [1.0, 2.0, 3.0])
    for size in ((1, 3), (2, 2), (2,)):
        with pytest.raises(ShapeError, match=r"need a size of \[2, 3\] or more"):
            tg.sparse_coo_tensor(INDICES, VALUES, size)
    with pytest.raises(ShapeError, match="or more"):
        tg.sparse_coo_tensor([[-1]], [1.0], (2,))
