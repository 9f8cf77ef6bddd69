"""Learning rates that change while training: `scheduler.step()` after each epoch (or step) sets those of an optimizer's
groups.

Each is written as PyTorch writes it, as a change of the rate that is there now, so that several can act on one
optimizer; its docstring gives the closed form, t counting the calls of `step`.
"""

from tinygrad_edu.optim.lr_scheduler._combined import ChainedScheduler, SequentialLR
from tinygrad_edu.optim.lr_scheduler._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from tinygrad_edu.optim.lr_scheduler._cycle import CyclicLR, OneCycleLR
from tinygrad_edu.optim.lr_scheduler._decay import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from tinygrad_edu.optim.lr_scheduler._plateau import ReduceLROnPlateau
from tinygrad_edu.optim.lr_scheduler._scheduler import LRScheduler

_LRScheduler = LRScheduler  # PyTorch's older name, which lessons still derive from

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
