"""Tensors as text, laid out as PyTorch lays them out, and the options for that.

The rules (widths, when to use powers of ten, what to leave out of large tensors) are those of PyTorch's `_tensor_str.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_edu.engine.graph import Leaf, Node
from tinygrad_edu.engine.modes import get_default_dtype
from tinygrad_edu.errors import ConfigError
from tinygrad_edu.ops.node_names import node_name


@dataclass(frozen=True, slots=True)
class Options:
    """`threshold` is how many elements are printed in full, `edgeitems` how many at each end of an axis otherwise."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": Options(),
    "short": Options(precision=2, edgeitems=2),
    "full": Options(threshold=math.inf),
}
_options = Options()
dtype_prefix = ""
"""What stands before a dtype's name: "torch." where the package runs a script for PyTorch (`as_torch`)."""


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors are printed from now on; what isn't given stays, but for `sci_mode`, which None leaves to each tensor.

    `profile` ("default", "short" or "full") sets all of them first.
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ConfigError(f"set_printoptions: profile is one of {', '.join(_PROFILES)}, not {profile!r}.")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    start = _options if profile is None else _PROFILES[profile]
    _options = replace(start, sci_mode=sci_mode, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]


# -- numbers -------------------------------------------------------------------------------------------------------


def _formatter(values: Any) -> tuple[Callable[[Any], str], int]:
    """How to write each of these numbers, and the width they then have in common."""
    if values.dtype.kind != "f":
        width = max([len(str(v)) for v in values.ravel().tolist()], default=1)
        return lambda v: f"{v}".rjust(width), width
    o = _options
    magnitudes = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
    finite = [float(v) for v in values[np.isfinite(values) & (values != 0)].ravel()]
    whole = all(v == math.ceil(v) for v in finite)
    large = small = 1.0
    if finite:
        large, small = float(magnitudes.max()), float(magnitudes.min())
    powers = large / small > 1000 or large > 1e8 or (not whole and small < 1e-4)
    powers = powers if o.sci_mode is None or not finite else o.sci_mode
    kind = f".{o.precision}e" if powers else ".0f" if whole else f".{o.precision}f"
    width = max([len(format(v, kind)) + (whole and not powers) for v in finite], default=1)

    def write(v: float) -> str:
        if powers:
            text = f"{v:.{o.precision}e}"
        elif whole:
            text = f"{v:.0f}" + ("." if math.isfinite(v) else "")
        else:
            text = f"{v:.{o.precision}f}"
        return text.rjust(width)

    return write, width


def _complex_formatter(values: Any) -> tuple[Callable[[Any], str], int]:
    write_real, real_width = _formatter(values.real)
    write_imag, imag_width = _formatter(values.imag)

    def write(v: Any) -> str:
        imag = f"{write_imag(v.imag)}j".lstrip()
        return write_real(v.real) + ("" if imag[0] in "+-" else "+") + imag

    return write, real_width + imag_width + 1


# -- layout --------------------------------------------------------------------------------------------------------


def _edges(array: Any) -> Any:
    """Only what a summary shows."""
    for axis, n in enumerate(array.shape):
        if n > 2 * _options.edgeitems:
            places = [*range(_options.edgeitems), *range(n - _options.edgeitems, n)]
            array = np.take(array, places, axis)
    return array


def _text(array: Any, indent: int) -> str:
    summary = array.size > _options.threshold
    shown = _edges(array) if summary else array
    write, width = (_complex_formatter if array.dtype.kind == "c" else _formatter)(shown)
    return _nested(array, indent, summary, write, width)


def _nested(array: Any, indent: int, summary: bool, write: Callable[[Any], str], width: int) -> str:
    if not array.ndim:
        return write(array.item())
    edge = _options.edgeitems
    cut = summary and len(array) > 2 * edge
    shown = [*array[:edge], *array[len(array) - edge :]] if cut else list(array)
    if array.ndim > 1:
        parts = [_nested(a, indent + 1, summary, write, width) for a in shown]
        between = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
        return f"[{between.join([*parts[:edge], '...', *parts[edge:]] if cut else parts)}]"
    words = [write(v.item()) for v in shown]
    words = [*words[:edge], " ...", *words[edge:]] if cut else words
    per_line = max(1, (_options.linewidth - indent) // (width + 2))
    lines = [", ".join(words[i : i + per_line]) for i in range(0, len(words), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def tensor_text(array: Any, node: Node | None) -> str:
    """`tensor(...)` with what there is to say beside the elements: size, dtype, place in the graph."""
    default = get_default_dtype()
    usual = (default, np.result_type(default, np.complex64), np.dtype(np.int64), np.dtype(np.bool_))
    said = []
    if not array.size:
        text = "tensor([]"
        said += [f"size={tuple(array.shape)}"] if array.ndim != 1 else []
        said += [f"dtype={dtype_prefix}{array.dtype}"] if array.dtype != default else []  # no elements tell it
    else:
        text = "tensor(" + _text(array.astype(np.float32) if array.dtype == np.float16 else array, len("tensor("))
        said += [] if array.dtype in usual else [f"dtype={dtype_prefix}{array.dtype}"]
    if isinstance(node, Leaf):
        said.append("requires_grad=True")
    elif node is not None:
        said.append(f"grad_fn=<{node_name(node).rpartition(':')[2]}>")
    line = len(text) - text.rfind("\n") + 1
    for words in said:
        if line + len(words) + 2 > _options.linewidth:
            text += ",\n" + " " * len("tensor(") + words
            line = len("tensor(") + len(words)
        else:
            text += f", {words}"
            line += len(words) + 2
    return text + ")"


def results_text(results: Any, name: str) -> str:
    """A named tuple as Python prints it, or for a script of PyTorch's a line for each of its values: `name` returned them."""
    said = [f"{field}={value!r}" for field, value in results._asdict().items()]
    if dtype_prefix:
        return f"{dtype_prefix}return_types.{name}(\n" + ",\n".join(said) + ")"
    return f"{type(results).__name__}({', '.join(said)})"


# -- Tensor's methods ----------------------------------------------------------------------------------------------


class Printing:
    """What `print`, f-strings and the prompt call."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        return tensor_text(self.detach().numpy(), self.node)

    def __format__(self: Any, spec: str) -> str:
        """A 0-d tensor is formatted as its number, any other takes no format."""
        return format(self.item(), spec) if not self.ndim and not self.level else object.__format__(self, spec)
