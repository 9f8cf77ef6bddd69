"""Averages of a model's parameters over the steps of its training: stochastic weight averaging (Izmailov et al., 2018), and
exponential moving averages.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import Module
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim.lr_scheduler import LRScheduler

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Tensors = list[Tensor]
AverageOne = Callable[[Tensor, Tensor, Any], Any]
AverageAll = Callable[[Tensors, Tensors, Any], None]


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ConfigError(f"ema: decay is the share that stays, between 0 and 1, not {decay}.")


def _approach(averages: Tensors, values: Tensors, share: float) -> None:
    """average ← average + share · (value − average), in place."""
    for average, value in zip(averages, values, strict=True):
        average.add_(value - average, alpha=share) if average.dtype.kind in "fc" else average.copy_(
            (average * (1 - share) + value * share).to(average.dtype)
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageAll:
    """For `AveragedModel(multi_avg_fn=)`: average ← decay · average + (1 − decay) · value."""
    _check_decay(decay)

    def ema_update(averages: Tensors, values: Tensors, num_averaged: Any) -> None:
        with no_grad():
            _approach(averages, values, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> AverageAll:
    """For `AveragedModel(multi_avg_fn=)`: the mean of all values so far."""

    def swa_update(averages: Tensors, values: Tensors, num_averaged: Any) -> None:
        with no_grad():
            _approach(averages, values, 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> AverageOne:
    """For `AveragedModel(avg_fn=)`: decay · average + (1 − decay) · value."""
    _check_decay(decay)

    def ema_update(average: Tensor, value: Tensor, num_averaged: Any) -> Any:
        with no_grad():
            return decay * average + (1 - decay) * value

    return ema_update


def get_swa_avg_fn() -> AverageOne:
    """For `AveragedModel(avg_fn=)`: the mean of all values so far."""

    def swa_update(average: Tensor, value: Tensor, num_averaged: Any) -> Any:
        with no_grad():
            return average + (value - average) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of `model`, as `.module`, whose parameters are averages of those that `update_parameters(model)` is given.

    The average is the mean of all, unless `avg_fn(average, value, num_averaged)` gives another, or `multi_avg_fn` writes
    it into a list of averages. Buffers are averaged, too, with `use_buffers`, and copied otherwise.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AverageOne | None = None,
        multi_avg_fn: AverageAll | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ConfigError("AveragedModel: give avg_fn or multi_avg_fn, not both.")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", Tensor(0, dtype=np.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of `model` into the average."""
        own, given = (self._averaged(m) for m in (self.module, model))
        with no_grad():
            if not int(self.n_averaged):
                for average, value in zip(own, given, strict=True):
                    average.copy_(value)
            elif self.avg_fn is not None:
                for average, value in zip(own, given, strict=True):
                    average.copy_(self.avg_fn(average, value, self.n_averaged))
            else:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(own, given, self.n_averaged)
            if not self.use_buffers:
                for buffer, value in zip(self.module.buffers(), model.buffers(), strict=True):
                    buffer.copy_(value)
            self.n_averaged += 1

    def _averaged(self, model: Module) -> Tensors:
        buffers = model.buffers() if self.use_buffers else ()
        return [p.detach() for p in itertools.chain(model.parameters(), buffers)]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Let every batch norm in `model` learn its running statistics anew from the inputs (or first elements) of `loader`."""
    norms: list[Any] = [module for module in model.modules() if hasattr(module, "reset_running_stats")]
    if not norms:
        return
    momenta, training = [norm.momentum for norm in norms], model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    with no_grad():
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """From the rate that is there to `swa_lr` in `anneal_epochs` steps along a cosine ("cos") or a line ("linear"); then it
    stays.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self._need(anneal_strategy in ("cos", "linear"), 'anneal_strategy is "cos" or "linear"', anneal_strategy)
        self._need(anneal_epochs >= 0, "anneal_epochs must not be negative", anneal_epochs)
        for lr, group in zip(self._for_each_group("swa_lr", swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, t: float) -> float:
        """How far the rate has come at step t."""
        t = max(0.0, min(1.0, t / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def _next(self, lr: float, base: float, group: int) -> float:
        step = self.last_epoch if self.anneal_epochs else max(1, self.last_epoch)
        end = self.optimizer.param_groups[group]["swa_lr"]
        before, now = self._share(step - 1), self._share(step)
        start = end if before == 1 else (lr - before * end) / (1 - before)
        return float(end * now + start * (1 - now))
