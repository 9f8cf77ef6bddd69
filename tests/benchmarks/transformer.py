"""Steps of training models of sequences through PyTorch's names, for the two libraries that have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_WIDTH, _HEADS, _CONTEXT, _LETTERS, _BATCH = 64, 4, 32, 65, 12


def _gpt(lib: Any, blocks: int) -> Any:
    nn, F = lib.nn, lib.nn.functional

    class Block(nn.Module):  # type: ignore[misc, name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(_WIDTH), nn.LayerNorm(_WIDTH)
            self.qkv, self.out = nn.Linear(_WIDTH, 3 * _WIDTH), nn.Linear(_WIDTH, _WIDTH)
            self.mlp = nn.Sequential(nn.Linear(_WIDTH, 4 * _WIDTH), nn.GELU(), nn.Linear(4 * _WIDTH, _WIDTH))

        def forward(self, x: Any) -> Any:
            b, t, c = x.shape
            q, k, v = (
                part.view(b, t, _HEADS, c // _HEADS).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(c, 2)
            )
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):  # type: ignore[misc, name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.letter, self.place = nn.Embedding(_LETTERS, _WIDTH), nn.Embedding(_CONTEXT, _WIDTH)
            self.blocks = nn.Sequential(*[Block() for _ in range(blocks)])
            self.norm, self.head = nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, _LETTERS, bias=False)

        def forward(self, ids: Any, places: Any) -> Any:
            return self.head(self.norm(self.blocks(self.letter(ids) + self.place(places))))

    return GPT()


def _lstm(lib: Any) -> Any:
    class Model(lib.nn.Module):  # type: ignore[misc, name-defined]  # of either library
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.head = lib.nn.LSTM(8, 64, 2, batch_first=True), lib.nn.Linear(64, 8)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0])

    return Model()


def _loaded(lib: Any, model: Any) -> list[Any]:
    """The parameters, with values that are the same in both libraries."""
    draw = np.random.default_rng(0)
    state = {
        name: lib.array(
            np.ones(tuple(p.shape), np.float32)
            if "norm" in name and name.endswith("weight")
            else draw.normal(0, 0.05, tuple(p.shape)).astype(np.float32)
        )
        for name, p in model.state_dict().items()
    }
    model.load_state_dict(state)
    return list(model.parameters())


def gpt_step(lib: Any, blocks: int, lr: float) -> Callable[[], list[Any]]:
    """Forward, backward, AdamW over batches of letters; returns the gradients."""
    model = _gpt(lib, blocks)
    parameters = _loaded(lib, model)
    ids = np.random.default_rng(1).integers(0, _LETTERS, (_BATCH, _CONTEXT + 1))
    x, y = lib.array(ids[:, :-1]), lib.array(ids[:, 1:].reshape(-1))
    places = lib.array(np.arange(_CONTEXT))
    loss_of, optimizer = lib.nn.CrossEntropyLoss(), lib.optim.AdamW(parameters, lr=lr)

    def step() -> list[Any]:
        optimizer.zero_grad()
        loss_of(model(x, places).reshape(-1, _LETTERS), y).backward()
        optimizer.step()
        return [p.grad for p in parameters]

    return step


def lstm_step(lib: Any, steps: int, size: int, lr: float) -> Callable[[], list[Any]]:
    """Forward, backward, Adam of two layers of 64 over sequences of 8 numbers; returns the gradients."""
    model = _lstm(lib)
    parameters = _loaded(lib, model)
    x, y = (lib.array(a) for a in np.random.default_rng(1).normal(size=(2, size, steps, 8)).astype(np.float32))
    loss_of, optimizer = lib.nn.MSELoss(), lib.optim.Adam(parameters, lr=lr)

    def step() -> list[Any]:
        optimizer.zero_grad()
        loss_of(model(x), y).backward()
        optimizer.step()
        return [p.grad for p in parameters]

    return step
