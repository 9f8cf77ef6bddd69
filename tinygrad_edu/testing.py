"""`assert_close`: that values agree, and if not, by how much and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine.tensor import Tensor

# PyTorch's tolerances, by the less precise of the two dtypes; anything else has to be equal.
_TOLERANCES = {
    "float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless `|actual − expected| ≤ atol + rtol · |expected|` everywhere, and shapes and dtypes agree.

    Takes tensors, arrays, numbers, and nests of them in sequences and mappings. Tolerances are PyTorch's for the dtype
    unless both are given.
    """
    if (rtol is None) != (atol is None):
        raise ValueError("assert_close: give both rtol and atol, or neither.")
    found = _compare(actual, expected, (rtol, atol), equal_nan, check_dtype, "")
    if found:
        raise AssertionError(msg(found) if callable(msg) else msg or found)


def _compare(a: Any, b: Any, tolerances: Any, equal_nan: bool, check_dtype: bool, where: str) -> str:
    """What differs, in words; empty if nothing does."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        if a.keys() != b.keys():
            return f"The keys of the mappings{where} do not match: {sorted(map(str, a.keys() ^ b.keys()))}."
        parts = [(key, a[key], b[key]) for key in a]
    elif _is_sequence(a) and _is_sequence(b):
        if len(a) != len(b):
            return f"The length of the sequences{where} do not match: {len(a)} != {len(b)}"
        parts = [(i, x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    else:
        return _compare_arrays(a, b, tolerances, equal_nan, check_dtype, where)
    for key, x, y in parts:
        if found := _compare(x, y, tolerances, equal_nan, check_dtype, f"{where} at [{key!r}]"):
            return found
    return ""


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _compare_arrays(a: Any, b: Any, tolerances: Any, equal_nan: bool, check_dtype: bool, where: str) -> str:
    x, y = (np.asarray(v.detach().numpy() if isinstance(v, Tensor) else v) for v in (a, b))
    if x.shape != y.shape:
        return f"The values for attribute 'shape'{where} do not match: {x.shape} != {y.shape}."
    if check_dtype and x.dtype != y.dtype and hasattr(a, "dtype") and hasattr(b, "dtype"):
        return f"The values for attribute 'dtype'{where} do not match: {x.dtype} != {y.dtype}."
    rtol, atol = tolerances
    if rtol is None:
        rtol, atol = (
            max(pair) for pair in zip(*(_TOLERANCES.get(v.dtype.name, (0.0, 0.0)) for v in (x, y)), strict=True)
        )
    kind = np.result_type(x, y)
    wide = kind if kind.kind == "c" else np.float64 if kind.kind == "f" else kind
    x, y = x.astype(wide), y.astype(wide)
    wrong = ~np.isclose(x, y, rtol, atol, equal_nan)
    if not wrong.any():
        return ""
    with np.errstate(all="ignore"):
        gap = np.abs(x.astype(complex if kind.kind == "c" else float) - y)
        relative = np.where(wrong, gap / np.abs(y), 0)
    if not x.ndim:
        return f"Scalars{where} are not close!\n\nExpected {y} but got {x}.\nAbsolute difference: {gap} (up to {atol} allowed)"
    at = tuple(int(i) for i in np.unravel_index(np.argmax(np.where(wrong, gap, -1)), x.shape))
    return (
        f"Tensor-likes{where} are not close!\n\nMismatched elements: {wrong.sum()} / {x.size} ({100 * wrong.mean():.1f}%)\n"
        f"Greatest absolute difference: {gap[at]} at index {at} (up to {atol} allowed)\n"
        f"Greatest relative difference: {np.max(relative)} (up to {rtol} allowed)"
    )
