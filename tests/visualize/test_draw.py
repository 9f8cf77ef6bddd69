"""`draw`: what a picture shows of a call, and of a graph that is there already."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Case, Sampler
from tests.visualize.pictures import baydin, leaf, number, read
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.ops.fused import cross_entropy_, linear
from tinygrad_edu.visualize import Drawing, draw, trace


def titles(drawing: Drawing) -> list[str]:
    return [lines[0] for lines in read(drawing).texts.values()]


# -- a call --------------------------------------------------------------------------------------------------------


def test_the_example_of_the_literature_read_back(engine: str) -> None:
    texts = read(draw(baydin, 2, 5)).texts
    assert number(texts["v5"], "= ") == pytest.approx(11.652, abs=1e-3)
    tangents = [number(texts[f"v{i}"], "v̇") for i in range(1, 6)]
    assert tangents == pytest.approx([0.5, 5, 0, 5.5, 5.5], abs=1e-3)
    assert [number(texts[v], "v̄") for v in ("v-1", "v0")] == pytest.approx([5.5, 1.716], abs=1e-3)


def test_an_operation_shows_its_formula_its_turns_its_work_and_what_it_keeps() -> None:
    texts = read(draw(baydin, 2, 5)).texts
    assert texts["op1"] == ["multiply", "v₂ = v₋₁ · v₀", "↓2 ↑4 · 1 flop", "keeps v₋₁, v₀"]


def test_an_arrow_shows_the_local_derivative_as_formula_and_number() -> None:
    edges = read(draw(baydin, 2, 5)).edges
    assert edges["e-v-1-op1-0"] == "∂v₂/∂v₋₁ = v₀ = 5"
    assert edges["e-v3-op4-1"] == "∂v₅/∂v₃ = −1"


def test_a_square_is_two_labelled_arrows_to_one_node() -> None:
    shown = read(draw(lambda a: a * a, 3.0))
    assert {k: v for k, v in shown.edges.items() if v} == {
        "e-v0-op0-0": "∂v₁/∂v₀ = v₀ = 3",
        "e-v0-op0-1": "∂v₁/∂v₀ = v₀ = 3",
    }
    assert list(shown.kinds) == ["v0", "op0", "v1"]


def test_fan_out_is_swept_back_in_order() -> None:
    def f(a: Any) -> Any:
        b = a + a
        return b + b

    texts = read(draw(f, 1.0)).texts
    turns = {v: re.findall("↑(\\d+)", " ".join(texts[op]))[0] for op, v in (("op1", "c"), ("op0", "b"))}
    assert turns == {"c": "1", "b": "2"}
    assert number(texts["v0"], "v̄") == 4


def test_every_node_of_the_trace_is_in_the_picture_once(engine: str) -> None:
    t = trace(baydin, 2, 5)
    assert set(read(draw(t)).kinds) == {v.id for v in t.variables} | {s.id for s in t.steps}


def test_tangents_and_adjoints_differ_without_colour() -> None:
    svg = draw(baydin, 2, 5).svg
    assert re.search(r"\.mark\.tangent \{[^}]*stroke-dasharray", svg)
    assert not re.search(r"\.mark\.adjoint \{[^}]*stroke-dasharray", svg)


def test_a_function_that_raises_half_way_is_drawn_up_to_there() -> None:
    def f(x: Any) -> Any:
        y = np.sin(x)
        return y @ np.ones(7)

    shown = read(draw(f, np.ones(3)))
    assert shown.kinds["op1"] >= {"op", "failed"}
    assert shown.texts["op1"][0] == "✗ matmul"
    assert "return y @ np.ones(7)" in shown.texts["op1"][1]
    assert "ShapeError" in " ".join(shown.texts["op1"])
    assert "e-v1-op1-0" in shown.edges


# -- a graph that is there already ---------------------------------------------------------------------------------


def test_before_backward_no_adjoint_number_appears_anywhere() -> None:
    x, w = leaf(4, 3), leaf(2, 3)
    y = tg.tanh(linear(x, w)).sum()
    before = draw(y, names={"x": x, "w": w})
    adjoints = [line for lines in read(before).texts.values() for line in lines if line.startswith("v̄")]
    assert adjoints
    assert all(line.endswith(" = —") for line in adjoints)
    y.backward()
    after = [lines[-1] for lines in read(draw(y)).texts.values() if lines[0].startswith(("v₋₁", "v₀"))]
    assert all("min" in line for line in after)


def test_a_retained_gradient_is_shown() -> None:
    x = leaf()
    y = x * 3.0
    y.retain_grad()
    z = y * y
    z.backward()
    assert number(read(draw(z)).texts["v1"], "v̄") == 6


def test_the_rules_of_matrices_are_on_the_arrows() -> None:
    x, w, b = leaf(4, 3), leaf(2, 3), leaf(2)
    edges = read(draw(linear(x, w, b), names={"x": x, "w": w, "b": b})).edges
    assert [edges[f"e-v{i}-op0-{k}"] for k, i in enumerate((-2, -1, 0))] == ["X̄ += Ȳ W", "W̄ += Ȳᵀ X", "b̄ += Σ Ȳ"]


def test_a_graph_and_its_trace_have_the_same_ids() -> None:
    x1, x2 = tg.tensor(2.0, requires_grad=True), tg.tensor(5.0, requires_grad=True)
    assert draw(baydin(x1, x2)).ids == draw(baydin, 2, 5).ids


def test_outputs_of_one_op_that_nothing_uses_are_not_drawn() -> None:
    loss, _ = cross_entropy_(leaf(4, 3), np.array([0, 1, 2, 0]), np.full(4, 0.25, np.float32))
    shown = read(draw(loss * 2))
    assert sum(lines[0].startswith("cross_entropy") for lines in shown.texts.values()) == 1
    assert [e for e in shown.edges if e.startswith("e-op0-")] == ["e-op0-v1"]


def test_both_outputs_of_one_op_as_roots() -> None:
    loss, p = cross_entropy_(leaf(4, 3), np.array([0, 1, 2, 0]), np.full(4, 0.25, np.float32))
    shown = read(draw({"loss": loss, "p": p}, names={"loss": loss, "p": p}))
    assert [shown.texts[v][0] for v in ("v1", "v2")] == ["v₁ loss", "v₂ p"]


def test_what_gets_no_gradient_is_a_constant_once_however_often_used() -> None:
    x, mask = leaf(3), tg.tensor(np.ones(3, np.float32))
    assert [t for t in titles(draw((x * mask) * mask, names={"mask": mask})) if "mask" in t] == ["v₀ mask"]


def test_a_graph_that_was_freed_is_still_drawn() -> None:
    x = leaf(3)
    y = (x * tg.tensor(np.ones(3, np.float32))).sum()
    y.backward()
    assert "multiply" in titles(draw(y))


def test_second_order_shows_what_the_reverse_sweep_added() -> None:
    x = leaf()
    y = tg.sin(x) * x
    y.backward(create_graph=True)
    assert x.grad is not None
    shown = read(draw(x.grad * y, since=y))
    added = {shown.texts[id][0] for id, kinds in shown.kinds.items() if "added" in kinds}
    assert added == {"+ multiply", "+ cos", "+ add"}
    assert "sin" in {lines[0] for lines in shown.texts.values()}
    t = trace(lambda x: tg.func.grad(np.sin)(x) * np.sin(x), 1.0)
    assert (t.steps[0].op, t.steps[0].swept) == ("sin", False)
    assert ("cos", True) in [(step.op, step.swept) for step in t.steps]
    assert t.steps[-1].swept is False


def test_the_argument_of_a_transform_is_an_input() -> None:
    drawings = []

    def f(x: Any) -> Any:
        y = (tg.sin(x) * x).sum()
        drawings.append(draw(y, names={"x": x}))
        return y

    tg.func.grad(f)(np.ones(3))
    assert read(drawings[0]).texts["v0"][:3] == ["v₀ x", "(3,) float64", "= [1, 1, 1]"]
    tg.func.vmap(tg.func.grad(f))(np.ones((2, 3)))
    assert drawings[1].nodes == drawings[0].nodes


def test_a_leaf_alone_is_drawn() -> None:
    assert list(read(draw(leaf(2))).kinds) == ["v0"]


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
        before = draw(outputs).dot
        sum(y.sum() for y in outputs).backward()
        after = draw(outputs).dot
        ys = case.ys if len(case.ys) > 1 else case.ys[0]
        work = op.cost(ys, *case.args, **sample.params) if callable(op.cost) else 0
        assert name in before, name
        assert not work or f" {work:,} flop" in before, name
        assert name in after, name
        drawn.add(name)
    assert len(drawn) > 50


def test_metadata_that_would_differ_between_runs_is_left_out() -> None:
    x = leaf(2, 3)
    assert "sum axis=(1,)" in titles(draw(x.sum(1)))
    assert "0x" not in draw(x[np.array([0, 1])]).dot


def test_numbers_are_shown_unless_asked_otherwise() -> None:
    x = leaf()
    y = x * 3.0
    assert "= 3" in read(draw(y)).texts["v1"]
    plain = draw(y, values=False, grads=False)
    assert read(plain).texts["v1"] == ["v₁", "() float32"]
    assert read(draw(lambda x: x * 2.0, 1.0, tangents=False)).texts["v0"] == ["v₀ x", "() float64", "= 1", "v̄₀ = 2"]


def test_values_that_a_rule_keeps_are_found_again() -> None:
    shown = read(draw(tg.exp(leaf(2, 3) * 0.5).sum()))
    assert "= min 1.649, mean 8.084, max 20.086" in shown.texts["v2"]
