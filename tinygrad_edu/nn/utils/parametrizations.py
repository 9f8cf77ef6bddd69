"""Parametrizations that lessons use: `weight_norm` and `spectral_norm`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import random
from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.engine.tensor import Tensor, make
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn.utils.parametrize import register_parametrization

__all__ = ["spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """g · v / ‖v‖, the norm over all axes but one (or all)."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def _norm(self, v: Any) -> Any:
        axes = tuple(i for i in range(v.ndim) if self.dim == -1 or i != self.dim)
        return np.sqrt(np.sum(v * v, axis=axes, keepdims=self.dim != -1))

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_v * (weight_g / self._norm(weight_v))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return self._norm(weight), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn the length and the direction of each row (axis `dim`; None: of the whole) apart: w = g · v / ‖v‖ (Salimans &
    Kingma, 2016).
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


class _SpectralNorm(Module):
    """w / σ(w), σ the largest singular value by power iteration, a step of it in each forward of training."""

    _u: Any
    _v: Any

    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise ShapeError(f"spectral_norm: dim={dim} isn't an axis of a weight of shape {weight.shape}.")
        if n_power_iterations <= 0:
            raise ConfigError(f"spectral_norm: n_power_iterations must be positive, got {n_power_iterations}.")
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight.detach()).numpy()
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = random.normal_(np.empty(size, matrix.dtype))
                self.register_buffer(name, make(self._unit(drawn), None))
            self._iterate(matrix, 15)

    def _unit(self, x: Any) -> Any:
        return x / max(float(np.linalg.norm(x)), self.eps)

    def _matrix(self, weight: Any) -> Any:
        if self.dim:
            weight = np.moveaxis(weight, self.dim, 0)
        return np.reshape(weight, (weight.shape[0], -1))

    def _iterate(self, matrix: Any, times: int) -> None:
        u, v = self._u.array, self._v.array
        for _ in range(times):
            u[...] = self._unit(matrix @ v)
            v[...] = self._unit(matrix.T @ u)
        note_write(u)
        note_write(v)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return weight / np.sqrt(np.sum(weight * weight))
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix.detach().numpy(), self.n_power_iterations)
        # Copies, for a second forward before the backward writes into the vectors.
        return weight / np.dot(self._u.array.copy(), matrix @ self._v.array.copy())

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide the weight by its largest singular value (Miyato et al., 2018), its rows being axis `dim`: 0, but 1 for
    transposed convolutions.
    """
    if not isinstance(weight := getattr(module, name, None), Tensor):
        raise ConfigError(f"spectral_norm: {type(module).__name__} has no parameter or buffer {name!r}.")
    if dim is None:
        dim = int(type(module).__name__.removeprefix("Parametrized").startswith("ConvTranspose"))
    register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
    return module
