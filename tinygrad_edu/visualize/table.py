"""`trace_table`: the evaluation trace as the literature prints it, values, tangents and adjoints side by side.

After tables 2 and 3 of Baydin, Pearlmutter, Radul, Siskind, "Automatic differentiation in machine learning: a survey", JMLR
2018: down go the values and their tangents, up the adjoints, each with the sums that it grows by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.visualize._steps import Trace, Variable
from tinygrad_edu.visualize._svg import printable
from tinygrad_edu.visualize._words import BAR, DOT_ABOVE, MINUS, MISSING, barred, dotted, range_text
from tinygrad_edu.visualize.trace import trace

HEADINGS = ("Forward primal trace ↓", "Forward tangent trace ↓", "Reverse adjoint trace ↑")


class TraceTable:
    """The table of a trace. `str(table)` is Markdown; `.records`, `.markdown`, `.latex` and `.html` say the same."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        made = {id: step for step in trace.steps for id in step.outputs}
        tangents = {t.target: t for t in trace.tangents}
        self.records: list[dict[str, Any]] = []
        """One dict for each variable, in order: what it is, its value, tangent and adjoint (plain numbers, nested lists for
        arrays, None where one wasn't computed), the formulas, and the adjoint's partial sums."""
        for v in trace.variables:
            step, moved = made.get(v.id), tangents.get(v.id)
            sums = [c for c in trace.contributions if c.target == v.id]
            self.records.append(
                {
                    "id": v.id,
                    "variable": v.label,
                    "name": v.name,
                    "kind": v.kind,
                    "shape": v.shape,
                    "dtype": v.dtype,
                    "op": step.op if step else "",
                    "formula": step.formula if step else f"{v.label} = {v.name}" if v.name else v.label,
                    "substituted": step.substituted if step else "",
                    "value": v.primal.tolist(),
                    "tangent_formula": moved.formula if moved else "",
                    "tangent_substituted": moved.substituted if moved else "",
                    "tangent": _plain(trace.tangent.get(v.id)),
                    "adjoint": _plain(trace.adjoint.get(v.id)),
                    "partial_sums": [
                        {
                            "from": c.source,
                            "formula": c.formula,
                            "substituted": c.substituted,
                            "amount": c.amount.tolist(),
                            "before": _plain(c.before),
                            "after": c.after.tolist(),
                        }
                        for c in sums
                    ],
                    "source": step.source if step else "",
                    "code": step.code if step else "",
                }
            )

    def rows(self) -> list[tuple[str, list[str], list[str], list[str]]]:
        """For each variable its id and the lines of its three cells."""
        return [
            (v.id, self._primal(v, record), self._tangent(v, record), self._adjoint(v, record))
            for v, record in zip(self.trace.variables, self.records, strict=True)
        ]

    def _primal(self, v: Variable, record: Mapping[str, Any]) -> list[str]:
        if record["op"]:
            return [record["formula"], f"= {record['substituted']}"]
        return [f"{record['formula']} = {range_text(v.primal)}"]

    def _tangent(self, v: Variable, record: Mapping[str, Any]) -> list[str]:
        if record["tangent_formula"]:
            return [record["tangent_formula"], f"= {record['tangent_substituted']}"]
        tangent = self.trace.tangent.get(v.id)
        return [f"{dotted(v.label)} = {MISSING if tangent is None else range_text(tangent)}"]

    def _adjoint(self, v: Variable, record: Mapping[str, Any]) -> list[str]:
        """The last contribution uppermost, as the sweep goes up the table."""
        adjoint = self.trace.adjoint.get(v.id)
        if adjoint is None:
            return [f"{barred(v.label)} = {MISSING}"]
        sums = [c for c in self.trace.contributions if c.target == v.id]
        lines = [f"{barred(v.label)} = {range_text(adjoint)}"]
        for c in reversed(sums):
            lines += [c.formula, f"= {c.substituted}"]
        return lines if sums else [*lines[:1], "given"]

    # -- the forms ---------------------------------------------------------------------------------------------------

    @property
    def markdown(self) -> str:
        """The table in Markdown, for any viewer that knows tables."""
        lines = [f"| {' | '.join(HEADINGS)} |", "|---|---|---|"]
        for _, *cells in self.rows():
            texts = ["<br>".join(map(_markdown, cell)) for cell in cells]
            lines.append(f"| {' | '.join(texts)} |")
        if self.trace.failed:
            lines += ["", f"Stopped by {_markdown(self.trace.failed)}"]
        return "\n".join(lines) + "\n"

    @property
    def html(self) -> str:
        """The table as an HTML element; rows have `data-v`, the variable's id."""
        head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in HEADINGS)
        body = []
        for id, *cells in self.rows():
            texts = "".join(f"<td>{'<br>'.join(escape(printable(line)) for line in cell)}</td>" for cell in cells)
            body.append(f'<tr data-v="{id}">{texts}</tr>')
        failed = f"<caption>Stopped by {escape(printable(self.trace.failed))}</caption>" if self.trace.failed else ""
        return (
            f'<table class="trace">{failed}<thead><tr>{head}</tr></thead>\n<tbody>\n'
            + "\n".join(body)
            + "\n</tbody></table>\n"
        )

    @property
    def latex(self) -> str:
        r"""The table as LaTeX, for the packages amsmath and booktabs."""
        lines = [
            r"\begin{tabular}{lll}",
            r"\toprule",
            " & ".join(heading.rpartition(" ")[0] for heading in HEADINGS) + r" \\",
        ]
        lines.append(r"\midrule")
        for _, *cells in self.rows():
            height = max(map(len, cells))
            for i in range(height):
                lines.append(" & ".join(_latex(cell[i]) if i < len(cell) else "" for cell in cells) + r" \\")
            lines.append(r"\addlinespace")
        return "\n".join([*lines[:-1], r"\bottomrule", r"\end{tabular}"]) + "\n"

    def __str__(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return f"<TraceTable of {self.trace.name}: {len(self.records)} variables; .markdown, .latex, .html, .records>"

    def __rich__(self) -> Any:
        """As the package rich prints it: `rich.print(table)`."""
        table_class, text_class = _rich()
        table = table_class(*HEADINGS, title=self.trace.name, show_lines=True)
        for _, *cells in self.rows():
            table.add_row(*(text_class("\n".join(cell)) for cell in cells))
        if self.trace.failed:
            table.caption = text_class(f"Stopped by {self.trace.failed}")
        return table

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/markdown": self.markdown, "text/plain": self.markdown}


def trace_table(
    f: Callable[..., Any] | Trace,
    *inputs: Any,
    seed: Any = 0,
    cotangent: Any = None,
    names: Mapping[str, Any] | Sequence[str] | None = None,
) -> TraceTable:
    """The evaluation trace of `f` at `inputs`: each value with its tangent and its adjoint's partial sums.

    The arguments are those of `trace`; a `Trace` that is there already may be given instead of a function.
    """
    return TraceTable(f if isinstance(f, Trace) else trace(f, *inputs, seed=seed, cotangent=cotangent, names=names))


def _plain(x: Any) -> Any:
    return None if x is None else x.tolist()


def _markdown(text: str) -> str:
    """A text in which nothing is taken for Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]|<>#" else c for c in printable(text))


_LATEX = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "_": r"\_", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "^": r"\hat{}",
    "~": r"\sim ", MINUS: "-", "·": r"\cdot ", "∂": r"\partial ", "∞": r"\infty ", "Σ": r"\textstyle\sum ", "√": r"\surd ",
    "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "×": r"\times ", "⟨": r"\langle ", "⟩": r"\rangle ", "∘": r"\circ ",
    "—": r"\text{---}", "…": r"\dots ", "²": "^2", "³": "^3", "ᵀ": r"^{\mathsf T}", "ᴴ": r"^{\mathsf H}", "½": r"\tfrac12 ",
    "π": r"\pi ", "σ": r"\sigma ", "φ": r"\varphi ", "Φ": r"\Phi ", "β": r"\beta ", "α": r"\alpha ", "⌊": r"\lfloor ",
    "⌋": r"\rfloor ", "⩲": r"\mathrel{+}=", "∧": r"\land ", "∨": r"\lor ", "¬": r"\lnot ",
}  # fmt: skip
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₋", "0123456789-", strict=True))
_SPACED = set("=+−·/⩲") | {""}  # TeX puts the space around these
_FUNCTIONS = frozenset({
    "ln", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "exp", "max", "min", "det",
})  # fmt: skip


def _latex(text: str) -> str:
    """A line of a cell as mathematics; words in it stand upright."""
    made: list[str] = []
    i = 0
    text = printable(text).replace("+=", "⩲")
    while i < len(text):
        c = text[i]
        if c.isascii() and c.isalpha():
            j = i
            while j < len(text) and text[j].isascii() and text[j].isalnum():
                j += 1
            word, mark = text[i:j], text[j : j + 1]
            if mark in (DOT_ABOVE, BAR) and mark:
                head, last = word[:-1], word[-1]
                made.append(
                    (rf"\mathrm{{{head}}}" if head else "")
                    + (rf"\dot{{{last}}}" if mark == DOT_ABOVE else rf"\bar{{{last}}}")
                )
                j += 1
            elif word in _FUNCTIONS:
                made.append(rf"\{word} ")
            else:
                made.append(word if len(word) == 1 else rf"\mathrm{{{word}}}")
            i = j
            continue
        if c in _SUBSCRIPTS:
            j = i
            while j < len(text) and text[j] in _SUBSCRIPTS:
                j += 1
            made.append("_{" + "".join(_SUBSCRIPTS[d] for d in text[i:j]) + "}")
            i = j
            continue
        if c == " " and {text[i - 1 : i], text[i + 1 : i + 2]} & _SPACED:
            i += 1
            continue
        made.append(r"\ " if c == " " else _LATEX.get(c, c) if c.isascii() or c in _LATEX else rf"\text{{{c}}}")
        i += 1
    return f"${''.join(made)}$"


def _rich() -> tuple[Any, Any]:
    try:
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        raise ConfigError(
            'the table in colours needs rich: pip install "tinygrad-edu[cli]"; .markdown needs nothing.'
        ) from None
    return Table, Text
