"""`tinygrad-edu compare`: forward against reverse mode on a function in a file, or on networks of many sizes (`--sweep`)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tinygrad_edu.cli._see import called, check_format
from tinygrad_edu.cli._train import INTERRUPTED, prepare_folder
from tinygrad_edu.compare import compare as compare_modes
from tinygrad_edu.compare._compare import ENDINGS
from tinygrad_edu.compare._pictures import sweep_png
from tinygrad_edu.compare._sweep import HIDDEN, Point, crossover_at, crossovers, sizes_to, sweep
from tinygrad_edu.compare._texts import ratio_text
from tinygrad_edu.errors import ConfigError, TinygradEduError
from tinygrad_edu.func import functional_call
from tinygrad_edu.nn import Module
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.visualize._export import check_ending

FORMATS = ("table", "markdown", "json", "html")
LARGEST = 4**8
CSV, PNG = "sweep.csv", "sweep.png"


def show_comparison(
    target: str,
    at: str,
    shapes: Sequence[str],
    *,
    parameters: bool,
    out: Path | None,
    form: str,
    options: dict[str, Any],
    console: Console,
) -> int:
    """Compare both modes, print the tables, and write the file if one is named; returns the exit code."""
    check_format(form, FORMATS)
    if out is not None:  # before the work
        check_ending(out, ENDINGS)
        if not out.resolve().parent.is_dir():
            raise ConfigError(f"--out {out}: there is no folder {out.parent}.")
    f, inputs = _problem(target, at, shapes, parameters)
    found = compare_modes(f, *inputs, name=target.rpartition(":")[2], **options)
    if form == "table":
        console.print(found)
    else:
        print({"markdown": found.to_markdown, "json": found.to_json, "html": found.to_html}[form](), end="")
    if out is not None:
        path = found.save(out)
        said = console if form == "table" else Console(stderr=True)  # what is printed may be for another program
        said.print(f"Wrote [bold]{escape(str(path))}[/]", highlight=False, soft_wrap=True)
    return 0


def _problem(target: str, at: str, shapes: Sequence[str], parameters: bool) -> tuple[Callable[..., Any], list[Any]]:
    """The function and where: of the inputs, or with `parameters` of a model's parameters at these inputs."""
    f, given = called(target, at, shapes)
    inputs = [x if isinstance(x, complex) else as_tensor(np.asarray(x, _dtype(x))) for x in given]
    if isinstance(f, Module):
        f.eval()  # the same function every time
    try:
        f(*inputs)
    except TinygradEduError:
        raise
    except Exception as error:
        raise TinygradEduError(f"{target} raised {type(error).__name__}: {error}") from error
    if not parameters:
        return f, inputs
    if not isinstance(f, Module):
        raise ConfigError(f"--parameters: {target} isn't a model (an nn.Module), so it has none.")
    weights = dict(f.named_parameters())
    if not weights:
        raise ConfigError(f"--parameters: {target} has none.")
    model = f
    return lambda values: functional_call(model, values, tuple(inputs)), [weights]


def _dtype(x: Any) -> Any:
    return x.dtype if isinstance(x, np.ndarray) else np.float64


# -- the sweep ---------------------------------------------------------------------------------------------------------


def show_sweep(largest: int, out: Path, options: dict[str, Any], console: Console) -> int:
    """Measure networks of many sizes, write what was found under `out`, print where the modes cross; returns the exit code.

    Ctrl-C ends it early, with what is there by then.
    """
    if not 1 <= largest <= LARGEST:
        raise ConfigError(f"--largest {largest}: give the largest n and m, from 1 to {LARGEST:,}.")
    if options["repeats"] < 1:
        raise ConfigError(f"--repeats {options['repeats']}: give at least 1.")
    prepare_folder(out)
    sizes = sizes_to(largest)
    total = len(sizes) ** 2
    text = f"Networks n → {HIDDEN} → m for n and m of {', '.join(f'{size:,}' for size in sizes)}: {total} in all"
    console.print(text, highlight=False)
    points = _measured(sizes, total, out / CSV, options, console)
    finished = len(points) == total
    if not finished:
        console.print(f"Interrupted after {len(points)} of {total}.", highlight=False)
    if points:
        (out / PNG).write_bytes(sweep_png(points))
        console.print(_table(points))
        for line in _conclusion(points):
            console.print(line, highlight=False)
        console.print(f"Wrote {CSV} and {PNG} to [bold]{escape(str(out))}[/]", highlight=False, soft_wrap=True)
    return 0 if finished else INTERRUPTED


def _measured(sizes: Sequence[int], total: int, path: Path, options: dict[str, Any], console: Console) -> list[Point]:
    """The points, each written as soon as it is there."""
    points: list[Point] = []
    bar = Progress(
        TextColumn("{task.description}"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal,
    )  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file, bar:
        table = csv.DictWriter(file, [field.name for field in fields(Point)])
        table.writeheader()
        task = bar.add_task("both modes", total=total)
        try:
            for point in sweep(sizes, **options):
                points.append(point)
                table.writerow(asdict(point))
                file.flush()
                bar.update(task, advance=1, description=f"n = {point.n:,}, m = {point.m:,}")
        except KeyboardInterrupt:
            pass  # the caller sees that some are missing
    return points


def _table(points: Sequence[Point]) -> Table:
    table = Table(
        "m", "equal at n ≈", "n/m", "faster at first", "and in the end", title="Where both modes take as long"
    )
    for column in table.columns:
        column.justify = "right"
    for m, n in crossovers(points).items():
        row = sorted((p for p in points if p.m == m), key=lambda p: p.n)
        texts = ("never", "") if n is None else (f"{n:,.3g}" if n < 1000 else f"{n:,.0f}", f"{n / m:,.3g}")
        table.add_row(f"{m:,}", *texts, *(_said(row[i]) for i in (0, -1)))
    return table


def _said(p: Point) -> str:
    return f"{p.faster}, {ratio_text(p.factor)} ×"


def _conclusion(points: Sequence[Point]) -> list[str]:
    ratio = crossover_at(points)
    unequal = [p for p in points if p.n != p.m]
    fewer = sum(p.faster == ("forward" if p.n < p.m else "reverse") for p in unequal)
    lines = [f"The mode with fewer passes was the faster in {fewer} of {len(unequal)} with n ≠ m."] if unequal else []
    if ratio is not None:
        lines.insert(
            0, f"Crossover: n/m ≈ {ratio:.3g} (the middle of those above); below it forward mode, above it reverse."
        )
    return lines
