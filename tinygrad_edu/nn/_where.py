"""Which layer an error comes from: as it leaves the modules that called each other, it is told where each stands in the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tinygrad_edu.errors import TinygradEduError

if TYPE_CHECKING:
    from tinygrad_edu.nn._module import Module


class _Passed(NamedTuple):
    """The way of an error so far: the module it left last, the dotted name of the innermost one within that, and what it said."""

    latest: Module
    path: str
    layer: str
    said: str


def tell(module: Module, error: TinygradEduError) -> None:
    """Put the layer's name before the message of an error that leaves `module`: `encoder.0.linear1: Linear(…): …`.

    The message of a layer that is called on its own stays as it is.
    """
    passed: _Passed | None = error.__dict__.get("_passed")
    if passed is None:
        if len(error.args) != 1 or not isinstance(error.args[0], str):
            return
        error.__dict__["_passed"] = _Passed(module, "", _described(module, error.args[0]), error.args[0])
        return
    inner = next((name for name, child in module.named_modules() if child is passed.latest), "")
    path = f"{inner}.{passed.path}".strip(".")
    error.__dict__["_passed"] = passed._replace(latest=module, path=path)
    if path:
        error.args = (f"{path}: {passed.layer}{passed.said}",)


def _described(module: Module, said: str) -> str:
    """The layer with its sizes, or its class alone where it has layers of its own; nothing where the message begins so."""
    kind, full = type(module).__name__, repr(module)
    if said.startswith(f"{kind}: "):
        return ""
    whole = not module._modules and "\n" not in full
    return f"{full if whole else kind}: "
