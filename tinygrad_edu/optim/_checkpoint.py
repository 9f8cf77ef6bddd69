"""The state of an optimizer as a nest that can be saved, and how one is checked before it is taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, make, tensor_of
from tinygrad_edu.errors import CheckpointError

_NUMBERS = {"step": int, "mu_product": float}  # which PyTorch's states hold as tensors without axes
_WITHOUT_EFFECT = ("foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay")

if TYPE_CHECKING:
    from tinygrad_edu.optim._optimizer import Optimizer


def state_of(optimizer: Optimizer) -> dict[str, Any]:
    """See `Optimizer.state_dict`. Parameters are numbered through all groups, in order."""
    numbers = {id(p): i for i, p in enumerate(_parameters(optimizer))}
    return {
        "state": {numbers[id(p)]: _given(remembered) for p, remembered in optimizer.state.items() if id(p) in numbers},
        "param_groups": [
            {key: value for key, value in group.items() if key != "params"}
            | {"params": [numbers[id(p)] for p in group["params"]]}  # the last, as in PyTorch
            for group in optimizer.param_groups
        ],
    }


def _given(remembered: dict[str, Any]) -> dict[str, Any]:
    return {key: tensor_of(float(value)) if key in _NUMBERS else value for key, value in remembered.items()}


def load(optimizer: Optimizer, state: Any) -> None:
    """See `Optimizer.load_state_dict`."""
    name = type(optimizer).__name__
    try:
        groups, remembered = list(state["param_groups"]), dict(state["state"])
        sizes = [len(group["params"]) for group in groups]
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{name}.load_state_dict: expected what state_dict() gives, a dict with 'state' and 'param_groups'; got "
            f"{str(state)[:80]}."
        ) from None
    complaints = _complaints(optimizer, groups, sizes, remembered)
    if complaints:
        listed = "".join(f"\n  {complaint}" for complaint in complaints)
        raise CheckpointError(
            f"{name}.load_state_dict: this state isn't of this optimizer; nothing was changed.{listed}"
        )
    new = {p: _adopted(remembered[i], p) for i, p in enumerate(_parameters(optimizer)) if i in remembered}
    optimizer.state.clear()
    optimizer.state.update(new)
    for own, saved in zip(optimizer.param_groups, groups, strict=True):
        own.update({key: _setting(value) for key, value in saved.items() if key != "params"})


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _complaints(optimizer: Optimizer, groups: list[Any], sizes: list[int], remembered: dict[Any, Any]) -> list[str]:
    own_sizes = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != own_sizes:
        return [f"groups of {sizes} parameters in the state, of {own_sizes} here"]
    found = []
    for i, (own, saved) in enumerate(zip(optimizer.param_groups, groups, strict=True)):
        # Of its settings only those every group has: a scheduler may have added some.
        missing = [key for key in optimizer.defaults if key not in saved and key not in _WITHOUT_EFFECT]
        if missing:
            found.append(
                f"group {i}: no {', '.join(missing)} in the state; it seems to be of another kind of optimizer"
            )
            continue
        try:
            optimizer._check_settings({**own, **{key: _setting(value) for key, value in saved.items()}})
        except ValueError as error:
            found.append(f"group {i}: {error}")
    for i, p in enumerate(_parameters(optimizer)):
        for key, value in dict(remembered.get(i, {})).items():
            value = _array(value)
            flat = not optimizer.per_parameter
            if isinstance(value, np.ndarray) and value.shape not in ((), p.shape) and not flat:
                found.append(f"parameter {i}: {key} has shape {value.shape} in the state, the parameter {p.shape}")
    return found


def _adopted(remembered: dict[str, Any], p: Tensor) -> dict[str, Any]:
    """Copies in the parameter's dtype."""

    def adopted(value: Any) -> Any:
        if isinstance(value, list):
            return [adopted(v) for v in value]
        value = _array(value)
        return make(np.array(value, p.dtype), None) if isinstance(value, np.ndarray) else value

    return {
        key: _NUMBERS[key](float(value)) if key in _NUMBERS else adopted(value)
        for key, value in remembered.items()
        if value is not None  # as PyTorch's states say that there is none yet
    }


def _array(value: Any) -> Any:
    """What a tensor holds, also one of PyTorch's; anything else as it is."""
    return np.asarray(value.detach().numpy()) if hasattr(value, "detach") else value


def _setting(value: Any) -> Any:
    """A setting as it was saved; a learning rate that is a tensor becomes a tensor of its own."""
    array = _array(value)
    return value if array is value else make(array.copy(), None)
