"""Recurrent networks over a whole sequence, a node for all its steps: `rnn_`, `lstm_` and `gru_`.

What doesn't depend on the step before, the product of the inputs with their weights, comes in as `a`. Their cotangents are
backpropagation through time; all arguments share one such sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.ops._shared import shared
from tinygrad_edu.ops.activation import sigmoid
from tinygrad_edu.ops.join import concatenate, stack

# Shapes: a (T, N, gates · H), h and c (N, H), w (gates · H, H), b (gates · H,); results (T, N, …).


def _parts(x: Any, count: int) -> list[Any]:
    """Equal parts of the last axis."""
    size = x.shape[-1] // count
    return [x[..., i * size : (i + 1) * size] for i in range(count)]


def _plus(*terms: Any) -> Any:
    """The sum of those that aren't None."""
    found = [term for term in terms if term is not None]
    total = found[0] if found else None
    for term in found[1:]:
        total = total + term
    return total


def _at(x: Any, t: int) -> Any:
    return None if x is None else x[t]


def _before(h: Any, hs: Any) -> Any:
    """The state before each step: (T, N, H)."""
    return np.concatenate([h[None], hs[:-1]])


def _times(h: Any, w: Any) -> Any:
    return None if h is None or w is None else np.matmul(h, w.mT)


def _weight_bar(a_bar: Any, before: Any) -> Any:
    rows = np.reshape(a_bar, (-1, a_bar.shape[-1]))
    return np.matmul(rows.mT, np.reshape(before, (-1, before.shape[-1])))


def _squash(a: Any, half: Any, shift: Any) -> None:
    """Sigmoid where `half` is ½, tanh where it is 1, in place: 1/(1 + e⁻ˣ) = ½ + ½ tanh(x/2)."""
    a *= half
    np.tanh(a, out=a)
    a *= half
    a += shift


def _halves(pattern: Sequence[float], size: int, dtype: Any) -> tuple[Any, Any]:
    half = np.repeat(np.asarray(pattern, dtype), size)
    return half, np.where(half == 0.5, half, 0)


def _along(tangent: Callable[..., Any], position: int, arity: int) -> Callable[..., Any]:
    """The `push` of one argument: the tangent of the whole with the others' at zero."""

    def push(x_dot: Any, y: Any, *xs: Any, **params: Any) -> Any:
        return tangent([x_dot if i == position else None for i in range(arity)], y, *xs, **params)

    return push


# -- RNN -----------------------------------------------------------------------------------------------------------


def _rnn(a: Any, h: Any, w: Any, *, relu: bool) -> Any:
    hs = np.empty((*a.shape[:2], w.shape[1]), a.dtype)
    for t, now in enumerate(hs):
        np.matmul(h, w.T, out=now)
        now += a[t]
        np.maximum(now, 0, out=now) if relu else np.tanh(now, out=now)
        h = now
    return hs


def _rnn_reference(a: Any, h: Any, w: Any, *, relu: bool) -> Any:
    hs = []
    for t in range(a.shape[0]):
        s = a[t] + h @ w.mT
        h = np.maximum(s, 0) if relu else np.tanh(s)
        hs.append(h)
    return stack(hs)


def _slope(y: Any, relu: bool) -> Any:
    return (y > 0) * np.ones((), y.dtype) if relu else 1 - y * y


def _rnn_tangent(dots: Any, y: Any, a: Any, h: Any, w: Any, *, relu: bool) -> Any:
    a_dot, h_dot, w_dot = dots
    slopes, out = _slope(y, relu), []
    for t in range(y.shape[0]):
        total = _plus(_at(a_dot, t), _times(h_dot, w), _times(h if t == 0 else y[t - 1], w_dot))
        h_dot = slopes[t] * total
        out.append(h_dot)
    return np.stack(out)


def _rnn_sweep(y_bar: Any, y: Any, a: Any, h: Any, w: Any, *, relu: bool) -> Any:
    slopes, h_bar, bars = _slope(y, relu), None, []
    for t in reversed(range(y.shape[0])):
        bars.append(slopes[t] * _plus(y_bar[t], h_bar))
        h_bar = np.matmul(bars[-1], w)
    return np.stack(bars[::-1]), h_bar


rnn_: Op = shared(
    "rnn",
    _rnn,
    _rnn_sweep,
    Given("Āₜ = f′ ∘ (Ȳₜ + Āₜ₊₁ W)", _along(_rnn_tangent, 0, 3), lambda b, *_, **__: b[0], reads=("y", 1, 2)),
    Given("h̄₀ += Ā₁ W", _along(_rnn_tangent, 1, 3), lambda b, *_, **__: b[1], reads=("y", 1, 2)),
    Given(
        "W̄ += Σₜ Āₜᵀ hₜ₋₁",
        _along(_rnn_tangent, 2, 3),
        lambda b, y, a, h, w, **_: _weight_bar(b[0], _before(h, y)),
        reads=("y", 1, 2),
    ),
    math="hₜ = f(aₜ + hₜ₋₁ Wᵀ)",
    overwritable=True,
    cost=lambda y, a, h, w, **_: 2 * y.size * w.shape[0],
    promotes=True,
    complex=False,
    reference=_rnn_reference,
    samples=lambda r: [Sample((r(3, 2, 4), r(2, 4), r(4, 4)), {"relu": relu}) for relu in (False, True)],
)

# -- LSTM ----------------------------------------------------------------------------------------------------------


def _lstm(a: Any, h: Any, c: Any, w: Any) -> Any:
    size = w.shape[1]
    hs, cs = np.empty((*a.shape[:2], size), a.dtype), np.empty((*a.shape[:2], size), a.dtype)
    gates = np.empty(a.shape, a.dtype)
    half, shift = _halves((0.5, 0.5, 1, 0.5), size, a.dtype)
    for t, gate in enumerate(gates):
        np.matmul(h, w.T, out=gate)
        gate += a[t]
        _squash(gate, half, shift)
        i, f, g, o = _parts(gate, 4)
        np.multiply(f, c, out=cs[t])
        cs[t] += i * g
        c = cs[t]
        np.tanh(c, out=hs[t])
        hs[t] *= o
        h = hs[t]
    return hs, cs, gates


def _lstm_reference(a: Any, h: Any, c: Any, w: Any) -> Any:
    steps: list[Any] = []
    for t in range(a.shape[0]):
        i, f, g, o = _parts(a[t] + h @ w.mT, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append((h, c, concatenate([i, f, g, o], axis=-1)))
    return tuple(stack(list(each)) for each in zip(*steps, strict=True))


def _lstm_tangent(dots: Any, y: Any, a: Any, h: Any, c: Any, w: Any) -> Any:
    a_dot, h_dot, c_dot, w_dot = dots
    hs, cs, gates = y
    squashed, out = np.tanh(cs), []
    for t in range(a.shape[0]):
        total = _plus(_at(a_dot, t), _times(h_dot, w), _times(h if t == 0 else hs[t - 1], w_dot))
        i, f, g, o = _parts(gates[t], 4)
        u = squashed[t]
        if total is None:  # in the first step only: c alone moves
            moved = [np.zeros(i.shape, i.dtype)] * 4
        else:
            di, df, dg, do = _parts(total, 4)
            moved = [di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)]
        di, df, dg, do = moved
        c_dot = _plus(None if c_dot is None else f * c_dot, df * (c if t == 0 else cs[t - 1]) + di * g + i * dg)
        h_dot = do * u + o * (1 - u * u) * c_dot
        out.append((h_dot, c_dot, np.concatenate(moved, axis=-1)))
    return tuple(np.stack(list(each)) for each in zip(*out, strict=True))


def _lstm_sweep(bars: Any, y: Any, a: Any, h: Any, c: Any, w: Any) -> Any:
    hs_bar, cs_bar, gates_bar = bars
    _, cs, gates = y
    squashed, out = np.tanh(cs), []
    curved = 1 - squashed * squashed
    slopes = gates * (1 - gates)
    h_bar = c_bar = None
    zero = np.zeros(h.shape, h.dtype)
    for t in reversed(range(a.shape[0])):
        i, f, g, o = _parts(gates[t], 4)
        h_bar = _plus(_at(hs_bar, t), h_bar)
        c_bar = _plus(_at(cs_bar, t), c_bar, None if h_bar is None else h_bar * o * curved[t])
        o_bar = zero if h_bar is None else h_bar * squashed[t]
        if c_bar is None:
            c_bar = zero
        i_bar, f_bar, g_bar = c_bar * g, c_bar * (c if t == 0 else cs[t - 1]), c_bar * i
        if gates_bar is not None:
            extra = _parts(gates_bar[t], 4)
            i_bar, f_bar, g_bar, o_bar = (u + v for u, v in zip((i_bar, f_bar, g_bar, o_bar), extra, strict=True))
        si, sf, _, so = _parts(slopes[t], 4)
        out.append(np.concatenate([i_bar * si, f_bar * sf, g_bar * (1 - g * g), o_bar * so], axis=-1))
        h_bar, c_bar = np.matmul(out[-1], w), c_bar * f
    return np.stack(out[::-1]), h_bar, c_bar


_LSTM = ("y", 1, 2, 3)

lstm_: Op = shared(
    "lstm",
    _lstm,
    _lstm_sweep,
    Given("Āₜ by backpropagation through time", _along(_lstm_tangent, 0, 4), lambda b, *_: b[0], reads=_LSTM),
    Given("h̄₀ += Ā₁ W", _along(_lstm_tangent, 1, 4), lambda b, *_: b[1], reads=_LSTM),
    Given("c̄₀ += f₁ ∘ c̄₁", _along(_lstm_tangent, 2, 4), lambda b, *_: b[2], reads=_LSTM),
    Given(
        "W̄ += Σₜ Āₜᵀ hₜ₋₁",
        _along(_lstm_tangent, 3, 4),
        lambda b, y, a, h, c, w: _weight_bar(b[0], _before(h, y[0])),
        reads=_LSTM,
    ),
    math="(i, f, g, o) = (σ, σ, tanh, σ)(aₜ + hₜ₋₁ Wᵀ), cₜ = f ∘ cₜ₋₁ + i ∘ g, hₜ = o ∘ tanh cₜ; h, c and the gates",
    overwritable=True,
    cost=lambda y, a, h, c, w: 2 * a.size * w.shape[1],
    promotes=True,
    complex=False,
    reference=_lstm_reference,
    samples=lambda r: [
        Sample((r(3, 2, 12), r(2, 3), r(2, 3), r(12, 3))),
        Sample((r(1, 1, 8), r(1, 2), r(1, 2), r(8, 2))),
    ],
)

# -- GRU -----------------------------------------------------------------------------------------------------------


def _gru(a: Any, h: Any, w: Any, b: Any = None) -> Any:
    size = w.shape[1]
    hs = np.empty((*a.shape[:2], size), a.dtype)
    gates = np.empty((*a.shape[:2], 4 * size), a.dtype)  # r, z, n, and what r multiplies
    half, shift = _halves((0.5, 0.5), size, a.dtype)
    for t, now in enumerate(hs):
        s = np.matmul(h, w.T)
        if b is not None:
            s += b
        first, n, m = gates[t][:, : 2 * size], gates[t][:, 2 * size : 3 * size], gates[t][:, 3 * size :]
        np.add(s[:, : 2 * size], a[t][:, : 2 * size], out=first)
        _squash(first, half, shift)
        r, z = _parts(first, 2)
        m[...] = s[:, 2 * size :]
        np.multiply(r, m, out=n)
        n += a[t][:, 2 * size :]
        np.tanh(n, out=n)
        np.subtract(h, n, out=now)
        now *= z
        now += n
        h = now
    return hs, gates


def _gru_reference(a: Any, h: Any, w: Any, b: Any = None) -> Any:
    steps: list[Any] = []
    for t in range(a.shape[0]):
        s = h @ w.mT
        if b is not None:
            s = s + b
        (ar, az, an), (sr, sz, m) = _parts(a[t], 3), _parts(s, 3)
        r, z = sigmoid(ar + sr), sigmoid(az + sz)
        n = np.tanh(an + r * m)
        h = n + z * (h - n)
        steps.append((h, concatenate([r, z, n, m], axis=-1)))
    return tuple(stack(list(each)) for each in zip(*steps, strict=True))


def _gru_tangent(dots: Any, y: Any, a: Any, h: Any, w: Any, b: Any = None) -> Any:
    a_dot, h_dot, w_dot, b_dot = dots
    hs, gates = y
    out = []
    for t in range(a.shape[0]):
        before = h if t == 0 else hs[t - 1]
        r, z, n, m = _parts(gates[t], 4)
        s_dot = _plus(_times(h_dot, w), _times(before, w_dot), b_dot)
        dr, dz, dm = (0, 0, np.zeros(r.shape, r.dtype)) if s_dot is None else _parts(s_dot, 3)
        ar, az, an = (0, 0, 0) if a_dot is None else _parts(a_dot[t], 3)
        r_dot, z_dot = (dr + ar) * r * (1 - r), (dz + az) * z * (1 - z)
        m_dot = dm + np.zeros(r.shape, r.dtype)
        n_dot = (an + r_dot * m + r * m_dot) * (1 - n * n)
        h_dot = n_dot + z_dot * (before - n) + z * ((0 if h_dot is None else h_dot) - n_dot)
        out.append((h_dot, np.concatenate([r_dot + 0 * r, z_dot + 0 * z, n_dot, m_dot], axis=-1)))
    return tuple(np.stack(list(each)) for each in zip(*out, strict=True))


def _gru_sweep(bars: Any, y: Any, a: Any, h: Any, w: Any, b: Any = None) -> Any:
    """The cotangents of a, of h W + b (which differ where r multiplies), and of h."""
    hs_bar, gates_bar = bars
    hs, gates = y
    zero = np.zeros(h.shape, h.dtype)
    h_bar, a_bars, s_bars = zero, [], []
    for t in reversed(range(a.shape[0])):
        before = h if t == 0 else hs[t - 1]
        r, z, n, m = _parts(gates[t], 4)
        h_bar = _plus(_at(hs_bar, t), h_bar)
        z_bar, n_bar, m_bar = h_bar * (before - n), h_bar * (1 - z), zero
        extra = [zero] * 4 if gates_bar is None else _parts(gates_bar[t], 4)
        n_bar = (n_bar + extra[2]) * (1 - n * n)
        r_bar = (n_bar * m + extra[0]) * r * (1 - r)
        z_bar = (z_bar + extra[1]) * z * (1 - z)
        m_bar = n_bar * r + extra[3]
        a_bars.append(np.concatenate([r_bar, z_bar, n_bar], axis=-1))
        s_bars.append(np.concatenate([r_bar, z_bar, m_bar], axis=-1))
        h_bar = h_bar * z + np.matmul(s_bars[-1], w)
    return np.stack(a_bars[::-1]), np.stack(s_bars[::-1]), h_bar


_GRU = ("y", 1, 2)

gru_: Op = shared(
    "gru",
    _gru,
    _gru_sweep,
    Given("Āₜ by backpropagation through time", _along(_gru_tangent, 0, 4), lambda b, *_: b[0], reads=_GRU),
    Given("h̄₀ += z₁ ∘ h̄₁ + S̄₁ W", _along(_gru_tangent, 1, 4), lambda b, *_: b[2], reads=_GRU),
    Given(
        "W̄ += Σₜ S̄ₜᵀ hₜ₋₁",
        _along(_gru_tangent, 2, 4),
        lambda b, y, a, h, w, *_: _weight_bar(b[1], _before(h, y[0])),
        reads=_GRU,
    ),
    Given("b̄ += Σₜ S̄ₜ", _along(_gru_tangent, 3, 4), lambda b, *_: np.add.reduce(b[1], axis=(0, 1)), reads=_GRU),
    math="(r, z) = σ(aₜ + s), n = tanh(aₜ + r ∘ s), hₜ = n + z ∘ (hₜ₋₁ − n), s = hₜ₋₁ Wᵀ + b; h, and r, z, n, s",
    overwritable=True,
    cost=lambda y, a, h, w, *_: 2 * a.size * w.shape[1],
    promotes=True,
    complex=False,
    reference=_gru_reference,
    samples=lambda r: [Sample((r(3, 2, 9), r(2, 3), r(9, 3), r(9))), Sample((r(2, 1, 6), r(1, 2), r(6, 2)))],
)


def lstm_projected(a: Any, h: Any, c: Any, w: Any, projection: Any) -> tuple[Any, Any]:
    """An LSTM whose hidden state is `projection` (P, H) times o ∘ tanh c, composed step by step: h (T, N, P), c."""
    steps: list[Any] = []
    for t in range(a.shape[0]):
        i, f, g, o = _parts(a[t] + h @ w.mT, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = (sigmoid(o) * np.tanh(c)) @ projection.mT
        steps.append((h, c))
    hs, cs = (stack(list(each)) for each in zip(*steps, strict=True))
    return hs, cs
