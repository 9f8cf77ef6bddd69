"""`draw_both`: one graph twice, with the forward sweep over it and the reverse sweep, each greying what it doesn't reach."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._diagram import DIRECTIONS, Diagram, Options, diagram_of, reached
from tinygrad_edu.visualize._export import element_of, page_text, png_of, write_as
from tinygrad_edu.visualize._scene import scene_of_trace
from tinygrad_edu.visualize._steps import Trace, Variable
from tinygrad_edu.visualize._svg import FONT, Picture, pictures_of, text_width
from tinygrad_edu.visualize.trace import trace

_HEAD, _HEAD_SIZE, _GAP = 48.0, 13, 24.0  # above the pictures, of its text, and between them


class BothSweeps:
    """The two pictures of `draw_both`, beside each other in one SVG; a notebook shows it."""

    def __init__(self, traced: Trace, seed: int, output: int, *, rankdir: str, max_nodes: int) -> None:
        self.trace = traced
        source, target = traced.seeds[seed], traced.outputs[output]
        self.forward = reached(source, [(p.source, p.target) for step in traced.steps for p in step.partials])
        """The ids of the values that the tangent of the chosen input reaches."""
        self.reverse = reached(target, [(p.target, p.source) for step in traced.steps for p in step.partials])
        """The ids of the values that the adjoint of the chosen output reaches."""
        scene = scene_of_trace(traced)
        plain = [
            diagram_of(scene, Options(tangents=forward, grads=not forward, max_nodes=max_nodes))
            for forward in (True, False)
        ]
        self._rankdir = rankdir
        self._diagrams = {
            "forward-": self._marked(plain[0], source, self.forward, back=False),
            "reverse-": self._marked(plain[1], target, self.reverse, back=True),
        }
        self._heads = (
            _head("Forward", traced[source], "a column", "the sum of the columns of its elements"),
            _head("Reverse", traced[target], "a row", "the sum of the rows of its elements"),
        )

    def _marked(self, diagram: Diagram, seed: str, values: set[str], *, back: bool) -> Diagram:
        """With the seed and what the sweep doesn't reach marked: an operation is reached on some way from a value to a value."""
        inside = set(values)
        for step in self.trace.steps:
            if any(p.source in values and p.target in values for p in step.partials):
                inside.add(step.id)
        diagram.boxes = [
            replace(box, status="seed" if box.id == seed else "" if box.id in inside else "unreached")
            for box in diagram.boxes
        ]
        diagram.arrows = [
            replace(arrow, back=back, kind=arrow.kind if {arrow.source, arrow.target} <= inside else "unreached")
            for arrow in diagram.arrows
        ]
        return diagram

    @cached_property
    def _pictures(self) -> list[Picture]:
        return pictures_of(self._diagrams, rankdir=self._rankdir, titles=[head for head, _ in self._heads])

    @cached_property
    def _widths(self) -> list[float]:
        wide = [max(text_width(line, _HEAD_SIZE) for line in head) for head in self._heads]
        return [max(picture.width, room) + _GAP for picture, room in zip(self._pictures, wide, strict=True)]

    @property
    def nodes(self) -> int:
        """How many boxes each picture has."""
        return len(self._diagrams["forward-"].boxes)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the whole, in points."""
        return sum(self._widths), max(picture.height for picture in self._pictures) + _HEAD

    @property
    def svg(self) -> str:
        """Both pictures as one SVG document: `<g id="forward-v3">`, `<g id="reverse-v3">`.

        Warns:
            LayoutWarning: a layout program failed, and another way was taken.
        """
        width, height = self.size
        parts, x = [], 0.0
        for head, picture, room in zip(self._heads, self._pictures, self._widths, strict=True):
            for line, y, weight in zip(head, (22, 39), ("bold", "normal"), strict=True):
                style = f"font-family: {FONT}; font-size: {_HEAD_SIZE}px; font-weight: {weight}"
                parts.append(f'<text x="{x + 8:.1f}" y="{y}" style="{style}">{escape(line)}</text>')
            parts.append(re.sub("<svg ", f'<svg x="{x:.1f}" y="{_HEAD:.0f}" ', element_of(picture.svg), count=1))
            x += room
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}">\n<title>{escape(self.trace.name)}: both sweeps</title>\n'
            '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
        )

    def save(self, path: str | Path) -> Path:
        """Write it to `path` as `.svg`, `.png` or `.html` by its ending, and return the path. Raises ConfigError otherwise."""
        return write_as(
            path,
            {
                ".svg": lambda: self.svg,
                ".png": lambda: png_of(self.svg, *self.size),
                ".html": lambda: page_text(f"{self.trace.name}: both sweeps", self.svg),
            },
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<BothSweeps of {len(self.trace)} operations: .save('both.svg'), .svg>"


def _head(way: str, seed: Variable, one: str, several: str) -> tuple[str, str]:
    """Above a picture: where the sweep starts, and what it finds."""
    found = f"{one} of the Jacobian" if math.prod(seed.shape) == 1 else several
    return f"{way} sweep, {'1' if not seed.shape else 'ones'} at {seed.name or seed.label}", f"one pass: {found}"


def draw_both(
    f: Callable[..., Any],
    *inputs: Any,
    seed: int = 0,
    output: int = 0,
    names: Mapping[str, Any] | Sequence[str] | None = None,
    max_nodes: int = 150,
    rankdir: str = "TB",
) -> BothSweeps:
    """Draw `f` at `inputs` twice in the same layout: the forward sweep from an input, the reverse sweep from an output.

    What a sweep doesn't reach is grey: the values that don't depend on that input, and those that the output doesn't depend
    on. The arrows go as the sweep goes.

    Args:
        f: a function of tensors, or an `nn.Module`.
        inputs: numbers, arrays, Tensors, or containers of them.
        seed: which input has the tangent one, counted through the containers.
        output: which of the outputs has the adjoint one.
        names: names of the flattened inputs in order, or a dict from names to tensors and arrays.
        max_nodes: boxes at most; of a larger graph the part nearest to the outputs is drawn.
        rankdir: where the computation goes: TB (down), BT, LR or RL.

    Raises:
        ConfigError: there is no such input or output, or `f` raised.
    """
    if rankdir not in DIRECTIONS:
        raise ConfigError(f"draw_both: rankdir={rankdir!r}; choose one of {', '.join(DIRECTIONS)}.")
    plain = trace(f, *inputs, seed=seed, names=names)
    if plain.failed:
        raise ConfigError(f"draw_both: the function raised, so there are no sweeps to draw: {plain.failed}")
    count = len(plain.outputs)
    if not 0 <= output < count:
        raise ConfigError(f"draw_both: output={output}; the function has {count}, counted from 0.")
    if count == 1:
        return BothSweeps(plain, seed, output, rankdir=rankdir, max_nodes=max_nodes)
    ones = [np.full(plain[id].shape, float(i == output)) for i, id in enumerate(plain.outputs)]
    traced = trace(f, *inputs, seed=seed, cotangent=ones, names=names)
    return BothSweeps(traced, seed, output, rankdir=rankdir, max_nodes=max_nodes)
