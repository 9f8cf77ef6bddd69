"""How often `compare` recommends the mode that is then faster: run it as `python -m tests.benchmarks.recommendation`.

Random functions with n/m from 1/1000 to 1000, evenly on a logarithmic scale. First `compare` recommends for all of them; then,
in a second round, the whole Jacobian is timed by `jacfwd` and by `jacrev` in turn (by one `jvp` where n = 1, by one `vjp` where
m = 1), each 21 times; the least
times, which the machine's other work disturbed the least, say which was faster.
"""

from __future__ import annotations

import itertools
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.harness import limit_pools

limit_pools()

import numpy as np  # noqa: E402  # after the pools

import tinygrad_edu as tg  # noqa: E402
from tinygrad_edu.compare import compare  # noqa: E402
from tinygrad_edu.func import jacfwd, jacrev, jvp, vjp  # noqa: E402

_BENDS: list[Callable[[Any], Any]] = [tg.tanh, tg.sin, tg.sigmoid, lambda x: x * x, lambda x: tg.exp(-x * x), tg.arctan]

_MOST = 3000  # numbers in or out


@dataclass
class Case:
    """A random function from n to m numbers at a point."""

    n: int
    m: int
    f: Callable[[Any], Any]
    x: tg.Tensor


def random_function(draw: np.random.Generator) -> Case:
    """n/m log-uniform in [1/1000, 1000], the smaller of them in [1, 30]; up to four dense layers with elementwise operations."""
    ratio = 10 ** draw.uniform(-3, 3)
    few = round(10 ** draw.uniform(0, 1.5))
    few = min(few, max(1, round(_MOST / max(ratio, 1 / ratio))))
    many = max(few, round(few * max(ratio, 1 / ratio)))
    n, m = (many, few) if ratio > 1 else (few, many)
    widths = [n, *(int(draw.integers(2, 200)) for _ in range(draw.integers(0, 4))), m]
    layers: list[tuple[Any, Any, Callable[[Any], Any], int]] = []
    for before, after in itertools.pairwise(widths):
        w = tg.tensor(draw.normal(size=(after, before)) / np.sqrt(before))
        b = tg.tensor(draw.normal(size=after))
        layers.append((w, b, _BENDS[draw.integers(len(_BENDS))], int(draw.integers(0, 4))))

    def f(x: Any) -> Any:
        for w, b, bend, repeated in layers:
            x = bend(w @ x + b)
            for _ in range(repeated):
                x = x + 0.1 * tg.cos(x)
        return x

    return Case(n, m, f, tg.tensor(draw.normal(size=n)))


def faster(case: Case, rounds: int = 21) -> tuple[str, float]:
    """The mode whose least time was smaller, and how many times as long the other one took; runs last a millisecond or more."""
    one, y = tg.ones_like(case.x), tg.ones_like(case.f(case.x))
    calls: dict[str, Callable[[Any], Any]] = {"forward": jacfwd(case.f), "reverse": jacrev(case.f)}
    if case.n == 1:
        calls["forward"] = lambda x: jvp(case.f, (x,), (one,))
    if case.m == 1:
        calls["reverse"] = lambda x: vjp(case.f, x)[1](y)
    found: dict[str, list[float]] = {name: [] for name in calls}
    loops = {}
    for name, call in calls.items():
        call(case.x)
        loops[name] = max(1, round(1e-3 / min(timeit.repeat(lambda call=call: call(case.x), number=1, repeat=3))))  # type: ignore[misc]
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(timeit.timeit(lambda call=call: call(case.x), number=loops[name]) / loops[name])  # type: ignore[misc]
    forward, reverse = min(found["forward"]), min(found["reverse"])
    return ("forward" if forward < reverse else "reverse"), max(forward, reverse) / min(forward, reverse)


def main(count: int = 200, seed: int = 0) -> None:
    draw = np.random.default_rng(seed)
    cases = [random_function(draw) for _ in range(count)]
    advised = [compare(case.f, case.x).recommendation for case in cases]
    right = 0
    for case, advice in zip(cases, advised, strict=True):
        mode, factor = faster(case)
        right += mode == advice.mode
        if mode != advice.mode:
            said = f"{advice.mode} ({advice.factor:.2f} times as fast{', close' if advice.close else ''})"
            print(f"n = {case.n}, m = {case.m}: recommended {said}, but {mode} was {factor:.2f} times as fast")
    print(f"right in {right} of {count}: {right / count:.1%}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
