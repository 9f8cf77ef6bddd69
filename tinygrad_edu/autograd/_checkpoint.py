"""`checkpoint`: a part of a program whose values aren't kept, but computed again when a sweep asks for them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinygrad_edu.autograd._observer import LOCAL
from tinygrad_edu.autograd.graph import saved_tensors_hooks
from tinygrad_edu.engine.levels import OPEN
from tinygrad_edu.engine.modes import STATE, enable_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, GraphError
from tinygrad_edu.random import get_rng_state, set_rng_state

Function = Callable[..., Any]


class _Enough(BaseException):  # no `except Exception` of a user's may stop it
    """Every value that was kept has been computed again: the rest of the function isn't needed."""


@contextlib.contextmanager
def rng_at(state: Any) -> Iterator[None]:
    """The default generator as it was at `state`, and back again afterwards; nothing for None."""
    if state is None:
        yield
        return
    now = get_rng_state()
    set_rng_state(state)
    try:
        yield
    finally:
        set_rng_state(now)


class _Segment:
    """One call of a checkpointed function. Each kept value is known by its number; the first that is asked for runs the function
    again, and each is given away once.
    """

    def __init__(self, function: Function, args: Any, kwargs: Any, preserve_rng: bool, determinism_check: str) -> None:
        self.function, self.kwargs = function, kwargs
        # Inside another checkpoint the arguments are values of its own, to be computed again like any other.
        outer = LOCAL.hooks[-1] if LOCAL.hooks else None
        self.args = [outer.pack_tensor(a) if outer and isinstance(a, Tensor) else lambda a=a: a for a in args]
        self.name = getattr(function, "__name__", type(function).__name__)
        self.state = get_rng_state() if preserve_rng else None
        self.kinds: list[Any] = []
        self.check = determinism_check == "default"
        self.again: dict[int, Tensor] = {}
        # The transforms that the call was inside of: their values are good for the recomputation too.
        self.open = set(OPEN.levels), list(OPEN.batches)

    def pack(self, x: Tensor) -> int:
        self.kinds.append((x.shape, x.dtype))
        return len(self.kinds) - 1

    def unpack(self, number: int) -> Tensor:
        if number not in self.again:
            self._recompute()
        return self.again.pop(number)

    def _recompute(self) -> None:
        again: list[Tensor] = []

        def keep(x: Tensor) -> None:
            again.append(x)
            if len(again) == len(self.kinds):
                raise _Enough

        inside = saved_tensors_hooks(keep, lambda _: _never())
        opened = OPEN.levels, OPEN.batches
        OPEN.levels, OPEN.batches = opened[0] | self.open[0], self.open[1]
        try:
            with rng_at(self.state), enable_grad(), inside, contextlib.suppress(_Enough):
                self.function(*(get() for get in self.args), **self.kwargs)
        finally:
            OPEN.levels, OPEN.batches = opened
        if len(again) != len(self.kinds):
            raise GraphError(
                f"checkpoint: {self.name} kept {len(self.kinds)} tensors when it was called and {len(again)} when it was computed "
                "again. It must do the same each time: not depend on anything that changes in between."
            )
        for i, (x, kind) in enumerate(zip(again, self.kinds, strict=True)):
            if self.check and (x.shape, x.dtype) != kind:
                raise GraphError(
                    f"checkpoint: kept tensor {i} of {self.name} had shape {kind[0]}, {kind[1]}, and has {x.shape}, {x.dtype} when "
                    "computed again. It must do the same each time."
                )
        self.again = dict(enumerate(again))


def _never() -> Tensor:
    raise AssertionError("nothing is swept while recomputing")


def checkpoint(
    function: Function,
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, whose intermediate values aren't kept: a sweep that needs them calls it again.

    Memory: that of the arguments between the calls, and of one call while its part is swept. Time: one more evaluation.
    The second call draws the same random numbers as the first unless `preserve_rng_state=False`. It must keep tensors
    of the same number, shapes and dtypes (`determinism_check="none"` skips the latter two), else GraphError.
    `use_reentrant` is accepted and changes nothing: this is PyTorch's variant with `use_reentrant=False`.
    """
    if determinism_check not in ("default", "none"):
        raise ConfigError(f"checkpoint: determinism_check is 'default' or 'none', not {determinism_check!r}.")
    if not STATE.grad:
        return function(*args, **kwargs)
    segment = _Segment(function, args, kwargs, preserve_rng_state, determinism_check)
    with saved_tensors_hooks(segment.pack, segment.unpack):
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool = False, preserve_rng_state: bool = True
) -> Any:
    """A chain of functions (a Sequential, or a sequence of callables), cut into `segments` pieces, each but the last of
    them checkpointed.

    With √n segments of n functions the memory is that of 2√n instead of n, for one more evaluation.
    """
    chain: Sequence[Function] = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if not 1 <= segments <= len(chain):
        raise ConfigError(f"checkpoint_sequential: segments must be from 1 to {len(chain)}, not {segments}.")
    size = len(chain) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(_run, chain[start : start + size], input, preserve_rng_state=preserve_rng_state)
    return _run(chain[size * (segments - 1) :], input)


def _run(chain: Sequence[Function], x: Any) -> Any:
    for function in chain:
        x = function(x)
    return x
