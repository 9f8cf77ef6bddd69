"""Nested containers taken apart and put together, with PyTorch's names; `func` and the rest of the package use `engine.tree`.

As in PyTorch, and unlike there, None is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.engine import tree as trees
from tinygrad_edu.errors import ShapeError

__all__ = [
    "PyTree",
    "TreeSpec",
    "register_pytree_node",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]

PyTree = Any
_IsLeaf = Callable[[Any], bool] | None


@dataclass(frozen=True)
class TreeSpec:
    """How to put leaves together again."""

    structure: trees.Structure | None
    num_leaves: int

    def unflatten(self, leaves: Any) -> Any:
        """The container with these leaves; ShapeError if there are more or fewer than it had."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ShapeError(f"tree_unflatten: this structure has {self.num_leaves} leaves, got {len(leaves)}.")
        return trees.unflatten(self.structure, leaves)

    def is_leaf(self) -> bool:
        """Whether it is no container at all."""
        return self.structure is None


def tree_flatten(tree: PyTree, is_leaf: _IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and the structure that `tree_unflatten` puts them into."""
    leaves, structure = trees.flatten(tree, lambda x: x is None or (is_leaf is not None and is_leaf(x)))
    return leaves, TreeSpec(structure, len(leaves))


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> PyTree:
    """The inverse of `tree_flatten`."""
    return treespec.unflatten(leaves)


def tree_leaves(tree: PyTree, is_leaf: _IsLeaf = None) -> list[Any]:
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: PyTree, is_leaf: _IsLeaf = None) -> TreeSpec:
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """`func` of the corresponding leaves of trees of one structure, in that structure."""
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves]
    for other in rests:
        more, found = tree_flatten(other, is_leaf)
        if found != spec:
            raise ShapeError(
                "tree_map: the trees differ in structure: it needs as many leaves at the same places in all."
            )
        columns.append(more)
    return spec.unflatten([func(*row) for row in zip(*columns, strict=True)])


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """`func` of every leaf, for what it does to it; returns the tree as it is."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(kinds: Any, func: Callable[[Any], Any], tree: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """`func` of those leaves that are of one of these types; the others stay."""
    return tree_map(lambda x: func(x) if isinstance(x, kinds) else x, tree, is_leaf=is_leaf)


def tree_all(holds: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    return all(map(holds, tree_leaves(tree, is_leaf)))


def tree_any(holds: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    return any(map(holds, tree_leaves(tree, is_leaf)))


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[Any, Any]],
    unflatten_fn: Callable[[Any, Any], Any],
    **_: Any,
) -> None:
    """Make a class a container: `flatten_fn(x)` is `(children, context)`, `unflatten_fn(children, context)` the inverse."""
    trees.register(cls, flatten_fn, lambda context, children: unflatten_fn(children, context))
