"""`draw`: that a picture is the same in every run and by every layout, its limits, its files and its errors."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.visualize.pictures import baydin, check_geometry, leaf, read
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.visualize import Drawing, LayoutWarning, draw, layout


def titles(drawing: Drawing) -> list[str]:
    return [lines[0] for lines in read(drawing).texts.values()]


# -- names and characters ------------------------------------------------------------------------------------------

ODD = [
    "<script>", "{a|b}", '"', "\\N", "59o", "&lt;", "a\\", "<b>bold</b>", "\\", "node", "%s", "σ̄₃", "a\nb\x07", "\ud800",
]  # fmt: skip


def test_names_appear_literally(engine: str) -> None:
    tensors = {name: leaf() for name in ODD}
    total = sum(tensors.values(), start=leaf())
    drawing = draw(total, names=tensors)
    shown = [title.partition(" ")[2] for title in titles(drawing)]
    expected = [name.replace("\n", " ").replace("\x07", "�").replace("\ud800", "�") for name in ODD]
    assert [name for name in expected if name not in shown] == []
    assert drawing.nodes == len(read(drawing).kinds) == 2 * len(ODD) + len(ODD) + 1


def test_modules_with_odd_names(tmp_path: Path) -> None:
    model = nn.Sequential()
    model.add_module("<script>", nn.Linear(2, 2))
    model.add_module('"{a|b}:\\N', nn.Linear(2, 2))
    drawing = draw(model, np.ones((1, 2), np.float32))
    assert "<script> Linear" in "".join(read(drawing).everything)
    assert "<script>" not in draw(model, np.ones((1, 2), np.float32), depth=1).svg
    drawing.save(tmp_path / "a.html")


_PROGRAM = """
import numpy as np, tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.visualize import draw
padding = [object() for _ in range({padding})]
x = tg.tensor(np.ones((3, 2)), requires_grad=True)
w = tg.tensor(np.ones((4, 2)), requires_grad=True)
mask = np.ones((3, 4))
y = [tg.tanh(x @ w.mT) * mask * mask, x.sum() * 2.0, x[np.array([0, 1])]]
print(draw(y, names=dict(x=x, mask=mask)).dot)
model = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(4)])
for parameter in model.parameters():
    parameter.data = np.ones(parameter.shape, np.float32)
print(draw(model, np.ones((3, 2), np.float32)).dot, draw(model, np.ones((3, 2), np.float32)).svg)
"""


def test_dot_text_and_picture_are_the_same_in_every_process() -> None:
    outputs = []
    for padding, seed in [(0, "0"), (1001, "1")]:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        run = [sys.executable, "-c", _PROGRAM.format(padding=padding)]
        outputs.append(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert len(outputs[0]) > 1000
    assert outputs[0] == outputs[1]


# -- layouts -------------------------------------------------------------------------------------------------------


def test_ids_are_the_same_by_every_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    by_program = read(draw(baydin, 2, 5))
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    drawing = draw(baydin, 2, 5)
    built_in = read(drawing)
    assert (by_program.kinds, by_program.edges) == (built_in.kinds, built_in.edges)
    assert drawing.engine == "built-in"
    assert (
        set(re.findall(r'[ \[]id="?([^\s"\]]+)"?', drawing.dot))
        == set(drawing.ids)
        == {*built_in.kinds, *built_in.edges}
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the fake program is a shell script")
def test_a_dot_that_never_returns_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setattr(layout, "_find_engines", lambda: iter([("dot", str(program))]))
    monkeypatch.setattr(layout, "TIMEOUT", 0.5)
    start = time.perf_counter()
    drawing = draw(baydin, 2, 5)
    with pytest.warns(LayoutWarning, match="took more than 0.5 s and was stopped; trying the built-in layout"):
        assert drawing.svg
    assert time.perf_counter() - start < 30
    assert drawing.engine == "built-in"


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_no_text_exceeds_its_box_and_nothing_the_view(engine: str, rankdir: str) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    check_geometry(draw(baydin, 2, 5, rankdir=rankdir))
    check_geometry(draw(model, np.ones((4, 3), np.float32), rankdir=rankdir))
    named = leaf()
    check_geometry(draw(named * 2, names={"a very long name " * 9: named, "x" * 300: named}, rankdir=rankdir))
    wide = leaf()
    check_geometry(draw(wide * 2, names={"W" * 300: wide}, rankdir=rankdir))


# -- size ----------------------------------------------------------------------------------------------------------


def test_a_chain_of_5000_ops_is_cut_and_says_so(engine: str) -> None:
    y = leaf()
    for _ in range(2_500):
        y = tg.sin(y) * 1.5
    start = time.process_time()  # this process's own: a shared machine stalls for longer than that
    drawing = draw(y)
    shown = read(drawing)
    assert time.process_time() - start < 2
    assert 148 <= drawing.nodes <= 150
    ops = sum("op" in kinds for kinds in shown.kinds.values())
    assert drawing.cut == 5_000 - ops
    assert f"… {drawing.cut:,} earlier operations aren't drawn" in shown.everything


def test_a_traced_chain_of_5000_ops() -> None:
    def f(x: Any) -> Any:
        for _ in range(2_500):
            x = np.sin(x) * 1.5
        return x

    assert draw(f, 1.0).cut > 4_900


def test_a_chain_of_30000_ops_is_drawn_without_recursion() -> None:
    y = leaf()
    for _ in range(30_000):
        y = -y
    assert draw(y).cut > 29_900


@pytest.mark.parametrize("limit", [3, 4, 5, 10, 11, 12])
def test_a_cut_picture_has_about_as_many_boxes_as_asked_for(limit: int) -> None:
    y = x = leaf()
    for _ in range(40):
        y = tg.sin(y * x)
    drawing = draw(y, max_nodes=limit)
    assert limit - 2 <= drawing.nodes <= max(limit, 4)  # an operation comes with its arguments or not at all
    assert drawing.cut == 80 - sum("op" in kinds for kinds in read(drawing).kinds.values())


def test_a_graph_that_just_fits_is_not_cut() -> None:
    y = tg.sin(tg.cos(leaf()))
    assert draw(y, max_nodes=5).cut == 0
    assert draw(y, max_nodes=4).cut == 1


# -- colours, paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["grad", "time", "flops", "bytes"])
def test_boxes_are_shaded_by_what_is_measured(measure: str) -> None:
    f = lambda x: ((x @ np.ones((3, 50))) ** 2).sum()
    drawing = draw(f, np.ones((2, 3)), color_by=measure)
    assert len(set(re.findall(r'style="fill:(#[0-9a-f]{6})"', drawing.svg))) >= 2
    assert any(text.startswith(f"{measure}: from ") for text in read(drawing).everything)


def test_what_was_not_measured_cant_be_shown() -> None:
    y = leaf() * 2
    with pytest.raises(ConfigError, match=r"draw\(f, x\)"):
        draw(y, color_by="time")
    with pytest.raises(ConfigError, match=r"backward\(\)"):
        draw(y, color_by="grad")


@pytest.mark.parametrize("ends", [("x1", "op3"), ("op3", "v-1"), ("v₋₁", "v4")])
def test_a_path_stands_out(ends: tuple[str, str]) -> None:
    kinds = read(draw(baydin, 2, 5, highlight=ends)).kinds
    on = {id for id, classes in kinds.items() if "path" in classes}
    assert on - {"v4"} == {"v-1", "op0", "v1", "op1", "v2", "op3"}
    assert {id for id, classes in kinds.items() if "dim" in classes} == set(kinds) - on


def test_a_path_that_isnt_there() -> None:
    with pytest.raises(ConfigError, match="no path"):
        draw(baydin, 2, 5, highlight=("op0", "op1"))
    with pytest.raises(ConfigError, match="x1, x2"):
        draw(baydin, 2, 5, highlight=("x1", "x3"))


# -- files ---------------------------------------------------------------------------------------------------------


def test_saving(tmp_path: Path) -> None:
    drawing = draw(leaf() * 2)
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg
    assert drawing.save(str(tmp_path / "a.dot")).read_text(encoding="utf-8") == drawing.dot
    page = drawing.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert not re.search(r"https?://(?!www\.w3\.org)", page)


def test_saving_pixels(tmp_path: Path) -> None:
    drawing = draw(leaf() * 2)
    try:
        assert drawing.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    except ConfigError as error:
        assert "librsvg" in str(error)  # noqa: PT017  # there is no program here


def test_without_a_program_for_pixels_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(ConfigError, match="pip install cairosvg"):
        draw(leaf() * 2).save(tmp_path / "a.png")


def test_a_notebook_shows_the_picture(engine: str) -> None:
    drawing = draw(leaf() * 2)
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg


# -- errors --------------------------------------------------------------------------------------------------------


def test_a_tensor_without_a_graph_says_what_to_do() -> None:
    with pytest.raises(GraphError, match=r"requires_grad=True.*draw\(f, x\)"):
        draw(tg.ones(3) * 2)
    with pytest.raises(GraphError, match="got ndarray"):
        draw(np.ones(3))
    with pytest.raises(GraphError, match="nothing in this container"):
        draw([])


def test_an_unwritable_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory"):
        draw(leaf() * 2).save(tmp_path / "absent" / "a.dot")


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_an_unknown_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"as \.svg, \.png, \.dot or \.html"):
        draw(leaf() * 2).save(tmp_path / name)


def test_options_out_of_range() -> None:
    y = leaf() * 2
    with pytest.raises(ConfigError, match="TB, BT, LR, RL"):
        draw(y, rankdir="up")
    with pytest.raises(ConfigError, match="max_nodes=1"):
        draw(y, max_nodes=1)
    with pytest.raises(ConfigError, match="none, grad, time, flops, bytes"):
        draw(y, color_by="colour")
    with pytest.raises(ConfigError, match="depth=0"):
        draw(y, depth=0)
    with pytest.raises(ConfigError, match="no module that ran is called nothing"):
        draw(y, collapse="nothing")
