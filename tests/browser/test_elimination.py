"""The page of an elimination in a browser: the counts and the picture at every step, by key, by button and by address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import Elimination, Orders, orders

pytestmark = pytest.mark.browser

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def found() -> Orders:
    x = tg.tensor(np.array([0.1, 0.2, 0.3]))
    return orders(lambda x: tg.sin(tg.exp(x).sum() * np.array([1.0, 2.0, 3.0])), x)


@pytest.fixture(scope="module")
def html(found: Orders) -> str:
    return found["optimal"].play().html


def counts(page: Any) -> dict[str, tuple[int, int]]:
    """So far, and in all, by order."""
    rows = page.eval_on_selector_all("tr[data-order]", "all => all.map(r => [r.dataset.order, r.innerText])")
    return {name: tuple(int(n) for n in re.findall(r"\d+", text)[:2]) for name, text in rows}


def shown(page: Any, state: str) -> set[str]:
    return set(page.eval_on_selector_all(f"#picture .edge.{state}", "all => all.map(e => e.id)"))


def ids(elimination: Elimination, edges: Any) -> set[str]:
    number = {v: at for at, v in enumerate(elimination.graph.vertices)}
    return {f"e{number[i]}-{number[k]}" for i, k in edges}


def test_every_step_of_every_order_shows_its_counts_and_edges(show: Show, html: str, found: Orders) -> None:
    page = show(html)
    assert page.evaluate("location.hash") == "#order=optimal&step=0"
    for key, (name, elimination) in enumerate(found.eliminations.items(), start=1):
        page.keyboard.press("Home")
        page.keyboard.press(str(key))
        visible = ids(elimination, elimination.graph.edges)
        assert set(page.locator("#picture .edge:visible").evaluate_all("all => all.map(e => e.id)")) == visible
        for at, step in enumerate(elimination.steps, start=1):
            page.keyboard.press("ArrowRight")
            assert page.evaluate("location.hash") == f"#order={name}&step={at}"
            assert counts(page) == {
                other: (e.steps[at - 1].total, e.multiplications) for other, e in found.eliminations.items()
            }
            assert shown(page, "made") == ids(elimination, step.made)
            assert shown(page, "changed") == ids(elimination, step.changed)
            assert f"= {step.multiplications}, {step.total} so far." in page.inner_text("#words")
            assert page.locator("#picture .node.current").count() == 1
            assert page.locator("#picture .node.gone").count() == at - 1
        assert page.get_by_role("button", name="Next").is_disabled()


def test_the_buttons_the_scrubber_and_the_address(show: Show, html: str) -> None:
    page = show(html, "order=reverse&step=99")
    assert page.evaluate("location.hash") == "#order=reverse&step=7"
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="forward").click()
    assert page.evaluate("location.hash") == "#order=forward&step=6"
    assert page.get_by_role("button", name="forward").get_attribute("aria-pressed") == "true"
    page.get_by_role("slider").fill("2")
    assert page.inner_text("#count") == "2 / 7"
    page.evaluate("location.hash = 'order=%E0%A4%A&step=-1'")
    page.wait_for_function("location.hash === '#order=optimal&step=0'")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_is_gone_looks_gone(show: Show, html: str, dark: bool) -> None:
    page = show(html, "order=optimal&step=3", dark=dark)
    style = "e => { const s = getComputedStyle(e); return [s.stroke, s.strokeDasharray]; }"
    looks = [
        tuple(page.locator(f"#picture .node.{kind} rect").first.evaluate(style))
        for kind in ("gone", "current", "input")
    ]
    assert len(set(looks)) == 3
    assert len({dashes for _, dashes in looks}) == 3  # not by colour alone


def test_a_phone_never_scrolls_sideways(show: Show, html: str) -> None:
    page = show(html, "order=markowitz&step=7", width=340, height=700, has_touch=True)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 340


def test_without_script_the_totals_and_the_graph_are_there(show: Show, html: str) -> None:
    page = show(html, java_script_enabled=False)
    assert page.locator("#picture").is_visible()
    assert not page.locator("#controls").is_visible()
    assert "21" in page.locator("tr[data-order=forward]").inner_text()
