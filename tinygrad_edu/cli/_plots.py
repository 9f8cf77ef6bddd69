"""The figures of a training run as PNG files, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure  # without pyplot nothing is registered anywhere, and no display is needed
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tinygrad_edu.utils.serialization._files import replacing

_TRAINING, _VALIDATION, _TEST = "#1d4ed8", "#c2410c", "#15803d"
_MODES = ("#c2410c", "#1d4ed8", "#15803d")


def draw_curves(
    history: Sequence[dict[str, Any]], path: Path, *, test_accuracy: float | None = None, best: int | None = None
) -> None:
    """Loss, accuracy and learning rate by epoch. `best` marks the epoch whose weights were kept."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    epochs = [entry["epoch"] for entry in history]
    for axes, quantity in zip(figure.subplots(1, 3), ("loss", "accuracy", "lr"), strict=True):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if quantity == "lr":
            axes.set_title("learning rate")
            axes.plot(epochs, [entry["lr"] for entry in history], color="#52525b", marker=".", label="learning rate")
            axes.set_ylim(bottom=0)
            continue
        axes.set_title(quantity)
        for part, colour, style in (("train", _TRAINING, "-"), ("validation", _VALIDATION, "--")):
            values = [entry[f"{part}_{quantity}"] for entry in history]
            axes.plot(epochs, values, style, color=colour, marker=".", label="training" if part == "train" else part)
        if quantity == "accuracy" and test_accuracy is not None:
            axes.axhline(test_accuracy, color=_TEST, linestyle=":", label=f"test, at the end: {test_accuracy:.4f}")
        if quantity == "loss":
            axes.set_ylim(bottom=0)
        if best is not None:
            axes.axvline(best, color="#a1a1aa", linewidth=1, label=f"weights kept: epoch {best}")
        axes.legend(frameon=False, fontsize="small")
    _save(figure, path)


def draw_modes(histories: Mapping[str, Sequence[dict[str, Any]]], path: Path) -> None:
    """The loss of each mode's run by epoch, by passes so far, and by seconds so far. Between modes the last two differ by powers of
    ten, so they have a logarithmic scale.
    """
    figure = Figure(figsize=(12, 4.1), layout="constrained")
    for axes, along in zip(figure.subplots(1, 3, sharey=True), ("epochs", "passes", "seconds"), strict=True):
        axes.set_xlabel("epoch" if along == "epochs" else f"{along} so far")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if along == "epochs":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_ylabel("loss")
        else:
            axes.set_xscale("log")
        for number, (mode, history) in enumerate(histories.items()):
            # Equal curves lie on one another: each is thinner than the one below it.
            look = {"color": _MODES[number], "alpha": 0.8, "linewidth": 4 - 1.5 * number}
            at = [e["epoch"] for e in history] if along == "epochs" else np.cumsum([e[along] for e in history])
            axes.plot(at, [e["train_loss"] for e in history], marker=".", label=f"{mode}, training", **look)
            axes.plot(at, [e["validation_loss"] for e in history], ":", label="validation", **look)
        axes.set_ylim(bottom=0)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize="small")
    _save(figure, path)


def draw_confusion(counts: NDArray[np.int64], path: Path) -> None:
    """How often an image of each class (row) was taken for each class (column); only mistakes are coloured."""
    classes = len(counts)
    figure = Figure(figsize=(6.2, 5.8), layout="constrained")
    axes = figure.subplots()
    mistakes = counts * (1 - np.eye(classes, dtype=np.int64))
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, int(mistakes.max()) * 1.3))
    for true in range(classes):
        axes.add_patch(Rectangle((true - 0.5, true - 0.5), 1, 1, facecolor="#dcfce7", zorder=0.5))
        for answer in range(classes):
            if counts[true, answer]:
                axes.text(
                    answer,
                    true,
                    f"{counts[true, answer]}",
                    ha="center",
                    va="center",
                    weight="normal" if true == answer else "bold",
                    fontsize="small",
                )
    axes.set_xticks(range(classes))
    axes.set_yticks(range(classes))
    axes.set_xlabel("answer of the model")
    axes.set_ylabel("digit in the picture")
    right, total = int(np.trace(counts)), int(counts.sum())
    axes.set_title(f"{right:,} of {total:,} right, {total - right:,} wrong", fontsize="medium")
    axes.tick_params(length=0)
    _save(figure, path)


def draw_mistakes(
    images: NDArray[np.float32], labels: NDArray[np.int64], answers: NDArray[np.int64], path: Path, *, most: int = 12
) -> int:
    """The first of the images (n, h, w) that got a wrong answer; returns how many there were in all, and draws nothing if none."""
    wrong = np.flatnonzero(labels != answers)
    if not len(wrong):
        return 0
    columns = min(4, len(wrong))
    shown = wrong[:most]
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.75 * rows), layout="constrained")
    for axes, i in zip(
        figure.subplots(rows, columns, squeeze=False).flat,
        [*shown, *[None] * (rows * columns - len(shown))],
        strict=True,
    ):
        axes.axis("off")
        if i is not None:
            axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=1)
            axes.set_title(f"a {labels[i]}, answered {answers[i]}", fontsize="small")
    _save(figure, path)
    return len(wrong)


def _save(figure: Figure, path: Path) -> None:
    """Write the file at once, so that whoever watches it never sees half a figure."""
    with replacing(path) as file:
        figure.savefig(file, dpi=110, format="png")
