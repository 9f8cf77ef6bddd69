"""The table of workloads: what each library is to compute, written once for all of them where one formula will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import by_hand, peers, training, transformer
from tests.benchmarks.harness import HAND, OURS, Target
from tests.benchmarks.peers import HIPS, JAX, JIT, MYGRAD, TORCH, Library

Array = np.ndarray[Any, Any]
Step = Callable[[], Any]

ORDER = (OURS, HAND, TORCH, HIPS, MYGRAD, JIT, JAX)
_SEED = 20_240_601
_LR = 1e-3  # small: after ten thousand steps on one batch the numbers are still ordinary ones


class Run(NamedTuple):
    """One implementation of a workload."""

    step: Step
    read: Callable[[Any], list[Array]]  # what the step returned, as arrays that must agree with everyone else's
    primal: Step | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """What is measured in one row of the table. `steps` is how many steps in a row have to agree."""

    key: str  # what the saved benchmark is called
    name: str
    make: Callable[[], dict[str, Run]]
    target: Target | None = None
    steps: int = 1
    seconds: float = field(default=12.0)  # of measuring, about


def _read(lib: Library) -> Callable[[Any], list[Array]]:
    def read(result: Any) -> list[Array]:
        return [np.asarray(lib.numpy(v)) for v in (result if isinstance(result, list | tuple) else [result])]

    return read


def _arrays(result: Any) -> list[Array]:
    return result if isinstance(result, list) else [result]


def _ready(function: Callable[..., Any], *args: Any) -> Step:
    """A call of JAX's that returns when it is done."""
    block = peers.jax().top.block_until_ready
    return lambda: block(function(*args))


def _with_jax(runs: dict[str, Run], function: Callable[..., Any], *args: Any, primal: Any = None) -> dict[str, Run]:
    """Add JAX twice: compiled, and op by op."""
    lib = peers.jax()
    jit, read = lib.top.jit, _read(lib)
    compiled = None if primal is None else _ready(jit(primal[0]), *primal[1:])
    runs[JIT] = Run(_ready(jit(function), *args), read, compiled)
    runs[JAX] = Run(_ready(function, *args), read, None if primal is None else _ready(*primal))
    return runs


# -- a chain of small ops ------------------------------------------------------------------------------------------


def _chain_of(a: Any, b: Any, length: int) -> Any:
    for _ in range(length):
        b = b * a + a
    return b.sum()


def chain(length: int) -> dict[str, Run]:
    draw = np.random.default_rng(_SEED)
    a, b = draw.uniform(0.2, 0.8, (2, 4)).astype(np.float32)

    def leaves(lib: Library, clear: bool) -> Run:
        x, y = lib.leaf(a), lib.leaf(b)

        def step() -> list[Any]:
            if clear:
                x.grad = y.grad = None
            _chain_of(x, y, length).backward()
            return [x.grad, y.grad]

        return Run(step, _read(lib))

    def function(x: Any, y: Any) -> Any:
        return _chain_of(x, y, length)

    hips, jax = peers.hips(), peers.jax()
    gradient = hips.top.grad(function, (0, 1))
    runs = {
        OURS: leaves(peers.ours(), True),
        HAND: Run(by_hand.chain(a, b, length), _arrays),
        TORCH: leaves(peers.pytorch(), True),
        HIPS: Run(lambda: gradient(a, b), _read(hips)),
        MYGRAD: leaves(peers.mygrad(), False),  # it lets go of a gradient by itself when a new graph begins
    }
    return _with_jax(runs, jax.top.grad(function, (0, 1)), jax.array(a), jax.array(b))


# -- a step of training --------------------------------------------------------------------------------------------


def _mlp(lib: Library, x: Any, parameters: Sequence[Any]) -> Any:
    last = len(parameters) - 2
    for i in range(0, len(parameters), 2):
        x = lib.linear(x, parameters[i], parameters[i + 1])
        if i < last:
            x = lib.relu(x)
    return x


def sgd(*widths: int, size: int) -> dict[str, Run]:
    draw = np.random.default_rng(_SEED)
    start = training.parameters(draw, widths)
    x, labels = training.batch(draw, widths, size)
    onehot = np.eye(widths[-1], dtype=np.float32)[labels]
    ours, torch, hips, mygrad, jax = peers.ours(), peers.pytorch(), peers.hips(), peers.mygrad(), peers.jax()

    def loss(lib: Library, parameters: Any, x: Any, onehot: Any) -> Any:
        y = _mlp(lib, x, parameters)
        return (lib.logsumexp(y) - (y * onehot).sum(1)).mean()

    def functional(lib: Library, wrap: Callable[..., Any]) -> Run:
        """A step as a function of the parameters, for the libraries without modules."""
        state = [lib.leaf(p) for p in start]
        gradient = lib.top.grad(lambda parameters, *rest: loss(lib, parameters, *rest))

        def advance(parameters: Any, *rest: Any) -> Any:
            bars = gradient(parameters, *rest)
            return [p - _LR * p_bar for p, p_bar in zip(parameters, bars, strict=True)], bars

        advance, data = wrap(advance), (lib.array(x), lib.array(onehot))

        def step() -> Any:
            new, bars = advance(state, *data)
            state[:] = new
            return bars

        return Run(step, _read(lib))

    def by_mygrad() -> Run:
        from mygrad.nnet.losses import softmax_crossentropy

        state = [mygrad.leaf(p) for p in start]

        def step() -> list[Any]:
            softmax_crossentropy(_mlp(mygrad, x, state), labels).backward()
            bars = [p.grad for p in state]
            for p, p_bar in zip(state, bars, strict=True):
                p.data -= _LR * p_bar
            return bars

        return Run(step, _read(mygrad))

    def ready(function: Any) -> Any:
        return lambda *args: jax.top.block_until_ready(function(*args))

    hand = by_hand.MLP(start, x)
    return {
        OURS: Run(training.sgd_step(ours, start, x, labels, _LR), _read(ours)),
        HAND: Run(lambda: hand.sgd_step(labels, _LR), _arrays),
        TORCH: Run(training.sgd_step(torch, start, x, labels, _LR), _read(torch)),
        HIPS: functional(hips, lambda f: f),
        MYGRAD: by_mygrad(),
        JIT: functional(jax, lambda f: ready(jax.top.jit(f))),
        JAX: functional(jax, ready),
    }


def sequences(make: Callable[..., Step], *sizes: int) -> dict[str, Run]:
    """A step of training a model of sequences, for the two libraries that have its layers."""
    return {lib.name: Run(make(lib, *sizes, _LR), _read(lib)) for lib in (peers.ours(), peers.pytorch())}


def cnn(side: int, size: int) -> dict[str, Run]:
    draw = np.random.default_rng(_SEED)
    start = training.kernels(draw, side)
    x, labels = training.images(draw, side, size)
    ours, torch = peers.ours(), peers.pytorch()
    return {
        OURS: Run(training.cnn_step(ours, start, x, labels, _LR), _read(ours)),
        TORCH: Run(training.cnn_step(torch, start, x, labels, _LR), _read(torch)),
    }


# -- one derivative as a multiple of the function ------------------------------------------------------------------

_DEEP = (256,) * 6  # five layers


def _deep() -> tuple[list[Array], list[Array], Array, Array]:
    draw = np.random.default_rng(_SEED)
    start, dots = training.parameters(draw, _DEEP), training.parameters(draw, _DEEP)
    x, y_bar = draw.standard_normal((2, 256, 256), np.float32)
    return start, dots, x, y_bar


def jvp() -> dict[str, Run]:
    start, dots, x, _ = _deep()

    def functional(lib: Library) -> Run:
        xs, primals, tangents = lib.array(x), [lib.array(p) for p in start], [lib.array(d) for d in dots]
        along, given, directions = lib.func.jvp, tuple(primals), tuple(tangents)

        def f(*parameters: Any) -> Any:
            return _mlp(lib, xs, parameters)

        return Run(lambda: along(f, given, directions)[1], _read(lib), lambda: f(*given))

    hips, jax, hand = peers.hips(), peers.jax(), by_hand.MLP(start, x)
    along = hips.top.make_jvp(lambda parameters: _mlp(hips, x, parameters))
    primals, tangents = tuple(map(jax.array, start)), tuple(map(jax.array, dots))

    def f(parameters: Any, x: Any) -> Any:
        return _mlp(jax, x, parameters)

    def by_jax(primals: Any, tangents: Any, x: Any) -> Any:
        return jax.top.jvp(lambda ps: f(ps, x), (primals,), (tangents,))

    def both(primals: Any, tangents: Any, x: Any) -> Any:
        return by_jax(primals, tangents, x)[1]

    xs = jax.array(x)
    runs = {
        OURS: functional(peers.ours()),
        HAND: Run(lambda: (hand.forward(), hand.tangent(dots))[1], _arrays, hand.forward),
        TORCH: functional(peers.pytorch()),
        HIPS: Run(lambda: along(start)(dots)[1], _read(hips), lambda: _mlp(hips, x, start)),
    }
    return _with_jax(runs, both, primals, tangents, xs, primal=(f, primals, xs))


def vjp() -> dict[str, Run]:
    start, _, x, y_bar = _deep()

    def functional(lib: Library) -> Run:
        xs, primals, cotangent = lib.array(x), tuple(lib.array(p) for p in start), lib.array(y_bar)

        def f(*parameters: Any) -> Any:
            return _mlp(lib, xs, parameters)

        return Run(lambda: lib.func.vjp(f, *primals)[1](cotangent), _read(lib), lambda: f(*primals))

    def by_mygrad() -> Run:
        lib = peers.mygrad()
        state = [lib.leaf(p) for p in start]
        constants = [lib.array(p) for p in start]

        def step() -> list[Any]:
            _mlp(lib, x, state).backward(y_bar)
            return [p.grad for p in state]

        return Run(step, _read(lib), lambda: _mlp(lib, x, constants))

    hips, jax, hand = peers.hips(), peers.jax(), by_hand.MLP(start, x)
    recorded = hips.top.make_vjp(lambda parameters: _mlp(hips, x, parameters))
    primals, xs, cotangent = tuple(map(jax.array, start)), jax.array(x), jax.array(y_bar)

    def f(parameters: Any, x: Any) -> Any:
        return _mlp(jax, x, parameters)

    def both(primals: Any, x: Any, y_bar: Any) -> Any:
        return jax.top.vjp(lambda ps: f(ps, x), primals)[1](y_bar)[0]

    runs = {
        OURS: functional(peers.ours()),
        HAND: Run(lambda: (hand.forward(), hand.backward(y_bar))[1], _arrays, hand.forward),
        TORCH: functional(peers.pytorch()),
        HIPS: Run(lambda: recorded(start)[0](y_bar), _read(hips), lambda: _mlp(hips, x, start)),
        MYGRAD: by_mygrad(),
    }
    return _with_jax(runs, both, primals, xs, cotangent, primal=(f, primals, xs))


# -- whole Jacobians and Hessians ----------------------------------------------------------------------------------


def tanh_jacobian(transform: str, n_in: int, n_out: int) -> dict[str, Run]:
    """Of tanh(W x) in x."""
    draw = np.random.default_rng(_SEED)
    w = draw.standard_normal((n_out, n_in), np.float32) / np.float32(n_in**0.5)
    x = draw.standard_normal(n_in, np.float32)

    def function(lib: Library) -> Callable[[Any], Any]:
        weight = lib.array(w)
        return lambda x: lib.tanh(weight @ x)

    def functional(lib: Library) -> Run:
        jacobian, given = getattr(lib.func, transform)(function(lib)), lib.array(x)
        return Run(lambda: jacobian(given), _read(lib))

    hips, jax = peers.hips(), peers.jax()
    runs = {
        OURS: functional(peers.ours()),
        HAND: Run(by_hand.tanh_jacobian(w, x), _arrays),
        TORCH: functional(peers.pytorch()),
    }
    if transform == "jacrev":  # HIPS autograd has no whole Jacobian by forward mode
        jacobian = hips.top.jacobian(function(hips))
        runs[HIPS] = Run(lambda: jacobian(x), _read(hips))
    return _with_jax(runs, getattr(jax.top, transform)(function(jax)), jax.array(x))


def _rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_hessian(variables: int) -> dict[str, Run]:
    x = np.random.default_rng(_SEED).uniform(-1.5, 1.5, variables).astype(np.float32)

    def functional(lib: Library) -> Run:
        hessian, given = lib.func.hessian(_rosenbrock), lib.array(x)
        return Run(lambda: hessian(given), _read(lib))

    hips, jax = peers.hips(), peers.jax()
    hessian = hips.top.hessian(_rosenbrock)
    runs = {
        OURS: functional(peers.ours()),
        HAND: Run(by_hand.rosenbrock_hessian(x), _arrays),
        TORCH: functional(peers.pytorch()),
        HIPS: Run(lambda: hessian(x), _read(hips)),
    }
    return _with_jax(runs, jax.top.hessian(_rosenbrock), jax.array(x))


WORKLOADS = [
    Workload("chain", "chain of 100 b*a + a, 4 elements", lambda: chain(100), Target(TORCH, 1.0)),
    Workload(
        "sgd-64-32-10", "SGD step, 64-32-10, batch 64", lambda: sgd(64, 32, 10, size=64), Target(HAND, 2.2), steps=2
    ),
    Workload(
        "cnn-8-16",
        "SGD step, CNN of 8 and 16 channels, 28×28, batch 32",
        lambda: cnn(28, 32),
        Target(TORCH, 1.0),
        steps=2,
    ),
    Workload(
        "sgd-784-128-10",
        "SGD step, 784-128-10, batch 64",
        lambda: sgd(784, 128, 10, size=64),
        Target(HAND, 1.2),
        steps=2,
    ),
    Workload(
        "gpt",
        "AdamW step, GPT of 4 blocks 64 wide, context 32, batch 12",
        lambda: sequences(transformer.gpt_step, 4),
        Target(TORCH, 1.5),
        steps=2,
    ),
    Workload(
        "lstm",
        "Adam step, LSTM of 2 layers 64 wide, 50 steps, batch 32",
        lambda: sequences(transformer.lstm_step, 50, 32),
        steps=2,
    ),
    Workload("jvp", "jvp, MLP of 5 layers 256 wide, batch 256", jvp),
    Workload("vjp", "vjp, MLP of 5 layers 256 wide, batch 256", vjp),
    Workload("jacfwd", "jacfwd of tanh(W x), ℝ⁴ → ℝ¹⁰⁰⁰", lambda: tanh_jacobian("jacfwd", 4, 1000)),
    Workload("jacrev", "jacrev of tanh(W x), ℝ¹⁰⁰⁰ → ℝ⁴", lambda: tanh_jacobian("jacrev", 1000, 4)),
    Workload("hessian", "Hessian of Rosenbrock's function, ℝ²⁰", lambda: rosenbrock_hessian(20)),
]
