"""In-place writes: what they change, what they mean for both derivatives, and what is refused."""

from __future__ import annotations

import copy
import gc
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.ops.checks import central
from tinygrad_edu import func
from tinygrad_edu.errors import DTypeError, GraphError, InPlaceError, LevelError, ShapeError, UnsupportedError

X = np.array([0.5, -1.2, 2.0])


def filled_in(x):
    """A buffer filled element by element, as one writes it in NumPy."""
    y = tg.zeros(4, dtype=x.dtype)
    y[0] = x[0] * x[1]
    for i in range(1, 4):
        y[i] = y[i - 1].clone() * x[i % 3] + np.sin(x[2])
    return y


def through_views(x):
    y = x * 1
    head, tail = y[:2], y[1:]
    head *= tail.clone()
    tail += x[0]
    square = y.reshape(3, 1).T
    square[0, 2] = head.sum()
    return y * y


def masked(x):
    y = x * x
    y[np.array([True, False, True])] *= x[1]
    y[np.array([0, 1])] += x[1:]
    np.add.at(y, np.array([0, 0, 2]), x)
    return y


def ended_in_place(x):
    return (x * 2).sin_().add_(x).mul_(x[0]).clamp_(max=5.0).sqrt_()


def numpys(x):
    y = x * 1
    np.put(y, [0, 2], x[1] * x[2])
    np.copyto(y, x * x, where=np.array([False, True, False]))
    np.putmask(y, np.array([False, False, True]), x)
    matrix = tg.zeros(3, 3, dtype=x.dtype)
    np.fill_diagonal(matrix, y)
    np.put_along_axis(matrix, np.array([[2], [0], [1]]), np.reshape(x, (3, 1)), axis=1)
    np.multiply(matrix, x, out=matrix)
    return matrix


PROGRAMS = [filled_in, through_views, masked, ended_in_place, numpys]


@pytest.mark.parametrize("f", PROGRAMS)
def test_both_modes_to_second_order(f):
    x = tg.tensor(np.abs(X) if f is ended_in_place else X)
    (want,) = central(lambda v: f(tg.tensor(v)).numpy(), [x.numpy()], [np.array([0.3, 1.0, -0.7])])
    direction = tg.tensor(np.array([0.3, 1.0, -0.7]))
    np.testing.assert_allclose(func.jvp(f, (x,), (direction,))[1].numpy(), want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose((func.jacrev(f)(x).numpy() @ direction.numpy()), want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(func.jacfwd(f)(x).numpy(), func.jacrev(f)(x).numpy(), rtol=1e-12, atol=1e-12)
    scalar = lambda v: f(v).sum()
    np.testing.assert_allclose(
        func.jacfwd(func.grad(scalar))(x).numpy(), func.jacrev(func.grad(scalar))(x).numpy(), rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(
        func.jacfwd(func.jacfwd(scalar))(x).numpy(), func.hessian(scalar)(x).numpy(), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("f", PROGRAMS)
def test_under_vmap_as_in_a_loop(f):
    xs = np.stack([np.abs(X), np.abs(X) * 0.7, np.abs(X) + 0.1])
    got = func.vmap(f)(tg.tensor(xs))
    np.testing.assert_allclose(got.numpy(), np.stack([f(tg.tensor(x)).numpy() for x in xs]), rtol=1e-13)
    gradients = func.vmap(func.grad(lambda x: f(x).sum()))(tg.tensor(xs))
    for x, gradient in zip(xs, gradients, strict=True):
        np.testing.assert_allclose(gradient.numpy(), func.grad(lambda v: f(v).sum())(tg.tensor(x)).numpy(), rtol=1e-12)


@pytest.mark.parametrize("f", PROGRAMS)
def test_a_recorded_graph_replays_the_writes(f):
    graph = func.record(f)(tg.tensor(np.abs(X)))
    other = tg.tensor(np.abs(X) * 0.8)
    np.testing.assert_allclose(graph.replay(other).numpy(), f(other).numpy(), rtol=1e-13)


# -- memory --------------------------------------------------------------------------------------------------------------


def test_views_see_the_write_and_arrays_too():
    array = np.zeros(4)
    x = tg.from_numpy(array)
    v, row = x[1:], x.reshape(2, 2)[1]
    v[0] = 5.0
    row += 1
    assert array.tolist() == [0, 5, 1, 1]
    assert v.tolist() == [5, 1, 1]


def test_a_single_element_is_a_view():
    x = tg.zeros(3)
    x[1].fill_(2)
    assert x.tolist() == [0, 2, 0]


def test_a_view_made_before_the_write_has_the_new_gradient():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    x = tg.zeros(2, 2)
    row, column = x[0], x[:, 0]
    x[0] = w * w
    assert row.requires_grad
    assert column.requires_grad
    (row * tg.tensor([1.0, 10.0]) + column).sum().backward()
    # d/dw of w₀² + 10·w₁² + w₀² + 0
    assert w.grad.tolist() == [4.0, 40.0]


def test_what_retain_grad_keeps_moves_along():
    a = tg.tensor([1.0, 2.0], requires_grad=True)
    y = a * 3
    y.retain_grad()
    y.mul_(2)
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 24.0]
    assert a.grad.tolist() == [72.0, 144.0]


def test_the_same_element_written_twice_by_one_index():
    v = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    x = tg.zeros(2)
    x[np.array([0, 0, 1])] = v
    assert x.tolist() == [2.0, 3.0]
    x.sum().backward()
    assert v.grad.tolist() == [0.0, 1.0, 1.0]


def test_a_long_loop_of_writes_is_freed():
    w = tg.tensor(1.01, requires_grad=True)
    x = tg.zeros(2000)
    x[0] = w
    for i in range(1, 2000):
        x[i] = x[i - 1].clone() * w
    x[-1].backward()
    assert w.grad.item() == pytest.approx(2000 * 1.01**1999, rel=1e-3)
    before = len(gc.get_objects())
    del x
    gc.collect()
    assert len(gc.get_objects()) <= before


def test_a_long_lived_tensor_forgets_its_dead_views():
    x = tg.zeros(10)
    for _ in range(10_000):
        x[2:5]
    assert len(x.views) < 200


def test_shape_changes_in_place():
    x = tg.zeros(2, 3)
    row = x[0]
    x.unsqueeze_(0).transpose_(1, 2)
    assert x.shape == (1, 3, 2)
    x[0, 1, 0] = 7
    assert row.tolist() == [0, 7, 0]
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).unsqueeze_(1)
    y.mul_(3).squeeze_()
    y.sum().backward()
    assert w.grad.tolist() == [6.0, 12.0]


def test_writes_that_convert():
    x = tg.zeros(3, dtype=tg.int64)
    x[0] = 2.7
    x[1:] = tg.tensor([1.5, 2.5])
    assert x.tolist() == [2, 1, 2]
    y = tg.zeros(2)
    y += tg.tensor([1.0, 2.0], dtype=tg.float64)
    assert y.dtype == tg.float32


def test_copies_and_pickles_of_what_was_written_to():
    x = tg.zeros(3)
    x[1] = 4
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin.tolist() == [0, 4, 0]


# -- what is refused -----------------------------------------------------------------------------------------------------

LEAF = "a leaf that requires a gradient can't be overwritten"


def _saved(name):
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = getattr(w * 2, name)()
    y.add_(1)
    y.sum().backward()


def _aliased():
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    y = w * 1
    y.mul_(y)
    y.sum().backward()


def _no_grad_view():
    y = tg.ones(2, requires_grad=True) * 1
    with tg.no_grad():
        v = y[:1]
    v.mul_(2)


def _unbound():
    y = tg.ones(2, 2, requires_grad=True) * 1
    for row in y:
        row.mul_(2)


def _outdated():
    y = tg.ones(2, 2, requires_grad=True) * 1
    row, _ = y.unbind()
    y.mul_(2)
    row.sum().backward()


REFUSED = {
    "a leaf": (InPlaceError, LEAF, lambda: tg.ones(2, requires_grad=True).add_(1)),
    "a leaf's element": (InPlaceError, LEAF, lambda: tg.ones(2, requires_grad=True).__setitem__(0, 1.0)),
    "a leaf's view": (InPlaceError, "view of a leaf", lambda: tg.ones(2, requires_grad=True)[:1].mul_(2)),
    "a transform's input": (InPlaceError, "own input", lambda: func.grad(lambda x: x.add_(1).sum())(tg.ones(2))),
    "expanded": (InPlaceError, "expanded", lambda: tg.ones(1).expand(3).add_(1)),
    "a kept result": (InPlaceError, "exp: a value kept", lambda: _saved("exp")),
    "itself": (InPlaceError, "multiply: a value kept", _aliased),
    "a view from no_grad": (InPlaceError, "was made inside no_grad", _no_grad_view),
    "one of several views": (InPlaceError, "several views", _unbound),
    "an outdated view": (InPlaceError, "several views", _outdated),
    "too large": (ShapeError, r"add_: the result has shape \(2, 3\)", lambda: tg.ones(3).add_(tg.ones(2, 3))),
    "too large an item": (ShapeError, r"shape \(2,\) doesn't fit", lambda: tg.ones(3).__setitem__(slice(None), tg.ones(2))),
    "float into int": (DTypeError, r"mul_: the result has dtype float32", lambda: tg.arange(3).mul_(0.5)),
    "a slice of an array": (GraphError, "lose", lambda: np.zeros(2).__setitem__(slice(1), tg.ones(1, requires_grad=True))),
    "out= an array": (GraphError, "out= is a plain ndarray", lambda: np.exp(tg.ones(2), out=np.zeros(2))),
    "copyto an array": (GraphError, "copyto: writing a Tensor", lambda: np.copyto(np.zeros(2), tg.ones(2))),
    "at, repeated": (UnsupportedError, "np.multiply.at: repeated", lambda: np.multiply.at(tg.ones(2), [0, 0], 2.0)),
    "detach_ a view": (InPlaceError, "detach_: this is a view", lambda: (tg.ones(2, requires_grad=True) * 1)[:1].detach_()),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_words(what):
    error, words, call = REFUSED[what]
    with pytest.raises(error, match=words):
        call()


def test_an_assignment_into_a_plain_array():
    array = np.zeros(2)
    for value in (tg.tensor(1.0, requires_grad=True), tg.tensor(1.0, requires_grad=True) * 2):
        with pytest.raises(
            ValueError, match="setting an array element"
        ) as caught:  # NumPy's words, with ours as the cause
            array[0] = value
        assert isinstance(caught.value.__cause__, GraphError)
        assert "a plain array would lose" in str(caught.value.__cause__)
    array[1] = float(tg.tensor(3.0, requires_grad=True))  # said in words, it's fine
    array[0] = tg.tensor(2.0)
    assert array.tolist() == [2.0, 3.0]

    def f(x):
        array[0] = x
        return x

    with pytest.raises(ValueError, match="setting an array element"):
        func.jvp(f, (tg.tensor(1.0),), (tg.tensor(1.0),))


def test_nothing_changes_where_a_write_is_refused():
    leaf = tg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(InPlaceError):
        leaf.add_(1)
    assert leaf.tolist() == [1.0, 2.0]
    counts = tg.arange(3)
    with pytest.raises(DTypeError):
        counts += 0.5
    assert counts.tolist() == [0, 1, 2]


def test_a_buffer_from_outside_a_transform_is_not_lost_silently():
    buffer = tg.zeros(2)

    def f(x):
        buffer[0] = x[0]
        return buffer.sum()

    assert func.jvp(f, (tg.ones(2),), (tg.ones(2),))[1].item() == 1.0
    with pytest.raises(LevelError, match="escaped"):
        buffer + 1
