"""Nested containers of values (pytrees): taken apart into leaves and put together again.

Tuples, named tuples, lists, dicts, dataclasses and None (which holds nothing) are known; `register` adds a class.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Children = tuple[Sequence[Any], Any]


class Structure(NamedTuple):
    """How to put leaves together: the class, what its rebuilding needs besides children, and each child's structure."""

    kind: type
    static: Any
    children: tuple[tuple[Structure | None, int], ...]  # None: the child is a leaf; and how many leaves it takes


_LEAF: tuple[None, int] = (None, 1)

_REGISTRY: dict[type, tuple[Callable[[Any], Children], Callable[[Any, list[Any]], Any]]] = {
    tuple: (lambda t: (t, None), lambda _, children: tuple(children)),
    list: (lambda t: (t, None), lambda _, children: children),
    dict: (lambda t: (list(t.values()), tuple(t)), lambda keys, children: dict(zip(keys, children, strict=True))),
    type(None): (lambda _: ((), None), lambda *_: None),
}


def register(cls: type, take_apart: Callable[[Any], Children], put_together: Callable[[Any, list[Any]], Any]) -> None:
    """Make a class a container: `take_apart(x)` gives `(children, static)`, `put_together(static, children)` the inverse."""
    _REGISTRY[cls] = (take_apart, put_together)
    _functions.cache_clear()


@functools.lru_cache(maxsize=512)  # asked for every leaf, and a Tensor's class is found nowhere
def _functions(cls: type) -> tuple[Callable[[Any], Children], Callable[[Any, list[Any]], Any]] | None:
    """How to take an instance of `cls` apart and put it together; None if it is no container."""
    known = _REGISTRY.get(cls)
    if known is not None:
        return known
    if issubclass(cls, dict):
        return lambda t: (list(t.values()), tuple(t)), lambda keys, c: cls(zip(keys, c, strict=True))
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return lambda t: (t, None), lambda _, c: cls(*c)
    if dataclasses.is_dataclass(cls):
        names = tuple(f.name for f in dataclasses.fields(cls) if f.init)
        return lambda t: ([getattr(t, n) for n in names], None), lambda _, c: cls(**dict(zip(names, c, strict=True)))
    return None


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure | None]:
    """The leaves, in order (dicts by insertion), and the structure to rebuild them with; None for a single leaf.

    What `is_leaf` holds for isn't taken apart.
    """
    functions = _functions(type(tree))  # type: ignore[arg-type]  # a class is hashable
    if functions is None or (is_leaf is not None and is_leaf(tree)):
        return [tree], None
    children, static = functions[0](tree)
    leaves: list[Any] = []
    below: list[tuple[Structure | None, int]] = []
    for child in children:
        if _functions(type(child)) is None:  # type: ignore[arg-type]  # handled here: a call less for each leaf
            leaves.append(child)
            below.append(_LEAF)
            continue
        inside, structure = flatten(child, is_leaf)
        leaves += inside
        below.append((structure, len(inside)))
    return leaves, Structure(type(tree), static, tuple(below))


def unflatten(structure: Structure | None, leaves: Sequence[Any]) -> Any:
    """The inverse of `flatten`."""
    if structure is None:
        return leaves[0]
    children, start = [], 0
    for below, count in structure.children:
        children.append(leaves[start] if below is None else unflatten(below, leaves[start : start + count]))
        start += count
    functions = _functions(structure.kind)
    assert functions is not None, "only containers have a structure"
    return functions[1](structure.static, children)


def map_tree(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`function` of the corresponding leaves of trees of one structure."""
    leaves, structure = flatten(tree)
    columns = [leaves, *(flatten(other)[0] for other in others)]
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])
