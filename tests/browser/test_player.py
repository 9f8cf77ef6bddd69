"""The player in a browser: what a person sees and hears, at every step, with every key, on any screen."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.visualize import layout
from tinygrad_edu.visualize.player import Page, play

pytestmark = pytest.mark.browser

Show = Callable[..., Any]

SWEEPS = {"fwd": 5, "tan": 5, "rev": 8}
HOSTILE = [
    "<script>alert(1)</script>",
    "{a|b}",
    '"',
    r"\N",
    "59o",
    "</script><img src=x onerror=alert(2)>",
    "漢字" * 20,
]


def f(x1: Any, x2: Any) -> Any:
    """Baydin et al. 2018, tables 2 and 3."""
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    return v4 - v3


@pytest.fixture(scope="module")
def page_of_f() -> Page:
    return play(f, 2, 5)


@pytest.fixture(scope="module")
def page_of_a_network() -> Page:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    return play(model, np.linspace(-1, 1, 20, dtype=np.float32).reshape(5, 4))


@pytest.fixture(scope="module")
def page_of_hostile_names() -> Page:
    return play(lambda *xs: sum(xs[1:], xs[0] * 1e-300), *range(1, len(HOSTILE) + 1), names=HOSTILE)


def numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?", text)]


def cells(page: Any, mode: str) -> dict[str, str]:
    """The numbers of a sweep as the table has them, by variable."""
    found = page.eval_on_selector_all(
        "tr[data-v]", f"rows => rows.map(row => [row.dataset.v, row.querySelector('.{mode} b').textContent])"
    )
    return dict(found)


def drawn(page: Any, mode: str) -> dict[str, str]:
    """The numbers of a sweep as the picture has them, by variable."""
    found = page.eval_on_selector_all(
        f"#picture .node text.{mode}", "texts => texts.map(text => [text.parentNode.id, text.textContent])"
    )
    return {id: text.rpartition("= ")[2] for id, text in found}


def place(page: Any) -> str:
    return str(page.evaluate("location.hash"))


def seen(page: Any) -> list[str]:
    """All that the page says at its place."""
    return [page.inner_text(part) for part in ("#now", "#table", "#count")] + page.eval_on_selector_all(
        "#picture text", "texts => texts.map(text => text.textContent)"
    )


# -- the numbers ---------------------------------------------------------------------------------------------------


def test_the_values_are_those_of_the_literature(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=fwd&step=5")
    for found in (cells(page, "fwd"), drawn(page, "fwd")):
        values = [numbers(found[f"v{i}"]) for i in range(-1, 6)]
        np.testing.assert_allclose(values, [[2], [5], [0.693], [10], [-0.959], [10.693], [11.652]], atol=1e-3)


def test_the_tangents_are_those_of_the_literature(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=tan&step=5")
    for found in (cells(page, "tan"), drawn(page, "tan")):
        tangents = [numbers(found[f"v{i}"]) for i in range(-1, 6)]
        np.testing.assert_allclose(tangents, [[1], [0], [0.5], [5], [0], [5.5], [5.5]], atol=1e-3)


def test_the_adjoints_are_those_of_the_literature(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=rev&step=8")
    adjoints = [numbers(drawn(page, "rev")[f"v{i}"]) for i in range(-1, 6)]
    np.testing.assert_allclose(adjoints, [[5.5], [1.716], [1], [1], [-1], [1], [1]], atol=1e-3)
    np.testing.assert_allclose(numbers(cells(page, "rev")["v-1"]), [5, 0.5, 5.5], atol=1e-3)
    np.testing.assert_allclose(numbers(cells(page, "rev")["v0"]), [-0.284, 2, 1.716], atol=1e-3)


def test_an_adjoint_is_seen_to_grow(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=rev&step=0")
    found = []
    for _ in range(SWEEPS["rev"] + 1):
        found.append(cells(page, "rev")["v0"])
        page.keyboard.press("ArrowRight")
    assert list(dict.fromkeys(found)) == ["—", "−0.284", "−0.284 → +2 → 1.716"]


def test_another_seed_gives_the_other_tangents(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=tan&step=5")
    page.get_by_label("Seed").select_option(label="v₀ x2")
    tangents = [numbers(cells(page, "tan")[f"v{i}"]) for i in range(-1, 6)]
    np.testing.assert_allclose(tangents, [[0], [1], [0], [2], [0.284], [2], [1.716]], atol=1e-3)
    assert place(page) == "#mode=tan&step=5&seed=v0"


def test_each_step_says_what_it_does(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=rev&step=7")
    assert page.inner_text("#formula") == "v̄₀ += v̄₂ · ∂v₂/∂v₀ = v̄₂ · v₋₁"
    assert page.inner_text("#numbers") == "−0.284 + 1 · 2 = 1.716"
    assert "v2 = x1 * x2" in page.inner_text("#source")
    assert re.fullmatch(r"Memory: \d+ bytes held now", page.inner_text("#memory"))
    assert "∂v₂/∂v₀ = v₋₁ = 2" in page.inner_text("#partials")


def test_nothing_is_shown_before_its_step(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html)
    made = [f"v{i}" for i in range(1, 6)]
    for mode, later in (("fwd", ["tan", "rev"]), ("tan", ["rev"])):
        for step in range(SWEEPS[mode] + 1):
            for table in (cells, drawn):
                assert [id for id in made if table(page, mode)[id] != "—"] == made[:step]
                assert {text for other in later for text in table(page, other).values()} == {"—"}
            page.keyboard.press("ArrowRight")
    assert place(page) == "#mode=rev&step=0"
    assert [id for id, text in cells(page, "rev").items() if text != "—"] == ["v5"]


def test_a_value_used_twice_in_one_operation_has_two_arrows_and_two_steps(show: Show) -> None:
    page = show(play(lambda a: a * a, 3).html, "mode=rev&step=2")
    assert cells(page, "rev")["v0"] == "3 → +3 → 6"
    assert page.locator("#picture .edge:has(text)").count() == 2
    assert page.locator("#picture .node").count() == 3


def test_the_reverse_sweep_takes_each_operation_once_from_the_last_to_the_first(show: Show) -> None:
    def doubled(a: Any) -> Any:
        b = a + a
        return b + b

    page = show(play(doubled, 1).html, "mode=rev&step=0")
    sums = []
    for _ in range(5):
        sums.append([cells(page, "rev")[id] for id in ("v2", "v1", "v0")])
        page.keyboard.press("ArrowRight")
    assert sums == [
        ["1", "—", "—"], ["1", "1", "—"], ["1", "1 → +1 → 2", "—"], ["1", "1 → +1 → 2", "2"],
        ["1", "1 → +1 → 2", "2 → +2 → 4"],
    ]  # fmt: skip


# -- going about ---------------------------------------------------------------------------------------------------


def test_every_step_is_reached_by_key_and_by_address_and_looks_the_same(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html)
    other = show(page_of_f.html)
    for mode, last in SWEEPS.items():
        for step in range(last + 1):
            assert place(page) == f"#mode={mode}&step={step}"
            other.evaluate(f"location.hash = 'mode={mode}&step={step}'")
            other.wait_for_function(f"document.getElementById('count').textContent === '{step} / {last}'")
            assert seen(other) == seen(page)
            page.keyboard.press("ArrowRight")
    assert place(page) == "#mode=rev&step=8"  # and there it stays
    for _ in range(sum(SWEEPS.values()) + 3):
        page.keyboard.press("ArrowLeft")
    assert place(page) == "#mode=fwd&step=0"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["3", "End"], "mode=rev&step=8"),
        (["2", "End", "Home"], "mode=tan&step=0"),
        (["3", "1", "ArrowRight"], "mode=fwd&step=1"),
        (["2", "ArrowLeft"], "mode=fwd&step=5"),
    ],
)
def test_the_keys(show: Show, page_of_f: Page, keys: list[str], expected: str) -> None:
    page = show(page_of_f.html)
    for key in keys:
        page.keyboard.press(key)
    assert place(page) == f"#{expected}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mode=rev&step=99", "mode=rev&step=8"),
        ("mode=rev&step=-3", "mode=rev&step=0"),
        ("mode=sideways&step=2", "mode=fwd&step=2"),
        ("step=abc&seed=v9&break=v99,,%3Cb%3E", "mode=fwd&step=0"),
        ("%E0%A4%A", "mode=fwd&step=0"),
    ],
)
def test_an_address_that_leads_nowhere_is_put_right(show: Show, page_of_f: Page, given: str, expected: str) -> None:
    assert place(show(page_of_f.html, given)) == f"#{expected}"


def test_the_buttons_and_the_scrubber(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html)
    page.get_by_role("button", name="Adjoints").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.locator("#back").click()
    assert place(page) == "#mode=rev&step=1"
    page.get_by_role("slider").fill("6")
    assert place(page) == "#mode=rev&step=6"
    page.get_by_role("slider").press("ArrowRight")  # one step, not two
    assert place(page) == "#mode=rev&step=7"


def playing(show: Show, html: str, address: str) -> Any:
    page = show(html, address)
    page.clock.install()
    page.reload()
    return page


def test_play_goes_to_the_end_of_the_sweep_and_pause_stops_it(show: Show, page_of_f: Page) -> None:
    page = playing(show, page_of_f.html, "mode=tan&step=0")
    page.keyboard.press("Space")
    page.clock.run_for(1500)
    page.get_by_role("button", name="Pause").click()
    stopped = place(page)
    assert stopped == "#mode=tan&step=2"
    page.clock.run_for(5000)
    assert place(page) == stopped
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(20000)
    assert place(page) == "#mode=tan&step=5"
    assert page.get_by_role("button", name="Play").is_visible()


def test_play_stops_at_a_breakpoint(show: Show, page_of_f: Page) -> None:
    page = playing(show, page_of_f.html, "mode=rev&step=0")
    page.get_by_role("button", name="Breakpoint on v₀").click()
    assert page.locator("[id='v0'] .dot").is_visible()
    for expected in (5, 7, 8):  # both contributions to v̄₀, then the end
        page.get_by_role("button", name="Play").click()
        page.clock.run_for(20000)
        assert place(page) == f"#mode=rev&step={expected}&break=v0"
        assert ("Stopped at the breakpoint on v₀" in page.inner_text("#said")) == (expected != 8)
    page.reload()  # the address keeps it
    assert page.get_by_role("button", name="Breakpoint on v₀").get_attribute("aria-pressed") == "true"


def test_rows_and_nodes_are_linked(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=rev&step=8")
    has = "(node, name) => node.classList.contains(name)"
    page.locator("tr[data-v=v2]").hover()
    assert page.locator("[id=v2]").evaluate(has, "linked")
    page.locator("[id=v3]").hover()
    assert page.locator("tr[data-v=v3]").evaluate(has, "linked")
    page.locator("[id=v4]").click()
    assert page.locator("tr[data-v=v4]").evaluate(has, "chosen")
    page.locator("[id=op0]").click()  # an operation stands for what it makes
    assert page.locator("tr[data-v=v1]").evaluate(has, "chosen")
    assert page.locator("tr[data-v=v1] .pick").get_attribute("aria-pressed") == "true"
    page.locator("tr[data-v='v-1'] .pick").focus()
    assert page.locator("[id='v-1']").evaluate(has, "linked")


# -- how it looks --------------------------------------------------------------------------------------------------

OUTSIDE = """() => {
  const found = [], slack = .6;
  const inside = (a, b) => a.x >= b.x - slack && a.y >= b.y - slack
    && a.x + a.width <= b.x + b.width + slack && a.y + a.height <= b.y + b.height + slack;
  for (const shape of document.querySelectorAll("#picture g > rect"))
    for (const text of shape.parentNode.querySelectorAll("text"))
      if (text.textContent && !inside(text.getBBox(), shape.getBBox())) found.push(text.textContent);
  const picture = document.getElementById("picture");
  if (!inside(picture.getBBox(), picture.viewBox.baseVal)) found.push("the drawing");
  return found;
}"""


@pytest.mark.parametrize("engine", ["a program", "the built-in layout"])
@pytest.mark.parametrize("what", ["f", "network", "one layer", "hostile", "large numbers"])
def test_no_text_is_larger_than_its_box_and_the_drawing_is_whole(
    show: Show, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, what: str, engine: str
) -> None:
    if engine == "the built-in layout":
        monkeypatch.setattr(layout, "_find_engines", lambda: iter(()))
    make = {
        "f": lambda: play(f, 2, 5),
        "network": lambda: play(
            nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), np.ones((5, 4), np.float32)
        ),
        "one layer": lambda: play(nn.Linear(3, 2), np.ones((4, 3), np.float32)),
        "hostile": lambda: request.getfixturevalue("page_of_hostile_names"),
        "large numbers": lambda: play(lambda x: tg.exp(x * x) * 1e-8, np.array([-1.2345e-7, 12.345, -25.123, 0.1])),
    }
    page = show(make[what]().html)
    assert page.locator("#picture").count() == 1
    for mode in ("1", "2", "3"):
        page.keyboard.press(mode)
        page.keyboard.press("End")
        assert page.evaluate(OUTSIDE) == []


def test_any_name_appears_as_it_is(show: Show, page_of_hostile_names: Page) -> None:
    page = show(page_of_hostile_names.html, "mode=fwd&step=1")
    names = page.eval_on_selector_all("tr[data-v] th i", "names => names.map(name => name.textContent)")
    assert names == HOSTILE
    titles = page.eval_on_selector_all(".node.input text:first-of-type", "texts => texts.map(text => text.textContent)")
    assert [title.partition(" ")[2] for title in titles[1:5]] == HOSTILE[1:5]
    assert titles[0].partition(" ")[2] == HOSTILE[0][: len(titles[0].partition(" ")[2]) - 1] + "…"
    assert page.locator("#picture .node").count() == len(HOSTILE) + 2 * len(HOSTILE)
    assert page.locator("script").count() == 2
    assert [option.strip() for option in page.locator("#seed option").all_inner_texts()][1].endswith("{a|b}")


@pytest.mark.parametrize("width", [320, 375, 690])
@pytest.mark.parametrize("mode", SWEEPS)
def test_a_phone_shows_one_column_that_never_scrolls_sideways(
    show: Show, page_of_f: Page, page_of_a_network: Page, width: int, mode: str
) -> None:
    for html in (page_of_f.html, page_of_a_network.html):
        page = show(html, f"mode={mode}&step=4", width=width, height=700, has_touch=True)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        lefts = [page.locator(part).bounding_box()["x"] for part in ("#now", "#graph", "#table")]
        assert len(set(lefts)) == 1
        columns = [column for column in SWEEPS if page.locator(f"thead .{column}").is_visible()]
        assert columns == [mode]


FAINT = """() => {
  const colour = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
  const light = rgb => rgb.map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = element => {
    if (element instanceof SVGElement) {
      const rect = element.parentNode.querySelector("rect");
      if (rect) return colour(getComputedStyle(rect).fill).rgb;
    }
    for (let e = element; e; e = e.parentElement) {
      const back = colour(getComputedStyle(e).backgroundColor);
      if (back.a) return back.rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  const spoken = "h1, p, b, small, span, code, button, th, summary, select, caption, kbd, #picture text";
  for (const element of document.querySelectorAll(spoken)) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || element.disabled || !element.getClientRects().length || element.closest(".hidden")) continue;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden") continue;
    const a = light(colour(element instanceof SVGElement ? style.fill : style.color).rgb), b = light(behind(element));
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) found.push(`${element.textContent.trim()}: ${contrast.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("mode", SWEEPS)
def test_text_stands_out_from_what_is_behind_it(show: Show, page_of_f: Page, mode: str, dark: bool) -> None:
    page = show(page_of_f.html, f"mode={mode}&step=4", dark=dark, reduced_motion="reduce")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(numbers(background)) < 60) == dark
    assert page.evaluate(FAINT) == []


def test_the_sweeps_differ_without_colour(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html)
    looks = []
    for mode in ("fwd", "tan", "rev"):
        page.evaluate(f"location.hash = 'mode={mode}&step=2'")
        page.wait_for_selector(f"body[data-mode={mode}] .edge.current")
        style = "e => [getComputedStyle(e).strokeDasharray, getComputedStyle(e).markerStart !== 'none']"
        looks.append(tuple(page.locator(".edge.current path").first.evaluate(style)))
    assert len(set(looks)) == 3
    assert [against for _, against in looks] == [False, False, True]
    assert "v̇" in page.locator("#modes").inner_text()


def test_reduced_motion_is_respected(show: Show, page_of_f: Page) -> None:
    for motion, expected in (("reduce", "0s"), ("no-preference", "0.15s")):
        page = show(page_of_f.html, reduced_motion=motion)
        assert (
            page.locator(".node rect")
            .first.evaluate("e => getComputedStyle(e).transitionDuration")
            .startswith(expected)
        )


# -- without eyes, without script, elsewhere ------------------------------------------------------------------------


def test_a_screen_reader_is_told_each_step(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, "mode=rev&step=6")
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"
    page.keyboard.press("ArrowRight")
    said = page.get_by_role("status").inner_text()
    for part in ("Adjoints, backward, step 7 of 8", "−0.284 + 1 · 2 = 1.716", "v2 = x1 * x2", "48 bytes"):
        assert part in said
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "step 7 of 8"
    assert page.locator("tr[aria-current=step]").get_attribute("data-v") == "v0"


def test_everything_has_a_name_and_its_place_in_the_order_of_focus(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html)
    assert page.get_by_role("img", name="The graph of f").count() == 1
    assert page.get_by_role("columnheader").all_inner_texts() == ["Variable", "Value", "Tangent", "Adjoint"]
    assert page.get_by_role("rowheader").count() == 7
    assert all(page.eval_on_selector_all("button", "all => all.map(b => b.getAttribute('aria-label') || b.innerText)"))
    order = []
    for _ in range(10):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.innerText || document.activeElement.tagName"))
    assert [text.split()[1] for text in order[:3]] == ["Values", "Tangents", "Adjoints"]
    assert "Play" in order[3:5]
    assert "INPUT" in order


def test_without_script_the_whole_trace_is_there(show: Show, page_of_f: Page) -> None:
    page = show(page_of_f.html, java_script_enabled=False)
    assert page.locator("svg#picture").is_visible()
    assert page.get_by_role("table").is_visible()
    assert "−0.284 → +2 → 1.716" in page.locator("tr[data-v=v0]").inner_text()
    assert "11.652" in page.locator("[id=v5]").text_content()
    for part in ("#controls", "#now", "#graph", "#help"):
        assert not page.locator(part).is_visible()


def test_a_notebook_shows_it_in_a_frame(show: Show, page_of_f: Page) -> None:
    page = show(f"<!doctype html><title>notebook</title>{page_of_f._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Adjoints").click()
    frame.get_by_role("button", name="Next").click()
    assert frame.locator("#count").inner_text() == "1 / 8"
    assert place(page) == ""


def test_where_the_function_raised_the_page_ends_there(show: Show) -> None:
    def broken(x: Any) -> Any:
        return tg.sin(x) @ tg.ones(7, 2)

    page = show(play(broken, np.ones(5)).html, "mode=rev&step=1")
    assert place(page) == "#mode=fwd&step=1"
    page.keyboard.press("End")
    assert "ShapeError" in page.inner_text("#numbers")
    assert page.locator(".node.failed").count() == 1
    assert page.get_by_role("button", name="Adjoints").is_disabled()


def test_a_long_computation_steps_through_its_last_part(show: Show) -> None:
    def long(x: Any) -> Any:
        for _ in range(1000):
            x = tg.sin(x)
        return x

    page = show(play(long, 1.0, max_steps=30).html, "mode=rev&step=30")
    assert "970 earlier operations aren't shown" in page.inner_text(".note")
    assert (
        page.locator("#picture .node").count() == 30 + 32
    )  # the operations, what they make, what the first is given, the input
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
@pytest.mark.parametrize("mode", SWEEPS)
def test_it_can_be_photographed(show: Show, page_of_f: Page, tmp_path: Path, mode: str, look: str) -> None:
    """To be looked at by a person: `TINYGRAD_EDU_SCREENSHOTS=folder make test-browser` keeps them."""
    folder = Path(os.environ.get("TINYGRAD_EDU_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    size = {"width": 375, "height": 760} if look == "phone" else {}
    page = show(page_of_f.html, f"mode={mode}&step=4", dark=look == "dark", reduced_motion="reduce", **size)
    assert page.screenshot(path=folder / f"player-{mode}-{look}.png", full_page=look == "phone")[:4] == b"\x89PNG"
