"""What a trace is made of: variables, the steps of the computation, and those of both sweeps over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinygrad_edu.engine.memory import Array


@dataclass(frozen=True, slots=True)
class Variable:
    """A value of the computation. `kind` is input, parameter, constant, value or output.

    What is given has the numbers up to zero (the inputs first, then parameters and constants in the order in which the
    computation meets them), what an op makes the numbers from one on: the convention of Baydin et al. 2018, v₋₁, v₀, v₁, …
    """

    id: str
    number: int
    label: str
    name: str
    kind: str
    shape: tuple[int, ...]
    dtype: str
    primal: Array


@dataclass(frozen=True, slots=True)
class Partial:
    """One argument edge of a step: the derivative of `target`, its output, in `source`.

    `value` is the local derivative where the op is elementwise, None otherwise; `text` is the formula and that number.
    """

    source: str
    target: str
    position: int
    formula: str
    value: Array | None
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One op going forward; its index in the reverse sweep is `len(steps) - 1 - number`.

    `saved` are the variables that its rules keep; `memory` is what the recorded graph holds after it, in bytes; `module` is
    the dotted name of the `nn.Module` that was running; `swept` says that a sweep inside of the function made the step
    (`grad` of `grad`). `seconds` is a measurement, and no part of what makes two traces equal.
    """

    number: int
    id: str
    op: str
    math: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    formula: str
    substituted: str
    partials: tuple[Partial, ...]
    cost: int
    saved: tuple[str, ...]
    source: str
    code: str
    memory: int
    metadata: str = ""
    module: str = ""
    swept: bool = False
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class TangentStep:
    """The tangent of one output of a step."""

    step: int
    target: str
    formula: str
    substituted: str
    value: Array
    memory: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one argument edge adds to the adjoint of `target`, from that of `source`; `before` is None for the first."""

    step: int
    target: str
    source: str
    formula: str
    substituted: str
    amount: Array
    before: Array | None
    after: Array
    memory: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The op that raised, as far as it is known: its name, the variables that it was given, and where it was called."""

    op: str
    inputs: tuple[str, ...]
    message: str
    source: str
    code: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One call of a function, step by step: the values, and both sweeps.

    `tangent` and `adjoint` are by variable id; one that is missing wasn't reached. `seeds` are the inputs of which one may
    be chosen to have the tangent one. `failed` is what was raised half-way; then this is the trace of what ran, without
    sweeps, and `failure` says which op it was.
    """

    name: str
    variables: tuple[Variable, ...]
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tangents: tuple[TangentStep, ...]
    contributions: tuple[Contribution, ...]
    tangent: Mapping[str, Array]
    adjoint: Mapping[str, Array]
    seeds: tuple[str, ...]
    failed: str = ""
    failure: Failure | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    """The class of each `nn.Module` by its dotted name."""

    def __getitem__(self, id: str) -> Variable:
        """The variable of an id."""
        return next(variable for variable in self.variables if variable.id == id)

    def __len__(self) -> int:
        return len(self.steps)
