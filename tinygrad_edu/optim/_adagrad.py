"""Adagrad: steps that shrink with the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class Adagrad(Optimizer):
    """θ ← θ − lr / (1 + (t − 1) · lr_decay) · gradient / (√s + eps), s the sum of its squares so far (Duchi et al., 2011).

    `weight_decay` adds weight_decay · θ to the gradient. `maximize` climbs instead; with `differentiable` the steps are
    part of the graph. `foreach` and `fused` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype = value.dtype
        state = self.state[p]
        if not state:
            state.update(step=0, sum=full(value, group["initial_accumulator_value"]))
        state["step"] += 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        total, work = state["sum"].array, self._scratch(value, 1)
        np.multiply(grad, grad, work)
        np.add(total, work, total)
        np.sqrt(total, work)
        np.add(work, scalar(group["eps"], dtype), work)
        np.divide(grad, work, work)
        np.multiply(work, np.asarray(group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"]), dtype), work)
        np.subtract(value, work, value)
