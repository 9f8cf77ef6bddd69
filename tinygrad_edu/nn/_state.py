"""The state of a module: its tensors by name, and how values are checked against them before any is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.ops.create import as_tensor

if TYPE_CHECKING:
    from tinygrad_edu.nn._module import Module


class Unmatched(NamedTuple):
    """The names that loading left alone: in the module and not in the state, and the other way round."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        return (
            f"_IncompatibleKeys({', '.join(f'{k}={v}' for k, v in self._asdict().items())})"
            if any(self)
            else "<All keys matched successfully>"
        )


def tensors(module: Module) -> dict[str, Tensor]:
    """The parameters and persistent buffers by dotted name, under each of their names."""
    return {
        f"{where}.{name}" if where else name: tensor
        for where, owner in module.named_modules(remove_duplicate=False)
        for kind in ("parameter", "buffer")
        for name, tensor in owner._named(kind)
        if name not in owner._transient
    }


def load(module: Module, state: Any, strict: bool, assign: bool) -> Unmatched:
    """See `Module.load_state_dict`."""
    name = type(module).__name__
    if isinstance(state, str | os.PathLike):
        raise CheckpointError(
            f"load_state_dict: expected a state, not the path of a file; load_state_dict(load({str(state)!r}))."
        )
    if not isinstance(state, Mapping):
        raise CheckpointError(
            f"load_state_dict: expected a dict of tensors by name, as state_dict() gives, not {type(state).__name__}."
        )
    own = tensors(module)
    unmatched = Unmatched([key for key in own if key not in state], [str(key) for key in state if key not in own])
    values = {key: _values(state[key]) for key in own if key in state}
    lazy = _lazy_layers(module, values)
    known = {key: shape for _, shapes in lazy.values() for key, shape in shapes.items()}
    unfit = [
        complaint
        for key, value in values.items()
        if (complaint := _complaint(key, value, own[key], known.get(key, own[key].shape)))
    ]
    lines = [("doesn't fit", complaint) for complaint in unfit]
    if strict:
        lines += [
            ("missing", f"{key}, shape {own[key].shape}: in the module, not in the state")
            for key in unmatched.missing_keys
        ]
        lines += [("unexpected", f"{key}: in the state, not in the module") for key in unmatched.unexpected_keys]
    if lines:
        listed = "".join(f"\n  {what}: {which}" for what, which in lines)
        raise CheckpointError(f"load_state_dict: this state isn't of this {name}; nothing was changed.{listed}")
    for where, (layer, shapes) in lazy.items():
        mine = {key.removeprefix(where): shape for key, shape in shapes.items()}
        layer.become(
            mine, draw=any(getattr(layer, name, None) is not None and where + name not in values for name in mine)
        )
    if assign:
        for key in values:
            _assign(module, key, as_tensor(state[key]), own[key])
        return unmatched
    for key, value in values.items():
        array = own[key].array
        np.copyto(array, value, casting="same_kind")
        note_write(array)
    return unmatched


def _assign(module: Module, key: str, value: Tensor, old: Tensor) -> None:
    """Put a tensor in the place of the parameter or buffer of that name, which requires a gradient as the old one did."""
    where, _, name = key.rpartition(".")
    owner = module.get_submodule(where)
    if isinstance(old, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value, old.requires_grad)
    setattr(owner, name, value)


def _values(given: Any) -> Any:
    # Also a tensor of PyTorch's, so that its state_dict can be given as it is.
    return np.asarray(given.detach().numpy()) if hasattr(given, "detach") else given


def _lazy_layers(module: Module, values: dict[str, Any]) -> dict[str, tuple[Any, dict[str, tuple[int, ...]]]]:
    """The layers that take their size from this state, by prefix, and the shapes of their tensors by full name."""
    found: dict[str, tuple[Any, dict[str, tuple[int, ...]]]] = {}
    for where, layer in module.named_modules():
        if hasattr(layer, "shapes_in"):
            prefix = f"{where}." if where else ""
            given = {key.removeprefix(prefix): np.shape(v) for key, v in values.items() if key.startswith(prefix)}
            if shapes := layer.shapes_in(given):
                found[prefix] = layer, {prefix + name: shape for name, shape in shapes.items()}
    return found


def _complaint(key: str, value: Any, tensor: Tensor, shape: tuple[int, ...]) -> str:
    if not isinstance(value, np.ndarray):
        return f"{key}: {type(value).__name__} in the state, where a tensor of shape {shape} belongs"
    if value.shape != shape:
        return f"{key}: shape {value.shape} in the state, {shape} in the module"
    if not np.can_cast(value.dtype, tensor.dtype, "same_kind"):
        return f"{key}: dtype {value.dtype} in the state can't become {tensor.dtype}"
    return ""
