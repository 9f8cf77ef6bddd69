"""Where the first number that isn't finite came from, once a training step has ended in one: the step is run again and watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.nn import Module


def blame(model: Module, inputs: Any, loss: Callable[[Any], Any]) -> str:
    """A sentence that names the layer (or weight, or the data, or the loss) where numbers first aren't finite.

    The model is run on `inputs` once more, with a look at what every layer gives; `loss(outputs)` is the loss. Dropout draws
    another mask than in the step itself, so that where it was decisive nothing may be found, which is said.
    """
    if count := _bad(inputs):
        return f"The data itself isn't finite: {count} of the batch's {inputs.array.size} numbers."
    broken = {name: count for name, p in model.named_parameters() if (count := _bad(p))}
    if broken:
        # Gradients come from the output's side, so of the layers whose update was spoilt the last one was the first.
        layer = list(broken)[-1].rpartition(".")[0]
        return (
            f"Weights weren't finite any more before this step: {', '.join(broken)}. So the gradient of the step before wasn't; it "
            f"flows from the loss back, and began in {_named(model, layer)} or behind it."
        )
    found: list[str] = []
    names = {id(module): name for name, module in model.named_modules()}

    def look(module: Module, args: tuple[Any, ...], output: Any) -> None:
        if not found and (count := sum(map(_bad, _tensors(output)))):
            size = sum(t.array.size for t in _tensors(output))
            found.append(
                f"It began in {_named(model, names[id(module)])}: {count} of the {size} numbers that it gave for this batch aren't "
                f"finite. Its input went up to {_largest(_tensors(args)):.3g}{_weights(module)}."
            )

    handles = [module.register_forward_hook(look) for module in model.modules()]
    try:
        with no_grad(), np.errstate(all="ignore"):
            outputs = model(inputs)
            total = loss(outputs)
    finally:
        for handle in handles:
            handle.remove()
    if found:
        return found[0]
    if _bad(total):
        return f"Every layer's output is finite, up to {_largest([outputs]):.3g}; it is the loss of them that isn't."
    return "Run once more, the step is finite: it depends on what dropout drew."


def _named(model: Module, name: str) -> str:
    module = model.get_submodule(name)
    return (
        f"layer {name}, {module!r}"
        if name and not module._modules
        else f"{name or 'the model'}, a {type(module).__name__}"
    )


def _tensors(value: Any) -> list[Tensor]:
    """The tensors among arguments or results."""
    if isinstance(value, Tensor):
        return [value]
    return [t for part in value for t in _tensors(part)] if isinstance(value, tuple | list) else []


def _bad(value: Any) -> int:
    """How many elements are infinite or NaN."""
    return int(np.size(value.array) - np.count_nonzero(np.isfinite(value.array))) if isinstance(value, Tensor) else 0


def _largest(tensors: Iterable[Tensor]) -> float:
    return max((float(np.abs(t.array).max(initial=0)) for t in tensors), default=0.0)


def _weights(module: Module) -> str:
    parameters = list(module.parameters(recurse=False))
    return f", its weights up to {_largest(parameters):.3g}" if parameters else ""
