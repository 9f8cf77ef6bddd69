"""Both sweeps of a trace, with the rules of the ops' own declarations: tangents forward, adjoints back, one step at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.engine.memory import Array
from tinygrad_edu.engine.op import Op
from tinygrad_edu.visualize._formulas import (
    partial_text,
    pulled_text,
    right_side,
    rule_text,
    summed,
    times,
)
from tinygrad_edu.visualize._steps import Contribution, Partial, Step, TangentStep
from tinygrad_edu.visualize._words import barred, dotted, value_text


@dataclass(frozen=True, slots=True)
class Call:
    """A step as the rules see it: the arguments and results as arrays, and which arguments are differentiated."""

    op: Op
    params: dict[str, Any]
    xs: list[Any]
    y: Any
    moving: list[str | None]  # for each argument its variable, None for one that the sweeps pass by
    made: list[str]
    labels: list[str]  # of the arguments

    @property
    def ys(self) -> tuple[Array, ...]:
        return self.y if type(self.y) is tuple else (self.y,)

    def push(self, x_dots: Sequence[Any]) -> tuple[Any, ...]:
        """The tangents of the results."""
        with np.errstate(all="ignore"):
            y_dot = self.op.jvp(x_dots, self.y, self.xs, self.params, None if type(self.y) is tuple else self.y)
        return y_dot if type(y_dot) is tuple else (y_dot,)

    def pull(self, y_bars: Sequence[Any]) -> Sequence[Any]:
        """The adjoint parts of the arguments."""
        edges: list[Any] = [x if name else None for x, name in zip(self.xs, self.moving, strict=True)]
        y_bar: Any = list(y_bars) if type(self.y) is tuple else y_bars[0]
        with np.errstate(all="ignore"):
            return self.op.vjp(y_bar, self.y, self.xs, edges, self.params)

    def local(self, position: int) -> Array | None:
        """The local derivative in one argument, where the op is elementwise: its tangent along ones."""
        if self.op.family != "elementwise":
            return None
        x_dots = [np.ones_like(x) if i == position else None for i, x in enumerate(self.xs)]
        return np.asarray(self.push(x_dots)[0])

    def right(self, position: int, output: str, *, numbers: bool = False) -> str | None:
        """The local derivative in one argument, in labels or in numbers; None where the op isn't elementwise."""
        args = list(map(value_text, self.xs)) if numbers else self.labels
        return partial_text(self.op, position, args, value_text(self.ys[0]) if numbers else output, self.params)

    def partials(self, label: Mapping[str, str]) -> Iterator[Partial]:
        target = self.made[0]
        for position, source in enumerate(self.moving):
            if source is None:
                continue
            right = self.right(position, label[target])
            if right is None:
                rule = rule_text(self.op, position)
                yield Partial(source, target, position, rule, None, rule)
                continue
            value = self.local(position)
            formula = f"∂{label[target]}/∂{label[source]} = {right}"
            number = value_text(value)
            yield Partial(
                source, target, position, formula, value, formula if _is_number(right) else f"{formula} = {number}"
            )


class Sweeps:
    """Forward and back over the calls of a trace."""

    def __init__(
        self, calls: Sequence[Call], steps: Sequence[Step], primal: Mapping[str, Array], label: Mapping[str, str]
    ) -> None:
        self.calls = calls
        self.steps = steps
        self.primal = primal
        self.label = label

    def push(self, seeds: Mapping[str, Array]) -> tuple[dict[str, Array], tuple[TangentStep, ...]]:
        """The tangent of everything that the seeds reach, in order."""
        dots = dict(seeds)
        found: list[TangentStep] = []
        last = {name: step.number for step in self.steps for name in step.inputs}
        made_by = {name for step in self.steps for name in step.outputs}
        live = sum(x.nbytes for x in dots.values())  # a value and its tangent live until their last use
        for number, call in enumerate(self.calls):
            live += sum(y.nbytes for y in call.ys)
            x_dots = [None if name is None else dots.get(name) for name in call.moving]
            moved = call.push(x_dots) if any(x_dot is not None for x_dot in x_dots) else (None,) * len(call.made)
            for target, y_dot, y in zip(call.made, moved, call.ys, strict=True):
                if y_dot is None or y.dtype.kind not in "fc":
                    continue
                value = dots[target] = np.asarray(y_dot)
                live += value.nbytes
                formula, substituted = self._pushed(call, x_dots, target)
                found.append(
                    TangentStep(
                        number,
                        target,
                        f"{dotted(self.label[target])} = {formula}",
                        f"{substituted} = {value_text(value)}" if substituted != value_text(value) else substituted,
                        value,
                        live,
                    )
                )
            live -= sum(
                (self.primal[name].nbytes if name in made_by else 0) + (dots[name].nbytes if name in dots else 0)
                for name in set(self.steps[number].inputs)
                if last[name] == number
            )
        return dots, tuple(found)

    def _pushed(self, call: Call, x_dots: Sequence[Any], target: str) -> tuple[str, str]:
        moving = [(i, name, x) for i, (name, x) in enumerate(zip(call.moving, x_dots, strict=True)) if x is not None]
        assert all(name for _, name, _ in moving)
        dot = {i: dotted(self.label[name or ""]) for i, name, _ in moving}
        if call.op.family == "elementwise":
            terms = [times(call.right(i, self.label[target]) or "", dot[i]) for i, _, _ in moving]
            numbers = [
                times(
                    part if (part := call.right(i, self.label[target]) or "") in _TRIVIAL else _number(call.local(i)),
                    _number(x),
                )
                for i, _, x in moving
            ]
            return summed(terms), summed(numbers)
        if call.op.family == "linear":
            right = right_side(call.op, [dot.get(i, text) for i, text in enumerate(call.labels)], call.params)
            return right, right_side(call.op, [value_text(x) for x in x_dots if x is not None], call.params)
        if call.op.family == "bilinear":

            def product(i: int, value: str, others: Sequence[str]) -> str:
                return right_side(call.op, [value if j == i else other for j, other in enumerate(others)], call.params)

            numbers = list(map(value_text, call.xs))
            return (
                summed([product(i, dot[i], call.labels) for i, _, _ in moving]),
                summed([product(i, value_text(x), numbers) for i, _, x in moving]),
            )
        terms = [f"∂{self.label[target]}/∂{self.label[name or '']} · {dot[i]}" for i, name, _ in moving]
        numbers = [f"∂{self.label[target]}/∂{self.label[name or '']} · {value_text(x)}" for _, name, x in moving]
        return summed(terms), summed(numbers)

    def pull(
        self, ends: Mapping[str, Array], tracked: Collection[str]
    ) -> tuple[dict[str, Array], tuple[Contribution, ...]]:
        """The adjoint of everything that leads to the ends, in the order in which its parts arrive."""
        bars = dict(ends)
        found: list[Contribution] = []
        # What the graph holds goes with the step that kept it first, an adjoint with the step that made its value.
        live = sum(x.nbytes for x in bars.values())
        for step in reversed(self.steps):
            number, call = step.number, self.calls[step.number]
            held = step.memory
            y_bars = [bars.get(name) for name in call.made]
            if all(y_bar is None for y_bar in y_bars) or not any(call.moving):
                continue
            source = next(name for name, y_bar in zip(call.made, y_bars, strict=True) if y_bar is not None)
            for position, (target, x_bar) in enumerate(zip(call.moving, call.pull(y_bars), strict=True)):
                if target is None or x_bar is None or target not in tracked:
                    continue
                amount = np.asarray(x_bar)
                before = bars.get(target)
                after = bars[target] = amount if before is None else before + amount
                live += 0 if before is not None else after.nbytes
                formula, substituted = self._pulled(call, position, source, bars)
                start = "" if before is None else f"{value_text(before)}"
                number_text = value_text(after)
                text = summed([start, substituted])
                found.append(
                    Contribution(
                        number,
                        target,
                        source,
                        f"{barred(self.label[target])} += {formula}",
                        text if text == number_text else f"{text} = {number_text}",
                        amount,
                        before,
                        after,
                        held + live,
                    )
                )
            live -= sum(y_bar.nbytes for y_bar in y_bars if y_bar is not None)
        return bars, tuple(found)

    def _pulled(self, call: Call, position: int, source: str, bars: Mapping[str, Array]) -> tuple[str, str]:
        bar = barred(self.label[source])
        number = value_text(bars[source])
        right = call.right(position, self.label[source])
        target = call.moving[position]
        assert target is not None
        if right is None:
            text = pulled_text(call.op, position, call.labels, self.label[source], call.params)
            filled = pulled_text(call.op, position, list(map(value_text, call.xs)), number, call.params)
            return text, filled.replace(barred(number), number)
        short = times(right, bar) or "0"
        local = call.local(position)
        formula = f"{bar} · ∂{self.label[source]}/∂{self.label[target]} = {short}"
        return formula, times(right if right in _TRIVIAL else _number(local), _number(bars[source])) or "0"


_TRIVIAL = ("0", "1", "−1")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"−?[0-9.]+", text) is not None


def _number(x: Any) -> str:
    text = value_text(x)
    return f"({text})" if text.startswith("−") else text
