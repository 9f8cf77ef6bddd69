"""The gradient of one training step by each mode; how a run uses it is in `_training.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.cli._settings import Complete
from tinygrad_edu.engine.modes import no_grad
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.func import (
    activity_bytes,
    activity_gradient,
    bytes_per_direction,
    directions_in,
    forward_gradient,
    functional_call,
    parse_memory,
)
from tinygrad_edu.nn import Module

Loss = Callable[..., Any]
"""The loss of outputs (n, classes) for labels (n,): their mean, or with `each=True` one for each example (n,)."""


class Step(NamedTuple):
    """A step's loss and outputs, and what puts the gradients into the parameters' `.grad`."""

    loss: Tensor
    outputs: Tensor
    differentiate: Callable[[], None]


class Gradients:
    """How one mode gets the gradients of `model`; called with a batch (n, pixels), its labels (n,) and random numbers.

    `chunk_size` is how many directions go through together, None in reverse mode. Raises ConfigError where not one fits in the
    memory that the settings allow for a batch like `images`, `labels`.
    """

    def __init__(self, settings: Complete, model: Module, loss: Loss, images: Tensor, labels: Tensor) -> None:
        self.settings = settings
        self.model = model
        self.loss = loss
        self.chunk_size = None if settings.mode == "reverse" else self._chunk_size(images, labels)

    def _chunk_size(self, images: Tensor, labels: Tensor) -> int:
        memory = str(self.settings.memory)
        self.model.train()
        if self.settings.perturb == "activities":
            each = activity_bytes(lambda: self.loss(self.model(images), labels), self.model)
        else:
            each = bytes_per_direction(lambda p: self._of(p, images, labels)[0], self._parameters())
        try:
            return directions_in(parse_memory(memory), each)
        except ConfigError as error:
            raise ConfigError(f"--memory: {error}") from None

    def _parameters(self) -> dict[str, Tensor]:
        return {name: parameter.detach() for name, parameter in self.model.named_parameters()}

    def _of(self, parameters: dict[str, Any], images: Tensor, labels: Tensor) -> tuple[Any, Any]:
        outputs = functional_call(self.model, parameters, images)
        return self.loss(outputs, labels), outputs

    @property
    def directions(self) -> int:
        """How many directions a step takes: passes, forward or back."""
        match self.settings.mode:
            case "reverse":
                return 1
            case "forward":
                return sum(parameter.numel() for parameter in self.model.parameters())
        assert self.settings.directions is not None
        return self.settings.directions

    def __call__(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> Step:
        if self.settings.mode == "reverse":
            outputs = self.model(images)
            loss = self.loss(outputs, labels)
            return Step(loss, outputs, loss.backward)
        with no_grad():
            (loss, outputs), gradients = self._forward(images, labels, rng)
        return Step(loss, outputs, lambda: self._put(gradients))

    def _forward(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> Any:
        if self.settings.perturb == "activities":

            def losses() -> tuple[Any, Any]:
                outputs = self.model(images)
                return self.loss(outputs, labels, each=True), outputs

            return activity_gradient(losses, self.model, self.directions, rng, True, chunk_size=self.chunk_size)()
        exact = self.settings.mode == "forward"
        gradient = forward_gradient(
            lambda parameters: self._of(parameters, images, labels),
            None if exact else self.directions,
            generator=rng,
            has_aux=True,
            chunk_size=self.chunk_size,
            leafwise=self.settings.tangents == "per-layer",
        )
        return gradient(self._parameters())

    def _put(self, gradients: dict[str, Tensor]) -> None:
        for name, parameter in self.model.named_parameters():
            parameter.grad = gradients[name]

    def describe(self) -> str:
        """A line for people: what goes through the network in each step."""
        settings = self.settings
        if settings.mode == "reverse":
            return "reverse mode: one sweep back in each step"
        count = f"{self.directions:,}"
        at_once = (
            "" if self.chunk_size is None or self.chunk_size >= self.directions else f", {self.chunk_size:,} at a time"
        )
        if settings.mode == "forward":
            way = "layer by layer" if settings.tangents == "per-layer" else "all together"
            return f"forward mode: {count} tangents in each step, {way}{at_once}"
        return f"forward gradient: {count} random directions of the {settings.perturb} in each step{at_once}"
