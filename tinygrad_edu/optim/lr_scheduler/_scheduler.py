"""`LRScheduler`: what all schedulers have in common."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.optim._optimizer import Optimizer

# What PyTorch's states hold beside these, and needn't be known here.
_BOOKKEEPING = {"_step_count", "_is_initial", "_get_lr_called_within_step", "lr_lambdas", "_scale_fn_custom"}


class LRScheduler:
    """What all schedulers have in common. A subclass defines `get_lr`, or `_next` for one group.

    Args:
        optimizer: the one whose rates are set.
        last_epoch: the t to continue from; −1 starts at 0.
    """

    _is_initial = False  # whether this is the step that the constructor takes
    _unsaved: tuple[str, ...] = ("optimizer",)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
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
        self._initial_step()

    def _attach(self, optimizer: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ConfigError(f"{type(self).__name__}: needs an optimizer, got {type(optimizer).__name__}.")
        self.optimizer = optimizer

    def _initial_step(self) -> None:
        self._is_initial = True
        self.step()
        del self._is_initial

    def step(self, epoch: Any = None) -> None:
        """Go on to the next t and set the learning rates; or go to the t that is given."""
        self._update_lr(epoch)

    def _update_lr(self, epoch: Any = None) -> None:
        if epoch is None:
            self.last_epoch += 1
            rates = self.get_lr()
        else:
            self.last_epoch = epoch
            rates = self._get_closed_form_lr()
        self._set(rates)

    def _set(self, rates: list[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
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

    def _get_closed_form_lr(self) -> list[float]:
        """The rates for `last_epoch` wherever the schedule was before; a subclass gives `_closed` for one group."""
        rates = [self._closed(base) for base in self.base_lrs]
        return self.get_lr() if None in rates else rates  # type: ignore[return-value]  # no None is left

    def _closed(self, base: float) -> float | None:
        return None

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and functions: what `save` stores."""
        return {key: value for key, value in self.__dict__.items() if key not in self._unsaved}

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over what `state_dict` gave. The optimizer's rates are part of the optimizer's state."""
        own = self.state_dict()
        if not isinstance(state_dict, dict) or state_dict.keys() - _BOOKKEEPING != own.keys():
            found = ", ".join(map(str, state_dict)) if isinstance(state_dict, dict) else type(state_dict).__name__
            raise CheckpointError(f"{type(self).__name__}.load_state_dict: expected {', '.join(own)}; got {found}.")
        count = len(state_dict["_last_lr"])
        if count != len(self.optimizer.param_groups):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: the state is for {count} groups, the "
                f"optimizer has {len(self.optimizer.param_groups)}."
            )
        self.__dict__.update({key: state_dict[key] for key in own})

    def _need(self, fits: bool, what: str, value: Any) -> None:
        if not fits:
            raise ConfigError(f"{type(self).__name__}: {what}, got {value!r}.")

    def _for_each_group(self, name: str, value: Any) -> list[Any]:
        """One setting for all groups, or one for each."""
        count = len(self.optimizer.param_groups)
        if not isinstance(value, list | tuple):
            return [value] * count
        self._need(len(value) == count, f"{name} is one number, or one for each of the {count} groups", value)
        return list(value)
