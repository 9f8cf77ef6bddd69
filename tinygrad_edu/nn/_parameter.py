"""`Parameter`: a tensor that a module learns; `Buffer`: one that belongs to its state and isn't learned."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.engine.tensor import Tensor, to_array


class Parameter(Tensor):
    """A tensor that requires a gradient and that a Module finds among its attributes.

    `Parameter(data)` shares memory with a Tensor or an array (a read-only one is copied), as PyTorch's does. Raises
    DTypeError unless the dtype is floating or complex, or `requires_grad=False`.
    """

    __slots__ = ("__dict__",)  # optimizers and lessons mark some of them: weight._no_weight_decay = True

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        array = to_array(data, None, copy=False)
        self.array = array if array.flags.writeable else array.copy()
        self.node = None
        self.grad = None
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that a Module keeps as a buffer when it is assigned to an attribute, as `register_buffer` does."""

    __slots__ = ("persistent",)

    def __init__(self, data: Any = (), *, persistent: bool = True) -> None:
        self.array = to_array(data, None, copy=False)
        self.node = None
        self.grad = None
        self.persistent = persistent
