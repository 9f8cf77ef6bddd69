"""What a node keeps, asked for by PyTorch's names."""

import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import GraphError


def leaves():
    return tg.tensor([1.0, 2.0], requires_grad=True), tg.tensor([3.0, 4.0], requires_grad=True)


def test_they_are_the_tensors_that_were_given():
    a, b = leaves()
    y = a * b
    assert y.grad_fn._saved_self is a and y.grad_fn._saved_other is b
    inner = a * 2
    kept = (inner * b).grad_fn._saved_self
    assert kept.tolist() == inner.tolist() and kept.grad_fn is inner.grad_fn
    assert (a**2).grad_fn._saved_self is a
    assert a.exp().grad_fn._saved_result.tolist() == a.exp().tolist()
    assert (a / b).grad_fn._saved_other is b


def test_what_is_not_kept_is_none_or_not_there():
    a, b = leaves()
    constant = tg.ones(2)
    assert (a * constant).grad_fn._saved_self is None
    assert (a * constant).grad_fn._saved_other.tolist() == [1, 1]
    assert (a + b).grad_fn._saved_self is None
    with pytest.raises(AttributeError, match=r"MulBackward0.*_saved_weight"):
        (a * b).grad_fn._saved_weight
    assert not hasattr(a.exp().grad_fn, "_saved_other")
    y = a * b
    y.sum().backward()
    with pytest.raises(GraphError, match="freed"):
        y.grad_fn._saved_self


def test_they_come_through_the_unpack_hook():
    a, _ = leaves()
    with tg.autograd.graph.saved_tensors_hooks(lambda x: x * 2, lambda x: x / 2 + 1):
        y = a.exp()
    assert tg.allclose(y.grad_fn._saved_result, y.detach() + 1)
