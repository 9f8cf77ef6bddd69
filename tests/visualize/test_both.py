"""`draw_both`: one layout for both sweeps, what each doesn't reach is grey, and the numbers are those of both modes."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize import draw_both


def f(x: Any, y: Any) -> Any:
    a = tg.sin(x) * 2
    b = y * y
    return a + b, b * 3


def grey(svg: str, side: str) -> set[str]:
    return set(re.findall(rf'<g id="{side}-((?:v|op)[-\d]*)" class="node [^"]*unreached', svg))


# seed, output -> what the forward sweep and the reverse sweep don't reach
CASES = {
    (0, 0): ({"v0", "v3", "v5", "op2", "op4"}, {"v5", "op4"}),
    (1, 0): ({"v-1", "v1", "v2", "op0", "op1"}, {"v5", "op4"}),
    (0, 1): ({"v0", "v3", "v5", "op2", "op4"}, {"v-1", "v1", "v2", "v4", "op0", "op1", "op3"}),
}


@pytest.mark.parametrize(("seed", "output"), CASES)
def test_what_a_sweep_does_not_reach_is_grey(seed: int, output: int, engine: str) -> None:
    svg = draw_both(f, 2.0, 5.0, seed=seed, output=output).svg
    assert (grey(svg, "forward"), grey(svg, "reverse")) == CASES[seed, output]


def test_both_pictures_have_the_same_layout_and_different_ids(engine: str) -> None:
    svg = draw_both(f, 2.0, 5.0).svg
    places = {
        side: {
            id: re.findall(r'(?:d|x|y|width|height)="([-\d., MLVHZ]+)"', shape)
            for id, shape in re.findall(
                rf'<g id="{side}-((?:v|op)[-\d]*)" class="node[^>]*>(?:<title>[^<]*</title>)?(<(?:path|rect)[^>]*>)',
                svg,
            )
        }
        for side in ("forward", "reverse")
    }
    assert len(places["forward"]) == 12
    assert places["forward"] == places["reverse"]
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(ids) == len(set(ids))


def test_the_numbers_are_a_column_and_a_row_of_the_jacobian(engine: str) -> None:
    jacobian = np.array(tg.func.jacrev(f, argnums=(0, 1))(tg.tensor(2.0), tg.tensor(5.0)))
    both = draw_both(f, 2.0, 5.0, seed=1, output=1)
    column = [float(both.trace.tangent[id]) for id in both.trace.outputs]
    row = [float(both.trace.adjoint[id]) for id in both.trace.inputs]
    assert column == pytest.approx(jacobian[:, 1])
    assert row == pytest.approx(jacobian[1])
    assert ">v̇₄ = 10<" in both.svg and ">v̄₀ = 30<" in both.svg


def test_the_heading_says_what_a_pass_finds(no_program: None) -> None:
    svg = draw_both(lambda x: tg.sin(x).sum(), tg.ones(3)).svg
    assert "ones at x</text>" in svg and "one pass: the sum of the columns of its elements" in svg
    assert "one pass: a row of the Jacobian" in svg


def test_it_is_saved_by_its_ending(tmp_path: Path, no_program: None) -> None:
    both = draw_both(f, 2.0, 5.0)
    for ending in ("svg", "html"):
        assert both.svg[both.svg.index("<svg") :].strip() in both.save(tmp_path / f"a.{ending}").read_text("utf-8")
    with pytest.raises(ConfigError, match=r"\.svg, \.png or \.html"):
        both.save(tmp_path / "a.pdf")


def fails(x: Any) -> Any:
    return x @ tg.ones(3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_both(f, 2.0, 5.0, output=2), "output=2; the function has 2"),
        (lambda: draw_both(f, 2.0, 5.0, seed=2), "seed"),
        (lambda: draw_both(fails, tg.ones(2)), "the function raised"),
        (lambda: draw_both(f, 2.0, 5.0, rankdir="up"), "rankdir='up'"),
    ],
)
def test_mistakes(call: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call()
