"""What a layout is asked and what it answers; all lengths are points, y grows downwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]
Curve = list[Point]
"""A start, then three points for each cubic piece: two controls and an end."""


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box to place; `frame` is the innermost frame that it belongs to."""

    id: str
    width: float
    height: float
    frame: str = ""


@dataclass(frozen=True, slots=True)
class PlacedArrow:
    """An arrow to draw, with the size of its label if it has one."""

    id: str
    source: str
    target: str
    label_width: float = 0.0
    label_height: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around boxes, inside another one or in none; its title needs so much width."""

    id: str
    parent: str = ""
    title_width: float = 0.0


@dataclass(slots=True)
class Placement:
    """Where everything goes, inside of `0..width` and `0..height`: the centres of boxes and labels, the frames as x, y, width
    and height, the arrows as curves.
    """

    boxes: dict[str, Point] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    labels: dict[str, Point] = field(default_factory=dict)
    frames: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    engine: str = ""

    @property
    def paths(self) -> dict[str, str]:
        """The curves as SVG writes them."""
        return {id: path_text(curve) for id, curve in self.curves.items()}


def path_text(curve: Curve) -> str:
    """A curve as the `d` of an SVG path."""
    start, *rest = (f"{x:.1f},{y:.1f}" for x, y in curve)
    return f"M{start}C{' '.join(rest)}"


def chain_of(id: str, parent: Mapping[str, str]) -> list[str]:
    """A box or frame and the frames around it, the outermost last; the whole drawing is the frame ""."""
    chain = [id]
    while chain[-1]:
        chain.append(parent.get(chain[-1], ""))
    return chain


def common_frame(a: str, b: str, parent: Mapping[str, str]) -> str:
    """The innermost frame around both."""
    around = set(chain_of(a, parent)[1:])
    return next(frame for frame in chain_of(b, parent)[1:] if frame in around)
