"""Adam and AdamW, which differ only in where the weight decay enters."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.optim._optimizer import Array, Group, Optimizer, lerp_, mean_square_, scalar, zeros_for


class Adam(Optimizer):
    """θ ← θ − lr · m̂ / (√v̂ + eps), m̂ and v̂ running means of the gradient and of its square, without bias (Kingma &
    Ba, 2015).

    `weight_decay` adds weight_decay · θ to the gradient. `amsgrad` divides by the largest v so far (Reddi et al.,
    2018). `maximize` climbs instead. `foreach` and `fused` are accepted and change nothing.
    """

    decoupled = False  # whether the weight decay acts on the parameter and not through the gradient

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, lr, (beta1, beta2) = value.dtype, group["lr"], group["betas"]
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=zeros_for(p), exp_avg_sq=zeros_for(p))
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = zeros_for(p)
        state["step"] += 1
        if self.decoupled:
            if decay := group["weight_decay"]:
                np.multiply(value, scalar(1 - lr * decay, dtype), value)
            if group["maximize"]:
                grad = np.negative(grad, out=self._scratch(value))
        elif group["weight_decay"] or group["maximize"]:
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

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
