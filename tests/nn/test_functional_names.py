"""Names of `nn.functional` that are second spellings or write in place, and bags' maxima, against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GraphError, ShapeError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(4, 6))
IMAGE = RNG.normal(size=(2, 4, 6, 6))
FLAT, OFFSETS = np.array([0, 3, 3, 5, 2, 0, 1]), np.array([0, 2, 2, 5])

CALLS = {
    **{
        name: (lambda F, T, x, name=name, args=args: getattr(F, name)(x * 1, *args), X)
        for name, args in {
            "relu_": (), "elu_": (0.5,), "selu_": (), "celu_": (0.5,), "leaky_relu_": (0.2,), "hardtanh_": (-0.5, 0.5),
            "threshold_": (0.1, 0.0),
        }.items()
    },
    "max_pool1d_with_indices": (lambda F, T, x: F.max_pool1d_with_indices(x[:, 0], 2), IMAGE),
    "max_pool2d_with_indices": (lambda F, T, x: F.max_pool2d_with_indices(x, 2, stride=1), IMAGE),
    "max_pool3d_with_indices": (lambda F, T, x: F.max_pool3d_with_indices(x[None], 2), IMAGE),
    "adaptive_max_pool2d_with_indices": (lambda F, T, x: F.adaptive_max_pool2d_with_indices(x, 3), IMAGE),
    "channel_shuffle": (lambda F, T, x: F.channel_shuffle(x, 2), IMAGE),
    "pdist": (lambda F, T, x: F.pdist(x), X),
    "pdist of order 1": (lambda F, T, x: F.pdist(x, 1.0), X),
    "the largest of bags": (lambda F, T, x: F.embedding_bag(T.tensor(FLAT), x, T.tensor(OFFSETS), mode="max"),
        RNG.normal(size=(6, 3))),
    "the largest of padded bags": (
        lambda F, T, x: F.embedding_bag(T.tensor([[0, 3, 2], [3, 3, 3]]), x, mode="max", padding_idx=3), RNG.normal(size=(6, 3)),
    ),
    "the largest, up to a last offset": (
        lambda F, T, x: F.embedding_bag(T.tensor(FLAT), x, T.tensor([0, 3, 7]), mode="max", include_last_offset=True),
        RNG.normal(size=(6, 3)),
    ),
}  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    call, data = CALLS[name]
    found = []
    for lib in (tg, torch):
        x = lib.tensor(data, requires_grad=True)
        y = call(lib.nn.functional, lib, x)
        parts = y if isinstance(y, tuple) else (y,)
        (parts[0] * lib.cos(lib.arange(1.0 * parts[0].numel()).reshape(parts[0].shape).double())).sum().backward()
        found.append([*(p.detach().numpy() for p in parts), x.grad.numpy()])
    for ours, theirs in zip(*found, strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_a_write_in_place_returns_the_tensor_itself_and_a_leaf_refuses_it():
    x = tg.tensor([-1.0, 2.0])
    assert tg.nn.functional.relu_(x) is x and x.tolist() == [0.0, 2.0]
    with pytest.raises(GraphError, match="relu_"):
        tg.nn.functional.relu_(tg.ones(2, requires_grad=True))


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"pdist: the input must have shape \(N, D\), it has \(3,\)"):
        tg.nn.functional.pdist(tg.ones(3))
    with pytest.raises(ShapeError, match=r"channel_shuffle: 3 groups don't divide"):
        tg.nn.functional.channel_shuffle(tg.ones(1, 4, 2), 3)
