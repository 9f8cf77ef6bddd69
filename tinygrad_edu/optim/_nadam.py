"""NAdam: Adam that looks ahead along its momentum, as Nesterov's does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, lerp_, mean_square_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class NAdam(Optimizer):
    """Adam with Nesterov's momentum, whose share μₜ = β₁ (1 − ½ · 0.96^(t · momentum_decay)) grows with t (Dozat, 2016).

    The options are Adam's; `foreach` and `capturable` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, lr, (beta1, beta2) = value.dtype, group["lr"], group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=0, mu_product=1.0, exp_avg=full(value), exp_avg_sq=full(value))
        step = state["step"] = state["step"] + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1))
        single = get_default_dtype().type  # PyTorch keeps the product as a tensor of the default dtype
        product = state["mu_product"] = float(single(state["mu_product"]) * single(mu))
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
        work, root = self._scratch(value, 1), self._scratch(value, 2)
        mean_square_(square, grad, beta2, work)
        lerp_(mean, grad, scalar(1 - beta1, dtype), work)
        np.sqrt(square, root)
        np.divide(root, np.asarray(math.sqrt(1 - beta2**step), dtype), root)
        np.add(root, scalar(group["eps"], dtype), root)
        for direction, share in ((grad, (1 - mu) / (1 - product)), (mean, mu_next / (1 - product * mu_next))):
            np.divide(direction, root, work)
            np.multiply(work, np.asarray(lr * share, dtype), work)
            np.subtract(value, work, value)
