"""The layers' mathematics as functions, with PyTorch's names: `F.relu(x)`, `F.cross_entropy(logits, labels)`."""

from tinygrad_edu.nn.functional._activation import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from tinygrad_edu.nn.functional._classification import cross_entropy, nll_loss
from tinygrad_edu.nn.functional._layer import dropout, embedding, linear, one_hot
from tinygrad_edu.nn.functional._loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]
