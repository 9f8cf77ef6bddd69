"""Adam and AdamW, which differ only in where the weight decay enters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._arrays import Array, full, lerp_, mean_square_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class Adam(Optimizer):
    """θ ← θ − lr · m̂ / (√v̂ + eps), m̂ and v̂ running means of the gradient and of its square, without bias (Kingma &
    Ba, 2015).

    `weight_decay` adds weight_decay · θ to the gradient, or if decoupled shrinks θ itself. `amsgrad` divides by the
    largest v so far (Reddi et al., 2018). `maximize` climbs instead; with `differentiable` the steps are part of the
    graph. `foreach`, `fused` and `capturable` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, lr, (beta1, beta2) = value.dtype, group["lr"], group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=full(value), exp_avg_sq=full(value))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = full(value)
        state["step"] += 1
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
        work = self._scratch(value, 1)
        mean_square_(square, grad, beta2, work)
        lerp_(mean, grad, scalar(1 - beta1, dtype), work)
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"].array
            square = np.maximum(largest, square, out=largest)
        # The running means started at zero; dividing by 1 − βᵗ makes up for it.
        root = math.sqrt(1 - beta2 ** state["step"])
        np.sqrt(square, work)
        np.divide(work, np.asarray(root, dtype), work)
        np.add(work, scalar(group["eps"], dtype), work)
        np.divide(mean, work, work)
        np.multiply(work, np.asarray(lr / (1 - beta1 ** state["step"]), dtype), work)
        np.subtract(value, work, value)


class AdamW(Adam):
    """Adam with a weight decay that isn't scaled by the gradient's history: θ ← (1 − lr · weight_decay) θ first
    (Loshchilov & Hutter, 2019).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **options, decoupled_weight_decay=True)
