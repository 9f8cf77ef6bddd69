"""What users call: NumPy's spelling on Tensors gives what NumPy gives on arrays, with both derivatives; PyTorch's spelling
gives what PyTorch gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.ops.checks import central
from tinygrad_edu import func
from tinygrad_edu.ops import join, reduce

RNG = np.random.default_rng(3)
A, B, C = RNG.uniform(0.5, 2, (2, 3, 4)), RNG.uniform(0.5, 2, (3, 4)), RNG.uniform(0.5, 2, 4)
INDEX = np.array([[0, 2], [1, 1]])

# Each row is run with NumPy arrays and with Tensors: the same source, the same value, and derivatives that fit the differences.
NUMPY_ROWS = {
    "arithmetic": lambda a, b, c: (a + b) * c - a / b + 2 * a - 1 / c + (-a) ** 2 + 2.0**c,
    "power": lambda a, b, c: a**b + b**3 + c**0.5 + c**-1,
    "elementary": lambda a, b, c: np.exp(-a) * np.log(b) + np.sqrt(c) + np.log1p(a) - np.expm1(-b) + np.log2(a) * np.log10(b),
    "trigonometry": lambda a, b, c: np.sin(a) * np.cos(b) + np.tan(c / 2) + np.tanh(a) + np.arctan(b) + np.sinh(c) / np.cosh(c),
    "choices": lambda a, b, c: np.maximum(a, b) + np.minimum(b, c) * np.where(a > 1, a, b) + np.abs(a - b),
    "clip": lambda a, b, c: np.clip(a, 0.8, 1.5) * b,
    "remainder": lambda a, b, c: (a + 3) % 0.7 + np.floor(a) * b,
    "sum": lambda a, b, c: np.sum(a, axis=(0, 2)) + b.sum() + np.sum(c, keepdims=True),
    "mean": lambda a, b, c: np.mean(a, axis=-1) + np.mean(b),
    "var and std": lambda a, b, c: np.var(a, axis=1) + np.std(b, axis=0, ddof=1),
    "max and min": lambda a, b, c: np.max(a, axis=(1, 2)) * np.min(b) + np.amax(c),
    "prod": lambda a, b, c: np.prod(a, axis=1) + np.prod(b) + np.prod(c, keepdims=True),
    "reshape": lambda a, b, c: np.reshape(a, (4, -1)) * 2 + np.ravel(b)[:6],
    "transpose": lambda a, b, c: np.transpose(a, (2, 0, 1)) + np.swapaxes(b, 0, 1)[:, None] + np.moveaxis(a, 0, 1).T,
    "expand": lambda a, b, c: np.broadcast_to(c, (3, 4)) * np.expand_dims(b, (0, 2))[0, :, 0] + np.squeeze(c[None]),
    "join": lambda a, b, c: np.concatenate([b, c[None], b]) * np.stack([c] * 7) + np.flip(c),
    "join flat": lambda a, b, c: np.concatenate([b, c], axis=None),
    "split": lambda a, b, c: np.split(c, 2)[1] * np.array_split(c, [1, 3])[1] + np.split(a, 2, axis=-1)[0],
    "pad": lambda a, b, c: np.pad(b, ((1, 0), (2, 1))) + np.pad(b, ((1, 0), (2, 1)), constant_values=2.0),
    "slices": lambda a, b, c: a[1, ::2, 1:3] * b[None, ..., -1:, 0] + c[-2:],
    "index arrays": lambda a, b, c: b[INDEX, INDEX] + c[INDEX] + a[:, INDEX].sum(),
    "index mixes": lambda a, b, c: a[0, :, INDEX] + a[:, [1, 1], 2].sum() + a[INDEX[1], 1:, INDEX[0]].sum(),
    "index mask": lambda a, b, c: b[B > 1] * 2 + a[:, B > 1].sum(0),
    "take": lambda a, b, c: np.take(c, INDEX) + np.take(b, [0, 2], axis=1).sum() + np.take_along_axis(b, INDEX[[0, 1, 0]], 1).sum(),
    "matmul": lambda a, b, c: a @ b.T @ b + b @ c @ np.ones((3, 4)) + (c @ b.T).sum() + c @ c,
    "matmul stacks": lambda a, b, c: np.matmul(a, b.T) @ np.matmul(b, a.swapaxes(1, 2) if isinstance(a, np.ndarray) else a.mT),
    "dot": lambda a, b, c: np.dot(b, c) + np.inner(b, c) + np.dot(a, c).sum() + np.dot(2.0, c).sum(),
    "outer": lambda a, b, c: np.outer(b, c) + np.tensordot(c, c, 0).sum() + np.tensordot(a, b, axes=([1, 2], [0, 1])).sum(),
    "einsum": lambda a, b, c: np.einsum("ijk,jk,k->i", a, b, c) + np.einsum("...k,k", b, c).sum() + np.einsum("ij->", b),
    "einsum diagonal": lambda a, b, c: np.einsum("ii->i", b[:, :3]) + np.einsum("ii", b[:, :3]) + np.einsum(b, [0, 1], [1, 0])[0],
    "constants": lambda a, b, c: np.ones(4) * c + np.float64(2) * c + 3 * c + [1.0, 2.0, 3.0, 4.0] * c,
}  # fmt: skip


@pytest.mark.parametrize("name", NUMPY_ROWS)
def test_numpys_spelling(name):
    f = NUMPY_ROWS[name]
    ours = f(*map(tg.tensor, (A, B, C)))
    want = f(A, B, C)
    np.testing.assert_allclose(ours.numpy(), want, rtol=1e-12, atol=1e-12)
    assert ours.shape == np.shape(want)
    directions = [RNG.normal(size=v.shape) for v in (A, B, C)]
    (difference,) = central(f, [A, B, C], directions)
    tangent = func.jvp(f, tuple(map(tg.tensor, (A, B, C))), tuple(directions))[1]
    np.testing.assert_allclose(tangent.numpy(), difference, rtol=1e-6, atol=1e-7)
    weights = RNG.normal(size=ours.shape)
    pulled = func.vjp(f, *map(tg.tensor, (A, B, C)))[1](weights)
    forward = (weights * difference).sum()
    assert sum((b.numpy() * d).sum() for b, d in zip(pulled, directions, strict=True)) == pytest.approx(
        forward, rel=1e-6, abs=1e-7
    )


shapes = hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=1, max_side=3, max_dims=3)


@given(shapes, st.sampled_from(["add", "subtract", "multiply", "divide", "maximum"]), st.integers(0, 100))
def test_broadcasting_is_numpys_and_its_gradients_have_the_arguments_shapes(met, name, seed):
    rng = np.random.default_rng(seed)
    # All values are well apart, so that the differences below don't step over a kink of `maximum`.
    spread = iter(rng.permutation(np.linspace(0.5, 2, sum(map(math.prod, met.input_shapes)))))
    arrays = [np.array([next(spread) for _ in range(math.prod(s))]).reshape(s) for s in met.input_shapes]
    leaves = [tg.tensor(a, requires_grad=True) for a in arrays]
    y = getattr(np, name)(*leaves)
    np.testing.assert_array_equal(y.detach().numpy(), getattr(np, name)(*arrays))
    y.sum().backward()
    assert [leaf.grad.shape for leaf in leaves] == [a.shape for a in arrays]
    directions = [rng.normal(size=a.shape) for a in arrays]
    (difference,) = central(lambda *v: getattr(np, name)(*v).sum(), arrays, directions)
    got = sum((leaf.grad.numpy() * d).sum() for leaf, d in zip(leaves, directions, strict=True))
    assert got == pytest.approx(difference, rel=1e-6, abs=1e-6)


def _index(dims: tuple[int, ...]):
    return hnp.basic_indices(dims, allow_newaxis=True) | hnp.integer_array_indices(dims)


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
def test_every_index_that_numpy_takes_gives_its_values_and_a_scattered_gradient(data, dims):
    key = data.draw(_index(dims))
    x = np.arange(float(np.prod(dims))).reshape(dims)
    leaf = tg.tensor(x, requires_grad=True)
    y = leaf[key]
    np.testing.assert_array_equal(y.detach().numpy(), x[key])
    weights = np.random.default_rng(0).normal(size=np.shape(x[key]))
    y.backward(weights)
    want = np.zeros(dims)
    np.add.at(want, key, weights)
    np.testing.assert_allclose(leaf.grad.numpy(), want)


PYTORCH_ROWS = {
    "sum": lambda m, x: x.sum(1, keepdim=True) + x.sum(dim=(0, 2), keepdim=True) + x.sum(),
    "mean": lambda m, x: x.mean(-1) + m.mean(x, 1)[:, :1],
    "var": lambda m, x: x.var(1) + x.var(0, unbiased=False).sum() + x.std(dim=1, keepdim=True)[:, 0] + x.var(),
    "max": lambda m, x: x.max(1).values * x.min(dim=1, keepdim=True).values[:, 0] + x.max(),
    "argmax": lambda m, x: x * (x.argmax(2, keepdim=True) == 1) + x.argmin(),
    "clamp": lambda m, x: x.clamp(0.6, 1.2) + x.clamp(min=1.0) + m.clamp(x, max=1.1),
    "shapes": lambda m, x: x.view(6, 4).t().reshape(2, 12).unsqueeze(1).expand(2, 3, 12).squeeze(0).flatten(1).permute(1, 0),
    "flatten": lambda m, x: x.flatten(0, 1) * x.flatten()[0] + x.transpose(0, 2).flatten(1).T,
    "chunks": lambda m, x: x.chunk(2, 2)[1] * x.split([1, 3], 2)[0] + m.cat(x.unbind(0)).sum() + m.stack([x[0], x[1]]).sum(),
    "masks": lambda m, x: x.masked_fill(x > 1, 0.5) + m.where(x > 1, x, x * x) + x.relu().tanh().sigmoid(),
    "gather": lambda m, x: x.gather(2, (x.argmax(2, keepdim=True)))[..., 0],
    "norm": lambda m, x: x.norm() + x.norm(dim=1) + x.abs().sqrt().logsumexp(1),
    "softmax": lambda m, x: x.softmax(1) * x.log_softmax(-1) + m.softmax(x, 0) + m.log_softmax(x, 2),
    "products": lambda m, x: (x @ x.mT).bmm(x) + m.einsum("bij,bkj->bik", x, x).sum() + m.matmul(x[0], x[0, 0]).sum(),
    "prod": lambda m, x: x.prod(1) + x.prod() + x.prod(2, keepdim=True).sum(),
    "iteration": lambda m, x: sum(row.sum(0) * i for i, row in enumerate(x)) + len(x),
    "alpha": lambda m, x: x.add(x, alpha=2).sub(1, alpha=3).mul(2).div(x).pow(2).neg() + x.square() + x.reciprocal(),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", PYTORCH_ROWS)
def test_pytorchs_spelling(name):
    torch = pytest.importorskip("torch")
    f = PYTORCH_ROWS[name]
    ours, theirs = tg.tensor(A, requires_grad=True), torch.tensor(A, requires_grad=True)
    y, want = f(tg, ours), f(torch, theirs)
    np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy(), rtol=1e-12, atol=1e-12)
    weights = RNG.normal(size=y.shape)
    y.backward(tg.tensor(weights))
    want.backward(torch.tensor(weights))
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_edge_shapes():
    empty = tg.tensor(np.zeros((0, 3)), requires_grad=True)
    assert empty.sum().item() == 0.0 and reduce.prod(empty).item() == 1.0
    (empty @ tg.tensor(np.ones((3, 2)))).sum().backward()
    assert empty.grad.shape == (0, 3)
    assert join.concatenate([empty, empty]).shape == (0, 3)
    point = tg.tensor(np.float64(2.0), requires_grad=True)
    (point * np.einsum(",->", point, point)).backward()
    assert point.grad.item() == pytest.approx(12.0)
    assert [p.item() for p in tg.tensor([[1.0], [2.0]])] == [1.0, 2.0]
