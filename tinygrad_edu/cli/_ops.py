"""`tinygrad-edu ops`: the registry of operations, and the catalogue of NumPy's functions, as tables, Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops._catalogue import Entry, catalogue, left_out
from tinygrad_edu.visualize._formulas import rule_text

FORMATS = ("table", "markdown", "json")


def show(name: str, *, numpy: bool, form: str, console: Console) -> None:
    """Print the operations, or NumPy's names, whose name contains `name`."""
    if form not in FORMATS:
        raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, not {form!r}.")
    headings = (
        ("NumPy", "family", "derivative", "vmap", "notes")
        if numpy
        else ("operation", "family", "mathematics", "derivative")
    )
    rows = _numpy_rows(name) if numpy else _op_rows(name)
    if not rows:
        raise ConfigError(f"nothing here is called {name!r}.")
    if form == "json":
        print(json.dumps([dict(zip(headings, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
    elif form == "markdown":
        print(markdown(headings, rows), end="")
    else:
        table = Table(*headings, row_styles=["", "dim"])
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)


def _op_rows(name: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for op in REGISTRY.values():
        if name not in op.name:
            continue
        texts = [rule_text(op, i) or "none" for i in range(1 if callable(op.rules) else len(op.rules))]
        if callable(op.rules):
            texts.append("and so on for any number of arguments")
        rows.append((op.name, op.family, op.math, "\n".join(texts)))
    return rows


def _numpy_rows(name: str) -> list[tuple[str, ...]]:
    return [_row(entry) for entry in catalogue() if name in entry.name]


def _row(entry: Entry) -> tuple[str, ...]:
    modes = {"both": "forward, reverse, any order", "zero": "zero", "none": "none"}[entry.derivative]
    return entry.name, entry.family, modes, entry.batching, entry.notes


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, one line per row."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", "; ") for cell in line) + " |\n" for line in lines
    )


def coverage_page() -> str:
    """docs/coverage.md, which a test holds to what this says."""
    entries = catalogue()
    both = sum(entry.forward and entry.reverse for entry in entries)
    rows = [_row(entry) for entry in entries]
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out().items():
        reasons.setdefault(reason, []).append(f"`{name}`")
    parts = [
        "# Which of NumPy's functions work on Tensors\n\n",
        "This page is written by `tinygrad-edu ops --coverage`; `tinygrad_edu.ops.catalogue()` returns the same as records.\n",
        f"Of {len(entries)} names, {both} pass derivatives in both modes to any order (zeros, where they are constant almost\n",
        "everywhere); the others return indices, sizes or truth values. `vmap` says whether a batch runs at once (rule) or one\n",
        "example after the other (loop).\n\n",
        markdown(("NumPy", "family", "derivative", "vmap", "notes"), rows),
        "\n## Left out\n\n",
        markdown(("why", "names"), [(reason, ", ".join(names)) for reason, names in reasons.items()]),
    ]
    return "".join(parts)
