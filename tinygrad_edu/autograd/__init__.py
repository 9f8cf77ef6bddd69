"""PyTorch's `torch.autograd`: the same names for the same things, on the engine and the transforms of this package."""

from tinygrad_edu.autograd import forward_ad, function, functional, graph, profiler
from tinygrad_edu.autograd._anomaly import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from tinygrad_edu.autograd._chain import checkpoint_chain
from tinygrad_edu.autograd._checkpoint import checkpoint, checkpoint_sequential
from tinygrad_edu.autograd._grad import Variable, backward, grad
from tinygrad_edu.autograd._gradcheck import gradcheck, gradgradcheck
from tinygrad_edu.autograd.function import Function
from tinygrad_edu.engine.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_edu.errors import GradcheckError
from tinygrad_edu.names import alias as _alias
from tinygrad_edu.names import no_such_name as _no_such_name
from tinygrad_edu.names import submodule as _submodule

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "checkpoint",
    "checkpoint_chain",
    "checkpoint_sequential",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]

_alias(__name__, "variable")
_submodule(f"{__name__}.gradcheck", "PyTorch's file for these.", gradcheck=gradcheck, gradgradcheck=gradgradcheck)
__getattr__ = _no_such_name(__name__)
