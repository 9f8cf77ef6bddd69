"""The player's page as a file: what is in it, how large it is, and what may be asked of `play`. In a browser: tests/browser."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import time
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize import draw, layout, trace
from tinygrad_edu.visualize.player import Page, play

HOSTILE = ["<script>alert(1)</script>", "{a|b}", '"', r"\N", "59o", "</noscript><b>", "<!--", "{{css}}", "\ud800"]


def f(x1: Any, x2: Any) -> Any:
    """Baydin et al. 2018, tables 2 and 3."""
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    return v4 - v3


def data(page: Page) -> Any:
    found = re.search(r'<script type="application/json" id="trace">(.*?)</script>', page.html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def ids(page: Page) -> list[str]:
    return sorted(re.findall(r'<g id="([^"]+)"', page.html))


class Static(HTMLParser):
    """What a reader without scripts sees of the table: the numbers of each row; and every element of the page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self.elements: list[str] = []
        self.inside: list[str] = []
        self.feed(page.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.inside.append(tag)
        if tag == "tr" and (id := dict(attrs).get("data-v")):
            self.rows[id] = []

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if self.inside[-2:] == ["td", "b"]:
            self.rows[list(self.rows)[-1]].append(text)


def test_the_page_has_the_whole_trace() -> None:
    page = play(f, 2, 5)
    assert Static(page).rows == {
        "v-1": ["2", "1", "5 → +0.5 → 5.5"],
        "v0": ["5", "0", "−0.284 → +2 → 1.716"],
        "v1": ["0.693", "0.5", "1"],
        "v2": ["10", "5", "1"],
        "v3": ["−0.959", "0", "−1"],
        "v4": ["10.693", "5.5", "1"],
        "v5": ["11.652", "5.5", "1"],
    }


def test_one_frame_for_each_operation_tangent_and_contribution() -> None:
    frames = data(play(f, 2, 5))["frames"]
    assert {mode: len(frames[mode]) - 1 for mode in frames} == {"fwd": 5, "tan": 5, "rev": 8}
    assert [next(iter(frame["set"])) for frame in frames["rev"]] == [
        "v5",
        "v4",
        "v3",
        "v1",
        "v2",
        "v0",
        "v-1",
        "v0",
        "v-1",
    ]
    assert all({"set", "formula", "numbers", "held"} <= frame.keys() for mode in frames.values() for frame in mode)
    lines = data(play(f, 2, 5))["lines"]
    assert [lines[frame["line"]][1] for frame in frames["fwd"][1:3]] == ["v1 = np.log(x1)", "v2 = x1 * x2"]
    assert all(re.fullmatch(r"test_player\.py:\d+", where) for where, _ in lines)


def test_an_operation_with_a_number_has_the_arrow_of_every_picture() -> None:
    page = play(lambda x: tg.sin(2.0 * x) ** 2.0, 1.0)
    assert {"e-v0-op0-0", "e-v1-op1-0", "e-v2-op2-0"} <= set(ids(page))
    assert data(page)["partials"]["e-v0-op0-0"] == ["∂v₁/∂v₀ = 2", "", 1]


def test_the_page_refers_to_nothing_outside() -> None:
    text = play(f, 2, 5).html
    assert re.findall(r'(?:src|href)="(?!data:,|#)', text) == []
    assert set(re.findall(r"https?://[^\"' <)]+", text)) == {"http://www.w3.org/2000/svg"}  # the name of a language
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", text)
    assert "default-src 'none'" in text


def test_any_name_is_text_and_nothing_else() -> None:
    page = play(lambda *xs: sum(xs[1:], xs[0]), *range(1, len(HOSTILE) + 1), names=HOSTILE)
    assert [name for name in HOSTILE if html.escape(name) not in page.html] == ["\ud800"]  # which no file can hold
    assert page.html.encode()
    assert page.html.count("<script") == 2
    assert page.html.count("</noscript>") == 2
    assert len(re.findall('<g id="[^"]*" class="node', page.html)) == len(HOSTILE) + 2 * (len(HOSTILE) - 1)
    assert data(page)["seeds"][1]["title"].endswith(" {a|b}")


def test_the_function_may_have_any_name() -> None:
    def named(x: Any) -> Any:
        return x * x

    named.__name__ = "<b>&</title>"
    page = play(named, 2)
    assert "<b>&</title>" not in page.html
    assert "<title>&lt;b&gt;&amp;&lt;/title&gt;, step by step</title>" in page.html


def test_the_same_call_gives_the_same_page_in_any_process() -> None:
    code = (
        "import tinygrad_edu as tg, zlib; from tinygrad_edu.visualize.player import play; "
        "print(zlib.crc32(play(lambda x, y: tg.sin(x) * y, 1, 2).html.encode()))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, encoding="utf-8").stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1 and runs != {""}


@pytest.mark.filterwarnings("ignore::tinygrad_edu.visualize.layout.LayoutWarning")  # a real dot gives up on this graph
@pytest.mark.parametrize("engine", ["a program", "the built-in layout"])
def test_a_hundred_operations_are_at_most_300_kB(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    if engine == "the built-in layout":
        monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))

    def chain(x: Any, y: Any) -> Any:
        for _ in range(50):
            x = tg.sin(x) * y
        return x

    page = play(chain, 1.0, 2.0)
    assert len(data(page)["frames"]["fwd"]) == 101
    assert len(page.html.encode()) <= 300_000


def test_without_a_layout_program_the_ids_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_program = ids(play(f, 2, 5))
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    assert ids(play(f, 2, 5)) == with_program
    assert len([id for id in with_program if not id.startswith("e-")]) == 7 + 5


def test_the_ids_are_those_of_the_picture() -> None:
    picture = set(re.findall(r'<g id="([^"]+)"', draw(trace(f, 2, 5)).svg)) - {"legend"}
    assert picture == set(ids(play(f, 2, 5)))


def test_a_long_computation_shows_its_last_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))

    def long(x: Any) -> Any:
        for _ in range(1000):
            x = tg.sin(x)
        return x

    start = time.perf_counter()
    page = play(long, 1.0, max_steps=50)
    assert time.perf_counter() - start < 20  # it takes about one second; a busy machine more
    assert "950 earlier operations aren&#x27;t shown" in page.html
    found = data(page)
    assert len(found["frames"]["fwd"]) == 51
    assert found["frames"]["fwd"][0]["set"].keys() >= {"v950"}  # what the first shown operation is given
    assert found["frames"]["tan"][0]["set"].keys() >= {"v950"}


def test_every_input_can_be_the_seed_and_of_many_the_first_eight() -> None:
    found = data(play(f, 2, 5, seed=1))
    assert (found["seed"], [seed["title"] for seed in found["seeds"]]) == (1, ["v₋₁ x1", "v₀ x2"])
    assert found["frames"]["tan"][-1]["set"]["v5"] == ["5.5", "1.716"]

    page = play(lambda *xs: sum(xs), *range(12), seed=10)
    found = data(page)
    assert [seed["id"] for seed in found["seeds"]] == ["v-11", "v-10", "v-9", "v-8", "v-7", "v-6", "v-5", "v-1"]
    assert found["seed"] == 7
    assert "8 of the 12 inputs can be chosen as seed." in page.html


def test_given_tangents_are_the_only_seed() -> None:
    found = data(play(f, 2.0, 5.0, seed=(1.0, 1.0)))
    assert [seed["title"] for seed in found["seeds"]] == ["as given"]
    assert float(found["frames"]["tan"][-1]["set"]["v5"][0]) == pytest.approx(5.5 + 1.716, abs=1e-3)


def test_a_function_that_draws_random_numbers_has_one_seed() -> None:
    rng = np.random.default_rng(0)
    page = play(lambda x, y: x * y * rng.normal(), 1.0, 2.0)
    assert len(data(page)["seeds"]) == 1
    assert "gave other values when it was called again" in page.html


def test_a_module_with_its_parameters() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    rows = Static(play(model, np.ones((4, 3), np.float32))).rows
    assert "0.weight" in play(model, np.ones((4, 3), np.float32)).html
    assert all(cells[2] != "—" for cells in rows.values())


def test_a_function_that_raises_is_shown_as_far_as_it_ran() -> None:
    def broken(x: Any) -> Any:
        return tg.sin(x) @ tg.ones(7, 2)

    page = play(broken, np.ones(5))
    found = data(page)
    assert [len(found["frames"][mode]) for mode in ("fwd", "tan", "rev")] == [3, 0, 0]
    assert "ShapeError" in found["frames"]["fwd"][-1]["numbers"]
    assert '<g id="op1" class="node op failed">' in page.html
    assert "This is what ran until broken raised ShapeError" in page.html


def test_a_function_that_raises_at_once_still_gives_a_page() -> None:
    def broken(x: Any) -> Any:
        raise RuntimeError("no <luck>")

    assert "no &lt;luck&gt;" in play(broken, 1.0).html


def test_what_goes_through_unchanged_is_a_page_too() -> None:
    frames = data(play(lambda x: x, 3.0))["frames"]
    assert [len(frames[mode]) for mode in frames] == [1, 1, 1]


def test_an_output_that_depends_on_nothing_is_said_to() -> None:
    frames = data(play(lambda x: tg.ones(3), 3.0))["frames"]
    assert "depends on no input" in frames["rev"][0]["formula"]


# -- the page as a thing -------------------------------------------------------------------------------------------


def test_save_writes_the_page(tmp_path: Path) -> None:
    page = play(f, 2, 5, path=tmp_path / "f.html")
    assert (tmp_path / "f.html").read_text(encoding="utf-8") == page.html
    assert page.save(str(tmp_path / "g.htm")) == tmp_path / "g.htm"


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("f.svg", "ends in .html"), ("f", "in .html"), ("no/f.html", "folder that exists")],
)
def test_save_says_what_is_wrong(tmp_path: Path, path: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        play(f, 2, 5).save(tmp_path / path)


def test_a_wrong_path_is_said_before_the_work(tmp_path: Path) -> None:
    calls = []
    with pytest.raises(ConfigError, match=r"ends in \.html"):
        play(lambda x: calls.append(1) or x, 2.0, path=tmp_path / "f.png")
    assert calls == []


def test_open_shows_it_in_the_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    play(f, 2, 5, path=tmp_path / "f.html", open=True)
    assert shown == [(tmp_path / "f.html").as_uri()]
    play(f, 2, 5, open=True)
    assert shown[1].startswith("file:") and shown[1].endswith(".html")


def test_a_notebook_gets_a_frame() -> None:
    page = play(f, 2, 5)
    found = re.fullmatch(r'<iframe srcdoc="([^"]*)" title="f, step by step"[^>]*></iframe>', page._repr_html_())
    assert found is not None
    assert html.unescape(found[1]) == page.html


def test_repr_says_what_it_is() -> None:
    assert re.fullmatch(r"<Page 'f, step by step', [\d,]+ bytes: \.save\('play\.html'\), \.html>", repr(play(f, 2, 5)))


def test_at_least_one_step() -> None:
    with pytest.raises(ConfigError, match="max_steps=0"):
        play(f, 2, 5, max_steps=0)
