"""Adamax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, lerp_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class Adamax(Optimizer):
    """θ ← θ − lr · m̂ / u, m̂ the running mean of the gradient without bias, u ← max(β₂ u, |gradient| + eps) (Kingma & Ba,
    2015, section 7.1).

    `weight_decay` adds weight_decay · θ to the gradient. `maximize` climbs instead; with `differentiable` the steps are
    part of the graph. `foreach` and `capturable` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, (beta1, beta2) = value.dtype, group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=full(value), exp_inf=full(value))
        state["step"] += 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        mean, largest = state["exp_avg"].array, state["exp_inf"].array
        work = self._scratch(value, 1)
        lerp_(mean, grad, scalar(1 - beta1, dtype), work)
        np.absolute(grad, work)
        np.add(work, scalar(group["eps"], dtype), work)
        np.multiply(largest, scalar(beta2, dtype), largest)
        np.maximum(largest, work, out=largest)
        np.divide(mean, largest, work)
        np.multiply(work, np.asarray(group["lr"] / (1 - beta1 ** state["step"]), dtype), work)
        np.subtract(value, work, value)
