"""The four families of ops: what each needs to be told, and the rules that follow from it.

| family      | a declaration gives                   | push (tangent)                       | pull (cotangent)               |
|-------------|---------------------------------------|--------------------------------------|--------------------------------|
| elementwise | a local derivative per argument       | `partial * x_dot`                    | `unbroadcast(partial * y_bar)` |
| linear      | the transpose                         | the op itself, applied to tangents   | the transpose                  |
| bilinear    | a transpose per argument              | the op, one argument replaced by x_dot | the transpose                |
| primitive   | both rules                            | as given                             | as given                       |

Rules are written with operators, NumPy functions that have an op, and ops, so they run on arrays and on Tensors alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.op import Op, Rule, Sample
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.views import looks_into, remember

Reads = str | Sequence[int | str]


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` down to `shape`, from which it was broadcast: the transpose of broadcasting."""
    lead = g.ndim - len(shape)
    axes = tuple(i for i, n in enumerate(g.shape) if i < lead or (shape[i - lead] == 1 and n != 1))
    g = np.add.reduce(g, axis=axes, keepdims=True)  # np.sum is this behind a microsecond of Python
    return np.reshape(g, shape) if lead else g


def conjugate(g: Any) -> Any:
    """The conjugate, for which a real array isn't copied, and Python's numbers don't become NumPy's wide ones."""
    if not hasattr(g, "dtype"):
        return g.conjugate()
    return np.conj(g) if g.dtype.kind == "c" else g


# -- elementwise ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class D:
    """A local derivative: its formula as text, the derivative as a function of `(y, *xs)` or a number, and what it
    reads.

    Of a complex argument it is the complex derivative, which the family conjugates where PyTorch's convention asks for it;
    of an op with real values, like |x|, it is the gradient that PyTorch gives: ẏ = Re(conj(partial)·ẋ), x̄ = partial·ȳ.

    `selects` instead says where the derivative is one and zero elsewhere, as a boolean function of `(y, *xs)`; what
    isn't selected is dropped, not multiplied by zero, so an infinity there makes no NaN.
    """

    text: str
    partial: Callable[..., Any] | float = 0.0
    reads: Reads = ()
    selects: Callable[..., Any] | None = None


class Local(NamedTuple):
    """A local derivative as `Elementwise` uses it: a number, or else a function, which multiplies or selects."""

    number: float | None
    function: Callable[..., Any] | None
    selects: bool


def _local_rule(d: D) -> Rule:
    if d.selects is not None:
        local = Local(None, d.selects, True)
    else:
        local = Local(None, d.partial, False) if callable(d.partial) else Local(d.partial, None, False)
    return Rule(d.text, frozenset(d.reads), local=local)


class Elementwise(Op):
    """y[i] = f(x₁[i], x₂[i], …), with NumPy's broadcasting, undone here and nowhere else."""

    family = "elementwise"
    rules: Sequence[Rule | None]

    def jvp(self, x_dots: Sequence[Any], y: Any, xs: Sequence[Any], params: dict[str, Any], spec: Any = None) -> Any:
        spec = y if spec is None else spec  # what is known of the output where no rule reads it
        y_dot = None
        for rule, x_dot in zip(self.rules, x_dots, strict=True):
            if x_dot is None or rule is None:
                continue
            number, function, selects = rule.local
            if function is None:
                term = x_dot if number == 1 else number * x_dot
            elif selects:
                term = np.where(function(y, *xs, **params), x_dot, 0)
            elif x_dot.dtype.kind == "c" and spec.dtype.kind != "c":
                term = np.real(conjugate(function(y, *xs, **params)) * x_dot)
            else:
                term = function(y, *xs, **params) * x_dot
            y_dot = term if y_dot is None else y_dot + term
        if y_dot is None:
            return None
        return y_dot if y_dot.shape == spec.shape else np.broadcast_to(y_dot, spec.shape)

    def vjp(self, y_bar: Any, y: Any, xs: Sequence[Any], edges: Sequence[Any], params: dict[str, Any]) -> Sequence[Any]:
        bars: list[Any] = []
        for rule, edge in zip(self.rules, edges):  # noqa: B905  # of one length by construction; see the sweep
            if edge is None or rule is None:
                bars.append(None)
                continue
            number, function, selects = rule.local
            if function is None:
                g = y_bar if number == 1 else number * y_bar
            else:
                p = function(y, *xs, **params) if params else function(y, *xs)
                if selects:
                    g = np.where(p, y_bar, 0)
                elif y_bar.dtype.kind == "c":
                    g = conjugate(p) * y_bar
                    if edge.dtype.kind != "c":
                        g = np.real(g)
                else:
                    g = p * y_bar
            bars.append(g if g.shape == edge.shape else unbroadcast(g, edge.shape))
        return bars

    def batched(self, size: int, args: list[Any], flags: list[bool], params: dict[str, Any]) -> Any:
        return self(*align(args, flags), **params)


def align(args: list[Any], flags: list[bool]) -> list[Any]:
    """Give the batched arguments (batch axis first) the same rank, so that the others broadcast from the right."""
    rank = max(getattr(a, "ndim", 0) - flag for a, flag in zip(args, flags, strict=True))
    return [
        np.reshape(a, (a.shape[0], *(1,) * (rank + 1 - a.ndim), *a.shape[1:])) if flag and a.ndim < rank + 1 else a
        for a, flag in zip(args, flags, strict=True)
    ]


def elementwise(
    name: str,
    forward: Callable[..., Any],
    *partials: D | None,
    math: str,
    cost: int = 1,
    domain: tuple[float, float] | Sequence[tuple[float, float]] = (-2.0, 2.0),
    params: Iterable[dict[str, Any]] = ({},),
    samples: Callable[[Any], Iterable[Sample]] | None = None,
    **rest: Any,
) -> Elementwise:
    """Declare an elementwise op: one `D` per differentiable argument. `cost` is per element of the result.

    `domain` is where the generated tests sample the arguments, one pair for all or one each; `params` lists keyword
    metadata to try. An op is refused complex numbers unless it says `complex=True`; its domain is then that of the real
    and of the imaginary part as well.
    """
    arity = len(partials)
    pairs: list[Any] = [domain] * arity if isinstance(domain[0], int | float) else list(domain)

    def generated(r: Any) -> Iterable[Sample]:
        for draw in (r, r.complex) if rest.get("complex") else (r,):
            for metadata in params:
                for shapes in _SHAPES[arity]:
                    args = tuple(draw(*s, low=p[0], high=p[1]) for s, p in zip(shapes, pairs, strict=True))
                    yield Sample(args, metadata)

    return Elementwise(
        name,
        forward,
        math=math,
        rules=[None if d is None else _local_rule(d) for d in partials],
        cost=lambda y, *xs, **_: cost * y.size,
        samples=samples or (generated if arity in _SHAPES else None),
        promotes=True,
        **{"complex": False, **rest},
    )


_SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((),), ((3,),), ((2, 3),)],
    2: [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((3,), (1,))],
}


# -- linear --------------------------------------------------------------------------------------------------------


class Linear(Op):
    """Linear in all its differentiable arguments together; arguments without a transpose are constants."""

    family = "linear"

    def jvp(self, x_dots: Sequence[Any], y: Any, xs: Sequence[Any], params: dict[str, Any], spec: Any = None) -> Any:
        tangents = [
            x if self.rule(i) is None else _zero_like(x) if x_dot is None else x_dot
            for i, (x, x_dot) in enumerate(zip(xs, x_dots, strict=True))
        ]
        return self(*tangents, **params)


def _zero_like(x: Any) -> Any:
    return np.zeros(x.shape, x.dtype) if hasattr(x, "dtype") else 0


class View(Linear):
    """Linear in its first argument, into whose memory the result looks.

    `write(x, v, *rest, **metadata)` is `x` with the part that the view shows replaced by `v`; None for a view that
    can't be written to.
    """

    write: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **params: Any) -> Any:
        y = Op.__call__(self, *args, **params)  # super() costs a tenth of a small op's call
        if isinstance(y, Tensor) and isinstance(x := args[0], Tensor) and looks_into(y, x):
            remember(y, x, self, args[1:], params)
        return y

    def written(self, base: Tensor, child: Tensor, rest: Sequence[Any], params: dict[str, Any]) -> Any:
        """The node of `base` after its memory was written to through the view `child`."""
        assert self.write is not None
        if isinstance(self.write, Op):
            return self.write.record([base, child, *rest], params, base.array)
        return self.write(base, child, *rest, **params).node


def linear(
    name: str,
    forward: Callable[..., Any],
    *transposes: Callable[..., Any] | None,
    math: str,
    text: str,
    each: Callable[..., Any] | None = None,
    reads: Reads = (),
    view: bool = False,
    write: Callable[..., Any] | None = None,
    **rest: Any,
) -> Linear:
    """Declare a linear op: for each argument its transpose `(y_bar, *xs, **metadata) -> x_bar`, None for a constant.

    Arguments behind those with a transpose are constants too. Of the `xs` a transpose may use shapes and dtypes; the
    constants whose values it uses (indices, masks) are named in `reads`. An op of any number of like arguments gives
    `each(i, y_bar, *xs, **metadata)` instead. For an op whose result is a `view` of its first argument's memory, `write`
    is as in `View`.
    """

    def rule(transpose: Callable[..., Any]) -> Rule:
        def pull(y_bar: Any, y: Any, *xs: Any, **params: Any) -> Any:
            return transpose(y_bar, *xs, **params)

        return Rule(text, frozenset(reads), pull=pull)

    if not view:
        return Linear(name, forward, math=math, rules=_rules(rule, transposes, each), **rest)
    made = View(name, forward, math=math, rules=_rules(rule, transposes, each), **rest)
    made.write = write
    return made


def _rules(
    rule: Callable[..., Rule], given: Sequence[Callable[..., Any] | None], each: Callable[..., Any] | None
) -> Any:
    if each is None:
        return [None if g is None else rule(g) for g in given]
    made: dict[int, Rule] = {}

    def at(position: int) -> Rule:
        if position not in made:
            made[position] = rule(lambda *args, **params: each(position, *args, **params))
        return made[position]

    return at


# -- bilinear ------------------------------------------------------------------------------------------------------


class Bilinear(Op):
    """Linear in each argument while the others are held: a product of some kind."""

    family = "bilinear"


def bilinear(
    name: str,
    forward: Callable[..., Any],
    *transposes: Callable[..., Any],
    math: str,
    texts: Sequence[str],
    each: Callable[..., Any] | None = None,
    count: int = 2,
    **rest: Any,
) -> Bilinear:
    """Declare a bilinear op: for each argument the transpose `(y_bar, *xs, **metadata) -> x_bar`.

    It may use the values of the *other* arguments (which the family has conjugated) and the shape of its own. For any
    number of arguments (a multilinear op) give `each(i, y_bar, *xs, **metadata)` instead.
    """

    def rule_at(position: int) -> Rule:
        transpose = transposes[position] if each is None else None

        def push(x_dot: Any, y: Any, *xs: Any, **params: Any) -> Any:
            return op(*xs[:position], x_dot, *xs[position + 1 :], **params)

        def pull(y_bar: Any, y: Any, *xs: Any, **params: Any) -> Any:
            if y_bar.dtype.kind == "c":
                xs = tuple(conjugate(x) if i != position else x for i, x in enumerate(xs))
            if transpose is not None:
                return transpose(y_bar, *xs, **params)
            assert each is not None
            return each(position, y_bar, *xs, **params)

        others = range(count) if each is None else range(32)
        return Rule(texts[min(position, len(texts) - 1)], frozenset(i for i in others if i != position), push, pull)

    rules: Any
    if each is None:
        rules = [rule_at(i) for i in range(count)]
    else:
        made: dict[int, Rule] = {}
        rules = lambda i: made.setdefault(i, rule_at(i))
    op = Bilinear(name, forward, math=math, rules=rules, promotes=True, **rest)
    return op


# -- primitive -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """Both rules of one argument by hand: `push(x_dot, y, *xs, **metadata)` and `pull(y_bar, y, *xs, **metadata)`."""

    text: str
    push: Callable[..., Any]
    pull: Callable[..., Any]
    reads: Reads = ()


class Primitive(Op):
    """An op whose rules are written by hand."""

    family = "primitive"


def primitive(name: str, forward: Callable[..., Any], *given: Given | None, math: str, **rest: Any) -> Primitive:
    """Declare a primitive op: one `Given` per argument, None for a constant."""
    rules = [None if g is None else Rule(g.text, frozenset(g.reads), g.push, g.pull) for g in given]
    return Primitive(name, forward, math=math, rules=rules, **rest)


def to_plain(value: Any) -> Any:
    """The array of a Tensor, an array as it is."""
    return value.array if isinstance(value, Tensor) else value
