"""Random numbers with PyTorch's names and, from the same seed, the numbers of its CPU generator.

Both generators are MT19937 (Matsumoto & Nishimura, 1998), so the 32-bit words are the same ones; here is what PyTorch
makes of them. Everything comes out bit for bit but normal numbers (equal to about 2e-7 in float32, from the cosine's
rounding) and float16. `uniform_` and `normal_` fill arrays in place; the rest make Tensors.

Inside `vmap` its option `randomness` says what a draw is: refused, one per example, or one for all.
"""

from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.random import _methods as _methods  # attaches them to Tensor
from tinygrad_edu.random._batch import check_fill
from tinygrad_edu.random._fill import normal_, uniform_
from tinygrad_edu.random._generator import (
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from tinygrad_edu.random._tensors import (
    bernoulli,
    keep_mask,
    multinomial,
    normal,
    permutation,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
)

__all__ = [
    "Generator",
    "bernoulli",
    "check_fill",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "keep_mask",
    "manual_seed",
    "multinomial",
    "normal",
    "normal_",
    "permutation",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
    "uniform_",
]

__getattr__ = _no_such_name(__name__)
