"""`Op`: a primitive operation with its declaration, its registry, and the hot path of every call.

What a declaration has to say is in `families.py`; how an op acts on the values of transforms is in `levels.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Node, Pick, Spec
from tinygrad_edu.engine.memory import is_fresh
from tinygrad_edu.engine.modes import STATE, Observer, get_default_dtype
from tinygrad_edu.engine.promotion import result_dtype
from tinygrad_edu.engine.tensor import LEVEL0, NUMPY, Tensor, make, payload, tensor_of
from tinygrad_edu.errors import DTypeError, ShapeError, TinygradEduError

REGISTRY: dict[str, Op] = {}
"""Every op by name, in the order of declaration. Tests, docs, pictures and the command line read it."""

_NUMBERS = frozenset({float, int, bool, complex, type(None)})
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_ARRAYS = (Tensor, np.ndarray)
_new = object.__new__

OUTPUT = "y"


def _unused(*_: Any, **__: Any) -> Any:
    raise AssertionError("this family doesn't derive its sweeps from this rule")


@dataclass(frozen=True, slots=True)
class Rule:
    """The derivative of an op in one of its arguments.

    `text` is the rule as mathematics, for pictures and docs. `reads` names the values that the rule uses: positions of
    arguments, `"y"` for the output, or `"y1"` for number 1 of several; a node keeps nothing else. `push(x_dot, y, *xs,
    **metadata)` and `pull(y_bar, y, *xs, **metadata)` are filled in by the families from what a declaration gives; the
    elementwise family works from `local` instead.
    """

    text: str
    reads: frozenset[int | str]
    push: Callable[..., Any] = _unused
    pull: Callable[..., Any] = _unused
    local: Any = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Arguments and keyword metadata on which the generated tests try an op. Floating arrays are to be differentiated."""

    args: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)


class Op:
    """A primitive operation: `op(*arrays, **metadata)`.

    On Tensors it records a node; on plain arrays and numbers it just computes, so that rules written with ops run on
    both.
    """

    family = "op"

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        *,
        math: str,
        rules: Sequence[Rule | None] | Callable[[int], Rule],
        cost: Callable[..., int] | int = 0,
        samples: Callable[[Any], Iterable[Sample]] | None = None,
        numpy: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
        reference: Callable[..., Any] | None = None,
        batch: Callable[..., Any] | None = None,
        promotes: bool = False,
        floating: bool = False,
        complex: bool = True,
        overwritable: bool = False,
        registry: dict[str, Op] = REGISTRY,
    ) -> None:
        self.name = name
        self.__name__ = name
        self.__doc__ = math
        self.math = math
        self.forward = forward
        self.rules: Any = rules
        self.differentiable = callable(rules) or any(rule is not None for rule in rules)
        self.cost = cost
        self.samples = samples
        self.reference = reference
        self.batch = batch
        self.promotes = promotes or floating
        self.floating = floating
        self.complex = complex
        self.overwritable = (
            overwritable  # though rules read the result: a write into it leaves them a copy (ops/inplace.py)
        )
        self._plans: dict[int, tuple[Any, bool]] = {}  # by which arguments have an edge
        if name in registry:
            raise TinygradEduError(f"there is already an op named {name!r}: choose another name.")
        registry[name] = self
        for function in numpy if isinstance(numpy, Sequence) else (numpy,):
            NUMPY[function] = self

    def __repr__(self) -> str:
        return f"<{self.family} op {self.name}: {self.math}>"

    def rule(self, position: int) -> Rule | None:
        """The rule for the argument at `position`; None for one that can't be differentiated."""
        rules = self.rules
        if callable(rules):
            return rules(position)  # type: ignore[no-any-return]
        found: Rule | None = rules[position] if position < len(rules) else None
        return found

    # -- the call --------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Apply the op. The short way through: every argument is a level-0 Tensor, an array or a number."""
        xs: list[Any] = []
        edges: list[Node | None] = []
        lifted = tracked = mixed = False
        dtype = None
        for a in args:
            cls = type(a)
            if cls in LEVEL0:
                lifted = True
                x = a.array
                edge = a.node
                if edge is not None:
                    tracked = True
            elif cls is np.ndarray:
                x, edge = a, None
            elif cls in _NUMBERS:
                xs.append(a)
                edges.append(None)
                if cls is complex:
                    mixed = True
                continue
            else:
                return self._call_any(args, params)
            xs.append(x)
            edges.append(edge)
            if x.dtype is not dtype:
                mixed = mixed or dtype is not None
                dtype = x.dtype
        if lifted and self.promotes and (mixed or (dtype is not _F32 and dtype is not _F64)):
            promoted = self.promote(args)
            if promoted is not args:
                return self(*promoted, **params)
        try:
            y = self.forward(*xs, **params)
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
            raise self.explain(error, xs, params) from error
        if not lifted:
            return y
        if type(y) is tuple:
            return self._wrap_many(y, xs, edges, params, tracked and bool(STATE.grad) and self.differentiable)
        if type(y) is not np.ndarray:
            y = np.asarray(y)
        tensor = _new(Tensor)
        tensor.array = y
        tensor.grad = None
        if tracked and (on := STATE.grad) and self.differentiable:
            kept, keep_y = self._keep(xs, edges)
            tensor.node = Node(self, edges, kept, y if keep_y else None, params, y.shape, y.dtype)
            if on is not True:
                on.recorded(tensor.node)
        else:
            tensor.node = None
        return tensor

    def _call_any(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The long way: arguments to convert, or values of transforms."""
        level, top = 0, None
        converted = []
        dtype: Any = None
        mixed = False
        for a in args:
            if isinstance(a, Tensor):
                if a.level > level:
                    level, top = a.level, a
            elif isinstance(a, np.generic):
                # Beside a Tensor a NumPy scalar is a number, which doesn't widen the other's dtype (as in PyTorch);
                # among arrays alone it is what NumPy made of a 0-d array.
                a = a.item() if any(isinstance(b, Tensor) for b in args) else np.asarray(a)
            elif type(a) is not np.ndarray and type(a) not in _NUMBERS:
                a = self._convert(a, args)
            converted.append(a)
            found = getattr(a, "dtype", None)
            if found is None:
                mixed = mixed or type(a) is complex
            elif found is not dtype:
                mixed = mixed or dtype is not None
                dtype = found
        if top is None:
            return self(*converted, **params)
        if self.promotes and (mixed or (dtype is not _F32 and dtype is not _F64)):
            promoted = self.promote(converted)
            if promoted is not converted:
                return self(*promoted, **params)
        outputs = top.lift(self, level, converted, params)
        if not (STATE.grad and self.differentiable):
            return outputs
        edges = [a.node if isinstance(a, Tensor) else None for a in converted]
        if edges.count(None) == len(edges):
            return outputs
        xs = [payload(a) for a in converted]
        if type(outputs) is tuple:
            return self._wrap_many(outputs, xs, edges, params, True)
        if not isinstance(outputs, Tensor):
            return outputs
        y = payload(outputs)
        node = self.record(converted, params, y)
        return make(y, node) if outputs.level == 0 else y.with_node(node)

    def record(self, args: Sequence[Any], params: dict[str, Any], y: Any) -> Node:
        """The node of a call whose one result is there already: `y`, an array or a transform's value."""
        xs = [payload(a) for a in args]
        edges = [a.node if isinstance(a, Tensor) else None for a in args]
        kept, keep_y = self._keep(xs, edges)
        node = Node(self, edges, kept, y if keep_y else None, params, y.shape, y.dtype)
        if isinstance(STATE.grad, Observer):
            STATE.grad.recorded(node)
        return node

    def _convert(self, a: Any, args: Sequence[Any]) -> Any:
        """An argument that is none of ours: a list of numbers, in the precision of the others; anything else is refused."""
        if isinstance(a, np.ndarray):
            return np.asarray(a)
        if isinstance(a, list | tuple):
            found = tensor_of(a)
            beside = [b.dtype for b in args if isinstance(b, _ARRAYS) and b.dtype.kind == "f"]
            return tensor_of(a, np.result_type(*beside)) if beside and found.dtype.kind == "f" else found
        raise DTypeError(f"{self.name}: can't take an argument of type {type(a).__name__} ({str(a)[:60]!r}).")

    def _wrap_many(
        self, ys: tuple[Any, ...], xs: list[Any], edges: list[Any], params: dict[str, Any], record: bool
    ) -> Any:
        """Several outputs: one node, and a numbered `Pick` for each that can be differentiated."""
        ys = tuple([y if type(y) is np.ndarray else payload(y) if isinstance(y, Tensor) else np.asarray(y) for y in ys])
        node = None
        if record:
            kept, keep_y = self._keep(xs, edges)
            shapes: Any = tuple([y.shape for y in ys])
            node = Node(self, edges, kept, _kept_of(ys, keep_y), params, shapes, ys[0].dtype)
            if isinstance(STATE.grad, Observer):
                STATE.grad.recorded(node)
        outputs = []
        for i, y in enumerate(ys):
            pick = None if node is None or y.dtype.kind not in "fc" else Pick(node, i, y.shape, y.dtype)
            outputs.append(make(y, pick) if type(y) is np.ndarray else y.with_node(pick))
        return tuple(outputs)

    def _keep(self, xs: list[Any], edges: list[Node | None]) -> tuple[list[Any] | None, Any]:
        """What a node keeps: the arguments its rules read, shapes for the rest (None: nothing but the edges); and whether `y`.

        Of several outputs it may be the numbers of some.
        """
        key = -len(edges)
        if None in edges:  # else one bit per argument, behind a leading one
            key = 1
            for edge in edges:
                key += key + (edge is not None)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan([edge is not None for edge in edges])
        unread, keep_y = plan
        if unread is None:
            return None, keep_y
        for i in unread:
            edge = edges[i]
            xs[i] = edge if edge is not None else _spec(xs[i])
        return xs, keep_y

    def _plan(self, tracked: Sequence[bool]) -> tuple[Any, Any]:
        reads: set[int | str] = set()
        for position, wanted in enumerate(tracked):
            rule = self.rule(position)
            if wanted and rule is not None:
                reads |= rule.reads
        unread = tuple(position for position in range(len(tracked)) if position not in reads)
        keep: Any = None if len(unread) == len(tracked) and all(tracked) else unread
        return keep, OUTPUT in reads or frozenset(int(r[len(OUTPUT) :]) for r in reads if isinstance(r, str))

    # -- derivatives -----------------------------------------------------------------------------------------------

    def jvp(self, x_dots: Sequence[Any], y: Any, xs: Sequence[Any], params: dict[str, Any], spec: Any = None) -> Any:
        """The tangent of the output from those of the arguments (None for zero): the sum of one `push` per argument."""
        y_dot, owned = None, False  # owned: an array of this call's own, free to be written to
        for position, x_dot in enumerate(x_dots):
            if x_dot is None:
                continue
            rule = self.rule(position)
            if rule is not None:
                term = rule.push(x_dot, y, *xs, **params)
                if y_dot is None:
                    y_dot, owned = term, is_fresh(term, x_dot, y, xs)
                elif owned and type(term) is np.ndarray and (term.shape, term.dtype) == (y_dot.shape, y_dot.dtype):
                    y_dot += term
                else:
                    y_dot = _add(y_dot, term)
                    owned = type(y_dot) is np.ndarray
        return y_dot

    def vjp(
        self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Node | None], params: dict[str, Any]
    ) -> Sequence[Any]:
        """The cotangents of the arguments from that of the output: one `pull` per argument that has an edge."""
        bars: list[Any] = []
        for position, edge in enumerate(edges):
            if edge is None or (rule := self.rule(position)) is None:
                bars.append(None)
            else:
                bars.append(rule.pull(y_bar, y, *xs, **params) if params else rule.pull(y_bar, y, *xs))
        return bars

    def batched(self, size: int, args: list[Any], flags: list[bool], params: dict[str, Any]) -> Any:
        """The op over a leading batch axis of the flagged arguments; NotImplemented where it has no rule for that."""
        return NotImplemented if self.batch is None else self.batch(size, args, flags, **params)

    def flops(self, y: Any, xs: Sequence[Any], params: dict[str, Any]) -> int:
        """The cost of a call in floating-point operations, from the shapes of its result (or results) and arguments."""
        return int(self.cost(y, *map(_spec, xs), **params)) if callable(self.cost) else self.cost

    # -- dtypes and errors -----------------------------------------------------------------------------------------

    def promote(self, args: Sequence[Any]) -> Sequence[Any]:
        """PyTorch's type promotion: the same `args` if nothing has to change, else with the arrays cast to one dtype.

        Among arrays of one kind (bool < int < float < complex), those with dimensions decide before 0-d ones, and those
        before Python numbers; a `floating` op computes integers in the default dtype.
        """
        dtype = None
        for a in args:  # the common case first: nothing to do
            if isinstance(a, _ARRAYS):
                if dtype is not None and a.dtype is not dtype:
                    break
                dtype = a.dtype
            elif type(a) is complex:
                break
        else:
            if dtype is _F32 or dtype is _F64:
                return args
        arrays = [a for i, a in enumerate(args) if isinstance(a, _ARRAYS) and self.rule(i) is not None]
        if not arrays:
            return args
        wanted = result_dtype(arrays, [a for a in args if isinstance(a, float | complex) and not isinstance(a, bool)])
        if self.floating and wanted.kind in "iub":
            wanted = get_default_dtype()
        if wanted.kind == "c" and not self.complex:
            raise DTypeError(
                f"{self.name}: isn't defined for complex numbers, got {wanted}. Use abs(x), x.real or x.imag of them."
            )
        if all(a.dtype == wanted for a in arrays):
            return args
        cast = REGISTRY["cast"]
        return [
            cast(a, dtype=wanted) if isinstance(a, _ARRAYS) and self.rule(i) is not None and a.dtype != wanted else a
            for i, a in enumerate(args)
        ]

    def explain(self, error: Exception, xs: Sequence[Any], params: dict[str, Any]) -> Exception:
        """The error of a call that failed: the op, what met, and what to do."""
        if isinstance(error, TinygradEduError):
            return error
        met = ", ".join(str(tuple(x.shape)) if isinstance(x, np.ndarray) else repr(x) for x in xs)
        said = "".join(f", {key}={value!r}" for key, value in params.items())
        hint = shape_hint([x.shape for x in xs if isinstance(x, np.ndarray)]) if self.family == "elementwise" else ""
        message = f"{self.name}: can't be applied to {met}{said}: {hint or error}"
        for kind, ours in ((IndexError, IndexError), (TypeError, DTypeError), (ZeroDivisionError, ZeroDivisionError)):
            if isinstance(error, kind):
                return ours(message)
        return ShapeError(message)


def shape_hint(shapes: Sequence[tuple[int, ...]]) -> str:
    """Which axis keeps these shapes from broadcasting, and how to mend it; empty if they do broadcast."""
    for back in range(1, max(map(len, shapes), default=0) + 1):
        sizes = {shape[-back] for shape in shapes if len(shape) >= back} - {1}
        if len(sizes) > 1:
            listed = " and ".join(map(str, sorted(sizes)))
            return (
                f"axis {-back} has sizes {listed}, and broadcasting needs equal sizes or 1. Compare .shape of both, then "
                "reshape, unsqueeze or transpose one of them."
            )
    return ""


def read_of(outputs: Sequence[Any], reads: Collection[int | str]) -> list[Any]:
    """Those of an op's outputs that its rules read, in whatever form the outputs come."""
    return [y for i, y in enumerate(outputs) if OUTPUT in reads or f"{OUTPUT}{i}" in reads]


def _kept_of(ys: tuple[Any, ...], read: Any) -> tuple[Any, ...] | None:
    """The outputs that are kept, shapes for the rest."""
    if read is True or not read:
        return ys if read else None
    return tuple([y if i in read else Spec(y.shape, y.dtype) for i, y in enumerate(ys)])


def _spec(x: Any) -> Any:
    return Spec(x.shape, x.dtype) if isinstance(x, np.ndarray | Tensor) else x


def _add(a: Any, b: Any) -> Any:
    if type(a) is tuple:
        return tuple(u if v is None else v if u is None else u + v for u, v in zip(a, b, strict=True))
    return a + b
