"""A headless Chromium, and pages of the player in it that are watched: nothing asked for, nothing said on the console."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium

_REQUIRED = os.environ.get("TINYGRAD_EDU_REQUIRE_BROWSER") == "1"
_HAS_PLAYWRIGHT = importlib.util.find_spec("playwright") is not None


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    missing = "needs Playwright: make test-browser installs it" if not _HAS_PLAYWRIGHT else None
    missing = missing or (None if (path := chromium.find()) else chromium.HELP)
    if missing and _REQUIRED:
        pytest.fail(f"TINYGRAD_EDU_REQUIRE_BROWSER=1, but: {missing}")
    if missing:
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`show(html, "mode=rev&step=7", width=…, dark=…)` opens a page from a file and returns it.

    At the end of the test nothing may have been requested but the files themselves, nor an error said.
    """
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(
        html: str, place: str = "", *, width: int = 1280, height: int = 800, dark: bool = False, **options: Any
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        page.on("console", lambda said: complaints.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: request.url.startswith(file.as_uri()) or complaints.append(f"request: {request.url}"),
        )
        page.goto(file.as_uri() + (f"#{place}" if place else ""))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
