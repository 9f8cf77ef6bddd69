"""Adadelta: steps in the units of the parameter, without a rate to choose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, mean_square_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class Adadelta(Optimizer):
    """θ ← θ − lr · d, with d = gradient · √(u + eps) / √(v + eps), v and u running means of the squared gradients and of the
    squared d (Zeiler, 2012); `rho` is the share that stays.

    `weight_decay` adds weight_decay · θ to the gradient. `maximize` climbs instead; with `differentiable` the steps are
    part of the graph. `foreach` and `capturable` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, rho, eps = value.dtype, group["rho"], scalar(group["eps"], value.dtype)
        state = self.state[p]
        if not state:
            state.update(step=0, square_avg=full(value), acc_delta=full(value))
        state["step"] += 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        square, moved = state["square_avg"].array, state["acc_delta"].array
        work, delta = self._scratch(value, 1), self._scratch(value, 2)
        mean_square_(square, grad, rho, work)
        np.add(square, eps, work)
        np.sqrt(work, work)
        np.add(moved, eps, delta)
        np.sqrt(delta, delta)
        np.divide(delta, work, delta)
        np.multiply(delta, grad, delta)
        mean_square_(moved, delta, rho, work)
        np.multiply(delta, scalar(group["lr"], dtype), work)
        np.subtract(value, work, value)
