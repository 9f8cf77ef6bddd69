"""The Jacobian as a grid that fills pass by pass: by columns forward, by several columns in chunks, by rows in reverse."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

_CELL, _GAP, _HEAD, _MARGIN = 22.0, 44.0, 40.0, 10.0
_MOST = 12  # cells along a side; of more, the first, and a mark that there are more
_STEP = 0.45  # seconds between passes, where the viewer animates
_FORWARD, _REVERSE = "#15803d", "#b91c1c"  # as tangents and adjoints are coloured in the pictures of graphs

_STYLE = """
.grids text { font-family: system-ui, sans-serif; font-size: 12px; fill: #1c1917 }
.grids .head { font-weight: 600; font-size: 13px } .grids .soft { fill: #57534e }
.grids .cell { stroke: #fff; stroke-width: 1.5 } .grids .number { font-size: 10px; text-anchor: middle }
@keyframes fill { from { opacity: .08 } }
@media not (prefers-reduced-motion: reduce) { .grids .pass { animation: fill .3s backwards } }
"""


def grids_svg(inputs: int, outputs: int, chunk: int) -> str:
    """An SVG document with a grid for each way to fill a Jacobian of `outputs` rows and `inputs` columns.

    In a browser the grids fill one pass after the other; elsewhere they are full, with the passes' numbers in them.
    """
    ways = [("forward", f"{inputs:,} passes, a column each" if inputs > 1 else "1 pass, the column", 1, True)]
    if chunk > 1 and inputs > 1:
        batches = -(-inputs // chunk)
        told = f"{batches:,} batch{'es' * (batches > 1)} of up to {min(chunk, inputs):,} columns"
        ways.append(("forward, in chunks", told, chunk, True))
    ways.append(("reverse", f"{outputs:,} passes, a row each" if outputs > 1 else "1 pass, the row", 1, False))
    rows, columns = min(outputs, _MOST), min(inputs, _MOST)
    parts: list[str] = []
    x = _MARGIN
    for title, told, together, by_columns in ways:
        parts += _grid(x, rows, columns, title, told, together, by_columns)
        parts += _more(x, inputs, outputs)
        x += max(columns * _CELL, 7.0 * len(told)) + _GAP
    width, height = x, _HEAD + rows * _CELL + _MARGIN + 22
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="grids" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}"><title>The Jacobian, {outputs:,} × {inputs:,}, filled pass by pass</title>'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _grid(x: float, rows: int, columns: int, title: str, told: str, together: int, by_columns: bool) -> Iterator[str]:
    yield f'<text class="head" x="{x:.0f}" y="14">{escape(title)}</text>'
    yield f'<text class="soft" x="{x:.0f}" y="30">{escape(told)}</text>'
    colour = _FORWARD if by_columns else _REVERSE
    lines, across = (columns, rows) if by_columns else (rows, columns)
    passes = -(-lines // together)
    for number in range(passes):
        fill = 0.2 + 0.4 * (number + 1) / passes  # darker the later, and the number still stands out
        yield f'<g class="pass" style="animation-delay:{number * _STEP:.2f}s">'
        for line in range(number * together, min((number + 1) * together, lines)):
            for i in range(across):
                column, row = (line, i) if by_columns else (i, line)
                left, top = x + column * _CELL, _HEAD + row * _CELL
                yield (
                    f'<rect class="cell" x="{left:.0f}" y="{top:.0f}" width="{_CELL:.0f}" height="{_CELL:.0f}" rx="3" '
                    f'fill="{colour}" fill-opacity="{fill:.2f}"/>'
                )
                yield f'<text class="number" x="{left + _CELL / 2:.0f}" y="{top + 15:.0f}">{number + 1}</text>'
        yield "</g>"


def _more(x: float, inputs: int, outputs: int) -> Iterator[str]:
    """What a grid leaves out."""
    rows, columns = min(outputs, _MOST), min(inputs, _MOST)
    left_out = [f"{inputs - columns:,} more columns"] * (inputs > columns)
    left_out += [f"{outputs - rows:,} more rows"] * (outputs > rows)
    if left_out:
        yield f'<text class="soft" x="{x:.0f}" y="{_HEAD + rows * _CELL + 18:.0f}">… {", ".join(left_out)}</text>'
