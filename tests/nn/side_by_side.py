"""What a layer or function of ours and PyTorch's own must have in common: print, first values, results, gradients, buffers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg

DTYPES = ((np.float64, 1e-9), (np.float32, 1e-5))


def x(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers away from 0, where an activation may have a kink; random, so that a transposed axis shows."""
    values = np.random.default_rng(math.prod(shape) + seed).normal(size=shape)
    return values + 0.1 * np.sign(values)


def agree(got: Any, want: Any, tolerance: float) -> None:
    """A tensor of ours and one of PyTorch's: shape, dtype, values."""
    a, b = np.asarray(got.detach().numpy()), want.detach().numpy()
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0))))


def _outputs(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def _leaves(values: Any, dtype: Any) -> tuple[list[Any], list[Any]]:
    """The inputs in this precision for either library; floating arrays are to be differentiated."""
    import torch

    given = [np.asarray(a, dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in values]
    mine = [tg.tensor(a) if isinstance(a, np.ndarray) else a for a in given]
    other = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in given]
    for a, b, value in zip(mine, other, given, strict=True):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            a.requires_grad_(), b.requires_grad_()
    return mine, other


def _same_results(ours: Any, theirs: Any, leaves: list[tuple[Any, Any]], dtype: Any, tolerance: float) -> None:
    import torch

    ys, zs = _outputs(ours), _outputs(theirs)
    for y, z in zip(ys, zs, strict=True):
        agree(y, z, tolerance)
    cotangent = np.asarray(np.random.default_rng(1).normal(size=ys[0].shape), dtype)
    ys[0].backward(tg.tensor(cotangent))
    zs[0].backward(torch.tensor(cotangent))
    for a, b in leaves:
        if isinstance(b, torch.Tensor) and b.requires_grad and b.grad is not None:
            agree(a.grad, b.grad, tolerance)


def same_layer(make: Callable[[Any], Any], *inputs: np.ndarray, times: int = 1, least: float = 0.0) -> None:
    """A layer from the same seed, after `times` calls, in both precisions; its state goes both ways.

    `least` is a tolerance for what PyTorch computes less exactly.
    """
    import torch

    for dtype, tolerance in DTYPES:
        tg.manual_seed(11)
        torch.manual_seed(11)
        ours, theirs = make(tg.nn), make(torch.nn)
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert (mine.numpy() == other.numpy()).all()
        ours.to(dtype), theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
        for _ in range(times):
            ours.zero_grad(), theirs.zero_grad()
            mine, other = _leaves(inputs, dtype)
            pairs = [*zip([*mine, *ours.parameters()], [*other, *theirs.parameters()], strict=True)]
            _same_results(ours(*mine), theirs(*other), pairs, dtype, max(tolerance, least))
            for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
                agree(a, b, tolerance)
        theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
        ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})


def same_function(name: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
    """A function of both `nn.functional`s, with the gradients of all floating inputs, in both precisions."""
    import torch

    ours, theirs = getattr(tg.nn.functional, name), getattr(torch.nn.functional, name)
    for dtype, tolerance in DTYPES:
        mine, other = _leaves(inputs, dtype)
        pairs = [*zip(mine, other, strict=True)]
        _same_results(ours(*mine, **options), theirs(*other, **options), pairs, dtype, tolerance)


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
