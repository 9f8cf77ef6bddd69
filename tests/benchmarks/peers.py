"""The libraries in one vocabulary, so that a workload is one formula for all of them; each is imported when asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks.harness import OURS

TORCH, HIPS, MYGRAD, JIT, JAX = "PyTorch", "HIPS autograd", "MyGrad", "JAX jitted", "JAX"
Library = Any
"""`array` (a constant), `leaf` (to be differentiated) and `numpy` (back), `tanh`, `relu`, `linear`, `logsumexp`.

Those with a `functional` have PyTorch's modules and optimizers, and `func` with its transforms.
"""


def _linear(x: Any, w: Any, b: Any) -> Any:
    return x @ w.T + b


def ours() -> Library:
    import tinygrad_edu as tg
    from tinygrad_edu import func, nn, optim

    return SimpleNamespace(
        name=OURS,
        array=tg.tensor,
        leaf=lambda a: tg.tensor(a, requires_grad=True),
        numpy=lambda x: x.detach().numpy(),
        tanh=tg.tanh,
        relu=tg.relu,
        linear=nn.functional.linear,
        nn=nn,
        optim=optim,
        func=func,
    )


def pytorch() -> Library:
    import torch

    torch.set_num_threads(1)
    return SimpleNamespace(
        name=TORCH,
        array=torch.tensor,
        leaf=lambda a: torch.tensor(a, requires_grad=True),
        numpy=lambda x: x.detach().numpy(),
        tanh=torch.tanh,
        relu=torch.relu,
        linear=torch.nn.functional.linear,
        nn=torch.nn,
        optim=torch.optim,
        func=torch.func,
    )


def hips() -> Library:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    return SimpleNamespace(
        name=HIPS,
        array=np.array,
        leaf=np.array,
        numpy=np.asarray,
        tanh=anp.tanh,
        relu=lambda x: x * (x > 0),  # the tangent of its maximum is float64
        linear=_linear,
        logsumexp=lambda x: logsumexp(x, axis=1),
        top=autograd,
    )


def mygrad() -> Library:
    import mygrad as mg
    from mygrad.nnet.activations import relu

    return SimpleNamespace(
        name=MYGRAD,
        array=lambda a: mg.tensor(a, constant=True),
        leaf=mg.tensor,
        numpy=lambda x: np.array(getattr(x, "data", x)),
        tanh=mg.tanh,
        relu=relu,
        linear=_linear,
        top=mg,
    )


def jax() -> Library:
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return SimpleNamespace(
        name=JAX,
        array=jax.numpy.asarray,
        leaf=jax.numpy.asarray,
        numpy=np.asarray,
        tanh=jax.numpy.tanh,
        relu=jax.nn.relu,
        linear=_linear,
        logsumexp=lambda x: jax.nn.logsumexp(x, axis=1),
        top=jax,
    )
