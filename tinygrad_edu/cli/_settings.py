"""What a training run is told: the options of `train`, checked and completed. What is done with them is in `_training.py`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tinygrad_edu.errors import CheckpointError, ConfigError
from tinygrad_edu.func import parse_memory

DATA = ("digits", "mnist")
ACTIVATIONS = ("relu", "leaky-relu", "gelu", "silu", "softplus", "tanh", "sigmoid")
LOSSES = ("cross-entropy", "mse")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop")
DECAYS = ("none", "step", "linear", "exponential")
INITS = ("auto", "pytorch", "xavier-uniform", "xavier-normal", "he-uniform", "he-normal")

MODES = ("reverse", "forward", "forward-gradient")
TANGENTS = ("all", "per-layer")
PERTURBED = ("weights", "activities")
# Which modes an option is for, and what it is if nobody says.
OF_MODES: dict[str, tuple[tuple[str, ...], Any]] = {
    "tangents": (("forward",), "per-layer"),
    "memory": (("forward", "forward-gradient"), "256M"),
    "directions": (("forward-gradient",), 16),
    "perturb": (("forward-gradient",), "activities"),
}

LEARNING_RATES = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05, "adam": 0.003, "adamw": 0.003, "rmsprop": 0.001}
# A random estimate is about as much longer than the gradient as there are more elements than directions: what takes steps as long
# as the gradient says needs smaller ones. For 16 directions of the network that --hidden gives if nobody says.
NOISY_RATES = {
    "weights": {"sgd": 0.01, "momentum": 0.002, "nesterov": 0.002, "adam": 0.01, "adamw": 0.01, "rmsprop": 0.003},
    "activities": {"sgd": 0.1, "momentum": 0.01, "nesterov": 0.01},
}
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
    mode: str = "reverse"
    tangents: str | None = None
    memory: str | None = None
    directions: int | None = None
    perturb: str | None = None


@dataclass(frozen=True, slots=True)
class Complete(Settings):
    """Settings of one mode with every default filled in; None is left where an option isn't for that mode."""

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
        ("--mode", settings.mode, MODES),
        ("--tangents", settings.tangents, (None, *TANGENTS)),
        ("--perturb", settings.perturb, (None, *PERTURBED)),
    ):
        if value not in choices:
            raise ConfigError(f"{option} {value}: choose one of {', '.join(filter(None, choices))}.")
    of_mode = _of_mode(settings)
    rates = {**LEARNING_RATES, **NOISY_RATES.get(of_mode["perturb"], {})}
    found = Complete(
        **{
            **asdict(settings),
            "lr": _default(settings.lr, rates[settings.optimizer]),
            "weight_decay": _default(settings.weight_decay, WEIGHT_DECAYS.get(settings.optimizer, 0.0)),
            "batch_size": _default(settings.batch_size, BATCH_SIZES[settings.data]),
            "epochs": _default(settings.epochs, EPOCHS[settings.data]),
            **of_mode,
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
    if found.directions is not None:
        _check(found.directions >= 1, "--directions", found.directions, "give at least 1 random direction.")
    if found.memory is not None:
        try:
            parse_memory(found.memory)
        except ConfigError:
            raise ConfigError(f"--memory {found.memory}: give bytes, or a size such as 64k, 256M or 2G.") from None
    return found


def _of_mode(settings: Settings) -> dict[str, Any]:
    """The options that are for some modes only. Raises ConfigError for one that is given and not for this mode."""
    found = {}
    for name, (modes, default) in OF_MODES.items():
        given = getattr(settings, name)
        if settings.mode not in modes:
            if given is not None:
                raise ConfigError(
                    f"--{name} {given}: says how {' or '.join(modes)} mode works, and this run is in {settings.mode} mode. "
                    f"Leave it out, or add --mode {modes[0]}."
                )
            default = None
        found[name] = _default(given, default)
    return found


def in_modes(settings: Settings) -> list[Complete]:
    """The complete settings of each mode that `--mode` lists, in that order; "all" stands for all.

    With several modes an option may be for one of them only. Raises ConfigError as `complete` does, for a mode named twice, and
    for an option that is for none of them.
    """
    modes = parse_modes(settings.mode)
    if len(modes) == 1:
        return [complete(replace(settings, mode=modes[0]))]
    for suitable, _ in OF_MODES.values():
        if not set(modes) & set(suitable):
            complete(replace(settings, mode=modes[0]))
    return [complete(_for_mode(settings, mode)) for mode in modes]


def _for_mode(settings: Settings, mode: str) -> Settings:
    """`settings` of several modes without what is for another than this."""
    others: dict[str, Any] = {name: None for name, (modes, _) in OF_MODES.items() if mode not in modes}
    return replace(settings, mode=mode, **others)


def parse_modes(text: str) -> tuple[str, ...]:
    """The modes in "reverse,forward", or in "all"."""
    if text.strip().lower() == "all":
        return MODES
    modes = tuple(part.strip() for part in text.split(","))
    wrong = next((mode for mode in modes if mode not in MODES), None)
    if wrong is not None:
        raise ConfigError(f"--mode {text}: choose one or more of {', '.join(MODES)}, with commas between them, or all.")
    if len(set(modes)) < len(modes):
        raise ConfigError(f"--mode {text}: names a mode twice.")
    return modes


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


def resumed(stored: Complete, given: Settings, named: Iterable[str], *, several: bool = False) -> Complete:
    """The settings of a run to go on with: the stored ones, in which only the number of epochs may grow.

    `named` are the options that stand on the command line; with `several` modes some may be for another than this. Raises
    ConfigError for one that says something else than the stored.
    """
    for name in named:
        asked, known = getattr(given, name), getattr(stored, name)
        if asked == known or (name in OF_MODES and known is None and several):
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


def resumed_modes(stored: Sequence[Complete], given: Settings, named: Sequence[str]) -> list[Complete]:
    """`resumed`, for a run in several modes."""
    modes = ",".join(each.mode for each in stored)
    if "mode" in named and ",".join(parse_modes(given.mode)) != modes:
        raise ConfigError(
            f"--mode: a resumed run keeps its settings, and this one has {modes}, not {given.mode}. Leave --mode out, or start "
            "a new run without --resume."
        )
    return [resumed(each, given, [name for name in named if name != "mode"], several=True) for each in stored]


def _said(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
