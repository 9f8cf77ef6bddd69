"""What training needs beside models: `data` makes batches, `serialization` writes and reads checkpoints of a training,
`checkpoint` computes activations again instead of keeping them.
"""

from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.utils import benchmark, checkpoint, data, serialization, tensorboard

__all__ = ["benchmark", "checkpoint", "data", "serialization", "tensorboard"]

__getattr__ = _no_such_name(__name__)
