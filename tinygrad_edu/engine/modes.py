"""What is switched on in this thread: recording, inference mode; and the process's default dtype."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_edu.errors import DTypeError

if TYPE_CHECKING:
    from tinygrad_edu.engine.graph import Node


class Observer:
    """Looks on while nodes are recorded and swept; what `autograd` derives anomaly mode and saved-tensor hooks from."""

    checks = False
    """Whether sweeps are to call `check`."""

    def recorded(self, node: Node) -> None:
        """A node has been recorded."""

    def check(self, node: Node, bars: Any, seed: bool = False) -> None:
        """A sweep has computed the cotangents of a node's arguments; or, as `seed`, was given the node's own."""


class _State(threading.local):
    # Class attributes are the defaults that every new thread sees.
    grad: bool | Observer = True
    on: bool | Observer = True
    inference: bool = False


STATE = _State()
"""Read on the hot path as `STATE.grad`: False where nothing is recorded, else `STATE.on`, which is True, or an Observer
to tell of what is recorded. Written only here."""


def observe(observer: Observer | None) -> None:
    """From now on in this thread, tell `observer` what is recorded and swept; None for nobody."""
    STATE.on = True if observer is None else observer
    if STATE.grad:
        STATE.grad = STATE.on


class _Switch(contextlib.ContextDecorator):
    """A context manager that is also a decorator, re-entrant because it keeps a stack of what it replaced."""

    grad: bool

    def __init__(self) -> None:
        self._replaced: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._replaced.append((bool(STATE.grad), STATE.inference))
        STATE.grad = self.grad and STATE.on

    def __exit__(self, *exc: object) -> None:
        grad, STATE.inference = self._replaced.pop()
        STATE.grad = grad and STATE.on

    def _recreate_cm(self) -> Any:
        # A decorated function may run in several threads at once: each call gets a stack of its own.
        fresh = object.__new__(type(self))
        fresh.__dict__.update(self.__dict__, _replaced=[])
        return fresh


class no_grad(_Switch):
    """Nothing computed inside is recorded: `with no_grad(): ...` or `@no_grad()`."""

    grad = False


class enable_grad(_Switch):
    """Recording is on inside, also within `no_grad`."""

    grad = True


class set_grad_enabled(_Switch):
    """Recording is on or off from the call on; as a context manager, until the block ends."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.grad = bool(mode)
        self._before = (bool(STATE.grad), STATE.inference)
        STATE.grad = self.grad and STATE.on

    def __call__(self, func: Any) -> Any:
        # Used as a decorator: nothing changes until the function is called.
        grad, STATE.inference = self._before
        STATE.grad = grad and STATE.on
        return super().__call__(func)

    def __enter__(self) -> None:
        self._replaced.append(self._before)
        STATE.grad = self.grad and STATE.on

    def _recreate_cm(self) -> Any:
        fresh = super()._recreate_cm()
        fresh.__dict__["_before"] = (bool(STATE.grad), STATE.inference)
        return fresh


class inference_mode(_Switch):
    """As `no_grad`; `is_inference_mode_enabled()` tells the two apart."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = bool(mode)

    def __enter__(self) -> None:
        self._replaced.append((bool(STATE.grad), STATE.inference))
        if self.mode:
            STATE.grad, STATE.inference = False, True


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return bool(STATE.grad)


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return STATE.inference


_default_dtype: np.dtype[Any] = np.dtype(np.float32)


def get_default_dtype() -> np.dtype[Any]:
    """The dtype that Python floats become, and integers where a function needs floats."""
    return _default_dtype


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype that Python floats become; it must be a floating one."""
    global _default_dtype
    wanted = np.dtype(dtype)
    if wanted.kind != "f":
        raise DTypeError(f"set_default_dtype: needs a floating dtype such as float32 or float64, got {wanted}.")
    _default_dtype = wanted
