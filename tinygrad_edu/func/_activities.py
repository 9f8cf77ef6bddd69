"""The forward gradient of a module by perturbing what its layers give, instead of their weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.engine.levels import Batched, Dual, opened
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.passes import PASSES
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import map_tree
from tinygrad_edu.errors import ConfigError, ShapeError, UnsupportedError
from tinygrad_edu.func._arguments import Function
from tinygrad_edu.func._batch import check_chunk_size, in_chunks, rewinding, unbatched
from tinygrad_edu.func._forward import check_directions, part_of, random_directions
from tinygrad_edu.func._module import functional_call
from tinygrad_edu.func._reverse import vjp
from tinygrad_edu.ops.create import zeros_like

_NAME = "activity_gradient"


class _Call(NamedTuple):
    """A call of a layer: where it stands, what went in, what came out, and the directions (k, *output) it came out in."""

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Tensor
    directions: Tensor


def activity_gradient(
    f: Function,
    module: Any,
    directions: int = 1,
    generator: np.random.Generator | None = None,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
) -> Function:
    """A function that returns the loss that `f` computes by calling `module`, and an unbiased estimate of its gradient in the
    module's parameters, a dict by dotted name, by perturbing activities (Ren, Kornblith, Liao and Hinton 2023, "Scaling
    forward gradient with local losses", section 3).

    Random directions v ~ N(0, 1) start at the output of every layer, z; the mean of (∂L/∂z · v) v estimates ∂L/∂z, and the
    layer's own rule makes of that the gradient in its parameters: for a linear layer, the outer product with its input. A
    layer has fewer outputs than weights, so this is less noisy than perturbing the weights (`forward_gradient`).

    `f` returns a scalar, or a loss for each example, (n,), where no example has to do with another and the first axis of each
    layer's output is that of the examples. Each example's directions are then judged by its own loss, which is n times less
    noisy still; the value and the gradient are those of the mean.

    `chunk_size`, `generator` and `has_aux` are as in `forward_gradient`. Nothing is recorded; every layer's input is kept until the
    end. Cost: one pass with a batch of `directions` tangents, and every layer once more by itself.

    Raises UnsupportedError for parameters in a module that has modules inside, for a layer that returns something else than
    one real tensor or that gives something else when called again, and for batch normalization with a loss for each
    example; ConfigError for `directions` or a `chunk_size` below 1.
    """
    if directions is None:
        raise ConfigError(f"{_NAME}: directions=None; give a number of random directions, 1 or more.")
    check_directions(directions, _NAME)
    check_chunk_size(chunk_size, _NAME)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        layers = _layers(module)
        rng = generator or np.random.default_rng()
        parameters = dict(module.named_parameters())
        gradients = {name: zeros_like(p.detach()) for name, p in parameters.items() if p.requires_grad}
        names = {id(parameters[name]): name for name in gradients}

        def run(start: int, stop: int) -> Any:
            found, calls, slopes = _perturbed(lambda: f(*args, **kwargs), layers, stop - start, rng, has_aux)
            if slopes.ndim > 1:
                _check_apart(module)
            for call in calls:
                y_bar = _estimate(call, slopes, directions)
                for own, gradient in _local_gradient(layers[call.path], call, y_bar):
                    gradients[names[own]] = gradients[names[own]] + gradient
            return found

        with no_grad():
            values = list(in_chunks(run, directions, chunk_size, "same"))
        return values[0], gradients

    return differentiated


def activity_bytes(f: Function, module: Any) -> int:
    """About how many bytes one direction takes in `activity_gradient(f, module)`: `f` is called once, without arguments.

    The directions at every layer are kept until the slopes are known; beside them there are a layer's tangents, its input's, and as
    much again for its own work. Who draws random numbers afterwards draws what they would have.
    """
    rewind = rewinding()
    with no_grad():
        _, calls, _ = _perturbed(f, _layers(module), 1, np.random.default_rng(), False)
    rewind()
    sizes = [call.output.numel() * call.output.dtype.itemsize for call in calls] or [0]
    return int(sum(sizes) + 3 * max(sizes))


def _layers(module: Any) -> dict[str, Any]:
    """The modules that hold parameters to learn, by dotted name."""
    layers = {
        path: layer
        for path, layer in module.named_modules()
        if any(p.requires_grad for p in layer.parameters(recurse=False))
    }
    if not layers:
        raise ConfigError(f"{_NAME}: {type(module).__name__} has no parameters that require gradients.")
    for path, layer in layers.items():
        if any(True for _ in layer.children()):
            raise UnsupportedError(
                f"{_NAME}: {_said(path, layer)} holds parameters of its own and other modules, so it isn't one layer. Put those "
                "parameters into a module by themselves, or perturb the weights (forward_gradient)."
            )
    return layers


def _said(path: str, layer: Any) -> str:
    return f"{type(layer).__name__} ({path})" if path else type(layer).__name__


def _check_apart(module: Any) -> None:
    for path, part in module.named_modules():
        if part.training and any("BatchNorm" in kind.__name__ for kind in type(part).__mro__):
            raise UnsupportedError(
                f"{_NAME}: a loss for each example needs examples that have nothing to do with each other, and "
                f"{_said(path, part)} mixes them. Return the mean loss, or put the model in eval()."
            )


def _perturbed(
    f: Callable[[], Any], layers: dict[str, Any], count: int, rng: np.random.Generator, has_aux: bool
) -> tuple[Any, list[_Call], Tensor]:
    """One pass with `count` directions at every layer's output: the value, the calls, and the slopes (count, *loss)."""
    calls: list[_Call] = []
    PASSES.pushed += count
    with opened(batch=count, randomness="same") as batch, opened() as level:

        def perturb(path: str, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Dual:
            if not isinstance(output, Tensor) or output.dtype.kind != "f":
                found = f"{output.dtype} tensor" if isinstance(output, Tensor) else type(output).__name__
                raise UnsupportedError(
                    f"{_NAME}: {_said(path, layers[path])} returned a {found}; only layers that return one real floating tensor "
                    "can be perturbed. Perturb the weights instead (forward_gradient)."
                )
            (v,) = random_directions([output], count, rng)
            y_dot: Tensor = Batched(v, batch)
            if isinstance(output, Dual) and output.level == level:
                y_dot = output.tangent + y_dot
            primal = part_of(output, level, 0)
            went_in = [map_tree(lambda x: part_of(x, level, 0), given) for given in (args, kwargs)]
            calls.append(_Call(path, went_in[0], went_in[1], primal, v))
            return Dual(primal, y_dot, level)

        with _listening(layers, perturb):
            result = f()
        loss, aux = result if has_aux else (result, None)
        value, slopes = (part_of(loss, level, which) for which in (0, 1))
        if not isinstance(value, Tensor) or value.ndim > 1:
            found = f"shape {value.shape}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
            raise ShapeError(
                f"{_NAME}: the function must return a loss, or one for each example (n,); it returned {found}."
            )
        value = value.mean() if value.ndim else value
        whole = (value, map_tree(lambda v: part_of(v, level, 0), aux)) if has_aux else value
        return whole, calls, unbatched(slopes, batch, count, 0)


@contextmanager
def _listening(layers: dict[str, Any], perturb: Callable[..., Any]) -> Iterator[None]:
    """Every call of one of the layers gives what `perturb` makes of its output."""

    def instead(path: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: perturb(path, args, kwargs, forward(*args, **kwargs))

    # In the instance's own dict it comes before the class's method; some instances have one of their own there already.
    before = {path: layer.__dict__.get("forward") for path, layer in layers.items()}
    try:
        for path, layer in layers.items():
            layer.__dict__["forward"] = instead(path, layer.forward)
        yield
    finally:
        for path, forward in before.items():
            if forward is None:
                layers[path].__dict__.pop("forward", None)
            else:
                layers[path].__dict__["forward"] = forward


def _estimate(call: _Call, slopes: Tensor, directions: int) -> Tensor:
    """The mean of (∂L/∂z · v) v over directions: with the shape of the layer's output."""
    if slopes.ndim == 1:
        total: Any = np.tensordot(slopes, call.directions, 1)
        return total / directions  # type: ignore[no-any-return]
    examples = slopes.shape[1]
    if call.output.shape[:1] != (examples,):
        raise ShapeError(
            f"{_NAME}: {examples} losses, one for each example, but {call.path or 'the module'} gave an output of shape "
            f"{call.output.shape}, whose first axis isn't that of the examples. Return one loss."
        )
    weights = np.reshape(slopes, (*slopes.shape, *(1,) * (call.output.ndim - 1)))
    products: Any = weights * call.directions
    return products.sum(0) / (directions * examples)  # type: ignore[no-any-return]


def _local_gradient(layer: Any, call: _Call, y_bar: Tensor) -> Sequence[tuple[int, Tensor]]:
    """The gradient in the layer's parameters, by their ids, from that of its output: the layer's own rule, nothing beyond it."""
    own = {name: p for name, p in layer.named_parameters(recurse=False) if p.requires_grad}
    # Running averages aren't to move a second time.
    buffers = {name: b.clone() for name, b in layer.named_buffers(recurse=False)}

    def again(given: dict[str, Any]) -> Any:
        return functional_call(layer, {**buffers, **given}, call.args, call.kwargs)

    y, pull_back = vjp(again, {name: p.detach() for name, p in own.items()})
    if not np.array_equal(y.numpy(), call.output.numpy(), equal_nan=True):
        raise UnsupportedError(
            f"{_NAME}: {_said(call.path, layer)} gave something else when it was called again with the same input, so it has no "
            "gradient to estimate. Take the random part out of it, or perturb the weights (forward_gradient)."
        )
    (bars,) = pull_back(y_bar)
    return [(id(p), bars[name]) for name, p in own.items()]
