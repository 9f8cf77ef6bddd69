"""Optimizers with PyTorch's names; they write into parameters in place. `lr_scheduler` changes their learning rates."""

from tinygrad_edu.optim import lr_scheduler
from tinygrad_edu.optim._adam import Adam, AdamW
from tinygrad_edu.optim._optimizer import Optimizer
from tinygrad_edu.optim._rmsprop import RMSprop
from tinygrad_edu.optim._sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
