"""`tinygrad-edu demo`, `ops`, and the program without its extra."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tinygrad_edu.cli import _demo
from tinygrad_edu.cli._app import app
from tinygrad_edu.cli._settings import Settings
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.visualize import layout

PICTURES = 4  # the graph of a step; the grids, the memory and the time of the comparison


def demo(out: Path) -> str:
    result = CliRunner().invoke(app, ["demo", "--out", str(out)], env={"COLUMNS": "120"})
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one demo, as a person would run it."""
    out = tmp_path_factory.mktemp("demo") / "out"
    (out.parent / "said").write_text(demo(out), encoding="utf-8")
    return out


class _Page(HTMLParser):
    """Collects the addresses that a page refers to, its ids, the text, and whether every tag is closed in order."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "srcset", "action")
        ]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_demo_reaches_97_percent(folder: Path) -> None:
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert found["test"]["accuracy"] >= 0.97


def test_the_summary_says_what_matters(folder: Path) -> None:
    said = (folder.parent / "said").read_text(encoding="utf-8")
    for text in ("test accuracy", "forward 17,226, reverse 1", "graph.svg", "index.html"):
        assert text in said


def test_the_comparison_is_of_the_model_that_was_trained(folder: Path) -> None:
    found = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    parameters = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["parameters"]
    assert (found["counts"]["forward_passes"], found["counts"]["reverse_passes"]) == (parameters, 1)
    assert found["recommendation"]["mode"] == "reverse"
    agreement = found["agreement"]
    assert agreement["adjoint"]["largest"] < 1e-5 * agreement["adjoint"]["scale"]
    assert agreement["jacobians"]["largest"] < 1e-5 * agreement["jacobians"]["scale"]


def test_the_graph_is_of_one_training_step(folder: Path) -> None:
    svg = (folder / "graph.svg").read_text(encoding="utf-8")
    for text in ("images", "labels", "loss", "0.weight", "4.bias", "cross_entropy", "(32, 64) float32"):
        assert text in svg


def test_the_page_shows_everything_and_asks_for_nothing(folder: Path) -> None:
    page = _Page((folder / "index.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert page.tags.count("svg") == PICTURES
    assert page.tags.count("img") in (2, 3)  # three, if it made a mistake
    assert len(page.ids) == len(set(page.ids))
    names = {path.name for path in folder.iterdir()} | {f"#{id}" for id in page.ids}
    assert all(link.startswith("data:image/png;base64,") or link in names for link in page.links)
    assert not re.search(r"https?://(?!www\.w3\.org)", (folder / "index.html").read_text(encoding="utf-8"))
    for text in ("Jacobian, forward against reverse", "17,226", "How to read this", "Use reverse", "Fill them again"):
        assert text in page.text


def test_the_comparison_has_its_tables_and_pictures_but_not_the_graph_again(folder: Path) -> None:
    html = (folder / "index.html").read_text(encoding="utf-8")
    section = html[html.index("<h2>Forward against reverse mode") : html.index("<h2>Go on from here")]
    assert section.count("<table>") == 2
    for caption in ("Passes.", "Memory of one pass", "Time of the whole Jacobian"):
        assert section.count(f"<strong>{caption}</strong>") == 1
    for text in ("17,226 passes, a column each", "1 pass, the row", "reverse: m = 1 stays", "n/m = 17,226"):
        assert text in section
    assert section.count("<svg") == PICTURES - 1
    assert "isn't drawn" not in html.replace("&#39;", "'")
    for rule in (".conclusion {", ".paper svg.grids,", ".pair {"):  # what the section looks like is on this page too
        assert rule in html


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_demo, "Settings", lambda seed: Settings(hidden=(8,), epochs=1, seed=seed))


def test_without_a_layout_program_the_demo_has_its_picture_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    demo(tmp_path)
    assert "laid out by built-in" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    page = _Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.tags.count("svg") == PICTURES


def test_a_second_demo_into_the_same_folder(tmp_path: Path, short: None) -> None:
    demo(tmp_path)
    demo(tmp_path)


def test_an_out_folder_that_cant_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "can't be written to" in result.output


def test_ops_lists_every_operation() -> None:
    result = CliRunner().invoke(app, ["ops"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    first = {line.split("│")[1].strip() for line in result.output.splitlines() if line.startswith("│")}
    assert set(REGISTRY) <= first
    assert "W̄ += Ȳᵀ X" in result.output


def test_without_its_extra_the_program_says_how_to_install_it() -> None:
    program = (
        "import importlib.util as u, sys\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name in ('rich', 'typer') else find(name, *rest)\n"
        "from tinygrad_edu.cli import main\nmain()"
    )
    result = subprocess.run([sys.executable, "-c", program, "ops"], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == 'tinygrad-edu needs typer, rich: pip install "tinygrad-edu[cli]"\n'
    assert result.stdout == ""


def test_the_library_doesnt_import_the_extra() -> None:
    program = (
        "import sys, tinygrad_edu, tinygrad_edu.cli, tinygrad_edu.visualize, tinygrad_edu.compare\n"
        "assert not {'typer', 'rich', 'matplotlib', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
