"""`draw`: a picture of the graph behind a tensor. The pictures of both sweeps, step by step, are other modules' concern."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.visualize._diagram import diagram_of, labels_of
from tinygrad_edu.visualize._dot import dot_text
from tinygrad_edu.visualize.layout import LayoutWarning, Rendered, render

_RANKDIRS = ("TB", "BT", "LR", "RL")


class Drawing:
    """A graph as DOT text and, where a layout program is installed, as SVG; a notebook shows it."""

    def __init__(self, dot: str, *, nodes: int, cut: int) -> None:
        self.dot = dot
        """The graph in the DOT language; byte-identical in every run."""
        self.nodes = nodes
        """How many boxes it has, without the legend's."""
        self.cut = cut
        """How many nodes of the graph were left out because of `max_nodes`."""

    @cached_property
    def _rendered(self) -> Rendered:
        return render(self.dot)

    @property
    def svg(self) -> str | None:
        """The picture as an SVG document, laid out when first asked for; None where no layout program could.

        Warns:
            LayoutWarning: there is no picture; the message says how to get a program that makes one.
        """
        if self._rendered.svg is None:
            warnings.warn(f"draw: {self.message}", LayoutWarning, stacklevel=2)
        return self._rendered.svg

    @property
    def message(self) -> str:
        """Why there is no picture and what to do about it; empty if there is one."""
        return self._rendered.message

    def save(self, path: str | Path) -> Path:
        """Write the picture to `path`, `.svg` or `.dot` by its ending, and return the path that was written.

        Without a layout program the DOT text is written beside an `.svg`, under the same name with the ending `.dot`.

        Raises:
            ConfigError: the ending is neither, or the file can't be written.

        Warns:
            LayoutWarning: an `.svg` was asked for and a `.dot` written.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".dot"):
            raise ConfigError(
                f"save: can't write {path.name!r}: the picture can be saved as .svg or as .dot (DOT text)."
            )
        text = self.dot
        if path.suffix == ".svg":
            if self._rendered.svg is None:
                path = path.with_suffix(".dot")
                warnings.warn(f"save: {self.message}; wrote {path}", LayoutWarning, stacklevel=2)
            else:
                text = self._rendered.svg
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(
                f"save: can't write {path}: {reason}. Name a file in a folder that exists and can be written to."
            ) from error
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        svg = self._rendered.svg
        if svg is None:
            return {"text/plain": f"{self.message}\n\n{self.dot}"}
        return {"image/svg+xml": svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        cut = f", {self.cut:,} nodes cut" if self.cut else ""
        return f"<Drawing of {self.nodes} nodes{cut}: .save('graph.svg'), .svg, .dot>"


def draw(
    y: Any,
    model: Any = None,
    *,
    names: Mapping[str, Any] | None = None,
    values: bool = False,
    max_nodes: int = 150,
    rankdir: str = "TB",
) -> Drawing:
    """Draw the graph that `y`, a tensor or several in tuples, lists or dicts, was computed by.

    Each operation shows its mathematics, the shape and dtype of its result and its floating-point work; each arrow the
    derivative that the reverse sweep uses on its way back.

    Args:
        y: what was computed; it must require a gradient, since only then is a graph recorded.
        model: an `nn.Module`; its parameters get their names (`0.weight`), and what uses them is framed by module.
        names: names for tensors and arrays, such as `{"x": x, "loss": loss}` or `locals()`; what is neither is passed
            over.
        values: show numbers where they are still there: of leaves, of outputs, and what was kept for the derivatives.
        max_nodes: boxes at most; of a larger graph the part nearest to the output is drawn, and the picture says how
            much it leaves out.
        rankdir: where the computation goes: TB (down), BT, LR or RL.

    Raises:
        GraphError: there is no graph behind `y`.
        ConfigError: `max_nodes` or `rankdir` is out of range.
    """
    if rankdir not in _RANKDIRS:
        raise ConfigError(f"draw: rankdir={rankdir!r}; choose one of {', '.join(_RANKDIRS)}.")
    if max_nodes < 3:
        raise ConfigError(
            f"draw: max_nodes={max_nodes}; a picture needs at least 3: an operation, its output, what is cut."
        )
    tensors, _ = flatten(y)
    if not tensors:
        raise GraphError("draw: there is nothing in this container; give the tensor that was computed.")
    for value in tensors:
        if not isinstance(value, Tensor):
            raise GraphError(
                f"draw: needs a tensor, got {type(value).__name__}. Give what was computed, not the function."
            )
        if value.node is None:
            raise GraphError(
                f"draw: there is no graph behind this tensor of shape {value.shape}. A graph is recorded where an input requires a "
                "gradient: make one with requires_grad=True, compute outside `no_grad`, and draw the result."
            )
    titles = ["output"] if len(tensors) == 1 else [f"output {i}" for i in range(len(tensors))]
    outputs = list(zip(titles, tensors, strict=True))
    diagram = diagram_of(outputs, labels_of(names, model), values=values, limit=max_nodes)
    return Drawing(dot_text(diagram, rankdir=rankdir), nodes=len(diagram.boxes), cut=diagram.cut)
