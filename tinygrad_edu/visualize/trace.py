"""`trace`: one call of a function and both sweeps over it, step by step, with plain numbers.

What a trace is made of is in `_steps.py`, how the call is recorded in `_recording.py`, how it is followed in `_tracer.py`
and `_sweeps.py`, how the formulas are written in `_formulas.py`. Pictures, tables and the player read a trace; none of them
computes a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinygrad_edu.visualize._recording import recorded
from tinygrad_edu.visualize._steps import Contribution, Failure, Partial, Step, TangentStep, Trace, Variable
from tinygrad_edu.visualize._tracer import Tracer

__all__ = ["Contribution", "Failure", "Partial", "Step", "TangentStep", "Trace", "Variable", "trace"]


def trace(
    f: Callable[..., Any],
    *inputs: Any,
    seed: Any = 0,
    cotangent: Any = None,
    names: Mapping[str, Any] | Sequence[str] | None = None,
) -> Trace:
    """Call `f` once on `inputs` and follow both sweeps: every value, tangent, local derivative and adjoint.

    Args:
        f: a function of tensors, or an `nn.Module`, whose parameters are then followed too.
        inputs: numbers (float64 here), arrays, Tensors, or containers of them.
        seed: which input has the tangent one, counted through the containers; or tangents in the structure of the inputs.
        cotangent: where the reverse sweep starts; ones by default.
        names: names of the flattened inputs in order, or a dict from names to tensors and arrays.

    Where `f` raises, the trace is of what ran until then, without sweeps, and its `failed` says what was raised.

    Raises:
        ConfigError: `seed` isn't the number of an input.
        ShapeError: tangents or cotangents don't fit.
    """
    return Tracer(recorded(f, inputs, names)).trace(seed, cotangent)
