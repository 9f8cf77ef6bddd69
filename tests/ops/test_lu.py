"""`linalg.lu` and its kin, and the `_ex` functions, against PyTorch: values, gradients, tangents, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import LinAlgError, UnsupportedError

RNG = np.random.default_rng(5)
A = RNG.normal(size=(2, 4, 4))
B = RNG.normal(size=(2, 4, 3))
Z = RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3))

CALLS = {
    "lu": lambda L, T, a, b: L.lu(a),
    "lu of one": lambda L, T, a, b: L.lu(a[0]),
    "lu_factor": lambda L, T, a, b: L.lu_factor(a),
    "lu_solve": lambda L, T, a, b: (L.lu_solve(*L.lu_factor(a), b),),
    "lu_solve adjoint": lambda L, T, a, b: (L.lu_solve(*L.lu_factor(a), b, adjoint=True),),
    "lu_solve right": lambda L, T, a, b: (L.lu_solve(*L.lu_factor(a), b.mT, left=False),),
    "inv_ex": lambda L, T, a, b: L.inv_ex(a),
    "solve_ex": lambda L, T, a, b: L.solve_ex(a, b),
    "cholesky_ex": lambda L, T, a, b: L.cholesky_ex(a @ a.mT),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    found = []
    for lib in (tg, torch):
        a, b = lib.tensor(A, requires_grad=True), lib.tensor(B, requires_grad=True)
        parts = CALLS[name](lib.linalg, lib, a, b)
        total = sum(
            (p * lib.cos(lib.arange(1.0 * p.numel()).reshape(p.shape).double())).sum() for p in parts if p.requires_grad
        )
        total.backward()
        found.append([p.detach().numpy() for p in parts] + [x.grad.numpy() for x in (a, b) if x.grad is not None])
    for ours, theirs in zip(*found, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.oracle
def test_complex_factors_are_pytorchs():
    torch = pytest.importorskip("torch")
    for ours, theirs in zip(tg.linalg.lu(tg.tensor(Z)), torch.linalg.lu(torch.tensor(Z)), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-10, atol=1e-12)


def test_the_factors_multiply_to_the_matrix_also_where_it_is_singular():
    for a in (A, np.ones((3, 3)), np.zeros((2, 2)), np.zeros((0, 0)), np.eye(3)[[2, 0, 1]]):
        p, lower, upper = tg.linalg.lu(tg.tensor(a))
        assert np.allclose((p @ lower @ upper).numpy(), a)
    assert np.allclose(tg.vmap(lambda a: tg.linalg.lu(a).U)(tg.tensor(A)).numpy(), tg.linalg.lu(tg.tensor(A)).U.numpy())


def test_what_fails_is_told_by_its_info_or_raised():
    singular = tg.ones(2, 2)
    found = tg.linalg.inv_ex(singular)
    assert found.info.item() == 1 and found.result.isnan().all()
    assert tg.linalg.cholesky_ex(-tg.eye(2)).info.item() == 1
    assert tg.linalg.solve_ex(singular, tg.ones(2, 3)).result.shape == (2, 3)
    assert tg.linalg.inv_ex(tg.eye(2)).info.item() == 0
    for call in (
        lambda: tg.linalg.inv_ex(singular, check_errors=True),
        lambda: tg.linalg.lu(tg.ones(2, 3)),
        lambda: tg.linalg.lu_factor(tg.ones(3)),
    ):
        with pytest.raises(tg.linalg.LinAlgError) as caught:
            call()
        assert isinstance(caught.value, LinAlgError)
    with pytest.raises(UnsupportedError, match="lu: pivot=False isn't supported"):
        tg.linalg.lu(tg.eye(2), pivot=False)
