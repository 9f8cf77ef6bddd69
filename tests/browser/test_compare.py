"""The page of a comparison in a browser: on a phone, in the dark, without script, and how its grids fill."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import compare

pytestmark = pytest.mark.browser

Show = Callable[..., Any]

PICTURES = ("#passes", ".drawn", ".pair figure:nth-child(1) .paper", ".pair figure:nth-child(2) .paper")
# How far each pass of the grids is, from 0 (yet to begin) to 1.
FILLED = """() => [...document.querySelectorAll("#passes .pass")].map(pass => {
  const [motion] = pass.getAnimations();
  return motion ? motion.effect.getComputedTiming().progress ?? 1 : 1;
})"""
# Text that doesn't stand out from what is behind it by 4.5 to 1 (WCAG 2, 1.4.3), through colours that let something through.
FAINT = """() => {
  const colour = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
  const over = ({rgb, a}, back) => rgb.map((c, i) => a * c + (1 - a) * back[i]);
  const light = rgb => rgb.map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = element => {
    const cell = element.matches(".number") && element.previousElementSibling;
    if (cell) {
      const {rgb} = colour(getComputedStyle(cell).fill), a = Number(cell.getAttribute("fill-opacity"));
      return over({rgb, a}, [255, 255, 255]);
    }
    let back = [255, 255, 255];
    const around = [];
    for (let e = element; e; e = e.parentElement) around.unshift(colour(getComputedStyle(e).backgroundColor));
    for (const one of around) back = over(one, back);
    return back;
  };
  let seen = 0;
  const found = [];
  for (const element of document.querySelectorAll("h1, p, th, td, li, figcaption, strong, button, svg text")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    // The boxes of the graph have colours of their own, which the player's tests look at.
    if (!own || !element.getClientRects().length || element.closest(".drawn")) continue;
    seen += 1;
    const style = getComputedStyle(element), back = behind(element);
    const text = colour(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(over(text, back)), light(back)];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) found.push(`${element.textContent.trim()}: ${contrast.toFixed(2)}`);
  }
  return [seen, found];
}"""

# Texts that reach beyond the picture that they are in.
CUT_OFF = """() => [...document.querySelectorAll(".paper > svg")].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""


def network(x: Any, y: Any) -> Any:
    return tg.sin(x) * y, tg.exp(y).sum()


@pytest.fixture(scope="module")
def html() -> str:
    x, y = (tg.tensor(np.linspace(start, start + 1, 20)) for start in (0.0, 1.0))
    return compare(network, x, y, repeats=1, name="a <network> of many" + " long names" * 6, memory=10_000).to_html()


def test_everything_is_on_it_and_in_sight(show: Show, html: str) -> None:
    page = show(html)
    assert page.locator("h1").inner_text() == "Forward against reverse mode"
    assert "a <network> of many" in page.locator("p.soft").first.inner_text()
    assert page.get_by_role("table").count() == 2
    for picture in PICTURES:
        box = page.locator(f"{picture} > svg").bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 100, picture


def test_every_picture_has_a_name(show: Show, html: str) -> None:
    page = show(html)
    for name in ("The Jacobian, 21 × 40", "Bytes held while", "Time of the whole Jacobian"):
        assert page.get_by_role("img", name=name).count() == 1, name
    assert page.get_by_role("group", name="The graph with both sweeps").get_attribute("tabindex") == "0"


@pytest.mark.parametrize("width", [340, 768, 1280])
def test_the_page_never_scrolls_sideways(show: Show, html: str, width: int) -> None:
    page = show(html, width=width, height=700, has_touch=width < 400)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    # What is wider scrolls by itself.
    for part in ("#passes", ".drawn", ".scroll"):
        assert page.locator(part).first.bounding_box()["width"] <= width


def test_no_text_is_cut_off_and_plots_are_large_enough_for_a_phone(show: Show, html: str) -> None:
    page = show(html, width=375, height=760)
    assert page.evaluate(CUT_OFF) == []
    heights = page.eval_on_selector_all(".pair text", "all => all.map(text => text.getBoundingClientRect().height)")
    assert min(heights) >= 9


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(show: Show, html: str, dark: bool) -> None:
    page = show(html, dark=dark, reduced_motion="reduce")
    back = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(back) < 60) == dark
    seen, faint = page.evaluate(FAINT)
    assert seen > 300
    assert faint == []


def test_the_pictures_leave_the_rest_of_the_page_as_it_is(show: Show, html: str) -> None:
    page = show(html)
    joins = page.evaluate("['main', '#passes rect', '.drawn path'].map(e => getComputedStyle("
                          "document.querySelector(e)).strokeLinejoin)")  # fmt: skip
    assert set(joins) == {"miter"}


def test_the_grids_fill_when_they_are_seen_and_again_by_the_button(show: Show, html: str) -> None:
    page = show(html, height=300)  # they are further down
    full = [1] * len(page.evaluate(FILLED))
    page.evaluate("document.getAnimations().forEach(motion => motion.finish())")
    assert page.evaluate(FILLED) == full
    page.locator("#passes").scroll_into_view_if_needed()
    page.wait_for_function(f"({FILLED})().some(part => part < 1)")
    page.evaluate("document.getAnimations().forEach(motion => motion.finish())")
    page.get_by_role("button", name="Fill them again").click()
    page.evaluate("document.getAnimations().forEach(motion => { motion.pause(); motion.currentTime = 600; })")
    # Passes 1 and 2 of each grid have begun, at 0 and 0.45 s; the rest wait.
    starts = page.eval_on_selector_all(
        "#passes .pass", "all => all.map(pass => parseFloat(getComputedStyle(pass).animationDelay))"
    )
    begun = page.evaluate(FILLED)
    assert [part > 0 for part in begun] == [start < 0.6 for start in starts]
    assert sum(part > 0 for part in begun) == 6


def test_without_motion_the_grids_are_full_and_have_no_button(show: Show, html: str) -> None:
    page = show(html, reduced_motion="reduce")
    page.locator("#passes").scroll_into_view_if_needed()
    assert not page.locator("#again").is_visible()
    assert page.evaluate("document.getAnimations().length") == 0


def test_without_script_all_is_there_but_the_button(show: Show, html: str) -> None:
    page = show(html, java_script_enabled=False)
    assert not page.locator("#again").is_visible()
    for picture in PICTURES:
        assert page.locator(picture).is_visible()


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_it_can_be_photographed(show: Show, html: str, tmp_path: Path, look: str) -> None:
    """To be looked at by a person: `TINYGRAD_EDU_SCREENSHOTS=folder make test-browser` keeps them."""
    folder = Path(os.environ.get("TINYGRAD_EDU_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    size = {"width": 375, "height": 760} if look == "phone" else {}
    page = show(html, dark=look == "dark", reduced_motion="reduce", **size)
    assert page.screenshot(path=folder / f"compare-{look}.png", full_page=True)[:4] == b"\x89PNG"
