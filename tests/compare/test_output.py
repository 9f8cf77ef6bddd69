"""The forms of a comparison: text, Markdown, page, JSON, rich; and that they are the same every time but for what was measured."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import Comparison, compare
from tinygrad_edu.errors import ConfigError


def squares(x: Any) -> Any:
    return (tg.relu(x) * x).sum()


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(squares, tg.tensor(np.linspace(-1.0, 1.0, 10)), repeats=1, name="f<x|y>")


ROWS = (
    "computes per pass", "one pass, counted (× the function)", "one pass, timed (× the function)",
    "one pass, peak memory", "passes for the whole Jacobian",
    "whole Jacobian, counted", "whole Jacobian, timed", "measured", "a batch's peak memory",
)  # fmt: skip


def test_every_form_has_every_row(found: Comparison) -> None:
    for text in (found.to_text(), found.to_markdown(), found.to_html().replace("&#39;", "'")):
        for what in (*ROWS, "adjoint identity", "central differences", "cross-country accumulation", "Jᵀ w, a row"):
            assert what in text
        assert found.recommendation.reason in text
    assert [row[0] for row in found.report().modes] == list(ROWS)


def test_the_markdown_is_two_tables_of_even_rows(found: Comparison) -> None:
    lines = found.to_markdown().splitlines()
    tables = [line for line in lines if line.startswith("|")]
    # A bar of the text's own is escaped.
    widths = [len(re.findall(r"(?<!\\)\|", line)) - 1 for line in tables]
    assert widths == [4] * (len(ROWS) + 2) + [2] * 6
    assert lines[0].startswith(r"### f\<x\|y\>: n = 10 in, m = 1 out")


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_by_itself(found: Comparison) -> None:
    html = found.to_html()
    page = _Page(html)
    assert (page.open, page.links) == ([], [])
    assert "f&lt;x|y&gt;: n = 10 in" in html
    assert "http" not in html


def test_the_numbers_are_json(found: Comparison) -> None:
    data = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert data == json.loads(json.dumps(found.to_dict()))
    assert [mode["name"] for mode in data["modes"]] == ["forward", "forward in chunks", "reverse", "cross-country"]
    assert data["counts"]["primal"] == {"flops": 30, "multiply_adds": 15, "peak": 240}
    assert set(data["memory"]) == {"forward", "reverse", "reverse, freeing", "reverse, checkpointing"}


def test_numbers_that_are_not_finite_are_json_as_well() -> None:
    with np.errstate(divide="ignore"):
        infinite = compare(lambda x: tg.log(x), tg.tensor(np.array([0.0, 1.0])), repeats=1)
    data = json.loads(infinite.to_json(), parse_constant=pytest.fail)
    assert data["agreement"]["adjoint"]["largest"] is None
    assert "not comparable: not finite here" in str(infinite)


@pytest.mark.parametrize(("n", "width"), [(2001, 1), (10, 3000)])
def test_a_graph_too_large_for_elimination_is_said_to_be(n: int, width: int) -> None:
    large = compare(lambda x: (x * tg.ones(width, 1, dtype=tg.float64)).sum(), tg.tensor(np.ones(n)), repeats=1)
    assert large.modes[3].flops is None
    assert large.modes[3].why.startswith("graph too large: ")
    assert "cross-country accumulation" in str(large)


def test_a_long_timeline_is_thinned_and_keeps_its_peak() -> None:
    def deep(x: Any) -> Any:
        for _ in range(700):
            x = tg.sin(x)
        return x

    long = compare(deep, tg.tensor(np.ones(2)), repeats=1)
    assert len(long.memory["reverse"]) > 2000
    for name, timeline in long.memory.items():
        thinned = long.to_dict()["memory"][name]
        assert len(thinned) <= 500
        assert max(bytes_ for _, bytes_ in thinned) == max(bytes_ for _, bytes_ in timeline)


def test_all_but_what_was_measured_is_the_same_every_time(found: Comparison) -> None:
    def counted(one: Comparison) -> dict[str, Any]:
        data = one.to_dict()
        for mode in data["modes"]:
            del mode["time"], mode["measured_peak"]
        return {
            name: data[name] for name in ("name", "counts", "modes", "agreement", "cross_country", "notes", "memory")
        }

    again = compare(squares, tg.tensor(np.linspace(-1.0, 1.0, 10)), repeats=1, name="f<x|y>")
    assert counted(again) == counted(found)


def test_a_notebook_shows_it(found: Comparison) -> None:
    assert found._repr_mimebundle_()["text/markdown"] == found.to_markdown()


@pytest.mark.parametrize(("package", "call"), [("jinja2", "to_html()"), ("rich", "report().to_rich()")])
def test_without_the_extra_the_text_is_there_and_the_rest_says_what_to_install(package: str, call: str) -> None:
    program = f"""
import sys
sys.modules[{package!r}] = None
import numpy as np, tinygrad_edu as tg
from tinygrad_edu.compare import compare
from tinygrad_edu.errors import ConfigError
found = compare(lambda x: x * 2, tg.tensor(np.ones(2)), repeats=1)
found.to_text(), found.to_markdown(), found.to_json()
try:
    found.{call}
except ConfigError as error:
    assert "tinygrad-edu[cli]" in str(error)
else:
    sys.exit("no error")
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_something_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be a function or a module, got Tensor"):
        compare(tg.tensor([1.0]), tg.tensor([1.0]))
