"""How numbers, arrays and variables are written in pictures and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

DOT_ABOVE, BAR = "\N{COMBINING DOT ABOVE}", "\N{COMBINING MACRON}"
MINUS = "−"
MISSING = "—"

_SUBSCRIPTS = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")
_LONGEST = 40  # characters of a metadata value that still say something
_SMALL = 4  # elements of an array whose numbers are shown one by one


def label_of(number: int) -> str:
    """`v₃`; the given values have the numbers up to zero, `v₋₁`, `v₀`, as in the literature."""
    return f"v{number}".translate(_SUBSCRIPTS)


def dotted(label: str) -> str:
    """The tangent of `v₃`: `v̇₃`."""
    return label[:1] + DOT_ABOVE + label[1:]


def barred(label: str) -> str:
    """The adjoint of `v₃`: `v̄₃`."""
    return label[:1] + BAR + label[1:]


def number_text(x: Any) -> str:
    """A number to four significant digits, or to three decimals where these are more: `11.652`, `−0.284`, `1.2e−7`."""
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, bool | str) or x is None:
        return str(x)
    if isinstance(x, complex):
        imaginary = number_text(abs(x.imag))
        return f"{number_text(x.real)} {MINUS if x.imag < 0 else '+'} {imaginary}i"
    if isinstance(x, int):
        return str(x).replace("-", MINUS)
    size = abs(x)
    if not math.isfinite(x):
        text = "NaN" if math.isnan(x) else "∞" if x > 0 else "-∞"
    elif size == 0:
        text = "0"
    elif size >= 1e6 or size < 1e-4:
        mantissa, _, exponent = f"{x:.3e}".partition("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    else:
        decimals = 3 if size >= 0.1 else 3 - math.floor(math.log10(size))
        text = f"{x:.{decimals}f}".rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def shape_text(shape: tuple[int, ...]) -> str:
    """`⟨3×4⟩`: stands for an array that is too large to be written out."""
    return f"⟨{'×'.join(map(str, shape))}⟩"


def value_text(x: Any) -> str:
    """A number, the few numbers of a small array, or the shape of a larger one."""
    if not isinstance(x, np.ndarray):
        return number_text(x)
    if not x.ndim:
        return number_text(x[()])
    if x.ndim == 1 and 0 < x.size <= _SMALL:
        return f"[{', '.join(map(number_text, x))}]"
    return shape_text(x.shape)


def range_text(x: Any) -> str:
    """As `value_text`, with least, mean and greatest element of a larger array."""
    if not isinstance(x, np.ndarray) or x.size <= _SMALL:
        if isinstance(x, np.ndarray) and x.ndim > 1:
            return "empty" if not x.size else f"[{', '.join(map(number_text, x.ravel()))}]"
        return value_text(x)
    if x.dtype.kind not in "fiub":
        return shape_text(x.shape)
    low, mean, high = (number_text(float(part)) for part in (x.min(), x.mean(), x.max()))
    return f"min {low}, mean {mean}, max {high}"


def metadata_of(params: Mapping[str, Any]) -> list[str]:
    """Those metadata of a call that are short and the same in every run, `axis=1`, `keepdims=True`; not what is off."""
    texts = [f"{key}={value}" for key, value in params.items() if _is_plain(value) and value is not False]
    return [text for text in texts if len(text) <= _LONGEST]


def _is_plain(value: Any) -> bool:
    """Whether printing a value shows only its value, and no address."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, slice):
        return all(map(_is_plain, (value.start, value.stop, value.step)))
    return isinstance(value, bool | int | float | complex | str | np.dtype | np.generic)


def bytes_text(count: int) -> str:
    """`640 B`, `1.5 kB`, `3.2 MB`."""
    if count < 1000:
        return f"{count} B"
    size, units = count / 1000, ["kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        del units[0]
    unit = units[0]
    return f"{size:.3g} {unit}" if size < 100 else f"{size:,.0f} {unit}"
