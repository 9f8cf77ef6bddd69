"""The recorded graph and its mechanics: depth, order, freeing, versions, hooks, accumulation, threads."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor
from tinygrad_edu.engine.graph import ancestors
from tinygrad_edu.engine.sweeps import pull, push
from tinygrad_edu.errors import GraphError, InPlaceError


def leaf(*values: float) -> Tensor:
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_a_chain_of_100_000_ops_records_sweeps_both_ways_and_frees():
    x = leaf(0.5)
    y = x
    for _ in range(100_000):
        y = y * 0.99999 + 1e-6
    dots = push([y.node], {x.node: np.ones(1)})
    bars = pull([(y.node, np.ones(1))], {x.node})
    expected = 0.99999**100_000
    assert dots[y.node][0] == pytest.approx(expected, rel=1e-9)
    assert bars[x.node][0] == pytest.approx(expected, rel=1e-9)
    y.backward()
    assert x.grad.numpy()[0] == pytest.approx(expected, rel=1e-9)
    middle = weakref.ref(y.node.edges[0])
    del y, dots, bars
    gc.collect()
    assert middle() is None


def test_reverse_visits_each_node_once_in_descending_order():
    a = leaf(1.0)
    b = a + a
    c = b + b
    order = [node.order for node in ancestors([c.node])]
    assert order == sorted(order, reverse=True)
    assert len(order) == 3
    c.backward()
    assert a.grad.tolist() == [4.0]


def test_backward_frees_and_says_so_the_second_time():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(GraphError, match=r"freed by an earlier backward.*retain_graph=True"):
        y.backward()


def test_saved_arrays_are_let_go_while_sweeping():
    """After a backward, a graph that is still referenced holds none of its arrays."""
    x = tg.tensor(np.ones(1000), requires_grad=True)
    big = x.exp()
    ref = weakref.ref(big.array)
    y = (big * big).sum()
    del big
    assert ref() is not None
    y.backward()
    assert ref() is None
    assert y.node is not None


def test_gradients_accumulate_in_place_and_are_never_shared():
    x, y = leaf(1.0), leaf(2.0)
    z = x + y  # one cotangent array reaches both leaves
    z.backward()
    x.grad.mul_(10)
    assert (x.grad.tolist(), y.grad.tolist()) == ([10.0], [1.0])
    held = x.grad
    (x * 3).backward()
    assert held.tolist() == [13.0]


def test_a_seed_given_by_the_user_is_not_written_to():
    x = leaf(1.0, 2.0)
    seed = tg.tensor([1.0, 1.0], dtype=tg.float64)
    for _ in range(2):
        (x + 0).backward(seed)
    assert seed.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("build", "write"),
    [
        (lambda x, w: x * w, lambda x, w, y: w.add_(1)),
        (lambda x, w: (x * w).exp(), lambda x, w, y: y.array.__setitem__(0, 5.0) or _note(y)),
        (lambda x, w: x * w.reshape(1), lambda x, w, y: w.fill_(3)),
        (lambda x, w: x * w[0:1], lambda x, w, y: w.zero_()),
    ],
    ids=["argument", "output", "through a view's base", "through a slice's base"],
)
def test_an_in_place_write_to_a_saved_value_is_an_error_not_a_wrong_gradient(build, write):
    x, w = leaf(2.0), tg.tensor([3.0], dtype=tg.float64)
    y = build(x, w)
    write(x, w, y)
    with pytest.raises(InPlaceError, match=r"(multiply|exp): a value kept for its derivative was overwritten"):
        y.sum().backward()


def test_a_write_to_memory_behind_a_batched_value_is_noticed_too():
    data = tg.tensor(np.arange(6.0).reshape(2, 3))

    def loss(w, row):
        y = (w * row * row).sum()
        with tg.no_grad():
            data.mul_(2)
        return y

    with pytest.raises(InPlaceError, match="multiply: a value kept"):
        tg.vmap(tg.func.grad(loss), in_dims=(None, 0))(tg.tensor(np.ones(3)), data)


def _note(y):
    from tinygrad_edu.engine.memory import note_write

    note_write(y.array)


def test_a_write_before_the_value_is_saved_is_fine():
    x, w = leaf(2.0), tg.tensor([3.0], dtype=tg.float64)
    w.add_(1)
    (x * w).backward()
    assert x.grad.tolist() == [4.0]
    assert w._version == 1


def test_parameters_may_be_updated_between_steps():
    w = leaf(1.0)
    for _ in range(3):
        (w * w).backward()
        with tg.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    assert w.tolist() == [pytest.approx(0.8**3)]
    assert w.is_leaf and w.requires_grad


def test_a_leaf_that_requires_a_gradient_refuses_writes_while_recording():
    w = leaf(1.0)
    for write in (lambda: w.add_(1), lambda: w.__setitem__(0, 1.0), lambda: w.__iadd__(1)):
        with pytest.raises(InPlaceError, match="a leaf that requires a gradient"):
            write()
    assert w.tolist() == [1.0]


def test_a_loss_summed_up_in_a_loop():
    x = leaf(1.0)
    y = x * 2
    loss = 0.0
    for _ in range(3):
        loss += (x * y).sum()
    loss.backward()
    assert x.grad.tolist() == [12.0]


def test_detach_data_and_no_grad_cut_the_graph():
    x = leaf(3.0)
    with tg.no_grad():
        y = x * 2
    assert not y.requires_grad
    z = x * x.detach() + x.data
    z.backward()
    assert x.grad.tolist() == [3.0]

    @tg.no_grad()
    def decorated():
        return (x * 2).requires_grad

    assert not decorated()
    with tg.no_grad(), tg.enable_grad():
        assert (x * 2).requires_grad
    with tg.inference_mode():
        assert tg.is_inference_mode_enabled() and not (x * 2).requires_grad
    with tg.set_grad_enabled(False):
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()


def test_hooks_and_retain_grad():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    remove = x.register_hook(lambda g: g * 10)
    y.square().backward()
    assert (y.grad.tolist(), x.grad.tolist()) == ([12.0], [240.0])
    remove()
    x.grad = None
    (x * 2).backward()
    assert x.grad.tolist() == [2.0]


def test_create_graph_and_inputs():
    x, w = leaf(3.0), leaf(2.0)
    (x**3 * w).backward(create_graph=True, inputs=[x])
    assert w.grad is None
    x.grad.backward(inputs=[w])
    assert w.grad.tolist() == [27.0]


def test_a_node_keeps_only_what_its_rules_read():
    x, w = leaf(1.0, 2.0), tg.tensor([3.0, 4.0], dtype=tg.float64)
    assert (x + x).node.xs is None
    assert not any(isinstance(v, np.ndarray) for v in (x + w).node.xs)  # only the shape of the constant
    product = x * w  # only w is read for x's derivative
    kept = [v for v in product.node.xs if isinstance(v, np.ndarray)]
    assert len(kept) == 1 and kept[0] is w.array
    assert (x * x).exp().node.xs is None  # exp reads its output


def test_the_graph_does_not_keep_leaves_or_intermediates_alive():
    x = leaf(1.0, 2.0)
    hidden = x + 1
    ref = weakref.ref(hidden)
    y = hidden + 1
    del hidden
    assert ref() is None
    y.sum().backward()


def test_threads_have_modes_of_their_own():
    x = leaf(2.0)
    inside, seen = threading.Event(), {}

    def other() -> None:
        with tg.no_grad():
            inside.set()
            seen["other"] = (x * x).requires_grad

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    seen["here"] = (x * x).requires_grad
    thread.join()
    assert seen == {"other": False, "here": True}


def test_memory_is_shared_with_numpy_both_ways():
    array = np.zeros(3)
    t = tg.from_numpy(array)
    t.add_(1)
    array[0] = 7
    assert t.tolist() == [7.0, 1.0, 1.0]
    assert tg.tensor(array).array is not array


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1, 2], "int64"),
        ([[1.0], [2]], "float32"),
        (np.float64(2.0), "float64"),
        ([np.float64(2.0)], "float64"),
        (np.array([1.0]), "float64"),
        (np.array([1], np.int8), "int8"),
        (True, "bool"),
        (1j, "complex64"),
        ([tg.tensor(1.0), tg.tensor(2.0)], "float32"),
    ],
)
def test_dtypes_of_new_tensors(data, dtype):
    assert tg.tensor(data).dtype == np.dtype(dtype)


_F, _D, _I = (lambda: tg.tensor([1.0, 2.0])), (lambda: tg.tensor(np.array([1.0, 2.0]))), (lambda: tg.tensor([1, 2]))


@pytest.mark.parametrize(
    ("result", "dtype"),
    [
        (lambda: _F() * 2, "float32"),
        (lambda: _F() * 2.0, "float32"),
        (lambda: _F() * np.float64(2), "float32"),
        (lambda: _F() * tg.tensor(np.float64(2)), "float32"),
        (lambda: _F() * _D(), "float64"),
        (lambda: _F() * _I(), "float32"),
        (lambda: _I() * 2.5, "float32"),
        (lambda: _I() / _I(), "float32"),
        (lambda: _I() * _I(), "int64"),
        (lambda: _I().exp(), "float32"),
        (lambda: _I() ** 2, "int64"),
        (lambda: _D() + 1, "float64"),
        (lambda: np.array([1.0, 2.0]) * _F(), "float64"),
        (lambda: _F() > 0, "bool"),
        (lambda: tg.cat([_F(), _D()]), "float64"),
        (lambda: _F() * 1j, "complex64"),
    ],
)
def test_type_promotion_is_pytorchs(result, dtype):
    assert result().dtype == np.dtype(dtype)


def test_a_promoted_argument_gets_a_gradient_of_its_own_dtype():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * tg.tensor(np.array([3.0, 4.0]))).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3.0, 4.0]


def test_a_real_argument_of_a_complex_result_gets_a_real_gradient():
    x = leaf(2.0, 3.0)
    y = x * (1 + 2j) * x + 1j * x
    y.backward(np.ones(2, complex))
    assert x.grad.dtype == np.float64
    assert x.grad.tolist() == [4.0, 6.0]


def test_default_dtype_can_be_changed():
    try:
        tg.set_default_dtype(np.float64)
        assert tg.tensor(1.0).dtype == tg.zeros(2).dtype == np.float64
    finally:
        tg.set_default_dtype(np.float32)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sin(x),
        lambda x: np.sum(x, axis=0),
        lambda x: np.ones(3) * x,
        lambda x: np.ones((2, 3)) @ x,
        lambda x: np.add.reduce(x),
        lambda x: np.concatenate([x, np.zeros(2)]),
        lambda x: np.where(x > 1, x, 0),
        lambda x: np.mean(x, keepdims=True),
        lambda x: np.einsum("i,i", x, np.arange(3.0)),
    ],
)
def test_numpys_functions_and_operators_stay_in_the_graph(call):
    x = leaf(0.5, 1.5, 2.5)
    y = call(x)
    assert isinstance(y, Tensor) and y.requires_grad
    np.testing.assert_allclose(y.detach().numpy(), call(x.detach().numpy()))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x > 1,
        lambda x: x.argmax(),
        lambda x: x.long(),
        lambda x: x.max(0).indices,
        lambda x: np.isnan(x),
        lambda x: x == x,
    ],
)
def test_what_has_no_derivative_is_in_no_graph(call):
    y = call(leaf(0.5, 1.5))
    assert not y.requires_grad
    assert np.asarray(y).dtype.kind in "ib"


def test_copies_and_pickles_are_leaves_of_their_own():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    for twin in (copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x))):
        (twin * 3).sum().backward()
        assert x.grad.tolist() == [2.0, 4.0]
        assert twin.requires_grad and twin.is_leaf
    deep = copy.deepcopy({"x": x, "again": x})
    assert deep["x"] is deep["again"] and deep["x"].grad.tolist() == [2.0, 4.0] and deep["x"].array is not x.array
    for refuse in (copy.deepcopy, pickle.dumps):
        with pytest.raises(GraphError, match=r"x\.detach\(\)"):
            refuse(x * 2)
