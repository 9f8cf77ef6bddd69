"""`summary`: the modules of a model as a table, with shapes, parameters, work, and memory forward and backward."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.nn import Module
from tinygrad_edu.visualize._scene import chain_of_groups, scene_of_trace
from tinygrad_edu.visualize._steps import Trace
from tinygrad_edu.visualize._svg import printable
from tinygrad_edu.visualize._words import bytes_text
from tinygrad_edu.visualize.table import _markdown, _rich
from tinygrad_edu.visualize.trace import trace

HEADINGS = ("module", "kind", "output", "parameters", "multiply-adds", "forward", "backward")


@dataclass(frozen=True, slots=True)
class Row:
    """One call of a module, with what is inside of it.

    `multiply_adds` are half of the floating-point operations that the ops declare. `forward` is what the graph keeps for the
    derivatives, in bytes; `backward` are the adjoints that the reverse sweep makes, those of the parameters among them.
    """

    module: str
    kind: str
    depth: int
    inside: str
    output: str
    parameters: int
    multiply_adds: int
    forward: int
    backward: int


class Summary:
    """The table of a model; `str(summary)` is Markdown, `.records` are dicts."""

    def __init__(self, trace: Trace, rows: list[Row], total: Row) -> None:
        self.trace = trace
        self.rows = rows
        self.total = total

    @property
    def records(self) -> list[dict[str, Any]]:
        """One dict for each row, the whole model last."""
        return [asdict(row) for row in [*self.rows, self.total]]

    def _texts(self) -> list[tuple[str, ...]]:
        return [
            (
                "  " * row.depth + row.module.removeprefix(f"{row.inside}."),
                row.kind,
                row.output,
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
                bytes_text(row.forward),
                bytes_text(row.backward),
            )
            for row in [*self.rows, self.total]
        ]

    @property
    def markdown(self) -> str:
        """The table in Markdown."""
        lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|---|--:|--:|--:|--:|"]
        for name, *rest in self._texts():
            indented = "&nbsp;" * (len(name) - len(name.lstrip())) + _markdown(name.lstrip())
            lines.append(f"| {' | '.join([indented, *map(_markdown, rest)])} |")
        return "\n".join(lines) + "\n"

    @property
    def html(self) -> str:
        """The table as an HTML element."""
        head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in HEADINGS)
        rows = [
            f'<tr><th scope="row" style="text-align:left;padding-left:{(len(name) - len(name.lstrip())) / 2}em">'
            f"{escape(printable(name.strip()))}</th>{''.join(f'<td>{escape(printable(text))}</td>' for text in rest)}</tr>"
            for name, *rest in self._texts()
        ]
        return (
            f'<table class="summary"><thead><tr>{head}</tr></thead>\n<tbody>\n'
            + "\n".join(rows)
            + "\n</tbody></table>\n"
        )

    def __str__(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        t = self.total
        return f"<Summary of {t.kind}: {t.parameters:,} parameters, {t.multiply_adds:,} multiply-adds; .markdown, .html, .records>"

    def __rich__(self) -> Any:
        """As the package rich prints it: `rich.print(summary)`."""
        table_class, text_class = _rich()
        table = table_class(title=self.total.kind)
        for i, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="left" if i < 3 else "right", no_wrap=i == 0)
        texts = self._texts()
        for row in texts[:-1]:
            table.add_row(*map(text_class, row))
        table.add_section()
        table.add_row(*map(text_class, texts[-1]))
        return table

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/markdown": self.markdown, "text/plain": self.markdown}


def summary(model: Module, *inputs: Any) -> Summary:
    """What a model does with `inputs`: for each call of a module its output's shape, parameters, work and memory.

    Raises:
        ConfigError: `model` is no `nn.Module`.
        GraphError: it raised; the message is its own.
    """
    if not isinstance(model, Module):
        raise ConfigError(
            f"summary: needs an nn.Module, got {type(model).__name__}. For a function use draw or trace_table."
        )
    traced = trace(model, *inputs)
    if traced.failed:
        raise GraphError(f"summary: the model raised {traced.failed}")
    scene = scene_of_trace(traced)
    chains = [chain_of_groups(op.module, scene.groups) for op in scene.operations]
    rows = []
    for id, group in scene.groups.items():
        steps = [i for i, chain in enumerate(chains) if id in chain]
        name, _, kind = group.title.partition(" ")
        rows.append(_row(traced, steps, name, kind, len(chain_of_groups(id, scene.groups)) - 1, group.parent))
    total = _row(traced, list(range(len(chains))), "all", type(model).__name__, 0, "", whole=True)
    return Summary(traced, rows, total)


def _row(
    traced: Trace, numbers: list[int], name: str, kind: str, depth: int, inside: str, *, whole: bool = False
) -> Row:
    values = {v.id: v for v in traced.variables}
    steps = [traced.steps[i] for i in numbers]
    made = {out for step in steps for out in step.outputs}
    used = {source for step in steps for source in step.inputs}
    weights = {v for v in used if values[v].kind == "parameter"}
    dotted = name.partition("#")[0]
    own = {v for v in weights if whole or values[v].name.startswith(f"{dotted}.")}
    kept = {v for step in steps for v in step.saved if v in made or v not in weights}
    outside = {source for i, step in enumerate(traced.steps) if i not in set(numbers) for source in step.inputs}
    ends = [out for step in steps for out in step.outputs if out in outside or out in traced.outputs]
    last = ends or [out for step in steps[-1:] for out in step.outputs]
    return Row(
        module=name,
        kind=kind,
        depth=depth,
        inside=inside,
        output=", ".join(str(values[out].shape) for out in last),
        parameters=sum(math.prod(values[v].shape) for v in own),
        multiply_adds=sum(step.cost for step in steps) // 2,
        forward=sum(values[v].primal.nbytes for v in kept),
        backward=sum(traced.adjoint[v].nbytes for v in made | own if v in traced.adjoint),
    )
