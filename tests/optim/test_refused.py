"""What optimizers refuse, and how they say it."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.optim.test_optimizers import OPTIONS
from tinygrad_edu import optim
from tinygrad_edu.errors import ConfigError, ShapeError

ones = lambda: tg.ones(2, requires_grad=True)


def twice():
    p = ones()
    return [p, p]


def in_two_groups():
    p = ones()
    return [{"params": [p]}, {"params": [p]}]


REFUSED = [
    *((lambda n=n, v=v: getattr(optim, n)([ones()], lr=v), f"{n}: lr must be a number that isn't negative, got {v!r}.")
      for n, v in itertools.product(OPTIONS, (-0.1, math.nan, math.inf, "0.1", True, None))),
    (lambda: optim.SGD([ones()], lr=1, momentum=-0.5), "SGD: momentum must be a number that isn't negative, got -0.5."),
    (lambda: optim.SGD([ones()], lr=1, weight_decay=-1), "SGD: weight_decay must be a number that isn't negative, got -1."),
    (
        lambda: optim.SGD([ones()], lr=1, nesterov=True),
        "SGD: nesterov=True looks ahead along the momentum, so it needs momentum > 0 and dampening=0; got momentum=0 and "
        "dampening=0.",
    ),
    (
        lambda: optim.SGD([{"params": [ones()], "momentum": 0.9, "dampening": 0.1}], lr=1, nesterov=True),
        "SGD: nesterov=True looks ahead along the momentum, so it needs momentum > 0 and dampening=0; got momentum=0.9 and "
        "dampening=0.1.",
    ),
    *((lambda b=b: optim.Adam([ones()], betas=b),
       f"Adam: betas must be two numbers, each from 0 up to but without 1, got {b!r}.")
      for b in ((0.9, 1.0), (-0.1, 0.9), (0.9,), 0.9, (0.9, "x"), (math.nan, 0.9))),
    (lambda: optim.Adam([ones()], eps=-1e-8), "Adam: eps must be a number that isn't negative, got -1e-08."),
    (lambda: optim.AdamW([ones()], weight_decay=math.nan), "AdamW: weight_decay must be a number that isn't negative, got nan."),
    (lambda: optim.RMSprop([ones()], alpha=1.5), "RMSprop: alpha must be a number from 0 to 1, got 1.5."),
    (
        lambda: optim.SGD([{"params": [ones()], "lr": -1}], lr=1),
        "SGD: lr must be a number that isn't negative, got -1.",
    ),
    (
        lambda: optim.SGD([], lr=1),
        "SGD: the list of parameters is empty. An iterator is empty once it was used: call model.parameters() again.",
    ),
    (lambda: optim.SGD(ones(), lr=1), "SGD: params is a list of Tensors, or of dicts, not one Tensor."),
    (lambda: optim.SGD({"params": []}, lr=1), "SGD: params is a list of Tensors, or of dicts, not one dict."),
    (
        lambda: optim.SGD([{"parameters": [ones()]}], lr=1),
        "SGD: a group is a dict with \"params\" among its keys, not {'parameters': [tensor([1., 1.], requires_grad=True)]}.",
    ),
    (lambda: optim.SGD([np.ones(2)], lr=1), "SGD: parameter 0 of group 0 is of type ndarray, not a Tensor."),
    (
        lambda: optim.SGD([ones(), ones() * 2], lr=1),
        "SGD: parameter 1 of group 0 (shape (2,)) was computed by multiply, so changing it changes nothing that is learned. "
        "Only leaves can be optimized: tensors made with requires_grad=True, and parameters.",
    ),
    (
        lambda: optim.SGD(twice(), lr=1),
        "SGD: parameter 1 of group 0 (shape (2,)) was given before: each parameter is updated once, so it is listed once.",
    ),
    (
        lambda: optim.SGD(in_two_groups(), lr=1),
        "SGD: parameter 0 of group 1 (shape (2,)) was given before: each parameter is updated once, so it is listed once.",
    ),
    (
        lambda: optim.Adam([tg.tensor([1j], requires_grad=True)]),
        "Adam: parameter 0 of group 0 (shape (1,)) is complex64; only real tensors can be optimized.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[message[:70] for _, message in REFUSED])
def test_what_is_refused_is_said_in_full(call, message):
    with pytest.raises(ConfigError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("grad", "found"),
    [
        (lambda: tg.ones(3, 2), "of shape (3, 2)"),
        (lambda: np.ones((2, 3)), "of type ndarray"),
        (lambda: 1.0, "of type float"),
    ],
)
def test_a_gradient_that_doesnt_fit_is_refused(grad, found):
    p, q = tg.ones(1, requires_grad=True), tg.ones(2, 3, requires_grad=True)
    optimizer = optim.SGD([p, q], lr=1.0)
    q.grad = grad()
    with pytest.raises(ShapeError) as caught:
        optimizer.step()
    assert str(caught.value) == (
        f"SGD.step(): the gradient of parameter 1 of group 0 is {found}; the parameter has shape (2, 3), and its gradient must "
        "be a Tensor of that shape."
    )
    assert (q.detach().numpy() == 1).all()
