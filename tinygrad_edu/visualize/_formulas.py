"""An op's mathematics with the variables of a program in it, and with their numbers: `v₂ = v₋₁ · v₀`, `2 · 5 = 10`.

The declarations' texts (`y = a · b`, `∂y/∂a = b`, `X̄ += Ȳ W`) are formulas for short letters where they can be; where one is
a sentence, the op's name and its arguments stand instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_edu.engine.op import Op
from tinygrad_edu.visualize._words import BAR, MINUS, metadata_of

# What the arguments are called in the mathematics of ops that don't say x, or a and b.
_ARGUMENTS = {
    "where": "cab",
    "xlogy": "xy",
    "xlog1py": "xy",
    "heaviside": "xh",
    "ldexp": "xn",
    "gammainc": "ax",
    "gammaincc": "ax",
    "zeta": "sq",
    "linear": "xwb",
    "convolve": "av",
    "correlate": "xv",
    "setitem": "xv",
    "recurrence": "ab",
}
_FUNCTIONS = frozenset({
    "e", "ln", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arsinh", "arcosh",
    "artanh", "erf", "erfc", "max", "min", "sign", "trunc", "not", "det",
})  # fmt: skip
_RAISED = dict(zip("ˣᵃᵇⁿ⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "xabn−+0123456789", strict=True))
_WORD = re.compile(r"[A-Za-z]+['′]?")


def argument_names(op: Op, count: int) -> str:
    """The letter of each argument in the op's mathematics."""
    if op.name in _ARGUMENTS:
        return _ARGUMENTS[op.name]
    return "x" if count == 1 else "abcdefgh"[:count]


def _spelled(text: str) -> str:
    """Letters raised by characters of their own, as `eˣ`, written as `e^x`, which any text can be put into."""

    def lowered(match: re.Match[str]) -> str:
        raised = "".join(_RAISED[c] for c in match[0])
        if not re.search("[a-z]", raised):
            return match[0]
        inside = re.sub(r"(?<=\w)([−+])", r" \1 ", raised)
        return f"^{raised}" if len(raised) == 1 else f"^({inside})"

    return re.sub(f"[{''.join(_RAISED)}]+", lowered, text)


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """A formula with each of its letters replaced, in lower case or in capitals; None where it isn't a formula.

    Letters that stand side by side are a product.
    """
    text = _spelled(text)
    for match in _WORD.finditer(text):
        word = match[0]
        known = word in _FUNCTIONS or word in values or all(c.lower() in values for c in word)
        if not known:
            return None
    if ", " in text or "…" in text:
        return None

    def put(match: re.Match[str]) -> str:
        word = match[0]
        if word in values:
            return values[word]
        if word in _FUNCTIONS:
            return word
        before = text[match.start() - 1 : match.start()]
        product = "·".join(values[c.lower()] for c in word)
        return f"·{product}" if before.isdigit() else product

    return _WORD.sub(put, text)


def _in_product(number: str) -> str:
    """A number as a factor or power may have it: in brackets if it has a sign or several parts."""
    return f"({number})" if number.startswith(MINUS) or (" " in number.strip("[]") and "[" not in number) else number


def letters(op: Op, args: Sequence[str], output: str, params: Mapping[str, Any]) -> dict[str, str]:
    """What to put for each letter of an op's texts, from the texts of its arguments and of its output."""
    names = argument_names(op, len(args))
    found = {name: _in_product(text) for name, text in zip(names, args, strict=False)}
    found.update((key, str(value)) for key, value in params.items() if isinstance(value, int | float))
    result = result_letter(op)
    if result not in found:
        found[result] = _in_product(output)
    return found


def result_letter(op: Op) -> str:
    """What the op's mathematics calls its result, in lower case."""
    head = op.math.partition(" = ")[0]
    return head.lower() if len(head) == 1 else "y"


def right_side(op: Op, args: Sequence[str], params: Mapping[str, Any]) -> str:
    """What the result is: the op's mathematics with these arguments, else a call `sum(v₁, axis=0)`."""
    head, equals, tail = op.math.partition(" = ")
    if equals and len(head) == 1:
        values = letters(op, args, "", params)
        values.pop(result_letter(op), None)
        text = filled(tail, values)
        if text is not None and len(args) <= len(argument_names(op, len(args))):
            return text
    return f"{op.name}({', '.join([*args, *metadata_of(params)])})"


def partial_text(op: Op, position: int, args: Sequence[str], output: str, params: Mapping[str, Any]) -> str | None:
    """The local derivative of an elementwise op in one argument, with these letters; None for other families."""
    rule = op.rule(position)
    if rule is None or op.family != "elementwise":
        return None
    return filled(rule.text, letters(op, args, output, params)) or rule.text


def rule_text(op: Op, position: int) -> str:
    """The derivative of an op in one argument as declared: `∂y/∂x = cos x`, or a matrix rule such as `X̄ += Ȳ W`."""
    rule = op.rule(position)
    if rule is None:
        return ""
    if op.family != "elementwise" or callable(op.rules):
        return rule.text
    return f"∂{result_letter(op)}/∂{argument_names(op, len(op.rules))[position]} = {rule.text}"


def pulled_text(op: Op, position: int, args: Sequence[str], output: str, params: Mapping[str, Any]) -> str:
    """What a rule other than an elementwise one adds, with these letters: `v̄₃ v₁ᵀ`. `args` and `output` are labels."""
    rule = op.rule(position)
    assert rule is not None
    texts = [part for part in rule.text.split("; ") if "+= " in part] or [rule.text]
    names = argument_names(op, len(args))
    own = names[position] if position < len(names) else ""
    mine = [part for part in texts if part.lower().startswith(own)]
    _, _, right = (mine or texts)[0].partition("+= ")
    right = right or rule.text
    bar = result_letter(op)
    plain = letters(op, args, output, params)
    # A letter with a bar is an adjoint; what is left is filled in where the rule is a formula.
    mark = "\x00"
    bare = re.sub(f"[{bar}{bar.upper()}]{BAR}|[Ȳȳ]", mark, right)
    text = filled(bare, plain) if BAR not in bare else None
    adjoint = output[:1] + BAR + output[1:]
    return (bare if text is None else text).replace(mark, adjoint)


def times(factor: str, other: str) -> str:
    """`other · factor`, without a factor of one and with brackets around a sum; empty for a factor of zero."""
    if factor == "0":
        return ""
    if factor == "1":
        return other
    if factor == f"{MINUS}1":
        return f"{MINUS}{other}"
    depth = 0
    for before, c in zip(" " + factor, factor, strict=False):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and before == " " and c in "+−" and factor[0] != c:
            return f"{other} · ({factor})"
    if factor.startswith("1/") and re.fullmatch(r"1/\(?[^ ()]+\)?", factor):
        return f"{other} / {factor[2:]}"
    return f"{other} · ({factor})" if factor.startswith(MINUS) else f"{other} · {factor}"


def summed(terms: Sequence[str]) -> str:
    """Terms with plus and minus signs between them; 0 for none."""
    kept = [term for term in terms if term]
    if not kept:
        return "0"
    text = kept[0]
    for term in kept[1:]:
        text += f" {MINUS} {term[1:].lstrip()}" if term.startswith(MINUS) else f" + {term}"
    return text
