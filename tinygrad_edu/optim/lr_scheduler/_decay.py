"""Schedules that go one way: by steps, by a factor, along a line, a power or a function."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler, attributes
from tinygrad_edu.utils._checks import is_number

Factor = Callable[[int], float]


class LambdaLR(LRScheduler):
    """base · f(t), f a function, or one for each group."""

    _unsaved = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1) -> None:
        count = len(getattr(optimizer, "param_groups", ()))
        self.lr_lambdas = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        self._need(
            len(self.lr_lambdas) == count, f"needs one function, or one for each of the {count} groups", lr_lambda
        )
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return base * self.lr_lambdas[group](self.last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Its numbers, and the attributes of functions that are objects."""
        return {**super().state_dict(), "lr_lambdas": [attributes(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        super().load_state_dict(state_dict)
        for f, kept in zip(self.lr_lambdas, state_dict.get("lr_lambdas", ()), strict=False):
            if kept is not None:
                f.__dict__.update(kept)


class MultiplicativeLR(LambdaLR):
    """base · f(1) · f(2) · … · f(t), f a function, or one for each group."""

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr if self._is_initial else lr * self.lr_lambdas[group](self.last_epoch)


class StepLR(LRScheduler):
    """base · gamma^⌊t / step_size⌋: a step down now and then."""

    def __init__(self, optimizer: Optimizer, step_size: float, gamma: float = 0.1, last_epoch: int = -1) -> None:
        whole = is_number(step_size) and float(step_size).is_integer()  # some say 1.0
        self._need(whole and step_size > 0, "step_size must be a positive integer", step_size)
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr * self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else lr

    def _closed(self, base: float) -> float:
        return float(base * self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(LRScheduler):
    """base · gamma^(how many of the milestones are ≤ t)."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr * self.gamma ** self.milestones[self.last_epoch]

    def _closed(self, base: float) -> float:
        return float(base * self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch))

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        super().load_state_dict(state_dict)
        self.milestones = Counter(self.milestones)  # a file has a dict, or a list


class ExponentialLR(LRScheduler):
    """base · gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr if self._is_initial else lr * self.gamma

    def _closed(self, base: float) -> float:
        return float(base * self.gamma**self.last_epoch)


class ConstantLR(LRScheduler):
    """base · factor while t < total_iters, then base."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self._need(0 <= factor <= 1, "factor must be between 0 and 1", factor)
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        if self.last_epoch == 0:
            return lr * self.factor
        return lr * (1 / self.factor) if self.last_epoch == self.total_iters else lr

    def _closed(self, base: float) -> float:
        return base if self.last_epoch >= self.total_iters else base * self.factor


class LinearLR(LRScheduler):
    """base · (start_factor + (end_factor − start_factor) · min(t, total_iters) / total_iters)."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self._need(0 < start_factor <= 1, "start_factor must be above 0 and at most 1", start_factor)
        self._need(0 <= end_factor <= 1, "end_factor must be between 0 and 1", end_factor)
        self._need(total_iters > 0, "total_iters must be positive", total_iters)
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        if self.last_epoch == 0:
            return lr * self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        return lr * (1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _closed(self, base: float) -> float:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


class PolynomialLR(LRScheduler):
    """base · (1 − min(t, total_iters) / total_iters)^power."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self._need(total_iters > 0, "total_iters must be positive", total_iters)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        if self._is_initial or self.last_epoch > self.total_iters:
            return lr
        t, span = self.last_epoch, self.total_iters
        return float(lr * ((1 - t / span) / (1 - (t - 1) / span)) ** self.power)

    def _closed(self, base: float) -> float:
        return float(base * (1 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)
