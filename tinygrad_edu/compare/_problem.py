"""The function to compare, seen as one of flat lists of tensors, and its two derivatives in batches of directions."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.engine.tree import flatten, unflatten
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.func import jvp, vjp, vmap
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import get_rng_state, manual_seed, set_rng_state

Array = np.ndarray[Any, Any]


class Problem:
    """`f` at one point, as a function from a list of floating tensors to a tuple of them. Other inputs are held constant.

    `inputs` and `outputs` are those tensors at the point. Raises ShapeError without floating inputs or outputs,
    UnsupportedError for complex ones, DTypeError where `f` returns something other than tensors, and ConfigError where two
    calls give different results. With a `function_seed` each call of `f` draws the same random numbers.
    """

    def __init__(
        self, f: Callable[..., Any], inputs: Sequence[Any], function_seed: int | None = None, *, name: str = "compare"
    ) -> None:
        self.f = f
        self.function_seed = function_seed
        self.name = name  # what errors call the caller
        leaves, self.structure = flatten(tuple(inputs))
        self.leaves = [as_tensor(leaf).detach() for leaf in leaves]
        self.places = [i for i, leaf in enumerate(self.leaves) if leaf.dtype.kind in "fc"]
        self.inputs = [self.leaves[i] for i in self.places]
        if not sum(x.numel() for x in self.inputs):
            raise ShapeError(
                f"{name}: none of the inputs holds floating-point numbers, so there is nothing to differentiate."
            )
        results = self._results(self.inputs)
        self.outputs = _floating(results)
        constant = len(self.places) < len(self.leaves) or len(self.outputs) < len(results)
        self.plain = not constant and function_seed is None
        if not sum(y.numel() for y in self.outputs):
            raise ShapeError(
                f"{name}: the function returned no floating-point numbers, so there is nothing to differentiate."
            )
        if any(x.dtype.kind == "c" for x in [*self.inputs, *self.outputs]):
            raise UnsupportedError(
                f"{name}: counts real inputs and outputs; give complex ones as their real and imaginary parts (x.real, x.imag)."
            )
        for first, second in zip(self.outputs, self(*self.inputs), strict=True):
            if not np.array_equal(first.numpy(), second.numpy(), equal_nan=True):
                raise ConfigError(
                    f"{name}: two calls of the function at the same point gave different results, so there is no derivative to "
                    "compare. If it draws random numbers (a dropout mask, say), let it draw the same ones in every call: "
                    "compare(..., function_seed=0) seeds it. Or draw them beforehand and pass them in, or put the model in eval()."
                )

    def __call__(self, *xs: Any) -> tuple[Any, ...]:
        """The floating outputs for floating inputs of the same shapes."""
        return _floating(self._results(xs))

    def _results(self, xs: Sequence[Any]) -> list[Any]:
        leaves = list(self.leaves)
        for place, x in zip(self.places, xs, strict=True):
            leaves[place] = x
        if self.function_seed is not None:
            seed_all(self.function_seed)
        results, _ = flatten(self.f(*unflatten(self.structure, leaves)))
        for y in results:
            if not isinstance(y, Tensor):
                raise DTypeError(
                    f"{self.name}: the function must return tensors, it returned {type(y).__name__}. Compute it with operators, "
                    "NumPy functions and operations on its inputs."
                )
        return results

    def in_float64(self) -> Problem:
        """The same function at the same point, with inputs in double precision."""
        wide = [x.to(np.float64) if i in self.places else x for i, x in enumerate(self.leaves)]
        return Problem(self.f, unflatten(self.structure, wide), self.function_seed, name=self.name)

    # -- its derivatives, at the point unless others are given ---------------------------------------------------------

    def tangent(self, x_dots: Sequence[Tensor], xs: Sequence[Tensor] | None = None) -> Sequence[Tensor]:
        """J v by forward mode: one tangent per output from one per input."""
        y_dots: tuple[Tensor, ...] = jvp(self, xs or self.inputs, list(x_dots))[1]
        return y_dots

    def tangents(self, x_dots: Sequence[Tensor], xs: Sequence[Tensor] | None = None) -> Sequence[Tensor]:
        """`tangent` for k directions at once, along a leading axis of each tensor."""
        y_dots: tuple[Tensor, ...] = vmap(lambda *v: self.tangent(v, xs), randomness="same")(*x_dots)
        return y_dots

    def pullback(self, xs: Sequence[Tensor] | None = None) -> Callable[[Sequence[Tensor]], Sequence[Tensor]]:
        """Jᵀ w by reverse mode, as a function of w: one cotangent per input from one per output."""
        sweep = vjp(self, *(xs or self.inputs))[1]
        return lambda y_bars: sweep(tuple(y_bars))

    def cotangent(self, y_bars: Sequence[Tensor]) -> Sequence[Tensor]:
        """Jᵀ w."""
        return self.pullback()(y_bars)

    def cotangents(self, y_bars: Sequence[Tensor]) -> Sequence[Tensor]:
        """`cotangent` for k directions at once, along a leading axis of each tensor."""
        return pulled_together(self.pullback(), y_bars)

    def jacobian(self, transform: Callable[..., Any]) -> list[Tensor]:
        """The Jacobian by `jacfwd` or `jacrev`: for each output a block for each input, (*y.shape, *x.shape), all in one list.

        Where nothing is held constant and nothing left out, it is that of `f` itself, and takes as long as it takes its caller.
        """
        if self.plain:
            args = unflatten(self.structure, self.leaves)
            blocks = transform(self.f, 0 if len(args) == 1 else tuple(range(len(args))))(*args)
        else:
            blocks = transform(self, tuple(range(len(self.inputs))))(*self.inputs)
        return flatten(blocks)[0]


def _floating(results: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(y for y in results if y.dtype.kind in "fc")


def pulled_together(
    pullback: Callable[[Sequence[Tensor]], Sequence[Tensor]], y_bars: Sequence[Tensor]
) -> Sequence[Tensor]:
    """What `pullback` makes of k directions at once, along a leading axis of each tensor."""
    x_bars: tuple[Tensor, ...] = vmap(lambda *w: pullback(w), randomness="same")(*y_bars)
    return x_bars


def random_directions(like: Sequence[Tensor], draw: np.random.Generator) -> list[Tensor]:
    """One normally distributed direction in the shapes and dtypes of `like`."""
    return [as_tensor(np.asarray(draw.standard_normal(x.shape)).astype(x.dtype)) for x in like]


def random_batch(like: Sequence[Tensor], count: int, draw: np.random.Generator) -> list[Tensor]:
    """So many random directions at once, along a leading axis of each tensor."""
    each = [random_directions(like, draw) for _ in range(count)]
    return [as_tensor(np.stack([x.numpy() for x in xs])) for xs in zip(*each, strict=True)]


def seed_all(seed: int) -> None:
    """Seed this package's random state, NumPy's and Python's: a function may use any of them."""
    manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing is recorded inside for the caller, and all random states are put back afterwards."""
    ours, numpys, pythons = get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - the caller may use it
    try:
        with no_grad():
            yield
    finally:
        set_rng_state(ours)
        np.random.set_state(numpys)  # noqa: NPY002
        random.setstate(pythons)
