"""The function to compare, seen as one of flat lists of tensors, and its two derivatives in batches of directions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.func import jvp, vjp, vmap
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import get_rng_state, set_rng_state

Array = np.ndarray[Any, Any]


class Problem:
    """`f` at one point, as a function from a list of floating tensors to a tuple of them. Other inputs are held constant.

    `inputs` and `outputs` are those tensors at the point. Raises ShapeError without floating inputs or outputs,
    UnsupportedError for complex ones, DTypeError where `f` returns something other than tensors, and ConfigError where two
    calls give different results.
    """

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any]) -> None:
        self.f = f
        leaves, self.structure = flatten(tuple(inputs))
        self.leaves = [as_tensor(leaf).detach() for leaf in leaves]
        self.places = [i for i, leaf in enumerate(self.leaves) if leaf.dtype.kind in "fc"]
        self.inputs = [self.leaves[i] for i in self.places]
        if not sum(x.numel() for x in self.inputs):
            raise ShapeError(
                "compare: none of the inputs holds floating-point numbers, so there is nothing to differentiate."
            )
        self.outputs = self(*self.inputs)
        if not sum(y.numel() for y in self.outputs):
            raise ShapeError(
                "compare: the function returned no floating-point numbers, so there is nothing to differentiate."
            )
        if any(x.dtype.kind == "c" for x in [*self.inputs, *self.outputs]):
            raise UnsupportedError(
                "compare: counts real inputs and outputs; give complex ones as their real and imaginary parts (x.real, x.imag)."
            )
        for first, second in zip(self.outputs, self(*self.inputs), strict=True):
            if not np.array_equal(first.numpy(), second.numpy(), equal_nan=True):
                raise ConfigError(
                    "compare: two calls of the function at the same point gave different results, so there is no derivative to "
                    "compare. Draw its random numbers (a dropout mask, say) beforehand and pass them in, or put the model in "
                    "eval()."
                )

    def __call__(self, *xs: Any) -> tuple[Any, ...]:
        """The floating outputs for floating inputs of the same shapes."""
        leaves = list(self.leaves)
        for place, x in zip(self.places, xs, strict=True):
            leaves[place] = x
        results, _ = flatten(self.f(*unflatten(self.structure, leaves)))
        for y in results:
            if not isinstance(y, Tensor):
                raise DTypeError(
                    f"compare: the function must return tensors, it returned {type(y).__name__}. Compute it with operators, NumPy "
                    "functions and operations on its inputs."
                )
        return tuple(y for y in results if y.dtype.kind in "fc")

    def in_float64(self) -> Problem:
        """The same function at the same point, with inputs in double precision."""
        wide = [x.to(np.float64) if i in self.places else x for i, x in enumerate(self.leaves)]
        return Problem(self.f, unflatten(self.structure, wide))

    # -- its derivatives -------------------------------------------------------------------------------------------

    def tangent(self, x_dots: Sequence[Tensor]) -> Sequence[Tensor]:
        """J v by forward mode: one tangent per output from one per input."""
        y_dots: tuple[Tensor, ...] = jvp(self, self.inputs, list(x_dots))[1]
        return y_dots

    def cotangent(self, y_bars: Sequence[Tensor]) -> Sequence[Tensor]:
        """Jᵀ w by reverse mode: one cotangent per input from one per output."""
        x_bars: tuple[Tensor, ...] = vjp(self, *self.inputs)[1](tuple(y_bars))
        return x_bars

    def tangents(self, x_dots: Sequence[Tensor]) -> Sequence[Tensor]:
        """`tangent` for k directions at once, along a leading axis of each tensor."""
        y_dots: tuple[Tensor, ...] = vmap(lambda *v: jvp(self, self.inputs, v)[1], randomness="same")(*x_dots)
        return y_dots

    def cotangents(self, y_bars: Sequence[Tensor]) -> Sequence[Tensor]:
        """`cotangent` for k directions at once, along a leading axis of each tensor."""
        pullback = vjp(self, *self.inputs)[1]
        x_bars: tuple[Tensor, ...] = vmap(lambda *w: pullback(w))(*y_bars)
        return x_bars


def unit_directions(like: Sequence[Tensor], which: Array) -> list[Tensor]:
    """The unit directions numbered `which` (k,) of the numbers in `like`, laid end to end: for each tensor (k, *its shape)."""
    directions, start = [], 0
    for x in like:
        block = np.zeros((len(which), x.numel()), x.dtype)
        rows = np.flatnonzero((which >= start) & (which < start + x.numel()))
        block[rows, which[rows] - start] = 1
        directions.append(as_tensor(block.reshape(len(which), *x.shape)))
        start += x.numel()
    return directions


def random_directions(like: Sequence[Tensor], draw: np.random.Generator) -> list[Tensor]:
    """One normally distributed direction in the shapes and dtypes of `like`."""
    return [as_tensor(np.asarray(draw.standard_normal(x.shape)).astype(x.dtype)) for x in like]


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing is recorded inside for the caller, and all random states are put back afterwards."""
    ours, numpys = get_rng_state(), np.random.get_state()  # noqa: NPY002 - the caller may use it
    try:
        with no_grad():
            yield
    finally:
        set_rng_state(ours)
        np.random.set_state(numpys)  # noqa: NPY002
