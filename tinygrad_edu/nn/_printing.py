"""How a module prints: PyTorch's indented tree."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinygrad_edu.nn._module import Module


def tree(module: Module) -> str:
    """`Name(extra)`; below it a line for each child, indented, with equal neighbours in a list counted."""
    name, extra = type(module).__name__, module.extra_repr()
    lines = [line for line in extra.split("\n") if line]
    children = [(key, repr(child)) for key, child in module._held("module").items()]
    if not children and len(lines) <= 1:
        return f"{name}({extra})"
    numbered = getattr(module, "counts_equal_neighbours", False)
    for _, group in groupby(children, key=lambda child: child[1] if numbered else child[0]):
        keys, texts = zip(*group, strict=True)
        text = texts[0].replace("\n", "\n  ")
        lines.append(f"({keys[0]}): {text}" if len(keys) == 1 else f"({keys[0]}-{keys[-1]}): {len(keys)} x {text}")
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)"
