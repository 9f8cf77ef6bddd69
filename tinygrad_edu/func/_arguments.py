"""The arguments of transforms: which to differentiate, and whether they can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import map_tree
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops.create import as_tensor

Argnums = int | Sequence[int]
Function = Callable[..., Any]


def as_inputs(tree: Any, name: str) -> Any:
    """The leaves as tensors that can be differentiated."""

    def convert(leaf: Any) -> Tensor:
        x = as_tensor(leaf)
        if x.dtype.kind not in "fc":
            raise DTypeError(
                f"{name}: only floating and complex inputs can be differentiated, this one is {x.dtype} with shape {x.shape}. "
                "Convert it (x.float()), or leave it out of argnums."
            )
        return x

    return map_tree(convert, tree)


def choose(
    f: Function, argnums: Argnums, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> tuple[list[Any], Function]:
    """The arguments to differentiate, and `f` as a function of them alone."""
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -len(args) <= i < len(args) for i in wanted):
        raise ShapeError(f"{name}: argnums={argnums} of a call with {len(args)} positional arguments.")
    places = [i % len(args) for i in wanted]
    if len(set(places)) != len(places):
        raise ShapeError(f"{name}: argnums={argnums} names an argument twice.")

    def call(*chosen: Any) -> Any:
        full = list(args)
        for i, x in zip(places, chosen, strict=True):
            full[i] = x
        return f(*full, **kwargs)

    return [args[i] for i in places], call
