"""What the parts of one operation cost, here and in PyTorch: from the bare ufunc to the reverse sweep over a recorded one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import peers

_LENGTH = 100


class Part(NamedTuple):
    """Something to time, and how many operations a call of it makes."""

    call: Callable[[], Any]
    ops: int = 1


def parts() -> dict[str, Part]:
    """By name; the first is what the others are compared with."""
    import torch

    from tinygrad_edu.engine.graph import ancestors
    from tinygrad_edu.ops.elementwise import multiply

    a, b = np.random.default_rng(0).uniform(0.2, 0.8, (2, 4)).astype(np.float32)
    c = np.empty_like(a)
    ours, pytorch = peers.ours(), peers.pytorch()
    x, y, tx, ty = (lib.array(v) for lib in (ours, pytorch) for v in (a, b))
    u, v, tu, tv = (lib.leaf(v) for lib in (ours, pytorch) for v in (a, b))
    recorded, torch_recorded = _chain(u, v), _chain(tu, tv)

    def sweep(top: Any, *leaves: Any) -> Callable[[], None]:
        def call() -> None:
            for leaf in leaves:
                leaf.grad = None
            top.backward(retain_graph=True)

        return call

    both = 2 * _LENGTH
    return {
        "`np.multiply(a, b)`: a ufunc that makes its result": Part(lambda: np.multiply(a, b)),
        "`np.multiply(a, b, out=c)`: into a buffer": Part(lambda: np.multiply(a, b, out=c)),
        "the op on arrays, as the rules call it in a sweep": Part(lambda: multiply(a, b)),
        "the op on tensors, nothing recorded": Part(lambda: x * y),
        "the op on tensors, recorded": Part(lambda: u * v),
        "a chain of `b*a + a`, recorded: per op": Part(lambda: _chain(u, v), both),
        "its reverse sweep: per op": Part(sweep(recorded, u, v), both),
        "of that, finding the order of the nodes": Part(lambda: ancestors([recorded.node]), both),
        "PyTorch: an op, nothing recorded": Part(lambda: torch.mul(tx, ty)),
        "PyTorch: an op, recorded": Part(lambda: torch.mul(tu, tv)),
        "PyTorch: the chain, recorded: per op": Part(lambda: _chain(tu, tv), both),
        "PyTorch: its reverse sweep: per op": Part(sweep(torch_recorded, tu, tv), both),
    }


def _chain(a: Any, b: Any) -> Any:
    for _ in range(_LENGTH):
        b = b * a + a
    return b.sum()
