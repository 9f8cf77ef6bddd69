"""The catalogue: which of NumPy's functions work on Tensors, and how they are differentiated; and why the others don't."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import scimath, stride_tricks

from tinygrad_edu.engine.op import Op
from tinygrad_edu.engine.tensor import NUMPY, Tensor
from tinygrad_edu.ops._numpy import COMPOSED
from tinygrad_edu.ops.ufuncs import METHODS

NAMESPACES: dict[str, ModuleType] = {
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.fft": np.fft,
    "numpy.lib.scimath": scimath,
    "numpy.lib.stride_tricks": stride_tricks,
}
"""Where NumPy keeps the functions that the catalogue is about."""

LIKE = frozenset(
    getattr(np, name)
    for name in ("array", "asarray", "asanyarray", "ascontiguousarray", "full", "zeros", "ones", "empty")
)
"""What NumPy hands over only when it is told so by `like=tensor`."""


class Entry(NamedTuple):
    """What the catalogue says of one NumPy name.

    `family` is the op's, or "composed" of ops; `forward` and `reverse` say whether a tangent and a cotangent pass
    ("zero" derivatives do); `order` is "any" or "none"; `batching` is "rule", or "loop" where `vmap` runs it once per
    example.
    """

    name: str
    family: str
    derivative: str
    forward: bool
    reverse: bool
    order: str
    batching: str
    notes: str


def catalogue() -> list[Entry]:
    """Every NumPy name that works on Tensors, in alphabetical order."""
    return sorted([*_functions(), *_ufunc_methods(), *_array_methods()])


def _functions() -> Iterator[Entry]:
    for space, module in NAMESPACES.items():
        for name in dir(module):
            function = getattr(module, name)
            if not name.startswith("_") and callable(function) and _known(function):
                yield _entry(f"{space}.{name}", function)


def _ufunc_methods() -> Iterator[Entry]:
    for name in dir(np):
        ufunc = getattr(np, name)
        if not isinstance(ufunc, np.ufunc) or ufunc not in NUMPY:
            continue
        for method in ("reduce", "accumulate", "outer", "reduceat", "at"):
            if (ufunc, method) in NUMPY:
                yield _entry(f"numpy.{name}.{method}", (ufunc, method))
            elif (
                method in METHODS and ufunc.nout == 1 and ufunc.signature is None and (ufunc.nin == 2 or method == "at")
            ):
                one_by_one = method in ("accumulate", "reduceat")
                notes = "one call per element of the axis" if one_by_one else "from the ufunc's own rule"
                yield _entry(f"numpy.{name}.{method}", ufunc)._replace(family="composed", notes=notes)


def _array_methods() -> Iterator[Entry]:
    for name in dir(np.ndarray):
        if name.startswith("_") or not callable(getattr(np.ndarray, name)) or not hasattr(Tensor, name):
            continue
        whole = name in ("item", "tolist", "argmax", "argmin", "argsort", "nonzero", "all", "any", "searchsorted")
        yield Entry(
            f"numpy.ndarray.{name}",
            "method",
            *_modes("none" if whole else "both"),
            "rule",
            "the tensor's method of this name",
        )


def _known(function: Any) -> bool:
    try:
        return function in NUMPY
    except TypeError:  # not hashable, so no key
        return False


def _modes(derivative: str) -> tuple[str, bool, bool, str]:
    passes = derivative != "none"
    return derivative, passes, passes, "any" if passes else "none"


def _entry(name: str, key: Any) -> Entry:
    found = NUMPY[key]
    if isinstance(found, Op):
        batches = found.family == "elementwise" or found.batch is not None or found.reference is not None
        return Entry(name, found.family, *_modes(_derivative(found)), "rule" if batches else "loop", found.math)
    composed = COMPOSED[key]
    notes = composed.note or ("with like=tensor" if key in LIKE else (composed.function.__doc__ or "").split("\n")[0])
    return Entry(name, "composed", *_modes(composed.derivative), "loop" if composed.loops else "rule", notes)


def _derivative(op: Op) -> str:
    if not op.differentiable:
        return "none"
    rules = [] if callable(op.rules) else [rule for rule in op.rules if rule is not None]
    if op.family == "elementwise" and all(rule.local.number == 0 for rule in rules):
        return "zero"
    return "both"


# -- what isn't in it --------------------------------------------------------------------------------------------------

_LEFT_OUT = {
    "text and printing": (
        "array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific "
        "get_printoptions set_printoptions printoptions typename"
    ),
    "reading and writing files or buffers": (
        "from_dlpack frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt save savetxt savez savez_compressed"
    ),
    "settings of NumPy itself": (
        "get_include getbufsize geterr geterrcall info setbufsize seterr seterrcall show_config show_runtime test linalg.test "
        "fft.test"
    ),
    "dates, for which there is no dtype here": (
        "busday_count busday_offset datetime_as_string datetime_data is_busday isnat"
    ),
    "takes dtypes or shapes, no arrays": ("broadcast_shapes isdtype issubdtype promote_types mintypecode"),
    "makes an array from numbers alone; a Tensor of it: tg.as_tensor(...)": (
        "bartlett blackman diag_indices fromfunction hamming hanning indices kaiser mask_indices "
        "tril_indices triu_indices fft.fftfreq fft.rfftfreq"
    ),
    "loops over plain arrays": "nested_iters",
    "turns a Python function into one of arrays; inside it nothing is recorded": "frompyfunc",
    "np.matrix, which NumPy itself advises against": "asmatrix bmat",
    "bits of plain bytes": "packbits unpackbits",
    "a window into raw memory; np.lib.stride_tricks.sliding_window_view is there": "lib.stride_tricks.as_strided",
    "works on any object by itself": "iterable isscalar",
    "deprecated by NumPy: vstack": "row_stack",
    "looks at values to raise; np.isfinite is there": "asarray_chkfinite",
    "about the memory order of plain arrays": "isfortran require",
}


def left_out() -> dict[str, str]:
    """NumPy's public functions that don't work on Tensors, each with the reason."""
    return {f"numpy.{name}": reason for reason, names in _LEFT_OUT.items() for name in names.split()}
