"""`kl_divergence`: Σ p log(p / q) in closed form, by the kinds of the two distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_edu import linalg
from tinygrad_edu.distributions._continuous import MultivariateNormal, Normal, Uniform
from tinygrad_edu.distributions._discrete import Bernoulli, Categorical
from tinygrad_edu.distributions._distribution import Distribution
from tinygrad_edu.distributions._independent import Independent
from tinygrad_edu.engine.tensor import Tensor
from tinygrad_edu.ops.elementwise import where

_RULES: dict[tuple[type, type], Callable[..., Tensor]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Decorates the function `(p, q) → KL(p‖q)` for two kinds of distributions."""

    def register(rule: Callable[..., Tensor]) -> Callable[..., Tensor]:
        _RULES[type_p, type_q] = rule
        return rule

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p‖q), of the batch's shape. Raises NotImplementedError for two kinds without a formula here."""
    for a in type(p).__mro__:
        for b in type(q).__mro__:
            if (a, b) in _RULES:
                return _RULES[a, b](p, q)
    raise NotImplementedError(
        f"kl_divergence: no formula for {type(p).__name__} and {type(q).__name__}; register_kl adds one, or estimate it by "
        "(p.log_prob(x) − q.log_prob(x)).mean() over samples x of p."
    )


@register_kl(Normal, Normal)
def _normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    return p.log_prob(p.probs) - q.log_prob(p.probs)


@register_kl(Categorical, Categorical)
def _categorical(p: Categorical, q: Categorical) -> Tensor:
    return (p.probs * (p.logits - q.logits)).sum(-1)


@register_kl(Uniform, Uniform)
def _uniform(p: Uniform, q: Uniform) -> Tensor:
    inside = (q.low <= p.low) & (p.high <= q.high)
    return where(inside, ((q.high - q.low) / (p.high - p.low)).log(), math.inf)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Tensor:
    n = p.event_shape[0]
    spread = linalg.solve_triangular(q.scale_tril, p.scale_tril, upper=False)
    gap = linalg.solve_triangular(q.scale_tril, (p.loc - q.loc)[..., None], upper=False)
    found: Tensor = (
        q._half_log_det() - p._half_log_det() + 0.5 * ((spread**2).sum((-2, -1)) + (gap**2).sum((-2, -1)) - n)
    )
    return found


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"kl_divergence: an Independent over {p.reinterpreted_batch_ndims} axes and one over {q.reinterpreted_batch_ndims} are "
            "over values of different shapes; give both the same number of axes."
        )
    return p.summed(kl_divergence(p.base_dist, q.base_dist))
