"""Probability distributions with PyTorch's names: samples (its own, from the same seed), log-densities, entropies, divergences.

`rsample` draws so that a gradient reaches the parameters (Kingma & Welling, 2013); `sample` outside the graph.
"""

from tinygrad_edu.distributions._continuous import MultivariateNormal, Normal, Uniform
from tinygrad_edu.distributions._discrete import Bernoulli, Categorical
from tinygrad_edu.distributions._distribution import Distribution
from tinygrad_edu.distributions._divergence import kl_divergence, register_kl
from tinygrad_edu.distributions._independent import Independent
from tinygrad_edu.names import no_such_name as _no_such_name

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Independent",
    "MultivariateNormal",
    "Normal",
    "Uniform",
    "kl_divergence",
    "register_kl",
]

__getattr__ = _no_such_name(__name__)
