"""Data sets, samplers and loaders: the order is PyTorch's from the same seed, and batches are what they should be."""

from collections import namedtuple
from itertools import islice

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError
from tinygrad_edu.utils import data

N = 23
X = np.arange(N * 6, dtype=np.float32).reshape(N, 2, 3)
Y = np.arange(N)
SEED_0 = [[0, 4, 3], [5, 2, 1], [2, 3, 1], [5, 4, 0]]


class Squares(data.Dataset):
    """Examples that are computed, so that they can't be fetched as a batch."""

    def __len__(self):
        return N

    def __getitem__(self, i):
        return i, i**2


LOADERS = {
    "in order": {"batch_size": 4},
    "without the rest": {"batch_size": 4, "drop_last": True},
    "shuffled": {"batch_size": 4, "shuffle": True},
    "shuffled, without the rest": {"batch_size": 5, "shuffle": True, "drop_last": True},
    "in one batch": {"batch_size": 100, "shuffle": True},
    "one by one": {"batch_size": None, "shuffle": True},
    "with a generator": {"batch_size": 4, "shuffle": True, "generator": 7},
    "with workers": {"batch_size": 4, "shuffle": True, "num_workers": 0, "pin_memory": False},
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", LOADERS)
def test_the_order_is_pytorch_s_from_the_same_seed_pass_after_pass(name):
    import torch
    import torch.utils.data

    passes = []
    for lib in (tg, torch):
        options = dict(LOADERS[name])
        if "generator" in options:
            options["generator"] = lib.Generator().manual_seed(options["generator"])
        lib.manual_seed(5)
        found = []
        whole = lib.utils.data.TensorDataset(lib.tensor(Y))
        for dataset in (whole, Squares(), lib.utils.data.Subset(whole, list(range(3, 20)))):
            loader = lib.utils.data.DataLoader(dataset, **options)
            for _ in range(2):
                found += [np.asarray(batch[0]).tolist() for batch in loader]
            found.append([len(loader)])
        found.append(lib.rand(2).tolist())
        passes.append(found)
    assert passes[0] == passes[1]


SAMPLERS = [
    {},
    {"num_samples": 10},
    {"num_samples": 60},
    {"num_samples": 46},
    {"replacement": True},
    {"replacement": True, "num_samples": 100},
]


@pytest.mark.oracle
@pytest.mark.parametrize("options", SAMPLERS)
def test_random_samplers_are_pytorch_s(options):
    import torch
    import torch.utils.data

    found = []
    for lib in (tg, torch):
        lib.manual_seed(1)
        own = lib.Generator().manual_seed(2)
        found.append(
            [
                list(lib.utils.data.RandomSampler(Y, **options, **generator))
                for generator in ({}, {}, {"generator": own}, {"generator": own})
            ]
        )
    assert found[0] == found[1]


@pytest.mark.oracle
@pytest.mark.parametrize("lengths", [[3, 20], [0.5, 0.3, 0.2], [0.8, 0.2], [23], [1.0]])
def test_random_splits_are_pytorch_s(lengths):
    import torch
    import torch.utils.data

    found = []
    for lib in (tg, torch):
        lib.manual_seed(1)
        split = lib.utils.data.random_split
        parts = [*split(Y, lengths), *split(Y, lengths, generator=lib.Generator().manual_seed(3))]
        found.append([list(part.indices) for part in parts])
    assert found[0] == found[1]


def test_the_first_order_of_seed_0():
    # Written down from PyTorch 2.13, so that it is held where it isn't installed.
    tg.manual_seed(0)
    loader = data.DataLoader(data.TensorDataset(np.arange(6)), batch_size=3, shuffle=True)
    assert [x.tolist() for (x,) in loader] == SEED_0[:2]
    assert [x.tolist() for (x,) in loader] == SEED_0[2:]


def test_a_batch_is_taken_whole_and_is_what_the_examples_make():
    whole = data.TensorDataset(tg.tensor(X), Y)
    part = data.Subset(data.Subset(whole, range(2, 20)), [5, 1, 8, 0])
    assert len(part) == 4
    for dataset in (whole, part):
        fast = data.DataLoader(dataset, batch_size=3)
        slow = data.DataLoader(dataset, batch_size=3, collate_fn=lambda examples: data.default_collate(examples))
        for (a, b), (c, d) in zip(fast, slow, strict=True):
            assert a.dtype == np.float32 and b.dtype == np.int64
            assert a.tolist() == c.tolist() and b.tolist() == d.tolist()
    (batch, _), *_ = data.DataLoader(whole, batch_size=2)
    batch.zero_()  # a batch is a copy
    assert whole.tensors[0].tolist() == X.tolist()


def test_a_gradient_reaches_a_data_set_that_asks_for_one():
    x = tg.tensor(X, requires_grad=True)
    ((batch,), *_) = data.DataLoader(data.TensorDataset(x), batch_size=2)
    batch.sum().backward()
    assert x.grad.numpy().sum(axis=(1, 2)).tolist() == [6, 6] + [0] * (N - 2)


def test_a_huge_sampler_is_lazy():
    sampler = data.RandomSampler(Y, replacement=True, num_samples=10**10)
    assert len(sampler) == 10**10
    assert len(list(islice(iter(sampler), 100))) == 100
    assert len(list(islice(iter(data.RandomSampler(Y, num_samples=10**10)), 100))) == 100


def test_samplers_and_batches_of_ones_own():
    dataset = data.TensorDataset(Y)
    assert [b.tolist() for (b,) in data.DataLoader(dataset, sampler=[3, 1, 2], batch_size=2)] == [[3, 1], [2]]
    own = [[0, 1], [5], [2, 2]]
    loader = data.DataLoader(dataset, batch_sampler=own)
    assert [b.tolist() for (b,) in loader] == own and len(loader) == 3
    assert list(data.BatchSampler(data.SequentialSampler(range(5)), 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert len(data.BatchSampler(data.SequentialSampler(range(5)), 2)) == 3


Point = namedtuple("Point", "x y")


@pytest.mark.oracle
@pytest.mark.parametrize(
    "examples",
    [
        [1, 2],
        [1.5, 2.5],
        [True, False],
        ["a", "b"],
        [b"a", b"b"],
        [(1, 2.0), (3, 4.0)],
        [[1, 2], [3, 4]],
        [{"x": 1, "y": ("a", 2.0)}, {"x": 3, "y": ("b", 4.0)}],
        [Point(1, 2.0), Point(3, 4.0)],
        [np.ones(2, np.float32), np.zeros(2, np.float32)],
        [np.float32(1), np.float32(2)],
        [(np.ones((2, 2)), 3), (np.zeros((2, 2)), 4)],
    ],
)
def test_collating_is_pytorch_s(examples):
    import torch.utils.data

    def plain(batch):
        if isinstance(batch, dict):
            return {k: plain(v) for k, v in batch.items()}
        if isinstance(batch, list | tuple):
            return type(batch).__name__, [plain(v) for v in batch]
        if isinstance(batch, str | bytes):
            return batch
        return np.asarray(batch).dtype, batch.tolist()

    assert plain(data.default_collate(examples)) == plain(torch.utils.data.default_collate(examples))


def test_tensors_are_collated_in_the_graph():
    x = tg.ones(2, requires_grad=True)
    assert data.default_collate([x, x * 2]).requires_grad


T = data.TensorDataset(Y)
REFUSED = [
    (
        lambda: data.TensorDataset(X, np.zeros(3)),
        ShapeError,
        "TensorDataset: the tensors need first axes of one length (the examples); got shapes (23, 2, 3), (3,).",
    ),
    (
        lambda: data.TensorDataset(),
        ShapeError,
        "TensorDataset: the tensors need first axes of one length (the examples); got shapes none.",
    ),
    (
        lambda: data.TensorDataset(tg.tensor(3.0)),
        ShapeError,
        "TensorDataset: the tensors need first axes of one length (the examples); got shapes ().",
    ),
    (lambda: data.DataLoader(T, batch_size=0), ConfigError, "batch_size must be a positive integer, got 0."),
    (lambda: data.DataLoader(T, batch_size=2.0), ConfigError, "batch_size must be a positive integer, got 2.0."),
    (
        lambda: data.DataLoader(T, shuffle=True, sampler=[1]),
        ConfigError,
        "DataLoader: give a sampler or shuffle=True, not both; the sampler is the order.",
    ),
    (
        lambda: data.DataLoader(T, batch_size=3, batch_sampler=[[1]]),
        ConfigError,
        "DataLoader: batch_sampler already says what batch_size, shuffle, sampler and drop_last would.",
    ),
    (
        lambda: data.DataLoader(T, batch_size=None, drop_last=True),
        ConfigError,
        "DataLoader: batch_size=None makes no batches, so drop_last=True has nothing to drop.",
    ),
    (
        lambda: data.DataLoader(data.TensorDataset(np.zeros((0, 2))), shuffle=True),
        ConfigError,
        "RandomSampler: needs at least one sample to draw, got num_samples=0 from an empty data set.",
    ),
    (
        lambda: data.RandomSampler(Y, num_samples=-1),
        ConfigError,
        "RandomSampler: needs at least one sample to draw, got num_samples=-1.",
    ),
    (
        lambda: list(data.DataLoader([np.zeros(2), np.zeros(3)], batch_size=2)),
        ShapeError,
        "DataLoader: the examples of a batch have different shapes, (2,), (3,); crop or pad them in the data set, or give a "
        "collate_fn.",
    ),
    (
        lambda: list(data.DataLoader([(1, 2), (3,)], batch_size=2)),
        ShapeError,
        "DataLoader: the examples of a batch have different numbers of parts, [1, 2]; give a collate_fn.",
    ),
    (
        lambda: list(data.DataLoader([object(), object()], batch_size=2)),
        DTypeError,
        "DataLoader: can't make a batch of object values; examples are tensors, arrays, numbers, strings, or tuples and dicts "
        "of them. Give a collate_fn that takes a list of examples.",
    ),
    (
        lambda: data.random_split(Y, [3, 4]),
        ConfigError,
        "random_split: lengths [3, 4] sum to 7, but the data set has 23 examples.",
    ),
    (
        lambda: data.random_split(Y, [0.5, 0.4]),
        DTypeError,
        "random_split: lengths are integers, or fractions that sum to 1; [0.5, 0.4] sum to 0.9.",
    ),
    (
        lambda: data.random_split(Y, [-1, 24]),
        ConfigError,
        "random_split: needs lengths that aren't negative, got [-1, 24].",
    ),
    (
        lambda: data.Dataset()[0],
        NotImplementedError,
        "Dataset needs a method __getitem__(self, index) that returns one example",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:60] for *_, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message
