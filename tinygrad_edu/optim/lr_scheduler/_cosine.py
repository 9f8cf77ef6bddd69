"""Schedules along a cosine: down once, or down and up again by restarts."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler
from tinygrad_edu.utils._checks import is_integer


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base − eta_min) · (1 + cos(πt / T_max)) / 2: down to eta_min in T_max steps (Loshchilov & Hutter,
    2017).
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self._need(T_max > 0, "T_max must be positive", T_max)
        self._need(0 <= eta_min < math.inf, "eta_min must not be negative", eta_min)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        t, span = self.last_epoch, self.T_max
        if self._is_initial:
            return lr
        if (t - 1 - span) % (2 * span) == 0:
            # The step before was at eta_min, from which no ratio leads up again.
            return lr + (base - self.eta_min) * (1 - math.cos(math.pi / span)) / 2
        ratio = (1 + math.cos(math.pi * t / span)) / (1 + math.cos(math.pi * (t - 1) / span))
        return ratio * (lr - self.eta_min) + self.eta_min

    def _closed(self, base: float) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2


class CosineAnnealingWarmRestarts(LRScheduler):
    """eta_min + (base − eta_min) · (1 + cos(π T_cur / T_i)) / 2, T_cur counting from 0 to T_i and then again, T_i being T_0
    at first and T_mult times as long after each restart (Loshchilov & Hutter, 2017).

    `step(epoch)` takes fractions, too: `scheduler.step(epoch + batch / batches)`.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self._need(is_integer(T_0) and T_0 > 0, "T_0 must be a positive integer", T_0)
        self._need(is_integer(T_mult) and T_mult >= 1, "T_mult must be an integer of at least 1", T_mult)
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def step(self, epoch: Any = None) -> None:
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._need(epoch >= 0, "epoch must not be negative", epoch)
            restarts = self._restarts(epoch)
            self.T_i = self.T_0 * self.T_mult**restarts
            if self.T_mult == 1:
                self.T_cur = epoch - self.T_0 * restarts
            else:
                self.T_cur = epoch - self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _restarts(self, epoch: float) -> int:
        if epoch < self.T_0:
            return 0
        if self.T_mult == 1:
            return int(epoch // self.T_0)
        return int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
