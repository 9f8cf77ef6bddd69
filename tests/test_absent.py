"""Modules of PyTorch that aren't part of this library: importable, and refused in words when they are used."""

from __future__ import annotations

import importlib

import pytest

import tinygrad_edu as tg
from tests.test_as_torch import run
from tinygrad_edu.absent.missing import MODULES
from tinygrad_edu.errors import NotHereError


@pytest.mark.parametrize("path", MODULES)
def test_a_module_can_be_imported_and_each_of_its_names_refuses(path):
    module = importlib.import_module(f"tinygrad_edu.{path}")
    holder = tg
    for part in path.split("."):
        holder = getattr(holder, part)
    assert holder is module and module.__all__
    for name in module.__all__:
        with pytest.raises(NotHereError) as caught:
            getattr(module, name)()
        assert str(caught.value).startswith(f"{path}.{name}: ") and len(str(caught.value)) > 60


def test_a_class_cannot_be_derived_from_what_is_not_here():
    with pytest.raises(NotHereError, match=r"nn\.utils\.prune\.BasePruningMethod: pruning isn't part of this library"):

        class Mine(tg.nn.utils.prune.BasePruningMethod):
            pass


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        ("nn.utils.prune", "l1_unstructurd", "l1_unstructured"),
        ("ao.quantization", "quantise_dynamic", "quantize_dynamic"),
        ("distributed", "all_reduc", "all_reduce"),
        ("nested", "nested_tenso", "nested_tensor"),
        ("functorch", "make_functionl", "make_functional"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(module, name, near):
    with pytest.raises(AttributeError, match=f"has no attribute {name!r}; did you mean {near!r}"):
        getattr(importlib.import_module(f"tinygrad_edu.{module}"), name)


@pytest.mark.oracle
@pytest.mark.parametrize("path", MODULES)
def test_pytorch_has_the_names(path):
    pytest.importorskip("torch")
    theirs = importlib.import_module(f"torch.{path}")
    ours = importlib.import_module(f"tinygrad_edu.{path}")
    gone = {"create_nested_block_mask", "fuse_modules_qat"}  # of earlier releases, for which lessons were written
    assert [name for name in ours.__all__ if not hasattr(theirs, name) and name not in gone] == []


def test_a_script_for_pytorch_imports_them(tmp_path):
    source = """
import torch, torch.nn.utils.prune as prune, torch.ao.quantization, torch.multiprocessing as mp
from torch.nn.attention.flex_attention import flex_attention
from torch.distributed.fsdp import FullyShardedDataParallel
try:
    prune.l1_unstructured(torch.nn.Linear(2, 2), name="weight", amount=0.3)
except RuntimeError as error:
    print(str(error)[:70])
"""
    done = run(tmp_path, source)
    assert done.stdout == "nn.utils.prune.l1_unstructured: pruning isn't part of this library. To\n", done.stderr
