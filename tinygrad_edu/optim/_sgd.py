"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.optim._arrays import Array, copied, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class SGD(Optimizer):
    """θ ← θ − lr · d, with d = gradient + weight_decay · θ.

    With `momentum` μ: v ← μv + (1 − dampening) · d, v = d at first, and v takes the place of d; with `nesterov`, d + μv
    does (Sutskever et al., 2013). `maximize` climbs instead; with `differentiable` the steps
    are part of the graph. `foreach` and `fused` are accepted and change nothing.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _check_settings(self, group: Group) -> None:
        super()._check_settings(group)
        if group["nesterov"] and not (group["momentum"] > 0 and group["dampening"] == 0):
            raise ConfigError(
                "SGD: nesterov=True looks ahead along the momentum, so it needs momentum > 0 and dampening=0; got "
                f"momentum={group['momentum']} and dampening={group['dampening']}."
            )

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype = value.dtype
        if group["weight_decay"] or group["maximize"]:
            grad = self._descent(value, grad, group)
        work = self._scratch(value, 1)
        if group["momentum"]:
            grad = self._with_momentum(p, grad, group, work)
        np.multiply(grad, scalar(group["lr"], dtype), work)
        np.subtract(value, work, value)

    def _with_momentum(self, p: Tensor, grad: Array, group: Group, work: Array) -> Array:
        state = self.state[p]
        dtype = grad.dtype
        momentum = scalar(group["momentum"], dtype)
        velocity = state.get("momentum_buffer")
        if velocity is None:
            velocity = state["momentum_buffer"] = copied(grad, dtype)
        else:
            np.multiply(velocity.array, momentum, velocity.array)
            np.multiply(grad, scalar(1 - group["dampening"], dtype), work)
            np.add(velocity.array, work, velocity.array)
        if not group["nesterov"]:
            ahead: Array = velocity.array
            return ahead
        np.multiply(velocity.array, momentum, work)
        return np.add(grad, work, self._scratch(grad))
