"""`functorch`, where PyTorch's transforms were before they moved to `func`, with its models as functions of a tuple."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    stack_module_state,
    vjp,
    vmap,
)
from tinygrad_edu.names import no_such_name as _no_such_name

__all__ = [
    "combine_state_for_ensemble",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "make_functional",
    "make_functional_with_buffers",
    "vjp",
    "vmap",
]


def make_functional(model: Any, disable_autograd_tracking: bool = False) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function `f(parameters, *inputs)` that computes what the model does, and a tuple of its parameters, copied.

    The parameters require gradients as the model's do, or none with `disable_autograd_tracking`. Raises ConfigError for a
    model with buffers, which `make_functional_with_buffers` takes.
    """
    function, parameters, buffers = make_functional_with_buffers(model, disable_autograd_tracking)
    if buffers:
        raise ConfigError(
            "make_functional: the model has buffers; make_functional_with_buffers takes and returns them."
        )
    return (lambda parameters, *inputs, **named: function(parameters, (), *inputs, **named)), parameters


def make_functional_with_buffers(
    model: Any, disable_autograd_tracking: bool = False
) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]:
    """A function `f(parameters, buffers, *inputs)` that computes what the model does, and a tuple of each, copied."""
    own = copy.deepcopy(model)
    parameters, buffers = dict(own.named_parameters()), dict(own.named_buffers())
    call = _with_names(own, list(parameters), list(buffers))
    given = tuple(p.detach() for p in parameters.values()) if disable_autograd_tracking else tuple(parameters.values())
    return call, given, tuple(buffers.values())


def combine_state_for_ensemble(
    models: Sequence[Any],
) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]:
    """A function `f(parameters, buffers, *inputs)` of one of the models, and the tuples of all, stacked along a first axis:
    for `vmap`.
    """
    parameters, buffers = stack_module_state(models)
    call = _with_names(copy.deepcopy(models[0]), list(parameters), list(buffers))
    return call, tuple(parameters.values()), tuple(buffers.values())


def _with_names(model: Any, parameters: list[str], buffers: list[str]) -> Callable[..., Any]:
    def call(given: Sequence[Any], given_buffers: Sequence[Any], *inputs: Any, **named: Any) -> Any:
        for what, names, values in (("parameters", parameters, given), ("buffers", buffers, given_buffers)):
            if len(names) != len(values):
                raise ConfigError(
                    f"{type(model).__name__} has {len(names)} {what}, got {len(values)}: {', '.join(names)}."
                )
        state = dict(zip([*parameters, *buffers], [*given, *given_buffers], strict=True))
        return functional_call(model, state, inputs, named)

    return call


__getattr__ = _no_such_name(__name__)
