"""The demo's page: one file that needs no network; its text is in `page.html.j2`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from tinygrad_edu.cli._train import Outcome
from tinygrad_edu.cli._training import Run
from tinygrad_edu.compare import Comparison
from tinygrad_edu.compare._page import part_of, style
from tinygrad_edu.visualize import Drawing
from tinygrad_edu.visualize._export import element_of


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows; its images are in `folder`."""

    run: Run
    outcome: Outcome
    drawing: Drawing
    comparison: Comparison
    folder: Path


def write_page(page: Page, path: Path) -> None:
    """Write the page, with the picture of the graph and all images inside."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = resources.files("tinygrad_edu.cli").joinpath("page.html.j2").read_text(encoding="utf-8")
    images = {name: _data_uri(page.folder / f"{name}.png") for name in ("curves", "confusion", "mistakes")}
    score = page.outcome.score
    assert score is not None
    html = environment.from_string(text).render(
        run=page.run,
        settings=page.run.settings,
        score=score,
        wrong=sum(score.answers != page.run.testing.labels),
        seconds=sum(entry["seconds"] for entry in page.run.history),
        parameters=page.comparison.counts.inputs,
        comparison=page.comparison,
        style=Markup(style()),
        part=Markup(part_of(page.comparison, graph=False)),  # the graph is on the page already
        drawing=page.drawing,
        svg=Markup(element_of(page.drawing.svg)),
        images=images,
        files=sorted(file.name for file in page.folder.iterdir() if file.is_file() and file.name != path.name),
    )
    path.write_text(html, encoding="utf-8")


def _data_uri(path: Path) -> str | None:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}" if path.exists() else None
