"""`compare`: passes and sizes, agreement in known cases, what is extrapolated, and that it leaves no trace."""

import dataclasses
import itertools
import json
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compare import Comparison, Difference, _measure, compare
from tinygrad_edu.compare._measure import observed
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.errors import ConfigError, DTypeError, ShapeError, UnsupportedError
from tinygrad_edu.ops.fused import cross_entropy_
from tinygrad_edu.random import get_rng_state, keep_mask, manual_seed


def vector(n: int, dtype: Any = np.float64) -> tg.Tensor:
    return tg.tensor(np.linspace(0.1, 1.0, n, dtype=dtype))


def quick(f: Any, *inputs: Any, **options: Any) -> Comparison:
    return compare(f, *inputs, repeats=1, **options)


def test_passes_are_inputs_forward_and_outputs_reverse() -> None:
    found = quick(lambda x: (x * x).sum(), vector(10))
    assert (found.counts.forward_passes, found.counts.reverse_passes) == (10, 1)
    found = quick(lambda t: t * np.arange(10.0), tg.tensor(2.0, dtype=tg.float64))
    assert (found.counts.forward_passes, found.counts.reverse_passes) == (1, 10)


def test_every_floating_leaf_of_nested_inputs_and_outputs_counts() -> None:
    def f(params: Any, labels: Any) -> Any:
        return {"a": (params["w"] @ params["b"])[labels], "b": (params["b"].sum(), labels)}

    params = {"w": tg.tensor(np.ones((3, 4))), "b": vector(4)}
    found = quick(f, params, np.array([0, 2]))
    assert (found.counts.inputs, found.counts.outputs) == (16, 3)
    assert found.agreement.jacobians.relative < 1e-14


def test_operations_with_several_outputs_count_once() -> None:
    def f(x: Any) -> Any:
        loss, p = cross_entropy_(x, np.array([0, 1]), np.ones(2))
        return loss * p.sum()

    assert quick(f, tg.tensor(np.ones((2, 3)))).counts.operations == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_modes_agree_with_each_other_and_with_differences(dtype: Any) -> None:
    agreement = quick(lambda x: tg.tanh(x * x.sum()), vector(6, dtype)).agreement
    assert (agreement.columns, agreement.rows) == (6, 6)
    assert agreement.adjoint.relative < 8 * np.finfo(dtype).eps
    assert agreement.jacobians.relative < 8 * np.finfo(dtype).eps
    assert agreement.differences is not None
    assert agreement.differences.relative < 1e-8  # in float64 whatever the input


def test_a_wrong_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    softmax = REGISTRY["softmax"]
    right = softmax.rule(0)
    assert right is not None
    wrong = dataclasses.replace(right, pull=lambda *args, **params: 1.001 * right.pull(*args, **params))
    monkeypatch.setattr(softmax, "rules", [wrong])
    agreement = quick(lambda x: tg.softmax(x), vector(4)).agreement
    assert agreement.adjoint.relative > 1e-5
    assert agreement.jacobians.relative == pytest.approx(1e-3, rel=0.01)
    assert agreement.differences is not None
    assert agreement.differences.relative < 1e-8  # forward mode is right


def test_a_function_that_stays_in_float32_has_no_differences() -> None:
    found = quick(lambda x: x.to(tg.float32) * 2, vector(3))
    assert (found.agreement.differences, found.agreement.step, found.agreement.witness) == (None, None, None)
    assert "doesn't compute in float64" in str(found)


def test_an_output_that_depends_on_nothing() -> None:
    found = quick(lambda x: tg.ones(2), vector(3))
    assert found.agreement.jacobians == Difference(0.0, 0.0)
    assert found.counts.operations == 0


def test_more_directions_than_fit_in_memory_are_extrapolated_and_said_so() -> None:
    found = quick(lambda x: (x * x).sum(), vector(1000), memory=1_000_000)
    forward, reverse = found.times.forward, found.times.reverse
    assert 1 < forward.chunk < forward.passes == 1000
    assert forward.extrapolated
    assert forward.seconds == forward.measured.seconds * 1000 / forward.chunk
    assert not reverse.extrapolated
    assert reverse.seconds == reverse.measured.seconds
    assert found.agreement.columns == forward.chunk
    text = str(found)
    assert "extrapolated" in text
    assert f"{forward.chunk} of 1,000 passes, in one batch" in text
    assert found.to_dict()["times"]["forward"]["extrapolated"] is True


def test_a_memory_too_small_for_one_direction_takes_them_singly() -> None:
    found = quick(lambda x: x * 2, vector(5), memory=1)
    assert (found.times.forward.chunk, found.times.reverse.chunk) == (1, 1)


def test_everything_but_the_times_is_the_same_every_time() -> None:
    def once() -> dict[str, Any]:
        found = quick(lambda x: (x * x.sum()).sum(), vector(500), memory=1_000_000).to_dict()
        return {key: found[key] for key in ("counts", "agreement")}

    assert once() == once()


def test_the_result_prints_as_text_as_json_and_in_rich() -> None:
    from rich.console import Console

    def squares(x: Any) -> Any:
        return (x * x).sum()

    found = quick(squares, vector(10))
    text = found.to_text()
    assert text == str(found)
    assert text.startswith("squares: n = 10 in, m = 1 out, 2 operations, 10 multiply-adds; one call takes ")
    assert "Use reverse: m = 1 ≪ n = 10" in text or "although m = 1 ≪ n = 10" in text
    assert json.loads(json.dumps(found.to_dict()))["counts"]["forward_passes"] == 10
    console = Console(width=150)
    with console.capture() as capture:
        console.print(found)
    assert "adjoint identity" in capture.get()
    assert quick(squares, vector(2), name="mine").name == "mine"


# -- how it measures -----------------------------------------------------------------------------------------------


def test_calls_are_timed_in_turn() -> None:
    calls: list[str] = []
    wait = np.ones(300_000)
    found, results = observed({name: lambda name=name: (calls.append(name), np.exp(wait), name)[2] for name in "ab"}, 3)  # type: ignore[misc]
    time = found["a"].time
    assert time.runs == 3
    assert time.least <= time.low <= time.seconds <= time.high
    assert results == {"a": "a", "b": "b"}
    assert "".join(name for name, _ in itertools.groupby(calls)).endswith("ababab")


def test_rivals_that_take_as_long_get_more_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(_measure.time, "perf_counter", lambda: now)
    calls = {"a": lambda: wait(0.10), "b": lambda: wait(0.14), "c": lambda: wait(0.2), "d": lambda: wait(0.11)}
    runs = lambda rivals: [found.time.runs for found in observed(calls, 2, rivals)[0].values()]
    assert runs(("a", "b")) == [6, 6, 2, 2]
    assert runs(("a", "c")) == [2, 2, 2, 2]
    assert runs(("a", "d")) == [14, 2, 2, 14]


def test_measured_memory_is_that_of_the_arrays() -> None:
    found = quick(lambda x: x * 2, vector(100_000))
    assert 0.8e6 <= found.times.calls["primal"].peak < 0.9e6  # the result: 100,000 numbers of 8 bytes
    for call, counted in (("jvp", found.counts.forward.one), ("vjp", found.counts.reverse.one)):
        beyond = counted.peak - 2 * 0.8e6  # counted with x and the direction, which are there before
        assert found.times.calls[call].peak == pytest.approx(beyond, rel=0.05)


# -- it leaves no trace --------------------------------------------------------------------------------------------


def test_random_states_are_as_before() -> None:
    manual_seed(3)
    before = get_rng_state().numpy().copy()
    # NPY002: the legacy state is what is to be kept.
    numpys = np.random.get_state()[1].copy()  # noqa: NPY002  # type: ignore[index]
    pythons = random.getstate()

    def f(x: Any) -> Any:
        keep_mask((3,), 0.5, np.dtype(np.float64))
        np.random.random(3)  # noqa: NPY002
        random.random()
        return x * 2

    quick(f, vector(3))
    quick(f, vector(3), function_seed=1)
    np.testing.assert_array_equal(get_rng_state().numpy(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)  # noqa: NPY002  # type: ignore[index]
    assert random.getstate() == pythons


def test_tensors_that_require_gradients_are_left_alone() -> None:
    x, w = vector(3).requires_grad_(), vector(3).requires_grad_()
    found = quick(lambda x: (x * w).sum(), x)
    assert found.counts.inputs == 3
    assert x.grad is None
    assert w.grad is None
    assert tg.is_grad_enabled()


def test_rich_is_not_imported_for_the_text() -> None:
    program = (
        "import sys, numpy as np, tinygrad_edu as tg\nfrom tinygrad_edu.compare import compare\n"
        "str(compare(lambda x: x * 2, tg.tensor(np.ones(2)), repeats=1))\nassert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# -- bad input -----------------------------------------------------------------------------------------------------


def test_a_random_function_is_refused() -> None:
    with pytest.raises(ConfigError, match="two calls of the function at the same point gave different results"):
        quick(lambda x: x * keep_mask((100,), 0.5, np.dtype(np.float64)), vector(100))


def test_a_function_that_returns_something_else_is_refused() -> None:
    with pytest.raises(DTypeError, match="it returned float"):
        quick(lambda x: 3.0, vector(2))


@pytest.mark.parametrize(
    ("f", "x"), [(lambda x: x, np.arange(3)), (lambda x: x.argmax(), vector(3)), (lambda x: x[:0], vector(3))]
)
def test_nothing_to_differentiate(f: Any, x: Any) -> None:
    with pytest.raises(ShapeError, match="nothing to differentiate"):
        quick(f, x)


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="real and imaginary parts"):
        quick(lambda x: x * 2, tg.tensor(np.ones(2, complex)))


@pytest.mark.parametrize("option", [{"memory": 0}, {"repeats": 0}, {"chunk_size": 0}])
def test_options_out_of_range(option: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(option))}=0"):
        compare(lambda x: x, vector(2), **option)  # type: ignore[arg-type]
