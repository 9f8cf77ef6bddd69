"""What the tests of pictures share: a picture taken apart, and programs to draw."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.visualize import Drawing
from tinygrad_edu.visualize._svg import text_width

SVG = "{http://www.w3.org/2000/svg}"


def leaf(*shape: int) -> tg.Tensor:
    return tg.tensor(
        np.arange(1.0, 1.0 + np.prod(shape, dtype=int), dtype=np.float32).reshape(shape), requires_grad=True
    )


def baydin(x1: Any, x2: Any) -> Any:
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    return v4 - v3


@dataclass(frozen=True)
class Shown:
    """A picture read back: for each id the classes and the lines of text."""

    kinds: dict[str, set[str]]
    texts: dict[str, list[str]]
    edges: dict[str, str]
    everything: list[str]


def read(drawing: Drawing) -> Shown:
    root = ElementTree.fromstring(drawing.svg)
    kinds, texts, edges = {}, {}, {}
    for group in root.iter(f"{SVG}g"):
        classes = set((group.get("class") or "").split())
        name = group.get("id", "")
        lines = [element.text or "" for element in group.findall(f"{SVG}text")]
        if name and "node" in classes:
            assert name not in kinds
            kinds[name], texts[name] = classes, lines
        elif name and "edge" in classes:
            assert name not in edges
            edges[name] = " ".join(lines)
    return Shown(kinds, texts, edges, [element.text or "" for element in root.iter(f"{SVG}text")])


def number(lines: list[str], start: str) -> float:
    """The number that stands behind `start = `."""
    (line,) = [line for line in lines if line.startswith(start)]
    return float(line.partition("= ")[2].replace("−", "-"))


def check_geometry(drawing: Drawing) -> None:
    """No text exceeds its box, and all of it lies inside of the view."""
    root = ElementTree.fromstring(drawing.svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    (drawn,) = [group for group in root.findall(f"{SVG}g") if group.get("id") != "legend"]
    dx, dy = map(float, re.findall(r"-?[\d.]+", drawn.attrib["transform"]))
    for group in drawn.findall(f"{SVG}g"):
        left, top, right, bottom = _outline(group)
        assert dx + left >= 0
        assert dy + top >= 0
        assert dx + right <= width
        assert dy + bottom <= height
        for text in group.findall(f"{SVG}text"):
            x, y = float(text.attrib["x"]), float(text.attrib["y"])
            size = 9.5 if "edge" in group.attrib["class"] else 11.0
            assert left <= x
            assert x + text_width(text.text or "", size) <= right + 0.1, (text.text, group.get("id"))
            assert top <= y - 0.7 * size
            assert y <= bottom
    (legend,) = [group for group in root.findall(f"{SVG}g") if group.get("id") == "legend"]
    at = [float(n) for n in re.findall(r"-?[\d.]+", legend.attrib["transform"])]
    for group in legend.findall(f"{SVG}g"):
        x, y = (float(n) for n in re.findall(r"-?[\d.]+", group.attrib["transform"]))
        for text in group.findall(f"{SVG}text"):
            assert at[0] + x + 32 + text_width(text.text or "", 9.5) <= width
            assert at[1] + y + 14 <= height


def _outline(group: ElementTree.Element) -> tuple[float, float, float, float]:
    rectangles = group.findall(f"{SVG}rect")
    if rectangles:
        x, y, w, h = (float(rectangles[0].attrib[name]) for name in ("x", "y", "width", "height"))
        return x, y, x + w, y + h
    d = group.findall(f"{SVG}path")[0].attrib["d"]
    pairs = re.findall(r"(-?[\d.]+),(-?[\d.]+)", d)
    xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    bottom = re.findall(r"V(-?[\d.]+)", d)
    return min(xs), min(ys), max(xs), max([*ys, *map(float, bottom)])


class Attention(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))

    def forward(self, x: Any) -> Any:
        n, t, d = x.shape
        split = lambda y: y.reshape(n, t, self.heads, d // self.heads).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        weights = tg.softmax(q @ k.mT * (d // self.heads) ** -0.5, -1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, t, d))


class Norm(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(tg.ones(size))

    def forward(self, x: Any) -> Any:
        centred = x - x.mean(-1, keepdim=True)
        return centred * self.gain / ((centred * centred).mean(-1, keepdim=True) + 1e-5) ** 0.5


class Block(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = Norm(size), Attention(size, heads), Norm(size)
        self.feed = nn.Sequential(nn.Linear(size, 4 * size), nn.ReLU(), nn.Linear(4 * size, size))

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x))
        return x + self.feed(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, layers: int = 2, size: int = 8, heads: int = 2) -> None:
        super().__init__()
        self.embed = nn.Linear(5, size)
        self.blocks = nn.Sequential(*[Block(size, heads) for _ in range(layers)])
        self.norm, self.head = Norm(size), nn.Linear(size, 5)

    def forward(self, x: Any) -> Any:
        return self.head(self.norm(self.blocks(self.embed(x))))


GPT_INPUT = np.random.default_rng(0).normal(size=(1, 4, 5)).astype(np.float32)
