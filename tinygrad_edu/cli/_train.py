"""The command `train`: shows a run as it goes, keeps its checkpoint, writes its results. The run itself is in `_training.py`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tinygrad_edu import datasets
from tinygrad_edu.cli._plots import draw_confusion, draw_curves
from tinygrad_edu.cli._settings import Settings, in_modes, resumed, resumed_modes
from tinygrad_edu.cli._training import DivergedError, Run, Score, settings_in
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.utils.serialization import load, save

CHECKPOINT = "checkpoint.npz"
INTERRUPTED = 130
_DRAWING = 0.05  # of the time of a run, at most, is for the figures that are drawn while it goes on


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: finished, stopped early, interrupted or diverged; with its score if it came to the test."""

    status: str
    score: Score | None
    seconds: float
    message: str = ""


def prepare_folder(out: Path) -> None:
    """Make the folder for the results and try to write into it. Raises ConfigError where that fails."""
    probe = out / f".tinygrad-edu-{os.getpid()}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"--out {out}: can't be written to ({error.strerror or error}). Name another folder."
        ) from error


def load_data(name: str) -> datasets.ImageDataset:
    """The data set of that name. Raises DataError where its files are absent or broken."""
    return datasets.digits() if name == "digits" else datasets.mnist()


def train(given: Settings, named: Sequence[str], *, resume: Path | None, out: Path | None, console: Console) -> int:
    """Train as `given`, or go on from the checkpoint `resume`; returns the exit code.

    `named` are the settings that stand on the command line. Raises ConfigError, DataError and CheckpointError before anything is
    trained.
    """
    state = None if resume is None else load(resume)
    if state is None or resume is None:
        settings = in_modes(given)
        folder = Path("out") if out is None else out
    else:
        stored = settings_in(state, str(resume))
        settings = resumed_modes(stored, given, named) if len(stored) > 1 else [resumed(stored[0], given, named)]
        folder = resume.parent if out is None else out
    prepare_folder(folder)
    data = load_data(settings[0].data)
    if len(settings) > 1:
        from tinygrad_edu.cli._modes import train_modes  # which is made of what is here

        return train_modes(settings, data, resume, folder, console)
    run = Run(settings[0], data)
    if state is not None:
        run.load_state(state)
    console.print(describe(run), highlight=False)
    outcome = fit(run, folder, console)
    write_results(run, outcome, folder)
    return _tell(run, outcome, folder, console)


def describe(run: Run) -> str:
    """A line on the data, one on the model, and one on its gradients where they aren't reverse mode's."""
    settings = run.settings
    sizes = "-".join(map(str, [run.training.rows.shape[1], *settings.hidden, run.classes]))
    parameters = sum(parameter.numel() for parameter in run.model.parameters())
    decay = "" if settings.lr_decay == "none" else f", {settings.lr_decay} decay"
    mode = "" if settings.mode == "reverse" else f"\n{run.step.describe()}"
    return (
        f"{settings.data}: {len(run.training.rows):,} images to train on, {len(run.validation.rows):,} to validate on, "
        f"{len(run.testing.rows):,} to test on at the end\n"
        f"{sizes}, {settings.activation}, {parameters:,} parameters; {settings.loss} by {settings.optimizer}, learning rate "
        f"{settings.lr:g}{decay}, batches of {settings.batch_size}, seed {settings.seed}{mode}"
    )


def fit(run: Run, folder: Path, console: Console) -> Outcome:
    """Run the epochs that are left, with a checkpoint in `folder` after each, and the test at the end.

    Interrupted by Ctrl-C, or diverged, the run goes back to its last checkpoint.
    """
    checkpoint = folder / CHECKPOINT
    if not run.history:
        move_aside(checkpoint, console)
    start = time.perf_counter()
    figures = _Figures(run, folder)
    try:
        save(run.state(), checkpoint)
        # What overflows shows in the loss, which is checked.
        with _ProgressBar(run, console) as show, np.errstate(all="ignore"):
            while not run.finished:
                show(run.epoch(show.step))
                save(run.state(), checkpoint)
                figures.refresh()
        run.restore_best()
        status = "stopped early" if run.stopped_early and len(run.history) < run.settings.epochs else "finished"
        return Outcome(status, run.test(), time.perf_counter() - start)
    except KeyboardInterrupt:
        status, message = "interrupted", ""
    except DivergedError as error:
        status, message = "diverged", str(error)
    run.load_state(load(checkpoint))
    return Outcome(status, None, time.perf_counter() - start, message)


def move_aside(checkpoint: Path, console: Console) -> None:
    """Rename what an earlier run left: it may be hours of work."""
    if checkpoint.exists():
        kept = checkpoint.with_stem("checkpoint-before")
        checkpoint.replace(kept)
        console.print(f"An earlier checkpoint was there; it is now {escape(str(kept))}.", highlight=False)


class _Figures:
    """The figures that are drawn anew while a run goes on: after each epoch, or less often where epochs are short."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self.took = 0.1
        self.last = time.perf_counter()

    def refresh(self) -> None:
        """Draw them if it is time to, or else leave those of an earlier epoch."""
        start = time.perf_counter()
        if start - self.last < self.took / _DRAWING or self.run.finished:
            return
        draw_progress(self.run, self.folder)
        self.last = time.perf_counter()
        self.took = self.last - start


def draw_progress(run: Run, folder: Path, *, test_accuracy: float | None = None) -> None:
    """curves.png and gradients.png of the epochs so far."""
    best = run.best["epoch"] if run.best is not None else None
    draw_curves(run.history, folder / "curves.png", test_accuracy=test_accuracy, best=best)
    run.gradients.plot(folder / "gradients.png")


class _ProgressBar:
    """The progress bar; where there is no terminal, a line per epoch instead."""

    def __init__(self, run: Run, console: Console) -> None:
        self.run = run
        self.console = console
        self.bar = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[loss]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        steps = run.steps_per_epoch
        self.task = self.bar.add_task("", total=run.settings.epochs, completed=len(run.history), loss="")
        self.share = 1 / steps
        self.every = max(1, steps // 20)
        self.steps = 0

    def __enter__(self) -> _ProgressBar:
        self.bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.bar.stop()

    def step(self, loss: float) -> None:
        """A training step was done; the bar moves a twentieth of an epoch at a time, which costs nothing."""
        self.steps += 1
        if self.steps % self.every == 0:
            self.bar.update(self.task, advance=self.share * self.every)

    def __call__(self, entry: dict[str, Any]) -> None:
        """An epoch was done."""
        self.steps = 0
        loss, right = f"loss {entry['train_loss']:.4f}", f"{entry['validation_accuracy']:.1%} right"
        self.bar.update(self.task, completed=entry["epoch"], loss=f"{loss}, {right}")
        if self.bar.disable:
            line = f"{loss}, validation {entry['validation_loss']:.4f}, {right}"
            self.console.print(f"epoch {entry['epoch']} of {self.run.settings.epochs}: {line}", highlight=False)


def write_results(run: Run, outcome: Outcome, folder: Path) -> dict[str, Any]:
    """metrics.json, weights.npz, curves.png and gradients.png (after one epoch), and confusion.png (after the test).

    Returns the metrics.
    """
    score, best = outcome.score, run.best["epoch"] if run.best is not None else None
    metrics: dict[str, Any] = {
        "status": outcome.status,
        "settings": run.settings.to_dict(),
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "seconds": outcome.seconds,
        "weights_of_epoch": best if outcome.score is not None and best is not None else len(run.history),
        "epochs": run.history,
        "test": None,
    }
    if score is not None:
        counts = run.confusion(score)
        metrics["test"] = {"loss": score.loss, "accuracy": score.accuracy, "confusion": counts.tolist()}
        draw_confusion(counts, folder / "confusion.png")
    write_metrics(metrics, folder)
    save(run.model.state_dict(), folder / "weights.npz")
    if run.history:
        draw_progress(run, folder, test_accuracy=None if score is None else score.accuracy)
    return metrics


def write_metrics(metrics: dict[str, Any], folder: Path) -> None:
    """metrics.json."""
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")


def _tell(run: Run, outcome: Outcome, folder: Path, console: Console) -> int:
    """Say how it ended; returns the exit code."""
    if outcome.score is not None:
        table = Table("", "", show_header=False)
        for row in result_rows(run, outcome):
            table.add_row(*row)
        console.print(table)
        console.print(f"Wrote {escape(_written(folder))}", highlight=False, soft_wrap=True)
        return 0
    if outcome.status == "diverged":
        console.print(f"[bold]Stopped:[/] {escape(outcome.message)}", highlight=False, soft_wrap=True)
    else:
        console.print(f"Interrupted after {len(run.history)} of {run.settings.epochs} epochs.", highlight=False)
    console.print(f"Wrote {escape(_written(folder))}", highlight=False, soft_wrap=True)
    if outcome.status == "diverged":
        return 1
    tell_resuming(folder, console)
    return INTERRUPTED


def tell_resuming(folder: Path, console: Console) -> None:
    """Say how an interrupted run goes on."""
    resume = f"tinygrad-edu train --resume {folder / CHECKPOINT}"
    console.print(f"To go on where it stopped: [bold]{escape(resume)}[/]", highlight=False, soft_wrap=True)


def result_rows(run: Run, outcome: Outcome) -> list[tuple[str, str]]:
    """What a finished run achieved, as rows of a table."""
    score = outcome.score
    assert score is not None
    total = len(run.testing.labels)
    right = round(score.accuracy * total)
    rows = [
        ("test accuracy", f"{score.accuracy:.4f} ({right:,} of {total:,})"),
        ("test loss", f"{score.loss:.4f}"),
        ("epochs", f"{len(run.history)}, {outcome.status}"),
        ("time", f"{sum(entry['seconds'] for entry in run.history):.1f} s of training"),
    ]
    if run.best is not None:
        rows.insert(3, ("weights kept", f"those of epoch {run.best['epoch']}, with the lowest validation loss"))
    return rows


def _written(folder: Path) -> str:
    names = ["metrics.json", "weights.npz", CHECKPOINT, "curves.png", "gradients.png", "confusion.png"]
    return f"{', '.join(name for name in names if (folder / name).exists())} to {folder}"
