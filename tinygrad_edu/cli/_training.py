"""One training run: the model, its epochs, its state for a checkpoint. Nothing here prints, draws or writes a file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu import nn, optim
from tinygrad_edu.cli._blame import blame
from tinygrad_edu.cli._gradients import Gradients
from tinygrad_edu.cli._settings import Complete, from_dict
from tinygrad_edu.datasets import ImageDataset
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.passes import PASSES
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import CheckpointError, TinygradEduError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.random import manual_seed
from tinygrad_edu.utils.data import DataLoader, TensorDataset
from tinygrad_edu.visualize.gradients import GradientHistory

_KIND = "tinygrad-edu train"
_HELD_OUT = 0.1  # of the training images, to validate on
_LAST = 0.05  # of the learning rate is left in the last epoch of a linear or exponential decay

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
_INITS: dict[str, Callable[[Any], Any]] = {
    "xavier-uniform": nn.init.xavier_uniform_,
    "xavier-normal": nn.init.xavier_normal_,
    "he-uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "he-normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
}
_BOUNDED = ("tanh", "sigmoid")  # Glorot & Bengio (2010) had these in mind, He et al. (2015) the others


class DivergedError(TinygradEduError):
    """The loss is no longer a finite number."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a model does on some images: its mean loss, the share it gets right, its answers (n,)."""

    loss: float
    accuracy: float
    answers: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Images:
    """Images as rows (n, pixels), and their labels (n,)."""

    rows: NDArray[np.float32]
    labels: NDArray[np.int64]


def build_model(settings: Complete, pixels: int, classes: int) -> nn.Module:
    """The network that the settings describe, (n, pixels) → (n, classes), initialised from their seed."""
    manual_seed(settings.seed)
    layers: list[nn.Module] = []
    sizes = [pixels, *settings.hidden]
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), _ACTIVATIONS[settings.activation]()]
        if settings.dropout:
            layers.append(nn.Dropout(settings.dropout))
    layers.append(nn.Linear(sizes[-1], classes))
    if settings.init != "pytorch":  # which is what a layer has to begin with
        suitable = "xavier-uniform" if settings.activation in _BOUNDED else "he-uniform"
        with no_grad():
            for layer in layers:
                if isinstance(layer, nn.Linear):
                    _INITS[suitable if settings.init == "auto" else settings.init](layer.weight)
                    assert layer.bias is not None
                    nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def _build_optimizer(settings: Complete, model: nn.Module) -> Any:
    options: dict[str, Any] = {"lr": settings.lr, "weight_decay": settings.weight_decay}
    match settings.optimizer:
        case "momentum" | "nesterov":
            return optim.SGD(model.parameters(), momentum=0.9, nesterov=settings.optimizer == "nesterov", **options)
        case name:
            kinds = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW, "rmsprop": optim.RMSprop}
            return kinds[name](model.parameters(), **options)


def _build_scheduler(settings: Complete, optimizer: Any) -> Any:
    steps = max(1, settings.epochs - 1)
    match settings.lr_decay:
        case "step":
            return optim.lr_scheduler.StepLR(optimizer, step_size=max(1, math.ceil(settings.epochs / 3)), gamma=0.2)
        case "linear":
            return optim.lr_scheduler.LinearLR(optimizer, start_factor=1.0, end_factor=_LAST, total_iters=steps)
        case "exponential":
            return optim.lr_scheduler.ExponentialLR(optimizer, gamma=_LAST ** (1 / steps))
    return None


class Run:
    """A model being trained, epoch by epoch.

    Every epoch draws its random numbers (order of the images, dropout) from a stream of its own, made of the seed and the
    number of the epoch: a run that is resumed between two epochs goes on exactly as if it had never stopped.
    """

    def __init__(self, settings: Complete, data: ImageDataset) -> None:
        self.settings = settings
        self.classes = data.classes
        rows = data.train_images.reshape(len(data.train_images), -1)
        order = np.random.default_rng(settings.seed).permutation(len(rows))
        held_out, used = np.split(order, [round(_HELD_OUT * len(rows))])
        self.training = _Images(rows[used], data.train_labels[used])
        self.validation = _Images(rows[held_out], data.train_labels[held_out])
        self.testing = _Images(data.test_images.reshape(len(data.test_images), -1), data.test_labels)
        self.model = build_model(settings, rows.shape[1], data.classes)
        self.optimizer = _build_optimizer(settings, self.model)
        self.scheduler = _build_scheduler(settings, self.optimizer)
        self.history: list[dict[str, Any]] = []
        self.gradients = GradientHistory(self.model)  # of the last step of each epoch
        self.best: dict[str, Any] | None = None  # {"epoch", "loss", "model"}: kept only to stop early
        first = slice(settings.batch_size)
        images, labels = as_tensor(self.training.rows[first]), as_tensor(self.training.labels[first])
        self.step = Gradients(settings, self.model, self.loss, images, labels)

    # -- training --------------------------------------------------------------------------------------------------

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.training.rows) / self.settings.batch_size)

    @property
    def stopped_early(self) -> bool:
        """Whether the validation loss has not fallen for as many epochs as the settings allow."""
        waited = len(self.history) - self.best["epoch"] if self.best is not None else 0
        return 0 < self.settings.early_stop <= waited

    @property
    def finished(self) -> bool:
        return len(self.history) >= self.settings.epochs or self.stopped_early

    def loss(self, outputs: Any, labels: Tensor, *, each: bool = False) -> Any:
        """The loss of a batch of outputs (n, classes) for labels (n,); with `each` those of the images (n,), of which it is the
        mean.
        """
        reduction = "none" if each else "mean"
        if self.settings.loss == "cross-entropy":
            return F.cross_entropy(outputs, labels, reduction=reduction)
        found = F.mse_loss(outputs, F.one_hot(labels, self.classes).to(outputs.dtype), reduction=reduction)
        return found.mean(1) if each else found

    def epoch(self, on_step: Callable[[float], None] = lambda loss: None) -> dict[str, Any]:
        """Train for one epoch, validate, and return what was found, which is also the last entry of `history`.

        `on_step` is called after each step with its loss. Raises DivergedError at the first loss that isn't finite.
        """
        number, start = len(self.history) + 1, time.perf_counter()
        rate = self.optimizer.param_groups[0]["lr"]
        manual_seed(int(np.random.SeedSequence([self.settings.seed, number]).generate_state(1, np.uint64)[0]))
        rng = np.random.default_rng([self.settings.seed, number])
        self.model.train()
        loader = DataLoader(
            TensorDataset(self.training.rows, self.training.labels), batch_size=self.settings.batch_size, shuffle=True
        )
        total, right, passes = 0.0, 0, self._passes()
        for step, (rows, labels) in enumerate(loader, 1):
            self.optimizer.zero_grad()
            loss, outputs, differentiate = self.step(rows, labels, rng)
            value = loss.item()
            if not math.isfinite(value):
                culprit = blame(self.model, rows, lambda outputs: self.loss(outputs, labels))  # noqa: B023  # called at once
                raise DivergedError(
                    f"the loss became {value} in epoch {number}, step {step} of {self.steps_per_epoch}, at a learning rate "
                    f"of {rate:g}. {culprit} Try a smaller rate "
                    f"(--lr {rate / 10:g}), or another --init or --optimizer."
                )
            differentiate()
            if step == self.steps_per_epoch:
                self.gradients.record(number)
            self.optimizer.step()
            total += value * len(labels)
            right += int((outputs.detach().numpy().argmax(1) == labels.numpy()).sum())
            on_step(value)
        passes = self._passes() - passes
        if self.scheduler is not None:
            self.scheduler.step()
        validation = self.score(self.validation)
        found = {
            "epoch": number,
            "lr": rate,
            "train_loss": total / len(self.training.rows),
            "train_accuracy": right / len(self.training.rows),
            "validation_loss": validation.loss,
            "validation_accuracy": validation.accuracy,
            "passes": passes,
            "seconds": time.perf_counter() - start,
        }
        self.history.append(found)
        if self.settings.early_stop and (self.best is None or validation.loss < self.best["loss"]):
            weights = {name: np.array(value.numpy()) for name, value in self.model.state_dict().items()}
            self.best = {"epoch": number, "loss": validation.loss, "model": weights}
        return found

    def _passes(self) -> int:
        """How many directions have gone through so far, in the direction of this run's mode."""
        return PASSES.pulled if self.settings.mode == "reverse" else PASSES.pushed

    def restore_best(self) -> None:
        """Go back to the weights of the epoch with the lowest validation loss, where those are kept."""
        if self.best is not None:
            self.model.load_state_dict({name: as_tensor(value) for name, value in self.best["model"].items()})

    # -- judging ---------------------------------------------------------------------------------------------------

    def score(self, images: _Images) -> Score:
        """Loss, accuracy and answers, in evaluation mode and batches of a thousand."""
        self.model.eval()
        losses, answers = 0.0, []
        with no_grad():
            for start in range(0, len(images.rows), 1000):
                labels = as_tensor(images.labels[start : start + 1000])
                outputs = self.model(as_tensor(images.rows[start : start + 1000]))
                losses += self.loss(outputs, labels).item() * len(labels)
                answers.append(outputs.numpy().argmax(1))
        found = np.concatenate(answers)
        return Score(losses / len(found), float((found == images.labels).mean()), found)

    def test(self) -> Score:
        """The score on the test images: to be asked for once, when all choices are made."""
        return self.score(self.testing)

    def confusion(self, score: Score) -> NDArray[np.int64]:
        """How often an image of class i was taken for class j, (classes, classes), in the test."""
        counts = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(counts, (self.testing.labels, score.answers), 1)
        return counts

    # -- checkpoints -----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that a run needs to go on, as `save` stores it."""
        return {
            "kind": _KIND,
            "settings": self.settings.to_dict(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "history": self.history,
            "gradients": self.gradients.state_dict(),
            "best": self.best,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken, by a run with the same settings (but for the number of epochs)."""
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.scheduler is not None:
                self.scheduler.load_state_dict(state["scheduler"])
            self.history, self.best = list(state["history"]), state["best"]
            if "gradients" in state:  # older checkpoints have none
                self.gradients.load_state_dict(state["gradients"])
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"this checkpoint of a training run is incomplete: {error!r}.") from error


def state_of_modes(settings: Sequence[Complete]) -> dict[str, Any]:
    """What `save` stores of a run in several modes, beside the checkpoint that each of them has."""
    return {"kind": _KIND, "settings": [each.to_dict() for each in settings]}


def settings_in(state: Any, source: str) -> list[Complete]:
    """The settings of the run that a checkpoint is from, one for each mode. Raises CheckpointError if it isn't from one."""
    if not isinstance(state, dict) or state.get("kind") != _KIND or "settings" not in state:
        raise CheckpointError(f"{source} is no checkpoint of `tinygrad-edu train`, whose are called checkpoint.npz.")
    stored = state["settings"]
    return [from_dict(each) for each in (stored if isinstance(stored, list) else [stored])]
