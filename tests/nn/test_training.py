"""Whole models learn: on the digits, and step by step as PyTorch's do from the same seed."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.datasets import digits
from tinygrad_edu.utils.data import DataLoader, TensorDataset


def network(nn, dropout=0.0):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(dropout), nn.Linear(32, 10))


def test_a_small_network_learns_the_digits_and_its_copy_on_disk_knows_them_too(tmp_path):
    tg.manual_seed(0)
    data = digits()
    model = network(nn, 0.1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)
    loader = DataLoader(TensorDataset(data.train_images, data.train_labels), batch_size=64, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    for _ in range(6):
        for images, labels in loader:
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()
        scheduler.step()

    def accuracy(model):
        model.eval()
        with tg.no_grad():
            return (model(data.test_images).argmax(1).numpy() == data.test_labels).mean()

    assert accuracy(model) > 0.95
    tg.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "digits.npz")
    again = network(nn)
    again.load_state_dict(tg.load(tmp_path / "digits.npz")["model"])
    assert accuracy(again) == accuracy(model)


@pytest.mark.oracle
def test_a_run_with_shuffling_dropout_and_a_schedule_is_pytorch_s_from_the_same_seed():
    import torch

    data = digits()
    images, labels = data.train_images[:200].astype(np.float64), data.train_labels[:200]
    histories = []
    for lib, tensor, loader, dataset, dtype in (
        (tg, tg.tensor, DataLoader, TensorDataset, np.float64),
        (torch, torch.tensor, torch.utils.data.DataLoader, torch.utils.data.TensorDataset, torch.float64),
    ):
        lib.manual_seed(42)
        model = network(lib.nn, 0.2).to(dtype)
        optimizer = lib.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-3)
        scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
        batches = loader(dataset(tensor(images), tensor(labels)), batch_size=32, shuffle=True)
        history = []
        for _ in range(5):
            for x, y in batches:
                loss = lib.nn.functional.cross_entropy(model(x), y, label_smoothing=0.05)
                optimizer.zero_grad()
                loss.backward()
                lib.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                history.append(loss.item())
            scheduler.step()
        histories.append(history)
    assert histories[0][-1] < histories[0][0] / 2
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-8)


def test_a_run_that_was_stopped_and_resumed_is_the_run_that_wasnt(tmp_path):
    data = digits()
    train = TensorDataset(data.train_images[:128], data.train_labels[:128])

    def start():
        tg.manual_seed(3)
        model = network(nn, 0.3)
        optimizer = optim.AdamW(model.parameters(), lr=0.01)
        return model, optimizer, optim.lr_scheduler.ExponentialLR(optimizer, 0.9)

    def epochs(n, model, optimizer, scheduler):
        for _ in range(n):
            for x, y in DataLoader(train, batch_size=32, shuffle=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            scheduler.step()

    whole = start()
    epochs(4, *whole)
    first = start()
    epochs(2, *first)
    tg.save([part.state_dict() for part in first] + [tg.get_rng_state()], tmp_path / "stopped")
    second = start()
    tg.manual_seed(99)
    *states, stream = tg.load(tmp_path / "stopped")
    for part, state in zip(second, states, strict=True):
        part.load_state_dict(state)
    tg.set_rng_state(stream)
    epochs(2, *second)
    for a, b in zip(whole[0].parameters(), second[0].parameters(), strict=True):
        assert (a.detach().numpy() == b.detach().numpy()).all()


def test_the_best_weights_are_kept_by_a_deep_copy_of_the_state():
    model = network(nn)
    best = copy.deepcopy(model.state_dict())
    kept = best["1.weight"].numpy().copy()
    with tg.no_grad():
        model[1].weight.zero_()
    assert (best["1.weight"].numpy() == kept).all()
    model.load_state_dict(best)
    assert (model[1].weight.detach().numpy() == kept).all()
