"""What is done to a model's parameters and gradients: clipping, one vector of everything, parametrizations; and sequences
of different lengths, in `rnn`.
"""

from tinygrad_edu.nn.utils import parametrizations, parametrize, rnn
from tinygrad_edu.nn.utils._gradients import clip_grad_norm_, clip_grad_value_
from tinygrad_edu.nn.utils._vector import parameters_to_vector, vector_to_parameters

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "rnn",
    "vector_to_parameters",
]
