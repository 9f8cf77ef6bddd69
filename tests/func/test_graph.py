"""`record` and `Graph`: the operations in order, both sweeps any number of times, and evaluation at other inputs."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import func
from tinygrad_edu.errors import GraphError, LevelError, ShapeError
from tinygrad_edu.func import Graph, record

RNG = np.random.default_rng(0)
W, X, V, U = RNG.normal(size=(2, 3)), RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=2)
DIRECTIONS = RNG.normal(size=(4, 3))


def f(w, x):
    h = tg.tanh((w * x).sum(1))
    y = h * h
    return y / (1 + x[0] ** 2)


def close(got, want):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-13, atol=1e-13)


def line_of(text):
    lines, start = inspect.getsourcelines(f)
    return start + next(i for i, line in enumerate(lines) if text in line)


def test_equations_come_in_order_with_op_shapes_cost_and_source():
    graph = record(f)(W, X)
    assert [e.op.name for e in graph] == ["multiply", "sum", "tanh", "multiply", "getitem", "power", "add", "divide"]
    assert [e.specs[0].shape for e in graph] == [(2, 3), (2,), (2,), (2,), (), (), (), (2,)]
    assert [e.cost for e in graph] == [6, 6, 2, 2, 0, 1, 1, 2] and graph.cost == 20
    assert len(graph) == 8 and all(e.specs[0].dtype == np.float64 for e in graph)
    made = [v for e in graph for v in e.outputs]
    assert [v.number for v in (*graph.inputs, *made)] == list(range(10))
    for equation in graph:  # nothing is used before it is made
        used = [a.number for a in equation.args if isinstance(a, type(made[0]))]
        assert all(n < equation.outputs[0].number for n in used)
    product = graph.equations[3]
    assert product.source == f"test_graph.py:{line_of('h * h')}" and product.code == "y = h * h"
    assert graph.outputs == (made[-1],)
    close(graph.value, f(tg.tensor(W), tg.tensor(X)))


def test_it_prints_as_a_program():
    text = repr(record(f)(W, X))
    lines = text.splitlines()
    assert lines[0] == "Graph(v0: float64[2, 3], v1: float64[3]):"
    assert re.fullmatch(r"  v2 = multiply\(v0, v1\)  # float64\[2, 3\]; 6 flops; test_graph.py:\d+", lines[1])
    assert lines[-1] == "  return v9"


def test_both_sweeps_any_number_of_times_without_the_primal_again():
    calls = []

    def counted(w, x):
        calls.append(1)
        return f(w, x)

    graph = record(counted)(W, X)
    forward, reverse = func.jacfwd(f, (0, 1))(W, X), func.jacrev(f, (0, 1))(W, X)
    for scale in (1.0, 2.0):
        dot = graph.push(np.zeros_like(W), scale * V)
        close(dot, scale * forward[1].numpy() @ V)
        w_bar, x_bar = graph.pull(scale * U)
        close(w_bar, scale * np.tensordot(U, reverse[0].numpy(), 1))
        close(x_bar, scale * U @ reverse[1].numpy())
    assert calls == [1]


def test_a_batch_of_directions_at_once():
    graph = record(lambda x: f(tg.tensor(W), x))(X)
    jacobian = func.jacrev(lambda x: f(tg.tensor(W), x))(X).numpy()
    close(graph.push(DIRECTIONS), DIRECTIONS @ jacobian.T)
    (rows,) = graph.pull(np.eye(2))
    close(rows, jacobian)
    assert graph.push(DIRECTIONS).shape == (4, 2) and rows.shape == (2, 3)


def test_replay_at_other_inputs_is_calling_the_function():
    graph = record(f)(W, X)
    for _ in range(3):
        w, x = RNG.normal(size=(2, 3)), RNG.normal(size=3)
        close(graph.replay(w, x), f(tg.tensor(w), tg.tensor(x)))
    close(graph.replay(W, X), graph.value)


def test_a_replay_can_itself_be_differentiated_and_batched():
    graph = record(f)(W, X)
    other = tg.tensor(RNG.normal(size=3))
    close(func.jacrev(lambda x: graph.replay(W, x))(other), func.jacrev(lambda x: f(tg.tensor(W), x))(other))
    batch = RNG.normal(size=(5, 3))
    close(
        func.vmap(lambda x: graph.replay(W, x))(batch), np.stack([f(tg.tensor(W), tg.tensor(x)).numpy() for x in batch])
    )


def branching(x):
    if x.sum() > 0:
        return x * 2
    return -x


LOOKS = {
    "if": (branching, "if x.sum\\(\\) > 0"),
    "item": (lambda x: x * x[0].item(), "item"),
    "detach and numpy": (lambda x: x * float(x.detach().numpy()[0]), "numpy"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_replay_that_would_go_another_way_is_refused_with_the_line(name):
    function, _ = LOOKS[name]
    graph = record(function)(np.array([1.0, 2.0]))
    with pytest.raises(GraphError, match=r"looked at a value at test_graph.py:\d+") as caught:
        graph.replay(np.array([-3.0, 1.0]))
    line = int(re.search(r"test_graph.py:(\d+)", str(caught.value))[1])
    assert line in range(*(lambda s: (s[1], s[1] + len(s[0])))(inspect.getsourcelines(function))) or name != "if"


def test_a_replay_that_goes_the_same_way_is_fine():
    graph = record(branching)(np.array([1.0, 2.0]))
    assert graph.replay(np.array([5.0, -1.0])).tolist() == [10.0, -2.0]


def test_other_shapes_and_structures_are_refused():
    graph = record(f)(W, X)
    with pytest.raises(ShapeError, match=r"input of shape \(4,\) where \(3,\) was recorded"):
        graph.replay(W, np.ones(4))
    with pytest.raises(ShapeError, match="structure"):
        graph.replay(W)
    with pytest.raises(ShapeError, match="structure"):
        graph.push(V)
    with pytest.raises(ShapeError, match=r"\(3,\) for \(2,\)"):
        graph.pull(V)
    with pytest.raises(ShapeError, match="equal, or have one batch axis"):
        graph.push(np.zeros((4, 2, 3)), V)


def test_containers_in_and_out():
    def g(p, x):
        y = p["w"] @ x + p["b"][0]
        return {"y": y, "rest": (y.sum(), None)}

    p = {"w": W, "b": [U]}
    graph = record(g)(p, X)
    assert len(graph.inputs) == 3 and set(graph.value) == {"y", "rest"}
    dot = graph.push({"w": 0 * W, "b": [U]}, 0 * X)
    close(dot["y"], U)
    close(dot["rest"][0], U.sum())
    p_bar, x_bar = graph.pull({"y": U, "rest": (1.0, None)})
    close(p_bar["b"][0], U + 1)
    close(x_bar, (U + 1) @ W)
    assert set(graph.replay(p, X)) == {"y", "rest"}
    two = record(lambda x: (x * 2, x * 3))(X)
    close(two.pull(V, V)[0], 5 * V)


def test_constants_integers_and_several_outputs_are_equations_too():
    def g(x):
        order = tg.argmax(x)
        largest = x[order]
        left, right = tg.split(x * 2, [1, 2])
        return largest * (left.sum() + right.sum()), tg.ones(2)

    graph = record(g)(X)
    names = [e.op.name for e in graph]
    assert "argmax" in names
    assert next(e for e in graph if e.op.name == "argmax").nodes == (None,)
    assert max(len(e.outputs) for e in graph) in (1, 2)
    close(graph.value[0], X.max() * 2 * X.sum())
    other = X[::-1].copy()
    close(graph.replay(other)[0], other.max() * 2 * other.sum())
    assert graph.push(V)[1].tolist() == [0.0, 0.0]


# -- inside and around other transforms ----------------------------------------------------------------------------


def test_a_graph_of_a_derivative_lists_the_derivatives_operations():
    graph = record(func.grad(lambda x: (tg.sin(x) * x).sum()))(X)
    assert {"sin", "cos", "multiply"} <= {e.op.name for e in graph}
    close(graph.value, np.sin(X) + X * np.cos(X))
    close(graph.push(V), (2 * np.cos(X) - X * np.sin(X)) * V)
    close(graph.replay(U.repeat(2)[:3]), func.grad(lambda x: (tg.sin(x) * x).sum())(U.repeat(2)[:3]))
    tangents = record(lambda x: func.jvp(tg.sin, (x,), (tg.tensor(V),))[1])(X)
    close(tangents.pull(V)[0], -np.sin(X) * V * V)


def test_a_graph_inside_other_transforms():
    def slope(x):
        return record(lambda z: (z**3).sum())(x).pull(tg.tensor(np.float64(1.0)))[0]

    close(slope(tg.tensor(X)), 3 * X**2)
    close(func.jacfwd(slope)(X), np.diag(6 * X))
    close(func.jacrev(slope)(X), np.diag(6 * X))
    close(func.vmap(slope)(DIRECTIONS), 3 * DIRECTIONS**2)
    pushed = lambda x: record(lambda z: (z**3).sum())(x).push(tg.tensor(V))
    close(func.grad(pushed)(X), 6 * X * V)
    close(func.vmap(pushed)(DIRECTIONS), (3 * DIRECTIONS**2) @ V)


def test_a_sweep_can_be_differentiated_in_its_direction_and_in_a_parameter():
    graph = record(lambda x: tg.sin(x) * x)(X)
    close(func.jacrev(lambda v: graph.push(v))(V), np.diag(np.cos(X) * X + np.sin(X)))
    p = tg.tensor(np.float64(2.0), requires_grad=True)
    record(lambda x: (p * x**2).sum())(X).pull(np.float64(1.0))[0].sum().backward()
    close(p.grad, (2 * X).sum())


def test_second_order_through_the_pull():
    w = tg.tensor(X, requires_grad=True)
    (gradient,) = record(lambda x: (x**3).sum())(w).pull(np.float64(1.0))
    gradient.sum().backward()
    close(w.grad, 6 * X)


def test_nothing_of_the_recording_stays_behind():
    kept = []
    graph = record(lambda x: kept.append(x) or x * 2)(X)
    assert type(graph.value) is tg.Tensor and not graph.value.requires_grad
    with pytest.raises(LevelError, match="record"):
        kept[0] * 2
    assert isinstance(graph, Graph) and len(graph) == 1


def test_an_array_of_a_recorded_value_would_lose_its_derivative():
    with pytest.raises(GraphError, match="requires a gradient"):
        record(lambda x: tg.tensor(x.numpy()) * x)(X)


def test_a_recorded_function_that_draws_keeps_its_draw():
    graph = record(lambda x: x * tg.rand(3, dtype=tg.float64))(X)
    close(graph.replay(2 * X), 2 * graph.value.numpy())
