"""Filling arrays: what PyTorch makes of the generator's words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.engine.memory import note_write
from tinygrad_edu.errors import ConfigError, DTypeError
from tinygrad_edu.random._generator import Generator, default_generator

Array = NDArray[Any]


def unit(n: int, dtype: np.dtype[Any], generator: Generator) -> Array:
    """`n` numbers in [0, 1): 53 bits each in float64, 24 otherwise."""
    if dtype.kind != "f":
        raise DTypeError(f"random: uniform and normal numbers need a floating dtype, not {dtype}.")
    if dtype == np.float64:
        return generator.doubles(n)
    draws = (generator.words(n) & np.uint32(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)
    return draws if dtype == np.float32 else draws.astype(dtype)


def uniform_(out: Array, low: float = 0.0, high: float = 1.0, generator: Generator | None = None) -> Array:
    """Fill `out` with numbers spread evenly over [low, high); returns it. Raises ConfigError unless low ≤ high."""
    if not low <= high or not math.isfinite(high - low):
        raise ConfigError(f"uniform_: needs finite low <= high, got low={low} and high={high}.")
    draws = unit(out.size, out.dtype, generator or default_generator)
    if (low, high) != (0.0, 1.0):
        start, end = out.dtype.type(low), out.dtype.type(high)
        draws = _fused_multiply_add(draws, end - start, start)
    out[...] = draws.reshape(out.shape)
    note_write(out)
    return out


def _fused_multiply_add(a: Array, b: Any, c: Any) -> Array:
    """`a·b + c` rounded once, as the compiler has PyTorch compute it, where `a * b + c` would round twice."""
    if a.dtype != np.float64:
        return (a.astype(np.float64) * float(b) + float(c)).astype(
            a.dtype
        )  # the product of two float32 is exact in float64
    # The product's and the sum's rounding errors, exactly (Dekker 1971; Knuth, TAOCP vol. 2, 4.2.2), added back at the
    # end.
    shift = 2.0**27 + 1
    t = shift * a
    a_high = t - (t - a)
    t = shift * b
    b_high = t - (t - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    product_error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    total = product + c
    z = total - product
    total_error = (product - (total - z)) + (c - z)
    rounded: Array = total + (product_error + total_error)
    return rounded


def normal_(out: Array, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Array:
    """Fill `out` with normal numbers (Box & Muller, 1958); returns it. Raises ConfigError for a negative `std`."""
    if not std >= 0:
        raise ConfigError(f"normal_: the standard deviation must not be negative, got std={std}.")
    source, n = generator or default_generator, out.size
    if n < 16 and out.dtype.kind == "f":
        flat = _few_normals(n, source)
    else:
        flat = np.empty(n, out.dtype)
        whole = n - n % 16
        draws = unit(n, out.dtype, source)
        flat[:whole] = _box_muller(draws[:whole])
        if n % 16:
            # As in PyTorch the last block of 16 is drawn afresh over the end of the one before it.
            flat[-16:] = _box_muller(unit(16, out.dtype, source))
    out[...] = (flat * std + mean if (mean, std) != (0.0, 1.0) else flat).reshape(out.shape)
    note_write(out)
    return out


def _box_muller(unit: Array) -> Array:
    """Uniform numbers in blocks of 16, eight radii and then eight angles, as normal ones: eight cosines, then eight
    sines.
    """
    blocks = unit.reshape(-1, 2, 8)
    number = unit.dtype.type
    radius = np.sqrt(number(-2) * np.log(1 - blocks[:, 0]))
    angle = number(2 * math.pi) * blocks[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)


def _few_normals(n: int, source: Generator) -> NDArray[np.float64]:
    """Fewer than 16 normal numbers: pairs of 53-bit draws, half a pair kept for the next call."""
    kept = source._next_normal if n else None
    missing = n - (kept is not None)
    draws = source.doubles(missing + missing % 2).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log1p(-draws[:, 1]))
    angle = 2 * math.pi * draws[:, 0]
    made = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    if n:
        source._next_normal = float(made[-1]) if missing % 2 else None
    return made[:missing] if kept is None else np.concatenate([[kept], made[:missing]])
