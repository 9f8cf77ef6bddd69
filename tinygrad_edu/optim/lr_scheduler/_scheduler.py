"""`LRScheduler`: what all schedulers have in common."""

from __future__ import annotations

import warnings
from types import FunctionType
from typing import Any

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.optim._optimizer import Group, Optimizer

# What PyTorch's states hold beside these, and needn't be known here; or what a state from before may lack.
_BOOKKEEPING = {"_step_count", "_is_initial", "_get_lr_called_within_step", "lr_lambdas", "_scale_fn_custom"}
_TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the schedule's first learning rate is skipped. Call "
    "`optimizer.step()` first, then `lr_scheduler.step()`."
)


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
                group.setdefault("initial_lr", _rate(group))
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
        self._step_count = 0
        self.step()
        del self._is_initial

    def step(self, epoch: Any = None) -> None:
        """Go on to the next t and set the learning rates; or go to the t that is given."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(_TOO_EARLY, stacklevel=2)
        self._step_count += 1
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
            set_rate(group, lr)
        self._last_lr = rates_of(self.optimizer)

    def get_lr(self) -> list[float]:
        """The rates for `last_epoch`, from those of the step before."""
        groups = self.optimizer.param_groups
        return [
            self._next(_rate(group), base, i) for i, (group, base) in enumerate(zip(groups, self.base_lrs, strict=True))
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
        expected = [key for key in own if key not in _BOOKKEEPING]
        if not isinstance(state_dict, dict) or state_dict.keys() - _BOOKKEEPING != set(expected):
            given = state_dict if isinstance(state_dict, dict) else [type(state_dict).__name__]
            found = ", ".join(str(key) for key in given if key not in _BOOKKEEPING)
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: expected {', '.join(expected)}; got {found}."
            )
        count = len(state_dict["_last_lr"])
        if count != len(self.optimizer.param_groups):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: the state is for {count} groups, the "
                f"optimizer has {len(self.optimizer.param_groups)}."
            )
        self.__dict__.update({key: state_dict[key] for key in own if key in state_dict and key not in self._unsaved})

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


def attributes(function: Any) -> dict[str, Any] | None:
    """What a state keeps of a function: the attributes of one that is an object, of any other None."""
    if function is None or isinstance(function, FunctionType) or not hasattr(function, "__dict__"):
        return None
    return dict(vars(function))


def _rate(group: Group) -> float:
    return float(group["lr"])


def set_rate(group: Group, lr: Any) -> None:
    """A new learning rate; where it is a tensor, written into that, for whoever else holds it."""
    if isinstance(group["lr"], Tensor):
        with no_grad():
            group["lr"].fill_(float(lr))
    else:
        group["lr"] = lr


def rates_of(optimizer: Optimizer) -> list[Any]:
    """The learning rates of the groups, of tensors copies."""
    return [group["lr"].clone() if isinstance(group["lr"], Tensor) else group["lr"] for group in optimizer.param_groups]
