"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, lerp_, mean_square_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class RMSprop(Optimizer):
    """θ ← θ − lr · d / (√v + eps), v a running mean of d², with d = gradient + weight_decay · θ (Tieleman & Hinton,
    2012).

    `alpha` is the share of v that stays. `centered` takes the square of a running mean of d off v first (Graves, 2013).
    With `momentum` μ the steps add up: b ← μb + d/(√v + eps), θ ← θ − lr · b. `maximize` climbs instead. `foreach` is
    accepted and changes nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, alpha = value.dtype, group["alpha"]
        state = self.state[p]
        if not state:
            state.update(step=0, square_avg=full(value))
            if group["momentum"]:
                state["momentum_buffer"] = full(value)
            if group["centered"]:
                state["grad_avg"] = full(value)
        state["step"] += 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        square, work = state["square_avg"].array, self._scratch(value, 1)
        mean_square_(square, grad, alpha, work)
        if group["centered"]:
            mean = state["grad_avg"].array
            lerp_(mean, grad, scalar(1 - alpha, dtype), work)
            np.multiply(mean, mean, work)
            np.subtract(square, work, work)
            np.sqrt(work, work)
        else:
            np.sqrt(square, work)
        np.add(work, scalar(group["eps"], dtype), work)
        np.divide(grad, work, work)
        if group["momentum"]:
            total = state["momentum_buffer"].array
            np.multiply(total, scalar(group["momentum"], dtype), total)
            np.add(total, work, total)
            np.multiply(total, scalar(group["lr"], dtype), work)
        else:
            np.multiply(work, scalar(group["lr"], dtype), work)
        np.subtract(value, work, value)
