"""Batching: a function of one example, called with many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tinygrad_edu.engine.levels import STREAMS, Batched, opened
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ConfigError, LevelError, ShapeError
from tinygrad_edu.func._arguments import Function
from tinygrad_edu.ops import shape as shapes
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.join import concatenate

Found = TypeVar("Found")

RANDOMNESS = ("error", "different", "same")


def vmap(
    f: Function, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Function:
    """`f` over a batch: written for one example, called with many along an axis, all at once.

    `in_dims` says along which axis each argument holds its examples, None for one that all share: an int for all
    arguments, or a tuple with an entry (or a tree of entries) each. `out_dims` says where the batch axis goes in the
    results, None for one that is the same for every example. `randomness` says what the package's random functions do
    inside: raise ("error"), draw for each example ("different") or once for all ("same"). With `chunk_size` the batch
    is worked off in pieces of that many examples, to bound memory. Cost: one pass on whole arrays.
    """
    if randomness not in RANDOMNESS:
        raise ConfigError(f"vmap: randomness must be one of {', '.join(RANDOMNESS)}, not {randomness!r}.")
    check_chunk_size(chunk_size, "vmap")

    def batched(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = flatten(args)
        dims = _spread(in_dims if isinstance(in_dims, tuple | list) else (in_dims,) * len(args), args, "in_dims")
        leaves = [x if d is None else as_tensor(x) for x, d in zip(leaves, dims, strict=True)]
        sizes = {_size(x, d) for x, d in zip(leaves, dims, strict=True) if d is not None}
        if len(sizes) != 1:
            seen = [(tuple(as_tensor(x).shape), d) for x, d in zip(leaves, dims, strict=True)]
            what = f"different batch sizes {sorted(sizes)}" if sizes else "no argument to batch over"
            raise ShapeError(f"vmap: {what}; the arguments' (shape, in_dim) are {seen}.")
        (size,) = sizes
        moved = [x if d is None else shapes.moveaxis(x, d, 0) for x, d in zip(leaves, dims, strict=True)]

        def run(start: int, stop: int) -> tuple[list[Any], Any, list[int | None]]:
            part = (
                moved
                if (start, stop) == (0, size)
                else [x if d is None else x[start:stop] for x, d in zip(moved, dims, strict=True)]
            )
            with opened(batch=stop - start, randomness=randomness) as level:
                inner = [x if d is None else Batched(x, level) for x, d in zip(part, dims, strict=True)]
                results, out_structure = flatten(f(*unflatten(structure, inner), **kwargs))
            out = _spread(out_dims, unflatten(out_structure, results), "out_dims")
            return [unbatched(y, level, stop - start, d) for y, d in zip(results, out, strict=True)], out_structure, out

        chunks = list(in_chunks(run, size, chunk_size, randomness))
        _, out_structure, out = chunks[0]
        columns = zip(*(results for results, _, _ in chunks), strict=True)
        joined = [c[0] if len(c) == 1 or d is None else concatenate(c, d) for c, d in zip(columns, out, strict=True)]
        return unflatten(out_structure, joined)

    return batched


def check_chunk_size(chunk_size: int | None, name: str) -> None:
    if chunk_size is not None and chunk_size < 1:
        raise ConfigError(f"{name}: chunk_size must be at least 1, not {chunk_size}.")


def in_chunks(run: Callable[[int, int], Found], size: int, chunk_size: int | None, randomness: str) -> Iterator[Found]:
    """`run(start, stop)` for the whole of a batch of `size`, or for `chunk_size` of it at a time."""
    step = size if chunk_size is None or not size else chunk_size
    # What is drawn once for all examples is drawn again, the same, by each chunk.
    again = rewinding() if randomness == "same" and step < size else None
    for start in range(0, size, step) if size else (0,):
        if again is not None:
            again()
        yield run(start, min(start + step, size))


def rewinding() -> Callable[[], None]:
    """What takes every source of random numbers back to where it is now."""
    rewinds = [mark() for mark in STREAMS]

    def again() -> None:
        for rewind in rewinds:
            rewind()

    return again


def _size(x: Tensor, dim: int) -> int:
    if not -x.ndim <= dim < x.ndim:
        raise ShapeError(f"vmap: in_dim {dim} of an argument of shape {x.shape}, which has {x.ndim} axes.")
    return x.shape[dim]


def unbatched(y: Any, level: int, size: int, dim: int | None) -> Any:
    if isinstance(y, Batched) and y.level == level:
        if dim is None:
            raise LevelError("vmap: out_dims=None for a result that differs by example; give the axis for its batch.")
        return shapes.moveaxis(y.value, 0, dim) if dim else y.value
    y = as_tensor(y)
    return y if dim is None else shapes.moveaxis(shapes.broadcasted(y, (size, *y.shape)), 0, dim)


def _spread(dims: Any, tree: Any, name: str) -> list[Any]:
    """One entry per leaf: an entry that stands for a whole subtree is repeated."""
    if isinstance(dims, int | None):
        return [dims] * len(flatten(tree)[0])
    children = list(tree.values()) if isinstance(tree, dict) else list(tree) if isinstance(tree, tuple | list) else None
    entries = [dims[k] for k in tree] if isinstance(dims, dict) and isinstance(tree, dict) else list(dims)
    if children is None or len(entries) != len(children):
        raise ShapeError(f"vmap: {name}={dims!r} doesn't match the structure it is for.")
    return [d for entry, child in zip(entries, children, strict=True) for d in _spread(entry, child, name)]
