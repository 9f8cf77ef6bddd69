"""Learning rates that change while training: `scheduler.step()` after each epoch (or step) sets those of an optimizer's
groups.

Each is written as PyTorch writes it, as a change of the rate that is there now, so that several can act on one
optimizer; its docstring gives the closed form, t counting the calls of `step`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.utils._checks import is_integer


class LRScheduler:
    """What all schedulers have in common. A subclass defines `get_lr`, or `_next` for one group.

    Args:
        optimizer: the one whose rates are set.
        last_epoch: the t to continue from; −1 starts at 0.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ConfigError(f"{type(self).__name__}: needs an optimizer, got {type(optimizer).__name__}.")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ConfigError(
                    f"{type(self).__name__}: to continue from last_epoch={last_epoch}, group {i} needs its 'initial_lr', as "
                    "an optimizer's saved state has it."
                )
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def step(self) -> None:
        """Go on to the next t and set the learning rates."""
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def get_lr(self) -> list[float]:
        """The rates for `last_epoch`, from those of the step before."""
        groups = self.optimizer.param_groups
        return [
            self._next(group["lr"], base, i) for i, (group, base) in enumerate(zip(groups, self.base_lrs, strict=True))
        ]

    def _next(self, lr: float, base: float, group: int) -> float:
        raise NotImplementedError(
            f"{type(self).__name__} needs a method get_lr(self) that returns a rate for each group"
        )

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and functions: what `save` stores."""
        return {key: value for key, value in self.__dict__.items() if key not in ("optimizer", "lr_lambdas")}

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        own = self.state_dict()
        if not isinstance(state_dict, dict) or state_dict.keys() != own.keys():
            found = ", ".join(map(str, state_dict)) if isinstance(state_dict, dict) else type(state_dict).__name__
            raise CheckpointError(f"{type(self).__name__}.load_state_dict: expected {', '.join(own)}; got {found}.")
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: the state is for {len(state_dict['base_lrs'])} groups, the "
                f"optimizer has {len(self.base_lrs)}."
            )
        self.__dict__.update(state_dict)

    def _need(self, fits: bool, what: str, value: Any) -> None:
        if not fits:
            raise ConfigError(f"{type(self).__name__}: {what}, got {value!r}.")


class LambdaLR(LRScheduler):
    """base · f(t), f a function, or one for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        count = len(getattr(optimizer, "param_groups", ()))
        self.lr_lambdas = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        self._need(
            len(self.lr_lambdas) == count, f"needs one function, or one for each of the {count} groups", lr_lambda
        )
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return base * self.lr_lambdas[group](self.last_epoch)


class StepLR(LRScheduler):
    """base · gamma^⌊t / step_size⌋: a step down now and then."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self._need(is_integer(step_size) and step_size > 0, "step_size must be a positive integer", step_size)
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr * self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else lr


class MultiStepLR(LRScheduler):
    """base · gamma^(how many of the milestones are ≤ t)."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.milestones = sorted(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr * self.gamma ** self.milestones.count(self.last_epoch)


class ExponentialLR(LRScheduler):
    """base · gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self._need(0 < gamma < math.inf, "gamma must be a positive number", gamma)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _next(self, lr: float, base: float, group: int) -> float:
        return lr * self.gamma if self.last_epoch else lr


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
        if self.last_epoch > self.total_iters:
            return lr
        rise = self.end_factor - self.start_factor
        return lr * (1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))


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
        if t == 0:
            return lr
        if (t - 1 - span) % (2 * span) == 0:
            # The step before was at eta_min, from which no ratio leads up again.
            return lr + (base - self.eta_min) * (1 - math.cos(math.pi / span)) / 2
        ratio = (1 + math.cos(math.pi * t / span)) / (1 + math.cos(math.pi * (t - 1) / span))
        return ratio * (lr - self.eta_min) + self.eta_min
