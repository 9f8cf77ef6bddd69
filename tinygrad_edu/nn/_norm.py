"""Normalization as modules: over the batch, the features, groups of channels, or each image."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import functional as F
from tinygrad_edu.nn import init
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn._stateless import REQUIRED, Stateless
from tinygrad_edu.ops.create import as_tensor
from tinygrad_edu.ops.shape import listed


class _Affine(Module):
    """A weight that starts at one and a bias that starts at zero, either of which may be missing."""

    weight: Parameter | None
    bias: Parameter | None

    def _parameters_of(self, shape: tuple[int, ...], weight: bool, bias: bool, dtype: Any) -> None:
        dtype = dtype or get_default_dtype()
        self.register_parameter("weight", Parameter(np.empty(shape, dtype)) if weight else None)
        self.register_parameter("bias", Parameter(np.empty(shape, dtype)) if weight and bias else None)

    def reset_parameters(self) -> None:
        """Put the first values there again."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# -- with running statistics ---------------------------------------------------------------------------------------


class _Running(_Affine):
    """Statistics of what came by in training, for evaluation: `running_mean`, `running_var`, `num_batches_tracked`."""

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any
    dims: ClassVar[tuple[int, ...]]  # how many axes the input may have

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        dtype: Any,
        bias: bool,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._parameters_of((num_features,), affine, bias, dtype)
        self._buffers_of(num_features, dtype)
        self.reset_parameters()

    def _buffers_of(self, num_features: int, dtype: Any) -> None:
        dtype = dtype or get_default_dtype()
        on = self.track_running_stats
        self.register_buffer("running_mean", as_tensor(np.zeros(num_features, dtype)) if on else None)
        self.register_buffer("running_var", as_tensor(np.ones(num_features, dtype)) if on else None)
        self.register_buffer("num_batches_tracked", as_tensor(np.zeros((), np.int64)) if on else None)

    def reset_running_stats(self) -> None:
        """Forget what came by."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Put the first values there again, and forget what came by."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check(self, x: Any) -> None:
        if x.ndim not in self.dims:
            raise ShapeError(
                f"{type(self).__name__}: the input must have {' or '.join(map(str, self.dims))} axes, its shape is {x.shape}."
            )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, x: Any) -> Any:
        self._check(x)
        momentum, tracks = self.momentum, self.training and self.running_mean is not None
        of_batch = self.training or self.running_mean is None
        kept = tracks or not of_batch
        mean, var = (self.running_mean, self.running_var) if kept else (None, None)
        if tracks and self.num_batches_tracked is not None:
            count = self.num_batches_tracked.array
            count += 1
            note_write(count)
            if momentum is None:  # the mean over all batches
                momentum = 1 / int(count)
        return F.batch_norm(x, mean, var, self.weight, self.bias, of_batch, momentum or 0.0, self.eps)


class BatchNorm1d(_BatchNorm):
    """Each feature of (N, C) or channel of (N, C, L) to mean 0 and variance 1 over the batch."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Each channel of (N, C, H, W) to mean 0 and variance 1 over the batch."""

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel of (N, C, D, H, W) to mean 0 and variance 1 over the batch."""

    dims = (5,)


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, x: Any) -> Any:
        self._check(x)
        single = x.ndim == self.dims[0]
        of_input = self.training or not self.track_running_stats
        y = F.instance_norm(
            x[None] if single else x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            of_input,
            self.momentum or 0.0,
            self.eps,
        )
        return y[0] if single else y


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each example of (N, C, L) or (C, L) to mean 0 and variance 1."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each example of (N, C, H, W) or (C, H, W) to mean 0 and variance 1."""

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each example of (N, C, D, H, W) or (C, D, H, W) to mean 0 and variance 1."""

    dims = (4, 5)


# -- without -------------------------------------------------------------------------------------------------------


class LayerNorm(_Affine):
    """The last axes, those of `normalized_shape`, to mean 0 and variance 1 for each example."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = tuple(int(n) for n in listed(normalized_shape))
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._parameters_of(self.normalized_shape, elementwise_affine, bias, dtype)
        self.reset_parameters()

    def forward(self, x: Any) -> Any:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """The last axes, those of `normalized_shape`, to a mean square of 1 for each example."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = tuple(int(n) for n in listed(normalized_shape))
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        dtype = dtype or get_default_dtype()
        self.register_parameter(
            "weight", Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        )

    bias = None

    def forward(self, x: Any) -> Any:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Each of `num_groups` groups of the channels of each example to mean 0 and variance 1: (N, C, …)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ConfigError(f"GroupNorm: num_groups={num_groups} must divide num_channels={num_channels}.")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._parameters_of((num_channels,), affine, bias, dtype)
        self.reset_parameters()

    def forward(self, x: Any) -> Any:
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class LocalResponseNorm(Stateless):
    """x / (k + alpha · mean of x² over `size` neighbouring channels)^beta."""

    function = staticmethod(F.local_response_norm)
    options: ClassVar = {"size": REQUIRED, "alpha": 1e-4, "beta": 0.75, "k": 1.0}
    shown = "{size}, alpha={alpha}, beta={beta}, k={k}"
