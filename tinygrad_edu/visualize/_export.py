"""A picture as a page of its own, and as pixels."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from html import escape
from pathlib import Path

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._svg import printable

_TIMEOUT = 60.0
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 1rem; font-family: system-ui, sans-serif; background: #fff; color: #111827 }}
svg {{ max-width: 100%; height: auto }}
button {{ font: inherit; padding: .3em .8em }}
</style>
{body}
</html>
"""
# An id is in the document once: the other picture waits in a template.
_BOTH = """<p><button id="expand" aria-pressed="false">Expand the repeats</button></p>
<div id="picture">{rolled}</div>
<template>{expanded}</template>
<script>
const button = document.getElementById("expand"), place = document.getElementById("picture");
let other = document.querySelector("template").content.firstElementChild;
button.onclick = () => {{
  const shown = place.firstElementChild;
  place.replaceChildren(other);
  other = shown;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? "Draw the repeats once" : "Expand the repeats";
}};
</script>"""


def write_as(path: str | Path, formats: Mapping[str, Callable[[], str | bytes]]) -> Path:
    """Write what the ending of `path` asks for. Raises ConfigError for another ending, or where the file can't be written."""
    path = Path(path)
    check_ending(path, formats)
    content = formats[path.suffix.lower()]()
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"save: can't write {path}: {reason}. Name a file in a folder that exists and can be written to."
        ) from error
    return path


def check_ending(path: Path, endings: Collection[str]) -> None:
    """Raise ConfigError for a file that can't be written because of its ending."""
    if path.suffix.lower() not in endings:
        *most, last = endings
        raise ConfigError(f"save: can't write {path.name!r}: it can be saved as {', '.join(most)} or {last}.")


def page_text(title: str, svg: str, expanded: str = "") -> str:
    """A page with the picture, and with a button for the one with all repeats if there is such; it needs no network."""
    body = element_of(svg)
    if expanded:
        body = _BOTH.format(rolled=body, expanded=element_of(expanded))
    return _PAGE.format(title=escape(printable(title)), body=body)


def element_of(svg: str) -> str:
    """An SVG document as an element of a page: without what stands before it."""
    return svg[svg.index("<svg") :].strip()


def png_of(svg: str, width: float, height: float) -> bytes:
    """The picture as PNG, by `rsvg-convert` or else CairoSVG, twice as large unless it is huge.

    Raises ConfigError where there is neither program.
    """
    zoom = 2 if max(width, height) < 4000 else 1
    program = shutil.which("rsvg-convert")
    if program:
        try:
            made = subprocess.run(
                [program, f"--zoom={zoom}", "--format=png"],
                input=svg.encode(),
                capture_output=True,
                timeout=_TIMEOUT,
                check=True,
            )
            return made.stdout
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", b"") or b""
            reason = said.decode(errors="replace").strip() or str(error)
            raise ConfigError(f"save: rsvg-convert couldn't make a PNG: {reason}. Save it as .svg instead.") from error
    try:
        cairosvg = importlib.import_module("cairosvg")
    except (ImportError, OSError):
        raise ConfigError(
            "save: a PNG needs a program that turns SVG into pixels: install librsvg (apt install librsvg2-bin, brew install "
            "librsvg) or pip install cairosvg; or save it as .svg."
        ) from None
    return bytes(cairosvg.svg2png(bytestring=svg.encode(), scale=zoom))
