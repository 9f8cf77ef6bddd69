"""What `compare` counts, against counts by hand: floating-point operations, passes by the engine's counters, live bytes."""

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import Comparison, Counts, _journal, compare
from tinygrad_edu.compare._count import count
from tinygrad_edu.compare._live import Step, checkpointed, live_bytes
from tinygrad_edu.compare._problem import Problem, random_batch, undisturbed


def counts_of(f: Any, *inputs: Any) -> Counts:
    with undisturbed():
        problem = Problem(f, inputs)
        return count(problem, _journal.of_primal(problem), np.random.default_rng(0))


def vector(n: int) -> tg.Tensor:
    return tg.tensor(np.linspace(0.1, 1.0, n))


# -- floating-point operations -----------------------------------------------------------------------------------------

A, B, C = (tg.tensor(np.ones(shape)) for shape in ((4, 5), (5, 6), (6, 7)))
COEFFICIENTS = (3.0, -1.0, 2.0, 0.5)


def horner(x: Any) -> Any:
    y = COEFFICIENTS[0]
    for c in COEFFICIENTS[1:]:
        y = y * x + c
    return y


# A flop is one operation on numbers: +, −, ·, or one evaluation of sin or cos. The sum of n numbers is declared as n. Each row:
# the function, its inputs, and the flops of the function, of J v, and of Jᵀ w, both with the function itself.
HAND: dict[str, tuple[Any, tuple[Any, ...], int, int, int]] = {
    # y = Σ aᵢbᵢ: 9 products, their sum.
    # ẏ = Σ (bᵢȧᵢ + aᵢḃᵢ): two products and one sum for each i, and their sum.
    # āᵢ = bᵢȳ, b̄ᵢ = aᵢȳ: two products for each i.
    "dot product": (
        lambda a, b: (a * b).sum(),
        (vector(9), vector(9)),
        9 + 9,
        (9 + 9) + (3 * 9 + 9),
        (9 + 9) + 2 * 9,
    ),
    # ((3x − 1)x + 2)x + ½, elementwise for 5 numbers: three times a product and a sum.
    # The first product has a constant factor: 3ẋ. The two others: xẏ + yẋ, three flops. Adding a constant costs nothing.
    # Back: x̄ = yȳ and ȳ = xȳ for the two last products, 3ȳ for the first; x̄ has three contributions, two sums.
    "polynomial by Horner": (
        horner,
        (vector(5),),
        5 * (3 * 2),
        5 * (3 * 2) + 5 * (1 + 2 * 3),
        5 * (3 * 2) + 5 * (2 * 2 + 1 + 2),
    ),
    # ((X A) B) C with X (3, 4): a product of (n, k) by (k, m) takes nkm products and as many sums. Only X moves: J v is the same
    # chain for Ẋ, and back it is three products with the transposes, of the same sizes.
    "chain of matrix products": (
        lambda x: x @ A @ B @ C,
        (tg.tensor(np.ones((3, 4))),),
        2 * (3 * 4 * 5 + 3 * 5 * 6 + 3 * 6 * 7),
        2 * 2 * (3 * 4 * 5 + 3 * 5 * 6 + 3 * 6 * 7),
        2 * 2 * (3 * 4 * 5 + 3 * 5 * 6 + 3 * 6 * 7),
    ),
    # y = x sin x for 7 numbers: a sine, a product.
    # ẏ = x (cos x ẋ) + sin x ẋ: a cosine, three products, a sum.
    # x̄ = sin x ȳ + cos x (x ȳ): the same.
    "sin(x)·x": (lambda x: tg.sin(x) * x, (vector(7),), 7 * 2, 7 * 2 + 7 * 5, 7 * 2 + 7 * 5),
    # y = Σ xᵢxᵢ for 8 numbers. ẏ = Σ (xᵢẋᵢ + xᵢẋᵢ). x̄ᵢ = xᵢȳ + xᵢȳ.
    "sum of squares": (lambda x: (x * x).sum(), (vector(8),), 8 + 8, (8 + 8) + (8 * 3 + 8), (8 + 8) + 8 * 3),
}


@pytest.mark.parametrize("name", HAND)
def test_operations_are_those_counted_by_hand(name: str) -> None:
    f, inputs, primal, tangent, adjoint = HAND[name]
    counts = counts_of(f, *inputs)
    assert (counts.primal.flops, counts.forward.one.flops, counts.reverse.one.flops) == (primal, tangent, adjoint)
    assert counts.primal.multiply_adds == primal // 2


def test_a_batch_is_counted_as_it_is_executed() -> None:
    draw = np.random.default_rng(0)
    for f, inputs, *_ in HAND.values():
        counts = counts_of(f, *inputs)
        with undisturbed():
            problem = Problem(f, inputs)
            for k in (4, 7):
                forward = _journal.of_tangents(problem, random_batch(problem.inputs, k, draw))
                assert counts.forward.of(k).flops == forward.flops
                if counts.outputs > 1:
                    w = random_batch(problem.outputs, k, draw)
                    assert counts.reverse.of(k).flops == _journal.of_cotangents(problem, w).flops


def test_the_rows_count_the_whole_jacobian() -> None:
    found = compare(HAND["sin(x)·x"][0], vector(7), repeats=1, chunk_size=3)
    forward, chunked, reverse, across = found.modes
    # The function once in each batch, with the cosine; four flops for each of the 7 directions.
    assert forward.flops == 7 * (2 + 1) + 7 * 7 * 4
    # Batches of 3 and 3 share the function and the cosine, the last direction goes by itself.
    assert chunked.flops == 3 * 7 * (2 + 1) + 7 * 7 * 4
    assert reverse.flops == forward.flops
    assert (forward.passes, forward.batch, chunked.batch, reverse.passes) == (7, 7, 3, 7)
    # x → sin x → product: for each of the 7 numbers ∂y/∂s · ∂s/∂x, added to the edge that is there.
    assert found.cross_country.multiplications == dict.fromkeys(("forward", "reverse", "markowitz", "optimal"), 7)
    assert across.flops == 7 + 7
    assert (across.passes, across.time) == (None, None)


# -- passes ------------------------------------------------------------------------------------------------------------


def passes(found: Comparison, call: str) -> tuple[int, int]:
    seen = found.times.calls[call]
    return seen.pushed, seen.pulled


def test_the_engine_counts_n_passes_forward_and_m_reverse() -> None:
    for f, x, n, m in (
        (lambda x: (x * x).sum(), vector(10), 10, 1),
        (lambda t: t * np.arange(10.0), tg.tensor(2.0, dtype=tg.float64), 1, 10),
    ):
        found = compare(f, x, repeats=1)
        assert (found.counts.forward_passes, found.counts.reverse_passes) == (n, m)
        assert passes(found, "forward") == (n, 0)
        assert passes(found, "reverse") == (0, m)
        assert passes(found, "jvp") == (1, 0)
        assert passes(found, "vjp") == (0, 1)
        assert passes(found, "primal") == (0, 0)


def test_sweeps_of_the_functions_own_are_seen() -> None:
    found = compare(lambda x: tg.func.grad(lambda y: (y * y * y).sum())(x), vector(3), repeats=1)
    assert passes(found, "primal") == (0, 1)
    assert passes(found, "jvp") == (1, 1)
    assert passes(found, "vjp") == (0, 2)


# -- memory ------------------------------------------------------------------------------------------------------------

NUMBER = 8


def alive(timeline: Any) -> list[int]:
    assert [at for at, _ in timeline] == list(range(len(timeline)))
    return [bytes_ for _, bytes_ in timeline]


def test_live_bytes_by_hand() -> None:
    n = 100
    found = counts_of(lambda x: tg.sin(tg.exp(x)), vector(n))
    # exp makes y; then sin reads it and makes z.
    assert alive(found.primal.memory) == [NUMBER * n * k for k in (2, 3)]
    # x ẋ; y = exp x; ẏ = y ẋ; z = sin y; cos y; ż = cos y ẏ. x and ẋ are the caller's and stay.
    assert alive(found.forward.one.memory) == [NUMBER * n * k for k in (3, 4, 5, 6, 6)]
    # x z̄; y; z; cos y; ȳ = cos y z̄; x̄ = y ȳ. The graph, here y, is held to the end.
    assert alive(found.reverse.one.memory) == [NUMBER * n * k for k in (3, 4, 5, 6, 6)]
    assert alive(found.freeing.memory) == alive(found.reverse.one.memory)  # y is read last of all


def test_a_batch_multiplies_the_tangents_and_nothing_else() -> None:
    n, k = 100, 6
    batch = counts_of(lambda x: tg.sin(tg.exp(x)), vector(n)).forward.of(k)
    # vmap's own first operation is a view of the directions. Then as above, with k tangents instead of one.
    assert alive(batch.memory)[1:] == [NUMBER * n * (a + b * k) for a, b in ((2, 1), (2, 2), (3, 2), (4, 2), (3, 3))]


def test_reverse_keeps_what_its_rules_read_and_forward_does_not() -> None:
    def deep(x: Any) -> Any:
        for _ in range(100):
            x = tg.exp(x * 0.01)
        return x

    counts = counts_of(deep, vector(1000))
    assert counts.forward.one.peak <= 8 * 8_000
    assert counts.reverse.one.peak >= 100 * 8_000  # every exp keeps its result
    assert counts.checkpointing.peak <= 0.35 * counts.reverse.one.peak
    # All but the last segment once more, but for what nobody reads again: less than one function.
    again = counts.checkpointing.flops - counts.reverse.one.flops
    assert 0.8 * counts.primal.flops < again < counts.primal.flops


def test_checkpoints_by_hand() -> None:
    # a → b → c → d, each of the four operations kept for its own rule, which reads what went in: two segments of two.
    there = [Step(i, (i,), ((i + 1, 10),)) for i in range(4)]
    back = [Step(4 + i, (3 - i, 10 + i), ((11 + i, 10),)) for i in range(4)]
    steps = [*there, *back]
    done = checkpointed(steps, 4)
    # Value 2 is the checkpoint. In the first segment value 1 is made again, from 0; value 2 isn't.
    assert [step.number for step in done] == [0, 1, 2, 3, 4, 5, 0, 6, 7]
    assert done[6].reads == (0,)
    assert done[7].reads == (done[6].makes[0][0], 12)
    inputs = [(0, 10), (10, 10)]
    assert live_bytes(steps, inputs, [4, 14]) == [30, 40, 50, 60, 70, 70, 60, 50]
    assert live_bytes(done, inputs, [4, 14]) == [30, 40, 40, 50, 60, 60, 50, 60, 50]


def test_a_view_has_no_memory_of_its_own_and_keeps_that_of_its_base() -> None:
    found = counts_of(lambda x: tg.exp((x * 2).reshape(10, 10)), vector(100))
    assert alive(found.primal.memory) == [NUMBER * 100 * k for k in (2, 2, 3)]


def test_the_largest_batch_that_fits() -> None:
    forward = counts_of(lambda x: tg.sin(tg.exp(x)), vector(100)).forward
    for memory in (0, 10_000, 50_000, 10**9):
        k = forward.fitting(memory, 100)
        assert k == 1 or forward.of(k).peak <= memory
        assert k == 100 or forward.of(k + 1).peak > memory
    assert forward.fitting(10**9, 100) == 100


def test_everything_counted_is_the_same_every_time() -> None:
    f, inputs, *_ = HAND["polynomial by Horner"]
    assert counts_of(f, *inputs) == counts_of(f, *inputs)
    assert math.isclose(counts_of(f, *inputs).forward.one.flops / counts_of(f, *inputs).primal.flops, 13 / 6)
