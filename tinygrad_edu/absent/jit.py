"""`jit`: there is no compiler, so functions and modules stay what they are; what is about compiled files raises."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.absent import refuse


def script(obj: Any, *_: Any, **__: Any) -> Any:
    """The function or module itself."""
    return obj


def trace(func: Any, example_inputs: Any = None, *_: Any, **__: Any) -> Any:
    """The function or module itself."""
    return func


script_method = export = ignore = unused = script
_WHY = "there is no TorchScript here: save the state_dict() of a module, or export it with to_onnx."
save, load = refuse("jit.save", _WHY), refuse("jit.load", _WHY)


def is_scripting() -> bool:
    return False


is_tracing = is_scripting
