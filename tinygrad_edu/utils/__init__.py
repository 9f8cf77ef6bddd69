"""What training needs beside models: `data` makes batches, `serialization` writes and reads checkpoints of a training,
`checkpoint` computes activations again instead of keeping them.
"""

from tinygrad_edu.utils import checkpoint, data, serialization

__all__ = ["checkpoint", "data", "serialization"]
