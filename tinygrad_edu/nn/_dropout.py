"""Dropout in its kinds: what they have in common is `p`, the probability of dropping, and that evaluation drops nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tinygrad_edu.errors import ConfigError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn._module import Module


class _Dropout(Module):
    function: ClassVar[Callable[..., Any]]
    overwrites: ClassVar = True  # whether `inplace` is more than a word

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ConfigError(f"{type(self).__name__}: p is the probability of dropping, between 0 and 1, not {p}.")
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        return self.function(x, self.p, self.training, self.inplace and self.overwrites)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training, zeroes each element with probability `p` and scales the rest by 1/(1 − p)."""

    function = staticmethod(F.dropout)


class Dropout1d(_Dropout):
    """`Dropout` of whole channels of (N, C, L) or (C, L)."""

    function = staticmethod(F.dropout1d)


class Dropout2d(_Dropout):
    """`Dropout` of whole channels of (N, C, H, W)."""

    function = staticmethod(F.dropout2d)


class Dropout3d(_Dropout):
    """`Dropout` of whole channels of (N, C, D, H, W)."""

    function = staticmethod(F.dropout3d)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance after a SELU."""

    overwrites = False  # as in PyTorch, whose module accepts it and doesn't pass it on
    function = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels."""

    overwrites = False  # as in PyTorch, whose module accepts it and doesn't pass it on
    function = staticmethod(F.feature_alpha_dropout)
