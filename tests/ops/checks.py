"""What every op must satisfy, as functions of an op and one of its samples; `test_registry.py` loops them over the registry."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np

from tinygrad_edu import Tensor, func
from tinygrad_edu.engine.graph import Spec
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.engine.sweeps import push

TOLERANCE = {"float64": 1e-10, "float32": 2e-4}


class Sampler:
    """What a declaration's `samples` gets: arrays by shape, within a domain."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        return np.asarray(self.rng.uniform(low, high, shape))

    def complex(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        """Complex values whose real and imaginary parts lie within the domain."""
        return np.asarray(self(*shape, low=low, high=high) + 1j * self(*shape, low=low, high=high))

    def booleans(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.integers(0, 2, shape), bool)

    def constant(self, *shape: int) -> np.ndarray:
        """Floating values that aren't to be differentiated: told by the rule, which is None."""
        return self(*shape)


class Case:
    """An op at a sample, with directions to differentiate along."""

    def __init__(self, op: Op, sample: Sample, dtype: str, seed: int = 0) -> None:
        self.op, self.params, self.dtype = op, sample.params, np.dtype(dtype)
        self.args = [in_precision(a, dtype) for a in sample.args]
        self.places = [i for i, a in enumerate(self.args) if _moves(a) and op.rule(i) is not None]
        rng = np.random.default_rng(seed + 1)
        self.xs = [self.args[i] for i in self.places]
        self.x_dots = [direction(rng, x) for x in self.xs]
        self.ys = _tuple(op(*self.args, **self.params))
        self.y_bars = [direction(rng, y) for y in self.ys]
        self.tolerance = TOLERANCE[dtype]

    def call(self, *xs: object) -> object:
        """The op as a function of its differentiable arguments alone."""
        args = list(self.args)
        for i, x in zip(self.places, xs, strict=True):
            args[i] = x
        return self.op(*args, **self.params)

    def scalar(self, *xs: object) -> object:
        """A scalar function with every output in it, curved enough for second derivatives to be seen."""
        total = 0.0
        for y, w in zip(_tuple(self.call(*xs)), self.y_bars, strict=True):
            if y.dtype.kind == "c":
                total = total + np.real(np.conj(w) * y + 0.5 * np.conj(y) * y).sum()
            else:
                total = total + (w * y + 0.5 * y * y).sum()
        return total

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(Tensor(x) for x in self.xs)


def _tuple(y: object) -> tuple:
    return y if isinstance(y, tuple) else (y,)


def _moves(a: object) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind in "fc"


def in_precision(a: object, dtype: str) -> object:
    """An array in float32 or float64, or the complex dtype of that precision; anything else as it is."""
    if not _moves(a):
        return a
    return a.astype(np.result_type(dtype, np.complex64) if a.dtype.kind == "c" else dtype)


def direction(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """A random (co)tangent for `x`, complex where `x` is."""
    values = rng.normal(size=x.shape)
    return np.asarray(values + 1j * rng.normal(size=x.shape) if x.dtype.kind == "c" else values, x.dtype)


def wider(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, np.complex128 if np.asarray(x).dtype.kind == "c" else np.float64)


def inner(a: object, b: object) -> float:
    """Re ⟨a, b⟩, the inner product in which cotangents are transposed tangents, in real and complex numbers."""
    return float(np.vdot(np.asarray(a), np.asarray(b)).real)


def _close(got: object, want: object, tolerance: float, what: str) -> None:
    for g, w in zip(_tuple(got), _tuple(want), strict=True):
        g, w = np.asarray(g), np.asarray(w)
        assert g.shape == w.shape, f"{what}: shape {g.shape}, expected {w.shape}"
        scale = max(1.0, float(np.abs(w).max(initial=0)))
        worst = float(np.abs(wider(g) - w).max(initial=0)) / scale
        assert worst <= tolerance, f"{what}: off by {worst:.2e} (allowed {tolerance:.0e})"


def central(f: Callable, xs: list[np.ndarray], x_dots: list[np.ndarray], step: float = 1e-4) -> tuple:
    """The derivative of `f` along `x_dots` by central differences of fourth order, in float64."""
    xs = [wider(x) for x in xs]

    def at(h: float) -> list[np.ndarray]:
        return [np.asarray(v) for v in _tuple(f(*[x + h * d for x, d in zip(xs, x_dots, strict=True)]))]

    return tuple(
        (8 * (p1 - m1) - (p2 - m2)) / (12 * step)
        for p1, m1, p2, m2 in zip(at(step), at(-step), at(2 * step), at(-2 * step), strict=True)
    )


# -- the checks ----------------------------------------------------------------------------------------------------


def value(case: Case, references: dict[str, Callable]) -> None:
    """The op's value is its reference's, on arrays and on Tensors, and in float32 near that in float64."""
    reference = case.op.reference or references.get(case.op.name) or case.op.forward
    wide = [wider(a) if _moves(a) else a for a in case.args]
    want = tuple(np.asarray(v) for v in _tuple(reference(*wide, **case.params)))
    _close(tuple(case.ys), want, case.tolerance, "value")
    got = _tuple(case.op(*[Tensor(a) if isinstance(a, np.ndarray) else a for a in case.args], **case.params))
    _close(tuple(v.numpy() for v in got), tuple(case.ys), 0.0, "value on Tensors")


def kept(case: Case) -> None:
    """Output and tangents have one dtype and shape; each cotangent has its argument's."""
    y_dots = _tuple(func.jvp(case.call, case.tensors(), tuple(case.x_dots))[1])
    for y, y_dot in zip(case.ys, y_dots, strict=True):
        assert (y_dot.shape, y_dot.dtype) == (np.shape(y), y.dtype), (
            f"tangent is {y_dot.dtype}{y_dot.shape}, output {y.dtype}"
        )
    if case.op.name != "cast":
        wanted = (case.dtype, np.result_type(case.dtype, np.complex64))
        assert all(y.dtype in wanted for y in case.ys), f"output is {case.ys[0].dtype} for {case.dtype}"
    for x, x_bar in zip(case.xs, _pull(case), strict=True):
        assert (x_bar.shape, x_bar.dtype) == (x.shape, x.dtype), (
            f"cotangent is {x_bar.dtype}{x_bar.shape}, argument {x.dtype}"
        )


def _pull(case: Case) -> tuple[Tensor, ...]:
    _, pullback = func.vjp(case.call, *case.tensors())
    return pullback(tuple(case.y_bars) if len(case.ys) > 1 else case.y_bars[0])


def tangent(case: Case) -> None:
    """The JVP agrees with central differences."""
    got = _tuple(func.jvp(case.call, case.tensors(), tuple(case.x_dots))[1])
    want = central(lambda *xs: case.call(*xs), case.xs, case.x_dots)
    _close(tuple(v.numpy() for v in got), want, max(1e-7, case.tolerance), "JVP against differences")


def adjoint(case: Case) -> None:
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩, for each argument by itself and for all together."""
    x_bars = _pull(case)
    for which in [*[{i} for i in range(len(case.xs))], set(range(len(case.xs)))]:
        x_dots = tuple(d if i in which else np.zeros_like(d) for i, d in enumerate(case.x_dots))
        y_dots = _tuple(func.jvp(case.call, case.tensors(), x_dots)[1])
        forward = sum(inner(w, y_dot) for w, y_dot in zip(case.y_bars, y_dots, strict=True))
        reverse = sum(inner(b, d) for b, d in zip(x_bars, x_dots, strict=True))
        scale = max(1.0, abs(forward))
        assert abs(forward - reverse) <= case.tolerance * scale, (
            f"adjoint identity: ⟨w, Jv⟩ = {forward}, ⟨Jᵀw, v⟩ = {reverse}"
        )


def second_order(case: Case) -> None:
    """The gradient's derivative by forward over reverse, and by reverse over reverse, agrees with central differences."""
    argnums = tuple(range(len(case.xs)))
    gradient = func.grad(case.scalar, argnums)
    want = central(lambda *xs: tuple(g.numpy() for g in gradient(*(Tensor(x) for x in xs))), case.xs, case.x_dots)
    tolerance = max(1e-7, 10 * case.tolerance)
    forward = func.jvp(gradient, case.tensors(), tuple(case.x_dots))[1]
    _close(tuple(v.numpy() for v in forward), want, tolerance, "forward over reverse")

    def directional(*xs: Tensor) -> Tensor:
        pairs = zip(gradient(*xs), case.x_dots, strict=True)
        return sum(
            (np.real(np.conj(g) * d).sum() if d.dtype.kind == "c" else (g * d).sum() for g, d in pairs),
            start=Tensor(0.0),
        )

    reverse = func.grad(directional, argnums)(*case.tensors())
    _close(tuple(v.numpy() for v in reverse), want, tolerance, "reverse over reverse")


def batching(case: Case) -> None:
    """`vmap` over each argument alone, and over all, equals a Python loop; without falling back to one."""
    arrays = [i for i, a in enumerate(case.args) if isinstance(a, np.ndarray)]
    rng = np.random.default_rng(5)
    stacked = {}
    for i in arrays:
        a = case.args[i]
        copies = [a, np.roll(a, 1) if a.ndim else a + (0.01 if a.dtype.kind in "fc" else 0), a[::-1] if a.ndim else a]
        stacked[i] = np.stack([copies[k] for k in rng.permutation(3)])
    for chosen in [*[{i} for i in arrays], set(arrays)]:
        dims = tuple(0 if i in chosen else None for i in range(len(case.args)))
        args = [stacked[i] if i in chosen else a for i, a in enumerate(case.args)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = func.vmap(lambda *xs: case.op(*xs, **case.params), in_dims=dims)(*args)
        want = [case.op(*[a[k] if i in chosen else a for i, a in enumerate(args)], **case.params) for k in range(3)]
        want = tuple(np.stack(column) for column in zip(*map(_tuple, want), strict=True))
        _close(tuple(v.numpy() for v in _tuple(got)), want, case.tolerance, f"vmap over {sorted(chosen)}")


def both_forwards(case: Case) -> None:
    """Dual numbers flowing through give the tangents that the forward sweep over the recorded graph gives."""
    leaves = [Tensor(x, requires_grad=True) for x in case.xs]
    ys = _tuple(case.call(*leaves))
    dots = push([y.node for y in ys], {x.node: d for x, d in zip(leaves, case.x_dots, strict=True)})
    want = _tuple(func.jvp(case.call, case.tensors(), tuple(case.x_dots))[1])
    for y, y_dot in zip(ys, want, strict=True):
        got = dots.get(y.node, np.zeros(y.shape, y.dtype))
        _close(np.asarray(got), y_dot.numpy(), case.tolerance, "graph's forward sweep")


def poisoned(case: Case) -> None:
    """With every value that no rule declares replaced by its shape, the rules give the same."""
    ys = case.ys if len(case.ys) > 1 else case.ys[0]
    y_bar = tuple(case.y_bars) if len(case.ys) > 1 else case.y_bars[0]
    for position, place in enumerate(case.places):
        rule = case.op.rule(place)
        xs = [
            a if i in rule.reads or not isinstance(a, np.ndarray) else Spec(a.shape, a.dtype)
            for i, a in enumerate(case.args)
        ]
        y = ys if "y" in rule.reads else None
        if some := {r for r in rule.reads if isinstance(r, str)} - {"y"}:
            y = tuple(v if f"y{i}" in some else Spec(v.shape, v.dtype) for i, v in enumerate(ys))
        edges = [Spec(a.shape, a.dtype) if i == place else None for i, a in enumerate(case.args)]
        got = case.op.vjp(y_bar, y, xs, edges, case.params)[place]
        want = case.op.vjp(y_bar, ys, case.args, edges, case.params)[place]
        _close(np.asarray(got), np.asarray(want), 0.0, f"poisoned pull of argument {place}")
        x_dots = [case.x_dots[position] if i == place else None for i in range(len(case.args))]
        spec = None if len(case.ys) > 1 else Spec(ys.shape, ys.dtype)
        got = case.op.jvp(x_dots, y, xs, case.params, spec)
        want = case.op.jvp(x_dots, ys, case.args, case.params, spec)
        _close(
            tuple(map(np.asarray, _tuple(got))),
            tuple(map(np.asarray, _tuple(want))),
            0.0,
            f"poisoned push of argument {place}",
        )


DERIVATIVES = (kept, tangent, adjoint, second_order, both_forwards, poisoned)


def samples(op: Op, seed: int = 0) -> Iterator[Sample]:
    assert op.samples is not None, f"{op.name} declares no samples"
    return iter(op.samples(Sampler(seed)))
