"""Muon: momentum whose every step is made orthogonal, for the weight matrices of hidden layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.optim._arrays import Array, full, lerp_, scalar
from tinygrad_edu.optim._optimizer import Group, Optimizer


class Muon(Optimizer):
    """W ← (1 − lr · weight_decay) W − lr · r · O, O the momentum with all singular values near one (Jordan et al., 2024).

    `ns_steps` of Newton and Schulz's iteration with `ns_coefficients` find O, in bfloat16 as in PyTorch. The factor r is
    √max(1, rows/columns), or with `adjust_lr_fn="match_rms_adamw"` 0.2 √max(rows, columns). Parameters other than
    matrices, and those of embeddings and of the last layer, go to another optimizer.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ConfigError(f'Muon: adjust_lr_fn is "original", "match_rms_adamw" or None, not {adjust_lr_fn!r}.')
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def _check_params(self, params: list[Any], differentiable: bool) -> None:
        super()._check_params(params, differentiable)
        for i, p in enumerate(params):
            if p.ndim != 2:
                raise ShapeError(
                    f"Muon: parameter {i} of group {len(self.param_groups)} has shape {p.shape}; it updates matrices only. Give "
                    "the others to AdamW."
                )

    def _update(self, p: Tensor, value: Array, grad: Array, group: Group) -> None:
        dtype, lr = value.dtype, group["lr"]
        state = self.state[p]
        if not state:
            state["momentum_buffer"] = full(value)
        total, work = state["momentum_buffer"].array, self._scratch(value, 1)
        momentum = group["momentum"]
        lerp_(total, grad, scalar(1 - momentum, dtype), work)
        if group["nesterov"]:
            np.subtract(total, grad, work)
            np.multiply(work, scalar(momentum, dtype), work)
            np.add(grad, work, work)
        else:
            np.copyto(work, total)
        direction = _orthogonal(work, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rows, columns = value.shape
        ratio = math.sqrt(max(1, rows / columns))
        if group["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        if decay := group["weight_decay"]:
            np.multiply(value, scalar(1 - lr * decay, dtype), value)
        np.multiply(direction, scalar(lr * ratio, dtype), work)
        np.subtract(value, work, value)


def _orthogonal(g: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """The matrix with the singular vectors of `g` and singular values near one, by Newton and Schulz's iteration."""
    a, b, c = coefficients
    tall = g.shape[0] > g.shape[1]
    x = _bfloat16(g.T if tall else g)
    x = _bfloat16(x / max(float(_bfloat16(np.linalg.norm(x))), eps))
    for _ in range(steps):
        gram = _bfloat16(x @ x.T)
        x = _bfloat16(a * x + _bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


def _bfloat16(x: Any) -> Array:
    """Rounded to bfloat16's eight digits of precision, half to even, in float32."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)
