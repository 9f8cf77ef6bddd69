"""Schedules that go up and down between two rates, and the momentum against them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler, attributes, set_rate
from tinygrad_edu.utils._checks import is_integer

Numbers = float | Sequence[float]


class _WithMomentum(LRScheduler):
    """A schedule that also sets the momentum, or Adam's β₁."""

    use_beta1: bool
    base_momentums: list[float]
    max_momentums: list[float]

    def _take_momentum(self, base: Numbers, highest: Numbers, last_epoch: int) -> None:
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ConfigError(
                f"{type(self).__name__}: {type(self.optimizer).__name__} has no momentum to cycle; give cycle_momentum=False."
            )
        self.use_beta1 = "betas" in defaults
        self.base_momentums = self._for_each_group("base_momentum", base)
        self.max_momentums = self._for_each_group("max_momentum", highest)
        if last_epoch == -1:
            for i, group in enumerate(self.optimizer.param_groups):
                self._set_momentum(group, self.max_momentums[i])
                group["max_momentum"] = self.max_momentums[i]
                group["base_momentum"] = self.base_momentums[i]

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_WithMomentum):
    """From base_lr up to max_lr in `step_size_up` steps and down in `step_size_down`, again and again (Smith, 2017).

    `mode` makes the height of the triangles shrink: "triangular" not at all, "triangular2" by half each cycle,
    "exp_range" by `gamma` each step; or `scale_fn` does, a function of the cycle's number or, by `scale_mode`, of the
    iteration. With `cycle_momentum` the momentum goes the other way, between max_momentum and base_momentum.
    """

    _unsaved = ("optimizer", "scale_fn", "_scale_fn_custom")

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Numbers,
        max_lr: Numbers,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Numbers = 0.8,
        max_momentum: Numbers = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        base_lrs = self._for_each_group("base_lr", base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_rate(group, lr)
        self.max_lrs = self._for_each_group("max_lr", max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        scales: dict[str, tuple[str, Callable[[float], float]]] = {
            "triangular": ("cycle", lambda cycle: 1.0),
            "triangular2": ("cycle", lambda cycle: 1 / 2.0 ** (cycle - 1)),
            "exp_range": ("iterations", lambda t: float(gamma**t)),
        }
        self._need(mode in scales or scale_fn is not None, f"mode must be one of {', '.join(scales)}", mode)
        self.mode = mode
        self.gamma = gamma
        self.scale_mode = scale_mode
        self.scale_fn: Callable[[float], float]
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            self.scale_mode, self.scale_fn = scales[mode]
        else:
            self.scale_fn = scale_fn
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._take_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def state_dict(self) -> dict[str, Any]:
        """Its numbers, and the attributes of a `scale_fn` that is an object."""
        return {**super().state_dict(), "_scale_fn_custom": attributes(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        super().load_state_dict(state_dict)
        if self._scale_fn_custom is not None and (kept := state_dict.get("_scale_fn_custom")) is not None:
            self._scale_fn_custom.__dict__.update(kept)

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for i, group in enumerate(self.optimizer.param_groups):
                highest = self.max_momentums[i]
                self._set_momentum(group, highest - (highest - self.base_momentums[i]) * height * scale)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [base + (highest - base) * height * scale for base, highest in pairs]


class OneCycleLR(_WithMomentum):
    """One rise from max_lr / div_factor to max_lr over the first `pct_start` of all steps, then a fall to
    1 / final_div_factor of where it began (Smith & Topin, 2018). `step` is to be called after every batch.

    `anneal_strategy` is the curve: "cos" or "linear". With `three_phase` the way down takes as long as the way up, and a
    third phase goes below. With `cycle_momentum` the momentum goes the other way, between max_momentum and base_momentum.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Numbers,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Numbers = 0.85,
        max_momentum: Numbers = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        if total_steps is None and epochs is not None and steps_per_epoch is not None:
            total_steps = epochs * steps_per_epoch
        self._need(
            is_integer(total_steps) and total_steps > 0,  # type: ignore[operator]  # no None after is_integer
            "needs a positive total_steps, or epochs and steps_per_epoch",
            total_steps,
        )
        self._need(0 <= pct_start <= 1, "pct_start must be between 0 and 1", pct_start)
        self._need(anneal_strategy in ("cos", "linear"), 'anneal_strategy is "cos" or "linear"', anneal_strategy)
        self.total_steps: int = total_steps  # type: ignore[assignment]
        self._anneal_func_type = anneal_strategy
        rise = ("initial_lr", "max_lr", "max_momentum", "base_momentum")
        fall = ("max_lr", "min_lr", "base_momentum", "max_momentum")
        steps = float(pct_start * self.total_steps)
        last = self.total_steps - 1
        if three_phase:
            back = ("max_lr", "initial_lr", "base_momentum", "max_momentum")
            below = ("initial_lr", "min_lr", "max_momentum", "max_momentum")
            phases = [(steps - 1, rise), (float(2 * pct_start * self.total_steps) - 2, back), (last, below)]
        else:
            phases = [(steps - 1, rise), (last, fall)]
        names = ("start_lr", "end_lr", "start_momentum", "end_momentum")
        self._schedule_phases: list[dict[str, Any]] = [
            {"end_step": end, **dict(zip(names, keys, strict=True))} for end, keys in phases
        ]
        if last_epoch == -1:
            highest = self._for_each_group("max_lr", max_lr)
            for lr, group in zip(highest, optimizer.param_groups, strict=True):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._take_momentum(base_momentum, max_momentum, last_epoch)
            del self.base_momentums, self.max_momentums  # the groups have them
        super().__init__(optimizer, last_epoch)

    def _anneal(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> list[float]:
        t = self.last_epoch
        self._need(t <= self.total_steps, f"there are total_steps={self.total_steps} steps in the cycle", t)
        start = 0.0
        for phase in self._schedule_phases:
            if t <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            start = phase["end_step"]
        share = (t - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._anneal(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._anneal(*ends, share))
        return rates
