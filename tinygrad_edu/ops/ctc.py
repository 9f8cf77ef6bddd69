"""The connectionist temporal classification loss (Graves et al., 2006): a forward-backward pass in logarithms as one op.

What `F.ctc_loss` takes is checked and laid out in `nn/functional/_ctc.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import Given, primitive
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.tensor import Tensor

_NEVER = -1e30  # ln 0, finite so that no ∞ − ∞ makes a NaN in a derivative
_IMPOSSIBLE = _NEVER / 2


def _states(labels: Any, blank: int) -> Any:
    """The labels with a blank before, between and behind them: (N, L) → (N, 2L + 1)."""
    n, length = labels.shape
    blanks = np.full((n, length, 1), blank)
    pairs = np.concatenate([blanks, labels[:, :, None]], axis=2)
    return np.concatenate([np.reshape(pairs, (n, 2 * length)), np.full((n, 1), blank)], axis=1)


def _emitted(x: Any, states: Any) -> Any:
    """Each state's log-probability at each time: (T, N, C) → (T, N, S)."""
    return x[:, np.arange(x.shape[1])[:, None], states]


def _shifted(a: Any, by: int) -> Any:
    """(N, S) moved along the states by `by`, with ln 0 where nothing comes in."""
    gap = np.full((a.shape[0], abs(by)), _NEVER, a.dtype)
    return np.concatenate([gap, a[:, :-by]] if by > 0 else [a[:, -by:], gap], axis=1)[:, : a.shape[1]]


def _forward_pass(x: Any, labels: Any, inputs: Any, targets: Any, blank: int) -> tuple[Any, Any, list[Any], Any, Any]:
    """The states, what they emit, α of every time, ln of the labels' probability, and where states may be skipped.

    α[t, n, s] is the logarithm of the probability of all paths that are in state s at time t, what is emitted included.
    A state follows itself, the one before, or the one before that where it is no blank and another label.
    """
    states = _states(labels, blank)
    emitted = np.maximum(_emitted(x, states), _NEVER)  # (T, N, S)
    places = np.arange(states.shape[1])
    before = np.concatenate([states[:, :2], states[:, :-2]], axis=1)[:, : states.shape[1]]
    skips = (states != blank) & (states != before)
    alpha = np.where(places < 2, emitted[0], _NEVER)
    alphas = [alpha]
    for t in range(1, x.shape[0]):
        near = np.logaddexp(alpha, _shifted(alpha, 1))
        every = np.logaddexp(near, np.where(skips, _shifted(alpha, 2), _NEVER)) + emitted[t]
        alpha = np.where((t < inputs)[:, None], every, alpha)
        alphas.append(alpha)
    ends = _ends(places, targets)
    last = np.where(ends, alpha, _NEVER)
    top = np.max(last, axis=1, keepdims=True)
    log_z = top[:, 0] + np.log(np.sum(np.where(ends, np.exp(last - top), 0), axis=1))
    return states, emitted, alphas, log_z, skips


def _ends(places: Any, targets: Any) -> Any:
    """Where a path may end: in the last blank or the last label, (N, S)."""
    last = 2 * targets[:, None]
    return (places == last) | (places == last - 1)


def _ctc(x: Any, labels: Any, inputs: Any, targets: Any, *, blank: int) -> Any:
    log_z = _forward_pass(x, labels, inputs, targets, blank)[3]
    return np.where(log_z < _IMPOSSIBLE, np.inf, -log_z).astype(x.dtype)


def _posterior(x: Any, labels: Any, inputs: Any, targets: Any, blank: int) -> tuple[Any, Any]:
    """The states, and the probability of being in each at each time given the labels: (T, N, S).

    Zero behind an example's end, and for labels that can't be emitted.
    """
    states, emitted, alphas, log_z, skips = _forward_pass(x, labels, inputs, targets, blank)
    places = np.arange(states.shape[1])
    at_end = np.where(_ends(places, targets), 0.0, _NEVER).astype(alphas[0].dtype)
    beta, betas = at_end, [at_end]
    for t in range(x.shape[0] - 2, -1, -1):
        later = beta + emitted[t + 1]
        near = np.logaddexp(later, _shifted(later, -1))
        every = np.logaddexp(near, _shifted(np.where(skips, later, _NEVER), -2))
        beta = np.where((t < inputs - 1)[:, None], every, at_end)
        betas.append(beta)
    times = np.arange(x.shape[0])[:, None]
    counted = ((times < inputs) & (log_z >= _IMPOSSIBLE))[:, :, None]
    joint = np.stack(alphas) + np.stack(betas[::-1]) - log_z[:, None]
    return states, np.where(counted, np.exp(np.where(counted, joint, _NEVER)), 0)


def _push(x_dot: Any, y: Any, x: Any, labels: Any, inputs: Any, targets: Any, *, blank: int) -> Any:
    states, posterior = _posterior(x, labels, inputs, targets, blank)
    return -np.sum(posterior * _emitted(x_dot, states), axis=(0, 2))


def _pull(y_bar: Any, y: Any, x: Any, labels: Any, inputs: Any, targets: Any, *, blank: int) -> Any:
    states, posterior = _posterior(x, labels, inputs, targets, blank)
    weighted = -posterior * y_bar[:, None]
    if isinstance(weighted, Tensor) or isinstance(states, Tensor):
        onehot = (states[:, :, None] == np.arange(x.shape[2])) * np.ones((), x.dtype)  # (N, S, C)
        return np.moveaxis(np.matmul(np.moveaxis(weighted, 1, 0), onehot), 0, 1)
    x_bar = np.zeros(x.shape, x.dtype)
    rows = np.arange(x.shape[1])
    for s in range(states.shape[1]):  # examples differ within a state, so that no two terms meet in one place
        x_bar[:, rows, states[:, s]] += weighted[:, :, s]
    return x_bar


def _batch(size: int, args: list[Any], flags: list[bool], *, blank: int) -> Any:
    each = [a if flag else np.broadcast_to(a, (size, *a.shape)) for a, flag in zip(args, flags, strict=True)]
    x = np.moveaxis(each[0], 0, 1)  # (T, B, N, C)
    times, _, n, classes = x.shape
    rest = [np.reshape(a, (size * n, *a.shape[2:])) for a in each[1:]]
    return np.reshape(ctc_(np.reshape(x, (times, size * n, classes)), *rest, blank=blank), (size, n))


def _reference(x: Any, labels: Any, inputs: Any, targets: Any, *, blank: int) -> Any:
    """Every path there is: the probabilities of those that read as the labels, summed (for a few times and classes)."""
    paths = np.stack(np.meshgrid(*[np.arange(x.shape[2])] * x.shape[0], indexing="ij"), -1).reshape(-1, x.shape[0])
    losses = []
    for n in range(x.shape[1]):
        length, wanted = int(inputs[n]), [int(c) for c in labels[n, : int(targets[n])]]
        found = {tuple(map(int, path[:length])) for path in paths}
        right = [
            p for p in sorted(found) if [c for i, c in enumerate(p) if c != blank and p[i - 1 : i] != (c,)] == wanted
        ]
        total = sum(np.exp(np.sum(x[np.arange(length), n, np.array(path)])) for path in right)
        losses.append(-np.log(total))
    return np.stack(losses)


def _samples(r: Any) -> Any:
    labels = np.array([[1, 1], [2, 1], [2, 0]])
    yield Sample((r(4, 3, 3), labels, np.array([4, 3, 4]), np.array([2, 2, 1])), {"blank": 0})
    yield Sample((r(3, 1, 3), np.array([[1]]), np.array([2]), np.array([1])), {"blank": 2})
    yield Sample((r(2, 1, 2), np.zeros((1, 0), int), np.array([2]), np.array([0])), {"blank": 0})


ctc_: Op = primitive(
    "ctc_loss",
    _ctc,
    Given("X̄ₜ[c] += −ȳ · P(state of class c at time t | labels)", _push, _pull, reads=[0, 1, 2, 3]),
    None,
    None,
    None,
    math="y = −ln Σ of the products of e^x along every path that reads as the labels, repeats merged and blanks left out",
    cost=lambda y, x, labels, *_, **__: 20 * x.shape[0] * x.shape[1] * (2 * labels.shape[1] + 1),
    floating=True,
    complex=False,
    reference=_reference,
    batch=_batch,
    samples=_samples,
)
