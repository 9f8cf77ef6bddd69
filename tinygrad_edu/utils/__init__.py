"""What training needs beside models: `data` makes batches, `serialization` writes and reads checkpoints."""

from tinygrad_edu.utils import data, serialization

__all__ = ["data", "serialization"]
