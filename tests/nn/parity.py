"""One run of a module in both libraries from one seed: first weights, outputs, gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as tg


def leaves(nested: Any) -> list[Any]:
    """The tensors in a nest of tuples, None left out."""
    if nested is None:
        return []
    return [leaf for part in nested for leaf in leaves(part)] if isinstance(nested, tuple | list) else [nested]


def compare(
    make: Callable[[Any], Any], run: Callable[[Any, Any, list[Any]], Any], *arrays: np.ndarray, seed: int = 5
) -> None:
    """`make(lib)` a module, then `run(lib, module, tensors)`; equal bit for bit where drawn, else to rounding."""
    import torch

    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 2e-5)):
        found = []
        for lib in (tg, torch):
            lib.manual_seed(seed)
            module = make(lib)
            if lib is tg:
                first = {name: value.numpy().copy() for name, value in module.state_dict().items()}
            else:
                theirs = {name: value.numpy() for name, value in module.state_dict().items()}
                assert list(first) == list(theirs)
                for name, value in theirs.items():
                    np.testing.assert_array_max_ulp(first[name], value, 8) if value.ndim else None
                assert repr(found[0][0]) == repr(module)
            module.to(lib.float64 if dtype == np.float64 else lib.float32)
            given = [lib.tensor(a.astype(dtype) if a.dtype.kind == "f" else a) for a in arrays]
            for x in given:
                if x.dtype in (lib.float64, lib.float32) and not np.isinf(x.numpy()).any():
                    x.requires_grad_()
            results = leaves(run(lib, module, given))
            rng = np.random.default_rng(0)
            loss = sum((y * lib.tensor(rng.normal(size=tuple(y.shape)).astype(dtype))).sum() for y in results)
            loss.backward()
            grads = [x.grad for x in given if x.requires_grad] + [p.grad for p in module.parameters()]
            found.append(
                (module, [y.detach().numpy() for y in results], [None if g is None else g.numpy() for g in grads])
            )
        for ours, theirs in zip(found[0][1] + found[0][2], found[1][1] + found[1][2], strict=True):
            if theirs is None:
                assert ours is None or not ours.any()
                continue
            if ours is None:
                assert not theirs.any()
                continue
            assert ours.dtype == dtype and ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * max(1.0, np.abs(theirs).max()))
