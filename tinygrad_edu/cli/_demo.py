"""The command `demo`: a network trained, one of its steps drawn, both modes compared on it; the page is made in `_page.py`."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tinygrad_edu.cli._page import Page, write_page
from tinygrad_edu.cli._plots import draw_mistakes
from tinygrad_edu.cli._settings import Settings, complete
from tinygrad_edu.cli._train import (
    INTERRUPTED,
    Outcome,
    describe,
    fit,
    load_data,
    prepare_folder,
    result_rows,
    write_results,
)
from tinygrad_edu.cli._training import Run
from tinygrad_edu.compare import Comparison, compare
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.func import functional_call
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.visualize import Drawing, LayoutWarning, draw


def demo(out: Path, *, seed: int, console: Console) -> int:
    """Do it all and write it under `out`; returns the exit code. Raises ConfigError if `out` can't be written."""
    start = time.perf_counter()
    prepare_folder(out)
    data = load_data("digits")
    run = Run(complete(Settings(seed=seed)), data)
    console.print(describe(run), highlight=False)
    outcome = fit(run, out, console)
    write_results(run, outcome, out)
    if outcome.score is None:
        console.print(escape(outcome.message or "Interrupted."), highlight=False)
        return 1 if outcome.message else INTERRUPTED
    mistakes = out / "mistakes.png"
    mistakes.unlink(missing_ok=True)  # an earlier demo's
    draw_mistakes(data.test_images, data.test_labels, outcome.score.answers, mistakes)
    console.print("Drawing one training step, and comparing forward and reverse mode on it …", highlight=False)
    drawing = draw_step(run)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LayoutWarning)  # said in the summary and on the page
        picture = drawing.save(out / "graph.svg")
    comparison = compare_step(run)
    (out / "comparison.json").write_text(json.dumps(comparison.to_dict(), indent=1) + "\n", encoding="utf-8")
    write_page(Page(run, outcome, drawing, comparison, out), out / "index.html")
    console.print(_summary(run, outcome, comparison, drawing, picture))
    page = escape(str(out / "index.html"))
    console.print(
        f"All of it is in [bold]{page}[/]; it took {time.perf_counter() - start:.0f} s.",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def one_batch(run: Run) -> tuple[Tensor, Tensor]:
    """The images and labels of one training step."""
    size = run.settings.batch_size
    return as_tensor(run.training.rows[:size]), as_tensor(run.training.labels[:size])


def draw_step(run: Run) -> Drawing:
    """The graph that one training step records, from the images to the loss, with the gradients of that step."""
    images, labels = one_batch(run)
    run.model.zero_grad()
    loss = run.loss(run.model.train()(images), labels)
    loss.backward(retain_graph=True)
    return draw(loss, run.model, names={"images": images, "labels": labels, "loss": loss})


def compare_step(run: Run) -> Comparison:
    """Forward against reverse mode on the gradient of one step: the loss of a batch as a function of all parameters."""
    images, labels = one_batch(run)
    model = run.model.eval()  # the same function every time, also with dropout

    def loss(parameters: dict[str, Any]) -> Any:
        return run.loss(functional_call(model, parameters, images), labels)

    return compare(loss, dict(model.named_parameters()), name="loss of one step")


def _summary(run: Run, outcome: Outcome, comparison: Comparison, drawing: Drawing, picture: Path) -> Table:
    counts, times, agreement = comparison.counts, comparison.times, comparison.agreement
    table = Table("", "", show_header=False)
    for row in result_rows(run, outcome):
        table.add_row(*row)
    table.add_section()
    passes = f"forward {counts.forward_passes:,}, reverse {counts.reverse_passes:,}"
    table.add_row("passes for the gradient", passes)
    extrapolated = " (extrapolated)" if times.forward.extrapolated else ""
    table.add_row(
        "time for the gradient",
        f"forward {1e3 * times.forward.seconds:,.0f} ms{extrapolated}, reverse {1e3 * times.reverse.seconds:.2f} ms",
    )
    table.add_row("difference of the modes", f"{agreement.jacobians.relative:.0e} of the largest entry")
    table.add_section()
    table.add_row("graph", f"{drawing.nodes} boxes, in {escape(str(picture))}")
    return table
