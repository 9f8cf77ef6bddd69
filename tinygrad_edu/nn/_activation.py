"""Activations as modules: the functions of `functional`, one entry each; and PReLU, which learns its slope."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn._stateless import REQUIRED, Stateless


class ReLU(Stateless):
    """max(x, 0)."""

    function = staticmethod(F.relu)
    options: ClassVar = {"inplace": False}


class ReLU6(Stateless):
    """min(max(x, 0), 6)."""

    function = staticmethod(F.relu6)
    options: ClassVar = {"inplace": False}


class LeakyReLU(Stateless):
    """x where x > 0, negative_slope · x elsewhere."""

    function = staticmethod(F.leaky_relu)
    options: ClassVar = {"negative_slope": 0.01, "inplace": False}


class ELU(Stateless):
    """x where x > 0, alpha · (eˣ − 1) elsewhere."""

    function = staticmethod(F.elu)
    options: ClassVar = {"alpha": 1.0, "inplace": False}


class CELU(Stateless):
    """x where x > 0, alpha · (e^(x/alpha) − 1) elsewhere."""

    function = staticmethod(F.celu)
    options: ClassVar = {"alpha": 1.0, "inplace": False}


class SELU(Stateless):
    """An ELU scaled so that means stay 0 and variances 1."""

    function = staticmethod(F.selu)
    options: ClassVar = {"inplace": False}


class Threshold(Stateless):
    """x where x > threshold, value elsewhere."""

    function = staticmethod(F.threshold)
    options: ClassVar = {"threshold": REQUIRED, "value": REQUIRED, "inplace": False}


class Tanh(Stateless):
    """tanh(x)."""

    function = staticmethod(F.tanh)


class Hardtanh(Stateless):
    """x held between min_val and max_val."""

    function = staticmethod(F.hardtanh)
    options: ClassVar = {"min_val": -1.0, "max_val": 1.0, "inplace": False}


class Tanhshrink(Stateless):
    """x − tanh(x)."""

    function = staticmethod(F.tanhshrink)


class Softsign(Stateless):
    """x / (1 + |x|)."""

    function = staticmethod(F.softsign)


class Sigmoid(Stateless):
    """1 / (1 + e⁻ˣ)."""

    function = staticmethod(F.sigmoid)


class LogSigmoid(Stateless):
    """ln sigmoid(x)."""

    function = staticmethod(F.logsigmoid)


class Hardsigmoid(Stateless):
    """min(max(x + 3, 0), 6) / 6."""

    function = staticmethod(F.hardsigmoid)
    options: ClassVar = {"inplace": False}
    shown = ""


class Hardswish(Stateless):
    """x · hardsigmoid(x)."""

    function = staticmethod(F.hardswish)
    options: ClassVar = {"inplace": False}
    shown = ""


class Softplus(Stateless):
    """ln(1 + e^(beta·x)) / beta."""

    function = staticmethod(F.softplus)
    options: ClassVar = {"beta": 1.0, "threshold": 20.0}


class SiLU(Stateless):
    """x · sigmoid(x)."""

    function = staticmethod(F.silu)
    options: ClassVar = {"inplace": False}


class Mish(Stateless):
    """x · tanh(softplus(x))."""

    function = staticmethod(F.mish)
    options: ClassVar = {"inplace": False}


class GELU(Stateless):
    """x · Φ(x), Φ the normal distribution function."""

    function = staticmethod(F.gelu)
    options: ClassVar = {"approximate": "none"}


class GLU(Stateless):
    """a · sigmoid(b), a and b the halves of x along `dim`."""

    function = staticmethod(F.glu)
    options: ClassVar = {"dim": -1}


class Hardshrink(Stateless):
    """x where |x| > lambd, 0 elsewhere."""

    function = staticmethod(F.hardshrink)
    options: ClassVar = {"lambd": 0.5}
    shown = "{lambd}"


class Softshrink(Stateless):
    """x moved towards 0 by lambd."""

    function = staticmethod(F.softshrink)
    options: ClassVar = {"lambd": 0.5}
    shown = "{lambd}"


class Softmax(Stateless):
    """e^x / Σ e^x along `dim`."""

    function = staticmethod(F.softmax)
    options: ClassVar = {"dim": None}


class Softmin(Stateless):
    """softmax(−x) along `dim`."""

    function = staticmethod(F.softmin)
    options: ClassVar = {"dim": None}


class LogSoftmax(Stateless):
    """ln softmax(x) along `dim`."""

    function = staticmethod(F.log_softmax)
    options: ClassVar = {"dim": None}


class Softmax2d(Module):
    """`Softmax` over the channels of (N, C, H, W) or (C, H, W)."""

    def forward(self, x: Any) -> Any:
        if x.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d: the input must have shape (N, C, H, W) or (C, H, W), it has {x.shape}.")
        return F.softmax(x, -3)


class RReLU(Stateless):
    """x where x > 0, r · x elsewhere; r is drawn anew for each element while training, and is the mean in evaluation."""

    options: ClassVar = {"lower": 1 / 8, "upper": 1 / 3, "inplace": False}
    lower: float
    upper: float
    inplace: bool

    def forward(self, x: Any) -> Any:
        return F.rrelu(x, self.lower, self.upper, self.training, self.inplace)


class PReLU(Module):
    """x where x > 0, w · x elsewhere, with a w that is learned: one, or one for each of `num_parameters` channels."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(np.empty(num_parameters, dtype or get_default_dtype()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Put the first value there again."""
        init.constant_(self.weight, self.init)

    def forward(self, x: Any) -> Any:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"
