"""Products of matrices: `matmul` for every rank that NumPy accepts, and `einsum` in every form."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import align, bilinear, unbroadcast
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor, as_value
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.ops._numpy import implements

# -- matmul --------------------------------------------------------------------------------------------------------


def _left_transpose(y_bar: Any, a: Any, b: Any) -> Any:
    return unbroadcast_matrix(np.matmul(y_bar, b.mT), a.shape)  # (…, m, n) (…, n, k)


def _right_transpose(y_bar: Any, a: Any, b: Any) -> Any:
    if b.ndim == 2 and a.ndim > 2 and a.shape[:-2] == y_bar.shape[:-2]:
        # One product over all rows, rather than one per matrix and their sum.
        return np.matmul(np.reshape(a, (-1, a.shape[-1])).mT, np.reshape(y_bar, (-1, y_bar.shape[-1])))
    return unbroadcast_matrix(np.matmul(a.mT, y_bar), b.shape)  # (…, k, m) (…, m, n)


def unbroadcast_matrix(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the leading axes that a stack of matrices was broadcast along."""
    return g if g.shape == shape else unbroadcast(g, shape)


matmul_: Op = bilinear(
    "matmul",
    np.matmul,
    _left_transpose,
    _right_transpose,
    math="Y = A B",
    texts=["Ā += Ȳ Bᵀ", "B̄ += Aᵀ Ȳ"],
    cost=lambda y, a, b: 2 * y.size * a.shape[-1],
    batch=lambda size, args, flags: matmul_(*align(args, flags)),
    samples=lambda r: [
        Sample((r(2, 3), r(3, 4))),
        Sample((r(2, 3, 4), r(4, 2))),
        Sample((r(3, 4), r(2, 4, 2))),
        Sample((r(2, 1, 3, 2), r(3, 2, 2))),
    ],
)


@implements(np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """The matrix product with NumPy's rules: a 1-D argument is a row on the left and a column on the right; stacks broadcast."""
    if a.ndim >= 2 and b.ndim >= 2:
        if a.shape[-1] != b.shape[-2]:
            raise _mismatch(a, b)
        return matmul_(a, b)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(
            f"matmul: a 0-d tensor has no axis to sum over (shapes {a.shape} and {b.shape}); use * to scale."
        )
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise _mismatch(a, b)
    row, column = a.ndim == 1, b.ndim == 1
    y = matmul_(np.reshape(a, (1, -1)) if row else a, np.reshape(b, (-1, 1)) if column else b)
    shape = y.shape[:-2] + (() if row else y.shape[-2:-1]) + (() if column else y.shape[-1:])
    return np.reshape(y, shape)


def _mismatch(a: Any, b: Any) -> ShapeError:
    axis = -2 if b.ndim > 1 else 0
    return ShapeError(
        f"matmul: shapes {a.shape} and {b.shape} don't meet: axis -1 of the first has {a.shape[-1]}, axis {axis} of the second has "
        f"{b.shape[axis]}. They must be equal; transpose (x.mT) or reshape one of them."
    )


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """NumPy's `dot`: the last axis of `a` with the second last of `b`; a product where either is 0-d."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([-1], [-2 if b.ndim > 1 else -1]))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The last axis of `a` with the last axis of `b`."""
    return a * b if np.ndim(a) == 0 or np.ndim(b) == 0 else tensordot(a, b, ([-1], [-1]))


@implements(np.outer)
def outer(a: Any, b: Any) -> Any:
    """Every element of `a` times every element of `b`, both flattened."""
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes: a number of them (last of `a`, first of `b`) or two lists."""
    if isinstance(axes, int):
        over_a, over_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        over_a, over_b = ([i] if isinstance(i, int) else list(i) for i in axes)
    names = iter(ascii_letters)
    left = [next(names) for _ in range(a.ndim)]
    right = [next(names) for _ in range(b.ndim)]
    for i, j in zip(over_a, over_b, strict=True):
        right[j] = left[i]
    out = [n for n in left if n not in right] + [n for n in right if n not in left]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


# -- einsum --------------------------------------------------------------------------------------------------------


def _einsum(*xs: Any, subscripts: str) -> Any:
    return np.einsum(subscripts, *xs, optimize=len(xs) > 1)


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
    sizes = {name: n for names, x in pairs for name, n in zip(names, x.shape, strict=True)}
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
def einsum(subscripts: Any, *operands: Any) -> Any:
    """Einstein summation in every form that NumPy takes: implicit output, ellipsis, repeated names, sublists of axes."""
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists((subscripts, *operands))
    xs = [x if isinstance(x, Tensor | np.ndarray) else as_value(np.asarray(x)) for x in operands]
    names, output = _explicit(subscripts, xs)
    for i, (name, x) in enumerate(zip(names, xs, strict=True)):
        if len(set(name)) != len(name):
            names[i], xs[i] = _diagonal(name, x)
    _check_sizes(subscripts, names, xs)
    return einsum_(*xs, subscripts=f"{','.join(names)}->{output}")


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
        return names, output.replace("...", spelled)
    every = "".join(names)
    return names, spelled + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in spelled))


def _diagonal(name: str, x: Any) -> tuple[str, Any]:
    """Take the diagonal along axes that share a name, so that each name stands once."""
    unique = "".join(dict.fromkeys(name))
    sizes = dict(zip(name, x.shape, strict=True))
    grid = dict(zip(unique, np.ogrid[tuple(slice(sizes[c]) for c in unique)], strict=True))
    return unique, x[tuple(grid[c] for c in name)]


def _check_sizes(subscripts: str, names: Sequence[str], xs: Sequence[Any]) -> None:
    sizes: dict[str, int] = {}
    for name, x in zip(names, xs, strict=True):
        for c, n in zip(name, x.shape, strict=True):
            if sizes.setdefault(c, n) != n:
                shapes = ", ".join(str(x.shape) for x in xs)
                raise ShapeError(
                    f"einsum: {c!r} in {subscripts!r} has length {sizes[c]} in one argument and {n} in another (shapes {shapes})."
                )
