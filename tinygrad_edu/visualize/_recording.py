"""One call of a function, recorded for a trace: its equations, which module ran, and where it raised if it did."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.modes import STATE, Observer, observe
from tinygrad_edu.engine.source import _PACKAGE
from tinygrad_edu.engine.sweeps import pull, push
from tinygrad_edu.engine.tensor import Tensor, tensor_of
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import GraphError
from tinygrad_edu.func import functional_call, record
from tinygrad_edu.func._graph import Equation, Traced, Value
from tinygrad_edu.nn import Module


@dataclass
class Recording:
    """What was recorded. `inputs` are those that are differentiated, with their names and tensors; `names` are by
    identity of the array.
    """

    name: str
    equations: list[Equation] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)  # of each equation
    inputs: list[tuple[Value, str, Tensor]] = field(default_factory=list)
    parameters: list[tuple[Value, str, Tensor]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # the class of each module
    arguments: list[Any] = field(default_factory=list)  # all of them, flattened
    positions: list[int] = field(default_factory=list)  # of the inputs among them
    swept: set[Node | None] = field(default_factory=set)  # what sweeps inside of the function recorded
    error: Exception | None = None
    failed_op: str = ""
    failed_args: tuple[Any, ...] = ()
    failed_at: tuple[str, str] = ("", "")


def recorded(f: Callable[..., Any], args: Sequence[Any], names: Mapping[str, Any] | Sequence[str] | None) -> Recording:
    """Call `f` once. Numbers become float64; what can't be differentiated (labels, strings) is handed on as it is."""
    if not callable(f):
        raise GraphError(f"trace: the first argument must be a function or a module, got {type(f).__name__}.")
    model = f if isinstance(f, Module) else None
    leaves, structure = flatten(tuple(args))
    given = [_prepared(leaf) for leaf in leaves]
    moving = [i for i, x in enumerate(given) if isinstance(x, Tensor) and x.dtype.kind in "fc"]
    labels = _argument_names(f, args, structure)
    if names is not None and not isinstance(names, Mapping):
        labels[: len(names)] = names
    made = Recording(_name_of(f), arguments=given, positions=moving)
    made.names = _names_by_array(names if isinstance(names, Mapping) else {})
    for i, x in enumerate(given):
        if isinstance(x, Tensor):
            labels[i] = made.names.get(id(x.array), labels[i])
            if i not in moving:
                made.names[id(x.array)] = labels[i]
    parameters = dict(model.named_parameters()) if model is not None else {}
    if not moving and not parameters:
        raise GraphError("trace: the function needs at least one floating input: a number, an array or a tensor.")
    if model is not None:
        made.kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    events: list[tuple[int, str]] = []

    def watched(xs: list[Any], weights: dict[str, Any]) -> Any:
        traced: Any = (xs or list(weights.values()))[0]
        entries = traced.journal.entries
        made.inputs = [(x.which, labels[i], given[i]) for x, i in zip(xs, moving, strict=True)]
        made.parameters = [(w.which, name, parameters[name]) for name, w in weights.items()]
        full = list(given)
        for i, x in zip(moving, xs, strict=True):
            full[i] = x
        arguments = unflatten(structure, full)
        try:
            with _followed(model, events, entries), _sweeps_seen(made.swept):
                return f(*arguments) if model is None else functional_call(model, weights, arguments)
        except Exception as error:  # whatever the user's function raises is what the trace shows
            made.error = error
            return traced

    with np.errstate(divide="ignore", invalid="ignore"):
        graph = record(watched)([_detached(given[i]) for i in moving], {k: _detached(p) for k, p in parameters.items()})
    if made.error is not None:
        _locate(made, made.error)
    else:
        made.outputs = list(graph.outputs)
    running = ""
    events.reverse()
    for i, entry in enumerate(graph._trace.entries):
        while events and events[-1][0] <= i:
            running = events.pop()[1]
        if isinstance(entry, Equation):
            made.equations.append(entry)
            made.modules.append(running)
    return made


@contextlib.contextmanager
def _followed(model: Module | None, events: list[tuple[int, str]], entries: Sequence[Any]) -> Iterator[None]:
    """While this lasts, note in `events` from which entry on which module runs."""
    running: list[str] = []
    handles: list[Any] = []

    def follow(name: str, module: Module) -> None:
        def enter(*_: Any) -> None:
            running.append(name)
            events.append((len(entries), name))

        def leave(*_: Any) -> None:
            running.pop()
            events.append((len(entries), running[-1] if running else ""))

        handles.append(module.register_forward_pre_hook(enter))
        handles.append(module.register_forward_hook(leave))

    for name, module in model.named_modules() if model is not None else ():
        follow(name, module)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Watch(Observer):
    """Notes the nodes that are recorded while a sweep runs."""

    def __init__(self, swept: set[Node | None], before: Observer | None) -> None:
        self.swept = swept
        self.before = before

    @property
    def checks(self) -> bool:  # type: ignore[override]  # read-only here
        return self.before is not None and self.before.checks

    def recorded(self, node: Node) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
            if frame.f_code in _SWEEPS:
                self.swept.add(node)
                break
            frame = frame.f_back
        if self.before is not None:
            self.before.recorded(node)

    def check(self, node: Node, bars: Any, seed: bool = False) -> None:
        if self.before is not None:
            self.before.check(node, bars, seed)


_SWEEPS = {pull.__code__, push.__code__}


@contextlib.contextmanager
def _sweeps_seen(swept: set[Node | None]) -> Iterator[None]:
    before = STATE.on if isinstance(STATE.on, Observer) else None
    observe(_Watch(swept, before))
    try:
        yield
    finally:
        observe(before)


def _prepared(leaf: Any) -> Any:
    if isinstance(leaf, bool | str):
        return leaf
    if isinstance(leaf, int | float | complex):
        return tensor_of(np.asarray(leaf, np.complex128 if isinstance(leaf, complex) else np.float64))
    if isinstance(leaf, Tensor):
        leaf.detach().numpy()  # raises for a value of a transform, which has no number to show
        return leaf
    if isinstance(leaf, np.ndarray | np.generic):
        return tensor_of(np.asarray(leaf))
    return leaf


def _detached(x: Tensor) -> Tensor:
    return x.detach() if x.node is not None else x


def _name_of(f: Any) -> str:
    name = getattr(f, "__name__", None) or type(f).__name__
    return "f" if name == "<lambda>" else str(name)


def _argument_names(f: Any, args: Sequence[Any], structure: Any) -> list[str]:
    """A name for every flattened argument: that of its parameter in f's signature."""
    target = f.forward if isinstance(f, Module) else f
    try:
        bound = inspect.signature(target).bind(*args).arguments
    except (TypeError, ValueError):  # a built-in, or a call that f itself refuses
        bound = {}
    names = [name for name, value in bound.items() if value is not args or len(args) != 1]
    labels: list[str] = []
    variadic = {
        p.name for p in (inspect.signature(target).parameters.values() if bound else ()) if p.kind is p.VAR_POSITIONAL
    }
    for name in names:
        if name in variadic:
            labels += [f"{name}[{i}]" for i in range(len(bound[name]))]
        else:
            labels.append(name)
    labels += [f"x{i}" for i in range(len(labels), len(args))]
    found: list[str] = []
    for label, (below, count) in zip(labels, structure.children, strict=False):
        found += [label] if below is None else [f"{label}[{key!r}]" for key in _keys(below, count)]
    return found


def _keys(structure: Any, count: int) -> list[Any]:
    """What the leaves of a container are reached by, if it is flat; else their numbers."""
    flat = len(structure.children) == count and all(below is None for below, _ in structure.children)
    return list(structure.static) if flat and structure.kind is dict else list(range(count))


def _names_by_array(names: Mapping[str, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name, value in names.items():
        if isinstance(value, Tensor) and value.level == 0:
            found.setdefault(id(value.array), name)
        elif isinstance(value, np.ndarray):
            found.setdefault(id(value), name)
    return found


def _locate(made: Recording, error: Exception) -> None:
    """Where the function raised: the line outside the package, and what it handed to the package there."""
    called: list[Any] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not file.startswith(_PACKAGE):
            made.failed_at = f"{Path(file).name}:{line}", linecache.getline(file, line).strip()
            called = []
        elif not called:
            called = [x for value in frame.f_locals.values() for x in flatten(value)[0] if isinstance(x, Traced)]
    name, colon, _ = str(error).partition(": ")
    made.failed_op = name if colon and name.isidentifier() and called else ""
    made.failed_args = tuple(dict.fromkeys(x.which for x in called)) if made.failed_op else ()
