"""`Module`: what every layer and model is. How its state is read and written is in `_state.py`, how it prints in
`_printing.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, DTypeError, TinygradEduError, UnsupportedError
from tinygrad_edu.nn import _printing, _state, _where
from tinygrad_edu.nn._backward_hooks import BackwardHook, backward_pre_hook
from tinygrad_edu.nn._parameter import Buffer, Parameter
from tinygrad_edu.ops.create import zeros_like
from tinygrad_edu.ops.device import is_device

PARAMETER, BUFFER, MODULE = "parameter", "buffer", "module"
_HOLDS: dict[str, tuple[type, ...]] = {PARAMETER: (Parameter,), BUFFER: (Tensor,)}


class Handle:
    """What registering a hook returns: `remove()` takes the hook away again, wherever it is registered."""

    def __init__(self, *hooks: dict[Handle, Any]) -> None:
        self._hooks = hooks

    def remove(self) -> None:
        for hooks in self._hooks:
            hooks.pop(self, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Module:
    """A layer, a model, or a part of one: parameters, and a `forward` that uses them.

    A subclass calls `super().__init__()`, then assigns Parameters and other Modules to attributes, and defines
    `forward`. Calling the module calls `forward`.

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = nn.Linear(64, 32)
                self.out = nn.Linear(32, 10)

            def forward(self, x):  # (N, 64) → (N, 10)
                return self.out(self.hidden(x).relu())
    """

    training = True  # `train()` and `eval()` set it on the instance
    # Values are ordinary attributes, so that reading one costs nothing; this says which of them are what, in order.
    _kinds: dict[str, str]
    _transient: set[str]  # the buffers that aren't part of the state
    _pre_hooks: dict[Handle, Callable[..., Any]]
    _hooks: dict[Handle, Callable[..., Any]]

    def __init__(self) -> None:
        own = self.__dict__
        own["_kinds"] = {}
        own["_transient"] = set()
        own["_pre_hooks"] = {}
        own["_hooks"] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x) that computes its output")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`, with the forward hooks around it."""
        try:  # which costs nothing where nothing is raised
            if self._pre_hooks or self._hooks:
                return self._call_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)
        except TinygradEduError as error:
            _where.tell(self, error)
            raise

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for pre_hook in list(self._pre_hooks.values()):
            replaced = pre_hook(self, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        output = self.forward(*args, **kwargs)
        for hook in list(self._hooks.values()):
            replaced = hook(self, args, output)
            if replaced is not None:
                output = replaced
        return output

    def register_forward_hook(self, hook: Callable[[Any, tuple[Any, ...], Any], Any]) -> Handle:
        """Call `hook(module, args, output)` after `forward`; what it returns, if anything, replaces the output."""
        handle = Handle(self._hooks)
        self._hooks[handle] = hook
        return handle

    def register_forward_pre_hook(self, hook: Callable[[Any, tuple[Any, ...]], Any]) -> Handle:
        """Call `hook(module, args)` before `forward`; what it returns, if anything, replaces the arguments."""
        handle = Handle(self._pre_hooks)
        self._pre_hooks[handle] = hook
        return handle

    def register_full_backward_hook(self, hook: Callable[[Any, tuple[Any, ...], tuple[Any, ...]], Any]) -> Handle:
        """Call `hook(module, grad_input, grad_output)` when a sweep has the gradients of the inputs: tuples, with None where
        there is no gradient; what it returns, if anything, replaces those of the inputs.
        """
        around = BackwardHook(hook)
        handle = Handle(self._pre_hooks, self._hooks)
        within = dict(self._pre_hooks)  # a later hook goes around the earlier ones, so that it is called after them
        self._pre_hooks.clear()
        self._pre_hooks.update({handle: around.before, **within})
        self._hooks[handle] = around.after
        return handle

    register_backward_hook = register_full_backward_hook  # PyTorch's older name

    def register_full_backward_pre_hook(self, hook: Callable[[Any, tuple[Any, ...]], Any]) -> Handle:
        """Call `hook(module, grad_output)` when a sweep has the gradients of the outputs; what it returns, if anything,
        replaces them.
        """
        return self.register_forward_hook(backward_pre_hook(hook))

    # -- attributes ------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        kind = PARAMETER if isinstance(value, Parameter) else MODULE if isinstance(value, Module) else None
        kinds = own.get("_kinds")
        if kinds is None:
            if kind is not None:
                raise ConfigError(
                    f"{type(self).__name__}: call super().__init__() before assigning self.{name}, a {kind}."
                )
        elif kind is not None:
            kinds[name] = kind
        elif isinstance(value, Buffer) and kinds.get(name) != BUFFER:
            self.register_buffer(name, value, value.persistent)
            return
        elif name in kinds:
            held = kinds[name]
            if value is not None and not isinstance(value, _HOLDS.get(held, ())):
                raise UnsupportedError(
                    f"{type(self).__name__}.{name} is a {held}, so it can't be set to {type(value).__name__}; give a "
                    f"{'Tensor' if held == BUFFER else held.title()} or None"
                    + (f", or write into it: with no_grad(): module.{name}.copy_(value)." if held == PARAMETER else ".")
                )
        own[name] = value

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._kinds.pop(name, None)
        self._transient.discard(name)

    def _new(self, name: Any, kind: str) -> None:
        """Check that something may be registered under this name."""
        if not isinstance(name, str) or "." in name or not name:
            raise ConfigError(f"{type(self).__name__}: a {kind}'s name is a string without dots, not {name!r}.")
        if hasattr(self, name) and name not in self._kinds:
            raise ConfigError(
                f"{type(self).__name__} has an attribute {name!r} already: choose another name for the {kind}."
            )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name that needn't be known when the code is written; None keeps its place."""
        self._new(name, PARAMETER)
        if param is not None and not isinstance(param, Parameter):
            raise UnsupportedError(
                f"register_parameter: {name} must be a Parameter or None, not {type(param).__name__}."
            )
        self._kinds[name] = PARAMETER
        self.__dict__[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state and isn't learned; `persistent=False` leaves it out of
        `state_dict`.
        """
        self._new(name, BUFFER)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise UnsupportedError(f"register_buffer: {name} must be a Tensor or None, not {type(tensor).__name__}.")
        self._kinds[name] = BUFFER
        self.__dict__[name] = tensor
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under a name that needn't be known when the code is written."""
        self._new(name, MODULE)
        if module is not None and not isinstance(module, Module):
            raise UnsupportedError(f"add_module: {name} must be a Module or None, not {type(module).__name__}.")
        self._kinds[name] = MODULE
        self.__dict__[name] = module

    register_module = add_module

    # -- what is in it ---------------------------------------------------------------------------------------------

    def _named(self, kind: str) -> list[tuple[str, Any]]:
        """The module's own parameters, buffers or children by name, in order of registration, None left out."""
        own = self.__dict__
        return [(name, own[name]) for name, k in self._kinds.items() if k == kind and own[name] is not None]

    @property
    def _parameters(self) -> Mapping[str, Parameter | None]:
        return self._held(PARAMETER)

    @property
    def _buffers(self) -> Mapping[str, Tensor | None]:
        return self._held(BUFFER)

    @property
    def _modules(self) -> Mapping[str, Module | None]:
        return self._held(MODULE)

    def _held(self, kind: str) -> Mapping[str, Any]:
        # Read-only, for it is a copy: register_parameter, add_module and assignment are the ways in.
        return MappingProxyType({name: self.__dict__[name] for name, k in self._kinds.items() if k == kind})

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly in this one, by name, each once."""
        return _once(iter(self._named(MODULE)))

    def children(self) -> Iterator[Module]:
        """The modules directly in this one, each once."""
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This module and all within it by dotted name, outside in; each once."""
        return _walk(self, prefix, set() if remove_duplicate else None)

    def modules(self) -> Iterator[Module]:
        """This module and all within it, each once."""
        return (module for _, module in self.named_modules())

    def _members(self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        owners = self.named_modules(prefix, remove_duplicate) if recurse else iter([(prefix, self)])
        found = ((_join(where, name), value) for where, owner in owners for name, value in owner._named(kind))
        return _once(found) if remove_duplicate else found

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters by dotted name in order of registration; one that is used in several places comes once."""
        return self._members(PARAMETER, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters in order of registration, each once: what an optimizer takes."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers by dotted name, each once."""
        return self._members(BUFFER, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted name; "" is this one."""
        for name, module in self.named_modules(remove_duplicate=False):
            if name == target:
                return module
        raise ConfigError(f"{type(self).__name__} has no module {target!r}; named_modules() lists them.")

    # -- what is done to all of it ---------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module in this one, then on this one: to initialise them, say."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Training mode, in which Dropout drops; or with `mode=False` evaluation mode."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Evaluation mode: nothing is dropped. Recording goes on; that is `no_grad`'s matter."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let every parameter learn, or freeze them all."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with `set_to_none=False` make them zero."""
        for parameter in self.parameters():
            parameter.grad = None if set_to_none or parameter.grad is None else zeros_like(parameter.grad)

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Self:
        """Turn the floating parameters and buffers into another dtype, in place. A device changes nothing: there is
        one.
        """
        for given in args:
            if given is not None and not is_device(given):
                dtype = given.dtype if isinstance(given, Tensor) else given
        if dtype is not None:
            try:
                wanted = np.dtype(dtype)
            except TypeError:
                raise DTypeError(f"Module.to: expected a dtype or a device, got {dtype!r}.") from None
            if wanted.kind not in "fc":
                raise DTypeError(f"Module.to: parameters are floating or complex, so they can't become {wanted}.")
            self._convert(wanted)
        return self

    def _convert(self, wanted: np.dtype[Any]) -> None:
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind in "fc" and tensor.dtype != wanted:
                tensor.data = tensor.detach().to(wanted)
                if tensor.grad is not None:
                    tensor.grad = tensor.grad.detach().to(wanted)

    def float(self) -> Self:
        return self.to(np.float32)

    def double(self) -> Self:
        return self.to(np.float64)

    def half(self) -> Self:
        return self.to(np.float16)

    def cpu(self) -> Self:
        return self

    # -- its state and its picture ---------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters and persistent buffers by dotted name, detached and sharing memory: what `save` stores.

        A tensor that is used in several places comes under each of its names.
        """
        return OrderedDict((name, tensor.detach()) for name, tensor in _state.tensors(self).items())

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> _state.Unmatched:
        """Copy values into the parameters and buffers by name, or with `assign` put the tensors of the state in their place.
        Returns the names that were missing and those not expected.

        Raises CheckpointError, listing everything that doesn't match, where shapes or kinds of dtype differ and, unless
        `strict=False`, where names are missing or not expected; then nothing has been changed.
        """
        return _state.load(self, state_dict, strict, assign)

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self) -> str:
        return _printing.tree(self)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _walk(module: Module, prefix: str, seen: set[int] | None) -> Iterator[tuple[str, Module]]:
    if seen is not None:
        if id(module) in seen:
            return
        seen.add(id(module))
    yield prefix, module
    for name, child in module._named(MODULE):
        yield from _walk(child, _join(prefix, name), seen)


def _once(found: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Without the objects that came before under another name."""
    seen: set[int] = set()
    for name, value in found:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
