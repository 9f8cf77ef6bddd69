"""`GradientHistory`: how large a model's gradients are while it is trained, as a small heat map for each parameter."""

from __future__ import annotations

import importlib
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.nn import Module
from tinygrad_edu.utils.serialization._files import replacing

LEAST, MOST = -40, 16  # the exponents of two that have a bin of their own; what is beyond is counted in the outermost
_SAMPLED = 4096  # elements of a parameter at most that are looked at
_COLUMNS = 4  # of heat maps in the figure


class GradientHistory:
    """Histograms of the gradients of a model's parameters, one for each `record()`.

    >>> history = GradientHistory(model)
    >>> loss.backward()
    >>> history.record()
    >>> history.plot("gradients.png")
    """

    def __init__(self, model: Module) -> None:
        self._parameters = dict(model.named_parameters())
        if not self._parameters:
            raise ConfigError("GradientHistory: this model has no parameters, so there are no gradients to look at.")
        self._rows: dict[str, list[NDArray[np.int64]]] = {name: [] for name in self._parameters}
        self.steps: list[int] = []
        """What each record was called: its number, from 1, unless `record(step)` said otherwise."""

    def record(self, step: int | None = None) -> None:
        """Count the gradients that are there by their size, a power of two a bin: after `backward()`, before `zero_grad()`.

        Of a large parameter 4,096 elements are looked at, spread evenly, so that a record costs next to nothing.

        Raises:
            ConfigError: no parameter has a gradient.
        """
        grads = {name: p.grad for name, p in self._parameters.items()}
        if all(grad is None for grad in grads.values()):
            raise ConfigError(
                "GradientHistory.record: no parameter has a gradient: call it after backward() and before zero_grad()."
            )
        for name, grad in grads.items():
            self._rows[name].append(np.zeros(MOST - LEAST + 3, np.int64) if grad is None else _counted(grad.numpy()))
        self.steps.append(len(self.steps) + 1 if step is None else step)

    def counts(self, name: str) -> NDArray[np.int64]:
        """How many elements of a parameter's gradient were how large, (records, bins).

        The first bin counts zeros, the next ones sizes from 2^-40, 2^-39, … to 2^16, the last what isn't finite. A row without
        any is a record at which the parameter had no gradient.
        """
        if name not in self._rows:
            raise ConfigError(f"GradientHistory: no parameter is called {name!r}; there are {', '.join(self._rows)}.")
        return np.array(self._rows[name], np.int64).reshape(-1, MOST - LEAST + 3)

    def plot(self, path: str | Path) -> Path:
        """Write the figure (`.png`, `.svg` or `.pdf`), in place of an earlier one at once, and return its path.

        Each parameter has a heat map: records from left to right, sizes upwards, dark where many elements are; the line is the
        median. The strip below is the share of exact zeros. The scale is the same in all, so that layers can be compared.

        Raises:
            ConfigError: there is no record yet, matplotlib isn't installed, or the file can't be written.
        """
        path = Path(path)
        if path.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise ConfigError(f"GradientHistory.plot: can't write {path.name!r}: give a name in .png, .svg or .pdf.")
        if not self.steps:
            raise ConfigError("GradientHistory.plot: nothing is recorded yet; call record() after backward().")
        content = self._figure(path.suffix[1:].lower())
        try:
            with replacing(path) as file:
                file.write(content)
        except CheckpointError as error:
            raise ConfigError(f"GradientHistory.plot: {str(error).removeprefix('save: ')}") from error
        return path

    def state_dict(self) -> dict[str, Any]:
        """The records, to go on with after an interruption."""
        return {"steps": list(self.steps), "counts": {name: self.counts(name) for name in self._rows}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, of a model with the same parameters."""
        if set(state["counts"]) != set(self._rows):
            raise CheckpointError("these are records of the gradients of another model.")
        self.steps = [int(step) for step in state["steps"]]
        self._rows = {name: list(np.asarray(state["counts"][name], np.int64)) for name in self._rows}

    def _figure(self, form: str) -> bytes:
        try:
            figures = importlib.import_module("matplotlib.figure")
        except ImportError:
            raise ConfigError('GradientHistory.plot needs matplotlib: pip install "tinygrad-edu[cli]".') from None
        counts = {name: self.counts(name) for name in self._rows}
        columns = min(_COLUMNS, len(counts))
        rows = -(-len(counts) // columns)
        figure = figures.Figure(figsize=(2.9 * columns + 0.6, 1.9 * rows + 0.7), layout="constrained")
        seen = sum(found.sum(0) for found in counts.values())[1:-1].nonzero()[0]
        low, high = (LEAST + int(seen[0]), LEAST + int(seen[-1]) + 1) if len(seen) else (-10, 0)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes, name in zip(grid.flat, counts, strict=False):
            self._panel(axes, name, counts[name], low, high)
        for axes in grid.flat[len(counts) :]:
            axes.axis("off")
        figure.supylabel("size of a gradient's elements", fontsize="small")
        figure.supxlabel("record", fontsize="small")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=110)
        return buffer.getvalue()

    def _panel(self, axes: Any, name: str, counts: NDArray[np.int64], low: int, high: int) -> None:
        share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        sizes = share[:, 1 + low - LEAST : 1 + high - LEAST]
        strip = max(1.0, (high - low) / 14)
        left, right = 0.5, len(counts) + 0.5
        options = {"aspect": "auto", "origin": "lower", "cmap": "Blues", "vmin": 0, "interpolation": "nearest"}
        axes.imshow(sizes.T, extent=(left, right, low, high), vmax=max(float(sizes.max(initial=0)), 1e-9), **options)
        axes.imshow(share[:, :1].T, extent=(left, right, low - strip, low), vmax=1, **options)
        axes.axhline(low, color="#52525b", linewidth=0.6)
        medians = [_median(row) for row in counts]
        axes.plot(
            range(1, len(counts) + 1), medians, color="#c2410c", linewidth=1.2, marker="." if len(medians) < 3 else ""
        )
        for record in np.flatnonzero(counts[:, -1]):
            axes.axvline(record + 1, color="#dc2626", linestyle=":", linewidth=1)  # something wasn't finite
        axes.set_ylim(low - strip, high)
        axes.set_xlim(left, right)
        tens = [e for e in range(-12, 6) if low + strip <= e * math.log2(10) <= high]
        tens = tens[:: -(-len(tens) // 4)] if tens else []
        axes.set_yticks([low - strip / 2, *(e * math.log2(10) for e in tens)], ["0", *(f"1e{e}" for e in tens)])
        at = sorted({0, len(self.steps) // 2, len(self.steps) - 1})
        axes.set_xticks([i + 1 for i in at], [str(self.steps[i]) for i in at])
        axes.tick_params(labelsize=7, length=2)
        shape = "×".join(map(str, self._parameters[name].shape))
        text = (name if len(name) <= 24 else f"…{name[-23:]}").replace("$", r"\$")
        axes.set_title(f"{text} ({shape})", fontsize="small")


def _counted(grad: NDArray[Any]) -> NDArray[np.int64]:
    flat = grad.reshape(-1)
    flat = np.abs(flat[:: -(-flat.size // _SAMPLED)] if flat.size > _SAMPLED else flat)
    finite = flat[np.isfinite(flat)]
    sizes = finite[finite > 0]
    exponents = np.frexp(sizes)[1] - 1  # 2^e ≤ size < 2^(e + 1)
    found = np.bincount(np.clip(exponents, LEAST, MOST) - LEAST + 1, minlength=MOST - LEAST + 3)
    found[0], found[-1] = finite.size - sizes.size, flat.size - finite.size
    return found


def _median(row: NDArray[np.int64]) -> float:
    """The middle of the bin with the median of what isn't zero, as a power of two."""
    sizes = row[1:-1]
    if not sizes.any():
        return math.nan
    return LEAST + 0.5 + int(np.searchsorted(sizes.cumsum(), sizes.sum() / 2))
