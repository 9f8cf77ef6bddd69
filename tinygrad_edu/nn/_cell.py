"""Single steps of recurrent layers: RNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import init
from tinygrad_edu.nn._linear import sizes
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional import linear
from tinygrad_edu.ops.node_names import entitle
from tinygrad_edu.ops.recurrent import gru_, lstm_, rnn_


class RNNCellBase(Module):
    """What the cells have in common: input (N, input_size) and states (N, hidden_size), or without N; parameters that start
    uniform in ±1/√hidden_size.
    """

    gates: ClassVar[int] = 1
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        dtype, rows = dtype or get_default_dtype(), self.gates * hidden_size
        self.weight_ih = Parameter(np.empty((rows, input_size), dtype))
        self.weight_hh = Parameter(np.empty((rows, hidden_size), dtype))
        self.register_parameter("bias_ih", Parameter(np.empty(rows, dtype)) if bias else None)
        self.register_parameter("bias_hh", Parameter(np.empty(rows, dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the first values again."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")

    def _taken(self, x: Any, states: list[Any]) -> tuple[Any, list[Any], bool]:
        """The input as a sequence of one step, the states, and whether there is one example only."""
        name = type(self).__name__
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(f"{name}: expected (N, {self.input_size}) or ({self.input_size},), got {tuple(x.shape)}.")
        expected = (*x.shape[:-1], self.hidden_size)
        for state in states:
            if state is not None and tuple(state.shape) != expected:
                raise ShapeError(f"{name}: a state must have shape {expected}, got {tuple(state.shape)}.")
        states = [np.zeros(expected, x.dtype) if state is None else state for state in states]
        if x.ndim == 1:
            return x[None, None], [state[None] for state in states], True
        return x[None], states, False

    def _both_biases(self) -> Any:
        return None if self.bias_ih is None or self.bias_hh is None else self.bias_ih + self.bias_hh


class RNNCell(RNNCellBase):
    """h′ = tanh(W x + b + U h + b′), or relu by `nonlinearity`: `h = cell(input, h)`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ConfigError(f'RNNCell: nonlinearity is "tanh" or "relu", not {nonlinearity!r}.')
        super().__init__(input_size, hidden_size, bias, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        x, (h,), single = self._taken(input, [hx])
        a = linear(x, self.weight_ih, self._both_biases())
        y = rnn_(a, h, self.weight_hh, relu=self.nonlinearity == "relu")
        return entitle(y[0, 0] if single else y[0], f"{self.nonlinearity.title()}Backward0")

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class LSTMCell(RNNCellBase):
    """One step of an LSTM: `h, c = cell(input, (h, c))`."""

    gates = 4

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        x, states, single = self._taken(input, [None, None] if hx is None else list(hx))
        h, c, _ = lstm_(linear(x, self.weight_ih, self._both_biases()), *states, self.weight_hh)
        h, c = (h[0, 0], c[0, 0]) if single else (h[0], c[0])
        return entitle(h, "MulBackward0"), entitle(c, "AddBackward0")


class GRUCell(RNNCellBase):
    """One step of a GRU: `h = cell(input, h)`."""

    gates = 3

    def forward(self, input: Any, hx: Any = None) -> Any:
        x, (h,), single = self._taken(input, [hx])
        y, _ = gru_(linear(x, self.weight_ih, self.bias_ih), h, self.weight_hh, self.bias_hh)
        return entitle(y[0, 0] if single else y[0], "AddBackward0")
