"""A function's operations on given inputs, integers too, without a thought for derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.engine.levels import opened
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten, map_tree
from tinygrad_edu.errors import UnsupportedError
from tinygrad_edu.func._graph import Equation, Look, Trace, Traced, Value
from tinygrad_edu.ops.create import as_tensor


@dataclass
class Recorded:
    """`outputs` are Values, or what didn't depend on the inputs; `values` are the inputs' own."""

    equations: list[Equation]
    inputs: list[Value]
    values: list[Tensor]
    outputs: list[Any]


def trace(f: Callable[..., Any], arguments: Sequence[Any]) -> Recorded:
    """Call `f` and write down what it does. Raises UnsupportedError where it looks at a value."""
    journal = Trace()
    inputs: list[Value] = []
    values: list[Tensor] = []
    with no_grad(), opened() as level:

        def wrap(x: Any) -> Any:
            values.append(as_tensor(x).detach())
            inputs.append(journal.new())
            return Traced(values[-1], inputs[-1], journal, level)

        result = f(*map_tree(wrap, tuple(arguments)))
    outputs = [y.which if isinstance(y, Traced) and y.level == level else y for y in flatten(result)[0]]
    for entry in journal.entries:
        if isinstance(entry, Look):
            raise UnsupportedError(
                f"to_onnx: the model looks at a value, at {entry.source}, and what it then does may depend on it; a file has one "
                "way through. Export the part without the decision, or make it with where(…)."
            )
    return Recorded([entry for entry in journal.entries if isinstance(entry, Equation)], inputs, values, outputs)
