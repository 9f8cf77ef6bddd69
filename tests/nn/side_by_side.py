"""Small comparisons beside the tables: one pair of tensors, one function in both precisions, `vmap` with a loop."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tests.nn import parity
from tests.nn.rows import x

__all__ = ["agree", "same_function", "same_under_vmap", "x"]


def agree(got: Any, want: Any, tolerance: float) -> None:
    """A tensor of ours and one of PyTorch's: shape, dtype, values."""
    parity.agree([got], [want], tolerance, scale=1.0)


def same_function(name: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
    """A function of both `nn.functional`s, with the gradients of all floating inputs, in both precisions."""
    for dtype in parity.TOLERANCE:
        parity.compare_function(dtype, name, inputs, options)


def same_under_vmap(function: Callable[..., Any], *inputs: np.ndarray) -> None:
    """A function under `vmap`, and its gradient, are what a loop gives, without a loop."""
    stacked = [np.stack([a, a[..., ::-1], 0.5 * a]) for a in inputs]
    gradient = tg.func.grad(lambda *xs: (function(*xs) ** 2).sum(), tuple(range(len(inputs))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        together = tg.vmap(function)(*map(tg.tensor, stacked))
        bars = tg.vmap(gradient)(*map(tg.tensor, stacked))
    for i in range(3):
        alone = [tg.tensor(a[i].copy()) for a in stacked]
        np.testing.assert_allclose(together.numpy()[i], function(*alone).numpy(), atol=1e-12)
        for bar, want in zip(bars, gradient(*alone), strict=True):
            np.testing.assert_allclose(bar.numpy()[i], want.numpy(), atol=1e-11)
