"""Where the browser for these tests is; `python -m tests.browser.chromium` installs one if there is none, and prints its path."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = (
    "The player's tests need a Chromium browser. Install one: `sudo apt install chromium` on Debian, "
    "`python -m playwright install --with-deps chromium` elsewhere; or name one that you have in TINYGRAD_EDU_CHROMIUM."
)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def find() -> str | None:
    """The path of a Chromium; None if there is none."""
    if named := os.environ.get("TINYGRAD_EDU_CHROMIUM"):
        return named
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    """The browser that Playwright downloads for itself, where it has done so."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> str | None:
    """Install a Chromium in one of the ways there are; its path, None if none worked."""
    ways = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        ways.append([["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium", "fonts-dejavu-core"]])
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for way in ways:
        for command in way:
            print("Installing a browser:", " ".join(command), file=sys.stderr, flush=True)
            try:
                done = subprocess.run(
                    command, timeout=900, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment
                )
            except subprocess.TimeoutExpired:
                break
            if done.returncode:
                break
        if path := find():
            return path
    return None


if __name__ == "__main__":
    found = find() or install()
    print(found or HELP, file=sys.stdout if found else sys.stderr)
    sys.exit(found is None)
