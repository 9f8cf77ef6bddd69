"""Containers taken apart and put together, as PyTorch's `utils._pytree` does; and other names that scripts import from PyTorch."""

from __future__ import annotations

import collections

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ConfigError, ShapeError
from tinygrad_edu.utils import _pytree as pytree

Point = collections.namedtuple("Point", "x y")  # as PyTorch's users write it
TREES = [
    3,
    None,
    [],
    [1, (2, None), {"b": 3, "a": [4]}],
    Point(1, [2, 3]),
    collections.OrderedDict(b=1, a=(2,)),
    ([], {}, ()),
]


@pytest.mark.oracle
@pytest.mark.parametrize("tree", TREES, ids=str)
def test_leaves_and_structure_are_pytorch_s(tree):
    theirs = pytest.importorskip("torch.utils._pytree")
    leaves, spec = pytree.tree_flatten(tree)
    want, want_spec = theirs.tree_flatten(tree)
    assert leaves == want == pytree.tree_leaves(tree)
    assert spec.num_leaves == want_spec.num_leaves
    again = pytree.tree_unflatten([f"<{leaf}>" for leaf in leaves], spec)
    assert again == theirs.tree_unflatten([f"<{leaf}>" for leaf in want], want_spec)
    assert again == pytree.tree_map(lambda x: f"<{x}>", tree)
    assert type(again) is (str if spec.is_leaf() else type(tree))


def test_several_trees_and_what_counts_as_a_leaf():
    assert pytree.tree_map(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    assert pytree.tree_map(len, [(1, 2), (3,)], is_leaf=lambda x: isinstance(x, tuple)) == [2, 1]
    assert pytree.tree_map_only(int, lambda x: -x, [1, "a"]) == [-1, "a"]
    assert pytree.tree_all(bool, [1, (2,)])
    assert not pytree.tree_any(bool, [0, (None,)])
    with pytest.raises(ShapeError, match="differ in structure"):
        pytree.tree_map(lambda a, b: a, [1, (2,)], [1, 2])
    with pytest.raises(ShapeError, match="has 2 leaves, got 3"):
        pytree.tree_unflatten([1, 2, 3], pytree.tree_structure([1, 2]))


def test_a_class_of_ones_own():
    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

    pytree.register_pytree_node(Pair, lambda p: ((p.a, p.b), "context"), lambda children, context: Pair(*children))
    doubled = pytree.tree_map(lambda x: 2 * x, {"p": Pair(1, 2)})["p"]
    assert (doubled.a, doubled.b) == (2, 4)


def test_tuples_for_the_axes_of_a_kernel():
    from tinygrad_edu.nn.modules.utils import _ntuple, _pair, _reverse_repeat_tuple, _single, _triple

    assert (_single(3), _pair(3), _triple((1, 2, 3)), _ntuple(4)("a")) == ((3,), (3, 3), (1, 2, 3), ("a",))
    assert _reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)


def test_the_choice_of_a_kernel_changes_nothing():
    from tinygrad_edu.nn.attention import SDPBackend, sdpa_kernel

    q = tg.randn(1, 2, 3, 4)
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH], set_priority=True):
        inside = nn.functional.scaled_dot_product_attention(q, q, q)
    assert (inside == nn.functional.scaled_dot_product_attention(q, q, q)).all()
    with pytest.raises(ConfigError, match="takes an SDPBackend"), sdpa_kernel("math"):
        pass
