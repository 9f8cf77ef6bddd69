"""Recurrent layers over sequences: RNN, LSTM and GRU; their single steps are in `_cell.py`."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.nn import init
from tinygrad_edu.nn._linear import sizes
from tinygrad_edu.nn._module import Module
from tinygrad_edu.nn._parameter import Parameter
from tinygrad_edu.nn.functional import dropout, linear
from tinygrad_edu.nn.utils.rnn import PackedSequence, reversed_within
from tinygrad_edu.ops.node_names import entitle
from tinygrad_edu.ops.recurrent import gru_, lstm_, lstm_projected, rnn_


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: the layers, the directions, the order of the parameters.

    Input (T, N, input_size), or (N, T, input_size) with `batch_first`, or (T, input_size), or a PackedSequence; with it
    the first states (num_layers · directions, N, hidden_size). Parameters start uniform in ±1/√hidden_size.
    """

    gates: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        sizes(name, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers, proj_size=proj_size)
        if hidden_size == 0 or num_layers == 0:
            raise ConfigError(
                f"{name}: hidden_size and num_layers must be positive, got {hidden_size} and {num_layers}."
            )
        if not 0 <= dropout <= 1:
            raise ConfigError(f"{name}: dropout is the probability of dropping, between 0 and 1, not {dropout}.")
        if proj_size >= hidden_size:
            raise ConfigError(f"{name}: proj_size must be smaller than hidden_size={hidden_size}, got {proj_size}.")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        dtype = dtype or get_default_dtype()
        out = proj_size or hidden_size
        directions = 1 + bidirectional
        self._names: list[list[str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else out * directions
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (self.gates * hidden_size, width),
                    "weight_hh": (self.gates * hidden_size, out),
                }
                if bias:
                    shapes |= {"bias_ih": (self.gates * hidden_size,), "bias_hh": (self.gates * hidden_size,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = {kind: f"{kind}_l{layer}{suffix}" for kind in shapes}
                for kind, shape in shapes.items():
                    self.register_parameter(names[kind], Parameter(np.empty(shape, dtype)))
                self._names.append(list(names.values()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the first values again."""
        bound = 1 / math.sqrt(self.hidden_size)
        for p in self.parameters():
            init.uniform_(p, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def flatten_parameters(self) -> None:
        """Nothing: it is for GPUs."""

    def extra_repr(self) -> str:
        shown = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        rest = "".join(f", {k}={getattr(self, k)}" for k, default in shown.items() if getattr(self, k) != default)
        return f"{self.input_size}, {self.hidden_size}{rest}"

    # -- forward ---------------------------------------------------------------------------------------------------

    def _start(self, given: Any, n: int, single: bool, size: int, dtype: Any, what: str) -> Any:
        """The first states: (num_layers · directions, N, size), zeros where none are given."""
        shape = (len(self._names), n, size)
        if given is None:
            return np.zeros(shape, dtype)
        expected = (shape[0], size) if single else shape
        if tuple(given.shape) != expected:
            raise ShapeError(f"{type(self).__name__}: {what} must have shape {expected}, got {tuple(given.shape)}.")
        return given[:, None] if single else given

    def _run(self, x: Any, starts: list[Any]) -> tuple[Any, list[Any]]:
        """All layers over `x` from first states of each kind: the result like `x`, and the last states of each kind."""
        packed = x if isinstance(x, PackedSequence) else None
        lengths = None
        if packed is not None:
            x, lengths = packed.padded()  # (T, N, features), in the order of the pack
            single, first = False, False
        else:
            if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
                order = "(N, T, …)" if self.batch_first else "(T, N, …)"
                raise ShapeError(
                    f"{type(self).__name__}: expected {order} or (T, …) with {self.input_size} features, got {tuple(x.shape)}."
                )
            single, first = x.ndim == 2, self.batch_first
            if single:
                x = x[:, None]
            elif first:
                x = np.swapaxes(x, 0, 1)
        n = x.shape[1]
        widths = [self.proj_size or self.hidden_size, self.hidden_size]
        names = ["the first hidden state", "the first cell state"]
        states = [
            self._start(given, n, single, width, x.dtype, name)
            for given, width, name in zip(starts, widths, names, strict=False)
        ]
        if packed is not None and packed.sorted_indices is not None:
            states = [state[:, packed.sorted_indices] for state in states]
        ends: list[list[Any]] = [[] for _ in states]
        directions = 1 + self.bidirectional
        for layer in range(self.num_layers):
            results = []
            for d in range(directions):
                at = layer * directions + d
                y, last = self._direction(x, [state[at] for state in states], at, d == 1, lengths)
                results.append(y)
                for end, value in zip(ends, last, strict=True):
                    end.append(value)
            x = results[0] if directions == 1 else np.concatenate(results, axis=-1)
            if self.dropout and layer < self.num_layers - 1:
                x = _dropped(x, packed, self.dropout, self.training)
        finals = [entitle(np.stack(end), "StackBackward0") for end in ends]
        if packed is not None:
            if packed.unsorted_indices is not None:
                finals = [final[:, packed.unsorted_indices] for final in finals]
            return packed.like(x), finals
        if single:
            return x[:, 0], [final[:, 0] for final in finals]
        return entitle(np.swapaxes(x, 0, 1), f"TransposeBackward{int(self.gates < 4)}") if first else x, finals

    def _direction(self, x: Any, states: list[Any], at: int, backward: bool, lengths: Any) -> tuple[Any, list[Any]]:
        """One layer in one direction: (T, N, …) → (T, N, …), and the last states."""
        if backward:
            x = np.flip(x, 0) if lengths is None else reversed_within(x, lengths)
        sequences = self._sequence(x, states, *(getattr(self, name) for name in self._names[at]))
        if lengths is None:
            last = [s[-1] for s in sequences]
        else:
            last = [s[lengths - 1, np.arange(len(lengths))] for s in sequences]
        y = sequences[0]
        if backward:
            y = np.flip(y, 0) if lengths is None else reversed_within(y, lengths)
        return y, last

    def _sequence(self, x: Any, states: list[Any], w: Any, u: Any, *rest: Any) -> list[Any]:
        """The states of each kind after each step."""
        raise NotImplementedError


def _dropped(x: Any, packed: PackedSequence | None, p: float, training: bool) -> Any:
    if packed is None:
        return dropout(x, p, training)
    data = dropout(packed.like(x).data, p, training)  # the mask is that of the pack
    return packed._replace(data=data).padded()[0]


class RNN(RNNBase):
    """hₜ = tanh(W xₜ + b + U hₜ₋₁ + b′), or relu by `nonlinearity`: `output, h_n = rnn(input, h_0)` (Elman, 1990)."""

    def __init__(self, *args: Any, nonlinearity: str = "tanh", **options: Any) -> None:
        if len(args) > 3:  # in PyTorch's order it comes before bias
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        if nonlinearity not in ("tanh", "relu"):
            raise ConfigError(f'RNN: nonlinearity is "tanh" or "relu", not {nonlinearity!r}.')
        self.__dict__["nonlinearity"] = nonlinearity
        super().__init__(*args, **options)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        y, (h,) = self._run(input, [hx])
        return y, h

    def _sequence(self, x: Any, states: list[Any], w: Any, u: Any, *rest: Any) -> list[Any]:
        b = rest[0] + rest[1] if rest else None
        return [rnn_(linear(x, w, b), states[0], u, relu=self.__dict__["nonlinearity"] == "relu")]


class LSTM(RNNBase):
    """Long short-term memory: `output, (h_n, c_n) = lstm(input, (h_0, c_0))` (Hochreiter & Schmidhuber, 1997; Gers et al.,
    2000).

    The gates stand in the order input, forget, cell, output. With `proj_size` the hidden state is projected to that size
    (Sak et al., 2014).
    """

    gates = 4

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, tuple[Any, Any]]:
        y, (h, c) = self._run(input, [None, None] if hx is None else list(hx))
        return y, (h, c)

    def _sequence(self, x: Any, states: list[Any], w: Any, u: Any, *rest: Any) -> list[Any]:
        b = rest[0] + rest[1] if self.bias else None
        a = linear(x, w, b)
        if self.proj_size:
            return list(lstm_projected(a, states[0], states[1], u, rest[-1]))
        h, c, _ = lstm_(a, *states, u)
        return [h, c]


class GRU(RNNBase):
    """Gated recurrent unit: `output, h_n = gru(input, h_0)` (Cho et al., 2014). The gates stand in the order reset, update,
    new.
    """

    gates = 3

    def __init__(self, *args: Any, **options: Any) -> None:
        if options.get("proj_size"):
            raise ConfigError("GRU: only an LSTM has a proj_size.")
        super().__init__(*args, **options)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        y, (h,) = self._run(input, [hx])
        return y, h

    def _sequence(self, x: Any, states: list[Any], w: Any, u: Any, *rest: Any) -> list[Any]:
        b, c = rest or (None, None)
        return [gru_(linear(x, w, b), states[0], u, c)[0]]
