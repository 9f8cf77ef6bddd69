"""The HTML of the player: the page's parts put into `page.html`. What comes from the user is escaped here, once."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources

from tinygrad_edu.visualize._steps import Trace, Variable
from tinygrad_edu.visualize._words import MISSING
from tinygrad_edu.visualize.player._frames import Frames

_MODES = {"fwd": "Value", "tan": "Tangent", "rev": "Adjoint"}


@cache
def _asset(name: str) -> str:
    return resources.files("tinygrad_edu.visualize.player").joinpath(name).read_text(encoding="utf-8")


def page_text(trace: Trace, frames: Frames, picture: str, notes: Sequence[str]) -> str:
    """The whole page; `picture` is SVG, or HTML that says why there is none."""
    script = "\n" + _asset("player.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    names = ", ".join(escape(trace[which].name or trace[which].label) for which in trace.inputs)
    parts = {
        "hash": f"sha256-{digest}",
        "title": escape(trace.name),
        "css": _asset("player.css"),
        "heading": f"<code>{escape(trace.name)}({names})</code> <small>step by step</small>",
        "notes": "".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        "svg": picture,
        "table": _table(trace, frames),
        # In a script element only "</" and "<!--" mean something: no "<" is left in it.
        "data": json.dumps(frames, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        "js": script,
    }
    # One pass, so that braces in a user's text are never taken for a place to fill.
    text = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _table(trace: Trace, frames: Frames) -> str:
    """The trace at the end of both sweeps, as the literature prints it: one row a variable, one column a sweep."""
    cells = {mode: _cells(frames, mode) for mode in _MODES}
    head = "".join(f'<th scope="col" class="{mode}">{title}</th>' for mode, title in _MODES.items())
    rows = "\n".join(_row(v, {mode: cells[mode].get(v.id, []) for mode in _MODES}) for v in trace.variables)
    return (
        "<table>\n<caption>Values and tangents come from top to bottom, adjoints from bottom to top.</caption>\n"
        f'<thead><tr><td></td><th scope="col">Variable</th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
    )


def _cells(frames: Frames, mode: str) -> dict[str, list[tuple[str, str, str]]]:
    """For each variable what is set in this sweep, in order: the text, the amount that was added, the formula."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for number, frame in enumerate(frames["frames"][mode]):
        for which, text in frame["set"].items():
            shown = text if isinstance(text, str) else text[frames["seed"]]
            formula = _right(frame["formula"]) if number else "" if mode == "fwd" else "given"
            found.setdefault(which, []).append((shown, frame.get("amount", ""), formula))
    return found


def _right(formula: str) -> str:
    """What a cell has room for: the formula without the name that its row has, of several equal forms the last."""
    left, equals, right = formula.partition(" += " if " += " in formula else " = ")
    return f"{equals.strip()} {right.rpartition(' = ')[2]}" if equals else left


def _row(v: Variable, cells: Mapping[str, Sequence[tuple[str, str, str]]]) -> str:
    name = f" <i>{escape(v.name)}</i>" if v.name else ""
    columns = "".join(
        f'<td class="{mode}"><b>{escape(_sum_text(entries))}</b>'
        + "".join(f"<small>{escape(formula)}</small>" for formula in _formulas(entries))
        + "</td>"
        for mode, entries in cells.items()
    )
    kind = "" if v.kind == "value" else f"{v.kind} "
    shape = f"{list(v.shape)} " if v.shape else ""
    about = f"<small>{kind}{shape}{escape(v.dtype)}</small>"
    return f'<tr data-v="{escape(v.id)}"><td class="stop"></td><th scope="row">{escape(v.label)}{name}{about}</th>{columns}</tr>'


def _formulas(entries: Sequence[tuple[str, str, str]], most: int = 3) -> list[str]:
    """The formulas of a cell; of many parts of a sum the first ones."""
    found = [formula for *_, formula in entries if formula]
    return found if len(found) <= most + 1 else [*found[:most], f"and {len(found) - most} more"]


def _sum_text(entries: Sequence[tuple[str, str, str]]) -> str:
    """How a sum grew: `5 → +0.5 → 5.5`, of a long one the beginning and the end; `grown` in player.js writes the same."""
    if not entries:
        return MISSING
    texts = [entries[0][0], *(f"+{amount} → {text}".replace("+−", "−") for text, amount, _ in entries[1:])]
    return " → ".join(texts if len(texts) <= 5 else [texts[0], "…", *texts[-2:]])
