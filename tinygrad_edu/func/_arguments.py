"""The arguments of transforms: which to differentiate, and whether they can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.engine.tensor import LEVEL0, Tensor
from tinygrad_edu.engine.tree import flatten
from tinygrad_edu.errors import DTypeError, ShapeError
from tinygrad_edu.ops.create import as_tensor

Argnums = int | Sequence[int]
Function = Callable[..., Any]


def inputs_of(tree: Any, name: str) -> tuple[list[Tensor], Any]:
    """The leaves of arguments as tensors that can be differentiated, and the structure they came in."""
    leaves, structure = flatten(tree)
    inputs = []
    for leaf in leaves:
        x = leaf if type(leaf) in LEVEL0 else as_tensor(leaf)
        if x.dtype.kind not in "fc":
            raise DTypeError(
                f"{name}: only floating and complex inputs can be differentiated, this one is {x.dtype} with shape {x.shape}. "
                "Convert it (x.float()), or leave it out of argnums."
            )
        inputs.append(x)
    return inputs, structure


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
