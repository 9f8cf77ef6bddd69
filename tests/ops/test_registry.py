"""The generated test: every op × its samples × {float32, float64} against everything that its declaration promises.

And the test of that test: every rule of every op, made wrong by a thousandth, is caught.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest

from tests.ops import checks, special_values, window_values
from tests.ops.checks import Case
from tinygrad_edu.engine.families import Local, View
from tinygrad_edu.engine.op import REGISTRY, Op, Rule
from tinygrad_edu.engine.tensor import Tensor

_erf = special_values.erf
REFERENCES = {
    **special_values.REFERENCES,
    **window_values.REFERENCES,
    "real": np.real,
    "imag": np.imag,
    "power": np.power,
    "rsqrt": lambda x: x**-0.5,
    "frac": lambda x: np.fmod(x, 1),
    "round": lambda x, *, decimals=0: np.round(x, decimals),
    "mantissa": lambda x: np.frexp(x)[0],
    "exponent": lambda x: np.floor(np.log2(np.abs(x))) + 1,
    "from_parts": lambda a, b: a + 1j * b,
    "view_as_real": lambda z: np.stack([z.real, z.imag], axis=-1),
    "view_as_complex": lambda x: x[..., 0] + 1j * x[..., 1],
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.where(x > 0, x, 0),
    "relu6": lambda x: np.where(x > 6, 6, np.where(x > 0, x, 0)),
    "hardtanh": lambda x, *, low, high: np.where(x > high, high, np.where(x < low, low, x)),
    "leaky_relu": lambda x, *, slope: np.where(x > 0, x, slope * x),
    "softplus": lambda x, *, beta, threshold: np.log(1 + np.exp(beta * x)) / beta,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x, *, approximate: (
        x / 2 * (1 + _erf(x / math.sqrt(2)))
        if approximate == "none"
        else x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "elu": lambda x, *, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    "above": lambda a, b, *, tie: np.where(a == b, tie, np.where(a > b, 1.0, 0.0)),
    "clamp": lambda x, *, low, high: np.minimum(
        np.maximum(x, -np.inf if low is None else low), np.inf if high is None else high
    ),
    "cast": lambda x, *, dtype: x.astype(dtype),
    "to_integer": lambda x, *, dtype: np.trunc(x) if dtype.kind == "i" else x != 0,
    "sum": lambda x, *, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    "max": lambda x, *, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
    "min": lambda x, *, axis, keepdims: np.min(x, axis=axis, keepdims=keepdims),
    "all_of": lambda x, *, axis, keepdims: np.all(x, axis=axis, keepdims=keepdims),
    "any_of": lambda x, *, axis, keepdims: np.any(x, axis=axis, keepdims=keepdims),
    "reshape": lambda x, *, shape: np.reshape(x, shape),
    "transpose": lambda x, *, axes: np.transpose(x, axes),
    "broadcast_to": lambda x, *, shape: np.broadcast_to(x, shape),
    "flip": lambda x, *, axis: np.flip(x, axis),
    "pad": lambda x, *, widths: np.pad(x, widths),
    "concatenate": lambda *xs, axis, cuts: np.concatenate(xs, axis),
    "roll": lambda x, *, shift, axis: np.roll(x, shift, axis),
    "windows": lambda x, *, axis, size, step: np.stack(
        [np.take(x, range(j, j + x.shape[axis] - size + 1, step), axis) for j in range(size)], -1
    ),
    "overlap_add": lambda y, *, axis, step, length: _overlapping(y, axis, step, length),
    "convolve": lambda a, v: _rowwise(np.polymul, a, v),
    "correlate": lambda x, v: _rowwise(lambda x, v: np.correlate(x, v.conj(), "valid"), x, v),
    "unravel_index": lambda i, *, shape, order: np.unravel_index(i, shape, order),
    "ravel_multi_index": lambda *i, shape, mode, order: np.ravel_multi_index(i, shape, mode, order),
    "diagonal": lambda x, *, offset, axis1, axis2: np.diagonal(x, offset, axis1, axis2),
    "diagonal_embed": lambda y, *, offset, axis1, axis2, shape: _on_diagonal(y, offset, axis1, axis2, shape),
    "cumsum": lambda x, *, axis: np.cumsum(x, axis),
    "cumprod": lambda x, *, axis: np.cumprod(x, axis),
    "recurrence": lambda a, b, *, axis: _recurred(a, b, axis),
    "index_of_cummax": lambda x, *, axis: _last_of_best(np.argmax, x, axis),
    "index_of_cummin": lambda x, *, axis: _last_of_best(np.argmin, x, axis),
    "argsort": lambda x, *, axis, descending: np.argsort(-x if descending else x, axis, stable=True),
    "argpartition": lambda x, *, kth, axis: np.argpartition(x, kth, axis),
    "searchsorted": lambda a, v, *, side: ((a < v[..., None]) if side == "left" else (a <= v[..., None])).sum(-1),
    "einsum": lambda *xs, subscripts: np.einsum(subscripts, *xs),
    "take_rows": lambda w, i: w[i],
    "sum_rows": lambda x, i, *, rows: np.array([x[i == row].sum(0) for row in range(rows)]),
    "getitem": lambda x, *indices, spec: _getitem(x, indices, spec),
    "scatter_add": lambda y, *indices, spec, shape: _scatter(y, indices, spec, shape),
    "fft": lambda x, *, axes, norm, inverse: _dft(x, axes, norm, 1 if inverse else -1),
    "rfft": lambda x, *, axes, norm: np.take(_dft(x, axes, norm, -1), np.arange(x.shape[axes[-1]] // 2 + 1), axes[-1]),
    "irfft": lambda x, *, n, axes, norm: _dft(_with_conjugates(x, n, axes), axes, norm, 1).real,
    "must_vanish": lambda x, mask, *, why: x * ~mask,
    "packed": lambda x, last=False: x,
    "setitem": lambda x, v, *indices, spec: _setitem(x, v, indices, spec),
}


def _recurred(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    """Every b times the a's behind it, summed up."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    h = [sum(b[i] * np.prod(a[i + 1 : k + 1], axis=0) for i in range(k + 1)) for k in range(len(b))]
    return np.moveaxis(np.stack(h), 0, axis)


def _last_of_best(arg, x: np.ndarray, axis: int) -> np.ndarray:
    rows = np.moveaxis(x, axis, 0)
    return np.moveaxis(np.stack([k - arg(rows[k::-1], axis=0) for k in range(len(rows))]), 0, axis)


def _rowwise(f, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.vectorize(f, signature="(n),(m)->(k)")(a, b)


def _overlapping(y: np.ndarray, axis: int, step: int, length: int) -> np.ndarray:
    rows = np.moveaxis(y, (axis, -1), (0, 1))
    x = np.zeros((length, *rows.shape[2:]))
    for i, j in np.ndindex(*rows.shape[:2]):
        x[i * step + j] += rows[i, j]
    return np.moveaxis(x, 0, axis)


def _on_diagonal(y: np.ndarray, offset: int, axis1: int, axis2: int, shape: tuple) -> np.ndarray:
    x = np.zeros(shape)
    planes = np.moveaxis(x, (axis1, axis2), (-2, -1))
    for k in range(y.shape[-1]):
        planes[..., k + max(-offset, 0), k + max(offset, 0)] = y[..., k]
    return x


def _key(indices: tuple, spec: tuple) -> tuple:
    rest = iter(indices)
    return tuple(next(rest) if part == "array" else part for part in spec)


def _getitem(x: np.ndarray, indices: tuple, spec: tuple) -> np.ndarray:
    flat = np.arange(x.size).reshape(x.shape)[_key(indices, spec)]
    return x.reshape(-1)[flat]


def _dft(x: np.ndarray, axes: tuple, norm: str, sign: int) -> np.ndarray:
    y = x.astype(complex)
    for axis in axes:
        n = x.shape[axis]
        turns = np.exp(sign * 2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
        y = np.moveaxis(np.tensordot(turns, y, (1, axis)), 0, axis)
        scaled = norm == ("forward" if sign < 0 else "backward")
        y = y / (n if scaled else np.sqrt(n) if norm == "ortho" else 1)
    return y


def _with_conjugates(x: np.ndarray, n: int, axes: tuple) -> np.ndarray:
    """All n frequencies of a real signal from its first ones, of which what a real signal can't have is dropped."""
    last = axes[-1]
    y = np.moveaxis(x.astype(complex), axes, range(len(axes)))
    full = np.zeros((*y.shape[: len(axes) - 1], n, *y.shape[len(axes) :]), complex)
    for index in np.ndindex(full.shape[: len(axes)]):
        k, mirrored = index[-1], tuple(-i % m for i, m in zip(index, full.shape, strict=False))
        if k <= n // 2:
            full[index] = y[index]
        else:
            full[index] = np.conj(y[mirrored])
    result = np.moveaxis(full, range(len(axes)), axes)
    assert result.shape[last] == n
    return result


def _setitem(x: np.ndarray, v: np.ndarray, indices: tuple, spec: tuple) -> np.ndarray:
    flat = np.arange(x.size).reshape(x.shape)[_key(indices, spec)]
    y = x.copy().reshape(-1)
    for place, value in zip(flat.ravel(), np.broadcast_to(v, flat.shape).ravel(), strict=True):
        y[place] = value
    return y.reshape(x.shape)


def _scatter(y: np.ndarray, indices: tuple, spec: tuple, shape: tuple) -> np.ndarray:
    flat = np.arange(math.prod(shape)).reshape(shape)[_key(indices, spec)]
    return np.bincount(flat.ravel(), np.broadcast_to(y, flat.shape).ravel(), math.prod(shape)).reshape(shape)


def has_rule(op: Op) -> bool:
    return callable(op.rules) or any(rule is not None for rule in op.rules)


CASES = [
    pytest.param(op, dtype, id=f"{op.name}-{dtype}") for op in REGISTRY.values() for dtype in ("float64", "float32")
]


@pytest.mark.parametrize(("op", "dtype"), CASES)
def test_op_keeps_what_its_declaration_promises(op: Op, dtype: str) -> None:
    for sample in checks.samples(op):
        case = Case(op, sample, dtype)
        checks.value(case, REFERENCES)
        checks.batching(case)
        if case.xs:
            for check in checks.DERIVATIVES:
                check(case)


@pytest.mark.parametrize("op", [pytest.param(op, id=name) for name, op in REGISTRY.items()])
def test_only_a_view_shares_memory_with_an_argument(op: Op) -> None:
    for sample in checks.samples(op):
        arrays = [Tensor(a) for a in sample.args if isinstance(a, np.ndarray)]
        rest = iter(arrays)
        given = [next(rest) if isinstance(a, np.ndarray) else a for a in sample.args]
        ys = op(*given, **sample.params)
        for y in ys if isinstance(ys, tuple) else (ys,):
            sharing = [x for x in arrays if isinstance(y, Tensor) and np.shares_memory(x.array, y.array)]
            assert not sharing or (isinstance(op, View) and sharing == arrays[:1]), (
                f"{op.name} returns its argument's memory"
            )


def test_every_op_has_an_independent_reference() -> None:
    own = [
        op.name
        for op in REGISTRY.values()
        if op.reference is None
        and op.name not in REFERENCES
        and getattr(np, getattr(op.forward, "__name__", ""), None) is not op.forward
    ]
    assert own == []


# -- the test of the test ------------------------------------------------------------------------------------------


def _mutants(op: Op) -> Iterator[tuple[str, int, Rule]]:
    """Each rule of an op with a factor 1.001 in it (or, where the derivative is zero, a thousandth)."""
    count = max(len(sample.args) for sample in checks.samples(op)) if callable(op.rules) else len(op.rules)
    for position in range(count):
        rule = op.rule(position)
        if rule is None:
            continue
        push, pull = _off(rule.push), _off(rule.pull)
        if op.family == "primitive":
            yield "push", position, dataclasses.replace(rule, push=push)
            yield "pull", position, dataclasses.replace(rule, pull=pull)
        elif op.family == "elementwise":
            yield "partial", position, dataclasses.replace(rule, local=_off_local(rule.local))
        else:
            yield "transpose", position, dataclasses.replace(rule, pull=pull)


def _off_local(local: Local) -> Local:
    if local.function is None:
        return Local(local.number * 1.001 or 0.001, None, False)
    right = local.function
    if local.selects:  # as a factor, where the mask was
        return Local(None, lambda y, *xs, **params: 1.001 * np.asarray(right(y, *xs, **params), float), False)
    return Local(None, lambda y, *xs, **params: 1.001 * right(y, *xs, **params), False)


def _off(rule):
    def off(g, y, *xs, **params):
        right = rule(g, y, *xs, **params)
        if isinstance(right, tuple):
            return tuple(1.001 * v for v in right)
        return 1.001 * right

    return off


MUTANTS = [
    pytest.param(op, position, rule, id=f"{op.name}-{kind}-{position}")
    for op in REGISTRY.values()
    if has_rule(op)
    for kind, position, rule in _mutants(op)
]


@pytest.mark.parametrize(("op", "position", "rule"), MUTANTS)
def test_a_rule_off_by_a_thousandth_is_caught(
    op: Op, position: int, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(op, "rules", _replaced(op, position, rule))
    caught = []
    for sample in checks.samples(op):
        case = Case(op, sample, "float64")
        if position not in case.places:
            continue
        for check in (checks.tangent, checks.adjoint):
            try:
                check(case)
            except AssertionError as error:
                caught.append(str(error))
    assert caught, f"{op.name}: nothing noticed that the rule of argument {position} is wrong by a thousandth"


def _replaced(op: Op, position: int, rule: Rule):
    if callable(op.rules):
        right = op.rules
        return lambda i: rule if i == position else right(i)
    return [rule if i == position else r for i, r in enumerate(op.rules)]
