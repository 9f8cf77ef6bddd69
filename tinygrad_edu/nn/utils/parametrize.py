"""Parameters that are functions of others: a weight that is symmetric, of norm one, … whatever training does."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn._containers import ModuleDict, ModuleList
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations"]


class _Cache(threading.local):
    depth: int = 0
    values: dict[tuple[int, str], Any] | None = None


_CACHE = _Cache()


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Inside, each parametrized tensor is computed once: for a weight that is used in many places or steps."""
    _CACHE.depth += 1
    if _CACHE.values is None:
        _CACHE.values = {}
    try:
        yield
    finally:
        _CACHE.depth -= 1
        if not _CACHE.depth:
            _CACHE.values = None


class ParametrizationList(ModuleList):
    """The functions that make a tensor, one after the other, and what they make it of: `original`, or `original0`,
    `original1`, … where the first one's `right_inverse` gave several.
    """

    def __init__(self, modules: list[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        self.shape, self.dtype = original.shape, original.dtype
        with no_grad():
            value: Any = original
            for module in reversed(modules):
                if hasattr(module, "right_inverse"):
                    value = module.right_inverse(value)
        self.is_tensor = isinstance(value, Tensor)
        self.ntensors = 1 if self.is_tensor else len(value)
        self._keep(
            {"original": value} if self.is_tensor else {f"original{i}": v for i, v in enumerate(value)}, original
        )

    def _keep(self, values: dict[str, Any], original: Tensor) -> None:
        for name, value in values.items():
            if isinstance(original, Parameter):
                kept = original if value is original else Parameter(value.detach(), original.requires_grad)
                self.register_parameter(name, kept)
            else:
                self.register_buffer(name, value)

    def _originals(self) -> list[Any]:
        return [
            self.__dict__[n]
            for n in (["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)])
        ]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the functions make `value` of them."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise ConfigError(
                        f"parametrize: {type(module).__name__} has no right_inverse(self, value), so its result can't be set."
                    )
                value = module.right_inverse(value)
            for original, new in zip(self._originals(), [value] if self.is_tensor else value, strict=True):
                original.copy_(new)

    def forward(self) -> Any:
        first, *rest = self
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def register_parametrization(module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Any:
    """Let `parametrization` make the parameter or buffer `tensor_name`: `module.weight` is then its result.

    Its `right_inverse`, if it has one, gives what it is to make the present value of. A second one is applied to the
    result of the first. Unless `unsafe`, shape and dtype must stay.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        module.parametrizations[tensor_name].append(parametrization)
        _check(module.parametrizations[tensor_name], module.parametrizations[tensor_name], tensor_name)
    elif tensor_name in {**module._parameters, **module._buffers}:
        original = getattr(module, tensor_name)
        held = ParametrizationList([parametrization], original, unsafe)
        _check(held, original, tensor_name)
        if not is_parametrized(module):
            kind = type(module)
            own = type(f"Parametrized{kind.__name__}", (kind,), {"__module__": __name__, "__setattr__": _set})
            object.__setattr__(module, "__class__", own)  # a Module's own keeps everything among its attributes
            module.parametrizations = ModuleDict()
        delattr(module, tensor_name)
        module.parametrizations[tensor_name] = held
        setattr(type(module), tensor_name, _property(tensor_name))
    else:
        raise ConfigError(
            f"register_parametrization: {type(module).__name__} has no parameter, buffer or parametrized {tensor_name!r}."
        )
    return module


def _check(held: ParametrizationList, original: Any, name: str) -> None:
    if held.unsafe:
        return
    with no_grad():
        made = held()
    if made.shape != original.shape or made.dtype != original.dtype:
        raise ShapeError(
            f"register_parametrization: {type(held[-1]).__name__} turns {name} of shape {original.shape}, {original.dtype}, "
            f"into {made.shape}, {made.dtype}. With unsafe=True that is accepted."
        )


def _property(name: str) -> property:
    def get(module: Any) -> Any:
        if not is_parametrized(module, name):  # no longer, or not in this copy
            if name in module.__dict__:
                return module.__dict__[name]
            raise AttributeError(name)
        values, key = _CACHE.values, (id(module), name)
        if values is None:
            return module.parametrizations[name]()
        if key not in values:
            values[key] = module.parametrizations[name]()
        return values[key]

    return property(get)


def _set(module: Any, name: str, value: Any) -> None:
    if is_parametrized(module, name):
        module.parametrizations[name].right_inverse(value)
    else:
        Module.__setattr__(module, name, value)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether `tensor_name`, or any tensor of the module itself, is parametrized."""
    held = module.__dict__.get("parametrizations")
    if held is None:
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make `tensor_name` an ordinary parameter again: with its present value, or with what it was made of unless
    `leave_parametrized`.
    """
    if not is_parametrized(module, tensor_name):
        raise ConfigError(f"remove_parametrizations: {type(module).__name__} has no parametrized {tensor_name!r}.")
    held = module.parametrizations[tensor_name]
    if not leave_parametrized and not held.is_tensor:
        raise ConfigError(
            "remove_parametrizations: there is no one original to leave; give leave_parametrized=True for the present value."
        )
    first = held._originals()[0]
    if leave_parametrized:
        with no_grad():
            made = getattr(module, tensor_name).detach()
        first = Parameter(made, first.requires_grad) if isinstance(first, Parameter) else made
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        del module.parametrizations
        object.__setattr__(module, "__class__", type(module).__bases__[0])
    (module.register_parameter if isinstance(first, Parameter) else module.register_buffer)(tensor_name, first)
    return module
