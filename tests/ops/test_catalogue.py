"""The catalogue is complete and true: every public function of NumPy is in it or left out with a reason, every entry is
tried by the generated tests, and what the entries claim is what was tried."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.ops.test_numpy import NAMED
from tinygrad_edu.ops import catalogue
from tinygrad_edu.ops._catalogue import NAMESPACES, left_out

ENTRIES = {entry.name: entry for entry in catalogue()}
FLOOR = json.loads((Path(__file__).parent / "numpy_floor.json").read_text())


def public_functions() -> list[str]:
    return [
        f"{space}.{name}"
        for space, module in NAMESPACES.items()
        for name in dir(module)
        if not name.startswith("_") and callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    ]


def test_every_function_of_numpy_is_in_the_catalogue_or_left_out_with_a_reason():
    assert [name for name in public_functions() if name not in ENTRIES and name not in left_out()] == []


def test_nothing_is_both_in_and_left_out():
    assert [name for name in left_out() if name in ENTRIES] == []


def test_what_is_left_out_exists():
    gone = {"numpy.row_stack"}  # since NumPy 2.5
    assert set(left_out()) - gone <= set(public_functions())


def test_the_catalogue_holds_what_other_libraries_list():
    assert [name for name in FLOOR if name not in ENTRIES] == []


def test_at_least_330_names_have_both_modes():
    assert sum(entry.forward and entry.reverse for entry in ENTRIES.values()) >= 330


def _implementation(name: str) -> object:
    space, _, last = name.rpartition(".")
    return getattr(NAMESPACES[space], last) if space in NAMESPACES else name


def test_every_differentiable_function_is_tried():
    tried = {_implementation(name) for name, _ in NAMED}
    untried = [
        e.name
        for e in ENTRIES.values()
        if e.derivative == "both"
        and e.family == "composed"
        and _implementation(e.name) not in tried
        and not e.notes.startswith(("from the ufunc's own rule", "one call per element"))
    ]
    assert untried == []


@pytest.mark.parametrize("name", sorted({name for name, _ in NAMED}))
def test_a_row_tries_what_is_in_the_catalogue(name):
    assert name in ENTRIES, f"{name} has rows but isn't in the catalogue"


def test_the_names_of_an_alias_say_the_same():
    for name in ("abs", "concat", "acos", "pow", "permute_dims"):
        key = getattr(np, name)
        same = [
            e
            for n, e in ENTRIES.items()
            if n.startswith("numpy.") and n.count(".") == 1 and getattr(np, n[6:], None) is key
        ]
        assert len(same) > 1
        assert len({e._replace(name="") for e in same}) == 1


def test_the_page_of_coverage_is_what_the_catalogue_says():
    pytest.importorskip("rich")
    from tinygrad_edu.cli._ops import coverage_page

    page = Path(__file__).parents[2] / "docs" / "coverage.md"
    assert page.read_text() == coverage_page(), "run: tinygrad-edu ops --coverage > docs/coverage.md"
