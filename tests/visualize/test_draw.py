"""`draw`: what a picture shows of a graph, that it is the same in every run, and what happens without a layout program."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Case, Sampler
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.ops.fused import cross_entropy_, linear
from tinygrad_edu.visualize import Drawing, LayoutWarning, draw, layout


def leaf(*shape: int) -> tg.Tensor:
    return tg.tensor(
        np.arange(1.0, 1.0 + np.prod(shape, dtype=int), dtype=np.float32).reshape(shape), requires_grad=True
    )


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))


@pytest.fixture
def program() -> None:
    if not list(layout._find_engines()):
        pytest.skip("no layout program is installed")


def labels(drawing: Drawing) -> dict[str, str]:
    """The text of every box but the legend's, by id, as DOT has it."""
    found = re.findall(r'^\s*(n\d+) \[label=("(?:[^"\\]|\\.)*"|\S+)', drawing.dot, re.MULTILINE)
    return {name: text.removeprefix('"').removesuffix('"') for name, text in found}


def arrows(drawing: Drawing) -> list[tuple[str, str, str]]:
    """Where each arrow comes from, where it points, and its text."""
    found = []
    for source, target, rest in re.findall(r"^\s*(n\d+) -> (n\d+)(.*)$", drawing.dot, re.MULTILINE):
        label = re.search(r'label="([^"]*)"', rest)
        ends = (target, source) if "dir=back" in rest else (source, target)
        found.append((*ends, label.group(1).strip() if label else ""))
    return found


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


# -- what is drawn -------------------------------------------------------------------------------------------------


def test_an_op_shows_its_mathematics_its_result_and_its_work() -> None:
    x, w, b = leaf(4, 3), leaf(2, 3), leaf(2)
    boxes = labels(draw(linear(x, w, b)))
    assert "linear\\nY = X Wᵀ + b\\n(4, 2) float32 · 56 flops" in boxes.values()


def test_arrows_carry_the_rules_of_the_reverse_sweep() -> None:
    x, w, b = leaf(4, 3), leaf(2, 3), leaf(2)
    drawing = draw(tg.tanh(linear(x, w, b)), names={"x": x, "w": w, "b": b})
    boxes = labels(drawing)
    rules = {(boxes[a].split("\\n")[0], boxes[b].split("\\n")[0]): text for a, b, text in arrows(drawing)}
    assert rules == {
        ("x", "linear"): "X̄ += Ȳ W",
        ("w", "linear"): "W̄ += Ȳᵀ X",
        ("b", "linear"): "b̄ += Σ Ȳ",
        ("linear", "tanh"): "∂y/∂x = 1 − y²",
        ("tanh", "output"): "",
    }


def test_a_value_used_twice_is_one_box_with_two_arrows() -> None:
    a = leaf()
    drawing = draw(a * a, names={"a": a})
    assert [text for _, _, text in arrows(drawing)] == ["∂y/∂a = b", "∂y/∂b = a", ""]
    assert drawing.nodes == 3


def test_the_two_differentiable_arguments_of_where_are_a_and_b() -> None:
    x = leaf(3)
    drawing = draw(tg.where(np.array([True, False, True]), x, 2 * x))
    assert {"∂y/∂a = [c]", "∂y/∂b = [not c]"} <= {text for _, _, text in arrows(drawing)}


def test_outputs_of_one_op_are_numbered_on_the_arrow_and_unused_ones_not_drawn() -> None:
    x = leaf(4, 3)
    loss, _ = cross_entropy_(x, np.array([0, 1, 2, 0]), np.full(4, 0.25, np.float32))
    drawing = draw(loss * 2)
    boxes = labels(drawing)
    assert sum(text.startswith("cross_entropy") for text in boxes.values()) == 1
    assert any(text == "output 0 · ∂y/∂a = b" for _, _, text in arrows(drawing))
    assert "output 1" not in drawing.dot


def test_both_outputs_of_one_op_as_roots() -> None:
    loss, p = cross_entropy_(leaf(4, 3), np.array([0, 1, 2, 0]), np.full(4, 0.25, np.float32))
    names = {"loss": loss, "p": p}
    assert [text for _, _, text in arrows(draw((loss, p), names=names))][-2:] == ["output 0", "output 1"]
    assert "output 0 loss · ∂y/∂a = b" in [text for _, _, text in arrows(draw(loss * 2, names=names))]


def test_what_gets_no_gradient_is_a_constant_once_however_often_used() -> None:
    x, mask = leaf(3), tg.tensor(np.ones(3, np.float32))
    boxes = labels(draw((x * mask) * mask, names={"mask": mask}))
    assert [text for text in boxes.values() if text.startswith("mask")] == ["mask\\n(3,) float32"]


def test_a_number_is_a_constant_that_shows_its_value() -> None:
    assert "2.5" in labels(draw(leaf() * 2.5)).values()


def test_a_graph_that_was_freed_is_still_drawn() -> None:
    x = leaf(3)
    y = (x * tg.tensor(np.ones(3, np.float32))).sum()
    y.backward()
    assert any(text.startswith("multiply") for text in labels(draw(y)).values())


def test_a_graph_of_second_order_is_drawn() -> None:
    x = leaf(3)
    y = (x**3).sum()
    y.backward(create_graph=True)
    assert x.grad is not None
    assert draw(x.grad.sum()).nodes > draw(y).nodes


def test_the_argument_of_a_transform_is_an_input() -> None:
    drawings = []

    def f(x: Any) -> Any:
        y = (tg.sin(x) * x).sum()
        drawings.append(draw(y, names={"x": x}, values=True))
        return y

    tg.func.grad(f)(np.ones(3))
    assert "x\\n(3,) float64\\n= [1, 1, 1]" in labels(drawings[0]).values()
    assert drawings[0].nodes == 5
    tg.func.vmap(tg.func.grad(f))(np.ones((2, 3)))
    assert drawings[1].nodes == 5


def test_a_leaf_alone_is_drawn() -> None:
    assert list(labels(draw(leaf(2), names={})).values()) == ["input\\n(2,) float32", "output\\n(2,) float32"]


def every_sample() -> Iterator[tuple[str, Any, Any]]:
    for op in REGISTRY.values():
        for sample in op.samples(Sampler(0)) if op.samples is not None else ():
            yield op.name, op, sample


def test_every_op_can_be_drawn_with_its_cost_before_and_after_it_is_freed() -> None:
    drawn = set()
    for name, op, sample in every_sample():
        case = Case(op, sample, "float64")
        xs = [tg.tensor(x, requires_grad=True) for x in case.xs]
        results = case.call(*xs)
        outputs = [y for y in (results if isinstance(results, tuple) else (results,)) if getattr(y, "node", None)]
        if not outputs:
            continue
        before = labels(draw(outputs, values=True))
        sum(y.sum() for y in outputs).backward()
        after = labels(draw(outputs))
        work = (
            op.cost(case.ys if len(case.ys) > 1 else case.ys[0], *case.args, **sample.params)
            if callable(op.cost)
            else 0
        )
        assert any(text.startswith(name) and (not work or f" {work:,} flop" in text) for text in before.values()), name
        assert any(text.startswith(name) for text in after.values()), name
        drawn.add(name)
    assert len(drawn) > 50


def test_metadata_that_would_differ_between_runs_is_left_out() -> None:
    x = leaf(2, 3)
    (title,) = [text for text in labels(draw(x.sum(1))).values() if text.startswith("sum")]
    assert "axis=(1,)" in title
    assert "0x" not in draw(x[np.array([0, 1])]).dot


def test_values_are_shown_only_when_asked_for() -> None:
    x = leaf()
    y = x * 3.0
    assert "= 3" not in draw(y).dot
    assert {"input\\n() float32\\n= 1", "output\\n() float32\\n= 3"} <= set(labels(draw(y, values=True)).values())


def test_values_that_a_rule_keeps_are_found_again() -> None:
    x = leaf(2, 3)
    (box,) = [text for text in labels(draw(tg.exp(x * 0.5).sum(), values=True)).values() if text.startswith("exp")]
    assert box.endswith("min 1.65, mean 8.08, max 20.1")


class _Linear:
    pass


class _Model:
    def __init__(self) -> None:
        self.parameters = {"0.weight": leaf(4, 3), "0.bias": leaf(4), "1.weight": leaf(2, 4), "scale": leaf()}

    def named_parameters(self) -> list[tuple[str, tg.Tensor]]:
        return list(self.parameters.items())

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        yield from [("", self), ("0", _Linear()), ("1", _Linear())]

    def __call__(self, x: Any) -> tg.Tensor:
        p = self.parameters
        hidden = tg.relu(linear(x, p["0.weight"], p["0.bias"]))
        return linear(hidden, p["1.weight"]) * p["scale"]


def test_parameters_have_their_names_and_modules_their_frames() -> None:
    model = _Model()
    drawing = draw(model(tg.ones(5, 3)).sum(), model)
    assert {"0.weight\\n(4, 3) float32", "scale\\n() float32"} <= set(labels(drawing).values())
    frames = re.findall(r"subgraph cluster_\d+ \{\n(.*?\n)\t\}", drawing.dot, re.DOTALL)
    inside = {
        re.findall(r'^\t\t(?:.* )?label="?([^" \n]*(?: _\w+)?)', frame, re.MULTILINE)[0]: frame for frame in frames
    }
    assert list(inside) == ["0 _Linear", "1 _Linear", "_Model"]
    assert all(text in inside["0 _Linear"] for text in ("0.weight", "0.bias", "Y = X Wᵀ + b"))
    assert "relu" not in "".join(frames)


# -- names and characters ------------------------------------------------------------------------------------------

ODD = [
    "<script>",
    "{a|b}",
    '"',
    "\\N",
    "59o",
    "&lt;",
    "a\\",
    "<b>bold</b>",
    "\\",
    "node",
    "%s",
    "σ̄₃",
    "a\nb\x07",
    "\ud800",
]


def test_names_appear_literally(program: None) -> None:
    tensors = {name: leaf() for name in ODD}
    total = sum((tensors.values()), start=leaf())
    drawing = draw(total, names=tensors)
    assert drawing.svg is not None, drawing.message
    shown = [text.replace("\u00a0", " ") for text in texts(drawing.svg)]
    expected = [name.replace("\n", " ").replace("\x07", "�").replace("\ud800", "�") for name in ODD]
    assert [name for name in expected if name not in shown] == []


def test_every_box_and_arrow_is_in_the_picture(program: None) -> None:
    model = _Model()
    drawing = draw(model(tg.ones(5, 3)).sum(), model)
    assert drawing.svg is not None, drawing.message
    titles = [t.text or "" for t in ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}title")]
    assert sum(re.fullmatch(r"n\d+", title) is not None for title in titles) == drawing.nodes
    assert sum(re.fullmatch(r"n\d+->n\d+", title) is not None for title in titles) == len(arrows(drawing))


_PROGRAM = """
import numpy as np, tinygrad_edu as tg
from tinygrad_edu.visualize import draw
padding = [object() for _ in range({padding})]
x = tg.tensor(np.ones((3, 2)), requires_grad=True)
w = tg.tensor(np.ones((4, 2)), requires_grad=True)
mask = np.ones((3, 4))
y = [tg.tanh(x @ w.mT) * mask * mask, x.sum() * 2.0, x[np.array([0, 1])]]
print(draw(y, names=dict(x=x, mask=mask), values=True).dot)
"""


def test_dot_text_is_the_same_in_every_process() -> None:
    outputs = []
    for padding, seed in [(0, "0"), (1001, "1")]:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        run = [sys.executable, "-c", _PROGRAM.format(padding=padding)]
        outputs.append(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert len(outputs[0]) > 1000
    assert outputs[0] == outputs[1]


# -- size ----------------------------------------------------------------------------------------------------------


def test_a_chain_of_5000_ops_is_cut_and_says_so(program: None) -> None:
    y = leaf()
    for _ in range(2_500):
        y = tg.sin(y) * 1.5
    drawing = draw(y)
    assert 148 <= drawing.nodes <= 150  # an op comes with its constant or not at all
    assert drawing.svg is not None
    (announced,) = [text for text in texts(drawing.svg) if "aren't drawn" in text]
    ops = sum("float32" in text for text in labels(drawing).values()) - 1
    assert announced == f"… {5_001 - ops:,} earlier nodes aren't drawn"


def test_a_chain_of_100000_ops_is_drawn_without_recursion() -> None:
    y = leaf()
    for _ in range(100_000):
        y = -y
    assert draw(y).cut == 100_001 - 148


@pytest.mark.parametrize("limit", [3, 4, 5, 10, 11, 12])
def test_a_cut_picture_has_as_many_boxes_as_asked_for(limit: int) -> None:
    y = x = leaf()
    for _ in range(40):
        y = tg.sin(y * x)
    drawing = draw(y, max_nodes=limit)
    assert drawing.nodes == limit
    assert drawing.cut == 81 - (limit - 2)


def test_a_graph_that_just_fits_is_not_cut() -> None:
    y = tg.sin(tg.cos(leaf()))
    assert draw(y, max_nodes=4).cut == 0
    assert draw(y, max_nodes=3).cut == 2


# -- files ---------------------------------------------------------------------------------------------------------


def test_saving(tmp_path: Path, program: None) -> None:
    drawing = draw(leaf() * 2)
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg
    assert drawing.save(str(tmp_path / "a.dot")).read_text(encoding="utf-8") == drawing.dot


def test_without_a_layout_program_the_dot_text_is_saved_and_a_warning_says_how_to_get_one(
    tmp_path: Path, no_program: None
) -> None:
    drawing = draw(leaf() * 2)
    with pytest.warns(LayoutWarning, match="pip install") as caught:
        saved = drawing.save(tmp_path / "a.svg")
    assert saved == tmp_path / "a.dot"
    (warning,) = caught
    assert str(saved) in str(warning.message)
    assert warning.filename == __file__
    assert saved.read_text(encoding="utf-8") == drawing.dot
    assert not (tmp_path / "a.svg").exists()


def test_without_a_layout_program_a_notebook_shows_the_text(no_program: None) -> None:
    drawing = draw(leaf() * 2)
    shown = drawing._repr_mimebundle_()
    assert list(shown) == ["text/plain"]
    assert drawing.dot in shown["text/plain"]
    assert "pip install" in shown["text/plain"]
    with pytest.warns(LayoutWarning, match="pip install"):
        assert drawing.svg is None


def test_a_notebook_shows_the_picture(program: None) -> None:
    drawing = draw(leaf() * 2)
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg


# -- errors --------------------------------------------------------------------------------------------------------


def test_a_tensor_without_a_graph_says_what_to_do() -> None:
    with pytest.raises(GraphError, match="requires_grad=True"):
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
    with pytest.raises(ConfigError, match=r"as \.svg or as \.dot"):
        draw(leaf() * 2).save(tmp_path / name)


def test_options_out_of_range() -> None:
    with pytest.raises(ConfigError, match="TB, BT, LR, RL"):
        draw(leaf() * 2, rankdir="up")
    with pytest.raises(ConfigError, match="max_nodes=1"):
        draw(leaf() * 2, max_nodes=1)
