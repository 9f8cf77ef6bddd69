"""Models as ONNX files, which other programs run: `to_onnx(model, example, "model.onnx")`. The library `onnx` is an extra.

The model is run once on the example and the operations that it calls are written down (`_trace.py`), each as the ONNX
operators that stand for it (`_convert.py`), in a graph (`_builder.py`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError, UnsupportedError
from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.onnx._builder import Builder
from tinygrad_edu.onnx._convert import convert
from tinygrad_edu.onnx._trace import trace
from tinygrad_edu.utils.serialization import write_file

__all__ = ["export", "to_onnx"]


def to_onnx(
    model: Callable[..., Any],
    example: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Any:
    """The model as an ONNX ModelProto, written to `path` if one is given.

    `model` is a Module, which is exported as it works in `eval()`, or a function of tensors; `example` is its argument, or
    a tuple of them. The file takes inputs of the example's shapes and dtypes. Parameters keep the names of the
    `state_dict`. Raises UnsupportedError, naming the operation and the line that called it, where ONNX has nothing for
    it, or where the model looks at a value to decide what to do; CheckpointError where `onnx` isn't installed.
    """
    try:
        import onnx
    except ImportError:
        raise CheckpointError('to_onnx: needs the onnx library: pip install "tinygrad-edu[onnx]"') from None
    arguments = example if isinstance(example, tuple) else (example,)
    with _evaluating(model):
        traced = trace(model, arguments)
    state = model.state_dict() if hasattr(model, "state_dict") else {}
    builder = Builder(onnx, {id(tensor.array): name for name, tensor in state.items()})
    names = _names("input", input_names, len(traced.inputs))
    env = {
        which: (builder.input(name, x), x) for which, name, x in zip(traced.inputs, names, traced.values, strict=True)
    }
    convert(builder, traced, env)
    for name, result in zip(_names("output", output_names, len(traced.outputs)), traced.outputs, strict=True):
        builder.output(name, *(env[result] if result in env else (builder.constant(result), result)))
    made = builder.model()
    if path is not None:
        write_file(path, made.SerializeToString(), "to_onnx")
    return made


def export(
    model: Callable[..., Any],
    args: Any = (),
    f: Any = None,
    *,
    kwargs: Any = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_axes: Any = None,
    dynamic_shapes: Any = None,
    **_: Any,
) -> Any:
    """PyTorch's name for `to_onnx`. Raises UnsupportedError for dynamic shapes; options of its compiler change nothing."""
    if dynamic_axes or dynamic_shapes:
        raise UnsupportedError(
            "onnx.export: shapes are those of the example; leave out dynamic_axes and dynamic_shapes."
        )
    if kwargs:
        raise UnsupportedError("onnx.export: give the model's arguments in args, in their order.")
    return to_onnx(model, args, f, input_names=input_names, output_names=output_names)


def _names(kind: str, given: Sequence[str] | None, count: int) -> list[str]:
    if given is None:
        return [kind] if count == 1 else [f"{kind}_{i}" for i in range(count)]
    if len(given) != count:
        raise ConfigError(f"to_onnx: {len(given)} {kind}_names for {count} {kind}s.")
    return list(given)


@contextlib.contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """The model in evaluation mode, and afterwards each part in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()] if hasattr(model, "modules") else []
    if modes:
        model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


__getattr__ = _no_such_name(__name__)
