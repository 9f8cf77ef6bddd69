"""`trace`: the steps of a computation and of both sweeps over it, against known numbers and against the engine's own sweeps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import Case, Sampler
from tinygrad_edu import nn
from tinygrad_edu.engine.op import REGISTRY
from tinygrad_edu.errors import ConfigError, GraphError, ShapeError
from tinygrad_edu.visualize import trace as see
from tinygrad_edu.visualize.trace import Trace


def baydin(x1: Any, x2: Any) -> Any:
    """Baydin et al. 2018, tables 2 and 3."""
    v1 = np.log(x1)
    v2 = x1 * x2
    v3 = np.sin(x2)
    v4 = v1 + v2
    return v4 - v3


def adjoint_sums(trace: Trace, target: str) -> list[float]:
    return [float(c.after) for c in trace.contributions if c.target == target]


# -- the example of the literature ---------------------------------------------------------------------------------


def test_the_values_have_the_numbers_of_the_literature() -> None:
    t = see(baydin, 2, 5)
    assert [v.label for v in t.variables] == ["v₋₁", "v₀", "v₁", "v₂", "v₃", "v₄", "v₅"]
    assert [v.name for v in t.variables[:2]] == ["x1", "x2"]
    values = [float(v.primal) for v in t.variables]
    np.testing.assert_allclose(values, [2, 5, 0.693, 10, -0.959, 10.693, 11.652], atol=1e-3)


def test_the_tangents() -> None:
    t = see(baydin, 2, 5)
    np.testing.assert_allclose([float(s.value) for s in t.tangents], [0.5, 5, 0, 5.5, 5.5], atol=1e-3)
    np.testing.assert_allclose(see(baydin, 2, 5, seed=1).tangent["v5"], 1.716, atol=1e-3)


def test_the_adjoints_and_their_partial_sums() -> None:
    t = see(baydin, 2, 5)
    np.testing.assert_allclose([t.adjoint["v-1"], t.adjoint["v0"]], [5.5, 1.716], atol=1e-3)
    np.testing.assert_allclose(adjoint_sums(t, "v0"), [-0.284, 1.716], atol=1e-3)
    np.testing.assert_allclose(adjoint_sums(t, "v-1"), [5, 5.5], atol=1e-3)


def test_formulas_have_labels_and_numbers() -> None:
    t = see(baydin, 2, 5)
    step = t.steps[1]
    assert (step.formula, step.substituted) == ("v₂ = v₋₁ · v₀", "2 · 5 = 10")
    assert [p.text for p in step.partials] == ["∂v₂/∂v₋₁ = v₀ = 5", "∂v₂/∂v₀ = v₋₁ = 2"]
    assert t.tangents[1].formula == "v̇₂ = v̇₋₁ · v₀ + v̇₀ · v₋₁"
    assert t.tangents[1].substituted == "1 · 5 + 0 · 2 = 5"
    last = [c for c in t.contributions if c.target == "v0"][-1]
    assert last.formula == "v̄₀ += v̄₂ · ∂v₂/∂v₀ = v̄₂ · v₋₁"
    assert last.substituted == "−0.284 + 1 · 2 = 1.716"


def test_a_step_says_where_it_was_called_what_it_cost_and_what_it_keeps() -> None:
    step = see(baydin, 2, 5).steps[1]
    assert step.code == "v2 = x1 * x2"
    assert step.source.startswith("test_trace.py:")
    assert (step.cost, step.saved, step.memory) == (1, ("v-1", "v0"), 16)


# -- fan-out -------------------------------------------------------------------------------------------------------


def test_every_use_of_a_value_contributes_once() -> None:
    def f(a: Any) -> Any:
        b = a + a
        return b + b

    t = see(f, 3.0)
    assert [c.target for c in t.contributions] == ["v1", "v1", "v0", "v0"]
    assert adjoint_sums(t, "v1") == [1, 2]
    assert adjoint_sums(t, "v0") == [2, 4]
    assert [c.before is None for c in t.contributions] == [True, False, True, False]


def test_a_product_of_a_value_with_itself_has_two_partials() -> None:
    t = see(lambda a: a * a, 3.0)
    assert [(p.source, p.position, p.text) for p in t.steps[0].partials] == [
        ("v0", 0, "∂v₁/∂v₀ = v₀ = 3"),
        ("v0", 1, "∂v₁/∂v₀ = v₀ = 3"),
    ]


# -- what is given -------------------------------------------------------------------------------------------------


def test_a_model_is_traced_with_its_parameters() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    x = np.ones((4, 3), np.float32)
    t = see(model, x)
    assert [v.name for v in t.variables if v.kind == "parameter"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert [s.module for s in t.steps] == ["0", "1", "2"]
    assert t.modules["2"] == "Linear"
    model(tg.tensor(x)).sum().backward()
    for v in t.variables:
        if v.kind == "parameter":
            np.testing.assert_allclose(t.adjoint[v.id], dict(model.named_parameters())[v.name].grad.numpy(), rtol=1e-5)
    assert all(parameter.grad is not None for parameter in model.parameters())  # and not added to twice


def test_constants_and_parameters_of_a_closure() -> None:
    w, c = tg.tensor(np.ones(3), requires_grad=True), np.arange(3.0)
    t = see(lambda x: (x * w * c).sum(), np.ones(3), names={"w": w, "c": c})
    assert [(v.name, v.kind) for v in t.variables[:3]] == [("x", "input"), ("w", "parameter"), ("c", "constant")]
    assert set(t.adjoint) >= {"v-2", "v-1"}
    assert "v0" not in t.adjoint


def test_labels_are_handed_on_as_they_are() -> None:
    t = see(lambda x, labels: nn.functional.cross_entropy(x, labels), np.ones((2, 3)), np.array([0, 2]))
    assert len(t.inputs) == 1
    t = see(lambda x, mask: np.where(mask, x, 0.0), np.ones(2), np.array([True, False]))
    assert [(v.name, v.kind) for v in t.variables[:2]] == [("x", "input"), ("mask", "constant")]


def test_containers_and_names() -> None:
    t = see(lambda p, *xs: p["a"] * xs[0] + p["b"] * xs[1], {"a": 1.0, "b": 2.0}, 3.0, 4.0)
    assert [v.name for v in t.variables[:4]] == ["p['a']", "p['b']", "xs[0]", "xs[1]"]
    t = see(lambda x, y: x * y, 1.0, 2.0, names=["speed", "time"])
    assert [v.name for v in t.variables[:2]] == ["speed", "time"]


def test_a_tangent_for_every_input_and_a_cotangent() -> None:
    t = see(
        lambda x, y: np.sin(x) * y, np.ones(2), 3.0, seed=(np.array([1.0, 2.0]), 0.5), cotangent=np.array([1.0, -1.0])
    )
    f = lambda x, y: np.sin(x) * y
    _, want = tg.func.jvp(f, (np.ones(2), 3.0), (np.array([1.0, 2.0]), 0.5))
    np.testing.assert_allclose(t.tangent["v2"], want.numpy())
    np.testing.assert_allclose(t.adjoint["v0"], 0.0, atol=1e-12)


def test_writes_in_place_are_the_ops_they_are_recorded_as() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y[0] = x[1] ** 2
        y += 1.0
        return y.sum()

    t = see(f, np.arange(3.0))
    assert [s.op for s in t.steps] == ["multiply", "getitem", "power", "setitem", "add", "sum"]
    np.testing.assert_allclose(t.adjoint["v0"], tg.func.grad(f)(np.arange(3.0)).numpy())


# -- errors --------------------------------------------------------------------------------------------------------


def test_a_function_that_raises_half_way_leaves_what_ran() -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        return y @ np.ones(7)

    t = see(f, np.ones(3))
    assert [s.op for s in t.steps] == ["multiply"]
    assert t.failed.startswith("ShapeError: matmul: ")
    assert t.failure is not None
    assert (t.failure.op, t.failure.inputs, t.failure.code) == ("matmul", ("v1",), "return y @ np.ones(7)")
    assert (t.tangents, t.contributions, dict(t.adjoint)) == ((), (), {})


def test_an_error_of_the_users_own() -> None:
    def f(x: Any) -> Any:
        raise KeyError(np.sin(x) and "missing")

    t = see(f, 1.0)
    assert t.failed == "KeyError: 'missing'"
    assert t.failure is not None
    assert t.failure.op == ""
    assert len(t.steps) >= 1


def test_bad_arguments() -> None:
    with pytest.raises(GraphError, match="at least one floating input"):
        see(lambda: 1.0)
    with pytest.raises(GraphError, match="must be a function"):
        see(tg.ones(3))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="seed=2, but there are 2 inputs"):
        see(baydin, 2, 5, seed=2)
    with pytest.raises(ShapeError, match="1 tangents for 2 inputs"):
        see(baydin, 2, 5, seed=(1.0,))
    with pytest.raises(ShapeError, match="shape"):
        see(baydin, 2, 5, cotangent=np.ones(3))


# -- the engine as oracle ------------------------------------------------------------------------------------------


def program(r: np.random.Generator) -> Any:
    """A random program of two inputs, with fan-out, broadcasting, matrices and views."""
    choices = [
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: a - b * 0.5,
        lambda a, b: np.tanh(a @ b.mT) @ a,
        lambda a, b: np.sin(a) / (2.0 + b * b),
        lambda a, b: a - b.sum(0),
        lambda a, b: np.maximum(a, b)[::-1],
        lambda a, b: np.concatenate([a[:1], b[1:]]),
        lambda a, b: np.exp(-a * a) + b.mean(),
    ]
    plan = [(int(r.integers(len(choices))), int(r.integers(9)), int(r.integers(9))) for _ in range(8)]

    def f(x: Any, y: Any) -> Any:
        values = [x, y]
        for which, i, j in plan:
            values.append(choices[which](values[i % len(values)], values[j % len(values)]))
        return values[-1] + values[-2]

    return f


@pytest.mark.parametrize("number", range(20))
def test_random_programs_have_the_tangents_and_adjoints_of_the_engine(number: int) -> None:
    r = np.random.default_rng(number)
    f = program(r)
    x, y, x_dot, y_dot, bar = r.normal(size=(5, 3, 3))
    t = see(f, x, y, seed=(x_dot, y_dot), cotangent=bar)
    value, tangent = tg.func.jvp(f, (x, y), (x_dot, y_dot))
    _, pullback = tg.func.vjp(f, x, y)
    x_bar, y_bar = pullback(tg.tensor(bar))
    end = t.outputs[0]
    np.testing.assert_allclose(t[end].primal, value.numpy())
    np.testing.assert_allclose(t.tangent.get(end, np.zeros((3, 3))), tangent.numpy(), atol=1e-12)
    for name, want in zip(t.inputs, (x_bar, y_bar), strict=True):
        np.testing.assert_allclose(t.adjoint.get(name, np.zeros((3, 3))), want.numpy(), atol=1e-12)


def every_sample() -> Iterator[tuple[str, Any, Any]]:
    for op in REGISTRY.values():
        for sample in op.samples(Sampler(0)) if op.samples is not None else ():
            yield op.name, op, sample


def test_every_op_can_be_traced() -> None:
    traced = set()
    for name, op, sample in every_sample():
        case = Case(op, sample, "float64")
        if not case.xs:
            continue
        t = see(lambda *xs: case.call(*xs), *case.xs)  # noqa: B023
        assert not t.failed, (name, t.failed)
        assert any(step.op == name for step in t.steps), name
        for step in t.steps:
            assert "\x00" not in step.formula + "".join(p.text for p in step.partials)
        traced.add(name)
    assert len(traced) > 50
