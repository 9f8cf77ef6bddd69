"""Nested containers of values (pytrees): tuples, named tuples, lists and dicts taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves of nested tuples, lists and dicts, in order (dicts by insertion), and the structure to rebuild them with."""
    if isinstance(tree, dict):
        kind: Any = ("dict", list(tree))
        children = list(tree.values())
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        kind, children = ("namedtuple", type(tree)), list(tree)
    elif isinstance(tree, list | tuple):
        kind, children = (type(tree).__name__, None), list(tree)
    else:
        return [tree], None
    leaves: list[Any] = []
    parts = []
    for child in children:
        below, structure = flatten(child)
        leaves += below
        parts.append((structure, len(below)))
    return leaves, (kind, parts)


def unflatten(structure: Any, leaves: Sequence[Any]) -> Any:
    """The inverse of `flatten`."""
    if structure is None:
        return leaves[0]
    (kind, extra), parts = structure
    children, start = [], 0
    for below, count in parts:
        children.append(unflatten(below, leaves[start : start + count]))
        start += count
    if kind == "dict":
        return dict(zip(extra, children, strict=True))
    if kind == "namedtuple":
        return extra(*children)
    return children if kind == "list" else tuple(children)


def map_tree(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`function` of the corresponding leaves of trees of one structure."""
    leaves, structure = flatten(tree)
    columns = [leaves, *(flatten(other)[0] for other in others)]
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])
