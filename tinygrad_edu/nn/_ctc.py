"""The connectionist temporal classification loss as a module."""

from __future__ import annotations

from typing import ClassVar

from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._loss import _Loss


class CTCLoss(_Loss):
    """−ln of the probability that a sequence reads as its target: called with log_probs (T, N, C), targets, and the lengths
    of both. What they may be is in `functional.ctc_loss`.
    """

    function = staticmethod(F.ctc_loss)
    options: ClassVar = {"blank": 0, "reduction": "mean", "zero_infinity": False}
