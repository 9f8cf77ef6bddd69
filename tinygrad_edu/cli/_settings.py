"""What a training run is told: the options of `train`, checked and completed. What is done with them is in `_training.py`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError

DATA = ("digits", "mnist")
ACTIVATIONS = ("relu", "leaky-relu", "gelu", "silu", "softplus", "tanh", "sigmoid")
LOSSES = ("cross-entropy", "mse")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop")
DECAYS = ("none", "step", "linear", "exponential")
INITS = ("auto", "pytorch", "xavier-uniform", "xavier-normal", "he-uniform", "he-normal")

LEARNING_RATES = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.001}
WEIGHT_DECAYS = {"adamw": 0.01}
BATCH_SIZES = {"digits": 32, "mnist": 64}
EPOCHS = {"digits": 40, "mnist": 12}


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a run. None stands for a default that depends on another option; `complete` fills it in."""

    data: str = "digits"
    hidden: tuple[int, ...] = (128, 64)
    activation: str = "relu"
    loss: str = "cross-entropy"
    optimizer: str = "adamw"
    lr: float | None = None
    lr_decay: str = "linear"
    batch_size: int | None = None
    epochs: int | None = None
    dropout: float = 0.0
    init: str = "auto"
    weight_decay: float | None = None
    seed: int = 0
    early_stop: int = 0


@dataclass(frozen=True, slots=True)
class Complete(Settings):
    """Settings with every default filled in."""

    lr: float = 0.0
    batch_size: int = 0
    epochs: int = 0
    weight_decay: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for files."""
        return {**asdict(self), "hidden": list(self.hidden)}


def complete(settings: Settings) -> Complete:
    """Check the settings and fill in what is left to us. Raises ConfigError that names the option, its value and what it may be."""
    for option, value, choices in (
        ("--data", settings.data, DATA),
        ("--activation", settings.activation, ACTIVATIONS),
        ("--loss", settings.loss, LOSSES),
        ("--optimizer", settings.optimizer, OPTIMIZERS),
        ("--lr-decay", settings.lr_decay, DECAYS),
        ("--init", settings.init, INITS),
    ):
        if value not in choices:
            raise ConfigError(f"{option} {value}: choose one of {', '.join(choices)}.")
    found = Complete(
        **{
            **asdict(settings),
            "lr": _default(settings.lr, LEARNING_RATES[settings.optimizer]),
            "weight_decay": _default(settings.weight_decay, WEIGHT_DECAYS.get(settings.optimizer, 0.0)),
            "batch_size": _default(settings.batch_size, BATCH_SIZES[settings.data]),
            "epochs": _default(settings.epochs, EPOCHS[settings.data]),
        }
    )
    _check(
        found.lr > 0 and math.isfinite(found.lr), "--lr", found.lr, "a learning rate is greater than 0, such as 0.001."
    )
    _check(found.batch_size >= 1, "--batch-size", found.batch_size, "give at least 1.")
    _check(found.epochs >= 1, "--epochs", found.epochs, "give at least 1.")
    _check(0 <= found.dropout < 1, "--dropout", found.dropout, "the share of units to drop is from 0 to below 1.")
    decay = found.weight_decay
    _check(decay >= 0 and math.isfinite(decay), "--weight-decay", decay, "give 0 or more, such as 0.01.")
    _check(0 <= found.seed < 2**63, "--seed", found.seed, "a seed is an integer from 0 to 2**63 - 1.")
    _check(
        found.early_stop >= 0, "--early-stop", found.early_stop, "give how many epochs to wait, or 0 not to stop early."
    )
    return found


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _check(holds: bool, option: str, value: Any, rule: str) -> None:
    if not holds:
        raise ConfigError(f"{option} {value}: {rule}")


def parse_hidden(text: str) -> tuple[int, ...]:
    """The sizes of the hidden layers from "128,64"; none from "none". Raises ConfigError for anything else."""
    if text.strip().lower() == "none":
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise ConfigError(
            f"--hidden {text}: give the sizes of the hidden layers, such as 128,64 or 89, or none for no hidden layer."
        )
    return sizes


def from_dict(stored: Any) -> Complete:
    """The settings that `to_dict` put into a checkpoint. Raises CheckpointError for anything else."""
    try:
        known = {field.name for field in fields(Complete)}
        unknown = sorted(set(stored) - known)
        if unknown:
            raise ConfigError(
                f"it has options unknown here ({', '.join(unknown)}); a newer release may have written it."
            )
        return complete(Settings(**{**stored, "hidden": tuple(stored["hidden"])}))
    except (ConfigError, TypeError, KeyError) as error:
        raise CheckpointError(f"the settings in this checkpoint can't be used: {error}") from error


def resumed(stored: Complete, given: Settings, named: Iterable[str]) -> Complete:
    """The settings of a run to go on with: the stored ones, in which only the number of epochs may grow.

    `named` are the options that stand on the command line. Raises ConfigError for one that says something else than the stored.
    """
    for name in named:
        asked, known = getattr(given, name), getattr(stored, name)
        if asked == known:
            continue
        option = "--" + name.replace("_", "-")
        if name != "epochs":
            raise ConfigError(
                f"{option}: a resumed run keeps its settings, and this one has {_said(known)}, not {_said(asked)}. Leave "
                f"{option} out, or start a new run without --resume."
            )
        if stored.lr_decay != "none":
            raise ConfigError(
                f"--epochs {asked}: this run's learning rate falls ({stored.lr_decay}) over its {known} epochs, so it can't be "
                "made longer or shorter. Leave --epochs out, or start a new run without --resume."
            )
        stored = replace(stored, epochs=asked)
    return stored


def _said(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
