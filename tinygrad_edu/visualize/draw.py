"""`draw`: a picture of the graph behind a tensor, of a function or a model at an input, or of a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.visualize._diagram import DIRECTIONS, MEASURES, Diagram, Options, diagram_of
from tinygrad_edu.visualize._dot import dot_text
from tinygrad_edu.visualize._export import page_text, png_of, write_as
from tinygrad_edu.visualize._graph import names_of, scene_of_graph
from tinygrad_edu.visualize._scene import Scene, rolled, scene_of_trace
from tinygrad_edu.visualize._steps import Trace
from tinygrad_edu.visualize._svg import Picture, picture_of
from tinygrad_edu.visualize.trace import trace


class Drawing:
    """A graph as DOT text and as SVG; a notebook shows it."""

    def __init__(
        self, scene: Scene, options: Options, *, rankdir: str, expand: bool | frozenset[str], title: str
    ) -> None:
        self.scene = scene
        self._options = options
        self._rankdir = rankdir
        self._title = title
        self._rolled = rolled(scene, keep=expand)
        self._diagram: Diagram = diagram_of(self._rolled, options)
        self.dot = dot_text(self._diagram, rankdir=rankdir)
        """The graph in the DOT language; byte-identical in every run."""
        self.cut = self._diagram.cut
        """How many operations of the graph were left out because of `max_nodes`."""

    @property
    def nodes(self) -> int:
        """How many boxes it has."""
        return len(self._diagram.boxes)

    @property
    def ids(self) -> list[str]:
        """The ids of the boxes, then of the arrows: the same in the SVG and in the DOT text, whichever way it is laid out."""
        return [box.id for box in self._diagram.boxes] + [arrow.id for arrow in self._diagram.arrows]

    @property
    def changes(self) -> dict[str, list[str]]:
        """The ids of what is marked as added, removed or changed."""
        marked: list[Any] = [*self.scene.values.values(), *self.scene.operations]
        return {s: [m.id for m in marked if m.status == s] for s in ("added", "removed", "changed")}

    @cached_property
    def _picture(self) -> Picture:
        return picture_of(self._diagram, rankdir=self._rankdir, title=self._title)

    @property
    def svg(self) -> str:
        """The picture as an SVG document, laid out when first asked for.

        Warns:
            LayoutWarning: a layout program failed, and another way was taken.
        """
        return self._picture.svg

    @property
    def engine(self) -> str:
        """What laid it out: `dot`, `graphviz-pure` or `built-in`."""
        return self._picture.engine

    def expanded(self) -> Drawing:
        """The same picture with every repeat drawn."""
        return Drawing(self.scene, self._options, rankdir=self._rankdir, expand=True, title=self._title)

    @property
    def hidden(self) -> int:
        """How many repeats are drawn as one with others."""
        return sum(group.repeats - 1 for group in self._rolled.groups.values())

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path` as `.svg`, `.png`, `.dot` or `.html` by its ending, and return the path.

        In the page repeats can be expanded.

        Raises:
            ConfigError: the ending is none of these, the file can't be written, or nothing here makes a PNG.
        """
        return write_as(
            path,
            {
                ".svg": lambda: self.svg,
                ".png": lambda: png_of(self.svg, self._picture.width, self._picture.height),
                ".dot": lambda: self.dot,
                ".html": lambda: page_text(self._title, self.svg, self.expanded().svg if self.hidden else ""),
            },
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        cut = f", {self.cut:,} operations cut" if self.cut else ""
        return f"<Drawing of {self.nodes} boxes{cut}: .save('graph.svg'), .svg, .dot>"


def draw(
    y: Any,
    *inputs: Any,
    model: Any = None,
    names: Mapping[str, Any] | None = None,
    values: bool = True,
    grads: bool = True,
    tangents: bool | None = None,
    depth: int | None = None,
    collapse: str | Iterable[str] = (),
    expand: bool | str | Iterable[str] = False,
    color_by: str = "none",
    highlight: tuple[str, str] | None = None,
    since: Tensor | None = None,
    seed: Any = 0,
    max_nodes: int = 150,
    rankdir: str = "TB",
) -> Drawing:
    """Draw a graph: of `draw(loss, model)` what is behind a tensor; of `draw(f, x)` or `draw(model, x)` a call, traced.

    Each value shows its name, shape and dtype, its numbers, its adjoint and, where it was traced, its tangent; `—` where one
    isn't computed. Each operation shows its formula, when its turn comes forward (↓) and in reverse (↑), its work and what it
    keeps; each arrow the local derivative along it.

    Args:
        y: a tensor or several in containers, which must require a gradient; or a function, a module or a `Trace`.
        inputs: of the function; for a tensor, the `nn.Module` that made it.
        model: an `nn.Module`; its parameters get their names (`0.weight`), and what uses them is framed by module.
        names: names for tensors and arrays, such as `{"x": x, "loss": loss}` or `locals()`.
        values: show the numbers, as far as they are still there; likewise `grads` and `tangents`.
        depth: draw modules that are nested so deep, or deeper, as one box; 1 for the outermost.
        collapse: names of modules to draw as one box.
        expand: draw every one of several like modules in a row, which are drawn once otherwise; or names of what holds them.
        color_by: shade boxes by grad, time, flops or bytes.
        highlight: two ids or names; the paths between them stand out.
        since: a tensor; what was recorded after it is marked, such as what `backward(create_graph=True)` added.
        seed: of a function, the number of the input whose tangent is one.
        max_nodes: boxes at most; of a larger graph the part nearest to the output is drawn, and the picture says how
            much it leaves out.
        rankdir: where the computation goes: TB (down), BT, LR or RL.

    Raises:
        GraphError: there is no graph behind `y`.
        ConfigError: an option is out of range.
    """
    if rankdir not in DIRECTIONS:
        raise ConfigError(f"draw: rankdir={rankdir!r}; choose one of {', '.join(DIRECTIONS)}.")
    if max_nodes < 3:
        raise ConfigError(
            f"draw: max_nodes={max_nodes}; a picture needs at least 3: an operation, its output, what is cut."
        )
    if color_by not in MEASURES:
        raise ConfigError(f"draw: color_by={color_by!r}; choose one of {', '.join(MEASURES)}.")
    if depth is not None and depth < 1:
        raise ConfigError(f"draw: depth={depth}; 1 draws the outermost modules as boxes, 2 those inside of them.")
    scene, title = scene_of(y, inputs, model=model, names=names, since=since, seed=seed)
    options = Options(
        values=values,
        grads=grads,
        tangents=scene.traced if tangents is None else tangents,
        depth=depth,
        collapse=frozenset([collapse] if isinstance(collapse, str) else collapse),
        color_by=color_by,
        highlight=highlight,
        max_nodes=max_nodes,
    )
    unknown = options.collapse - set(scene.groups)
    if unknown:
        raise ConfigError(
            f"draw: collapse: no module that ran is called {', '.join(sorted(unknown))}; there are "
            f"{', '.join(scene.groups) or 'none'}."
        )
    keep = expand if isinstance(expand, bool) else frozenset([expand] if isinstance(expand, str) else expand)
    return Drawing(scene, options, rankdir=rankdir, expand=keep, title=title)


def scene_of(
    y: Any,
    inputs: tuple[Any, ...],
    *,
    model: Any = None,
    names: Mapping[str, Any] | None = None,
    since: Tensor | None = None,
    seed: Any = 0,
) -> tuple[Scene, str]:
    """What `draw` was asked to draw, and a title for it."""
    if isinstance(y, Drawing):
        return y.scene, y._title
    if isinstance(y, Trace):
        return scene_of_trace(y), y.name
    if callable(y) and not isinstance(y, Tensor):
        traced = trace(y, *inputs, names=names, seed=seed)
        return scene_of_trace(traced), traced.name
    if len(inputs) > 1:
        raise GraphError("draw: of a tensor, only its model may follow: draw(loss, model).")
    model = inputs[0] if inputs else model
    tensors, _ = flatten(y)
    if not tensors:
        raise GraphError("draw: there is nothing in this container; give the tensor that was computed.")
    for value in tensors:
        if not isinstance(value, Tensor):
            raise GraphError(
                f"draw: needs a tensor, got {type(value).__name__}. Give what was computed, or a function and its inputs."
            )
        if value.node is None:
            raise GraphError(
                f"draw: there is no graph behind this tensor of shape {value.shape}. A graph is recorded where an input requires a "
                "gradient: make one with requires_grad=True, compute outside `no_grad`, and draw the result; or pass the "
                "function and its inputs: draw(f, x)."
            )
    titles = [""] if len(tensors) == 1 else [f"output {i}" for i in range(len(tensors))]
    outputs = list(zip(titles, tensors, strict=True))
    return scene_of_graph(outputs, names_of(names, model), since=since), "graph"
