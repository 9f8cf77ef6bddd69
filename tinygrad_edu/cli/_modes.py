"""`train` in several modes: the same start trained with each, one after the other, and what they cost side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tinygrad_edu.cli._plots import draw_modes
from tinygrad_edu.cli._settings import Complete
from tinygrad_edu.cli._train import (
    CHECKPOINT,
    INTERRUPTED,
    Outcome,
    describe,
    fit,
    move_aside,
    prepare_folder,
    tell_resuming,
    write_metrics,
    write_results,
)
from tinygrad_edu.cli._training import Run, state_of_modes
from tinygrad_edu.datasets import ImageDataset
from tinygrad_edu.utils.serialization import load, save


def train_modes(
    settings: Sequence[Complete], data: ImageDataset, resume: Path | None, folder: Path, console: Console
) -> int:
    """Train with each of the `settings`, into a folder of its mode's name; returns the exit code.

    With `resume`, a mode whose checkpoint is beside that file goes on from there. Raises ConfigError before anything is trained.
    """
    runs = {each.mode: Run(each, data) for each in settings}
    if resume is None:
        move_aside(folder / CHECKPOINT, console)
    for mode, run in runs.items():
        prepare_folder(folder / mode)
        if resume is not None and (checkpoint := resume.parent / mode / CHECKPOINT).exists():
            run.load_state(load(checkpoint))
    save(state_of_modes(settings), folder / CHECKPOINT)
    outcomes: dict[str, Outcome] = {}
    metrics: dict[str, Any] = {}
    for mode, run in runs.items():
        console.print(f"[bold]{mode}[/]\n{describe(run)}", highlight=False)
        outcomes[mode] = fit(run, folder / mode, console)
        metrics[mode] = write_results(run, outcomes[mode], folder / mode)
        if outcomes[mode].status == "diverged":  # the other modes may not
            console.print(f"[bold]Stopped:[/] {escape(outcomes[mode].message)}", highlight=False, soft_wrap=True)
        status = outcomes[mode].status if outcomes[mode].score is None else "finished"
        write_metrics({"status": status, "modes": metrics}, folder)
        if histories := {name: each.history for name, each in runs.items() if each.history}:
            draw_modes(histories, folder / "modes.png")
        if status == "interrupted":
            break
    console.print(_table({mode: runs[mode] for mode in outcomes}, outcomes))
    where = f"Wrote metrics.json, modes.png and {CHECKPOINT} to {folder}, and the rest of each mode into a folder there"
    console.print(escape(where), highlight=False, soft_wrap=True)
    if status == "interrupted":
        console.print(f"Interrupted in {mode} mode.", highlight=False)
        tell_resuming(folder, console)
        return INTERRUPTED
    return 1 if any(outcome.score is None for outcome in outcomes.values()) else 0


def _table(runs: dict[str, Run], outcomes: dict[str, Outcome]) -> Table:
    """A row for each mode: what it achieved, and what it took."""
    table = Table("mode", "test accuracy", "training loss", "epochs", "passes", "seconds")
    for mode, run in runs.items():
        score, history = outcomes[mode].score, run.history
        table.add_row(
            mode,
            outcomes[mode].status if score is None else f"{score.accuracy:.4f}",
            f"{history[-1]['train_loss']:.4f}" if history else "",
            f"{len(history)}",
            f"{sum(entry['passes'] for entry in history):,}",
            f"{sum(entry['seconds'] for entry in history):.1f}",
        )
    return table
