"""Tensors of random numbers, with PyTorch's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, DTypeError, LevelError, ShapeError
from tinygrad_edu.ops.making import anywhere
from tinygrad_edu.random._batch import drawn
from tinygrad_edu.random._fill import normal_, uniform_, unit
from tinygrad_edu.random._generator import Generator, default_generator

Array = NDArray[Any]


def keep_mask(
    shape: tuple[int, ...], keep: float, dtype: np.dtype[Any], generator: Generator | None = None, name: str = "dropout"
) -> Tensor:
    """Ones with probability `keep` and zeros elsewhere: what dropout multiplies by."""
    source = generator or default_generator
    return drawn(name, shape, lambda size: (source.doubles(math.prod(size)) < keep).astype(dtype).reshape(size))


def _shape(size: tuple[Any, ...], keyword: Any) -> tuple[int, ...]:
    given: Any = size if keyword is None else (keyword,)
    if len(given) == 1 and not isinstance(given[0], int | np.integer):
        given = given[0]
    shape = tuple(int(n) for n in given)
    if any(n < 0 for n in shape):
        raise ShapeError(f"random: a size can't be negative, got {shape}.")
    return shape


def _filled(
    name: str,
    fill: Callable[..., Array],
    shape: tuple[int, ...],
    dtype: Any,
    generator: Generator | None,
    requires_grad: bool,
) -> Tensor:
    tensor = drawn(name, shape, lambda size: fill(np.empty(size, dtype or get_default_dtype()), generator=generator))
    return tensor.requires_grad_() if requires_grad else tensor


@anywhere
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
    **keywords: Any,
) -> Tensor:
    """Numbers spread evenly over [0, 1), in a tensor of the given size (numbers, a sequence, or `size=`)."""
    return _filled("rand", uniform_, _shape(size, _only_size("rand", keywords)), dtype, generator, requires_grad)


@anywhere
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    requires_grad: bool = False,
    **keywords: Any,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1, in a tensor of the given size (numbers, a sequence, or `size=`)."""
    return _filled("randn", normal_, _shape(size, _only_size("randn", keywords)), dtype, generator, requires_grad)


def _only_size(name: str, keywords: dict[str, Any]) -> Any:
    # `size` can't be a named parameter beside `*size`.
    size = keywords.pop("size", None)
    if keywords:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(keywords))!r}")
    return size


@anywhere
def rand_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`rand` in the shape and dtype of `x`."""
    return rand(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


@anywhere
def randn_like(x: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`randn` in the shape and dtype of `x`."""
    return randn(x.shape, dtype=dtype or x.dtype, requires_grad=requires_grad)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers: one for each element of `mean` and `std` (tensors or numbers that broadcast), or `size` many."""
    means, stds = _plain(mean), _plain(std)
    if not isinstance(stds, Tensor) and np.any(np.less(stds, 0)):
        raise ConfigError(f"normal: a standard deviation must not be negative, got {np.min(stds)}.")
    arrays = [x for x in (means, stds) if isinstance(x, np.ndarray | Tensor)]
    shape = np.broadcast_shapes(*(x.shape for x in arrays)) if size is None else _shape((size,), None)
    dtype = np.result_type(*(x.dtype for x in arrays)) if arrays else get_default_dtype()
    draws = _filled("normal", normal_, shape, dtype, generator, False)
    if draws.level or any(isinstance(x, Tensor) for x in arrays):
        moved: Tensor = (draws * stds + means).to(dtype)
        return moved
    return make((draws.array * stds + means).astype(dtype, copy=False), None)


def _plain(x: Any) -> Any:
    """What a draw depends on, as a constant: an array or a number, or a Tensor where it is batched."""
    if not isinstance(x, Tensor):
        return x
    x = x.detach()
    return x if x.level else x.array


def randint(
    low: Any = None,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = np.int64,
    device: Any = None,
) -> Tensor:
    """Integers from `low` to `high − 1`: `randint(low, high, size)`, or `randint(high, size)` from 0.

    Raises ConfigError if there are none. A remainder is taken of 32 random bits (64 for a range of 2²⁸ or more), so the
    smaller numbers of a huge range come up a little more often, as in PyTorch.
    """
    if high is None or size is None:  # randint(high, size), either of them by name or not
        low, high, size = 0, low if high is None or size is None else high, high if size is None else size
    first, last = int(low or 0), int(high)
    if not -(2**63) <= first < last <= 2**63:
        raise ConfigError(f"randint: there is no int64 from low={first} up to but without high={last}.")
    source, span, shape = generator or default_generator, last - first, _shape((size,), None)

    def draw(size: tuple[int, ...]) -> Array:
        n = math.prod(size)
        rest = source.words(n) % span if span < 2**28 else source.words64(n) % np.uint64(span)
        return (rest.astype(np.int64) + np.int64(first)).astype(dtype, copy=False).reshape(size)

    return drawn("randint", shape, draw)


@anywhere
def randperm(n: int, *, generator: Generator | None = None, dtype: Any = np.int64) -> Tensor:
    """The integers below `n` in random order (Durstenfeld, 1964)."""

    def draw(size: tuple[int, ...]) -> Array:
        orders = [permutation(n, generator) for _ in range(math.prod(size[:-1]))]
        return np.asarray(orders, dtype=dtype).reshape(size)

    return drawn("randperm", (n,), draw)


def permutation(n: int, generator: Generator | None = None) -> list[int]:
    """`randperm` as a list."""
    if n < 0:
        raise ConfigError(f"randperm: needs n >= 0, got {n}.")
    order = list(range(n))
    steps = np.arange(max(n - 1, 0))
    partners = steps + (generator or default_generator).words(len(steps)) % (n - steps)
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return order


def _probabilities(x: Any, name: str) -> Any:
    given = _plain(x)
    p: Any = given if isinstance(given, Tensor) else np.asarray(given)
    if p.dtype.kind != "f":
        raise DTypeError(f"{name}: probabilities are floating numbers, these are {p.dtype}.")
    if isinstance(p, Tensor):
        return p  # batched: there are no values to look at
    if p.size and not (p.min() >= 0 and np.isfinite(p.max())):
        raise ConfigError(
            f"{name}: probabilities can't be negative, infinite or NaN; these go from {p.min()} to {p.max()}."
        )
    return p


def bernoulli(x: Any, *, generator: Generator | None = None) -> Tensor:
    """Ones with the probabilities `x` and zeros elsewhere, in the shape and dtype of `x`."""
    p = _probabilities(x, "bernoulli")
    if isinstance(p, np.ndarray) and p.size and p.max() > 1:
        raise ConfigError(f"bernoulli: a probability is at most 1, got {p.max()}.")
    source = generator or default_generator
    draws = drawn("bernoulli", p.shape, lambda size: unit(math.prod(size), p.dtype, source).reshape(size))
    hits: Tensor = (draws < p).to(p.dtype)
    return hits


def multinomial(x: Any, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Indices drawn with probabilities proportional to `x`: (n,) → (num_samples,), or each row of (m, n) → (m,
    num_samples).

    Raises ConfigError where a row is all zeros, or has too few positive entries to draw from without replacement.
    """
    p = _probabilities(x, "multinomial")
    if p.ndim not in (1, 2):
        raise ShapeError(f"multinomial: probabilities have shape (n,) or (m, n), not {p.shape}.")
    if isinstance(p, Tensor):
        raise LevelError(
            f"multinomial: inside {p.transform} it can't draw with probabilities that differ by example. Draw outside: it takes "
            "a matrix with a row for each."
        )
    rows = np.atleast_2d(p)
    fewest = int(np.count_nonzero(rows, axis=1).min(initial=rows.shape[1]))
    if num_samples < 1 or fewest < (1 if replacement else num_samples):
        raise ConfigError(
            f"multinomial: can't draw num_samples={num_samples} with replacement={replacement} from a row in which "
            f"{fewest} entries are positive."
        )
    source = generator or default_generator

    def draw(size: tuple[int, ...]) -> Array:
        times = math.prod(size) // (len(rows) * num_samples) if rows.size else 0
        return _picked(np.tile(rows, (times, 1)), num_samples, replacement, source).astype(np.int64).reshape(size)

    return drawn("multinomial", (*p.shape[:-1], num_samples), draw)


def _picked(rows: Array, count: int, replacement: bool, source: Generator) -> Array:
    if replacement and count > 1:
        cumulative = np.cumsum(rows, axis=1)
        cumulative /= cumulative[:, -1:]
        draws = source.doubles(len(rows) * count).reshape(len(rows), count)
        return np.stack([np.searchsorted(c, d, side="right") for c, d in zip(cumulative, draws, strict=True)])
    # The largest p / exponential falls on i with probability pᵢ / Σ p, the next largest likewise among the rest.
    race = rows / (-np.log1p(-source.doubles(rows.size))).reshape(rows.shape).astype(rows.dtype)
    return np.argsort(-race, axis=1, kind="stable")[:, :count]
