"""A schedule that looks at how the training goes."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler, rates_of, set_rate


class ReduceLROnPlateau(LRScheduler):
    """lr · factor, not below min_lr, whenever `step(metric)` saw no better metric for more than `patience` steps.

    Better is lower, or with `mode="max"` higher, than the best so far by the share `threshold` of it, or with
    `threshold_mode="abs"` by `threshold`. After a reduction nothing is counted for `cooldown` steps. A change of less
    than `eps` isn't made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self._attach(optimizer)
        self._need(0 <= factor < 1, "factor must be below 1 and not negative", factor)
        self._need(mode in ("min", "max"), 'mode is "min" or "max"', mode)
        self._need(threshold_mode in ("rel", "abs"), 'threshold_mode is "rel" or "abs"', threshold_mode)
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = self._for_each_group("min_lr", min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = rates_of(optimizer)
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]  # as in PyTorch
        """Look at the metric, a number, and reduce the rates if it has stopped getting better."""
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = rates_of(self.optimizer)

    def _is_better(self, current: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * current < sign * self.best * (1 - sign * self.threshold)
        return sign * current < sign * self.best - self.threshold

    def _reduce(self) -> None:
        for group, lowest in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            before = float(group["lr"])
            lr = max(before * self.factor, lowest)
            if before - lr > self.eps:
                set_rate(group, lr)
