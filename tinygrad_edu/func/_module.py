"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor, tensor_of
from tinygrad_edu.errors import ConfigError


def functional_call(
    module: Any,
    parameters_and_buffers: Any,
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """`module(*args, **kwargs)` with some of its parameters and buffers replaced for this call.

    `parameters_and_buffers` is a dict by dotted name, or a sequence of such dicts. The module itself is left as it was,
    also when the call raises. A parameter that the module holds in several places is replaced in all of them. With
    `strict` every one must be given.
    """
    given: dict[str, Any] = {}
    for part in [parameters_and_buffers] if isinstance(parameters_and_buffers, dict) else parameters_and_buffers:
        given.update(part)
    places: dict[str, tuple[Any, str]] = {}
    shared: dict[int, list[str]] = {}
    for prefix, owner in module.named_modules(remove_duplicate=False):
        for name, tensor in [*owner._parameters.items(), *owner._buffers.items()]:
            path = f"{prefix}.{name}" if prefix else name
            places[path] = (owner, name)
            if tensor is not None:
                shared.setdefault(id(tensor), []).append(path)
    unknown = sorted(set(given) - set(places))
    missing = sorted(set(places) - set(given)) if strict else []
    if unknown or missing:
        raise ConfigError(
            f"functional_call: {type(module).__name__} has no {', '.join(unknown)}." if unknown else
            f"functional_call: strict=True, but these are missing: {', '.join(missing)}."
        )  # fmt: skip
    replacing = dict(given)
    for paths in shared.values():
        chosen = [given[path] for path in paths if path in given]
        if chosen:
            replacing.update(dict.fromkeys(paths, chosen[0]))
    # Assigning would go through the module's checks: what stands in for a parameter may be a transform's value.
    replaced = [(owner.__dict__, name, owner.__dict__[name]) for owner, name in (places[path] for path in replacing)]
    try:
        for path, value in replacing.items():
            owner, name = places[path]
            owner.__dict__[name] = value
        inputs = args if isinstance(args, tuple) else (args,)
        return module(*inputs, **(kwargs or {}))
    finally:
        for attributes, name, value in replaced:
            attributes[name] = value


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of models of one kind, stacked along a new first axis: what `vmap` over an
    ensemble takes.

    Returns two dicts by dotted name; the stacked parameters are leaves that require gradients where the models' do.
    """
    if not models:
        raise ConfigError("stack_module_state: needs at least one model, got none.")
    if len({type(model) for model in models}) > 1:
        raise ConfigError("stack_module_state: the models must be of one class.")

    def stacked(named: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
        names = list(named[0])
        if any(list(other) != names for other in named):
            raise ConfigError("stack_module_state: the models have different parameters or buffers.")
        result = {}
        for name in names:
            group = [tensors[name] for tensors in named]
            whole = tensor_of(np.stack([tensor.detach().numpy() for tensor in group]))
            result[name] = whole.requires_grad_() if any(tensor.requires_grad for tensor in group) else whole
        return result

    return (
        stacked([dict(model.named_parameters()) for model in models]),
        stacked([dict(model.named_buffers()) for model in models]),
    )
