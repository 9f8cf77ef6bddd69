"""Complex numbers: conjugation and the real and imaginary parts.

Gradients follow PyTorch's convention: of a real loss L(z), the gradient is ∂L/∂Re z + i·∂L/∂Im z, so that a step against
it goes downhill. These ops are linear over the reals, so a transpose is meant in Re⟨a, b⟩.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.engine.families import linear
from tinygrad_edu.engine.op import Op, Sample
from tinygrad_edu.ops.elementwise import cast


def _samples(r: Any) -> list[Sample]:
    return [Sample((r.complex(2, 3),)), Sample((r.complex(),)), Sample((r(3),))]


conjugate: Op = linear(
    "conjugate",
    np.conjugate,
    lambda y_bar, x: conjugate(y_bar),
    math="y = Re x − i·Im x",
    text="X̄ += conj Ȳ",
    cost=lambda y, x: x.size,
    numpy=np.conjugate,
    batch=lambda size, args, flags: conjugate(*args),
    samples=_samples,
)
real: Op = linear(
    "real",
    lambda x: x.real,
    lambda y_bar, x: cast(y_bar, dtype=x.dtype),
    math="y = Re x",
    text="X̄ += Ȳ as the real part",
    numpy=np.real,
    batch=lambda size, args, flags: real(*args),
    samples=_samples,
)
imag: Op = linear(
    "imag",
    lambda x: x.imag,
    # The array stands first: Python's complex times a NumPy float64 would be Python's complex.
    lambda y_bar, x: y_bar * 1j if x.dtype.kind == "c" else y_bar * 0,
    math="y = Im x",
    text="X̄ += i·Ȳ",
    numpy=np.imag,
    batch=lambda size, args, flags: imag(*args),
    samples=_samples,
)
