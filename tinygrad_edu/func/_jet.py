"""Taylor mode: all derivatives along a direction up to some order, in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Bilinear, Elementwise, Linear
from tinygrad_edu.engine.graph import Node
from tinygrad_edu.engine.levels import Wrapped, below, carries_a_derivative, opened
from tinygrad_edu.engine.op import OUTPUT, Op
from tinygrad_edu.engine.tensor import FIRST, Slot, Tensor, as_value
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Function, inputs_of
from tinygrad_edu.func._forward import tangent_of
from tinygrad_edu.ops.create import as_tensor, zeros_like


class Jet(Wrapped):
    """A truncated power series in one variable: `terms[k]` is the coefficient of its k-th power."""

    __slots__ = ()

    transform = "jet"
    terms: Slot[tuple[Tensor, ...]] = FIRST

    def __init__(self, terms: Sequence[Tensor], level: int, node: Node | None = None) -> None:
        self.terms = tuple(terms)
        self.level = level
        self.node = node
        self.grad = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.terms[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.terms[0].dtype

    def parts(self) -> tuple[Tensor, ...]:
        return self.terms

    def with_node(self, node: Node | None) -> Jet:
        return Jet(self.terms, self.level, node)

    def detach(self) -> Tensor:
        return self.terms[0].detach()

    def numpy(self) -> np.ndarray[Any, Any]:
        raise carries_a_derivative(self, "series")

    def __bool__(self) -> bool:
        return bool(self.terms[0])

    def lift(self, op: Op, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        self.check_open(op)
        series = {i: a.terms for i, a in enumerate(args) if isinstance(a, Jet) and a.level == level}
        constants = [below(a, level) for a in args]
        order = max(len(terms) for terms in series.values()) - 1
        heads = [series[i][0] if i in series else a for i, a in enumerate(constants)]
        if all(op.rule(i) is None for i in series):
            return op(*heads, **params)
        if isinstance(op, Linear):
            return Jet(_linear(op, series, constants, params, order), level)
        if isinstance(op, Bilinear):
            return Jet(_multilinear(op, series, heads, params, order), level)
        if isinstance(op, Elementwise):
            return Jet(_elementwise(op, series, constants, heads, params, order, level), level)
        if op.reference is not None:
            return op.reference(*args, **params)
        raise UnsupportedError(
            f"jet: {op.name} is a {op.family} op, whose higher derivatives Taylor mode can't derive from its declaration. "
            "Compose the function of elementwise, linear and bilinear ops, or nest jvp."
        )


def _term(terms: Sequence[Any], k: int) -> Any:
    return terms[k] if k < len(terms) else None


def _linear(op: Op, series: dict[int, Any], constants: list[Any], params: dict[str, Any], order: int) -> list[Any]:
    """A linear op acts on each coefficient by itself; constant arguments only on the first."""
    result = []
    for k in range(order + 1):
        args = []
        for i, a in enumerate(constants):
            if i in series:
                term = _term(series[i], k)
                args.append(zeros_like(series[i][0]) if term is None else term)
            elif k == 0 or op.rule(i) is None:
                args.append(a)
            else:
                args.append(np.zeros(np.shape(a), getattr(a, "dtype", None)))
        result.append(op(*args, **params))
    return result


def _multilinear(op: Op, series: dict[int, Any], heads: list[Any], params: dict[str, Any], order: int) -> list[Any]:
    """The k-th coefficient of a product is the sum over all ways to take coefficients whose numbers add up to k."""
    places = list(series)

    def sums(k: int, count: int) -> list[tuple[int, ...]]:
        if count == 1:
            return [(k,)]
        return [(first, *rest) for first in range(k + 1) for rest in sums(k - first, count - 1)]

    result: list[Any] = []
    for k in range(order + 1):
        total = None
        for numbers in sums(k, len(places)):
            terms = [_term(series[i], n) for i, n in zip(places, numbers, strict=True)]
            if any(term is None for term in terms):
                continue
            args = list(heads)
            for i, term in zip(places, terms, strict=True):
                args[i] = term
            y = op(*args, **params)
            total = y if total is None else total + y
        result.append(zeros_like(result[0]) if total is None else total)
    return result


def _elementwise(
    op: Elementwise,
    series: dict[int, Any],
    constants: list[Any],
    heads: list[Any],
    params: dict[str, Any],
    order: int,
    level: int,
) -> list[Any]:
    """y′ = Σ ∂y/∂xᵢ · xᵢ′ as power series, solved coefficient by coefficient.

    The local derivatives of the declaration are themselves evaluated on power series, so no op needs a rule for this:
    to know y to order k + 1 takes the partials to order k (Griewank and Walther 2008, section 13.2, with the declared
    partials for tables).
    """
    if op.name == "multiply" and len(series) == 2:  # the partials' products would be this product again
        return _multilinear(op, series, heads, params, order)
    if op.name == "divide" and 1 in series:  # and the partial −y/b this quotient
        return _quotient(op, series, constants, heads, order)
    known = {}  # the partials that don't read y, to the whole order at once
    for i in series:
        rule = op.rules[i]
        if rule is not None and rule.local.function is not None and OUTPUT not in rule.reads and order:
            xs = [Jet(_padded(series[j], order - 1), level) if j in series else a for j, a in enumerate(constants)]
            known[i] = rule.local.function(None, *xs, **params)
    ys: list[Any] = [as_value(op(*heads, **params))]
    for k in range(order):
        total = None
        for i, terms in series.items():
            rule = op.rules[i]
            if rule is None:
                continue
            slope = [(n + 1) * term for n, term in enumerate(terms[1 : k + 2])]  # of x′
            number, function, selects = rule.local
            if function is None:
                term = number * slope[k] if k < len(slope) else None
            else:
                if i in known:
                    partial = known[i]
                else:
                    xs = [Jet(_padded(series[j], k), level) if j in series else a for j, a in enumerate(constants)]
                    partial = function(Jet(ys, level), *xs, **params)
                if selects:
                    term = np.where(_head(partial), slope[k], 0) if k < len(slope) else None
                else:
                    term = _convolved(partial, slope, k, level)
            if term is not None:
                total = term if total is None else total + term
        ys.append(zeros_like(ys[0]) if total is None else np.broadcast_to(total / (k + 1), ys[0].shape))
    return ys


def _quotient(op: Op, series: dict[int, Any], constants: list[Any], heads: list[Any], order: int) -> list[Any]:
    """a = y b, coefficient by coefficient, solved for that of y."""
    numerator, denominator = series.get(0, [constants[0]]), series[1]
    ys: list[Any] = [as_value(op(*heads))]
    for k in range(1, order + 1):
        rest = numerator[k] if k < len(numerator) else None
        for n, y in enumerate(ys):
            if k - n < len(denominator):
                product = y * denominator[k - n]
                rest = -product if rest is None else rest - product
        ys.append(zeros_like(ys[0]) if rest is None else np.broadcast_to(rest / denominator[0], ys[0].shape))
    return ys


def _padded(terms: Sequence[Any], k: int) -> list[Any]:
    return [*terms[: k + 1], *[zeros_like(terms[0])] * (k + 1 - len(terms))]


def _head(value: Any) -> Any:
    return value.terms[0] if isinstance(value, Jet) else value


def _convolved(partial: Any, slope: Sequence[Any], k: int, level: int) -> Any:
    """The k-th coefficient of partial · x′."""
    if not (isinstance(partial, Jet) and partial.level == level):
        return partial * slope[k] if k < len(slope) else None
    total = None
    for n, term in enumerate(partial.terms[: k + 1]):
        if k - n < len(slope):
            product = term * slope[k - n]
            total = product if total is None else total + product
    return total


def jet(f: Function, primals: Sequence[Any], series: Sequence[Sequence[Any]]) -> tuple[Any, Any]:
    """The value of `f` and its derivatives along a path, up to the order given: `(y, [y⁽¹⁾, …, y⁽ᴷ⁾])`.

    `series` has for each primal a list with the derivatives of the path x(t) at t = 0: `[x⁽¹⁾, x⁽²⁾, …]`, all lists of
    one length K. For derivatives along a straight direction v give `[v, 0, 0, …]`; then y⁽ᵏ⁾ is the k-th directional
    derivative. Primals are single tensors; where `f` returns a container, each of its leaves has such a list. JAX's
    conventions (`jax.experimental.jet`). Elementwise, linear and bilinear ops, and what has a reference made of them;
    UnsupportedError names any other. Cost: one pass with K coefficients beside each value, O(K²) work per product.
    """
    xs, structure = inputs_of(tuple(primals), "jet")
    if len(xs) != len(primals) or structure != flatten((0,) * len(xs))[1]:
        raise ShapeError("jet: each primal must be a single tensor; take containers apart first.")
    if len(series) != len(xs) or len({len(terms) for terms in series}) != 1 or not len(series[0]):
        raise ShapeError(
            f"jet: needs one list of derivatives per primal, all of one length of at least 1; got {len(series)} lists of lengths "
            f"{[len(terms) for terms in series]} for {len(xs)} primals."
        )
    order = len(series[0])
    with opened() as level:
        jets = []
        for x, derivatives in zip(xs, series, strict=True):
            tangents = [
                zeros_like(x) if isinstance(d, int | float) and d == 0 else tangent_of(x, d, "jet") for d in derivatives
            ]
            jets.append(Jet([x, *(d / math.factorial(k + 1) for k, d in enumerate(tangents))], level))
        result = f(*jets)
    leaves, structure = flatten(result)

    def terms(v: Any) -> list[Any]:
        if isinstance(v, Jet) and v.level == level:
            return [_term(v.terms, k) for k in range(order + 1)]
        return [as_tensor(v), *[zeros_like(as_tensor(v))] * order]

    columns = [terms(v) for v in leaves]
    derivatives = [[c[k] * math.factorial(k) for k in range(1, order + 1)] for c in columns]
    return unflatten(structure, [c[0] for c in columns]), unflatten(structure, derivatives)
