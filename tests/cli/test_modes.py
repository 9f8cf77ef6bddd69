"""`tinygrad-edu train --mode`: each mode learns, several compare, all resume, and what doesn't go together is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_train import learns, metrics, numbers, train
from tinygrad_edu.cli import _modes, _train
from tinygrad_edu.cli._settings import MODES, OPTIMIZERS, PERTURBED, Settings, complete, in_modes
from tinygrad_edu.cli._training import Run
from tinygrad_edu.datasets import digits
from tinygrad_edu.utils.serialization import load, save

SMALL = ["--hidden", "8", "--epochs", "3"]


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer than such short runs."""
    for name in ("draw_curves", "draw_confusion"):
        monkeypatch.setattr(_train, name, lambda *_, **__: None)
    monkeypatch.setattr(_modes, "draw_modes", lambda *_: None)


def losses(run: Run) -> list[float]:
    learns(run)
    return [entry["validation_loss"] for entry in run.history]


# -- forward mode --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"tangents": "all"}, {"memory": "300k"}, {"memory": "300k", "tangents": "all"}]
)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_forward_mode_trains_as_reverse_mode_does(options: dict[str, Any], dropout: float) -> None:
    common: dict[str, Any] = {"hidden": (8,), "epochs": 2, "dropout": dropout, "optimizer": "momentum"}
    reverse = Run(complete(Settings(**common)), digits())
    forward = Run(complete(Settings(**common, mode="forward", **options)), digits())
    np.testing.assert_allclose(losses(forward), losses(reverse), rtol=2e-4)
    size = 64 * 8 + 8 + 8 * 10 + 10
    assert [entry["passes"] for entry in reverse.history] == [41, 41]
    assert [entry["passes"] for entry in forward.history] == [41 * size] * 2
    assert forward.step.chunk_size is not None
    assert (forward.step.chunk_size < size) == ("memory" in options)


def test_every_loss_and_activation_goes_forward() -> None:
    for other in ({"loss": "mse"}, {"activation": "gelu"}, {"activation": "tanh"}, {"hidden": ()}):
        common: dict[str, Any] = {"hidden": (6,), "epochs": 1, "batch_size": 100, **other}
        runs = [Run(complete(Settings(**common, mode=mode)), digits()) for mode in ("reverse", "forward")]
        np.testing.assert_allclose(losses(runs[1]), losses(runs[0]), rtol=2e-4)


# -- the forward gradient ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_perturbing_activities_reads_the_digits(loss: str) -> None:
    run = Run(complete(Settings(mode="forward-gradient", epochs=8, loss=loss)), digits())
    learns(run)
    assert run.test().accuracy > 0.85
    assert run.history[0]["passes"] == 41 * 16


def test_perturbing_weights_reads_the_digits() -> None:
    run = Run(complete(Settings(mode="forward-gradient", perturb="weights", hidden=(32,), epochs=20)), digits())
    learns(run)
    assert run.test().accuracy > 0.85


@pytest.mark.parametrize("perturb", PERTURBED)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_at_its_default_rate(perturb: str, optimizer: str) -> None:
    run = Run(complete(Settings(mode="forward-gradient", perturb=perturb, optimizer=optimizer, epochs=2)), digits())
    learns(run)
    assert run.history[1]["train_loss"] < min(2.3, run.history[0]["train_loss"])


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("perturb", PERTURBED)
def test_a_resumed_forward_gradient_is_the_run_that_never_stopped(tmp_path: Path, perturb: str) -> None:
    options = [
        "--hidden",
        "8",
        "--mode",
        "forward-gradient",
        "--perturb",
        perturb,
        "--directions",
        "3",
        "--dropout",
        "0.1",
    ]
    options += ["--lr-decay", "none", "--memory", "150k"]
    train(*options, "--epochs", "4", "--out", tmp_path / "whole")
    train(*options, "--epochs", "2", "--out", tmp_path / "half")
    train("--resume", tmp_path / "half" / "checkpoint.npz", "--epochs", "4", "--out", tmp_path / "rest")
    assert numbers(tmp_path / "rest") == numbers(tmp_path / "whole")
    assert metrics(tmp_path / "rest")["settings"]["mode"] == "forward-gradient"


# -- several modes -------------------------------------------------------------------------------------------------


def test_several_modes_train_the_same_start(tmp_path: Path) -> None:
    said = train(*SMALL, "--mode", "all", "--directions", "4", "--out", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*MODES, "metrics.json", "modes.png", "checkpoint.npz"}
    assert (tmp_path / "modes.png").read_bytes().startswith(b"\x89PNG")
    found = metrics(tmp_path)
    assert (found["status"], list(found["modes"])) == ("finished", list(MODES))
    for mode in MODES:
        assert found["modes"][mode] == metrics(tmp_path / mode)
        assert len(found["modes"][mode]["epochs"]) == 3
        assert f"{found['modes'][mode]['test']['accuracy']:.4f}" in said
    passes = {mode: [entry["passes"] for entry in found["modes"][mode]["epochs"]] for mode in MODES}
    assert passes == {"reverse": [41] * 3, "forward": [41 * 610] * 3, "forward-gradient": [41 * 4] * 3}
    first = [found["modes"][mode]["epochs"][0]["train_loss"] for mode in MODES]
    assert first[1] == pytest.approx(first[0], rel=1e-5) and first[2] != pytest.approx(first[0], rel=1e-3)


@pytest.mark.usefixtures("no_figures")
def test_the_same_start_is_that_of_each_mode_alone(tmp_path: Path) -> None:
    train(*SMALL, "--mode", "forward-gradient,reverse", "--out", tmp_path / "both")
    for mode in ("forward-gradient", "reverse"):
        train(*SMALL, "--mode", mode, "--out", tmp_path / mode)
        assert numbers(tmp_path / mode) == numbers(tmp_path / "both" / mode)


@pytest.mark.usefixtures("no_figures")
def test_an_interrupted_comparison_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = [*SMALL, "--mode", "reverse,forward-gradient,forward"]
    epoch = Run.epoch

    def interrupted(self: Run, *args: Any) -> Any:
        if self.settings.mode == "forward-gradient" and len(self.history) == 1:
            raise KeyboardInterrupt
        return epoch(self, *args)

    monkeypatch.setattr(Run, "epoch", interrupted)
    said = train(*options, "--out", tmp_path / "stopped", code=130)
    assert "Interrupted in forward-gradient mode" in said
    assert f"tinygrad-edu train --resume {tmp_path / 'stopped' / 'checkpoint.npz'}" in said
    assert metrics(tmp_path / "stopped")["status"] == "interrupted"
    assert list(metrics(tmp_path / "stopped")["modes"]) == ["reverse", "forward-gradient"]
    monkeypatch.setattr(Run, "epoch", epoch)
    assert "this one has reverse,forward-gradient,forward, not all" in train(
        "--resume", tmp_path / "stopped" / "checkpoint.npz", "--mode", "all", code=2
    )
    assert "--directions: a resumed run keeps its settings, and this one has 16, not 3" in train(
        "--resume", tmp_path / "stopped" / "checkpoint.npz", "--directions", "3", code=2
    )
    train("--resume", tmp_path / "stopped" / "checkpoint.npz")
    train(*options, "--out", tmp_path / "whole")
    for mode in MODES:
        assert numbers(tmp_path / "stopped" / mode) == numbers(tmp_path / "whole" / mode)
    assert metrics(tmp_path / "stopped")["status"] == "finished"


@pytest.mark.usefixtures("no_figures")
def test_a_mode_that_diverges_leaves_the_others_alone(tmp_path: Path) -> None:
    options = ["--mode", "forward-gradient,reverse", "--perturb", "weights", "--optimizer", "sgd", "--lr", "5"]
    said = train(*SMALL, *options, "--out", tmp_path, code=1)
    assert "Stopped: the loss became" in said
    found = metrics(tmp_path)["modes"]
    assert (found["forward-gradient"]["status"], found["reverse"]["status"]) == ("diverged", "finished")


@pytest.mark.usefixtures("no_figures")
def test_a_resumed_run_keeps_its_mode(tmp_path: Path) -> None:
    train(*SMALL, "--mode", "forward-gradient", "--out", tmp_path)
    checkpoint = tmp_path / "checkpoint.npz"
    said = train("--resume", checkpoint, "--mode", "forward", code=2)
    assert "--mode: a resumed run keeps its settings, and this one has forward-gradient, not forward" in said
    train("--resume", checkpoint, "--mode", "forward-gradient", "--directions", "16")
    state = load(checkpoint)
    for name in ("mode", "tangents", "memory", "directions", "perturb"):
        del state["settings"][name]
    save(state, tmp_path / "older.npz")  # from before there were modes
    train("--resume", tmp_path / "older.npz", "--out", tmp_path / "older")
    assert json.loads((tmp_path / "older" / "metrics.json").read_text())["settings"]["mode"] == "reverse"


def test_defaults_are_for_their_mode() -> None:
    reverse, forward, estimate = in_modes(Settings(mode="all"))
    assert (reverse.tangents, reverse.memory, reverse.directions, reverse.perturb) == (None,) * 4
    assert (forward.tangents, forward.memory, forward.directions) == ("per-layer", "256M", None)
    assert (estimate.tangents, estimate.directions, estimate.perturb) == (None, 16, "activities")
    assert reverse.lr == forward.lr == 0.003
    assert [each.lr for each in in_modes(Settings(mode="all", lr=0.5))] == [0.5] * 3


# -- bad input -----------------------------------------------------------------------------------------------------

WRONG = [
    (["--mode", "backward"], "--mode backward: choose one or more of reverse, forward, forward-gradient"),
    (["--mode", ""], "--mode : choose one or more"),
    (["--mode", "reverse,reverse"], "--mode reverse,reverse: names a mode twice"),
    (["--directions", "4"], "--directions 4: says how forward-gradient mode works, and this run is in reverse mode"),
    (["--mode", "forward", "--directions", "4"], "--directions 4: says how forward-gradient mode works, and this run is"),
    (["--mode", "reverse,forward", "--perturb", "weights"], "--perturb weights: says how forward-gradient mode works"),
    (["--memory", "1G"], "--memory 1G: says how forward or forward-gradient mode works"),
    (["--mode", "forward-gradient", "--tangents", "all"], "--tangents all: says how forward mode works"),
    (["--mode", "forward-gradient", "--directions", "0"], "--directions 0: give at least 1 random direction"),
    (["--mode", "all", "--directions", "-3"], "--directions -3: give at least 1"),
    (["--mode", "forward", "--tangents", "some"], "--tangents some: choose one of all, per-layer"),
    (["--mode", "forward-gradient", "--perturb", "biases"], "--perturb biases: choose one of weights, activities"),
    (["--mode", "forward", "--memory", "much"], "--memory much: give bytes, or a size such as 64k"),
    (["--mode", "forward", "--memory", "0"], "--memory 0: give bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), WRONG, ids=[" ".join(options) for options, _ in WRONG])
def test_a_wrong_option_is_one_line(options: list[str], expected: str, tmp_path: Path) -> None:
    said = train(*options, "--out", tmp_path / "out", code=2)
    assert said.startswith(f"tinygrad-edu train: {expected}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("options", [["forward"], ["forward-gradient"], ["forward-gradient", "--perturb", "weights"]])
def test_too_little_memory_says_how_much_is_needed(options: list[str], tmp_path: Path) -> None:
    said = train("--mode", *options, "--memory", "1k", *SMALL, "--out", tmp_path, code=2)
    assert said.startswith("tinygrad-edu train: --memory: a memory of 1k is too small: one direction takes ")
    needed = said.split("takes ")[1].split()[0].rstrip(".")
    run = Run(in_modes(_given(options, needed))[0], digits())
    assert run.step.chunk_size == 1


def _given(options: list[str], memory: str) -> Settings:
    return Settings(mode=options[0], memory=memory, hidden=(8,), perturb=options[2] if len(options) > 2 else None)
