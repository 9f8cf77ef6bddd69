"""Models in pictures and tables: frames, collapsed modules, repeats drawn once, `summary`."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.visualize.pictures import GPT_INPUT, Gpt, check_geometry, read
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.visualize import draw, layout, summary, trace

X = np.ones((4, 3), np.float32)


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))


def frames(svg: str) -> dict[str, str]:
    return dict(re.findall(r'<g class="frame" data-module="([^"]*)">.*?<text[^>]*>([^<]*)</text>', svg))


# -- frames --------------------------------------------------------------------------------------------------------


def test_modules_are_frames_and_parameters_have_their_names() -> None:
    drawing = draw(net(), X)
    assert frames(drawing.svg) == {"0": "0 Linear", "1": "1 ReLU", "2": "2 Linear"}
    assert {"v₋₃ 0.weight", "v₋₂ 0.bias"} <= {lines[0] for lines in read(drawing).texts.values()}


def test_the_graph_of_a_loss_has_a_frame_for_each_module_that_owns_parameters() -> None:
    model = net()
    drawing = draw(model(tg.tensor(X)).sum(), model)
    assert frames(drawing.svg) == {"0": "0 Linear", "2": "2 Linear"}
    assert drawing.dot == draw(model(tg.tensor(X)).sum(), model=model).dot


def test_a_module_that_is_called_twice_has_two_frames() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return self.layer(np.tanh(self.layer(x)))

    assert list(frames(draw(Twice(), X).svg)) == ["layer", "layer#2"]


def test_collapsed_modules_are_one_box_each() -> None:
    shown = read(draw(net(), X, depth=1))
    assert [id for id, kinds in shown.kinds.items() if "module" in kinds] == ["m-0", "m-1", "m-2"]
    assert shown.texts["m-0"][:2] == ["0 Linear", "1 operation · 8 parameters"]
    assert set(shown.edges) == {"e-v-4-m-0", "e-m-0-v1", "e-v1-m-1", "e-m-1-v2", "e-v2-m-2", "e-m-2-v3"}
    shown = read(draw(net(), X, collapse="0"))
    assert "m-0" in shown.kinds
    assert "op2" in shown.kinds


@pytest.mark.parametrize("built_in", [False, True])
def test_a_gpt_like_block_fits_on_one_screen_at_depth_1(monkeypatch: pytest.MonkeyPatch, built_in: bool) -> None:
    if built_in:
        monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    model = Gpt()
    drawing = draw(model, GPT_INPUT, depth=1)
    picture = drawing._picture
    assert picture.width <= 1_920
    assert picture.height <= 1_080
    check_geometry(drawing)
    deeper = draw(model, GPT_INPUT, depth=2)
    assert drawing.nodes < 15 < deeper.nodes
    for depth in (2, 3, None):
        check_geometry(draw(model, GPT_INPUT, depth=depth, max_nodes=10_000))


# -- repeats -------------------------------------------------------------------------------------------------------


def tower(count: int = 12) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), *[nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(count)])


def test_twelve_like_blocks_are_one_frame() -> None:
    drawing = draw(tower(), X)
    titles = list(frames(drawing.svg).values())
    assert [title for title in titles if "×" in title] == ["1 … 12: Sequential ×12"]
    assert drawing.hidden == 11


def test_expanding_gives_exactly_the_full_set_of_ids() -> None:
    model = tower()
    t = trace(model, X)
    full = draw(t, expand=True, max_nodes=1_000)
    assert set(read(full).kinds) == {v.id for v in t.variables} | {s.id for s in t.steps}
    rolled = draw(t, max_nodes=1_000)
    assert set(read(rolled.expanded()).kinds) == set(read(full).kinds)
    assert set(read(rolled).kinds) < set(read(full).kinds)
    (group,) = [group for group in rolled._rolled.groups.values() if group.repeats > 1]
    assert set(read(rolled).kinds) | set(group.hidden) == set(read(full).kinds)


def test_the_page_can_expand_them(tmp_path: Path) -> None:
    page = draw(tower(), X, max_nodes=1_000).save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Expand the repeats" in page
    assert page.count("<svg") == 2
    assert 'id="op24"' in page.partition("<template>")[2]
    assert 'id="op5"' not in page.partition("<template>")[0]


def test_repeats_are_one_box_when_collapsed() -> None:
    shown = read(draw(tower(), X, depth=1))
    assert shown.texts["m-1"][0] == "1 … 12: Sequential ×12"
    assert [id for id in shown.kinds if id.startswith("m-")] == ["m-0", "m-1"]


def test_blocks_that_differ_are_all_drawn() -> None:
    model = nn.Sequential(*[nn.Sequential(nn.Linear(3, 3), nn.Tanh() if i % 2 else nn.ReLU()) for i in range(6)])
    assert draw(model, X).hidden == 0
    wider = nn.Sequential(*[nn.Linear(3 + i, 4 + i) for i in range(5)])
    assert draw(wider, X).hidden == 0


def test_two_are_not_worth_it() -> None:
    assert draw(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)), X).hidden == 0


def test_repeats_inside_of_a_module_can_be_named_to_be_drawn() -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tower(4)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    assert draw(Outer(), X).hidden == 3
    assert draw(Outer(), X, expand="inner").hidden == 0


# -- summary -------------------------------------------------------------------------------------------------------


def test_a_summary_counts_what_the_model_has_and_does() -> None:
    model = net()
    rows = {row["module"]: row for row in summary(model, X).records}
    assert list(rows) == ["0", "1", "2", "all"]
    assert [row["parameters"] for row in rows.values()] == [8, 0, 3, 11]
    assert rows["all"]["parameters"] == sum(p.numel() for p in model.parameters())
    assert rows["0"]["output"] == "(4, 2)"
    assert rows["0"]["kind"] == "Linear"
    assert rows["0"]["multiply_adds"] == 28  # 4·3·2 products added, and 4·2 / 2 for the bias
    assert rows["0"]["forward"] == X.nbytes  # the weight is there anyway
    assert rows["1"]["forward"] == 4 * 2 * 4
    assert rows["0"]["backward"] == (4 * 2 + 8) * 4


def test_rows_are_nested_and_the_whole_is_the_last() -> None:
    s = summary(Gpt(), GPT_INPUT)
    depth = {row["module"]: row["depth"] for row in s.records}
    assert depth["blocks.0.attention.query"] == depth["blocks.0.attention"] + 1
    lines = s.markdown.splitlines()
    assert lines[-1].startswith("| all | Gpt | (1, 4, 5) |")
    assert any("&nbsp;query" in line for line in lines)


def test_a_summary_in_every_form() -> None:
    s = summary(net(), X)
    assert s.markdown.splitlines()[0].startswith("| module | kind | output |")
    assert s.html.count("<tr>") == 5
    assert json.loads(json.dumps(s.records))[-1]["module"] == "all"
    assert set(s._repr_mimebundle_()) == {"text/html", "text/markdown", "text/plain"}
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=120)
    with console.capture() as capture:
        console.print(s)
    assert "multiply-adds" in capture.get()


def test_what_is_no_model() -> None:
    with pytest.raises(ConfigError, match=r"needs an nn\.Module, got function"):
        summary(net, X)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="the model raised ShapeError"):
        summary(net(), np.ones((4, 7), np.float32))
