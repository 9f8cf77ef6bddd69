"""RAdam: Adam that trusts its denominator only once enough gradients were seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, lerp_, mean_square_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class RAdam(Optimizer):
    """Adam whose adaptive rate is rectified by its variance; in the first steps, where that is infinite, momentum alone
    (Liu et al., 2020).

    The options are Adam's; `foreach` and `capturable` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, (beta1, beta2) = value.dtype, group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=full(value), exp_avg_sq=full(value))
        step = state["step"] = state["step"] + 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
        work = self._scratch(value, 1)
        mean_square_(square, grad, beta2, work)
        lerp_(mean, grad, scalar(1 - beta1, dtype), work)
        rate = group["lr"] / (1 - beta1**step)
        unbiased = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1  # ρ∞ and ρₜ in the paper
        length = longest - 2 * step * beta2**step / unbiased
        if length > 5:
            rate *= math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length) * unbiased
            )
            np.sqrt(square, work)
            np.add(work, scalar(group["eps"], dtype), work)
            np.divide(mean, work, work)
            np.multiply(work, np.asarray(rate, dtype), work)
        else:
            np.multiply(mean, np.asarray(rate, dtype), work)
        np.subtract(value, work, value)
