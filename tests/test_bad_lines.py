"""Lines that a beginner gets wrong, one each: what is raised says what was met and what to do."""

from __future__ import annotations

import os
import pickle

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import CheckpointError, ConfigError, DataError, WorkerError
from tinygrad_edu.utils.data import DataLoader, Dataset

LAYER = nn.Linear(2, 2)


class Dies(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 2:
            os._exit(7)
        return tg.ones(1)


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def _file(path, content):
    path.write_bytes(content)
    return tg.load(path)


def _truncated(path):
    tg.save({"a": tg.ones(100)}, path)
    return _file(path, path.read_bytes()[:300])


# what is called in a folder, what it raises, and all that the message has to say
LINES = {
    "an optimizer of nothing": (lambda at: optim.SGD([], lr=0.1), ConfigError, ["SGD: the list of parameters is empty", "again"]),
    "one parameter twice": (lambda at: optim.SGD([LAYER.weight, LAYER.weight], lr=0.1), ConfigError, ["parameter 1 of group 0",
        "was given before"]),
    "one parameter in two groups": (
        lambda at: optim.Adam([{"params": [LAYER.weight]}, {"params": [LAYER.weight]}]), ConfigError, ["parameter 0 of group 1",
            "before"],
    ),
    "the model for its parameters": (lambda at: optim.SGD(LAYER, lr=0.1), ConfigError, ["not one Linear", "model.parameters()"]),
    "a tensor that was computed": (lambda at: optim.SGD([LAYER.weight * 2], lr=0.1), ConfigError, ["computed by multiply",
        "Only leaves"]),
    "a negative rate": (lambda at: optim.SGD(LAYER.parameters(), lr=-1), ConfigError, ["lr", "got -1"]),
    "a rate that is no number": (lambda at: optim.Adam(LAYER.parameters(), lr=float("nan")), ConfigError, ["lr", "got nan"]),
    "a rate as text": (lambda at: optim.SGD(LAYER.parameters(), lr="0.1"), ConfigError, ["lr", "got '0.1'"]),
    "a beta of one": (lambda at: optim.Adam(LAYER.parameters(), betas=(1.0, 0.9)), ConfigError, ["betas", "(1.0, 0.9)"]),
    "steps of no length": (
        lambda at: optim.lr_scheduler.StepLR(optim.SGD(LAYER.parameters(), lr=0.1), step_size=0), ConfigError, ["step_size",
            "got 0"],
    ),
    "a state of another model": (
        lambda at: nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).load_state_dict({"0.weight": tg.ones(2, 2), "0.bias": 3,
            "9": tg.ones(1)}),
        CheckpointError,
        ["nothing was changed", "doesn't fit: 0.weight: shape (2, 2)", "doesn't fit: 0.bias: int", "missing: 1.weight",
            "missing: 1.bias", "unexpected: 9"],
    ),
    "labels from 1": (
        lambda at: nn.CrossEntropyLoss()(tg.zeros(3, 3), tg.tensor([1, 3, 2])), DataError, ["label 3 in row 1", "0 to 2",
            "subtract 1"],
    ),
    "an index behind the last": (lambda at: nn.Embedding(4, 2)(tg.tensor([[0, 7]])), DataError, ["index 7", "(0, 1)",
        "4 rows, 0 to 3"]),
    "garbage for a checkpoint": (lambda at: _file(at / "x.pt", b"PK\x03\x04garbage"), CheckpointError, ["x.pt", "zip archive"]),
    "a file cut off": (lambda at: _truncated(at / "y.npz"), CheckpointError, ["y.npz (300 bytes)", "truncated"]),
    "an empty file": (lambda at: _file(at / "e.pt", b""), CheckpointError, ["e.pt is empty"]),
    "a file that runs code": (lambda at: _file(at / "h.pt", pickle.dumps(Hostile())), CheckpointError, ["h.pt",
        "can run any code", "wasn't"]),
    "a file that isn't there": (lambda at: tg.load(at / "none.pt"), CheckpointError, ["no such file", "none.pt"]),
    "a worker that dies": (lambda at: list(DataLoader(Dies(), num_workers=2)), WorkerError, ["worker 0", "exit code 7",
        "num_workers=0"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_what_is_wrong_is_said(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, error, words = LINES[name]
    with pytest.raises(error) as caught:
        call(tmp_path)
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)
    assert not (tmp_path / "pwned").exists()
