"""What `compare` recommends, from given times: no clock is read here."""

import numpy as np
import pytest

from tinygrad_edu.compare import Batches, Counts, Jacobian, Line, Pass, Recommendation, Times, Timing
from tinygrad_edu.compare._recommend import crossover, recommend

_PASS = Pass(1, ((0, 8),))
_BATCHES = Batches(_PASS, _PASS, _PASS)


def counts(n: int, m: int) -> Counts:
    return Counts(n, m, 1, _PASS, _BATCHES, _BATCHES, _PASS, _PASS)


def timing(seconds: float) -> Timing:
    return Timing(seconds, seconds, seconds, 1, seconds)


def jacobian(passes: int, chunk: int, seconds: float) -> Jacobian:
    return Jacobian(passes, chunk, timing(seconds * chunk / passes), seconds)


def times(n: int, m: int, forward: float, reverse: float, lines: tuple[Line, Line] | None = None) -> Times:
    one = timing(1.0)
    f, r = lines or (Line(0.0, forward / n), Line(0.0, reverse / m))
    whole = jacobian(n, n, forward)
    return Times(one, one, one, whole, whole, jacobian(m, m, reverse), f, r, {})


def advice(n: int, m: int, forward: float, reverse: float) -> Recommendation:
    return recommend(counts(n, m), times(n, m, forward, reverse))


def test_the_recommendation_gives_its_reason() -> None:
    for (n, m, forward, reverse), text in {
        (
            26_506,
            1,
            961.0,
            1.0,
        ): "reverse: m = 1 ≪ n = 26,506, so 26,506 times fewer passes; measured 961 times as fast",
        (
            1,
            10,
            1.0,
            2.5,
        ): "forward: n = 1 ≪ m = 10, so 10 times fewer passes; measured 2.5 times as fast, and it keeps no graph",
        (3, 2, 3.0, 2.0): "reverse: m = 2 < n = 3, so 1.5 times fewer passes; measured 1.5 times as fast",
        (
            4,
            4,
            1.0,
            2.0,
        ): "forward: n = m = 4, as many passes either way; measured 2 times as fast, and it keeps no graph",
        (3, 2, 1.0, 2.0): (
            "forward: although m = 2 < n = 3, and reverse mode needs 1.5 times fewer passes: at this size a pass costs less than "
            "what surrounds it; measured 2 times as fast, and it keeps no graph"
        ),
        (5, 5, 1.0, 1.02): (
            "forward: n = m = 5, as many passes either way; measured 1 times as fast, as good as equal, and it keeps no graph"
        ),
    }.items():
        found = advice(n, m, forward, reverse)
        assert str(found) == text
        assert found.factor == max(forward, reverse) / min(forward, reverse)
        assert found.close == (found.factor < 1.1)


def test_the_run_that_was_disturbed_the_least_decides() -> None:
    disturbed = Timing(5.0, 4.0, 9.0, 7, 1.0)  # the median is that of a busy machine
    given = times(2, 2, 1.0, 2.0)
    given = Times(
        given.primal, given.jvp, given.vjp, *[Jacobian(2, 2, disturbed, 5.0)] * 2, given.reverse, given.forward_line,
        given.reverse_line, {},
    )  # fmt: skip
    assert recommend(counts(2, 2), given).mode == "forward"


def test_chunks_are_recommended_where_they_are_clearly_faster() -> None:
    one = timing(1.0)

    def chosen(chunked: float) -> str:
        f, r = Line(0.0, 1.0), Line(0.0, 1.0)
        given = Times(
            one, one, one, jacobian(100, 100, 10.0), jacobian(100, 10, chunked), jacobian(100, 100, 6.0), f, r, {}
        )
        return str(recommend(counts(100, 100), given))

    assert chosen(3.0).startswith("forward")
    assert "in chunks of 10" in chosen(3.0)
    assert "(partly extrapolated)" in chosen(3.0)
    assert chosen(9.0).startswith("reverse")
    assert "extrapolated" not in chosen(9.0)


def test_the_crossover_is_where_both_lines_meet() -> None:
    # 10 + 2n seconds forward, 30 + 3m reverse: at m = 4 that is 42, so n = 16.
    found = crossover(4, times(1, 4, 1.0, 1.0, (Line(10.0, 2.0), Line(30.0, 3.0))))
    assert (found.inputs, found.ratio) == (16.0, 4.0)
    assert str(found).startswith("the modes would cost the same at n ≈ 16, n/m ≈ 4: a pass of forward mode costs 2 s")


@pytest.mark.parametrize("forward", [Line(100.0, 2.0), Line(1.0, 0.0)])
def test_there_may_be_none(forward: Line) -> None:
    found = crossover(1, times(1, 1, 1.0, 1.0, (forward, Line(3.0, 1.0))))
    assert (found.inputs, found.ratio) == (None, None)
    assert str(found).startswith("the modes cost the same nowhere")


def test_on_either_side_of_the_crossover_the_cheaper_mode_is_recommended() -> None:
    draw = np.random.default_rng(0)
    for _ in range(500):
        f, r = (Line(*10 ** draw.uniform(-5, -2, 2)) for _ in range(2))
        n, m = (int(x) for x in np.ceil(10 ** draw.uniform(0, 3, 2)))
        given = times(n, m, f.fixed + n * f.each, r.fixed + m * r.each, (f, r))
        found = recommend(counts(n, m), given)
        at = found.crossover.inputs
        assert found.mode == ("forward" if at is not None and n < at else "reverse")
