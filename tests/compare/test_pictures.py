"""The pictures of a comparison: what is on them, that they are the same every time, and what `save` writes."""

import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.compare import Comparison, Crossover, compare
from tinygrad_edu.compare._grid import grids_svg
from tinygrad_edu.compare._page import part_of
from tinygrad_edu.compare._pictures import memory_svg, sweep_png, time_svg
from tinygrad_edu.compare._sweep import Point, crossover_at, crossovers, sizes_to, sweep
from tinygrad_edu.errors import ConfigError

PNG = b"\x89PNG\r\n\x1a\n"
SVG = "{http://www.w3.org/2000/svg}"


def point(n: int, m: int, forward: float, reverse: float) -> Point:
    faster = "forward" if forward < reverse else "reverse"
    return Point(n, m, n, m, n, m, forward, reverse, False, n > 64, faster, 2.0, faster)


def two(x1: Any, x2: Any) -> Any:
    return np.log(x1) + x1 * x2 - np.sin(x2), x1 * 2


@pytest.fixture(scope="module")
def small() -> Comparison:
    return compare(two, tg.tensor(2.0, dtype=tg.float64), tg.tensor(5.0, dtype=tg.float64), repeats=1, name="$two$")


@pytest.fixture(scope="module")
def deep() -> Comparison:
    tg.manual_seed(0)
    layers = [layer for _ in range(12) for layer in (nn.Linear(16, 16), nn.Tanh())]
    return compare(nn.Sequential(*layers), tg.tensor(np.ones((2, 16), np.float32)), repeats=1, name="deep")


def with_crossover(found: Comparison, crossover: Crossover) -> Comparison:
    return replace(found, recommendation=replace(found.recommendation, crossover=crossover))


def labels(svg: str) -> list[str]:
    return [text.strip() for text in re.findall(r">([^<>]+)</text>", svg)]


# -- the grids -----------------------------------------------------------------------------------------------------


def grids(inputs: int, outputs: int, chunk: int) -> dict[str, np.ndarray[Any, Any]]:
    """The passes' numbers in the cells of each grid, by its heading."""
    root = ElementTree.fromstring(grids_svg(inputs, outputs, chunk))
    heads = {e.text: float(e.attrib["x"]) for e in root.findall(f"{SVG}text") if e.attrib["class"] == "head"}
    cells = [
        (float(number.attrib["x"]), float(number.attrib["y"]), int(number.text or ""))
        for group in root.findall(f"{SVG}g")
        for number in group.findall(f"{SVG}text")
    ]
    found = {}
    for name, left in heads.items():
        right = min([x for x in heads.values() if x > left], default=np.inf)
        own = sorted((y, x, number) for x, y, number in cells if left <= x < right)
        rows = len({y for y, _, _ in own})
        found[str(name)] = np.array([number for _, _, number in own]).reshape(rows, -1)
    return found


@pytest.mark.parametrize(
    ("inputs", "outputs", "chunk"), [(1, 1, 1), (5, 3, 2), (3, 5, 3), (1, 7, 1), (7, 1, 3), (100, 40, 5), (12, 12, 12)]
)
def test_the_grids_fill_by_columns_by_chunks_of_columns_and_by_rows(inputs: int, outputs: int, chunk: int) -> None:
    rows, columns = min(outputs, 12), min(inputs, 12)
    column, row = np.arange(columns), np.arange(rows)
    expected = {
        "forward": np.tile(column + 1, (rows, 1)),
        "reverse": np.tile(row[:, None] + 1, (1, columns)),
    }
    if chunk > 1:
        expected["forward, in chunks"] = np.tile(column // chunk + 1, (rows, 1))
    found = grids(inputs, outputs, chunk)
    assert set(found) == set(expected)
    for name, numbers in expected.items():
        np.testing.assert_array_equal(found[name], numbers, name)


def test_the_grids_say_how_many_passes_there_are_and_what_is_left_out() -> None:
    said = labels(grids_svg(100, 40, 5))
    for text in ("100 passes, a column each", "40 passes, a row each", "20 batches of up to 5 columns"):
        assert text in said
    assert said.count("… 88 more columns, 28 more rows") == 3
    assert "1 pass, the row" in labels(grids_svg(100, 1, 5))
    assert "1 pass, the column" in labels(grids_svg(1, 9, 1))


def test_the_passes_start_one_after_the_other() -> None:
    delays = re.findall(r'class="pass" style="animation-delay:([\d.]+)s"', grids_svg(4, 2, 1))
    assert delays == ["0.00", "0.45", "0.90", "1.35", "0.00", "0.45"]


# -- memory and time -----------------------------------------------------------------------------------------------


def drawn(figure: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The lines of a figure's only axes, by label."""
    (axes,) = figure.axes
    return {line.get_label(): np.array(line.get_data()) for line in axes.get_lines()}


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that were written."""
    from tinygrad_edu.compare import _pictures

    seen: list[Any] = []
    written = _pictures._written
    monkeypatch.setattr(_pictures, "_written", lambda figure, form: seen.append(figure) or written(figure, form))
    return seen


def test_the_memory_plot_shows_the_timelines(deep: Comparison, figures: list[Any]) -> None:
    memory_svg(deep)
    lines = drawn(figures[0])
    for name, timeline in deep.memory.items():
        (found,) = [line for label, line in lines.items() if label.startswith(f"{name}: ")]
        np.testing.assert_array_equal(found, np.array(timeline).T)
    turn = lines["here reverse mode turns back"][0]
    assert turn[0] == deep.counts.operations - 0.5


def test_reverse_mode_climbs_forward_mode_stays_flat_and_checkpoints_lie_between(deep: Comparison) -> None:
    peak = {name: max(alive for _, alive in timeline) for name, timeline in deep.memory.items()}
    assert peak["forward"] < peak["reverse, checkpointing"] < peak["reverse, freeing"] <= peak["reverse"]
    middle = [alive for _, alive in deep.memory["forward"]][4:-4]
    assert max(middle) <= 1.5 * min(middle)


def test_with_depth_only_forward_mode_needs_no_more_memory() -> None:
    peaks: dict[str, list[int]] = {}
    for depth in (16, 32, 64, 128):
        found = compare(chain(depth), tg.tensor(np.ones(50)), repeats=1)
        for name, timeline in found.memory.items():
            peaks.setdefault(name, []).append(max(alive for _, alive in timeline))
    forward, reverse, checkpointing = (np.array(peaks[k]) for k in ("forward", "reverse", "reverse, checkpointing"))
    assert len(set(forward)) == 1
    # What is kept for the way back: at least an array of 400 bytes for each sine more.
    assert (np.diff(reverse) >= 400 * np.array([16, 32, 64])).all()
    assert (forward < checkpointing).all()
    assert (checkpointing < reverse).all()
    assert checkpointing[-1] / checkpointing[0] < 0.6 * reverse[-1] / reverse[0]  # as √depth, not as depth


def test_the_time_plot_shows_the_lines_of_the_recommendation_and_where_they_meet(figures: list[Any]) -> None:
    found = compare(lambda x: (tg.tanh(x) ** 2).sum(), tg.tensor(np.ones(5000)), repeats=1, memory=10**6)
    assert found.times.forward.extrapolated
    crossover = Crossover(1e-4, 5e-5, 2e-4, 1e-4, 4.0, 4.0)
    time_svg(with_crossover(found, crossover))
    lines = drawn(figures[0])
    ratios, seconds = lines["forward: rises with n"]
    np.testing.assert_allclose(seconds, np.maximum(crossover.forward_fixed + ratios * crossover.forward_each, 1e-9))
    np.testing.assert_allclose(lines["reverse: m = 1 stays"][1], 3e-4)
    assert lines["this function: n/m = 5,000"][0][0] == 5000
    assert lines["equal at n/m ≈ 4"][0][0] == 4
    points = {tuple(line.get_xydata()[0]) for line in figures[0].axes[0].get_lines() if len(line.get_xydata()) == 1}
    assert points == {
        (1, found.times.jvp.least),
        (found.times.forward.chunk, found.times.forward.measured.least),
        (5000, found.times.forward.least),
        (5000, found.times.reverse.least),
    }
    assert "extrapolated" in lines


@pytest.mark.parametrize(("inputs", "ratio"), [(None, None), (0.5, 0.25)])
def test_where_the_lines_meet_at_no_number_of_inputs_nothing_is_marked(
    small: Comparison, inputs: float | None, ratio: float | None
) -> None:
    apart = replace(small.recommendation.crossover, inputs=inputs, ratio=ratio)
    never = with_crossover(small, apart)
    assert not [text for text in labels(time_svg(never)) if text.startswith("equal at")]
    assert "they meet nowhere" in part_of(never, graph=False)


def test_the_pictures_of_what_is_counted_are_the_same_every_time(small: Comparison) -> None:
    again = compare(two, tg.tensor(2.0, dtype=tg.float64), tg.tensor(5.0, dtype=tg.float64), repeats=1)
    assert memory_svg(again) == memory_svg(small)
    drawings = [found._call.draw().svg for found in (small, again) if found._call]
    assert len(drawings) == 2
    assert drawings[0] == drawings[1]
    assert time_svg(small) == time_svg(small)


# -- the page and the files ----------------------------------------------------------------------------------------


def test_the_page_has_every_picture_once_and_no_id_twice(small: Comparison) -> None:
    html = small.to_html()
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', html)) <= set(ids)
    for caption in ("Passes.", "One pass over the graph.", "Memory of one pass", "Time of the whole Jacobian"):
        assert html.count(f"<strong>{caption}</strong>") == 1
    assert html.count('id="forward-v') == html.count('id="reverse-v') > 0
    assert "v̇₅ = 5.5" in html
    assert "v̄₀ = 1.716" in html


def test_a_page_differs_only_in_what_was_measured(small: Comparison) -> None:
    again = compare(two, tg.tensor(2.0, dtype=tg.float64), tg.tensor(5.0, dtype=tg.float64), repeats=1, name="$two$")
    assert replace(again, times=small.times, recommendation=small.recommendation).to_html() == small.to_html()


def chain(operations: int) -> Any:
    """A function of `operations` operations, so of as many values beside its inputs."""

    def of(*xs: Any) -> Any:
        y = xs[0]
        for x in xs[1:]:
            y = y * x
        for _ in range(operations + 1 - len(xs)):
            y = tg.sin(y)
        return y

    return of


# operations, inputs -> whether a graph of so many boxes is drawn: each operation and each value has one
@pytest.mark.parametrize(
    ("operations", "inputs", "drawn"), [(29, 1, True), (29, 2, True), (29, 3, False), (30, 1, False), (100, 1, False)]
)
def test_a_graph_of_up_to_60_boxes_is_drawn_and_of_a_larger_one_the_page_says_why_not(
    operations: int, inputs: int, drawn: bool
) -> None:
    found = compare(chain(operations), *[tg.tensor(1.0)] * inputs, repeats=1)
    assert found.counts.operations == operations
    assert drawn == (2 * operations + inputs <= 60)
    html = found.to_html().replace("&#39;", "'")
    assert ("forward-v" in html) == drawn
    assert ("The graph isn't drawn: it has more than 60 boxes, and draw_both draws a part of it." in html) != drawn
    assert "The graph isn't drawn" not in part_of(found, graph=False).replace("&#39;", "'")


def test_a_comparison_that_was_pickled_says_why_it_has_no_graph() -> None:
    html = pickle.loads(pickle.dumps(compare(tg.sin, tg.tensor(1.0), repeats=1))).to_html().replace("&#39;", "'")
    assert "forward-v" not in html
    assert "a comparison that was pickled has its function no more" in html
    assert "more than 60 boxes" not in html


def test_the_graph_is_of_the_point_that_was_compared_with_the_same_random_numbers() -> None:
    rng_before = np.random.get_state()[1]  # noqa: NPY002 - what the function uses
    at = np.array(3.0)

    def noisy(x: Any) -> Any:
        return x * x + np.random.rand()  # noqa: NPY002

    found = compare(noisy, tg.as_tensor(at), repeats=1, function_seed=7)
    at[...] = 100.0
    assert "v̇₁ = 6" in found.to_html()
    assert "= 9.076" in found.to_html()
    np.testing.assert_array_equal(np.random.get_state()[1], rng_before)  # noqa: NPY002


@pytest.mark.parametrize("ending", ["html", "md", "json", "txt", "PNG"])
def test_save_writes_what_the_ending_says(small: Comparison, tmp_path: Path, ending: str) -> None:
    path = small.save(tmp_path / f"found.{ending}")
    content = path.read_bytes()
    if ending == "PNG":
        assert content.startswith(PNG)
        return
    same = {"md": small.to_markdown, "json": small.to_json, "txt": lambda: f"{small}\n"}
    text = content.decode()
    assert text.startswith("<!doctype html>") if ending == "html" else text == same[ending]()


def test_save_says_what_it_can_write(small: Comparison, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't write 'a.gif': it can be saved as .html, .md, .json, .txt or .png"):
        small.save(tmp_path / "a.gif")
    with pytest.raises(ConfigError, match="Name a file in a folder that exists"):
        small.save(tmp_path / "absent" / "a.md")


@pytest.mark.parametrize(("package", "ending"), [("matplotlib", "png"), ("matplotlib", "html"), ("jinja2", "html")])
def test_without_the_extra_the_error_names_it(tmp_path: Path, package: str, ending: str) -> None:
    program = f"""
import sys
sys.modules[{package!r}] = sys.modules["matplotlib.figure" if {package!r} == "matplotlib" else {package!r}] = None
import numpy as np, tinygrad_edu as tg
from tinygrad_edu.compare import compare
from tinygrad_edu.errors import ConfigError
found = compare(lambda x: x * 2, tg.tensor(np.ones(2)), repeats=1)
found.save({str(tmp_path / "a.md")!r})
try:
    found.save({str(tmp_path / ("a." + ending))!r})
except ConfigError as error:
    assert "tinygrad-edu[cli]" in str(error) and {package!r} in str(error), error
else:
    sys.exit("no error")
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# -- the sweep -----------------------------------------------------------------------------------------------------


def test_a_sweep_takes_every_size_with_every_other() -> None:
    assert sizes_to(4096) == [1, 4, 16, 64, 256, 1024, 4096]
    assert sizes_to(63) == [1, 4, 16]
    points = list(sweep(sizes_to(64), memory=20_000, repeats=1, seed=0))
    assert sorted((p.n, p.m) for p in points) == [(n, m) for n in (1, 4, 16, 64) for m in (1, 4, 16, 64)]
    for p in points:
        assert (p.forward_passes, p.reverse_passes) == (p.n, p.m)
        assert p.forward_extrapolated == (p.forward_batch < p.n)
        assert p.reverse_extrapolated == (p.reverse_batch < p.m)
        least = min(p.forward_seconds, p.reverse_seconds)
        assert p.factor == pytest.approx(max(p.forward_seconds, p.reverse_seconds) / least)
        assert getattr(p, f"{p.faster}_seconds") == least
    assert any(p.forward_extrapolated for p in points)
    assert any(p.reverse_extrapolated for p in points)


def test_the_crossover_is_where_the_lines_through_the_points_meet() -> None:
    points = [point(n, m, float(n), 3.0 * m) for n in (1, 4, 16, 64) for m in (1, 4, 16, 64)]
    found = crossovers(points)
    assert found == {1: pytest.approx(3), 4: pytest.approx(12), 16: pytest.approx(48), 64: None}
    assert crossover_at(points) == pytest.approx(3)
    assert crossover_at(points[:1]) is None


def test_where_the_times_cross_more_than_once_the_last_counts() -> None:
    forward = [1.0, 4.0, 1.0, 4.0, 16.0]  # reverse mode takes 2
    points = [point(n, 1, seconds, 2.0) for n, seconds in zip((1, 4, 16, 64, 256), forward, strict=True)]
    assert crossovers(points[::-1]) == {1: pytest.approx(32)}
    assert crossovers(points[1:3]) == {
        1: None
    }  # forward mode gets the faster one: that isn't where reverse mode begins


@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_a_sweep_can_be_drawn_at_any_time(count: int) -> None:
    points = [point(n, m, 1e-4 * n, 1.3e-4 * m) for n in (1, 4, 16, 64) for m in (1, 4, 16, 64)]
    assert sweep_png(points[:count]).startswith(PNG)
