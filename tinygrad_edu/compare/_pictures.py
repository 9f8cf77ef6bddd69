"""A comparison's plots, by matplotlib: bytes held over time, seconds against n/m, a sweep over sizes; the grids are in `_grid`."""

from __future__ import annotations

import importlib
import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.compare._sweep import Point, crossover_at
from tinygrad_edu.compare._texts import duration
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._words import bytes_text

if TYPE_CHECKING:
    from tinygrad_edu.compare._compare import Comparison

_FORWARD, _REVERSE = "#15803d", "#b91c1c"  # as tangents and adjoints are coloured in the pictures of graphs
_SOFT = "#57534e"
# Told apart by dashes as well as by colour. The wider lie below: where two are equal, both are seen.
_LOOKS = {
    "forward": {"color": _FORWARD, "linestyle": "-", "linewidth": 2.2},
    "reverse": {"color": _REVERSE, "linestyle": "-", "linewidth": 3.2},
    "reverse, freeing": {"color": "#c2410c", "linestyle": "--", "linewidth": 1.8},
    "reverse, checkpointing": {"color": "#1d4ed8", "linestyle": "-.", "linewidth": 1.8},
}
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "tinygrad_edu", "font.size": 10}
_DPI = 110


def picture_png(comparison: Comparison) -> bytes:
    """Memory and time side by side, as PNG. Raises ConfigError without matplotlib."""
    figure = _figure(11.5, 5.0)
    counts, name = comparison.counts, comparison.name
    called = name if len(name) <= 60 else f"{name[:59]}…"
    title = f"{called}: n = {counts.inputs:,} in, m = {counts.outputs:,} out"
    figure.suptitle(title.replace("$", r"\$"), fontsize="medium")
    left, right = figure.subplots(1, 2)
    _memory(left, comparison)
    _time(right, comparison)
    left.set_title("Memory of one pass", fontsize="medium")
    right.set_title("Time of the whole Jacobian", fontsize="medium")
    return _written(figure, "png")


def memory_svg(comparison: Comparison) -> str:
    """Bytes alive while each operation runs, a line for each way, as an element of a page."""
    figure = _figure(5.2, 4.6)
    _memory(figure.subplots(), comparison)
    return _element(figure, "memory", "Bytes held while each operation runs")


def time_svg(comparison: Comparison) -> str:
    """Seconds of the whole Jacobian against n/m, both modes, with where they meet, as an element of a page."""
    figure = _figure(5.2, 4.6)
    _time(figure.subplots(), comparison)
    return _element(figure, "time", "Time of the whole Jacobian against n/m")


def sweep_png(points: Sequence[Point]) -> bytes:
    """Which mode is faster for which n and m, and by how much; and all times against n/m. PNG."""
    figure = _figure(13.0, 5.6)
    left, right = figure.subplots(1, 2)
    _map(figure, left, points)
    _times(right, points)
    return _written(figure, "png")


# -- one comparison ----------------------------------------------------------------------------------------------------


def _memory(axes: Any, comparison: Comparison) -> None:
    for name, timeline in comparison.to_dict()["memory"].items():
        at, alive = zip(*timeline, strict=True) if timeline else ((), ())
        label = f"{name}: at most {bytes_text(max(alive, default=0))}"
        axes.step(at, alive, where="mid", label=label, marker="." if len(at) < 2 else "", **_LOOKS[name])
    axes.set_ylim(bottom=0)
    ends = len(comparison.counts.primal.memory) - 0.5
    axes.axvline(ends, color=_SOFT, linewidth=0.9, linestyle=":", label="here reverse mode turns back")
    axes.set_xlabel("operations run so far")
    axes.set_ylabel("bytes held")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter(lambda value, _: bytes_text(round(value)))
    _finish(axes)


def _time(axes: Any, comparison: Comparison) -> None:
    found, times = comparison.recommendation.crossover, comparison.times
    n, m = comparison.counts.inputs, comparison.counts.outputs
    seen = [n, found.inputs or n]
    ns = np.geomspace(max(1.0, min(seen) / 8), max(seen) * 8, 200)
    forward = np.maximum(found.forward_fixed + ns * found.forward_each, 1e-9)
    reverse = max(found.reverse_fixed + m * found.reverse_each, 1e-9)
    axes.plot(ns / m, forward, color=_FORWARD, label="forward: rises with n")
    axes.plot(ns / m, np.full(len(ns), reverse), color=_REVERSE, linestyle="--", label=f"reverse: m = {m:,} stays")
    measured = [(times.forward.chunk, times.forward.measured.least, _FORWARD, "o")]
    if times.forward.chunk > 1 and ns[0] <= 1:
        measured.append((1, times.jvp.least, _FORWARD, "o"))
    if not times.reverse.extrapolated:
        measured.append((n, times.reverse.least, _REVERSE, "s"))
    for at, seconds, colour, marker in measured:
        if at >= ns[0]:
            axes.plot(at / m, seconds, marker, color=colour, markersize=7)
    for jacobian, colour, marker in ((times.forward, _FORWARD, "o"), (times.reverse, _REVERSE, "s")):
        if jacobian.extrapolated:
            axes.plot(n / m, jacobian.least, marker, color=colour, markersize=8, fillstyle="none", markeredgewidth=1.6)
    axes.plot([], [], "o", color=_SOFT, label="measured; square: reverse mode")
    if times.forward.extrapolated or times.reverse.extrapolated:
        axes.plot([], [], "o", color=_SOFT, fillstyle="none", markeredgewidth=1.6, label="extrapolated")
    if found.ratio and found.inputs and found.inputs >= 1:
        meet = f"equal at n/m ≈ {_number(found.ratio)}"
        axes.axvline(found.ratio, color=_SOFT, linewidth=0.9, linestyle=":", label=meet)
    axes.axvline(n / m, color="#a8a29e", linewidth=0.9, label=f"this function: n/m = {_number(n / m)}")
    _logarithmic(axes)
    axes.set_ylabel("whole Jacobian")
    _finish(axes)


# -- a sweep -----------------------------------------------------------------------------------------------------------


def _map(figure: Any, axes: Any, points: Sequence[Point]) -> None:
    """How many times as fast, by colour and in numbers; the line is where both are equal."""
    ns, ms = (sorted({getattr(p, name) for p in points}) for name in ("n", "m"))
    grid = np.full((len(ms), len(ns)), np.nan)
    for p in points:
        grid[ms.index(p.m), ns.index(p.n)] = math.log2(p.forward_seconds / p.reverse_seconds)
    top = max(1.0, float(np.nanmax(np.abs(grid))))
    image = axes.imshow(grid, origin="lower", cmap="PiYG_r", vmin=-top, vmax=top)
    for (row, column), value in np.ndenumerate(grid):
        if math.isfinite(value):
            weight = {"color": "#fff"} if abs(value) > 0.8 * top else {"color": "#1c1917"}
            axes.text(column, row, _factor(2 ** abs(value)), ha="center", va="center", fontsize=9, **weight)
    if len(ns) > 1 and len(ms) > 1 and np.isfinite(grid).all() and grid.min() < 0 < grid.max():
        axes.contour(grid, levels=[0], colors="#1c1917", linewidths=1.5, alpha=0.6)
    axes.set_xticks(range(len(ns)), [f"{n:,}" for n in ns])
    axes.set_yticks(range(len(ms)), [f"{m:,}" for m in ms])
    axes.set_xlabel("n, numbers in: passes of forward mode")
    axes.set_ylabel("m, numbers out: passes of reverse mode")
    axes.set_title("How many times as fast: green forward, pink reverse mode", fontsize="medium")
    bar = figure.colorbar(image, ax=axes, shrink=0.85)
    bar.ax.yaxis.set_major_formatter(lambda value, _: _factor(2 ** abs(value)))
    bar.set_label("forward faster ←   times   → reverse faster")


def _times(axes: Any, points: Sequence[Point]) -> None:
    """All times against n/m; a line joins Jacobians with as many entries, so that its two modes cross."""
    sizes = sorted({p.n * p.m for p in points})
    for size in sizes:
        same = sorted((p for p in points if p.n * p.m == size), key=lambda p: p.n)
        for mode, colour, marker in (("forward", _FORWARD, "o"), ("reverse", _REVERSE, "s")):
            xs, ys = [p.n / p.m for p in same], [getattr(p, f"{mode}_seconds") for p in same]
            axes.plot(xs, ys, "-", color=colour, linewidth=0.7, alpha=0.5)
            for extrapolated in (False, True):
                part = [
                    (x, y)
                    for x, y, p in zip(xs, ys, same, strict=True)
                    if getattr(p, f"{mode}_extrapolated") == extrapolated
                ]
                if part:
                    fill = "none" if extrapolated else "full"
                    axes.plot(*zip(*part, strict=True), marker, color=colour, markersize=5, fillstyle=fill)
    axes.plot([], [], "-o", color=_FORWARD, label="forward mode (hollow: extrapolated)")
    axes.plot([], [], "-s", color=_REVERSE, label="reverse mode; a line joins equal n·m")
    ratio = crossover_at(points)
    if ratio:
        axes.axvline(ratio, color=_SOFT, linestyle=":", label=f"equal at n/m ≈ {ratio:.3g}, the middle of those found")
    _logarithmic(axes)
    axes.set_ylabel("whole Jacobian")
    axes.set_title("Time against n/m", fontsize="medium")
    _finish(axes)


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= value < 1e7 else f"{value:.3g}"


def _factor(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


# -- all of them -------------------------------------------------------------------------------------------------------


def _figure(width: float, height: float) -> Any:
    """A figure without pyplot: nothing is registered anywhere, and no display is needed."""
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ImportError:
        raise ConfigError(
            'the plots of a comparison need matplotlib: pip install "tinygrad-edu[cli]"; to_text(), to_markdown() and '
            "to_json() need nothing."
        ) from None
    return figures.Figure(figsize=(width, height), layout="constrained")


def _logarithmic(axes: Any) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("n/m")
    axes.xaxis.set_major_formatter(lambda value, _: _number(value))
    axes.yaxis.set_major_formatter(lambda value, _: duration(value))
    axes.yaxis.set_minor_formatter(lambda *_: "")
    axes.xaxis.set_minor_formatter(lambda *_: "")


def _finish(axes: Any) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.16), frameon=False, fontsize="medium", borderaxespad=0)


def _written(figure: Any, form: str) -> bytes:
    buffer = io.BytesIO()
    matplotlib = importlib.import_module("matplotlib")
    with matplotlib.rc_context(_SETTINGS):
        figure.savefig(buffer, format=form, dpi=_DPI)
    return buffer.getvalue()


def _element(figure: Any, name: str, title: str) -> str:
    """The figure as SVG inside of a page: its ids and its style made its own, for several figures share the page."""
    svg = _written(figure, "svg").decode()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = svg.replace('<style type="text/css">*{', f'<style type="text/css">#{name}-figure_1 *{{', 1)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1).strip()
