"""Losses as modules: `criterion = CrossEntropyLoss(); criterion(logits, labels)`. The formulas are in `functional`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._distance import PairwiseDistance
from tinygrad_edu.nn._stateless import Stateless
from tinygrad_edu.nn.functional._checks import REDUCTIONS, reduction_of
from tinygrad_edu.ops.create import as_tensor

_OLD = {"size_average": None, "reduce": None}
_WEIGHTS = ("weight", "pos_weight")


class _Loss(Stateless):
    """`reduction` is "mean", "sum" or "none" (a loss for each element or row).

    The options are those of the function, in PyTorch's order; `size_average` and `reduce` are old names for `reduction`.
    """

    function: ClassVar[Callable[..., Any]]
    options: ClassVar = {**_OLD, "reduction": "mean"}
    shown = ""
    known: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__()
        given = self._given(values, named)
        given["reduction"] = reduction_of(
            type(self).__name__,
            given["reduction"],
            given.pop("size_average", None),
            given.pop("reduce", None),
            self.known,
        )
        for name, value in given.items():
            if name in _WEIGHTS:  # a buffer, so that `to(dtype)` and `state_dict` know it
                self.__dict__.pop(name, None)
                self.register_buffer(name, None if value is None else as_tensor(value))
            else:
                setattr(self, name, value)
        self._kept = tuple(given)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        own = self.__dict__
        return self.function(*inputs, **named, **{name: own[name] for name in self._kept})


class MSELoss(_Loss):
    """The mean of (x − t)² over tensors of one shape."""

    function = staticmethod(F.mse_loss)


class L1Loss(_Loss):
    """The mean of |x − t| over tensors of one shape."""

    function = staticmethod(F.l1_loss)


class SmoothL1Loss(_Loss):
    """The mean of d²/(2β) where d = |x − t| < β, of d − β/2 elsewhere."""

    function = staticmethod(F.smooth_l1_loss)
    options: ClassVar = {**_OLD, "reduction": "mean", "beta": 1.0}


class HuberLoss(_Loss):
    """The mean of d²/2 where d = |x − t| ≤ δ, of δ(d − δ/2) elsewhere."""

    function = staticmethod(F.huber_loss)
    options: ClassVar = {"reduction": "mean", "delta": 1.0}


class KLDivLoss(_Loss):
    """The mean of t(ln t − x), x the logarithm of a distribution; "batchmean" gives the divergence itself."""

    function = staticmethod(F.kl_div)
    options: ClassVar = {**_OLD, "reduction": "mean", "log_target": False}
    known = (*REDUCTIONS, "batchmean")


class PoissonNLLLoss(_Loss):
    """The mean of eˣ − t·x: −ln of a Poisson distribution's probability of t, x the logarithm of its rate."""

    function = staticmethod(F.poisson_nll_loss)
    options: ClassVar = {
        "log_input": True,
        "full": False,
        "size_average": None,
        "eps": 1e-8,
        "reduce": None,
        "reduction": "mean",
    }


class GaussianNLLLoss(_Loss):
    """The mean of (ln σ² + (x − t)²/σ²)/2: called with x, t and σ²."""

    function = staticmethod(F.gaussian_nll_loss)
    options: ClassVar = {"full": False, "eps": 1e-6, "reduction": "mean"}

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(full=full, eps=eps, reduction=reduction)


class BCELoss(_Loss):
    """The mean of −(t ln x + (1 − t) ln(1 − x)), x and t probabilities."""

    function = staticmethod(F.binary_cross_entropy)
    options: ClassVar = {"weight": None, **_OLD, "reduction": "mean"}


class BCEWithLogitsLoss(_Loss):
    """`BCELoss` of sigmoid(x), computed without overflow from the scores x."""

    function = staticmethod(F.binary_cross_entropy_with_logits)
    options: ClassVar = {"weight": None, **_OLD, "reduction": "mean", "pos_weight": None}


class NLLLoss(_Loss):
    """The mean of −x[label], x the log-probabilities that LogSoftmax gives."""

    function = staticmethod(F.nll_loss)
    options: ClassVar = {
        "weight": None,
        "size_average": None,
        "ignore_index": -100,
        "reduce": None,
        "reduction": "mean",
    }


class CrossEntropyLoss(_Loss):
    """The mean of −ln softmax(x)[label], from the scores x: no Softmax before it. See `functional.cross_entropy`."""

    function = staticmethod(F.cross_entropy)
    options: ClassVar = {
        "weight": None,
        "size_average": None,
        "ignore_index": -100,
        "reduce": None,
        "reduction": "mean",
        "label_smoothing": 0.0,
    }


class SoftMarginLoss(_Loss):
    """The mean of ln(1 + e^(−t·x)), t = ±1."""

    function = staticmethod(F.soft_margin_loss)


class HingeEmbeddingLoss(_Loss):
    """The mean of the distance x where t = 1, of max(0, margin − x) where t = −1."""

    function = staticmethod(F.hinge_embedding_loss)
    options: ClassVar = {"margin": 1.0, **_OLD, "reduction": "mean"}


class MarginRankingLoss(_Loss):
    """The mean of max(0, −t(x₁ − x₂) + margin): t says which of the two shall be larger."""

    function = staticmethod(F.margin_ranking_loss)
    options: ClassVar = {"margin": 0.0, **_OLD, "reduction": "mean"}


class CosineEmbeddingLoss(_Loss):
    """The mean of 1 − cos(x₁, x₂) where t = 1, of max(0, cos − margin) where t = −1."""

    function = staticmethod(F.cosine_embedding_loss)
    options: ClassVar = {"margin": 0.0, **_OLD, "reduction": "mean"}


class TripletMarginLoss(_Loss):
    """The mean of max(0, d(anchor, positive) − d(anchor, negative) + margin)."""

    function = staticmethod(F.triplet_margin_loss)
    options: ClassVar = {"margin": 1.0, "p": 2.0, "eps": 1e-6, "swap": False, **_OLD, "reduction": "mean"}


class TripletMarginWithDistanceLoss(_Loss):
    """`TripletMarginLoss` with a distance of your own, a function or a module; `PairwiseDistance()` if none is given."""

    function = staticmethod(F.triplet_margin_with_distance_loss)
    options: ClassVar = {"distance_function": None, "margin": 1.0, "swap": False, "reduction": "mean"}
    distance_function: Any

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        if self.distance_function is None:
            self.distance_function = PairwiseDistance()


class MultiMarginLoss(_Loss):
    """The mean of Σ max(0, margin − x[label] + x[j])ᵖ / C over the other classes j."""

    function = staticmethod(F.multi_margin_loss)
    options: ClassVar = {"p": 1, "margin": 1.0, "weight": None, **_OLD, "reduction": "mean"}


class MultiLabelMarginLoss(_Loss):
    """`MultiMarginLoss` for rows with several classes, listed up to the first −1."""

    function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(_Loss):
    """The mean of −(t ln σ(x) + (1 − t) ln σ(−x)) over rows and classes."""

    function = staticmethod(F.multilabel_soft_margin_loss)
    options: ClassVar = {"weight": None, **_OLD, "reduction": "mean"}
