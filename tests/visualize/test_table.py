"""`trace_table` in every form, and `diff`."""

import html.parser
import json
import re
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.visualize.pictures import baydin, check_geometry, leaf, read
from tinygrad_edu.visualize import diff, draw, trace, trace_table


class Rows(html.parser.HTMLParser):
    """The cells of an HTML table by `data-v`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.now = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.now = dict(attributes).get("data-v") or ""
        elif tag == "td":
            self.rows.setdefault(self.now, []).append("")
        elif tag == "br":
            self.rows[self.now][-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self.now in self.rows:
            self.rows[self.now][-1] += data


def numbers(text: str) -> list[float]:
    return [float(n.replace("−", "-")) for n in re.findall(r"(?<![\w₋₀-₉])−?\d+\.?\d*$", text, re.MULTILINE)]


def check(rows: dict[str, list[str]]) -> None:
    """The numbers of the literature, read back from the cells."""
    assert numbers(rows["v5"][0])[-1] == pytest.approx(11.652, abs=1e-3)
    tangents = [numbers(rows[f"v{i}"][1])[-1] for i in range(1, 6)]
    assert tangents == pytest.approx([0.5, 5, 0, 5.5, 5.5], abs=1e-3)
    assert numbers(rows["v-1"][2])[0] == pytest.approx(5.5, abs=1e-3)
    assert numbers(rows["v0"][2])[0] == pytest.approx(1.716, abs=1e-3)
    sums = [n for line in rows["v0"][2].splitlines() if line.startswith("= ") for n in numbers(line)]
    assert sums[::-1] == pytest.approx([-0.284, 1.716], abs=1e-3)
    sums = [n for line in rows["v-1"][2].splitlines() if line.startswith("= ") for n in numbers(line)]
    assert sums[::-1] == pytest.approx([5, 5.5], abs=1e-3)


def test_html_read_back() -> None:
    check(Rows(trace_table(baydin, 2, 5).html).rows)


def test_markdown_read_back() -> None:
    lines = trace_table(baydin, 2, 5).markdown.splitlines()
    assert lines[1] == "|---|---|---|"
    ids = ["v-1", "v0", "v1", "v2", "v3", "v4", "v5"]
    cells = [[cell.strip().replace("<br>", "\n") for cell in line.strip("|").split("|")] for line in lines[2:]]
    check(dict(zip(ids, cells, strict=True)))


def test_records() -> None:
    records = {record["id"]: record for record in trace_table(baydin, 2, 5).records}
    assert records["v5"]["value"] == pytest.approx(11.652, abs=1e-3)
    assert [s["after"] for s in records["v0"]["partial_sums"]] == pytest.approx([-0.284, 1.716], abs=1e-3)
    assert records["v2"]["formula"] == "v₂ = v₋₁ · v₀"
    assert json.loads(json.dumps(list(records.values())))[0]["name"] == "x1"


def test_latex() -> None:
    text = trace_table(baydin, 2, 5).latex
    assert r"$v_{2}=v_{-1}\cdot v_{0}$" in text
    assert r"$\bar{v}_{0}=1.716$" in text
    assert r"\dot{v}_{-1}" in text
    assert text.count("{") == text.count("}")
    assert text.isascii()


def test_rich() -> None:
    console = pytest.importorskip("rich.console").Console(width=160)
    with console.capture() as capture:
        console.print(trace_table(baydin, 2, 5))
    assert "v̄₀ = 1.716" in capture.get()


def test_the_seed_may_be_chosen_and_a_trace_given() -> None:
    assert trace_table(baydin, 2, 5, seed=1).records[-1]["tangent"] == pytest.approx(1.716, abs=1e-3)
    t = trace(baydin, 2, 5)
    assert trace_table(t).markdown == trace_table(baydin, 2, 5).markdown


def test_names_can_neither_break_the_table_nor_the_page() -> None:
    table = trace_table(lambda x, y: x * y, 1.0, 2.0, names=["<script>|", "\\|_*`$%#{}"])
    assert "<script>" not in table.html
    assert "<script>" not in table.markdown.replace("\\<", "")
    rows = [line for line in table.markdown.splitlines()[2:] if line]
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4 for line in rows)
    assert Rows(table.html).rows["v-1"][0] == "v₋₁ = <script>| = 1"


def test_a_function_that_raises_half_way() -> None:
    table = trace_table(lambda x: np.sin(x) @ np.ones(7), np.ones(3))
    assert "Stopped by ShapeError" in table.markdown
    assert "Stopped by ShapeError" in table.html
    assert table.records[-1]["adjoint"] is None


def test_matrices_show_their_shapes() -> None:
    table = trace_table(lambda x, w: np.tanh(x @ w).sum(), np.ones((4, 3)), np.ones((3, 2)))
    assert "⟨4×3⟩ ⟨3×2⟩ = ⟨4×2⟩" in table.markdown
    assert "v̄₀ += v₋₁ᵀ v̄₁" in table.html


# -- diff ----------------------------------------------------------------------------------------------------------


def before(x: Any, y: Any) -> Any:
    a = np.sin(x)
    return np.cos(a * y) + 2.0 * a


def after(x: Any, y: Any) -> Any:
    a = np.sin(x)
    return np.exp(a) * y + 3.0 * a


def test_a_graph_doesnt_differ_from_itself() -> None:
    t = trace(before, 1.0, 2.0)
    assert diff(t, trace(before, 1.0, 2.0)).changes == {"added": [], "removed": [], "changed": []}
    assert diff(t, t).ids == draw(t).ids


def test_what_was_added_removed_and_changed() -> None:
    drawing = diff(trace(before, 1.0, 2.0), trace(after, 1.0, 2.0))
    shown = read(drawing)
    marks = {shown.texts[id][0] for ids in drawing.changes.values() for id in ids if "op" in id}
    assert {"+ exp", "− cos", "~ multiply"} <= marks
    assert "sin" in {lines[0] for lines in shown.texts.values()}
    assert all(id in shown.kinds for ids in drawing.changes.values() for id in ids)
    check_geometry(drawing)


def test_an_input_that_changed() -> None:
    x, y = leaf(3), leaf(4)
    assert diff(tg.sin(x).sum(), tg.sin(y).sum(), names={"x": x, "y": y}).changes["changed"]
    assert diff(trace(before, 1.0, 2.0), trace(before, 1.0, 3.0)).changes == {
        "added": [],
        "removed": [],
        "changed": ["v0"],
    }


def test_tensors_and_drawings_can_be_compared() -> None:
    x = leaf()
    small, large = draw(tg.sin(x)), tg.sin(x) * 2
    assert diff(small, large).changes["added"] == ["v2", "op1"]
    assert diff(large, small).changes["removed"] == ["a-v2", "a-op1"]
