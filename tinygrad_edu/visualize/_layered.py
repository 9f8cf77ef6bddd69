"""A layered layout without any program: longest-path ranks, barycentre order, positions by least squares.

After Sugiyama, Tagawa and Toda 1981. A frame is laid out by itself first and is then one large box to what is around it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from tinygrad_edu.visualize._placement import (
    Curve,
    Frame,
    PlacedArrow,
    PlacedBox,
    Placement,
    Point,
    chain_of,
    common_frame,
)

_GAP = 18.0  # between boxes of a rank
_BETWEEN = 18.0  # between ranks
_MARGIN = 10.0  # around what is in a frame
_TITLE = 16.0  # height of a frame's title
_BEND = 4.0  # the width that an arrow takes where it passes a rank
_PASSES = 8


def place_layered(
    boxes: Sequence[PlacedBox],
    arrows: Sequence[PlacedArrow],
    frames: Sequence[Frame],
    *,
    across: bool,
    timeout: float = 10.0,
) -> Placement:
    """Place everything, downwards, or to the right if `across`; passes that would make it prettier stop at the time limit."""
    return _Layered(boxes, arrows, frames, across, time.monotonic() + timeout).place()


class _Layered:
    def __init__(
        self,
        boxes: Sequence[PlacedBox],
        arrows: Sequence[PlacedArrow],
        frames: Sequence[Frame],
        across: bool,
        deadline: float,
    ) -> None:
        self.across = across
        self.deadline = deadline
        self.arrows = arrows
        self.frames = {frame.id: frame for frame in frames}
        self.parent = {frame.id: frame.parent for frame in frames}
        self.size: dict[str, tuple[float, float]] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        for frame in frames:
            self.children[frame.parent].append(frame.id)
        for box in boxes:
            self.size[box.id] = self._turned(box.width, box.height)
            self.parent[box.id] = box.frame
            self.children[box.frame].append(box.id)
        self.pieces: list[tuple[str, str]] = []  # an arrow is one piece, or two with its label between them
        for arrow in arrows:
            if arrow.label_width:
                label = _label(arrow.id)
                self.size[label] = self._turned(arrow.label_width, arrow.label_height)
                self.parent[label] = common_frame(arrow.source, arrow.target, self.parent)
                self.children[self.parent[label]].append(label)
                self.pieces += [(arrow.source, label), (label, arrow.target)]
            else:
                self.pieces.append((arrow.source, arrow.target))
        self.at: dict[str, Point] = {}  # of each box and frame, the corner inside its parent
        self.bends: dict[int, list[Point]] = {}

    def _turned(self, width: float, height: float) -> tuple[float, float]:
        return (height, width) if self.across else (width, height)

    def place(self) -> Placement:
        between: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, (source, target) in enumerate(self.pieces):
            frame = common_frame(source, target, self.parent)
            a = next(id for id in chain_of(source, self.parent) if self.parent.get(id, "") == frame)
            b = next(id for id in chain_of(target, self.parent) if self.parent.get(id, "") == frame)
            if a != b:
                between[frame][a, b].append(number)
        corner: dict[str, list[tuple[int, list[Point]]]] = {}
        for frame in self._inside_out():
            width, height, corner[frame] = self._level(frame, between[frame])
            if frame:
                title = self.frames[frame].title_width
                extra = (2 * _MARGIN, 2 * _MARGIN + _TITLE)
                size = (width + extra[1], height + extra[0]) if self.across else (width + extra[0], height + extra[1])
                size = (size[0], max(size[1], title + 12)) if self.across else (max(size[0], title + 12), size[1])
                self.size[frame] = size
            else:
                self.size[""] = (width, height)
        made = Placement(engine="built-in")
        origin = self._origins()
        for id, (width, height) in self.size.items():
            x, y = origin[id]
            if id in self.frames:
                made.frames[id] = self._back_box(x, y, width, height)
            elif id:
                made.boxes[id] = self._back(x + width / 2, y + height / 2)
        for frame, bends in corner.items():
            x, y = self._inner(frame, origin)
            for number, points in bends:
                self.bends[number] = [(x + px, y + py) for px, py in points]
        self._curves(made, origin)
        made.width, made.height = self._turned(*self.size[""])
        return made

    def _inside_out(self) -> list[str]:
        order, stack = [], [""]
        while stack:
            order.append(stack.pop())
            stack += [id for id in self.children[order[-1]] if id in self.frames]
        return order[::-1]

    def _inner(self, frame: str, origin: Mapping[str, Point]) -> Point:
        """Where the contents of a frame begin."""
        x, y = origin[frame]
        if not frame:
            return x, y
        return (x + _MARGIN + _TITLE, y + _MARGIN) if self.across else (x + _MARGIN, y + _MARGIN + _TITLE)

    def _origins(self) -> dict[str, Point]:
        origin: dict[str, Point] = {"": (0.0, 0.0)}
        for frame in reversed(self._inside_out()):
            x, y = self._inner(frame, origin)
            for id in self.children[frame]:
                origin[id] = (x + self.at[id][0], y + self.at[id][1])
        return origin

    def _back(self, x: float, y: float) -> Point:
        return (y, x) if self.across else (x, y)

    def _back_box(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        return (y, x, height, width) if self.across else (x, y, width, height)

    # -- one level ---------------------------------------------------------------------------------------------------

    def _level(
        self, frame: str, edges: Mapping[tuple[str, str], list[int]]
    ) -> tuple[float, float, list[tuple[int, list[Point]]]]:
        """Place what is directly in a frame; its size, and where the arrows bend."""
        ids = self.children[frame]
        rank = _ranks(ids, edges)
        sizes = {id: self.size[id] for id in ids}
        above: dict[str, list[str]] = defaultdict(list)
        below: dict[str, list[str]] = defaultdict(list)
        layers: dict[int, list[str]] = defaultdict(list)
        for id in ids:
            layers[rank[id]].append(id)
        bends: dict[tuple[str, str], list[str]] = {}
        for a, b in edges:
            upper, lower = (a, b) if rank[a] <= rank[b] else (b, a)
            chain = [upper]
            for r in range(rank[upper] + 1, rank[lower]):
                bend = f"\x00{len(bends)}:{r}"
                sizes[bend] = (_BEND, 0.0)
                layers[r].append(bend)
                chain.append(bend)
            bends[a, b] = chain[1:] if upper == a else chain[:0:-1]
            chain.append(lower)
            if upper != lower:
                for p, q in pairwise(chain):
                    below[p].append(q)
                    above[q].append(p)
        order = [layers[r] for r in range(max(layers, default=-1) + 1)]
        self._order(order, above, below)
        x = self._across(order, above, below, sizes)
        left = min((x[id] - sizes[id][0] / 2 for id in x), default=0.0)
        width = max((x[id] + sizes[id][0] / 2 for id in x), default=0.0) - left
        y = 0.0
        middle: dict[str, Point] = {}
        span: dict[str, tuple[float, float]] = {}
        for layer in order:
            height = max((sizes[id][1] for id in layer), default=0.0)
            for id in layer:
                w, h = sizes[id]
                middle[id] = (x[id] - left, y + height / 2)
                span[id] = (y, y + height)
                if id in self.size:
                    self.at[id] = (x[id] - left - w / 2, y + (height - h) / 2)
            y += height + _BETWEEN
        found = []
        for edge, numbers in edges.items():
            points = []
            for bend in bends[edge]:
                top, bottom = span[bend]
                ends = [(middle[bend][0], top), (middle[bend][0], bottom)]
                points += ends if rank[edge[0]] <= rank[edge[1]] else ends[::-1]
            found += [(number, points) for number in numbers]
        return width, max(y - _BETWEEN, 0.0), found

    def _order(self, order: list[list[str]], above: Mapping[str, list[str]], below: Mapping[str, list[str]]) -> None:
        """Sort each rank by the mean position of the neighbours in the rank before, down and up in turn."""
        place = {id: float(i) for layer in order for i, id in enumerate(layer)}
        for turn in range(_PASSES):
            if time.monotonic() > self.deadline:
                return
            neighbours, layers = (above, order) if turn % 2 == 0 else (below, order[::-1])
            for layer in layers:
                wanted = {id: _mean([place[n] for n in neighbours.get(id, ())], place[id]) for id in layer}
                layer.sort(key=wanted.__getitem__)
                place.update((id, float(i)) for i, id in enumerate(layer))

    def _across(
        self,
        order: Sequence[list[str]],
        above: Mapping[str, list[str]],
        below: Mapping[str, list[str]],
        sizes: Mapping[str, tuple[float, float]],
    ) -> dict[str, float]:
        """Positions along the ranks: as near to the mean of the neighbours as the order and the widths allow."""
        x: dict[str, float] = {}
        for layer in order:
            x.update(_spread(layer, [0.0] * len(layer), sizes))
        for turn in range(_PASSES):
            if time.monotonic() > self.deadline:
                break
            for layer in order if turn % 2 == 0 else order[::-1]:
                # The first two passes look at one side only, so that the whole takes its place before it is evened out.
                sides = (above, below) if turn >= 2 else (above,) if turn % 2 == 0 else (below,)
                wanted = [_mean([x[n] for side in sides for n in side.get(id, ())], x[id]) for id in layer]
                x.update(_spread(layer, wanted, sizes))
        return x

    # -- arrows ------------------------------------------------------------------------------------------------------

    def _curves(self, made: Placement, origin: Mapping[str, Point]) -> None:
        fan_out: dict[str, list[int]] = defaultdict(list)
        fan_in: dict[str, list[int]] = defaultdict(list)
        for number, (source, target) in enumerate(self.pieces):
            fan_out[source].append(number)
            fan_in[target].append(number)

        def centre(id: str) -> float:
            return origin[id][0] + self.size[id][0] / 2

        def port(id: str, number: int, siblings: list[int], other: int) -> float:
            """Where along a box's edge an arrow touches it: spread by where the other ends are."""

            def key(n: int) -> tuple[float, int]:
                bends = self.bends.get(n)
                return (bends[0 if other == 1 else -1][0] if bends else centre(self.pieces[n][other])), n

            ranked = sorted(siblings, key=key)
            width = min(self.size[id][0] * 0.7, 16.0 * (len(ranked) - 1))
            at = (ranked.index(number) / (len(ranked) - 1) - 0.5) if len(ranked) > 1 else 0.0
            return centre(id) + at * width

        curves: list[Curve] = []
        for number, (source, target) in enumerate(self.pieces):
            down = origin[source][1] <= origin[target][1]
            start = (
                port(source, number, fan_out[source], 1),
                origin[source][1] + (self.size[source][1] if down else 0.0),
            )
            end = (port(target, number, fan_in[target], 0), origin[target][1] + (0.0 if down else self.size[target][1]))
            curves.append(_smooth([start, *self.bends.get(number, ()), end]))
        number = 0
        for arrow in self.arrows:
            curve = curves[number]
            number += 1
            if arrow.label_width:
                made.labels[arrow.id] = made.boxes.pop(_label(arrow.id))
                second = curves[number]
                number += 1
                curve = [*curve, curve[-1], second[0], *second]
            made.curves[arrow.id] = [self._back(*point) for point in curve]


def _label(arrow: str) -> str:
    return f"\x00{arrow}"


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _ranks(ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest path to each; what has nothing above it stands directly above what uses it.

    Arrows that would close a circle (two frames that feed each other) are passed over.
    """
    after: dict[str, list[str]] = {id: [] for id in ids}
    for a, b in edges:
        after[a].append(b)
    waiting = dict.fromkeys(after, 0)
    for targets in after.values():
        for b in targets:
            waiting[b] += 1
    rank: dict[str, int] = dict.fromkeys(after, 0)
    sources = {id for id, count in waiting.items() if not count}
    ready = [id for id, count in waiting.items() if not count]
    done: set[str] = set()
    order: list[str] = []
    left = dict.fromkeys(after)
    while left:
        if not ready:  # a circle: go on with the first that is left
            ready.append(next(iter(left)))
        a = ready.pop()
        if a in done:
            continue
        done.add(a)
        del left[a]
        order.append(a)
        for b in after[a]:
            if b in done:
                continue
            rank[b] = max(rank[b], rank[a] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    for a in reversed(order):
        if a in sources and after[a]:
            rank[a] = max(0, min(rank[b] for b in after[a]) - 1)
    return rank


def _spread(
    layer: Sequence[str], wanted: Sequence[float], sizes: Mapping[str, tuple[float, float]]
) -> dict[str, float]:
    """The positions nearest to the wanted ones, in order and without overlap: isotonic regression by pooling."""
    offsets, at = [], 0.0
    for before, id in zip([None, *layer], layer, strict=False):
        if before is not None:
            at += (sizes[before][0] + sizes[id][0]) / 2 + _GAP
        offsets.append(at)
    pools: list[tuple[float, int]] = []  # mean and count
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean = (mean * count + other * more) / (count + more)
            count += more
        pools.append((mean, count))
    flat = [mean for mean, count in pools for _ in range(count)]
    return {id: mean + offset for id, mean, offset in zip(layer, flat, offsets, strict=True)}


def _smooth(points: Sequence[Point]) -> Curve:
    """Cubic pieces through the points, upright at each of them."""
    curve: Curve = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        curve += [(x0, middle), (x1, middle), (x1, y1)]
    return curve
