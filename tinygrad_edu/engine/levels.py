"""The values of transforms: `Dual` carries a tangent beside its primal, `Batched` hides a leading batch axis.

Each wraps Tensors of a lower level, and each `jvp` or `vmap` call takes a fresh level, so nested transforms can't
mistake one another's values. An op acts on the highest level among its arguments (`lift`), which calls the op again one
level down.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.graph import Node, root_levels
from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.source import caller
from tinygrad_edu.engine.tensor import FIRST, LEVEL, LEVEL0, SECOND, Array, Slot, Tensor, as_value
from tinygrad_edu.errors import BatchLoopWarning, LevelError, ShapeError

fresh_level = itertools.count(1).__next__
"""A level that no value has had before."""


class Batch(NamedTuple):
    """A `vmap` that is running: what a random function inside it has to know."""

    level: int
    size: int
    randomness: str


class _Open(threading.local):
    """The levels of the transforms that this thread is inside of."""

    def __init__(self) -> None:
        self.levels: set[int] = set()
        self.batches: list[Batch] = []


OPEN = _Open()

STREAMS: list[Callable[[], Callable[[], None]]] = []
"""The sources of random numbers, filled by `random/`: each call marks where one is and returns what takes it back there."""


@contextlib.contextmanager
def opened(batch: int | None = None, randomness: str = "error") -> Iterator[int]:
    """A fresh level for the values of a transform, which are good for as long as it runs; `batch` is the size of a vmap."""
    level = fresh_level()
    OPEN.levels.add(level)
    if batch is not None:
        OPEN.batches.append(Batch(level, batch, randomness))
    try:
        yield level
    finally:
        OPEN.levels.discard(level)
        if batch is not None:
            OPEN.batches.pop()


class Wrapped(Tensor):
    """What the two have in common: values of a transform, with no array of their own."""

    __slots__ = ()

    level: Slot[int] = LEVEL
    transform = "a transform"

    def _refuse(self, what: str) -> LevelError:
        place, code = caller()
        return LevelError(
            f"{what} needs a concrete value, but this tensor (shape {self.shape}) lives inside {self.transform}, where it has "
            f"none of its own: {place}: {code}\nFor a choice by value use np.where(condition, a, b); to look at a value, return it."
        )

    def check_open(self, op: Op) -> None:
        if self.level not in OPEN.levels:
            raise LevelError(
                f"{op.name}: a value of {self.transform} (shape {self.shape}) is used after that {self.transform} has ended, or in "
                "another thread. It escaped through a variable from outside the function; return it from the function instead."
            )

    def numpy(self) -> Array:
        raise self._refuse("numpy()")

    def __bool__(self) -> bool:
        raise self._refuse("`if` or `bool()`")


class Dual(Wrapped):
    """A primal with its tangent: `primal + tangent·ε` with ε² = 0."""

    __slots__ = ()

    transform = "jvp"
    primal: Slot[Tensor] = FIRST
    tangent: Slot[Tensor] = SECOND

    def __init__(self, primal: Tensor, tangent: Tensor, level: int, node: Node | None = None) -> None:
        self.primal = primal
        self.tangent = tangent
        self.level = level
        self.node = node
        self.grad = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.primal.dtype

    def parts(self) -> tuple[Tensor, ...]:
        return self.primal, self.tangent

    def like(self, primal: Tensor, tangent: Tensor, node: Node | None = None) -> Dual:
        """A dual of this one's class and level."""
        return Dual(primal, tangent, self.level, node)

    def with_node(self, node: Node | None) -> Dual:
        return self.like(self.primal, self.tangent, node)

    def detach(self) -> Tensor:
        return self.primal.detach()

    def numpy(self) -> Array:
        raise carries_a_derivative(self, "tangent")

    def __bool__(self) -> bool:
        # A primal is a concrete value; looking at it (a comparison, `if x > 0`) loses only what has no derivative.
        return bool(self.primal)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, tangent={self.tangent!r}, level={self.level})"

    def lift(self, op: Op, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        self.check_open(op)
        primals: list[Any] = []
        x_dots: list[Any] = []
        moving = False
        for i, a in enumerate(args):
            if isinstance(a, Dual) and a.level == level:
                primals.append(a.primal)
                if op.rule(i) is not None:
                    moving = True
                    x_dots.append(a.tangent)
                    continue
            else:
                primals.append(below(a, level))
            x_dots.append(None)
        y = op(*primals, **params)
        if not moving:
            return y
        # Rules fed arrays cost a third of rules fed Tensors: unwrap them unless an outer transform or a graph is
        # watching.
        plain = _arrays([*primals, *x_dots, *(y if type(y) is tuple else (y,))])
        with np.errstate(divide="ignore", invalid="ignore"):  # an infinite derivative is an answer, not a warning
            if plain is None:
                y_dot = op.jvp(x_dots, y, primals, params)
            else:
                n = len(primals)
                ys = tuple(plain[2 * n :])
                y_dot = op.jvp(plain[n : 2 * n], ys if type(y) is tuple else ys[0], plain[:n], params)
        if type(y) is tuple:
            return tuple(self._beside(v, v_dot) for v, v_dot in zip(y, y_dot, strict=True))
        return self._beside(y, y_dot)

    def _beside(self, y: Any, y_dot: Any) -> Any:
        return y if y_dot is None else self.like(y, as_value(y_dot))


def below(a: Any, level: int) -> Any:
    """An argument of a lower level, as the call one level down is to see it.

    What only a transform inside this one differentiates is recorded on this level's result, and nowhere else.
    """
    if isinstance(a, Tensor) and a.node is not None and root_levels(a.node)[0] > level:
        return a.with_node(None)
    return a


def carries_a_derivative(value: Wrapped, what: str) -> LevelError:
    """The error for taking a plain array of a value that has one, but a derivative as well."""
    return LevelError(
        f"numpy(): this value of {value.transform} (shape {value.shape}) carries a {what}, which a plain array would lose "
        "without a word. Use np.<function>(x) to keep it, or x.detach().numpy() for a constant."
    )


def _arrays(values: list[Any]) -> list[Any] | None:
    """The arrays of these values, if every one is constant and of level 0."""
    plain = []
    for value in values:
        if type(value) in LEVEL0:
            if value.node is not None:
                return None
            plain.append(value.array)
        elif isinstance(value, Tensor):
            return None
        else:
            plain.append(value)
    return plain


class Batched(Wrapped):
    """One example as the program sees it; `value` holds them all along a leading axis."""

    __slots__ = ()

    transform = "vmap"
    value: Slot[Tensor] = FIRST

    def __init__(self, value: Tensor, level: int, node: Node | None = None) -> None:
        self.value = value
        self.level = level
        self.node = node
        self.grad = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def parts(self) -> tuple[Tensor, ...]:
        return (self.value,)

    def with_node(self, node: Node | None) -> Batched:
        return Batched(self.value, self.level, node)

    def detach(self) -> Tensor:
        return Batched(self.value.detach(), self.level)

    def __repr__(self) -> str:
        return f"Batched(shape={self.shape}, dtype={self.dtype}, batch={self.value.shape[0]}, level={self.level})"

    def lift(self, op: Op, level: int, args: list[Any], params: dict[str, Any]) -> Any:
        self.check_open(op)
        flags = [isinstance(a, Batched) and a.level == level for a in args]
        parts = [a.value if flag else below(a, level) for a, flag in zip(args, flags, strict=True)]
        sizes = {part.shape[0] for part, flag in zip(parts, flags, strict=True) if flag}
        if len(sizes) > 1:
            raise ShapeError(f"{op.name}: values batched over different sizes met inside vmap: {sorted(sizes)}.")
        (size,) = sizes
        y = op.batched(size, parts, flags, params)
        if y is NotImplemented and op.reference is not None:
            return op.reference(*args, **params)
        if y is NotImplemented:
            y = _loop(op, size, parts, flags, params)
        if type(y) is tuple:
            return tuple(Batched(as_value(v), level) for v in y)
        return Batched(as_value(y), level)


def _loop(op: Op, size: int, parts: list[Any], flags: list[bool], params: dict[str, Any]) -> Any:
    """The op on one example after the other, for an op that doesn't say how it batches."""
    warnings.warn(
        f"vmap: {op.name} has no batching rule, so it runs once for each of the {size} examples. Give its declaration a "
        "`batch` to make it fast.",
        BatchLoopWarning,
        stacklevel=5,
    )
    results = [op(*[p[i] if flag else p for p, flag in zip(parts, flags, strict=True)], **params) for i in range(size)]
    if type(results[0]) is tuple:
        return tuple(np.stack(column) for column in zip(*results, strict=True))
    return np.stack(results)
