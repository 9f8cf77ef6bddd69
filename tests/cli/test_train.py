"""`tinygrad-edu train`: what it writes, that it resumes exactly, what Ctrl-C leaves, and one clear line for wrong options."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tinygrad_edu.cli import _train
from tinygrad_edu.cli._app import app
from tinygrad_edu.cli._settings import ACTIVATIONS, DECAYS, INITS, LOSSES, OPTIMIZERS, Settings, complete, parse_hidden
from tinygrad_edu.cli._training import Run, build_model
from tinygrad_edu.datasets import ImageDataset, digits
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.utils.serialization import load, save

SMALL = ["--hidden", "8", "--epochs", "3"]


def train(*options: str | Path, code: int = 0) -> str:
    """What the command prints, on both streams."""
    result = CliRunner().invoke(app, ["train", *map(str, options)], env={"COLUMNS": "200"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer than such short runs."""
    monkeypatch.setattr(_train, "draw_curves", lambda *_, **__: None)
    monkeypatch.setattr(_train, "draw_confusion", lambda *_: None)


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return found


def numbers(folder: Path) -> tuple[Any, ...]:
    """All that a run computed, without the times."""
    found = metrics(folder)
    epochs = [{key: value for key, value in entry.items() if key != "seconds"} for entry in found["epochs"]]
    weights = {name: value.numpy().tobytes() for name, value in load(folder / "weights.npz").items()}
    return epochs, found["test"], weights


# -- a run and its files -------------------------------------------------------------------------------------------


def test_a_run_writes_its_results(tmp_path: Path) -> None:
    said = train(*SMALL, "--out", tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    names = ["checkpoint.npz", "confusion.png", "curves.png", "gradients.png", "metrics.json", "weights.npz"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert all(
        (folder / name).read_bytes().startswith(b"\x89PNG") for name in ("curves.png", "confusion.png", "gradients.png")
    )
    found = metrics(folder)
    assert found["status"] == "finished"
    assert [entry["epoch"] for entry in found["epochs"]] == [1, 2, 3]
    confusion = np.array(found["test"]["confusion"])
    assert confusion.sum() == 364
    assert np.trace(confusion) / 364 == found["test"]["accuracy"]
    assert f"{found['test']['accuracy']:.4f}" in said
    assert found["parameters"] == 64 * 8 + 8 + 8 * 10 + 10
    weights = load(folder / "weights.npz")
    assert {name: value.shape for name, value in weights.items()}["0.weight"] == (8, 64)


@pytest.mark.usefixtures("no_figures")
def test_the_weights_are_those_of_the_tested_model(tmp_path: Path) -> None:
    train(*SMALL, "--out", tmp_path)
    settings = complete(Settings(hidden=(8,), epochs=3))
    run = Run(settings, digits())
    run.model.load_state_dict(load(tmp_path / "weights.npz"))
    assert run.test().accuracy == metrics(tmp_path)["test"]["accuracy"]


@pytest.mark.usefixtures("no_figures")
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
        train(*SMALL, "--dropout", "0.2", "--seed", seed, "--out", tmp_path / name)
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b")
    assert numbers(tmp_path / "a")[0] != numbers(tmp_path / "c")[0]


def test_validation_images_are_held_out_of_the_training_images() -> None:
    data = digits()
    run = Run(complete(Settings()), data)
    assert (len(run.training.rows), len(run.validation.rows), len(run.testing.rows)) == (1290, 143, 364)
    together = np.concatenate([run.training.rows, run.validation.rows])
    everything = data.train_images.reshape(len(together), -1)
    assert sorted(map(bytes, together)) == sorted(map(bytes, everything))


def learns(accuracy_of: Run) -> float:
    while not accuracy_of.finished:
        accuracy_of.epoch()
    accuracy: float = accuracy_of.history[-1]["train_accuracy"]
    return accuracy


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_at_its_default_rate(optimizer: str) -> None:
    assert learns(Run(complete(Settings(hidden=(32,), optimizer=optimizer, epochs=4)), digits())) > 0.8


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns(activation: str) -> None:
    assert learns(Run(complete(Settings(hidden=(32,), activation=activation, epochs=4, lr=0.01)), digits())) > 0.8


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns(loss: str) -> None:
    assert learns(Run(complete(Settings(hidden=(32,), loss=loss, epochs=6, lr=0.01)), digits())) > 0.8


@pytest.mark.parametrize("init", INITS)
def test_every_initialization_learns(init: str) -> None:
    assert learns(Run(complete(Settings(hidden=(32,), init=init, epochs=3)), digits())) > 0.8


def test_without_hidden_layers_and_with_dropout() -> None:
    assert learns(Run(complete(Settings(hidden=(), epochs=4, lr=0.01)), digits())) > 0.8
    layers = [type(layer).__name__ for layer in build_model(complete(Settings(hidden=(4,), dropout=0.5)), 9, 2)]
    assert layers == ["Linear", "ReLU", "Dropout", "Linear"]


@pytest.mark.parametrize("decay", DECAYS)
def test_the_learning_rate_falls_as_asked(decay: str) -> None:
    run = Run(complete(Settings(hidden=(), lr_decay=decay, epochs=7, lr=0.1, batch_size=500)), digits())
    learns(run)
    rates = [entry["lr"] for entry in run.history]
    expected = {
        "none": [0.1] * 7,
        "step": [0.1] * 3 + [0.02] * 3 + [0.004],
        "linear": np.linspace(0.1, 0.005, 7),
        "exponential": np.geomspace(0.1, 0.005, 7),
    }[decay]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


# -- stopping early ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_figures")
def test_early_stopping_keeps_the_best_weights(tmp_path: Path) -> None:
    # A rate at which the validation loss soon rises.
    options = ["--hidden", "64", "--optimizer", "adam", "--lr", "0.05", "--lr-decay", "none", "--epochs", "40"]
    said = train(*options, "--early-stop", "2", "--out", tmp_path)
    found = metrics(tmp_path)
    losses = [entry["validation_loss"] for entry in found["epochs"]]
    assert found["status"] == "stopped early"
    assert len(losses) < 40
    best = int(np.argmin(losses)) + 1
    assert found["weights_of_epoch"] == best == len(losses) - 2
    assert f"those of epoch {best}" in said
    run = Run(complete(Settings(hidden=(64,))), digits())
    run.model.load_state_dict(load(tmp_path / "weights.npz"))
    assert run.score(run.validation).loss == pytest.approx(min(losses), rel=1e-6)


# -- resuming ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("optimizer", ["adamw", "momentum", "rmsprop"])
def test_a_resumed_run_is_the_run_that_never_stopped(tmp_path: Path, optimizer: str) -> None:
    options = ["--hidden", "8", "--dropout", "0.1", "--optimizer", optimizer, "--lr-decay", "none", "--seed", "3"]
    train(*options, "--epochs", "6", "--early-stop", "5", "--out", tmp_path / "whole")
    train(*options, "--epochs", "2", "--early-stop", "5", "--out", tmp_path / "half")
    train("--resume", tmp_path / "half" / "checkpoint.npz", "--epochs", "6", "--out", tmp_path / "rest")
    assert numbers(tmp_path / "rest") == numbers(tmp_path / "whole")
    assert len(metrics(tmp_path / "half")["epochs"]) == 2  # --out went elsewhere


@pytest.mark.parametrize("decay", ["linear", "exponential", "step"])
def test_a_checkpoint_between_epochs_continues_the_decay(decay: str) -> None:
    settings = complete(Settings(hidden=(4,), lr_decay=decay, epochs=5, batch_size=200))
    whole, first, second = (Run(settings, digits()) for _ in range(3))
    learns(whole)
    first.epoch()
    first.epoch()
    second.load_state(first.state())
    learns(second)
    strip = [{k: v for k, v in entry.items() if k != "seconds"} for entry in second.history]
    assert strip == [{k: v for k, v in entry.items() if k != "seconds"} for entry in whole.history]


@pytest.mark.usefixtures("no_figures")
def test_resuming_a_finished_run_repeats_its_results(tmp_path: Path) -> None:
    train(*SMALL, "--out", tmp_path)
    before = numbers(tmp_path)
    train("--resume", tmp_path / "checkpoint.npz")
    assert numbers(tmp_path) == before


@pytest.mark.usefixtures("no_figures")
def test_a_resumed_run_keeps_its_settings(tmp_path: Path) -> None:
    train(*SMALL, "--out", tmp_path)
    checkpoint = tmp_path / "checkpoint.npz"
    assert "--lr: a resumed run keeps its settings, and this one has 0.003, not 0.1" in train(
        "--resume", checkpoint, "--lr", "0.1", code=2
    )
    assert "--hidden: a resumed run keeps its settings, and this one has 8, not 8,9" in train(
        "--resume", checkpoint, "--hidden", "8,9", code=2
    )
    assert "falls (linear) over its 3 epochs" in train("--resume", checkpoint, "--epochs", "9", code=2)
    train("--resume", checkpoint, *SMALL)  # saying the same again is no change


@pytest.mark.usefixtures("no_figures")
def test_a_new_run_moves_an_earlier_checkpoint_aside(tmp_path: Path) -> None:
    train(*SMALL, "--out", tmp_path)
    earlier = (tmp_path / "checkpoint.npz").read_bytes()
    assert "checkpoint-before.npz" in train(*SMALL, "--out", tmp_path, "--seed", "5")
    assert (tmp_path / "checkpoint-before.npz").read_bytes() == earlier


# -- Ctrl-C --------------------------------------------------------------------------------------------------------


def test_ctrl_c_leaves_a_checkpoint_that_resumes_exactly(tmp_path: Path) -> None:
    options = ["--hidden", "32", "--epochs", "60", "--batch-size", "16", "--dropout", "0.1", "--seed", "4"]
    command = [sys.executable, "-m", "tinygrad_edu", "train", *options, "--out", str(tmp_path / "stopped")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while "epoch 3 of 60" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        time.sleep(0.05)  # into the next epoch
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=60)[0]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    found = metrics(tmp_path / "stopped")
    done = len(found["epochs"])
    assert (found["status"], found["test"]) == ("interrupted", None)
    assert 3 <= done < 60
    assert f"Interrupted after {done} of 60 epochs" in said
    assert f"tinygrad-edu train --resume {tmp_path / 'stopped' / 'checkpoint.npz'}" in said
    assert {"curves.png", "weights.npz", "checkpoint.npz"} <= {path.name for path in (tmp_path / "stopped").iterdir()}
    train("--resume", tmp_path / "stopped" / "checkpoint.npz")
    train(*options, "--out", tmp_path / "whole")
    assert numbers(tmp_path / "stopped") == numbers(tmp_path / "whole")


# -- bad input -----------------------------------------------------------------------------------------------------

WRONG = [
    (["--lr", "0"], "--lr 0.0: a learning rate is greater than 0"),
    (["--lr", "-1"], "--lr -1.0: a learning rate is greater than 0"),
    (["--lr", "nan"], "--lr nan: a learning rate is greater than 0"),
    (["--lr", "inf"], "--lr inf: a learning rate is greater than 0"),
    (["--optimizer", "sdg"], "--optimizer sdg: choose one of sgd, momentum, nesterov, adam, adamw, rmsprop"),
    (["--activation", "swoosh"], "--activation swoosh: choose one of relu"),
    (["--loss", "l1"], "--loss l1: choose one of cross-entropy, mse"),
    (["--data", "cifar"], "--data cifar: choose one of digits, mnist"),
    (["--lr-decay", "cosine"], "--lr-decay cosine: choose one of none, step, linear, exponential"),
    (["--init", "zeros"], "--init zeros: choose one of auto, pytorch"),
    (["--hidden", "12,x"], "--hidden 12,x: give the sizes of the hidden layers"),
    (["--hidden", "12,,3"], "--hidden 12,,3: give the sizes"),
    (["--hidden", "0"], "--hidden 0: give the sizes"),
    (["--hidden", ""], "--hidden : give the sizes"),
    (["--batch-size", "0"], "--batch-size 0: give at least 1"),
    (["--epochs", "0"], "--epochs 0: give at least 1"),
    (["--dropout", "1"], "--dropout 1.0: the share of units to drop"),
    (["--dropout", "-0.1"], "--dropout -0.1: the share of units to drop"),
    (["--weight-decay", "-1"], "--weight-decay -1.0: give 0 or more"),
    (["--seed", "-1"], "--seed -1: a seed is an integer from 0"),
    (["--early-stop", "-1"], "--early-stop -1: give how many epochs"),
]


@pytest.mark.parametrize(("options", "expected"), WRONG, ids=[" ".join(options) for options, _ in WRONG])
def test_a_wrong_option_is_one_line(options: list[str], expected: str, tmp_path: Path) -> None:
    said = train(*options, "--out", tmp_path / "out", code=2)
    assert said.startswith(f"tinygrad-edu train: {expected}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--nope", "--lr=high", "--epochs=1.5"])
def test_what_the_option_parser_refuses(option: str) -> None:
    assert "Traceback" not in train(option, code=2)


def test_an_out_folder_that_cant_be_written_is_found_before_training(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    start = time.perf_counter()
    said = train("--out", file / "out", "--epochs", "100000", code=2)
    assert "can't be written to" in said
    assert time.perf_counter() - start < 5


def test_a_missing_mnist_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path / "absent"))
    monkeypatch.setenv("TINYGRAD_EDU_MNIST_MIRRORS", "file:///nowhere/")
    said = train("--data", "mnist", "--out", tmp_path / "out", code=1)
    assert "TINYGRAD_EDU_DATA" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("no_figures")
def test_a_loss_that_isnt_finite_stops_with_a_hint(tmp_path: Path) -> None:
    # The second step meets the weights that the first one threw far away.
    options = ["--hidden", "8", "--loss", "mse", "--optimizer", "sgd", "--lr", "1e30", "--out", tmp_path]
    said = train(*options, code=1)
    assert "Stopped: the loss became" in said
    assert "in epoch 1, step" in said
    assert "--lr 1e+29" in said
    assert metrics(tmp_path)["status"] == "diverged"


@pytest.mark.usefixtures("no_figures")
def test_a_broken_a_foreign_and_a_missing_checkpoint(tmp_path: Path) -> None:
    train(*SMALL, "--out", tmp_path)
    whole = (tmp_path / "checkpoint.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    assert "truncated" in train("--resume", tmp_path / "cut.npz", code=1)
    assert "no checkpoint of `tinygrad-edu train`" in train("--resume", tmp_path / "weights.npz", code=1)
    assert "no such file" in train("--resume", tmp_path / "absent.npz", code=1)
    state = load(tmp_path / "checkpoint.npz")
    save({**state, "settings": {**state["settings"], "new": 1}}, tmp_path / "newer.npz")
    assert "options unknown here (new)" in train("--resume", tmp_path / "newer.npz", code=1)
    save({key: value for key, value in state.items() if key != "optimizer"}, tmp_path / "less.npz")
    assert "incomplete" in train("--resume", tmp_path / "less.npz", code=1)


def test_parsing_hidden_layers() -> None:
    assert parse_hidden("128,64") == (128, 64)
    assert parse_hidden(" 89 ") == (89,)
    assert parse_hidden("none") == ()
    with pytest.raises(ConfigError):
        parse_hidden("-3")


def tiny(pixels: int = 4) -> ImageDataset:
    images = np.zeros((20, 1, pixels), np.float32)
    return ImageDataset("tiny", images, np.arange(20) % 3, images[:5], np.arange(5) % 3, 3)


def test_any_data_set_of_images_can_be_trained_on() -> None:
    run = Run(complete(Settings(hidden=(2,), epochs=1)), tiny())
    assert learns(run) <= 1
    assert run.confusion(run.test()).shape == (3, 3)
