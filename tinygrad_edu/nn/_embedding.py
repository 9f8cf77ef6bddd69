"""Layers that hold a vector for each of some integers: Embedding and EmbeddingBag."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import init
from tinygrad_edu.nn._linear import sizes
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional import embedding, embedding_bag


class Embedding(Module):
    """A learned vector for each of `num_embeddings` integers: (…) int → (…, embedding_dim).

    `weight` (num_embeddings, embedding_dim) starts standard normal. The row `padding_idx` starts at zero and gets no
    gradient. Rows longer than `max_norm` are scaled down to it when they are read. `sparse` changes nothing.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        sizes(name, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ConfigError(f"{name}: padding_idx {padding_idx} isn't one of the {num_embeddings} rows.")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is not None:
            if _weight.shape != (num_embeddings, embedding_dim):
                raise ShapeError(
                    f"{name}: _weight must have shape {(num_embeddings, embedding_dim)}, got {tuple(_weight.shape)}."
                )
            self.weight = Parameter(_weight, requires_grad=not _freeze)
            return
        made = np.empty((num_embeddings, embedding_dim), dtype or get_default_dtype())
        self.weight = Parameter(made, requires_grad=not _freeze)
        self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """With the given rows, which are not learned unless `freeze=False`."""
        if embeddings.ndim != 2:
            raise ShapeError(
                f"{cls.__name__}.from_pretrained: needs shape (num_embeddings, embedding_dim), got {embeddings.shape}."
            )
        rows, width = embeddings.shape
        return cls(
            rows,
            width,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def reset_parameters(self) -> None:
        """Draw the first values again."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0

    def forward(self, input: Any) -> Any:
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        return self._listed(padding_idx=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, sparse=False)

    def _listed(self, **defaults: Any) -> str:
        """The sizes, and what differs from its default."""
        shown = {name: getattr(self, name) for name in defaults}
        rest = "".join(f", {name}={value!r}" for name, value in shown.items() if value != defaults[name])
        return f"{self.num_embeddings}, {self.embedding_dim}{rest}"


class EmbeddingBag(Embedding):
    """The sum, mean or max of the vectors of each bag: (bags, size) int, or one axis with `offsets` → (bags,
    embedding_dim).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight,
            dtype=dtype,
        )
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        return self._listed(max_norm=None, norm_type=2, scale_grad_by_freq=False, mode=None, padding_idx=None)
