"""PyTorch's path to activation checkpointing; it lives in `autograd`."""

from tinygrad_edu.autograd import checkpoint, checkpoint_sequential

__all__ = ["checkpoint", "checkpoint_sequential"]
