"""The page that steps through an elimination: the picture, and how many multiplications each order has taken so far."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from tinygrad_edu.compare._elimination_figure import Film, style
from tinygrad_edu.compare._elimination_search import LIMIT, ORDERS
from tinygrad_edu.visualize.player._page import _asset

if TYPE_CHECKING:
    from tinygrad_edu.compare.elimination import Elimination


def page_text(title: str, film: Film, eliminations: Mapping[str, Elimination], first: str) -> str:
    """One HTML document without any reference to another file; it opens with the order called `first`."""
    names = [name for name in (*ORDERS, "given") if name in eliminations]
    script = "\n" + _own("elimination.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data: dict[str, Any] = {
        "first": first,
        "orders": {
            name: {
                "totals": [0, *(step.total for step in eliminations[name].steps)],
                "frames": [
                    {
                        "edges": frame.edges,
                        "states": {which: frame.state(which) for which in film.ends if frame.state(which)},
                        "current": frame.current,
                        "gone": sorted(frame.gone),
                        "words": frame.words,
                    }
                    for frame in film.frames[name]
                ],
            }
            for name in names
        },
    }
    m, n = film.graph.shape
    x, y = film.corner
    scope = "#picture.elimination"  # stronger than the rules for the player's picture
    note = "" if "optimal" in names else (
        f'<p class="note">The best order isn\'t known: more than {LIMIT} intermediate vertices hang together.</p>'
    )  # fmt: skip
    parts = {
        "hash": f"sha256-{digest}",
        "title": escape(title),
        "css": _asset("player.css"),
        "picture": f"{style(scope)}\n@media (prefers-color-scheme: dark) {{\n{style(scope, dark=True)}\n}}",
        "heading": f"{escape(title)} <small>of a {m:,} × {n:,} Jacobian</small>",
        "note": note,
        "buttons": "".join(
            f'<button type="button" data-order="{name}" title="key {at + 1}">{name}</button>'
            for at, name in enumerate(names)
        ),
        "svg": (
            f'<svg id="picture" class="elimination" role="img" aria-label="The graph" xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="{x:.1f} {y:.1f} {film.width:.1f} {film.height:.1f}">\n'
            f"{film.body(film.frames[first][0])}\n</svg>"
        ),
        "rows": "\n".join(
            f'<tr data-order="{name}"><th scope="row">{name}</th><td class="so-far">{eliminations[name].multiplications:,}</td>'
            f"<td>{eliminations[name].multiplications:,}</td><td>{eliminations[name].additions:,}</td></tr>"
            for name in names
        ),
        # In a script element only "</" and "<!--" mean something: no "<" is left in it.
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        "js": script,
    }
    # One pass, so that braces in a vertex's name are never taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _own("elimination.html"))


def _own(name: str) -> str:
    return resources.files("tinygrad_edu.compare").joinpath(name).read_text(encoding="utf-8")
