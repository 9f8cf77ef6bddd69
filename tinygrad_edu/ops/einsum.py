"""`einsum` in every form that NumPy takes, and `tensordot`, which is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import bilinear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import as_value
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops._axes import one_axis
from tinygrad_edu.ops._numpy import implements
from tinygrad_edu.ops.join import operand
from tinygrad_edu.ops.shape import listed, reshape, row_major


def _einsum(*xs: Any, subscripts: str) -> Any:
    if len(xs) == 2 and all(isinstance(x, np.ndarray) for x in xs):
        return _pair(*xs, subscripts)
    y = np.einsum(subscripts, *xs, optimize=len(xs) > 1)
    return y if len(xs) > 1 or not np.may_share_memory(y, xs[0]) else y.copy("K")  # NumPy makes a transpose a view


def _pair(a: Any, b: Any, subscripts: str) -> Any:
    """Two arguments as one product of matrices, whose result lies in memory as PyTorch's does: the names of both, then those of
    the first and those of the second, or the other way round if the output has all of the second's before the first's.
    """
    inputs, _, output = subscripts.partition("->")
    first, second = inputs.split(",")
    a, first = _summed_alone(a, first, second + output)
    b, second = _summed_alone(b, second, first + output)
    if not any(c not in output for c in first):  # nothing is summed: a product element by element
        a, b = (
            np.transpose(x, [names.index(c) for c in output if c in names])[
                tuple(slice(None) if c in names else None for c in output)
            ]
            for x, names in ((a, first), (b, second))
        )
        return np.multiply(a, b)
    sizes = dict(zip(first, a.shape, strict=True)) | dict(zip(second, b.shape, strict=True))
    both = [c for c in output if c in first and c in second]
    left = [c for c in output if c in first and c not in second]
    right = [c for c in output if c in second and c not in first]
    if left and right and output.index(right[-1]) < output.index(left[0]):
        a, b, first, second, left, right = b, a, second, first, right, left
    over = [c for c in first if c not in output]
    n, rows, inner, columns = (math.prod([sizes[c] for c in names]) for names in (both, left, over, right))
    a = np.transpose(a, [first.index(c) for c in (*both, *left, *over)]).reshape(n, rows, inner)
    b = np.transpose(b, [second.index(c) for c in (*both, *over, *right)]).reshape(n, inner, columns)
    lies = [*both, *left, *right]
    y = np.matmul(a, b).reshape([sizes[c] for c in lies])
    return np.transpose(y, [lies.index(c) for c in output])


def _summed_alone(x: Any, names: str, others: str) -> tuple[Any, str]:
    """Without the axes whose name stands nowhere else."""
    alone = tuple(axis for axis, c in enumerate(names) if c not in others)
    return (np.add.reduce(x, alone, dtype=x.dtype), "".join(c for c in names if c in others)) if alone else (x, names)


def _einsum_transpose(i: int, y_bar: Any, *xs: Any, subscripts: str) -> Any:
    inputs, _, output = subscripts.partition("->")
    names = inputs.split(",")
    others = [x for j, x in enumerate(xs) if j != i]
    given = [name for j, name in enumerate(names) if j != i]
    present = set(output).union(*given)
    kept = "".join(n for n in names[i] if n in present)
    g = einsum_(y_bar, *others, subscripts=f"{','.join([output, *given])}->{kept}")
    if kept == names[i]:
        return g
    # A name that stands in this argument alone was summed away: its transpose repeats.
    shape = tuple(n if name in present else 1 for name, n in zip(names[i], xs[i].shape, strict=True))
    return np.broadcast_to(np.reshape(g, shape), xs[i].shape)


def _batch_einsum(size: int, args: list[Any], flags: list[bool], *, subscripts: str) -> Any:
    inputs, _, output = subscripts.partition("->")
    name = next(c for c in ascii_letters if c not in subscripts)
    given = ",".join(name + n if flag else n for n, flag in zip(inputs.split(","), flags, strict=True))
    return einsum_(*args, subscripts=f"{given}->{name}{output}")


def _einsum_cost(y: Any, *xs: Any, subscripts: str) -> int:
    pairs = zip(subscripts.partition("->")[0].split(","), xs, strict=True)
    sizes = {name: n for names, x in pairs for name, n in zip(names, np.shape(x), strict=True)}
    return len(xs) * int(np.prod(list(sizes.values())))


einsum_: Op = bilinear(
    "einsum",
    _einsum,
    math="y = Σ of the products of the arguments' elements, over the names that the output leaves out",
    texts=["X̄ᵢ += einsum of Ȳ with the other arguments"],
    each=_einsum_transpose,
    cost=_einsum_cost,
    batch=_batch_einsum,
    samples=lambda r: [
        Sample((r(2, 3), r(3, 4)), {"subscripts": "ij,jk->ik"}),
        Sample((r(2, 3), r(2, 3)), {"subscripts": "ij,ij->"}),
        Sample((r(2, 3), r(3), r(2, 4)), {"subscripts": "ij,j,ik->k"}),
        Sample((r(2, 3, 4),), {"subscripts": "ijk->ki"}),
        Sample((r(2, 3), r(4)), {"subscripts": "ij,k->ki"}),
    ],
)


@implements(np.einsum)
def einsum(
    subscripts: Any, *operands: Any, optimize: Any = False, dtype: Any = None, order: str = "K", casting: str = "safe"
) -> Any:
    """Einstein summation in every form that NumPy takes: implicit output, ellipsis, repeated names, sublists of axes.

    Several arguments are always contracted in an optimized order, whatever `optimize` says.
    """
    row_major(order, "einsum")
    subscripts, xs = _arguments(subscripts, operands)
    if dtype is not None:
        for x in xs:
            if not np.can_cast(x.dtype, dtype, casting):  # type: ignore[arg-type]  # a string, as NumPy's callers give it
                raise DTypeError(f"einsum: can't cast {x.dtype} to {np.dtype(dtype)} by the rule casting={casting!r}.")
        xs = [as_value(x).to(dtype) for x in xs]
    names, output = _explicit(subscripts, xs)
    for i, (name, x) in enumerate(zip(names, xs, strict=True)):
        if len(set(name)) != len(name):
            names[i], xs[i] = _diagonal(name, x)
    _fit_sizes(subscripts, names, xs)
    return einsum_(*xs, subscripts=f"{','.join(names)}->{output}")


@implements(np.einsum_path, derivative="none")
def einsum_path(subscripts: Any, *operands: Any, optimize: Any = "greedy") -> Any:
    """NumPy's order of contraction for `einsum`, which only depends on shapes."""
    subscripts, xs = _arguments(subscripts, operands)
    return np.einsum_path(subscripts, *[np.broadcast_to(np.empty((), x.dtype), x.shape) for x in xs], optimize=optimize)


def _arguments(subscripts: Any, operands: Sequence[Any]) -> tuple[str, list[Any]]:
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists((subscripts, *operands))
    return subscripts, [operand(x, *operands) for x in operands]


def _from_lists(given: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    def text(axes: Sequence[Any]) -> str:
        return "".join("..." if a is Ellipsis else ascii_letters[a] for a in axes)

    pairs = len(given) // 2
    inputs = ",".join(text(given[2 * i + 1]) for i in range(pairs))
    return inputs + (f"->{text(given[-1])}" if len(given) % 2 else ""), tuple(given[0 : 2 * pairs : 2])


def _explicit(subscripts: str, xs: Sequence[Any]) -> tuple[list[str], str]:
    """The names of every axis, with ellipses spelled out and the output given."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    names = inputs.split(",")
    if len(names) != len(xs):
        raise ShapeError(f"einsum: {subscripts!r} names {len(names)} arguments, got {len(xs)}.")
    free = [c for c in ascii_letters if c not in subscripts]
    hidden = max((x.ndim - len(n.replace("...", "")) for n, x in zip(names, xs, strict=True) if "..." in n), default=0)
    spelled = "".join(free[:hidden])
    for i, (name, x) in enumerate(zip(names, xs, strict=True)):
        extra = x.ndim - len(name.replace("...", ""))
        if extra < 0 or (extra and "..." not in name):
            raise ShapeError(
                f"einsum: {name!r} in {subscripts!r} names {len(name)} axes, but that argument has shape {x.shape}."
            )
        names[i] = name.replace("...", spelled[hidden - extra :] if extra else "")
    if arrow:
        output = output.replace("...", spelled)
        if missing := sorted(set(output) - set("".join(names))):
            raise ShapeError(f"einsum: {subscripts!r} gives the output axes {missing} that no argument has.")
        return names, output
    every = "".join(names)
    return names, spelled + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in spelled))


def _diagonal(name: str, x: Any) -> tuple[str, Any]:
    """Take the diagonal along axes that share a name, so that each name stands once."""
    unique = "".join(dict.fromkeys(name))
    sizes = dict(zip(name, x.shape, strict=True))
    if any(sizes[c] != n for c, n in zip(name, x.shape, strict=True)):
        raise ShapeError(
            f"einsum: {name!r} asks for a diagonal, but the axes of shape {x.shape} have different lengths."
        )
    grid = dict(zip(unique, np.ogrid[tuple(slice(sizes[c]) for c in unique)], strict=True))
    return unique, x[tuple(grid[c] for c in name)]


def _fit_sizes(subscripts: str, names: list[str], xs: list[Any]) -> None:
    """Check that each name has one length; an axis of length 1 beside longer ones is dropped, as it would broadcast."""
    sizes: dict[str, int] = {}
    for name, x in zip(names, xs, strict=True):
        for c, n in zip(name, x.shape, strict=True):
            known = sizes.setdefault(c, n)
            if known == 1:
                sizes[c] = n
            elif n not in (known, 1):
                shapes = ", ".join(str(x.shape) for x in xs)
                raise ShapeError(
                    f"einsum: {c!r} in {subscripts!r} has length {known} in one argument and {n} in another (shapes {shapes})."
                )
    for i, (name, x) in enumerate(zip(names, xs, strict=True)):
        kept = [(c, n) for c, n in zip(name, x.shape, strict=True) if n == sizes[c]]
        if len(kept) != len(name):
            names[i] = "".join(c for c, _ in kept)
            xs[i] = reshape(x, shape=tuple(n for _, n in kept))


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes: a number of them (last of `a`, first of `b`) or two lists."""
    a, b = operand(a, b), operand(b, a)
    if isinstance(axes, int | np.integer):
        over_a, over_b = list(range(-int(axes), 0)), list(range(int(axes)))
    else:
        over_a, over_b = (list(listed(i)) for i in axes)
    if len(over_a) != len(over_b):
        raise ShapeError(f"tensordot: {len(over_a)} axes of the first against {len(over_b)} of the second.")
    names = iter(ascii_letters)
    left = [next(names) for _ in range(a.ndim)]
    right = [next(names) for _ in range(b.ndim)]
    for i, j in zip(over_a, over_b, strict=True):
        p, q = one_axis(i, a.ndim, "tensordot"), one_axis(j, b.ndim, "tensordot")
        if a.shape[p] != b.shape[q]:
            raise ShapeError(
                f"tensordot: axis {i} of shape {a.shape} and axis {j} of shape {b.shape} have different lengths."
            )
        right[q] = left[p]
    out = [n for n in left if n not in right] + [n for n in right if n not in left]
    return einsum_(a, b, subscripts=f"{''.join(left)},{''.join(right)}->{''.join(out)}")
