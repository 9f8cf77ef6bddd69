"""Numbers as a report says them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds in a unit that suits them, to three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:,.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"
    raise AssertionError


def many(number: int, one: str, several: str = "") -> str:
    """`1 pass`, `2,000 passes`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def ratio_text(factor: float) -> str:
    """A factor, to two digits below ten and in whole numbers above."""
    return f"{factor:.2g}" if factor < 10 else f"{factor:,.0f}"
