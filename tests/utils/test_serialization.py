"""Checkpoints: everything comes back as it was, a file is whole or not there, and nothing in one is ever executed."""

import math
import os
import stat
from collections import OrderedDict, namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError


def same(a, b):
    """Equal in value, type, dtype and structure, NaN to NaN."""
    assert type(a) is type(b)
    if isinstance(a, tg.Tensor):
        assert (a.dtype, a.shape, a.requires_grad) == (b.dtype, b.shape, b.requires_grad)
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    elif isinstance(a, np.ndarray | np.generic):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    elif isinstance(a, dict):
        assert [(type(k), k) for k in a] == [(type(k), k) for k in b]
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, float) and math.isnan(a):
        assert math.isnan(b)
    else:
        assert a == b


NEST = {
    "tensors": [tg.tensor([1.0, 2.0]), tg.tensor([[1, 2]]), tg.tensor(True), tg.tensor(1 + 2j), tg.zeros(0, 3)],
    "leaf": tg.tensor([1.5], requires_grad=True),
    "arrays": (np.arange(6.0).reshape(2, 3).T, np.zeros((), np.float16), np.array(["a", "bc"]), np.array([b"x"])),
    "strided": np.arange(10, dtype=np.uint8)[::-3],
    "scalars": [np.float32(0.1), np.int8(-3), np.bool_(True), np.str_("x")],
    "numbers": [
        0,
        -1,
        2**70,
        0.1,
        -0.0,
        math.inf,
        -math.inf,
        math.nan,
        1e-320,
        1j,
        complex(math.inf, -0.0),
        True,
        False,
    ],
    "text": ["", "ß", "\ud800", "a\x00b", b"\x00\xff", b""],
    "nothing": [None, [], (), {}],
    "keys": {0: "int", "0": "str", 1.5: "float", None: "none", True: "bool", (1, "a"): "tuple"},
}


def test_everything_comes_back_as_it_was(tmp_path):
    tg.save(NEST, tmp_path / "nest.npz")
    same(tg.load(tmp_path / "nest.npz"), NEST)


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.sampled_from([tg.tensor([1.0]), np.arange(3), np.float64(2)])
)
keys = st.text() | st.integers() | st.booleans() | st.none() | st.tuples(st.integers(), st.text())


@given(
    st.recursive(
        leaves,
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_nest_comes_back_as_it_was(tmp_path_factory, nest):
    path = tmp_path_factory.getbasetemp() / "nest.npz"
    tg.save(nest, path)
    same(tg.load(path), nest)


def test_dicts_of_other_kinds_come_back_as_dicts(tmp_path):
    tg.save(OrderedDict(b=1, a=2), tmp_path / "f")
    assert list(tg.load(tmp_path / "f").items()) == [("b", 1), ("a", 2)]


def test_what_shared_memory_shares_it_again_and_is_stored_once(tmp_path):
    w = nn.Parameter(np.zeros((100, 100)))
    tg.save({"a": w, "b": w.detach(), "c": w.array}, tmp_path / "f")
    assert (tmp_path / "f").stat().st_size < 2 * w.array.nbytes
    back = tg.load(tmp_path / "f")
    back["c"][0, 0] = 7
    assert back["a"][0, 0].item() == back["b"][0, 0].item() == 7


def test_what_was_computed_is_stored_as_values(tmp_path):
    x = tg.tensor([2.0], requires_grad=True)
    tg.save([x, x * 3], tmp_path / "f")
    leaf, value = tg.load(tmp_path / "f")
    assert leaf.requires_grad and not value.requires_grad and value.tolist() == [6]


def test_the_name_is_the_one_given_and_numpy_reads_the_arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tg.save([np.arange(3), "x"], "weights")
    assert os.listdir() == ["weights"]
    with np.load("weights", allow_pickle=False) as archive:
        assert archive["0"].tolist() == [0, 1, 2]
    assert tg.load(Path("weights"), map_location="cpu", weights_only=True)[1] == "x"


def test_a_loaded_array_can_be_written_to(tmp_path):
    tg.save(tg.zeros(3), tmp_path / "f")
    tg.load(tmp_path / "f").add_(1)


# -- whole or not at all -------------------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "f"
    tg.save("old", path)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(CheckpointError) as caught:
        tg.save(np.ones(3), path)
    assert str(caught.value) == f"save: {path} can't be written: No space left on device. Nothing was changed."
    assert os.listdir(tmp_path) == ["f"]
    assert tg.load(path) == "old"


def test_ctrl_c_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "f"
    tg.save("old", path)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tg.save("new", path)
    assert os.listdir(tmp_path) == ["f"]
    assert tg.load(path) == "old"


def test_an_object_that_cant_be_stored_leaves_the_old_file(tmp_path):
    path = tmp_path / "f"
    tg.save("old", path)
    with pytest.raises(CheckpointError):
        tg.save([np.ones(3), object()], path)
    assert tg.load(path) == "old" and os.listdir(tmp_path) == ["f"]


def test_a_link_stays_a_link_and_permissions_are_the_user_s_own(tmp_path):
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    before = os.umask(0o022)
    try:
        tg.save(1, tmp_path / "link")
    finally:
        os.umask(before)
    assert (tmp_path / "link").is_symlink()
    assert tg.load(tmp_path / "real") == 1
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o644


# -- what can't be saved -------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "x y")
KINDS = "Tensors, arrays, numbers, strings, bytes, bools, None, and dicts, lists and tuples of them can be saved."


def circle():
    nest = {"a": []}
    nest["a"].append(nest)
    return nest


UNSUPPORTED = [
    (lambda: object(), f"save: the object is of type object, which can't be stored without its code. {KINDS}"),
    (
        lambda: {"a": [1, {2: {1, 2}}]},
        f"save: ['a'][1][2] is of type set, which can't be stored without its code. {KINDS}",
    ),
    (lambda: [Pair(1, 2)], f"save: [0] is of type Pair, which can't be stored without its code. {KINDS}"),
    (
        lambda: {"f": print},
        f"save: ['f'] is of type builtin_function_or_method, which can't be stored without its code. {KINDS}",
    ),
    (
        lambda: {"model": nn.Linear(1, 1)},
        "save: ['model'] is of type Linear, which can't be stored without its code. Save its .state_dict(), and load that into a "
        "fresh one with .load_state_dict().",
    ),
    (
        lambda: {"x": np.array([None])},
        "save: ['x'] is an array of Python objects, and only plain data is stored.",
    ),
    (lambda: circle(), "save: ['a'][0] contains itself, and a file can't hold a circle."),
    (
        lambda: {frozenset(): 1},
        f"save: a key of the object is of type frozenset, which can't be stored without its code. {KINDS}",
    ),
]


@pytest.mark.parametrize(("nest", "message"), UNSUPPORTED, ids=[m[:50] for _, m in UNSUPPORTED])
def test_what_cant_be_stored_is_said_with_its_place(nest, message, tmp_path):
    with pytest.raises(CheckpointError) as caught:
        tg.save(nest(), tmp_path / "f")
    assert str(caught.value) == message
    assert os.listdir(tmp_path) == []


def test_a_value_of_a_transform_isnt_stored(tmp_path):
    def leak(x):
        tg.save([x], tmp_path / "f")
        return x

    with pytest.raises(
        CheckpointError, match=r"\[0\] is of type Batched.*It is a value of vmap: save what the transform returns"
    ):
        tg.vmap(leak)(tg.ones(2))
