"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler._plateau import ReduceLROnPlateau
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler, rates_of, set_rate


class _Combined(LRScheduler):
    """What holds other schedulers, whose states are part of its own."""

    _schedulers: list[LRScheduler]

    def _take(self, optimizer: Any, schedulers: Sequence[Any]) -> None:
        name = type(self).__name__
        self._need(len(schedulers) > 0, "needs at least one scheduler", schedulers)
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
                raise ConfigError(f"{name}: number {i} is a {type(scheduler).__name__}, which can't be combined.")
            if scheduler.optimizer is not optimizer:
                raise ConfigError(f"{name}: number {i}, a {type(scheduler).__name__}, is for another optimizer.")
        self._schedulers = list(schedulers)
        self._attach(optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Its own numbers, and the state of each scheduler."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        schedulers, inner = self._schedulers, state_dict.get("_schedulers", ())
        if len(inner) != len(schedulers):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: the state is of {len(inner)} schedulers, there are {len(schedulers)}."
            )
        super().load_state_dict(state_dict)
        self._schedulers = schedulers
        for scheduler, state in zip(schedulers, inner, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_Combined):
    """The first scheduler up to the first milestone, then the second from its own beginning, and so on."""

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        self._take(optimizer, schedulers)
        self._need(
            len(milestones) == len(schedulers) - 1,
            f"between {len(schedulers)} schedulers there are {len(schedulers) - 1} milestones",
            milestones,
        )
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:  # as if none of them had made its first step
            set_rate(group, group["initial_lr"])
        _undo(self._schedulers)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]  # as in PyTorch
        """Go on to the next t and set the learning rates."""
        self.last_epoch += 1
        at = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[at]
        if at > 0 and self._milestones[at - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo(schedulers: list[LRScheduler]) -> None:
    for scheduler in schedulers:
        if isinstance(scheduler, _Combined):
            _undo(scheduler._schedulers)
        else:
            scheduler.last_epoch -= 1


class ChainedScheduler(_Combined):
    """All schedulers at once: each changes the rate that the one before has set."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(optimizer or getattr(schedulers[0] if schedulers else None, "optimizer", None), schedulers)
        self._last_lr = rates_of(self.optimizer)

    def step(self) -> None:  # type: ignore[override]  # as in PyTorch
        """One step of each."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates_of(self.optimizer)
